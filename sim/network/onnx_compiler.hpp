// Compiles the nodes of a QDQ graph, in their order, into integer layers.
//
// Every value of the graph is followed by what it means for the integer machine: pixels, codes of
// a feature map, the same codes as real numbers, or the sums of a layer that wait for their
// quantiser. A node turns one such meaning into another, or is refused. Adding an operator is one
// function and one line in the table of onnx_compiler.cpp.
#pragma once

#include <onnx/onnx_pb.h>

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "network/network.hpp"
#include "network/onnx_model.hpp"
#include "network/onnx_node.hpp"

namespace lacuna::network {

class OnnxCompiler {
 public:
  explicit OnnxCompiler(const OnnxModel& model);

  /// The network, without name and hash. Throws InputError naming the node.
  Network compile();

  /// Checks every shape and type that `inferred` (from OnnxModel::with_inferred_shapes) states for
  /// a value of the graph against the one that the compilation gave it. Throws InputError.
  void check_shapes(const onnx::GraphProto& inferred) const;

 private:
  /// What a value of the graph stands for.
  enum class Form : std::uint8_t {
    kPixels,   ///< the image before its first quantiser
    kCodes,    ///< uint8 codes of a map
    kReals,    ///< the same, dequantised
    kClipped,  ///< kReals after Clip, before the second quantiser
    kSums,     ///< float sums of a layer or of its windows, not quantised yet
  };
  struct Value {
    Form form = Form::kPixels;
    int map = 0;  ///< map of the network that it holds; kSums: the map that it will become
    MapShape shape;
    bool flat = false;       ///< seen as [N, values] instead of [N, channels, height, width]
    float scale = 1.0F;      ///< kCodes, kReals, kClipped: real value of code 1
    bool in_range = false;   ///< no code is above 2^activation_bits - 1
    bool relu = false;       ///< kSums: a Relu or ThresholdedRelu came after the layer
    float threshold = 0.0F;  ///< kSums: of that
    bool read = false;       ///< a node or the graph's output reads it
  };
  /// A dequantised initialiser: weights or bias.
  struct Constant {
    const onnx::TensorProto* codes = nullptr;
    const onnx::TensorProto* scale = nullptr;
    std::int64_t axis = 0;  ///< of the scale, if it is one for each channel; may be negative
  };
  /// Real value of an accumulator step of a GEMM layer is input x weight[channel].
  struct StepScales {
    float input = 1.0F;
    std::vector<float> weight;
  };
  /// A GEMM layer's weights as the graph has them.
  struct WeightCodes {
    std::vector<std::int8_t> codes;
    std::vector<float> scale;  ///< one a channel
  };

  // onnx_compiler.cpp: values, quantisers, and nodes that only change the view.
  void add_image();
  void run(const OnnxNode& node);
  void finish();
  void quantise(const OnnxNode& node);
  void dequantise(const OnnxNode& node);
  void clip(const OnnxNode& node);
  void relu(const OnnxNode& node);
  void thresholded_relu(const OnnxNode& node);
  Value take_sums(const OnnxNode& node);
  void flatten(const OnnxNode& node);
  void reshape(const OnnxNode& node);
  void identity(const OnnxNode& node);
  void quantise_sums(const OnnxNode& node, Value& value, float scale);
  bool image_is_in_range(float scale) const;

  /// The activation that the node reads; marks it read. Codes and dequantised codes may have
  /// several readers, any other value has one.
  Value take(const OnnxNode& node, int input);
  void give(const OnnxNode& node, const Value& value);
  /// The layer whose float output `sums` is.
  Layer& layer_of(const Value& sums) {
    return network_.layers[static_cast<std::size_t>(sums.map) - 1];
  }
  const StepScales& scales_of(const Value& sums) const {
    return step_scales_[static_cast<std::size_t>(sums.map) - 1];
  }
  [[noreturn]] void fail_form(const OnnxNode& node, const Value& value,
                              const std::string& supported) const;
  static const char* form_text(Form form);
  const onnx::TensorProto* find_initialiser(const std::string& name) const;
  /// An initialiser of type T, with one value unless `any_count`.
  template <class T>
  std::vector<T> constant_input(const OnnxNode& node, int input, bool any_count = false) const;
  float quantiser_scale(const OnnxNode& node) const;
  void expect_zero_point(const OnnxNode& node, int data_type) const;

  // onnx_layers.cpp: nodes that become layers.
  void convolution(const OnnxNode& node);
  void gemm(const OnnxNode& node);
  void matmul(const OnnxNode& node);
  void add(const OnnxNode& node);
  void add_residual(const OnnxNode& node);
  void max_pool(const OnnxNode& node);
  void average_pool(const OnnxNode& node);
  void global_average_pool(const OnnxNode& node);

  Value take_layer_input(const OnnxNode& node);
  void expect_in_range(const OnnxNode& node, const Value& value) const;
  Value take_average_input(const OnnxNode& node);
  void add_average(const OnnxNode& node, const Value& value, const Window& window);
  void fully_connected(const OnnxNode& node, bool transposed, bool has_bias);
  const Constant& constant_of(const OnnxNode& node, int input, int data_type,
                              const char* what) const;
  WeightCodes weights_of(const OnnxNode& node, const Constant& constant, std::int64_t channel_axis,
                         std::int64_t channels);
  std::vector<std::int32_t> bias_of(const OnnxNode& node, int input,
                                    const StepScales& scales) const;
  std::vector<float> channel_scales(const OnnxNode& node, const Constant& constant,
                                    std::int64_t channel_axis, std::int64_t channels,
                                    const char* what) const;
  Window window_of(const OnnxNode& node, std::int64_t kernel_h, std::int64_t kernel_w) const;
  static MapShape window_output(const OnnxNode& node, const MapShape& in, const Window& window,
                                std::int64_t channels);
  void add_layer(const OnnxNode& node, Layer layer, StepScales scales);
  void give_sums(const OnnxNode& node, bool flat);

  const OnnxModel& model_;
  Network network_;
  std::unordered_map<std::string, const onnx::TensorProto*> initialisers_;
  std::unordered_map<std::string, Constant> constants_;
  std::unordered_map<std::string, Value> values_;
  std::vector<StepScales>
      step_scales_;                  ///< one an entry of network_.layers; average pooling: input
  std::int64_t weights_ = 0;         ///< of all layers so far
  bool matmul_awaits_bias_ = false;  ///< the last layer is a MatMul and no Add followed
  std::int64_t batch_ = 0;           ///< of the declared input; 0: free
};

}  // namespace lacuna::network
