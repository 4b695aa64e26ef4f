// A network as the machine runs it: a list of integer layers over feature maps of unsigned codes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

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

/// A sliding window with zero padding (zero point 0, so padding is the code 0).
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
  int input = 0;  ///< map it reads: 0 is the network's input, layer i writes map i + 1
  MapShape in;
  MapShape out;
  Window window;
  int groups = 1;

  /// GEMM layers: [out channel], accumulator steps to output steps. Average pooling: one value,
  /// from the sum of a window's codes to output steps.
  std::vector<float> scale;

  // GEMM layers only.
  int residual = -1;  ///< map of the shape of `out` whose codes are added to the sums, or -1
  float residual_scale = 0.0F;       ///< from the residual map's codes to output steps
  std::vector<std::int8_t> weights;  ///< [out channel][kernel y][kernel x][in channel of the group]
  std::vector<std::int32_t> bias;    ///< [out channel], in accumulator steps
  float threshold = 0.0F;  ///< in output steps: what is not above it becomes 0; a ReLU has 0
  bool logits = false;     ///< the output is the biased 32-bit sums; no requantising, no output map
  bool report_sums = false;  ///< the run reports a hash of the biased sums (workloads)

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
  MapShape input;
  int weight_bits = 8;
  int activation_bits = 8;
  float input_scale = 1.0F;  ///< real value of input code 1 (pixels are scaled to [0, 1] first)
  std::vector<Layer> layers;
  std::string file;
  std::string sha256;  ///< of the model file

  std::int64_t classes() const { return layers.back().out.values(); }
  const MapShape& map(int index) const {
    return index == 0 ? input : layers[static_cast<std::size_t>(index) - 1].out;
  }
};

}  // namespace lacuna::network
