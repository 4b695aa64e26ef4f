// Compiles a normalised graph, node by node, into integer layers.
//
// Every value is followed by what it means for the integer machine (value.hpp): a node turns one
// such meaning into another, or is an obstacle. Adding an operator is one function and one line in
// the table of compiler.cpp.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "network/compile/value.hpp"
#include "network/read/node_view.hpp"

namespace lacuna::network {

/// What a file's network is and what to do with it, where that is why it cannot be run; of the
/// graph as it was read.
std::string kind_of(const Graph& graph);

class GraphCompiler {
 public:
  /// Weights are freed as layers take them. `kind` ends what stands in the way (kind_of).
  GraphCompiler(Graph& graph, std::string kind);

  /// The network, without name and hash. Throws InputError with all obstacles.
  Network compile();

 private:
  using Operands = std::vector<tensor::Function::Source>;
  /// A quantiser's codes, and where they go: to a map of their own, or to channels of one that is
  /// there.
  struct Target {
    float scale = 1.0F;
    tensor::Code code;
    int low = 0;  ///< codes that values are cut to: those of `code`, or some of them
    int high = 255;
    int map = kNoMap;
    std::int64_t channel = 0;
    Target() = default;
    Target(float own_scale, const tensor::Code& own_code)
        : scale(own_scale), code(own_code), low(own_code.low), high(own_code.high) {}
    tensor::Bounds bounds() const {
      tensor::Bounds bounds;
      bounds.low = static_cast<float>(low - code.zero_point);
      bounds.high = static_cast<float>(high - code.zero_point);
      return bounds;
    }
  };

  // compiler.cpp: inputs, outputs, and the walk.
  void add_image();
  using Handler = void (GraphCompiler::*)(const NodeView&);
  static const std::map<std::string, Handler>& handlers();
  void run(const NodeView& node);
  void check_operator(const NodeView& node) const;
  bool is_channels_last_input(const std::string& name, std::size_t rank) const;
  static std::string form_text(const Value& value);

  // graph_outputs.cpp: outputs, and tails in front of them.
  void check_declared_sizes(const GraphValue& declared, const Output& output) const;
  void add_outputs();
  void add_output(const GraphValue& declared);
  int logits_layer(const base::Place& place, int pending);
  Value take_tail_input(const NodeView& node, std::int64_t axis, bool behind_tail);
  void softmax(const NodeView& node);
  void arg_max(const NodeView& node);

  // values.cpp: what nodes read and write, and nodes that only change the view.
  bool is_known(const std::string& name) const { return values_.count(name) != 0; }
  const Value& take(const NodeView& node, std::size_t input) const;
  void give(const NodeView& node, Value value);
  void count_kept(const base::Place& place, std::int64_t more);
  void count_kept(const NodeView& node, std::int64_t more) {
    count_kept(place_of(graph_.file, node.node()), more);
  }
  void forget_inputs(const Node& node);
  [[noreturn]] void fail_form(const NodeView& node, const Value& value,
                              const std::string& supported) const;
  /// Codes as well as reals, as an expression; an obstacle where it is none.
  Value take_reals(const NodeView& node, std::size_t input) const;
  Expression reals_of(const Value& value) const;
  std::string layer_name(const NodeView& node);
  std::string unique_name(const std::string& name);
  int add_map(const MapShape& shape, const tensor::Code& code, float scale);
  void reshape(const NodeView& node);
  bool is_input_map(const Value& value) const;
  bool is_only_way(const NodeView& node) const;
  bool reshape_image(const NodeView& node, Value& value, const Sizes& to);
  void transpose(const NodeView& node);
  void transpose_index(const NodeView& node, Value value, const std::vector<std::size_t>& perm);
  void cast(const NodeView& node);
  void pad(const NodeView& node);

