#include "model.hpp"

#include <fmt/format.h>
#include <torch/nn/functional.h>
#include <torch/nn/init.h>
#include <torch/utils.h>

#include <cstdint>
#include <cstdlib>
#include <utility>

#include "base/error.hpp"
#include "max_pool.hpp"

namespace lacuna::train {
namespace {

namespace functional = torch::nn::functional;

// float32 holds every integer up to here, so sums below it are exact in any order.
constexpr std::int64_t kExactInFloat = std::int64_t{1} << 24;

constexpr double kSmallestStep = 1e-6;

/// A batch norm as a part of the layer: steps cannot be negative, so the sign goes to the codes.
struct FoldedNorm {
  torch::Tensor signs;
  torch::Tensor weight_steps;
};

FoldedNorm fold(const torch::Tensor& factor, const torch::Tensor& weight_step) {
  return {torch::where(factor < 0, -torch::ones_like(factor), torch::ones_like(factor)),
          (weight_step * factor.abs()).clamp_min(kSmallestStep)};
}

void require_exact_sums(const IntegerLayer& layer, int activation_limit) {
  const std::size_t taps = layer.weights.size() / layer.bias.size();
  for (std::size_t output = 0; output < layer.bias.size(); ++output) {
    std::int64_t largest = std::abs(static_cast<std::int64_t>(layer.bias[output]));
    for (std::size_t tap = 0; tap < taps; ++tap) {
      largest += std::abs(layer.weights[output * taps + tap]) * activation_limit;
    }
    if (largest >= kExactInFloat) {
      throw base::InputError({"", 0, layer.shape.name}, fmt::format("sums can reach {}", largest),
                             fmt::format("less than {}, what float32 holds exactly: give the "
                                         "recipe fewer bits",
                                         kExactInFloat));
    }
  }
}

template <typename T>
std::vector<T> integers(const torch::Tensor& codes) {
  const torch::Tensor flat = codes.detach().contiguous();
  const float* begin = flat.data_ptr<float>();
  std::vector<T> values;
  values.reserve(static_cast<std::size_t>(flat.numel()));
  for (std::int64_t i = 0; i < flat.numel(); ++i) values.push_back(static_cast<T>(begin[i]));
  return values;
}

/// What the layer adds, or an empty value.
template <typename T>
T residual_of(const LayerShape& shape, const std::vector<T>& maps) {
  return shape.residual ? maps[static_cast<std::size_t>(*shape.residual)] : T{};
}

}  // namespace

QuantisedLayer::QuantisedLayer(LayerShape shape, int weight_bits, int activation_bits, bool last)
    : shape_(std::move(shape)),
      weight_limit_(weight_limit(weight_bits)),
      activation_limit_(activation_limit(activation_bits)),
      last_(last) {
  std::vector<std::int64_t> sizes = {shape_.outputs, shape_.inputs};
  if (shape_.convolution) sizes.insert(sizes.end(), {shape_.kernel, shape_.kernel});
  weight_ = register_parameter("weight", torch::empty(sizes));
  torch::nn::init::kaiming_normal_(weight_, 0.0, torch::kFanIn, torch::kReLU);
  bias_ = register_parameter("bias", torch::zeros({shape_.outputs}));
  weight_step_ = register_parameter("weight_step", torch::ones({}));
  if (!last_) output_step_ = register_parameter("output_step", torch::ones({}));
  if (shape_.pool == Pool::kAverage) pool_step_ = register_parameter("pool_step", torch::ones({}));
  SIM_CHECK(shape_.pool != Pool::kMax || !(shape_.residual || shape_.batch_norm), "model", -1,
            "a maximum is taken of plain sums only");
  if (shape_.batch_norm) norm_ = register_module("norm", torch::nn::BatchNorm2d(shape_.outputs));
}

torch::Tensor QuantisedLayer::linear(const torch::Tensor& x, const torch::Tensor& weight,
                                     const torch::Tensor& bias) const {
  if (!shape_.convolution) return functional::linear(x.flatten(1), weight, bias);
  return functional::conv2d(
      x, weight,
      functional::Conv2dFuncOptions().bias(bias).stride(shape_.stride).padding(shape_.padding));
}

torch::Tensor QuantisedLayer::activate_float(const torch::Tensor& x,
                                             const torch::Tensor& residual) {
  // What a batch norm would take away again is not added first.
  torch::Tensor sums = linear(x, weight_, norm_ ? torch::Tensor() : bias_);
  if (norm_) sums = norm_->forward(sums);
  if (last_) return sums;
  sums = pool_maximum(sums);
  return (shape_.residual ? sums + residual : sums).relu();
}

// The largest of sums is the sum behind the largest code: scaling by a positive step, clamping and
// rounding keep the order. So pooling first gives the same codes, from a quarter of the roundings,
// and the gradient goes to the largest sum rather than to the first of equal codes.
torch::Tensor QuantisedLayer::pool_maximum(const torch::Tensor& sums) const {
  if (shape_.pool != Pool::kMax) return sums;
  return max_pool(sums);
}

torch::Tensor QuantisedLayer::pool_average(const torch::Tensor& x) const {
  return shape_.pool == Pool::kAverage ? x.mean({2, 3}, true) : x;
}

torch::Tensor QuantisedLayer::forward_float(const torch::Tensor& x, const torch::Tensor& residual) {
  return pool_average(activate_float(x, residual));
}

torch::Tensor QuantisedLayer::norm_factor() const {
  return norm_->weight / (norm_->running_var + norm_->options.eps()).sqrt();
}

torch::Tensor QuantisedLayer::norm_bias() const {
  return norm_->bias - norm_->running_mean * norm_factor();
}

Codes QuantisedLayer::quantised_weights() const {
  const torch::Tensor step = balance_gradient(weight_step_, weight_.numel(), weight_limit_);
  return {to_codes(weight_ / step, -weight_limit_, weight_limit_), step};
}

Codes QuantisedLayer::forward_sums(const Codes& in, const Codes& weights) {
  const torch::Tensor sum_step = in.step * weights.step;
  // The bias follows the steps; it should not pull at them.
  const torch::Tensor bias_codes = round_straight_through(bias_ / sum_step.detach());
  return {linear(in.codes, weights.codes, bias_codes), sum_step};
}

// The sums in steps of the output. The order of the float operations of evaluation is the integer
// network's: sum * ((in_step * weight_step) / step).
torch::Tensor QuantisedLayer::scaled_sums(const Codes& in, const Codes& weights,
                                          const torch::Tensor& step, bool keep_statistics) {
  if (!norm_) {
    const Codes sums = forward_sums(in, weights);
    return pool_maximum(sums.codes) * (sums.step / step);
  }
  if (!is_training()) {
    const FoldedNorm folded = fold(norm_factor(), weights.step);
    const torch::Tensor sum_step = in.step * folded.weight_steps;
    const torch::Tensor bias_codes = (norm_bias() / sum_step).round();
    const torch::Tensor sums =
        linear(in.codes, weights.codes * folded.signs.view({-1, 1, 1, 1}), bias_codes);
    return sums * (sum_step / step).view({-1, 1, 1});
  }
  const torch::Tensor values =
      linear(in.codes, weights.codes, torch::Tensor()) * (in.step * weights.step);
  const torch::Tensor nowhere;
  const torch::Tensor normed =
      functional::batch_norm(values, keep_statistics ? nowhere : norm_->running_mean,
                             keep_statistics ? nowhere : norm_->running_var,
                             functional::BatchNormFuncOptions()
                                 .weight(norm_->weight)
                                 .bias(norm_->bias)
                                 .training(true)
                                 .momentum(norm_->options.momentum())
                                 .eps(norm_->options.eps()));
  return normed / step;
}

Codes QuantisedLayer::forward_codes(const Codes& in, const Codes& residual, const Codes& weights,
                                    bool keep_statistics) {
  const torch::Tensor step =
      balance_gradient(output_step_, output_values(in.codes), activation_limit_);
  torch::Tensor scaled = scaled_sums(in, weights, step, keep_statistics);
  if (shape_.residual) scaled = scaled + residual.codes * (residual.step / step);
  return pool({to_codes(scaled, 0, activation_limit_), step});
}

// Features of one sample that the layer quantises: what the LSQ paper counts for an activation's
// step.
std::int64_t QuantisedLayer::output_values(const torch::Tensor& in) const {
  if (!shape_.convolution) return shape_.outputs;
  const int pooled = shape_.pool == Pool::kMax ? 2 : 1;
  const auto along = [&](std::int64_t size) {
    return ((size + 2 * shape_.padding - shape_.kernel) / shape_.stride + 1) / pooled;
  };
  return shape_.outputs * along(in.size(2)) * along(in.size(3));
}

Codes QuantisedLayer::pool(const Codes& map) const {
  if (shape_.pool != Pool::kAverage) return map;
  const torch::Tensor step = balance_gradient(pool_step_, map.codes.size(1), activation_limit_);
  const auto count = static_cast<float>(map.codes.size(2) * map.codes.size(3));
  // Again the integer network's order: sum * (map_step / (count * step)).
  const torch::Tensor scaled = map.codes.sum({2, 3}, true) * (map.step / (step * count));
  return {to_codes(scaled, 0, activation_limit_), step};
}

void QuantisedLayer::initialise_steps(const torch::Tensor& input, const torch::Tensor& residual) {
  const torch::NoGradGuard no_gradient;
  weight_step_.copy_(initial_step(weight_, weight_limit_));
  if (last_) return;
  const torch::Tensor map = activate_float(input, residual);
  output_step_.copy_(initial_step(map, activation_limit_));
  if (shape_.pool != Pool::kAverage) return;
  pool_step_.copy_(initial_step(pool_average(map), activation_limit_));
}

IntegerLayer QuantisedLayer::freeze(float input_scale, float residual_scale) const {
  const torch::NoGradGuard no_gradient;
  IntegerLayer layer;
  layer.shape = shape_;
  layer.input_scale = input_scale;
  layer.residual_scale = residual_scale;
  torch::Tensor codes = to_codes(weight_ / weight_step_, -weight_limit_, weight_limit_);
  torch::Tensor weight_steps = weight_step_.view({1});
  torch::Tensor bias = bias_;
  if (norm_) {
    const FoldedNorm folded = fold(norm_factor(), weight_step_);
    codes = codes * folded.signs.view({-1, 1, 1, 1});
    weight_steps = folded.weight_steps;
    bias = norm_bias();
  }
  if (!last_) layer.output_scale = output_step_.item<float>();
  if (shape_.pool == Pool::kAverage) layer.pool_scale = pool_step_.item<float>();
  layer.weights = integers<std::int8_t>(codes);
  for (std::int64_t i = 0; i < weight_steps.numel(); ++i) {
    layer.weight_scales.push_back(weight_steps[i].item<float>());
  }
  layer.bias =
      integers<std::int32_t>((bias / (torch::scalar_tensor(input_scale) * weight_steps)).round());
  require_exact_sums(layer, activation_limit_);
  return layer;
}

std::vector<torch::Tensor> QuantisedLayer::weights() const {
  if (!norm_) return {weight_, bias_};
  return {weight_, norm_->weight, norm_->bias};
}

std::vector<torch::Tensor> QuantisedLayer::steps() const {
  if (last_) return {weight_step_};
  if (shape_.pool != Pool::kAverage) return {weight_step_, output_step_};
  return {weight_step_, output_step_, pool_step_};
}

Network::Network(const std::vector<LayerShape>& shapes, int weight_bits, int activation_bits)
    : weight_bits_(weight_bits), activation_bits_(activation_bits) {
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const bool last = i + 1 == shapes.size();
    layers_.push_back(register_module(
        shapes[i].name,
        std::make_shared<QuantisedLayer>(shapes[i], weight_bits, activation_bits, last)));
  }
}

