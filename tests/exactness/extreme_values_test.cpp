// ONNX files whose numbers lie at the ends of their types, stored as raw bytes and in typed fields:
// a scale that is no scale is refused before anything runs; whatever is accepted gives what an
// evaluation of the file by itself gives, on both engines. So are sums that 32 bits may not hold.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>

#include "base/error.hpp"
#include "exactness/reference_run.hpp"
#include "network/onnx_import.hpp"
#include "reference/naive_network.hpp"
#include "run/simulate.hpp"
#include "unit/network/model_builder.hpp"

namespace lacuna {
namespace {

using network::test::ModelBuilder;
using network::test::Storage;

constexpr std::int64_t kSide = 4;  ///< of the image

/// Convolution, pooling and two fully connected layers, all with a bias.
ModelBuilder model(Storage storage, int bits = 4, float image_scale = 1.0F / 15,
                   float hidden_scale = 0.25F) {
  ModelBuilder builder(bits, bits, 1, storage);
  network::test::ConvSpec conv;
  conv.out = 2;
  conv.kernel_h = conv.kernel_w = 3;
  conv.pads = {1, 1, 1, 1};
  conv.per_channel = true;
  network::test::GemmSpec hidden;
  hidden.out = 3;
  network::test::GemmSpec last;
  last.out = 2;
  builder.image(1, kSide, kSide, image_scale)
      .conv("conv1", conv)
      .relu("relu1")
      .quantise("act1", hidden_scale)
      .max_pool("pool1", 2, 2, 2, 2)
      .requantise("pool1")
      .flatten("flat")
      .gemm("fc1", hidden)
      .quantise("act2", 0.5F)
      .gemm("fc2", last)
      .output();
  return builder;
}

std::vector<std::string> tensors(ModelBuilder& builder, int type) {
  std::vector<std::string> names;
  for (const onnx::TensorProto& tensor : builder.graph().initializer()) {
    if (tensor.data_type() == type && tensor.name().rfind("zero_", 0) != 0) {
      names.push_back(tensor.name());
    }
  }
  return names;
}

template <class T>
void set_first(onnx::TensorProto& tensor, T value, Storage storage) {
  if (storage == Storage::kRaw) {
    tensor.mutable_raw_data()->replace(0, sizeof value, reinterpret_cast<const char*>(&value),
                                       sizeof value);
  } else if constexpr (std::is_same_v<T, float>) {
    tensor.set_float_data(0, value);
  } else {
    tensor.set_int32_data(0, value);
  }
}

arch::AcceleratorSpec machine() {
  arch::AcceleratorSpec spec =
      arch::load_spec(std::string(LACUNA_SOURCE_DIR) + "/hw_configs/edge_16x16.yaml");
  spec.array.rows = 3;
  spec.array.cols = 2;
  spec.precision.weight_bits = spec.precision.activation_bits = 8;
  return spec;
}

void expect_engines_give_what_the_file_says(const std::string& bytes) {
  std::mt19937 random(7);
  std::vector<std::int32_t> expected;
  std::vector<std::vector<std::uint8_t>> codes;
  const network::Network network = network::import_onnx_bytes(bytes, "m.onnx");
  const auto top = static_cast<float>((1 << network.activation_bits()) - 1);
  for (int image = 0; image < 3; ++image) {
    std::vector<std::uint8_t> pixels;
    for (std::int64_t i = 0; i < kSide * kSide; ++i) {
      pixels.push_back(static_cast<std::uint8_t>(random() % 256));
    }
    const auto logits = reference::evaluate_onnx(bytes, pixels).logits;
    expected.insert(expected.end(), logits.begin(), logits.end());
    codes.emplace_back();
    for (const std::uint8_t pixel : pixels) {
      // As QuantizeLinear: x / scale, half to even, saturated.
      const float steps = static_cast<float>(pixel) / 255.0F / network.input().scale;
      codes.back().push_back(static_cast<std::uint8_t>(std::min(std::nearbyint(steps), top)));
    }
  }
  const run::Job job = run::model_job(machine(), network, codes, 2);
  for (const auto engine : {run::EngineKind::kFast, run::EngineKind::kSystemc}) {
    EXPECT_EQ(run::simulate(job, engine).logits, expected) << run::engine_name(engine);
  }
}

TEST(ExtremeValues, GivenAScaleThatIsNoneThenTheFileIsRefused) {
  using Limits = std::numeric_limits<float>;
  for (const Storage storage : {Storage::kRaw, Storage::kTyped}) {
    ModelBuilder plain = model(storage);
    const std::vector<std::string> scales = tensors(plain, onnx::TensorProto::FLOAT);
    ASSERT_GE(scales.size(), 9U);
    for (const std::string& name : scales) {
      for (const float value : {Limits::quiet_NaN(), Limits::signaling_NaN(), Limits::infinity(),
                                -Limits::infinity(), 0.0F, -0.0F, -1.0F, -Limits::denorm_min()}) {
        // Codes are cut to any bounds that are numbers.
        const bool is_bound =
            name.find("_low") != std::string::npos || name.find("_high") != std::string::npos;
        if (is_bound && !std::isnan(value)) continue;
        SCOPED_TRACE(name + " " + std::to_string(value));
        ModelBuilder builder = model(storage);
        set_first(builder.tensor(name), value, storage);
        try {
          network::import_onnx_bytes(builder.bytes(), "m.onnx");
          ADD_FAILURE() << "accepted";
        } catch (const base::InputError& error) {
          EXPECT_EQ(std::string(error.what()).rfind("m.onnx: ", 0), 0U) << error.what();
        }
      }
    }
  }
}

TEST(ExtremeValues, GivenScalesAtTheEndsOfFloatThenTheyAreRefusedOrRunAsTheFileSays) {
  using Limits = std::numeric_limits<float>;
  const auto ends = {Limits::denorm_min(), 1e-40F, Limits::min(), 1e-20F, 1e20F, Limits::max()};
  std::size_t accepted = 0;
  std::size_t refused = 0;
  for (const Storage storage : {Storage::kRaw, Storage::kTyped}) {
    for (const float image_scale : ends) {
      for (const float scale : ends) {
        SCOPED_TRACE(std::to_string(image_scale) + " " + std::to_string(scale));
        const std::string bytes = model(storage, 8, image_scale, scale).bytes();
        try {
          network::import_onnx_bytes(bytes, "m.onnx");
        } catch (const base::InputError& error) {
          EXPECT_EQ(std::string(error.what()).rfind("m.onnx: ", 0), 0U) << error.what();
          ++refused;
          continue;
        }
        ++accepted;
        expect_engines_give_what_the_file_says(bytes);
      }
    }
  }
  EXPECT_GT(refused, 0U);
  EXPECT_GT(accepted, 0U);
}

TEST(ExtremeValues, GivenBiasesAtTheEndsOfTheirTypeThenFilesWhoseSumsCouldWrapAreRefused) {
  using Limits = std::numeric_limits<std::int32_t>;
  constexpr std::int32_t kFar = Limits::max() - (1 << 24);  // what the products leave free
  for (const Storage storage : {Storage::kRaw, Storage::kTyped}) {
    ModelBuilder plain = model(storage);
    const std::vector<std::string> biases = tensors(plain, onnx::TensorProto::INT32);
    ASSERT_EQ(biases.size(), 3U);
    for (const std::string& name : biases) {
      for (const std::int32_t value : {Limits::max(), Limits::min(), kFar, -kFar, 0}) {
        SCOPED_TRACE(name + " " + std::to_string(value));
        ModelBuilder builder = model(storage);
        set_first(builder.tensor(name), value, storage);
        if (std::abs(std::int64_t{value}) <= kFar) {
          expect_engines_give_what_the_file_says(builder.bytes());
          continue;
        }
        try {
          network::import_onnx_bytes(builder.bytes(), "m.onnx");
          ADD_FAILURE() << "accepted";
        } catch (const base::InputError& error) {
          EXPECT_NE(std::string(error.what()).find("of channel 0"), std::string::npos)
              << error.what();
        }
      }
    }
  }
}

// Faults reach sums that no file may ask for.
TEST(ExtremeValues, GivenSumsBeyondTheirTypeThenTheyWrapOnBothEngines) {
  using Limits = std::numeric_limits<std::int32_t>;
  for (std::size_t layer = 0; layer < 3; ++layer) {
    for (const std::int32_t value : {Limits::max(), Limits::min(), Limits::max() - 3}) {
      SCOPED_TRACE(std::to_string(layer) + " " + std::to_string(value));
      network::Network network = network::import_onnx_bytes(model(Storage::kRaw).bytes(), "m.onnx");
      std::size_t gemm = 0;
      for (network::Layer& own : network.layers) {
        if (own.is_gemm() && gemm++ == layer) std::fill(own.bias.begin(), own.bias.end(), value);
      }
      ASSERT_EQ(gemm, 3U);
      std::vector<std::vector<std::uint8_t>> codes;
      for (std::uint8_t image = 0; image < 3; ++image) {
        codes.emplace_back(kSide * kSide, static_cast<std::uint8_t>(5 * image + 3));
      }
      const std::vector<std::int32_t> expected = reference::evaluate(network, codes).last;
      const run::Job job = run::model_job(machine(), network, codes, 2);
      for (const auto engine : {run::EngineKind::kFast, run::EngineKind::kSystemc}) {
        EXPECT_EQ(run::simulate(job, engine).logits, expected) << run::engine_name(engine);
      }
    }
  }
}

}  // namespace
}  // namespace lacuna
