// A network as the machine runs it: a list of integer layers over feature maps of codes.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "tensor/code.hpp"
#include "tensor/function.hpp"
#include "tensor/packed_codes.hpp"
#include "tensor/requantise.hpp"
#include "tensor/weight_code.hpp"

namespace lacuna::network {

/// A feature map of one image; stored channels last: value (y, x, c) has index
/// (y * width + x) * channels + c.
struct MapShape {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t channels = 0;

  std::int64_t values() const { return height * width * channels; }
  /// Whether at most one of the sizes is more than 1.
  bool is_vector() const { return std::max({height, width, channels}) == values(); }
  friend bool operator==(const MapShape& a, const MapShape& b) {
    return a.height == b.height && a.width == b.width && a.channels == b.channels;
  }
};

/// A feature map: what the network reads, or its layers write, each channel one of them. Codes; or
/// the biased 32-bit sums of one GEMM layer, which only the post unit reads, for another one.
struct Map {
  MapShape shape;
  tensor::Code code;
  float scale = 1.0F;  ///< real value of operand 1
  bool sums = false;
};

inline constexpr int kSumBits = 32;

/// Channels [begin, begin + count) of a map.
struct ChannelSlice {
  std::int64_t begin = 0;
  std::int64_t count = 0;
};

/// As the index of a map: none.
inline constexpr int kNoMap = -1;

/// A sliding window; its padding is real zero, operand 0. Position (ky, kx) of the window of output
/// pixel (y, x) lies on row y * stride_h - pad_top + ky * dilation_h of the input with insert_h - 1
/// rows of zeros between its own; columns likewise.
struct Window {
  int kernel_h = 1;
  int kernel_w = 1;
  int stride_h = 1;
  int stride_w = 1;
  int pad_top = 0;
  int pad_left = 0;
  int pad_bottom = 0;
  int pad_right = 0;
  int dilation_h = 1;
  int dilation_w = 1;
  int insert_h = 1;  ///< more than 1: a transposed convolution of that stride
  int insert_w = 1;

  friend bool operator==(const Window& a, const Window& b) { return a.all() == b.all(); }

  /// The input row, of `height`, under window row `ky` of output row `y`; -1: padding, or between.
  std::int64_t input_row(std::int64_t y, std::int64_t ky, std::int64_t height) const {
    return place(y * stride_h - pad_top + ky * dilation_h, insert_h, height);
  }
  std::int64_t input_column(std::int64_t x, std::int64_t kx, std::int64_t width) const {
    return place(x * stride_w - pad_left + kx * dilation_w, insert_w, width);
  }

 private:
  std::array<int, 12> all() const {
    return {kernel_h,   kernel_w,  stride_h,   stride_w,   pad_top,  pad_left,
            pad_bottom, pad_right, dilation_h, dilation_w, insert_h, insert_w};
  }
  static std::int64_t place(std::int64_t at, int insert, std::int64_t size) {
    if (insert == 1) return at >= 0 && at < size ? at : -1;
    return at < 0 || at % insert != 0 || at / insert >= size ? -1 : at / insert;
  }
};

/// A fully connected layer over a map of h x w x c is a convolution whose kernel covers the map.
/// Global average pooling is average pooling whose kernel covers the map.
enum class LayerKind : std::uint8_t {
  kConvolution,
  kFullyConnected,
  kMaxPool,
  kAveragePool,
  kElementwise,  ///< a function of one map, or of two
  kResize        ///< another height and width of a map
};

/// How a second map goes into the outputs of a GEMM layer, before they are rounded.
enum class Combine : std::uint8_t {
  kNone,
  kAdd,       ///< sums * scale + operands * operand_scale
  kMultiply,  ///< sums * scale * operands
  kFunction   ///< `function` of the real values of the sums and, if there is one, of a second map
};

/// The rows (columns) of a map that a row (column) of the resized one is made of: nearest, `first`
/// alone; linear, both with their weights.
struct Sample {
  std::int32_t first = 0;
  std::int32_t second = 0;
  float weight_first = 1.0F;
  float weight_second = 0.0F;
};

struct Layer {
  std::string name;
  LayerKind kind = LayerKind::kConvolution;
  /// Maps it reads: first the one that its windows slide over. A GEMM layer may have a second one
  /// of the shape of `out`, which the post unit reads; a function of two maps has two, of which
  /// the second may have 1 x 1 pixels, which stand for all, or one channel, which stands for all.
  std::vector<int> inputs{0};
  int output = kNoMap;  ///< map it writes; none: see `logits`
  /// Channel of that map which channel 0 of its outputs is: several layers may write a map, each a
  /// slice of its channels.
  std::int64_t output_channel = 0;
  MapShape in;   ///< of the first map
  MapShape out;  ///< of what it writes, all of its map or a slice
  Window window;
  int groups = 1;

