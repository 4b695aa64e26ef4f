#include "network/synthetic.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "unit/network/integer_reference.hpp"

namespace lacuna::network::test {
namespace {

WorkloadLayer gemm(std::int64_t m, std::int64_t n, std::int64_t k, double density) {
  const Workload workload =
      workload_from_bytes("layer,M,N,K,density\ng," + std::to_string(m) + "," + std::to_string(n) +
                              "," + std::to_string(k) + "," + std::to_string(density) + "\n",
                          "w.csv");
  return workload.layers[0];
}

TEST(SyntheticNetwork, GivenALayerThenItIsOneTappedLayerWithoutLogits) {
  const Network network = synthetic_network(gemm(4, 6, 9, 1.0), 2, 7, 4, 5);
  ASSERT_EQ(network.layers.size(), 1U);
  const Layer& layer = network.layers[0];
  EXPECT_TRUE(layer.report_sums);
  EXPECT_FALSE(layer.logits);
  EXPECT_EQ(layer.weights.size(), 54U);
  EXPECT_EQ(layer.bias, std::vector<std::int32_t>(6, 0));
  EXPECT_EQ(layer.scale, std::vector<float>(6, 1.0F / 21));  // sqrt(9) x 7
  EXPECT_EQ(network.input().shape, (MapShape{4, 1, 9}));
  EXPECT_EQ(network.weight_bits(), 4);
  EXPECT_EQ(network.activation_bits(), 5);
}

TEST(SyntheticNetwork, GivenAnyBitsThenWeightsFillTheSymmetricRangeEvenly) {
  for (int bits = 2; bits <= 8; ++bits) {
    const int top = (1 << (bits - 1)) - 1;
    const Network network = synthetic_network(gemm(1, 200, 200, 1.0), 0, 1, bits, 4);
    std::vector<int> count(static_cast<std::size_t>(2 * top + 1));
    const tensor::PackedCodes& weights = network.layers[0].weights;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      ++count.at(static_cast<std::size_t>(weights.at(i, true) + top));
    }
    const double each = 40000.0 / static_cast<double>(count.size());
    for (const int c : count) EXPECT_NEAR(c, each, 6 * std::sqrt(each)) << bits;
  }
}

TEST(SyntheticNetwork, GivenSeedAndIndexThenTheyAloneDecideTheWeights) {
  const WorkloadLayer layer = gemm(4, 6, 9, 1.0);
  const auto weights = [&](std::int64_t index, std::uint64_t seed) {
    return synthetic_network(layer, index, seed, 4, 4).layers[0].weights;
  };
  EXPECT_EQ(weights(0, 1), weights(0, 1));
  EXPECT_NE(weights(0, 1), weights(1, 1));
  EXPECT_NE(weights(0, 1), weights(0, 2));
}

TEST(SyntheticCodes, GivenADensityThenThatShareIsNonZeroAndUniform) {
  const Layer layer = gemm(100, 1, 400, 1.0).layer;
  for (const double density : {0.05, 0.3, 0.5, 0.9}) {
    const std::vector<std::uint8_t> codes = synthetic_codes(layer, 0, 3, density, 4);
    std::vector<int> count(16);
    for (const std::uint8_t code : codes) ++count.at(code);
    const double values = 40000;
    EXPECT_NEAR(count[0], values * (1 - density), 5 * std::sqrt(values * density)) << density;
    const double each = values * density / 15;
    for (int code = 1; code < 16; ++code) {
      EXPECT_NEAR(count[static_cast<std::size_t>(code)], each, 5 * std::sqrt(each));
    }
  }
}

TEST(SyntheticCodes, GivenDensityOneOrZeroThenItIsExact) {
  const Layer layer = gemm(100, 1, 400, 1.0).layer;
  const auto ones = synthetic_codes(layer, 0, 3, 1.0, 2);
  EXPECT_EQ(std::count(ones.begin(), ones.end(), 0), 0);
  const auto zeros = synthetic_codes(layer, 0, 3, 0.0, 2);
  EXPECT_EQ(std::count(zeros.begin(), zeros.end(), 0), 40000);
}

TEST(SyntheticNetwork, GivenDenseCodesThenOutputsUseTheRangeAndSeldomSaturate) {
  const WorkloadLayer layer = gemm(64, 64, 256, 1.0);
  Network network = synthetic_network(layer, 0, 1, 4, 4);
  network.layers[0].logits = true;
  const std::vector<std::int32_t> sums =
      evaluate(network, synthetic_codes(layer.layer, 0, 1, 1.0, 4));
  int used = 0;
  int saturated = 0;
  for (const std::int32_t sum : sums) {
    const float code = static_cast<float>(sum) * network.layers[0].scale[0];
    used += code >= 1.0F ? 1 : 0;
    saturated += code > 15.5F ? 1 : 0;
  }
  EXPECT_GT(used, 1000);     // of 4096
  EXPECT_LT(saturated, 60);  // beyond three standard deviations, and then some
}

}  // namespace
}  // namespace lacuna::network::test