  // quantisers.cpp: the nodes; quantise.cpp: how they end pending layers and expressions.
  void quantise(const NodeView& node);
  void dequantise(const NodeView& node);
  Target target_of(const NodeView& node) const;
  void quantise_image(const NodeView& node, Value& value, const Target& target);
  void quantise_output(const NodeView& node, Value& value, const Target& target);
  void find_ends();
  bool leads_to_outputs(const std::string& name) const { return ends_.count(name) != 0; }
  int quantise_reals(const NodeView& node, const Value& value, const Target& target);
  int quantise_map(const NodeView& node, const Expression& expression, const Target& target);
  int quantise_two_maps(const NodeView& node, const Value& value, const Target& target);
  int quantise_sums(const NodeView& node, const Value& value, const Target& target);
  int quantise_window(const NodeView& node, PendingLayer& pending, const Expression& expression,
                      const Target& target);
  int quantise_concat(const NodeView& node, const Value& value, const Target& target);
  bool is_read_elsewhere(const NodeView& node, int map) const;
  bool redirect(const NodeView& node, int map, const Target& target);
  void drop_unwritten_maps();
  void combine(const NodeView& node, Layer& layer, const PendingLayer& pending,
               const Expression& expression, const Target& target);
  void check_numbers(const NodeView& node, const Layer& layer) const;
  int keep_sums(const NodeView& node, int pending);
  void check_factors(const NodeView& node, const std::string& layer,
                     const std::vector<float>& factors, const char* what) const;
  std::optional<tensor::Bounds> end_bounds(const NodeView& node, const Layer& layer,
                                           const std::vector<Expression::Step>& steps,
                                           std::size_t from, tensor::Function::Source start,
                                           const Target& target) const;
  bool combine_two(const NodeView& node, Layer& layer, const PendingLayer& pending,
                   const Expression& expression, const Target& target) const;
  std::vector<float> second_steps(const Expression& expression) const;
  std::vector<std::vector<std::int16_t>> table_of(const NodeView& node,
                                                  const Expression& expression, const Map& map,
                                                  const Target& target);
  static bool averages_less(const Layer& layer);
  static bool averages_all(const Layer& layer);
  int add_layer(Layer layer, const Target& target);
  int place(Layer layer);
  Layer take_layer(const base::Place& place, PendingLayer& pending);
  int spread_map(const NodeView& node, int map, const MapShape& to);
  void make_gemm(const base::Place& place, PendingLayer& pending);
  void make_sums(const base::Place& place, PendingLayer& pending);

  // gemm_layers.cpp: Conv, ConvTranspose, Gemm and MatMul; averages.cpp.
  /// Steps of the sums that a bias may become which the file has in another unit.
  static constexpr std::int64_t kMostBias = 1LL << 30;
  struct Weights {
    std::vector<float> scale;   ///< one a channel
    tensor::PackedCodes codes;  ///< in the order of the file
    tensor::WeightCode code;
  };
  /// What a GEMM layer's windows slide over.
  struct GemmInput {
    Value value;
    int map = kNoMap;
    float scale = 1.0F;
    bool is_averaged = false;  ///< by an average pool in front that has no quantiser
    Window average;
    std::int64_t averaged = 1;  ///< positions of its window
  };
  void convolution(const NodeView& node);
  void transposed_convolution(const NodeView& node);
  void gemm(const NodeView& node);
  void matmul(const NodeView& node);
  GemmInput take_gemm_input(const NodeView& node);
  const Constant& weight_constant(const NodeView& node) const;
  Weights weights_of(const NodeView& node, std::size_t axis, std::int64_t channels,
                     std::int64_t repeated = 1);
  tensor::WeightCode weight_code(const NodeView& node, const Constant& own,
                                 const tensor::PackedCodes& codes) const;
  void fully_connected(const NodeView& node, bool transposed, double alpha, double beta);
  void finish_gemm(const NodeView& node, const GemmInput& in, Weights weights, PendingLayer pending,
                   View view, double alpha, double beta);
  void check_map(const NodeView& node, const Layer& layer) const;
  void set_transposed_window(const NodeView& node, Layer& layer, bool one_row) const;
  static void add_to_bias(const NodeView& node, std::int32_t& bias, double more,
                          std::size_t channel, std::int64_t most = kMostBias);
  void convolve_averages(const NodeView& node, const GemmInput& in);
  void connect_averages(const NodeView& node, const GemmInput& in, bool transposed, double alpha,
                        double beta);
  void add_bias(const NodeView& node, std::size_t input, PendingLayer& pending, double factor,
                std::int64_t averaged);
  void fold_affine(const NodeView& node, PendingLayer& pending, const std::vector<double>& factor,
                   const std::vector<double>& offset);
  void check_sums(const NodeView& node, const PendingLayer& pending) const;
  void give_pending(const NodeView& node, PendingLayer pending, View view);