  /// GEMM layers: [out channel], accumulator steps to output steps, or, where they combine by a
  /// function, to real values. Average pooling: from the sum of a window's operands to output
  /// steps, one for all windows, or [count - 1] for windows that average `count` values.
  std::vector<float> scale;
  tensor::Bounds bounds;  ///< of the output, in its steps; of all that round to codes anew

  // GEMM layers only.
  Combine combine = Combine::kNone;
  /// kAdd: from the second map's operands (or sums) to output steps; one, or [out channel].
  std::vector<float> operand_scale;
  bool relu_first = false;  ///< kMultiply: sums that stand for less than 0 count as 0
  /// Codes: [out channel][kernel y][kernel x][in channel of the group].
  tensor::PackedCodes weights;
  tensor::WeightCode weight_code;
  std::vector<std::int32_t> bias;  ///< [out channel], in accumulator steps
  bool logits = false;  ///< the output is the biased 32-bit sums; no requantising, no output map
  bool report_sums = false;  ///< the run reports a hash of the biased sums (workloads)

  /// Element-wise layers, and GEMM layers that combine so: of real values, to a real value, which
  /// is divided by the output's scale and rounded within the bounds.
  tensor::Function function;
  /// Element-wise layers of one map and nearest resizing: what becomes of the map's
  /// operands: [channel, or one for all][operand - lowest operand]. Empty: they stay.
  std::vector<std::vector<std::int16_t>> tables;
  bool count_padding = false;       ///< average pooling counts positions in the padding, too
  bool linear = false;              ///< resizing: linear, else nearest
  std::vector<Sample> sample_rows;  ///< [output row]; resizing only
  std::vector<Sample> sample_columns;

  int input() const { return inputs.front(); }
  /// The second map, or kNoMap.
  int residual() const { return inputs.size() > 1 ? inputs[1] : kNoMap; }
  bool is_pool() const { return kind == LayerKind::kMaxPool || kind == LayerKind::kAveragePool; }
  /// Entries of the post unit that a pixel of a layer over maps takes, for each channel tile: its
  /// window's positions, an operand of each map, or the pixels that it is made of. `broadcast`: the
  /// second map has one pixel, which is read once a step and image instead.
  std::int64_t entries_a_pixel(bool broadcast) const {
    if (kind == LayerKind::kResize) return linear ? 4 : 1;
    if (kind == LayerKind::kElementwise) return inputs.size() > 1 && !broadcast ? 2 : 1;
    return taps();
  }
  bool is_gemm() const {
    return kind == LayerKind::kConvolution || kind == LayerKind::kFullyConnected;
  }
  std::int64_t taps() const { return std::int64_t{window.kernel_h} * window.kernel_w; }
  /// GEMM sizes of one image and one group: M output pixels, K reduction indices, N channels.
  std::int64_t m() const { return out.height * out.width; }
  std::int64_t k() const { return std::int64_t{window.kernel_h} * window.kernel_w * group_in(); }
  std::int64_t n() const { return out.channels / groups; }
  std::int64_t group_in() const { return in.channels / groups; }

