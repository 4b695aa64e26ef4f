// The trained network: quantised layers, in the order of the graph, that can also run in float.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <memory>
#include <string>
#include <vector>

#include "integer_network.hpp"
#include "layers.hpp"
#include "quantise.hpp"

namespace lacuna::train {

/// A convolution or fully connected layer, its bias, its ReLU and quantiser (but for the last
/// layer), and its pooling. A batch norm may stand behind the convolution. In evaluation, and in
/// the integer network, it is part of the layer: it scales each channel's weight step and makes the
/// bias. In training it works on the real values of the sums, with the batch's statistics.
class QuantisedLayer : public torch::nn::Module {
 public:
  QuantisedLayer(LayerShape shape, int weight_bits, int activation_bits, bool last);

  /// Real values to real values, nothing quantised. `residual` is used only by a layer that has
  /// one, here and below.
  torch::Tensor forward_float(const torch::Tensor& x, const torch::Tensor& residual);

  /// The weights as the quantised network has them, before any batch norm.
  Codes quantised_weights() const;

  /// Both take the quantised weights; the codes may be off the grid. The first is not for the last
  /// layer, the second only for it: the sums and the step that makes them logits.
  Codes forward_codes(const Codes& in, const Codes& residual, const Codes& weights,
                      bool keep_statistics);
  Codes forward_sums(const Codes& in, const Codes& weights);

  /// Sets the steps to first guesses: from the weights, and from the layer's float outputs.
  void initialise_steps(const torch::Tensor& input, const torch::Tensor& residual);

  IntegerLayer freeze(float input_scale, float residual_scale) const;

  const LayerShape& shape() const { return shape_; }
  std::vector<torch::Tensor> weights() const;
  std::vector<torch::Tensor> steps() const;

 private:
  torch::Tensor linear(const torch::Tensor& x, const torch::Tensor& weight,
                       const torch::Tensor& bias) const;
  torch::Tensor scaled_sums(const Codes& in, const Codes& weights, const torch::Tensor& step,
                            bool keep_statistics);
  /// Of each channel, what the batch norm multiplies in evaluation, and the bias it leaves.
  torch::Tensor norm_factor() const;
  torch::Tensor norm_bias() const;
  torch::Tensor activate_float(const torch::Tensor& x, const torch::Tensor& residual);
  std::int64_t output_values(const torch::Tensor& in) const;
  torch::Tensor pool_maximum(const torch::Tensor& sums) const;
  torch::Tensor pool_average(const torch::Tensor& x) const;
  Codes pool(const Codes& map) const;

  LayerShape shape_;
  int weight_limit_;
  int activation_limit_;
  bool last_;
  torch::Tensor weight_;
  torch::Tensor bias_;
  torch::Tensor weight_step_;
  torch::Tensor output_step_;
  torch::Tensor pool_step_;  // with average pooling
  torch::nn::BatchNorm2d norm_{nullptr};
};

struct QuantisedOutput {
  Codes logits;                // the last layer's sums (exact integers) and their step
  std::vector<Codes> inputs;   // what each layer after the first reads; one map may come twice
  std::vector<Codes> weights;  // of each layer, before any offset
};

class Network : public torch::nn::Module {
 public:
  Network(const std::vector<LayerShape>& shapes, int weight_bits, int activation_bits);

  /// Both take image codes [n, 1, rows, columns]; the image is quantised in float runs, too.
  /// Offsets, one a layer or none at all, are added to the quantised weights in their own unit; a
  /// run with them leaves the batch norms' statistics alone.
  torch::Tensor forward_float(const torch::Tensor& image_codes);
  QuantisedOutput forward_quantised(const torch::Tensor& image_codes,
                                    const std::vector<torch::Tensor>& offsets = {});

  /// First guesses of all steps, from one batch; batch norms as in evaluation.
  void initialise_steps(const torch::Tensor& image_codes);

  /// A step must stay positive; the optimiser does not know that.
  void keep_steps_positive();

  /// The integers that a forward_quantised run uses.
  IntegerNetwork freeze(const std::string& name) const;

  std::vector<torch::Tensor> weights() const;
  std::vector<torch::Tensor> steps() const;

 private:
  int weight_bits_;
  int activation_bits_;
  std::vector<std::shared_ptr<QuantisedLayer>> layers_;
};

}  // namespace lacuna::train
