// Builds small QDQ models, node by node, through ONNX's own protobuf classes.
#pragma once

#include <onnx/onnx_pb.h>

#include <array>
#include <cstdint>
#include <initializer_list>
#include <random>
#include <string>
#include <vector>

namespace lacuna::network::test {

struct ConvSpec {
  std::int64_t out = 1;
  std::int64_t kernel_h = 1;
  std::int64_t kernel_w = 1;
  std::int64_t stride_h = 1;
  std::int64_t stride_w = 1;
  std::array<std::int64_t, 4> pads = {0, 0, 0, 0};  // top, left, bottom, right
  std::int64_t groups = 1;
  bool per_channel = false;
  bool bias = true;
};

struct GemmSpec {
  std::int64_t out = 1;
  bool trans_b = true;
  bool per_channel = false;
  bool bias = true;
};

/// How a tensor's numbers lie in the file; both forms occur.
enum class Storage : std::uint8_t { kRaw, kTyped };

/// Follows the chain: every call appends nodes that read the value written last. All scales are
/// powers of two, so that float and double arithmetic agree exactly. Weights and biases are random.
class ModelBuilder {
 public:
  ModelBuilder(int weight_bits, int activation_bits, unsigned seed = 1,
               Storage storage = Storage::kRaw);

  /// A value and what is known of it, to go on from or to add later.
  struct Mark {
    std::string value;
    float scale = 1.0F;
    std::int64_t channels = 0;
    std::int64_t height = 0;
    std::int64_t width = 0;
  };
  Mark mark() const { return {at_, scale_, channels_, height_, width_}; }
  ModelBuilder& go_on_from(const Mark& mark);

  ModelBuilder& image(std::int64_t channels, std::int64_t height, std::int64_t width, float scale);
  ModelBuilder& conv(const std::string& name, const ConvSpec& spec);
  ModelBuilder& gemm(const std::string& name, const GemmSpec& spec);
  /// MatMul and, with a bias, Add.
  ModelBuilder& matmul(const std::string& name, const GemmSpec& spec);
  ModelBuilder& relu(const std::string& name);
  ModelBuilder& thresholded_relu(const std::string& name, float alpha);
  /// QuantizeLinear, DequantizeLinear; below 8 bits Clip and the pair again.
  ModelBuilder& quantise(const std::string& name, float scale);
  /// The pair alone, with the current scale.
  ModelBuilder& requantise(const std::string& name);
  ModelBuilder& max_pool(const std::string& name, std::int64_t kernel_h, std::int64_t kernel_w,
                         std::int64_t stride_h, std::int64_t stride_w,
                         std::array<std::int64_t, 4> pads = {0, 0, 0, 0});
  ModelBuilder& average_pool(const std::string& name, std::int64_t kernel_h, std::int64_t kernel_w,
                             std::int64_t stride_h, std::int64_t stride_w);
  ModelBuilder& global_average_pool(const std::string& name);
  /// Adds the value of `mark` to the value written last.
  ModelBuilder& add_residual(const std::string& name, const Mark& mark);
  ModelBuilder& flatten(const std::string& name);
  ModelBuilder& reshape(const std::string& name, std::vector<std::int64_t> to);
  ModelBuilder& identity(const std::string& name);
  /// Makes the value written last the graph's output "logits".
  ModelBuilder& output();

  onnx::ModelProto& model() { return model_; }
  onnx::GraphProto& graph() { return *model_.mutable_graph(); }
  onnx::NodeProto& node(const std::string& name);
  /// Takes out a node with one activation: its readers read that instead.
  ModelBuilder& remove(const std::string& name);
  onnx::TensorProto& tensor(const std::string& name);
  std::string bytes() const { return model_.SerializeAsString(); }

  onnx::NodeProto& add_node(const std::string& op, const std::string& name,
                            const std::vector<std::string>& inputs);
  onnx::TensorProto& add_floats(const std::string& name, const std::vector<float>& values,
                                const std::vector<std::int64_t>& sizes);
  onnx::TensorProto& add_integers(const std::string& name, int data_type,
                                  const std::vector<std::int64_t>& values,
                                  const std::vector<std::int64_t>& sizes);

 private:
  void weights(const std::string& name, const std::vector<std::int64_t>& sizes, std::size_t axis,
               bool per_channel);
  void bias(const std::string& name, std::int64_t channels);
  std::int64_t draw(std::int64_t low, std::int64_t high);

  onnx::ModelProto model_;
  std::mt19937 random_;
  Storage storage_;
  int weight_bits_;
  int activation_bits_;
  std::string at_;                    // the value written last
  float scale_ = 1.0F;                // of the codes read last
  std::vector<float> weight_scales_;  // of the weights added last
  std::int64_t channels_ = 0;
  std::int64_t height_ = 0;
  std::int64_t width_ = 0;
};

void set_attribute(onnx::NodeProto& node, const std::string& name, std::int64_t value);
void set_attribute(onnx::NodeProto& node, const std::string& name, float value);
void set_attribute(onnx::NodeProto& node, const std::string& name, const char* value);
void set_attribute(onnx::NodeProto& node, const std::string& name,
                   const std::vector<std::int64_t>& values);

/// A model of each form that the import accepts: 4-bit, convolution, pooling, two Gemm.
ModelBuilder small_model(int weight_bits = 4, int activation_bits = 4);

}  // namespace lacuna::network::test
