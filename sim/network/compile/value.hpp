// What a value of the graph stands for in the integer machine.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "network/compile/view.hpp"
#include "network/network.hpp"
#include "tensor/function.hpp"

namespace lacuna::network {

/// A layer whose sums wait for what becomes of them. It joins the network when they are quantised.
struct PendingLayer {
  Layer layer;
  float input_scale = 1.0F;
  /// GEMM layers: of the weights, and what constants multiplied the sums by since.
  std::vector<float> weight_scale;
  std::vector<double> factor;
  int map = kNoMap;  ///< 32-bit sums, once they are kept as a map
  int placed = -1;   ///< index in the network of the layer that has its weights
  int logits = -1;   ///< index in the network, once they are an output

  /// The layer, for the network; name and shape stay here, the weights do not.
  Layer taken() {
    tensor::PackedCodes weights = std::move(layer.weights);
    layer.weights = {};
    Layer result = layer;
    result.weights = std::move(weights);
    return result;
  }
  /// Real value of a step of the sums is input_scale x this.
  float channel_scale(std::size_t channel) const {
    return factor.empty() ? weight_scale[channel]
                          : static_cast<float>(double{weight_scale[channel]} * factor[channel]);
  }
  float step(std::size_t channel) const { return input_scale * channel_scale(channel); }
};

/// The sum of a channel's operands without their signs.
inline std::int64_t weight_reach(const Layer& layer, std::size_t channel) {
  const auto k = static_cast<std::size_t>(layer.k());
  const bool is_signed = layer.weight_code.is_signed;
  const int zero_point = layer.weight_code.zero_point(static_cast<std::int64_t>(channel));
  std::int64_t sum = 0;
  for (std::size_t i = channel * k; i < (channel + 1) * k; ++i) {
    const int operand = layer.weights.at(i, is_signed) - zero_point;
    sum += operand < 0 ? -operand : operand;
  }
  return sum;
}

/// A function of the reals of one or two maps, or of the sums of pending layers.
struct Expression {
  struct Input {
    int map = kNoMap;
    int pending = -1;
    friend bool operator==(const Input& a, const Input& b) {
      return a.map == b.map && a.pending == b.pending;
    }
  };
  struct Step {
    const tensor::Operation* operation = nullptr;
    std::vector<tensor::Function::Source> operands;
    std::vector<double> parameters;
  };
  std::vector<Input> inputs;
  std::vector<std::shared_ptr<const std::vector<float>>>
      constants;  ///< one value, or one a channel
  std::vector<Step> steps;

  /// The value itself, for a step that goes on from it.
  tensor::Function::Source end() const {
    return steps.empty() ? tensor::Function::input(0)
                         : tensor::Function::Source{tensor::Function::Source::Kind::kStep,
                                                    static_cast<std::int32_t>(steps.size()) - 1};
  }
  /// Steps `from`.. as a function, with inputs 0 and 1 exchanged if asked for.
  tensor::Function function(bool swapped = false) const;
  bool reads_one_map() const {
    return inputs.size() == 1 && inputs[0].map != kNoMap && inputs[0].pending < 0;
  }
  bool reads_sums_alone() const { return inputs.size() == 1 && inputs[0].pending >= 0; }
};

/// Rows and columns of padding that a Pad added and a window has still to take in.
struct Margins {
  std::int64_t top = 0;
  std::int64_t left = 0;
  std::int64_t bottom = 0;
  std::int64_t right = 0;
  bool any() const { return top != 0 || left != 0 || bottom != 0 || right != 0; }
};

struct Value {
  enum class Form : std::uint8_t {
    kImage,   ///< the image before its first quantiser
    kCodes,   ///< codes of a map
    kReals,   ///< an expression of dequantised codes or of sums
    kConcat,  ///< several of those, one behind the other in channels, before their quantiser
    kOutput   ///< what an output shows, behind its quantiser or tail: nothing computes with it
  };
  Form form = Form::kImage;
  MapShape shape;
  View view;
  int map = kNoMap;       ///< kCodes
  Expression expression;  ///< kReals, kOutput
  /// kReals: max pooling and nearest resizing that wait for the quantiser.
  std::vector<Layer> pools;
  std::vector<Value> parts;  ///< kConcat
  Margins margins;
  bool shared = false;  ///< another node reads the sums, too, in another view
  /// Sizes behind the batch that a Reshape gave and no view has, since they tear an axis of the map
  /// apart: only outputs may have them.
  Sizes regrouped;
  std::vector<InputStep> input_steps;  ///< kImage
  bool raw_codes = false;  ///< kCodes: the file's input, whose scale a dequantiser has still to say
  Output output;           ///< kOutput: quantisers and tail
  bool output_is_codes = false;
};

}  // namespace lacuna::network
