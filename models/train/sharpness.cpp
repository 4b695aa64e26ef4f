#include "sharpness.hpp"

#include <torch/nn/functional.h>
#include <torch/utils.h>

#include <algorithm>

#include "base/random.hpp"
#include "batches.hpp"
#include "tensor/encoding.hpp"

namespace lacuna::train {
namespace {

namespace functional = torch::nn::functional;

constexpr std::size_t kBatch = 500;

std::vector<std::int64_t> sizes(const LayerShape& shape) {
  return {shape.outputs, shape.inputs, shape.kernel, shape.kernel};
}

torch::Tensor codes_of(const IntegerLayer& layer) {
  return torch::from_blob(const_cast<std::int8_t*>(layer.weights.data()), sizes(layer.shape),
                          torch::kInt8)
      .to(torch::kFloat32);
}

// [outputs][1][1][1], or one value.
torch::Tensor scales_of(const IntegerLayer& layer) {
  return torch::tensor(layer.weight_scales).view({-1, 1, 1, 1});
}

torch::Tensor pool(const IntegerLayer& layer, const torch::Tensor& codes, int max_code) {
  switch (layer.shape.pool) {
    case Pool::kNone:
      return codes;
    case Pool::kMax:
      return functional::max_pool2d(codes, functional::MaxPool2dFuncOptions(2));
    case Pool::kAverage: {
      const auto count = static_cast<float>(codes.size(2) * codes.size(3));
      const float scale = *layer.output_scale / (count * *layer.pool_scale);
      return (codes.sum({2, 3}, true) * scale).round().clamp(0, max_code);
    }
  }
  return codes;
}

torch::Tensor logits_of(const IntegerNetwork& network, const Direction& offset,
                        const torch::Tensor& image_codes) {
  std::vector<torch::Tensor> maps = {image_codes};
  for (std::size_t i = 0;; ++i) {
    const IntegerLayer& layer = network.layers[i];
    const torch::Tensor weights = codes_of(layer) + offset[i] / scales_of(layer);
    const torch::Tensor bias = torch::tensor(layer.bias).to(torch::kFloat32);
    torch::Tensor in = maps[layer.shape.source];
    if (!layer.shape.convolution) in = in.flatten(1).unsqueeze(2).unsqueeze(3);
    const torch::Tensor sums = functional::conv2d(in, weights,
                                                  functional::Conv2dFuncOptions()
                                                      .bias(bias)
                                                      .stride(layer.shape.stride)
                                                      .padding(layer.shape.padding));
    const torch::Tensor sum_scale = layer.input_scale * scales_of(layer).view({-1, 1, 1});
    if (!layer.output_scale) return (sums * sum_scale).flatten(1);
    torch::Tensor scaled = sums * (sum_scale / *layer.output_scale);
    if (layer.shape.residual) {
      scaled = scaled + maps[static_cast<std::size_t>(*layer.shape.residual)] *
                            (layer.residual_scale / *layer.output_scale);
    }
    maps.push_back(pool(layer, scaled.round().clamp(0, network.max_code()), network.max_code()));
  }
}

// Lengths over all dimensions, or over all but the first.
torch::Tensor lengths(const torch::Tensor& x, bool by_filter) {
  if (!by_filter) return x.square().sum().sqrt();
  return x.square().sum({1, 2, 3}, true).sqrt();
}

Direction direction(const IntegerNetwork& network, std::uint64_t seed, bool by_filter) {
  torch::manual_seed(seed);
  Direction result;
  for (const IntegerLayer& layer : network.layers) {
    const torch::Tensor weights = codes_of(layer) * scales_of(layer);
    const torch::Tensor random = torch::randn(sizes(layer.shape));
    result.push_back(random * (lengths(weights, by_filter) / lengths(random, by_filter)));
  }
  return result;
}

}  // namespace

Direction layer_normalised_direction(const IntegerNetwork& network, std::uint64_t seed) {
  return direction(network, seed, false);
}

Direction filter_normalised_direction(const IntegerNetwork& network, std::uint64_t seed) {
  return direction(network, seed, true);
}

Direction fault_offset(const IntegerNetwork& network, double rate, std::uint64_t seed) {
  constexpr auto kEncoding = tensor::Encoding::kTwosComplement;
  Direction result;
  std::uint64_t index = 0;
  for (const IntegerLayer& layer : network.layers) {
    std::vector<float> moved;
    moved.reserve(layer.weights.size());
    for (const std::int8_t weight : layer.weights) {
      std::uint8_t code = tensor::encode(weight, network.weight_bits, kEncoding);
      for (int bit = 0; bit < network.weight_bits; ++bit, ++index) {
        const bool faulty =
            base::random_uniform(seed, base::RandomStream::kWeightFaultMap, index) < rate;
        code = static_cast<std::uint8_t>(code ^ (static_cast<unsigned>(faulty) << bit));
      }
      moved.push_back(
          static_cast<float>(tensor::decode(code, network.weight_bits, kEncoding) - weight));
    }
    result.push_back(torch::tensor(moved).view(sizes(layer.shape)) * scales_of(layer));
  }
  return result;
}

LossPoint loss_at(const IntegerNetwork& network, const Direction& offset, const Images& images) {
  const torch::NoGradGuard no_gradient;
  double loss = 0.0;
  std::int64_t correct = 0;
  for (std::size_t at = 0; at < images.count; at += kBatch) {
    const std::size_t end = std::min(at + kBatch, images.count);
    const Batch batch = plain_batch(images, at, end, network.activation_bits);
    const torch::Tensor logits = logits_of(network, offset, batch.codes);
    const auto sum = functional::CrossEntropyFuncOptions().reduction(torch::kSum);
    loss += functional::cross_entropy(logits, batch.labels, sum).item<double>();
    correct += (logits.argmax(1) == batch.labels).sum().item<std::int64_t>();
  }
  const auto count = static_cast<double>(images.count);
  return {loss / count, static_cast<double>(correct) / count};
}

Direction combine(double a, const Direction& x, double b, const Direction& y) {
  Direction result;
  for (std::size_t i = 0; i < x.size(); ++i) result.push_back(a * x[i] + b * y[i]);
  return result;
}

}  // namespace lacuna::train
