// Mutants of QDQ models: whatever the file, the import returns a sound network or throws
// InputError.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "network/onnx_import.hpp"
#include "unit/network/exporter_cases.hpp"
#include "unit/network/fuzzing.hpp"
#include "unit/network/model_builder.hpp"
#include "unit/network/onnx_mutator.hpp"

namespace lacuna::network::test {
namespace {

std::vector<onnx::ModelProto> seeds() {
  std::vector<onnx::ModelProto> models;
  models.push_back(small_model().model());
  models.push_back(small_model(8, 8).model());
  ModelBuilder grouped(4, 4, 2, Storage::kTyped);
  ConvSpec conv{4, 2, 2, 1, 2, {0, 1, 1, 0}, 2, true, true};
  grouped.image(2, 3, 4, 0.125F)
      .max_pool("pool", 2, 2, 1, 1, {1, 0, 0, 1})
      .conv("conv", conv)
      .quantise("a", 0.25F)
      .reshape("flat", {0, -1})
      .matmul("fc", {3, false, false, true})
      .identity("same")
      .output();
  models.push_back(grouped.model());
  ModelBuilder averages(4, 4, 3);
  averages.image(2, 5, 5, 0.125F)
      .average_pool("pool", 2, 2, 1, 1)
      .quantise("a", 0.125F)
      .conv("conv", {3, 1, 1, 1, 1, {0, 0, 0, 0}, 1, true, true})
      .relu("relu")
      .quantise("b", 0.25F)
      .global_average_pool("mean")
      .requantise("mean")
      .flatten("flat")
      .gemm("fc", {3, true, false, true})
      .output();
  models.push_back(averages.model());
  ModelBuilder block(4, 4, 4);
  block.image(2, 4, 4, 0.125F);
  const ModelBuilder::Mark image = block.mark();
  block.conv("project", {3, 1, 1, 2, 2, {0, 0, 0, 0}, 1, true, true}).relu("r0");
  block.quantise("a", 0.25F);
  const ModelBuilder::Mark shortcut = block.mark();
  block.go_on_from(image).conv("c1", {3, 3, 3, 2, 2, {1, 1, 1, 1}, 1, false, true});
  block.quantise("b", 0.5F).conv("c2", {3, 1, 1, 1, 1, {0, 0, 0, 0}, 1, true, true});
  block.add_residual("sum", shortcut).thresholded_relu("r2", 0.375F).quantise("c", 0.5F);
  block.global_average_pool("mean").requantise("mean").flatten("flat");
  block.gemm("fc", {3, true, false, true}).output();
  models.push_back(block.model());
  for (const ExporterCase& own : exporter_cases()) models.push_back(exporter_model(own));
  return models;
}

void expect_sound_gemm(const Network& network, const Layer& layer) {
  const auto channels = static_cast<std::size_t>(layer.out.channels);
  EXPECT_EQ(layer.weights.size(), channels * static_cast<std::size_t>(layer.k()));
  EXPECT_EQ(layer.bias.size(), channels);
  EXPECT_EQ(layer.scale.size(), channels);
  if (layer.residual() < 0) return;
  EXPECT_FALSE(layer.logits);
  EXPECT_EQ(layer.out, network.map(layer.residual()).shape);
  for (const float factor : layer.operand_scale) EXPECT_TRUE(std::isfinite(256.0F * factor));
}

void expect_sound(const Network& network) {
  ASSERT_FALSE(network.outputs.empty());
  // Channels of each map, how often they are written: once all before the map is read.
  std::vector<std::vector<int>> written;
  for (const Map& map : network.maps) {
    written.emplace_back(static_cast<std::size_t>(map.shape.channels), 0);
  }
  std::fill(written[0].begin(), written[0].end(), 1);
  const auto is_whole = [&](int map) {
    const std::vector<int>& channels = written[static_cast<std::size_t>(map)];
    return std::all_of(channels.begin(), channels.end(), [](int times) { return times == 1; });
  };
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    const Layer& layer = network.layers[i];
    ASSERT_FALSE(layer.inputs.empty());
    for (const int input : layer.inputs) {
      ASSERT_GE(input, 0);
      ASSERT_LT(input, static_cast<int>(network.maps.size()));
      EXPECT_TRUE(is_whole(input));
    }
    EXPECT_EQ(layer.in, network.map(layer.input()).shape);
    EXPECT_FALSE(std::isnan(layer.bounds.threshold));
    EXPECT_EQ(layer.output == kNoMap, layer.logits);
    if (!layer.logits) {
      const MapShape& map = network.map(layer.output).shape;
      EXPECT_EQ(layer.out.height, map.height);
      EXPECT_EQ(layer.out.width, map.width);
      ASSERT_GE(layer.output_channel, 0);
      ASSERT_LE(layer.output_channel + layer.out.channels, map.channels);
      for (std::int64_t c = 0; c < layer.out.channels; ++c) {
        ++written[static_cast<std::size_t>(layer.output)]
                 [static_cast<std::size_t>(layer.output_channel + c)];
      }
    }
    if (layer.is_gemm()) expect_sound_gemm(network, layer);
  }
  for (int map = 0; map < static_cast<int>(network.maps.size()); ++map) {
    EXPECT_TRUE(is_whole(map)) << "map " << map;
  }
  for (const Output& output : network.outputs) {
    ASSERT_TRUE((output.layer >= 0) != (output.map >= 0));
    if (output.layer >= 0) {
      EXPECT_TRUE(network.layers[static_cast<std::size_t>(output.layer)].logits);
    }
  }
}

TEST(FuzzOnnx, GivenMutantsThenOnlyInputErrorEscapes) {
  const std::vector<onnx::ModelProto> originals = seeds();
  std::mt19937 random(mutant_seed());
  int parsed = 0;
  int accepted = 0;
  for (int mutant = 0; mutant < mutant_count() && !HasFailure(); ++mutant) {
    onnx::ModelProto model = originals[pick(random, originals.size())];
    const bool structured = pick(random, 4) != 0;
    if (structured) mutate_model(model, random);
    std::string bytes = model.SerializePartialAsString();
    if (!structured) mutate_bytes(bytes, random);
    parsed += onnx::ModelProto().ParseFromString(bytes) ? 1 : 0;
    const auto read = [&] { expect_sound(import_onnx_bytes(bytes, "mutant.onnx")); };
    accepted += accepts(read, bytes, mutant) ? 1 : 0;
  }
  RecordProperty("parsed", parsed);
  RecordProperty("accepted", accepted);
  if (mutant_count() < 100) return;
  EXPECT_GT(2 * parsed, mutant_count());     // the mutants reach behind the protobuf parser
  EXPECT_GT(50 * accepted, mutant_count());  // and behind every check
  EXPECT_LT(accepted, mutant_count() / 2);
}

}  // namespace
}  // namespace lacuna::network::test
