// The naive evaluation of a model's file against that of the imported network: two readings of the
// same graph, one in NCHW by nodes, one channels last by layers, agree in every sum and every code.
#include "reference/naive_network.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <random>

#include "base/file.hpp"
#include "network/data/feeder.hpp"
#include "network/data_set.hpp"
#include "network/onnx_import.hpp"
#include "reference/naive_layer.hpp"
#include "share.hpp"
#include "unit/network/model_builder.hpp"

namespace lacuna::reference {
namespace {

using network::test::ModelBuilder;

network::DataSet one_image(const network::MapShape& shape,
                           const std::vector<std::uint8_t>& pixels) {
  network::DataSet data;
  data.sizes = {shape.height, shape.width, shape.channels};
  data.images = 1;
  data.pixels = pixels;
  return data;
}

void expect_same(const std::string& model, const network::Network& net,
                 const std::vector<std::uint8_t>& pixels, const std::vector<std::uint8_t>& codes,
                 const WeightHook& hook) {
  const std::int64_t image = 3;
  const Evaluation by_nodes = evaluate_onnx(model, pixels, image, hook);
  const std::vector<LayerResult> by_layers = evaluate_layers(net, codes, image, hook);
  ASSERT_EQ(by_nodes.layers.size(), by_layers.size());
  for (std::size_t i = 0; i < by_layers.size(); ++i) {
    const LayerCodes& node = by_nodes.layers[i];
    EXPECT_EQ(node.node, net.layers[i].name);
    if (!node.sums.empty()) {
      EXPECT_EQ(channels_last(node.sums, node.sizes), by_layers[i].sums) << node.node;
    }
    if (!node.codes.empty()) {
      EXPECT_EQ(channels_last(node.codes, node.sizes), by_layers[i].codes) << node.node;
    }
  }
  EXPECT_EQ(by_nodes.logits, by_layers.back().sums);
}

// Another weight for about one use in eight, not the same for all pixels.
int disturbed(const WeightUse& use) {
  const std::int64_t key = use.layer * 131 + use.out * 31 + use.ky * 17 + use.kx * 13 + use.in * 7 +
                           use.out_y / 2 * 5 + use.out_x * 3 + use.image;
  return key % 8 == 0 ? -use.value - 1 : use.value;
}

TEST(NaiveNetwork, AgreesWithTheImportOnRandomModels) {
  std::mt19937 random(5);
  for (unsigned seed = 1; seed <= 12; ++seed) {
    const int bits = seed % 2 == 0 ? 8 : 4;
    const network::test::Storage storage =
        seed % 3 == 0 ? network::test::Storage::kTyped : network::test::Storage::kRaw;
    ModelBuilder builder(bits, bits, seed, storage);
    network::test::ConvSpec first;
    first.out = 4;
    first.kernel_h = 3;
    first.kernel_w = 2;
    first.pads = {1, 0, 1, 1};
    first.per_channel = seed % 4 < 2;
    network::test::ConvSpec second;
    second.out = 6;
    second.kernel_h = second.kernel_w = 2;
    second.stride_h = 1 + seed % 2;
    second.groups = 2;
    second.bias = seed % 5 != 0;
    network::test::GemmSpec dense;
    dense.out = 7;
    dense.trans_b = seed % 3 != 0;
    network::test::GemmSpec last;
    last.out = 3;
    last.trans_b = false;
    const float scale = 1.0F / 16;
    builder.image(1, 8, 7, 1.0F / static_cast<float>((1 << bits) - 1));
    builder.conv("a", first);
    if (seed % 4 == 3) {
      builder.thresholded_relu("a_relu", 2.7F * scale);
    } else {
      builder.relu("a_relu");
    }
    builder.quantise("a_q", scale);
    builder.max_pool("p", 2, 2, 2, 2).requantise("p_q");
    const ModelBuilder::Mark block = builder.mark();
    network::test::ConvSpec pointwise;
    pointwise.out = 4;
    pointwise.per_channel = seed % 4 == 1;
    builder.conv("e", pointwise).add_residual("sum", block);
    if (seed % 3 == 1) builder.relu("e_relu");
    if (seed % 3 == 2) builder.thresholded_relu("e_relu", 1.3F * scale);
    builder.quantise("e_q", 0.7F * scale);
    builder.conv("b", second).quantise("b_q", scale);
    if (seed % 3 == 1) builder.average_pool("avg", 1, 2, 1, 1).quantise("avg_q", scale / 2);
    if (seed % 3 == 2) builder.global_average_pool("mean").quantise("mean_q", scale);
    builder.flatten("flat");
    builder.gemm("c", dense).quantise("c_q", scale);
    builder.matmul("d", last).output();
    const std::string model = builder.bytes();
    const network::Network net = network::import_onnx_bytes(model, "test.onnx");
    std::vector<std::uint8_t> pixels;
    for (int i = 0; i < 56; ++i) pixels.push_back(static_cast<std::uint8_t>(random() % 256));
    const network::DataSet data = one_image({8, 7, 1}, pixels);
    const std::vector<std::uint8_t> codes = network::quantise_pixels(data, 0, net);
    expect_same(model, net, pixels, codes, {});
    expect_same(model, net, pixels, codes, disturbed);
  }
}

TEST(NaiveNetwork, AgreesWithTheImportOnShippedModels) {
  namespace fs = std::filesystem;
  if (!fs::exists(network::kDefaultDataDir)) GTEST_SKIP() << "dataset-fashion-mnist is absent";
  const network::DataSet data = network::load_test_set(network::kDefaultDataDir);
  const auto image_size = static_cast<std::size_t>(data.sizes[0] * data.sizes[1]);
  for (const auto& folder : fs::directory_iterator(LACUNA_SOURCE_DIR "/models")) {
    if (!fs::exists(folder.path() / "card.yaml")) continue;
    const std::string file = network::find_model(folder.path().string());
    const std::string model = base::read_file(file, std::int64_t{1} << 29);
    const network::Network net = network::import_onnx(file);
    std::int64_t correct = 0;
    const std::int64_t images = lacuna::test::case_count(50, 50, 10);
    const std::int64_t compared = lacuna::test::case_count(5, 5, 1);
    for (std::int64_t i = 0; i < images; ++i) {
      const auto begin = data.pixels.begin() +
                         static_cast<std::ptrdiff_t>(i) * static_cast<std::ptrdiff_t>(image_size);
      const std::vector<std::uint8_t> pixels(begin,
                                             begin + static_cast<std::ptrdiff_t>(image_size));
      const Evaluation result = evaluate_onnx(model, pixels, i);
      const auto top = std::max_element(result.logits.begin(), result.logits.end());
      correct += top - result.logits.begin() == data.labels[static_cast<std::size_t>(i)] ? 1 : 0;
      if (i < compared) {
        const std::vector<std::uint8_t> codes = network::quantise_pixels(data, i, net);
        expect_same(model, net, pixels, codes, {});
        expect_same(model, net, pixels, codes, disturbed);
      }
    }
    // Ten classes: by chance 5 of 50. The accuracy itself is tested on the whole set elsewhere.
    EXPECT_GT(correct, images * 7 / 10) << file;
  }
}

TEST(NaiveNetwork, RefusesWhatItDoesNotKnow) {
  EXPECT_THROW(evaluate_onnx("no model", {}), std::runtime_error);
  ModelBuilder builder = network::test::small_model();
  builder.graph().mutable_node(2)->set_op_type("Softmax");
  EXPECT_THROW(evaluate_onnx(builder.bytes(), std::vector<std::uint8_t>(784)), std::runtime_error);
}

}  // namespace
}  // namespace lacuna::reference