torch::Tensor Network::forward_float(const torch::Tensor& image_codes) {
  std::vector<torch::Tensor> maps = {image_codes * image_scale(activation_bits_)};
  for (const auto& layer : layers_) {
    maps.push_back(
        layer->forward_float(maps[layer->shape().source], residual_of(layer->shape(), maps)));
  }
  return maps.back();
}

QuantisedOutput Network::forward_quantised(const torch::Tensor& image_codes,
                                           const std::vector<torch::Tensor>& offsets) {
  SIM_CHECK(offsets.empty() || offsets.size() == layers_.size(), "model", -1,
            "there must be one offset a layer");
  QuantisedOutput out;
  std::vector<Codes> maps = {{image_codes, torch::scalar_tensor(image_scale(activation_bits_))}};
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const LayerShape& shape = layers_[i]->shape();
    Codes weights = layers_[i]->quantised_weights();
    out.weights.push_back(weights);
    // Divided by the step as it is, so that the offset of the value does not depend on it.
    if (!offsets.empty()) weights.codes = weights.codes + offsets[i] / weights.step;
    const Codes in = maps[shape.source];
    if (i > 0) out.inputs.push_back(in);
    if (i + 1 == layers_.size()) {
      out.logits = layers_[i]->forward_sums(in, weights);
    } else {
      maps.push_back(
          layers_[i]->forward_codes(in, residual_of(shape, maps), weights, !offsets.empty()));
    }
  }
  return out;
}

