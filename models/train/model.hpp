// The trained network: a chain of quantised layers that can also run in float.
#pragma once

#include <torch/nn/module.h>
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
/// layer), and its pooling.
class QuantisedLayer : public torch::nn::Module {
 public:
  QuantisedLayer(LayerShape shape, int weight_bits, int activation_bits, bool last);

  /// Real values to real values, nothing quantised.
  torch::Tensor forward_float(const torch::Tensor& x);

  /// The weights as the quantised network has them.
  Codes quantised_weights() const;

  /// Both take the quantised weights; the codes may be off the grid. The first is not for the last
  /// layer, the second only for it: the sums and the step that makes them logits.
  Codes forward_codes(const Codes& in, const Codes& weights);
  Codes forward_sums(const Codes& in, const Codes& weights);

  /// Sets both steps to first guesses: from the weights, and from the layer's float outputs.
  void initialise_steps(const torch::Tensor& input);

  IntegerLayer freeze(float input_scale) const;

  const LayerShape& shape() const { return shape_; }
  std::vector<torch::Tensor> weights() const { return {weight_, bias_}; }
  std::vector<torch::Tensor> steps() const;

 private:
  torch::Tensor linear(const torch::Tensor& x, const torch::Tensor& weight,
                       const torch::Tensor& bias) const;
  torch::Tensor pool(const torch::Tensor& x) const;

  LayerShape shape_;
  int weight_limit_;
  int activation_limit_;
  bool last_;
  torch::Tensor weight_;
  torch::Tensor bias_;
  torch::Tensor weight_step_;
  torch::Tensor output_step_;
};

struct QuantisedOutput {
  Codes logits;                // the last layer's sums (exact integers) and their step
  std::vector<Codes> inputs;   // what the layers after the first read
  std::vector<Codes> weights;  // of each layer, before any offset
};

class Network : public torch::nn::Module {
 public:
  Network(const std::vector<LayerShape>& shapes, int weight_bits, int activation_bits);

  /// Both take image codes [n, 1, rows, columns]; the image is quantised in float runs, too.
  /// Offsets, one a layer or none at all, are added to the quantised weights in their own unit.
  torch::Tensor forward_float(const torch::Tensor& image_codes);
  QuantisedOutput forward_quantised(const torch::Tensor& image_codes,
                                    const std::vector<torch::Tensor>& offsets = {});

  /// First guesses of all steps, from one batch.
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
