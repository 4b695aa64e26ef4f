#include "unit/mapping/random_case.hpp"

#include <algorithm>
#include <random>
#include <string>

namespace lacuna::mapping::testing {
namespace {

class Draw {
 public:
  explicit Draw(std::uint32_t seed) : engine_(seed) {}

  /// Evenly from [low, high]; by remainder, since the standard's distributions are not portable.
  int between(int low, int high) {
    return low + static_cast<int>(engine_() % static_cast<std::uint32_t>(high - low + 1));
  }
  bool one_in(int chances) { return between(1, chances) == 1; }

 private:
  std::mt19937 engine_;
};

arch::AcceleratorSpec random_machine(Draw& draw) {
  arch::AcceleratorSpec spec;
  spec.file = "random";
  arch::ArraySpec& array = spec.array;
  array.rows = draw.between(1, 6);
  array.cols = draw.between(1, 6);
  array.weights_per_pe = draw.between(1, 5);
  array.psum_fifo_depth = draw.between(2, 4);
  array.local_accumulators = draw.between(1, 2);
  array.weight_load = draw.one_in(2) ? arch::WeightLoad::kSerial : arch::WeightLoad::kShadowed;
  array.k_order = draw.one_in(2) ? arch::KOrder::kBlocked : arch::KOrder::kInterleaved;
  array.whole_folds = draw.one_in(4);
  spec.zero_skipping = static_cast<arch::ZeroSkipping>(draw.between(0, 2));
  spec.precision.weight_bits = draw.between(2, 8);
  spec.precision.activation_bits = draw.between(2, 8);
  spec.weight_sram.word_bits = draw.between(8, 40);
  spec.weight_sram.banks = 8;
  spec.weight_sram.encoding = static_cast<tensor::Encoding>(draw.between(0, 2));
  if (!draw.one_in(4)) {
    spec.weight_sram.capacity_bytes = spec.weight_sram.word_bits * draw.between(2, 30);
  }
  spec.activation_sram.word_bits = draw.between(8, 40);
  spec.activation_sram.banks = 2;
  if (!draw.one_in(4)) {
    spec.activation_sram.capacity_bytes = spec.activation_sram.word_bits * draw.between(1, 20);
  }
  if (!draw.one_in(4)) spec.accumulators.entries_per_lane = draw.between(4, 100);
  if (!draw.one_in(4)) spec.post.lanes = draw.between(1, array.cols);
  spec.post.latency_cycles = draw.between(0, 5);
  spec.dram.latency_cycles = draw.between(0, 20);
  if (!draw.one_in(4)) spec.dram.bytes_per_cycle = draw.between(1, 8);
  return spec;
}

/// A kernel side not above `limit`, the extent with padding.
int kernel_side(Draw& draw, std::int64_t limit) {
  return draw.between(1, static_cast<int>(std::min<std::int64_t>(3, limit)));
}

void random_average(Draw& draw, network::Layer& layer) {
  network::Window& w = layer.window;
  layer.kind = network::LayerKind::kAveragePool;
  w.kernel_h = kernel_side(draw, layer.in.height);
  w.kernel_w = kernel_side(draw, layer.in.width);
  w.stride_h = draw.between(1, 3);
  w.stride_w = draw.between(1, 3);
  if (draw.one_in(3)) {  // global
    w.kernel_h = static_cast<int>(layer.in.height);
    w.kernel_w = static_cast<int>(layer.in.width);
  }
  // Output steps from half as wide as the input's, where codes saturate, to twice as wide; with
  // windows of 2 x 2 and the like many sums are ties.
  layer.scale = {
      1.0F / (static_cast<float>(layer.taps()) * 0.5F * static_cast<float>(draw.between(1, 4)))};
}

void random_pool(Draw& draw, network::Layer& layer) {
  if (draw.one_in(2)) return random_average(draw, layer);
  network::Window& w = layer.window;
  layer.kind = network::LayerKind::kMaxPool;
  w.kernel_h = kernel_side(draw, layer.in.height);
  w.kernel_w = kernel_side(draw, layer.in.width);
  if (draw.one_in(2)) {
    w.stride_h = w.kernel_h;
    w.stride_w = w.kernel_w;
    return;
  }
  w.stride_h = draw.between(1, 2);
  w.stride_w = draw.between(1, 2);
  w.pad_top = draw.between(0, w.kernel_h - 1);
  w.pad_left = draw.between(0, w.kernel_w - 1);
}

void random_convolution(Draw& draw, network::Layer& layer) {
  network::Window& w = layer.window;
  w.kernel_h = kernel_side(draw, layer.in.height);
  w.kernel_w = kernel_side(draw, layer.in.width);
  w.stride_h = draw.between(1, 2);
  w.stride_w = draw.between(1, 2);
  w.pad_top = draw.between(0, w.kernel_h - 1);
  w.pad_bottom = draw.between(0, w.kernel_h - 1);
  w.pad_left = draw.between(0, w.kernel_w - 1);
  w.pad_right = draw.between(0, w.kernel_w - 1);
  if (layer.in.channels % 2 == 0 && draw.one_in(3)) {
    layer.groups = 2;
  } else if (draw.one_in(5)) {
    layer.groups = static_cast<int>(layer.in.channels);  // depthwise
  }
}

// Padding that gives the output the input's size, as in most blocks with a residual operand.
void keep_size(network::Layer& layer) {
  network::Window& w = layer.window;
  w.stride_h = w.stride_w = 1;
  w.pad_top = (w.kernel_h - 1) / 2;
  w.pad_bottom = w.kernel_h - 1 - w.pad_top;
  w.pad_left = w.kernel_w / 2;
  w.pad_right = w.kernel_w - 1 - w.pad_left;
}

// Any earlier map of the output's size, whose channels the output then has, too.
void random_residual(Draw& draw, const network::Network& network, network::Layer& layer) {
  std::vector<int> fit;
  for (int map = 0; map < static_cast<int>(network.maps.size()); ++map) {
    const network::MapShape& shape = network.map(map).shape;
    if (shape.height == layer.out.height && shape.width == layer.out.width) fit.push_back(map);
  }
  if (fit.empty()) return;
  layer.inputs.push_back(
      fit[static_cast<std::size_t>(draw.between(0, static_cast<int>(fit.size()) - 1))]);
  layer.residual_scale = 0.3F * static_cast<float>(draw.between(1, 5));
  layer.out.channels = network.map(layer.residual()).shape.channels;
  if (layer.out.channels % layer.groups != 0) layer.groups = 1;
}

void random_operands(Draw& draw, network::Layer& layer, int weight_bits) {
  const int limit = (1 << (weight_bits - 1)) - 1;
  layer.weights.resize(static_cast<std::size_t>(layer.out.channels * layer.k()));
  for (std::int16_t& weight : layer.weights) {
    weight = static_cast<std::int16_t>(draw.between(-limit, limit));
  }
  layer.bias.resize(static_cast<std::size_t>(layer.out.channels));
  for (std::int32_t& bias : layer.bias) bias = draw.between(-50, 50);
  layer.scale.assign(static_cast<std::size_t>(layer.out.channels), 0.05F);
  if (draw.one_in(3)) layer.bounds.threshold = 0.25F * static_cast<float>(draw.between(1, 12));
}

}  // namespace

void LayerKinds::count(const network::Network& network) {
  const auto any = [&](auto is) {
    return std::any_of(network.layers.begin(), network.layers.end(), is) ? 1 : 0;
  };
  residuals += any([](const auto& layer) { return layer.residual() >= 0; });
  thresholds +=
      any([](const auto& layer) { return layer.bounds.threshold > 0.0F && !layer.logits; });
  average_pools +=
      any([](const auto& layer) { return layer.kind == network::LayerKind::kAveragePool; });
}

RandomCase random_case(std::uint32_t seed) {
  Draw draw(seed);
  RandomCase c;
  c.spec = random_machine(draw);
  c.batch = draw.between(1, 3);
  c.network.name = "random";
  const int weight_bits = draw.between(2, c.spec.precision.weight_bits);
  const tensor::Code code =
      tensor::unsigned_code(draw.between(2, c.spec.precision.activation_bits));
  const network::MapShape input{draw.between(1, 9), draw.between(1, 9), draw.between(1, 6)};
  c.network.maps = {{input, code, 1.0F}};
  network::MapShape shape = input;
  const int layers = draw.between(1, 5);
  for (int i = 0; i < layers; ++i) {
    network::Layer layer;
    layer.name = "layer" + std::to_string(i);
    // Mostly a chain; a branch reads an earlier map, and the one before it may have no reader.
    layer.inputs = {i > 1 && draw.one_in(5) ? draw.between(0, i - 1) : i};
    layer.in = shape = c.network.map(layer.input()).shape;
    const bool last = i == layers - 1;
    if (i > 0 && !last && draw.one_in(2)) {
      random_pool(draw, layer);
    } else {
      random_convolution(draw, layer);
      if (draw.one_in(3)) keep_size(layer);
    }
    const network::Window& w = layer.window;
    layer.out.height = (shape.height + w.pad_top + w.pad_bottom - w.kernel_h) / w.stride_h + 1;
    layer.out.width = (shape.width + w.pad_left + w.pad_right - w.kernel_w) / w.stride_w + 1;
    layer.out.channels = shape.channels;
    if (layer.is_gemm()) {
      layer.out.channels = layer.groups * draw.between(1, 9);
      layer.logits = last && draw.one_in(2);
      layer.report_sums = last && !layer.logits && layers == 1;
      if (!layer.logits && draw.one_in(2)) random_residual(draw, c.network, layer);
      layer.weight_code.bits = weight_bits;
      random_operands(draw, layer, weight_bits);
    }
    shape = layer.out;
    layer.bounds.high = static_cast<float>(code.high);
    if (!layer.logits) {
      layer.output = static_cast<int>(c.network.maps.size());
      c.network.maps.push_back({layer.out, code, 1.0F});
    }
    c.network.layers.push_back(std::move(layer));
  }
  return c;
}

}  // namespace lacuna::mapping::testing
