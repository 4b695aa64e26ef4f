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

/// A fraction of bytes a cycle, said so or in 10^9 bytes/s, for a third of the limited machines.
/// From numbers of its own: all else of a seed's case stays as it is.
void draw_rate(std::uint32_t seed, arch::AcceleratorSpec& spec) {
  Draw draw(seed + 0x52617465U);
  if (!spec.dram.bytes_per_cycle || !draw.one_in(3)) return;
  if (draw.one_in(2)) {
    spec.dram.bytes_per_cycle = base::Ratio(draw.between(100'000, 8'000'000), 1'000'000);
    return;
  }
  spec.clock_mhz = draw.between(1, 3000);  // a tenth to eight bytes a cycle
  const base::Ratio a_second(draw.between((spec.clock_mhz + 9) / 10, 8 * spec.clock_mhz), 1000);
  spec.dram.gigabytes_per_second = a_second;
  spec.dram.bytes_per_cycle = arch::bytes_per_cycle(a_second, spec.clock_mhz);
}

/// A kernel side not above `limit`, the extent with padding.
int kernel_side(Draw& draw, std::int64_t limit) {
  return draw.between(1, static_cast<int>(std::min<std::int64_t>(3, limit)));
}

tensor::Code random_code(Draw& draw, int most_bits) {
  const int bits = draw.between(2, most_bits);
  tensor::Code code = draw.one_in(3) ? tensor::signed_code(bits) : tensor::unsigned_code(bits);
  if (draw.one_in(4)) ++code.low;  // narrow
  code.zero_point = std::max(code.low, 0);
  if (draw.one_in(2)) code.zero_point = draw.between(code.low, code.high);
  return code;
}

std::int64_t extent(int kernel, int dilation) { return std::int64_t{kernel - 1} * dilation + 1; }

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
  if (draw.one_in(2)) {
    w.pad_top = draw.between(0, w.kernel_h - 1);
    w.pad_left = draw.between(0, w.kernel_w - 1);
    layer.count_padding = draw.one_in(2);
    for (std::int64_t count = 1; count <= layer.taps(); ++count) {
      layer.scale.push_back(1.0F / (0.75F * static_cast<float>(count)));
    }
    return;
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
  if (!draw.one_in(5)) {
    w.stride_h = w.kernel_h;
    w.stride_w = w.kernel_w;
    return;
  }
  w.stride_h = draw.between(1, 2);
  w.stride_w = draw.between(1, 2);
  w.pad_top = draw.between(0, w.kernel_h - 1);
  w.pad_left = draw.between(0, w.kernel_w - 1);
}

/// A map that may grow: the naive evaluations go through its passes cycle by cycle.
constexpr std::int64_t kFewPixels = 12;

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
  if (draw.one_in(4)) {
    w.dilation_h = w.dilation_w = 2;
    const bool fits = extent(w.kernel_h, 2) <= layer.in.height + w.pad_top + w.pad_bottom &&
                      extent(w.kernel_w, 2) <= layer.in.width + w.pad_left + w.pad_right;
    if (!fits) w.dilation_h = w.dilation_w = 1;
  } else if (draw.one_in(4) && layer.in.height * layer.in.width <= kFewPixels) {
    w.insert_h = draw.between(1, 3);
    w.insert_w = draw.between(1, 3);
    w.stride_h = w.stride_w = 1;
  }
  if (layer.in.channels % 2 == 0 && draw.one_in(3)) {
    layer.groups = 2;
  } else if (draw.one_in(5)) {
    layer.groups = static_cast<int>(layer.in.channels);  // depthwise
  }
}

// Padding that gives the output the input's size, as in most blocks with a residual operand.
void keep_size(network::Layer& layer) {
  network::Window& w = layer.window;
  w.stride_h = w.stride_w = w.insert_h = w.insert_w = w.dilation_h = w.dilation_w = 1;
  w.pad_top = (w.kernel_h - 1) / 2;
  w.pad_bottom = w.kernel_h - 1 - w.pad_top;
  w.pad_left = w.kernel_w / 2;
  w.pad_right = w.kernel_w - 1 - w.pad_left;
}

// A table of what a function of one map's operands gives.
std::vector<std::vector<std::int16_t>> tables_of(const network::Layer& layer,
                                                 const network::Map& from, const network::Map& to) {
  std::vector<std::vector<std::int16_t>> tables;
  const std::int64_t channels = layer.function.by_channel() ? layer.out.channels : 1;
  for (std::int64_t c = 0; c < channels; ++c) {
    tables.emplace_back();
    for (int p = from.code.lowest_operand(); p <= from.code.highest_operand(); ++p) {
      const float real = static_cast<float>(p) * from.scale;
      tables.back().push_back(tensor::quantise(layer.function(&real, c), to.scale, layer.bounds));
    }
  }
  return tables;
}

std::vector<network::Sample> random_samples(Draw& draw, std::int64_t in, std::int64_t out,
                                            bool linear) {
  std::vector<network::Sample> samples;
  for (std::int64_t o = 0; o < out; ++o) {
    network::Sample sample;
    sample.first = static_cast<std::int32_t>(o * in / out);
    sample.second = std::min<std::int32_t>(sample.first + 1, static_cast<std::int32_t>(in) - 1);
    if (linear) {
      sample.weight_second = 0.125F * static_cast<float>(draw.between(0, 8));
      sample.weight_first = 1.0F - sample.weight_second;
    } else {
      sample.second = sample.first;
    }
    samples.push_back(sample);
  }
  return samples;
}

// An element-wise layer of one map or two, or one that resizes.
void random_transform(Draw& draw, const network::Network& network, network::Layer& layer) {
  if (draw.one_in(3)) {
    layer.kind = network::LayerKind::kResize;
    layer.linear = draw.one_in(2);
    layer.out.height = draw.between(1, 5);
    layer.out.width = draw.between(1, 5);
    layer.out.channels = layer.in.channels;
    layer.sample_rows = random_samples(draw, layer.in.height, layer.out.height, layer.linear);
    layer.sample_columns = random_samples(draw, layer.in.width, layer.out.width, layer.linear);
    return;
  }
  layer.kind = network::LayerKind::kElementwise;
  layer.out = layer.in;
  std::vector<int> fit;
  for (int map = 0; map < static_cast<int>(network.maps.size()); ++map) {
    if (network.map(map).sums) continue;
    const network::MapShape& shape = network.map(map).shape;
    const bool pixels = shape.height == layer.in.height && shape.width == layer.in.width;
    const bool one = shape.height == 1 && shape.width == 1;
    if ((pixels || one) && shape.channels == layer.in.channels) fit.push_back(map);
    if (pixels && shape.channels == 1) fit.push_back(map);
  }
  if (draw.one_in(3)) return;
  layer.inputs.push_back(
      fit[static_cast<std::size_t>(draw.between(0, static_cast<int>(fit.size()) - 1))]);
}

/// Maps of codes of that height and width, but for one.
std::vector<int> maps_of_size(const network::Network& network, const network::MapShape& wanted,
                              int without) {
  std::vector<int> fit;
  for (int map = 0; map < static_cast<int>(network.maps.size()); ++map) {
    const network::MapShape& shape = network.map(map).shape;
    if (network.map(map).sums || map == without) continue;
    if (shape.height == wanted.height && shape.width == wanted.width) fit.push_back(map);
  }
  return fit;
}

// Any earlier map of the output's size, whose channels the output then has, too.
void random_residual(Draw& draw, const network::Network& network, network::Layer& layer,
                     int without) {
  const std::vector<int> fit = maps_of_size(network, layer.out, without);
  if (fit.empty()) return;
  layer.inputs.push_back(
      fit[static_cast<std::size_t>(draw.between(0, static_cast<int>(fit.size()) - 1))]);
  layer.combine = static_cast<network::Combine>(draw.between(1, 3));
  layer.relu_first = draw.one_in(2);
  if (layer.combine != network::Combine::kMultiply) {
    layer.operand_scale = {0.3F * static_cast<float>(draw.between(-3, 5))};
  }
  layer.out.channels = network.map(layer.residual()).shape.channels;
  if (layer.out.channels % layer.groups != 0) layer.groups = 1;
}

// Some of what networks compute, of one value and of two.
tensor::Function random_function(Draw& draw, bool two, std::int64_t channels) {
  tensor::Function function;
  using tensor::find_operation;
  auto value = tensor::Function::input(0);
  if (two) {
    static constexpr const char* kNames[] = {"Add", "Sub", "Mul", "Max"};
    value = function.step(*find_operation(kNames[draw.between(0, 3)]),
                          {value, tensor::Function::input(1)});
    if (draw.one_in(2)) return function;
  }
  switch (draw.between(0, 3)) {
    case 0:
      function.step(*find_operation("LeakyRelu"), {value}, {0.25});
      break;
    case 1:
      function.step(*find_operation("HardSwish"), {value});
      break;
    case 2: {  // x * Sigmoid(x)
      const auto gate = function.step(*find_operation("Sigmoid"), {value});
      function.step(*find_operation("Mul"), {value, gate});
      break;
    }
    default: {  // a slope a channel
      std::vector<float> slopes;
      for (std::int64_t c = 0; c < channels; ++c) {
        slopes.push_back(0.125F * static_cast<float>(draw.between(-4, 4)));
      }
      const auto slope = function.constant(slopes);
      function.step(*find_operation("PRelu"), {value, slope});
    }
  }
  return function;
}

void random_weights(Draw& draw, network::Layer& layer, int most_bits) {
  tensor::WeightCode& code = layer.weight_code;
  code.bits = draw.between(2, most_bits);
  code.is_signed = !draw.one_in(4);
  // Sign-magnitude has no lowest code.
  const int low = code.is_signed ? 1 - (1 << (code.bits - 1)) : 0;
  const int high = (1 << (code.is_signed ? code.bits - 1 : code.bits)) - 1;
  if (!code.is_signed || draw.one_in(4)) {
    for (std::int64_t c = 0; c < layer.out.channels; ++c) {
      code.zero_points.push_back(static_cast<std::int16_t>(draw.between(low, high)));
    }
  }
  layer.weights.assign(static_cast<std::size_t>(layer.out.channels * layer.k()), 0);
  for (std::size_t i = 0; i < layer.weights.size(); ++i) {
    layer.weights.set(i, draw.between(low, high));
  }
}

void random_operands(Draw& draw, network::Layer& layer, int weight_bits) {
  random_weights(draw, layer, weight_bits);
  layer.bias.resize(static_cast<std::size_t>(layer.out.channels));
  for (std::int32_t& bias : layer.bias) bias = draw.between(-50, 50);
  layer.scale.assign(static_cast<std::size_t>(layer.out.channels), 0.05F);
  if (draw.one_in(6)) layer.scale.front() = draw.one_in(2) ? -0.07F : 0.0F;
}

// A ReLU, one with a threshold, or none.
tensor::Bounds random_bounds(Draw& draw, const tensor::Code& code) {
  tensor::Bounds bounds = tensor::bounds_of(code);
  if (draw.one_in(2)) bounds.low = std::max(bounds.low, 0.0F);
  if (draw.one_in(3)) bounds.threshold = 0.25F * static_cast<float>(draw.between(1, 12));
  if (draw.one_in(5)) bounds.high = std::min(bounds.high, 3.0F);
  bounds.high = std::max(bounds.low, bounds.high);
  return bounds;
}

}  // namespace

