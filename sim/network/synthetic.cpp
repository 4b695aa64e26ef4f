#include "network/synthetic.hpp"

#include <algorithm>
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

/// Visits the random bits of the first `count` values of a layer.
template <class Visit>
void for_each_draw(std::uint64_t seed, base::RandomStream stream, std::int64_t layer,
                   std::size_t count, Visit visit) {
  for (std::size_t begin = 0; begin < count; begin += base::kRandomRun) {
    const base::RandomRun run = base::random_run(seed, stream, place(layer, begin));
    const std::size_t length = std::min(base::kRandomRun, count - begin);
    for (std::size_t i = 0; i < length; ++i) visit(begin + i, run[i]);
  }
}

// Reads the last map and writes another one behind it.
void add_layer(Network& network, const WorkloadLayer& layer, int weight_bits) {
  const tensor::Code code = network.maps.back().code;
  const auto input = static_cast<int>(network.maps.size()) - 1;
  network.maps.push_back({layer.layer.out, code, 1.0F});
  Layer only = layer.layer;
  only.weight_code.bits = weight_bits;
  only.inputs = {input};
  only.output = input + 1;
  only.bounds = tensor::bounds_of(code);
  only.logits = false;
  only.report_sums = true;
  network.layers.push_back(std::move(only));
}

}  // namespace

Network synthetic_shape(const WorkloadLayer& layer, int weight_bits, int activation_bits) {
  Network network;
  network.name = layer.layer.name;
  network.maps = {{layer.layer.in, tensor::unsigned_code(activation_bits), 1.0F}};
  add_layer(network, layer, weight_bits);
  return network;
}

void append_layer(Network& network, const WorkloadLayer& layer) {
  add_layer(network, layer, network.layers.back().weight_code.bits);
}

void draw_weights(Network& network, std::int64_t index, std::uint64_t seed) {
  Layer& only = network.layers.front();
  const int top = (1 << (only.weight_code.bits - 1)) - 1;
  const std::size_t channels = static_cast<std::size_t>(only.out.channels);
  only.weights.assign(channels * static_cast<std::size_t>(only.k()), 0);
  for_each_draw(seed, base::RandomStream::kSyntheticWeights, index, only.weights.size(),
                [&](std::size_t i, std::uint64_t bits) {
                  const std::uint64_t values = 2 * static_cast<std::uint64_t>(top) + 1;
                  only.weights.set(i, static_cast<int>(scaled(bits, values)) - top);
                });
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
  for_each_draw(seed, base::RandomStream::kSyntheticActivations, index, codes.size(),
                [&](std::size_t i, std::uint64_t bits) {
                  if ((bits >> 32) < threshold) {
                    codes[i] = static_cast<std::uint8_t>(1 + scaled(bits, top));
                  }
                });
  return codes;
}

}  // namespace lacuna::network