  /// What the array multiplies by at reduction index `k` of an output channel: code - zero point.
  std::int16_t operand(std::int64_t channel, std::int64_t k) const {
    const int code =
        weights.at(static_cast<std::size_t>(channel * this->k() + k), weight_code.is_signed);
    return static_cast<std::int16_t>(code - weight_code.zero_point(channel));
  }
};

/// What becomes of an output's real values, in double, rounded to float32 once.
enum class Tail : std::uint8_t { kNone, kSoftmax, kLogSoftmax, kSigmoid };

enum class Axis : std::uint8_t { kHeight, kWidth, kChannel };

/// One of the outputs as the file has them.
struct Output {
  std::string name;
  int layer = -1;  ///< whose biased sums it is: Layer::logits; or
  int map = kNoMap;
  /// Real value of a step of the sums, [channel]; of a map its own scale counts.
  std::vector<float> scale;
  /// Sums that the file quantises: they are rounded to this code and scale first.
  bool quantised = false;
  tensor::Code code;
  tensor::Bounds bounds;
  float code_scale = 1.0F;
  std::vector<float> code_factor;  ///< [channel], from sums to steps of that code
  tensor::Function function;       ///< of real values, before the tail; empty: none
  Tail tail = Tail::kNone;
  bool tail_quantised = false;  ///< what the tail gives is rounded to tail_code and its scale
  tensor::Code tail_code;
  float tail_scale = 1.0F;
  bool codes = false;  ///< the file shows the codes of the last of these quantisers, or of the map
  bool arg_max = false;  ///< of each pixel the file shows the first channel of the largest value
  /// In which the file has them, outermost first.
  std::array<Axis, 3> order = {Axis::kChannel, Axis::kHeight, Axis::kWidth};
  std::vector<std::int64_t> sizes;  ///< as the file shows one image's, without the batch
};

/// A step from a pixel to the real value that the first quantiser reads, in float32.
struct InputStep {
  enum class Kind : std::uint8_t {
    kAdd,
    kSubtract,
    kMultiply,
    kDivide,
    kHalf  ///< rounds to the nearest float16, ties to even
  } kind = Kind::kMultiply;
  std::vector<float> values;  ///< one, or [channel]; none of kHalf
};

struct Network {
  std::string name;
  std::vector<Map> maps;  ///< the first is the network's input
  std::vector<Layer> layers;
  std::vector<Output> outputs;     ///< as in the file
  std::vector<std::string> notes;  ///< what the import did that a reader of the file may not expect
  // How an image comes to the first map.
  bool input_codes = false;            ///< the file reads codes (uint8, int8), not real values
  bool input_integers = false;         ///< it reads integers, and takes them as real values
  bool input_channels_last = false;    ///< the file reads [N, height, width, channels]
  std::vector<InputStep> input_steps;  ///< that the file names in front of its first quantiser
  std::string file;
  std::string sha256;  ///< of the model file

  const Map& input() const { return maps.front(); }
  const Map& map(int index) const { return maps[static_cast<std::size_t>(index)]; }
  /// What of a map each of its writers writes, by channel; of the input all in one.
  std::vector<ChannelSlice> slices(int index) const {
    std::vector<ChannelSlice> list;
    for (const Layer& layer : layers) {
      if (layer.output == index) list.push_back({layer.output_channel, layer.out.channels});
    }
    if (index == 0) list = {{0, map(index).shape.channels}};
    std::sort(list.begin(), list.end(),
              [](const ChannelSlice& a, const ChannelSlice& b) { return a.begin < b.begin; });
    return list;
  }
  /// Whether a layer over maps has a second one of one pixel, which stands for all.
  bool is_broadcast(const Layer& layer) const {
    if (layer.kind != LayerKind::kElementwise || layer.inputs.size() < 2) return false;
    const MapShape& shape = map(layer.inputs[1]).shape;
    return shape.height == 1 && shape.width == 1 && layer.out.height * layer.out.width > 1;
  }
  const MapShape& shape_of(const Output& output) const {
    return output.layer >= 0 ? layers[static_cast<std::size_t>(output.layer)].out
                             : map(output.map).shape;
  }
  /// Integers that an image's outputs are made of, one output behind the other, each
  /// [y][x][channel]: sums or operands.
  std::int64_t output_values() const {
    std::int64_t values = 0;
    for (const Output& output : outputs) values += shape_of(output).values();
    return values;
  }
  bool is_output(int map) const {
    return std::any_of(outputs.begin(), outputs.end(),
                       [&](const Output& output) { return output.map == map; });
  }
  /// Of the widest weights, or activations.
  int weight_bits() const {
    int bits = 1;
    for (const Layer& layer : layers) {
      if (layer.is_gemm()) bits = std::max(bits, layer.weight_code.bits);
    }
    return bits;
  }
  int activation_bits() const {
    int bits = 1;
    for (const Map& map : maps) bits = std::max(bits, map.sums ? 1 : map.code.bits());
    return bits;
  }
};

}  // namespace lacuna::network