namespace {

bool is_read(const network::Network& network, int map) {
  return network.is_output(map) ||
         std::any_of(network.layers.begin(), network.layers.end(), [&](const auto& layer) {
           return layer.input() == map || layer.residual() == map;
         });
}

/// A layer whose output has the height and width of map `to`, of which it is to write a slice, from
/// another map; a convolution where `gemm`. false where no map fits.
bool random_slice(Draw& draw, const network::Network& network, int to, bool gemm,
                  network::Layer& layer) {
  const network::Map& own = network.map(to);
  const std::vector<int> fit = maps_of_size(network, own.shape, to);
  const auto read = [&](int map) {
    layer.inputs = {map};
    layer.in = network.map(map).shape;
    layer.out = {own.shape.height, own.shape.width, layer.in.channels};
  };
  if (!fit.empty() && (gemm || !draw.one_in(4))) {
    read(fit[static_cast<std::size_t>(draw.between(0, static_cast<int>(fit.size()) - 1))]);
    const bool equal = network.map(layer.input()).code == own.code;
    const int kind = gemm ? 0 : draw.between(0, 4);
    if (kind >= 3) {
      layer.kind = network::LayerKind::kElementwise;  // of equal codes a copy, at times
      return true;
    }
    layer.window.kernel_h = kernel_side(draw, layer.in.height);
    layer.window.kernel_w = kernel_side(draw, layer.in.width);
    keep_size(layer);
    if (kind == 1) {
      layer.kind = network::LayerKind::kAveragePool;
      for (std::int64_t count = 1; count <= layer.taps(); ++count) {
        layer.scale.push_back(1.0F / static_cast<float>(count));
      }
    } else if (kind == 2 && equal) {
      layer.kind = network::LayerKind::kMaxPool;
    }
    return true;
  }
  if (gemm) return false;
  const int map = draw.between(0, to - 1);
  read(network.map(map).sums ? 0 : map);
  layer.kind = network::LayerKind::kResize;
  layer.linear = draw.one_in(2);
  layer.sample_rows = random_samples(draw, layer.in.height, layer.out.height, layer.linear);
  layer.sample_columns = random_samples(draw, layer.in.width, layer.out.width, layer.linear);
  return true;
}

/// Gives the layer channels of the map behind those that are there, or in front of them.
void take_channels(Draw& draw, network::Network& network, int map, network::Layer& layer) {
  network::MapShape& shape = network.maps[static_cast<std::size_t>(map)].shape;
  layer.output = map;
  if (draw.one_in(2)) {
    layer.output_channel = shape.channels;
  } else {
    for (network::Layer& other : network.layers) {
      if (other.output == map) other.output_channel += layer.out.channels;
    }
  }
  shape.channels += layer.out.channels;
}

}  // namespace

