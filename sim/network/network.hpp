// A network as the machine runs it: a list of integer layers over feature maps of codes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "tensor/code.hpp"
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
  friend bool operator==(const MapShape& a, const MapShape& b) {
    return a.height == b.height && a.width == b.width && a.channels == b.channels;
  }
};

/// A feature map: what the network reads, or one of its layers writes.
struct Map {
  MapShape shape;
  tensor::Code code;
  float scale = 1.0F;  ///< real value of operand 1
};

/// As the index of a map: none.
inline constexpr int kNoMap = -1;

/// A sliding window; its padding is real zero, operand 0.
struct Window {
  int kernel_h = 1;
  int kernel_w = 1;
  int stride_h = 1;
  int stride_w = 1;
  int pad_top = 0;
  int pad_left = 0;
  int pad_bottom = 0;
  int pad_right = 0;
};

/// A fully connected layer over a map of h x w x c is a convolution whose kernel covers the map.
/// Global average pooling is average pooling whose kernel covers the map.
enum class LayerKind : std::uint8_t { kConvolution, kFullyConnected, kMaxPool, kAveragePool };

struct Layer {
  std::string name;
  LayerKind kind = LayerKind::kConvolution;
  /// Maps it reads: first the one that its windows slide over; a GEMM layer may have a second one
  /// of the shape of `out`, whose operands are added to the sums.
  std::vector<int> inputs{0};
  int output = kNoMap;  ///< map it writes; none: see `logits`
  MapShape in;
  MapShape out;
  Window window;
  int groups = 1;

  /// GEMM layers: [out channel], accumulator steps to output steps. Average pooling: one value,
  /// from the sum of a window's operands to output steps.
  std::vector<float> scale;

  // GEMM layers only.
  float residual_scale = 0.0F;  ///< from the second map's operands to output steps
  /// Operands, code - zero point: [out channel][kernel y][kernel x][in channel of the group].
  std::vector<std::int16_t> weights;
  tensor::WeightCode weight_code;
  std::vector<std::int32_t> bias;  ///< [out channel], in accumulator steps
  tensor::Bounds bounds;           ///< of the output, in its steps; not of max pooling
  bool logits = false;  ///< the output is the biased 32-bit sums; no requantising, no output map
  bool report_sums = false;  ///< the run reports a hash of the biased sums (workloads)

  int input() const { return inputs.front(); }
  int residual() const { return inputs.size() > 1 ? inputs[1] : kNoMap; }
  bool is_gemm() const {
    return kind == LayerKind::kConvolution || kind == LayerKind::kFullyConnected;
  }
  std::int64_t taps() const { return std::int64_t{window.kernel_h} * window.kernel_w; }
  /// GEMM sizes of one image and one group: M output pixels, K reduction indices, N channels.
  std::int64_t m() const { return out.height * out.width; }
  std::int64_t k() const { return std::int64_t{window.kernel_h} * window.kernel_w * group_in(); }
  std::int64_t n() const { return out.channels / groups; }
  std::int64_t group_in() const { return in.channels / groups; }
};

struct Network {
  std::string name;
  std::vector<Map> maps;  ///< the first is the network's input
  std::vector<Layer> layers;
  std::string file;
  std::string sha256;  ///< of the model file

  const Map& input() const { return maps.front(); }
  const Map& map(int index) const { return maps[static_cast<std::size_t>(index)]; }
  std::int64_t classes() const { return layers.back().out.values(); }
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
    for (const Map& map : maps) bits = std::max(bits, map.code.bits());
    return bits;
  }
};

}  // namespace lacuna::network