  // window_layers.cpp: pooling, concatenation; resizing.cpp.
  void max_pool(const NodeView& node);
  void average_pool(const NodeView& node);
  Value take_max_input(const NodeView& node) const;
  void add_max_pool(const NodeView& node, Value value, Layer layer, View view);
  void reduce_max(const NodeView& node);
  void reduce_mean(const NodeView& node);
  void reduce_sum(const NodeView& node);
  Layer reduced(const NodeView& node, const Value& value, View& view) const;
  Layer average_of(const NodeView& node, const Value& value, Layer layer) const;
  void add_average(const NodeView& node, const Value& value, Layer layer, View view);
  Value take_window_input(const NodeView& node) const;
  void concat(const NodeView& node);
  bool concat_equal(const NodeView& node, Value& value);
  void resize(const NodeView& node);
  Window window_of(const NodeView& node, const Value& value, MapShape& out) const;

  // expressions.cpp: element-wise functions and tails.
  void function(const NodeView& node);
  void clip(const NodeView& node);
  void clip_codes(const NodeView& node);
  void prelu(const NodeView& node);
  void batch_normalisation(const NodeView& node);
  void image_arithmetic(const NodeView& node, Value value, std::size_t constant);
  void apply_constant(const NodeView& node, const tensor::Operation& operation,
                      std::size_t constant);
  void two_values(const NodeView& node, const tensor::Operation& operation);
  void check_pooled(const NodeView& node, const Value& value, bool rises) const;
  bool is_foldable(const NodeView& node, std::size_t input, const Value& value) const;
  bool fold_constant(const NodeView& node, std::size_t constant);
  std::vector<double> channel_constant(const NodeView& node, std::size_t input,
                                       const Value& value) const;
  tensor::Function::Source add_constant(const NodeView& node, Expression& expression,
                                        std::vector<float> values);
  void apply(const NodeView& node, Value& value, const tensor::Operation& operation,
             std::vector<double> parameters);
  Value joined(const NodeView& node, const Value& a, const Value& b,
               const tensor::Operation& operation) const;

  PendingLayer& pending_of(const Expression& expression) {
    return pending_[static_cast<std::size_t>(expression.inputs[0].pending)];
  }

  /// Nodes between the image and the first that says which axis is what.
  static constexpr int kMostHandOn = 1024;

  Graph& graph_;
  std::string kind_;
  Network network_;
  Obstacles obstacles_;
  std::unordered_map<std::string, Value> values_;
  /// Written by nodes behind an obstacle: what reads them is no obstacle of its own.
  std::unordered_set<std::string> unknown_;
  std::unordered_map<std::string, std::vector<const Node*>> readers_;
  /// What only outputs and their tails read.
  std::unordered_set<std::string> ends_;
  std::unordered_map<std::string, int> read_count_;
  std::unordered_map<std::string, int> reads_left_;
  std::unordered_map<std::string, int> layer_names_;  ///< and the number for another of the name
  std::unordered_set<std::string> placed_names_;
  std::vector<PendingLayer> pending_;
  std::int64_t batch_ = 1;
  std::int64_t kept_ = 0;  ///< weights, and values of tables and constants, of all layers
  bool image_is_quantised_ = false;
};

}  // namespace lacuna::network