void LayerKinds::count(const network::Network& network) {
  const auto any = [&](auto is) {
    return std::any_of(network.layers.begin(), network.layers.end(), is) ? 1 : 0;
  };
  outputs += network.outputs.size() > 1 ? 1 : 0;
  map_outputs += std::any_of(network.outputs.begin(), network.outputs.end(),
                             [](const auto& output) { return output.map >= 0; })
                     ? 1
                     : 0;
  residuals += any([](const auto& layer) { return layer.residual() >= 0; });
  thresholds +=
      any([](const auto& layer) { return layer.bounds.threshold > 0.0F && !layer.logits; });
  const auto any_map = [&](auto is) {
    return std::any_of(network.maps.begin(), network.maps.end(), is) ? 1 : 0;
  };
  zero_points += any_map([](const auto& map) { return map.code.zero_point != 0; });
  signed_maps += any_map([](const auto& map) { return map.code.is_signed(); });
  weight_zero_points +=
      any([](const auto& layer) { return !layer.weight_code.zero_points.empty(); });
  unsigned_weights += any([](const auto& layer) { return !layer.weight_code.is_signed; });
  dilated += any([](const auto& layer) { return layer.is_gemm() && layer.window.dilation_h > 1; });
  transposed +=
      any([](const auto& layer) { return layer.window.insert_h > 1 || layer.window.insert_w > 1; });
  grouped += any([](const auto& layer) { return layer.groups > 1; });
  elementwise += any([](const auto& layer) {
    return layer.kind == network::LayerKind::kElementwise && layer.inputs.size() > 1;
  });
  tables += any([](const auto& layer) {
    return layer.kind == network::LayerKind::kElementwise && layer.inputs.size() == 1;
  });
  resizes += any([](const auto& layer) { return layer.kind == network::LayerKind::kResize; });
  products += any([](const auto& layer) { return layer.combine == network::Combine::kMultiply; });
  functions += any([](const auto& layer) { return layer.combine == network::Combine::kFunction; });
  depthwise += any([](const auto& layer) {
    return layer.groups > 1 && layer.groups == static_cast<int>(layer.in.channels);
  });
  slices += any([](const auto& layer) { return layer.output_channel > 0; });
  kept_sums += any_map([](const auto& map) { return map.sums; });
  average_pools +=
      any([](const auto& layer) { return layer.kind == network::LayerKind::kAveragePool; });
}

