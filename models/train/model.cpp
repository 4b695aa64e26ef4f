#include "model.hpp"

#include <fmt/format.h>
#include <torch/nn/functional.h>
#include <torch/nn/init.h>
#include <torch/utils.h>

#include <cstdint>
#include <cstdlib>
#include <utility>

#include "base/error.hpp"

namespace lacuna::train {
namespace {

namespace functional = torch::nn::functional;

// float32 holds every integer up to here, so sums below it are exact in any order.
constexpr std::int64_t kExactInFloat = std::int64_t{1} << 24;

constexpr double kSmallestStep = 1e-6;

// Features of one sample: what the LSQ paper counts for the step of an activation.
std::int64_t values_per_sample(const torch::Tensor& x) { return x.numel() / x.size(0); }

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
}

torch::Tensor QuantisedLayer::linear(const torch::Tensor& x, const torch::Tensor& weight,
                                     const torch::Tensor& bias) const {
  if (!shape_.convolution) return functional::linear(x.flatten(1), weight, bias);
  return functional::conv2d(x, weight,
                            functional::Conv2dFuncOptions().bias(bias).padding(shape_.padding));
}

torch::Tensor QuantisedLayer::pool(const torch::Tensor& x) const {
  if (shape_.pool.empty()) return x;
  return functional::max_pool2d(x, functional::MaxPool2dFuncOptions(2));
}

torch::Tensor QuantisedLayer::forward_float(const torch::Tensor& x) {
  const torch::Tensor sums = linear(x, weight_, bias_);
  return last_ ? sums : pool(sums.relu());
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

Codes QuantisedLayer::forward_codes(const Codes& in, const Codes& weights) {
  const Codes sums = forward_sums(in, weights);
  const torch::Tensor step =
      balance_gradient(output_step_, values_per_sample(sums.codes), activation_limit_);
  // The order of these float operations is the integer network's: sum * (sum_step / step).
  const torch::Tensor scaled = sums.codes * (sums.step / step);
  return {pool(to_codes(scaled, 0, activation_limit_)), step};
}

void QuantisedLayer::initialise_steps(const torch::Tensor& input) {
  const torch::NoGradGuard no_gradient;
  weight_step_.copy_(initial_step(weight_, weight_limit_));
  if (last_) return;
  output_step_.copy_(initial_step(linear(input, weight_, bias_).relu(), activation_limit_));
}

IntegerLayer QuantisedLayer::freeze(float input_scale) const {
  const torch::NoGradGuard no_gradient;
  IntegerLayer layer;
  layer.shape = shape_;
  layer.input_scale = input_scale;
  layer.weight_scale = weight_step_.item<float>();
  if (!last_) layer.output_scale = output_step_.item<float>();
  layer.weights =
      integers<std::int8_t>(to_codes(weight_ / weight_step_, -weight_limit_, weight_limit_));
  const torch::Tensor sum_step = torch::scalar_tensor(input_scale) * weight_step_;
  layer.bias = integers<std::int32_t>(round_straight_through(bias_ / sum_step));
  require_exact_sums(layer, activation_limit_);
  return layer;
}

std::vector<torch::Tensor> QuantisedLayer::steps() const {
  if (last_) return {weight_step_};
  return {weight_step_, output_step_};
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
  torch::Tensor x = image_codes * image_scale(activation_bits_);
  for (const auto& layer : layers_) x = layer->forward_float(x);
  return x;
}

QuantisedOutput Network::forward_quantised(const torch::Tensor& image_codes,
                                           const std::vector<torch::Tensor>& offsets) {
  SIM_CHECK(offsets.empty() || offsets.size() == layers_.size(), "model", -1,
            "there must be one offset a layer");
  QuantisedOutput out;
  Codes x{image_codes, torch::scalar_tensor(image_scale(activation_bits_))};
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    Codes weights = layers_[i]->quantised_weights();
    out.weights.push_back(weights);
    // Divided by the step as it is, so that the offset of the value does not depend on it.
    if (!offsets.empty()) weights.codes = weights.codes + offsets[i] / weights.step;
    if (i + 1 == layers_.size()) {
      out.logits = layers_[i]->forward_sums(x, weights);
    } else {
      x = layers_[i]->forward_codes(x, weights);
      out.inputs.push_back(x);
    }
  }
  return out;
}

void Network::initialise_steps(const torch::Tensor& image_codes) {
  const torch::NoGradGuard no_gradient;
  torch::Tensor x = image_codes * image_scale(activation_bits_);
  for (const auto& layer : layers_) {
    layer->initialise_steps(x);
    x = layer->forward_float(x);
  }
}

void Network::keep_steps_positive() {
  const torch::NoGradGuard no_gradient;
  for (torch::Tensor& step : steps()) step.clamp_min_(kSmallestStep);
}

IntegerNetwork Network::freeze(const std::string& name) const {
  IntegerNetwork network{name, weight_bits_, activation_bits_, {}};
  float input_scale = image_scale(activation_bits_);
  for (const auto& layer : layers_) {
    network.layers.push_back(layer->freeze(input_scale));
    input_scale = network.layers.back().output_scale.value_or(0.0F);
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
