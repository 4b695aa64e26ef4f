#include "network/synthetic.hpp"

#include <cmath>
#include <utility>

#include "base/random.hpp"

namespace lacuna::network {
namespace {

constexpr int kElementBits = 40;  // more than any layer has values or weights

/// The place of a layer's value in its random stream.
std::uint64_t place(std::int64_t layer, std::size_t element) {
  return static_cast<std::uint64_t>(layer) << kElementBits | element;
}

/// 0..count-1 from 32 random bits; the bias is below count / 2^32.
std::uint32_t scaled(std::uint64_t bits, std::uint64_t count) {
  return static_cast<std::uint32_t>((bits & 0xFFFFFFFFU) * count >> 32);
}

}  // namespace

Network synthetic_shape(const WorkloadLayer& layer, int weight_bits, int activation_bits) {
  Network network;
  network.name = layer.layer.name;
  const tensor::Code code = tensor::unsigned_code(activation_bits);
  network.maps = {{layer.layer.in, code, 1.0F}, {layer.layer.out, code, 1.0F}};
  Layer only = layer.layer;
  only.weight_code.bits = weight_bits;
  only.output = 1;
  only.bounds = tensor::bounds_of(code);
  only.logits = false;
  only.report_sums = true;
  network.layers.push_back(std::move(only));
  return network;
}

void draw_weights(Network& network, std::int64_t index, std::uint64_t seed) {
  Layer& only = network.layers.front();
  const int top = (1 << (only.weight_code.bits - 1)) - 1;
  const std::size_t channels = static_cast<std::size_t>(only.out.channels);
  only.weights.assign(channels * static_cast<std::size_t>(only.k()), 0);
  for (std::size_t i = 0; i < only.weights.size(); ++i) {
    const std::uint64_t bits =
        base::random_bits(seed, base::RandomStream::kSyntheticWeights, place(index, i));
    const int draw = static_cast<int>(scaled(bits, 2 * static_cast<std::uint64_t>(top) + 1));
    only.weights.set(i, draw - top);
  }
  only.bias.assign(channels, 0);
  // Uniform weights and codes have standard deviations of about top / sqrt(3) each.
  const double scale = 1.0 / (std::sqrt(static_cast<double>(only.k())) * top);
  only.scale.assign(channels, static_cast<float>(scale));
}

Network synthetic_network(const WorkloadLayer& layer, std::int64_t index, std::uint64_t seed,
                          int weight_bits, int activation_bits) {
  Network network = synthetic_shape(layer, weight_bits, activation_bits);
  draw_weights(network, index, seed);
  return network;
}

std::vector<std::uint8_t> synthetic_codes(const Layer& layer, std::int64_t index,
                                          std::uint64_t seed, double density, int activation_bits) {
  const std::uint64_t threshold = static_cast<std::uint64_t>(std::llround(density * 0x1p32));
  const std::uint64_t top = (1U << activation_bits) - 1U;
  std::vector<std::uint8_t> codes(static_cast<std::size_t>(layer.in.values()));
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const std::uint64_t bits =
        base::random_bits(seed, base::RandomStream::kSyntheticActivations, place(index, i));
    if ((bits >> 32) < threshold) codes[i] = static_cast<std::uint8_t>(1 + scaled(bits, top));
  }
  return codes;
}

}  // namespace lacuna::network