std::uint8_t random_byte(const tensor::Code& code, bool zero, std::uint64_t random) {
  const auto others = static_cast<std::uint64_t>(code.high - code.low);
  int number = code.low + static_cast<int>(random % others);
  if (number >= code.zero_point) ++number;
  return static_cast<std::uint8_t>(zero ? code.zero_point : number);
}

namespace {

/// What a layer is to be, besides its kind.
struct Role {
  int index = 0;
  bool last = false;
  bool adds = false;   ///< the sums that the layer before keeps
  bool joins = false;  ///< it writes another slice of the newest map, which nobody reads yet
  bool keeps = false;  ///< its sums are a map
};

// Chooses the layer's kind, what it reads, and its height and width.
void choose_kind(Draw& draw, const network::Network& network, Role& role, network::Layer& layer) {
  // Mostly a chain; a branch reads an earlier map, and the one before it may have no reader.
  const int newest = static_cast<int>(network.maps.size()) - 1;
  layer.inputs = {newest > 0 && draw.one_in(5) ? draw.between(0, newest - 1) : newest};
  if (network.map(layer.input()).sums) layer.inputs = {0};
  layer.in = network.map(layer.input()).shape;
  role.adds = network.maps.back().sums;
  role.joins = newest > 0 && !role.adds && !is_read(network, newest) && draw.one_in(8) &&
               random_slice(draw, network, newest, role.last, layer);
  if (role.adds) {
    const network::Layer& before = network.layers.back();
    layer.inputs = {before.input(), newest};
    layer.in = before.in;
    layer.out = before.out;
    layer.window = before.window;
    layer.groups = before.groups;
    layer.combine = draw.one_in(3) ? network::Combine::kFunction : network::Combine::kAdd;
    for (std::int64_t channel = 0; channel < layer.out.channels; ++channel) {
      layer.operand_scale.push_back(0.01F * static_cast<float>(draw.between(-3, 5)));
    }
    return;
  }
  if (role.joins) return;
  const bool inside = role.index > 0 && !role.last;
  if (inside && draw.one_in(6)) return random_transform(draw, network, layer);
  if (inside && draw.between(1, 10) <= (network.layers.back().is_gemm() ? 7 : 4)) {
    random_pool(draw, layer);
  } else {
    random_convolution(draw, layer);
    if (draw.one_in(3)) keep_size(layer);
  }
  const network::Window& w = layer.window;
  const auto side = [](std::int64_t in, int insert, int pads, int kernel, int dilation,
                       int stride) {
    return ((in - 1) * insert + 1 + pads - extent(kernel, dilation)) / stride + 1;
  };
  layer.out.channels = layer.in.channels;
  layer.out.height = side(layer.in.height, w.insert_h, w.pad_top + w.pad_bottom, w.kernel_h,
                          w.dilation_h, w.stride_h);
  layer.out.width = side(layer.in.width, w.insert_w, w.pad_left + w.pad_right, w.kernel_w,
                         w.dilation_w, w.stride_w);
}

void finish_gemm(Draw& draw, const RandomCase& c, int layers, Role& role, network::Layer& layer) {
  if (!role.adds) {
    layer.out.channels = layer.groups * draw.between(1, 9);
    layer.logits =
        !role.joins && ((role.last && draw.one_in(2)) || (role.index > 0 && draw.one_in(10)));
    role.keeps = !role.joins && !role.last && !layer.logits && draw.one_in(12);
  }
  layer.report_sums = role.last && !layer.logits && layers == 1;
  if (!layer.logits && !role.adds && !role.keeps && draw.one_in(2)) {
    const int newest = static_cast<int>(c.network.maps.size()) - 1;
    random_residual(draw, c.network, layer, role.joins ? newest : network::kNoMap);
  }
  random_operands(draw, layer, c.spec.precision.weight_bits);
}

// The map that the layer writes, or its channels of one, and what it makes of values for it.
void give_output_map(Draw& draw, RandomCase& c, const Role& role, network::Layer& layer) {
  const int newest = static_cast<int>(c.network.maps.size()) - 1;
  const bool hands_on = layer.kind == network::LayerKind::kMaxPool;
  const tensor::Code code = role.joins   ? c.network.map(newest).code
                            : hands_on   ? c.network.map(layer.input()).code
                            : role.keeps ? tensor::signed_code(8)
                                         : random_code(draw, c.spec.precision.activation_bits);
  if (!hands_on) layer.bounds = random_bounds(draw, code);
  if (role.joins) {
    take_channels(draw, c.network, newest, layer);
  } else {
    layer.output = newest + 1;
    c.network.maps.push_back(
        {layer.out, code, 0.25F * static_cast<float>(draw.between(1, 6)), role.keeps});
  }
  const tensor::Code& read = c.network.map(layer.input()).code;
  const bool of_maps = layer.kind == network::LayerKind::kElementwise;
  const bool copies = role.joins && of_maps && read.lowest_operand() >= code.lowest_operand() &&
                      read.highest_operand() <= code.highest_operand() && draw.one_in(2);
  const bool computes = (of_maps && !copies) || layer.combine == network::Combine::kFunction ||
                        (layer.is_gemm() && !role.keeps &&
                         layer.combine == network::Combine::kNone && draw.one_in(8));
  if (computes) {
    layer.function = random_function(draw, layer.inputs.size() > 1, layer.out.channels);
    if (layer.is_gemm()) layer.combine = network::Combine::kFunction;
  }
  const bool tabled = of_maps && layer.inputs.size() == 1 && !copies;
  if (tabled || (layer.kind == network::LayerKind::kResize && !layer.linear)) {
    layer.tables = tables_of(layer, c.network.map(layer.input()), c.network.map(layer.output));
  }
}

}  // namespace