void Network::initialise_steps(const torch::Tensor& image_codes) {
  const torch::NoGradGuard no_gradient;
  eval();
  std::vector<torch::Tensor> maps = {image_codes * image_scale(activation_bits_)};
  for (const auto& layer : layers_) {
    const torch::Tensor in = maps[layer->shape().source];
    const torch::Tensor residual = residual_of(layer->shape(), maps);
    layer->initialise_steps(in, residual);
    maps.push_back(layer->forward_float(in, residual));
  }
  train();
}

void Network::keep_steps_positive() {
  const torch::NoGradGuard no_gradient;
  for (torch::Tensor& step : steps()) step.clamp_min_(kSmallestStep);
}

IntegerNetwork Network::freeze(const std::string& name) const {
  IntegerNetwork network{name, weight_bits_, activation_bits_, {}};
  std::vector<float> scales = {image_scale(activation_bits_)};
  for (const auto& layer : layers_) {
    const LayerShape& shape = layer->shape();
    network.layers.push_back(layer->freeze(scales[shape.source], residual_of(shape, scales)));
    scales.push_back(network.layers.back().map_scale());
  }
  return network;
}

std::vector<torch::Tensor> Network::weights() const {
  std::vector<torch::Tensor> all;
  for (const auto& layer : layers_) {
    for (const torch::Tensor& weight : layer->weights()) all.push_back(weight);
  }
  return all;
}

std::vector<torch::Tensor> Network::steps() const {
  std::vector<torch::Tensor> all;
  for (const auto& layer : layers_) {
    for (const torch::Tensor& step : layer->steps()) all.push_back(step);
  }
  return all;
}

}  // namespace lacuna::train