RandomCase random_case(std::uint32_t seed) {
  Draw draw(seed);
  RandomCase c;
  c.spec = random_machine(draw);
  draw_rate(seed, c.spec);
  c.batch = draw.between(1, 3);
  c.network.name = "random";
  const network::MapShape input{draw.between(1, 9), draw.between(1, 9), draw.between(1, 6)};
  c.network.maps = {{input, random_code(draw, c.spec.precision.activation_bits), 1.0F}};
  const int layers = draw.between(1, 6);
  for (int i = 0; i < layers; ++i) {
    network::Layer layer;
    layer.name = "layer" + std::to_string(i);
    Role role;
    role.index = i;
    role.last = i == layers - 1;
    choose_kind(draw, c.network, role, layer);
    if (layer.is_gemm()) finish_gemm(draw, c, layers, role, layer);
    if (!layer.logits) give_output_map(draw, c, role, layer);
    const bool shows = !layer.logits && !role.keeps && draw.one_in(role.last ? 2 : 10);
    if (layer.logits || shows || (role.last && c.network.outputs.empty())) {
      network::Output output;
      output.name = layer.name;
      output.layer = layer.logits ? i : -1;
      output.map = layer.output;
      output.scale.assign(static_cast<std::size_t>(layer.out.channels), 0.5F);
      c.network.outputs.push_back(std::move(output));
    }
    c.network.layers.push_back(std::move(layer));
  }
  return c;
}

}  // namespace lacuna::mapping::testing
