#include "unit/network/integer_reference.hpp"

#include <algorithm>

#include "tensor/requantise.hpp"

namespace lacuna::network::test {
namespace {

std::size_t index(const MapShape& map, std::int64_t y, std::int64_t x, std::int64_t c) {
  return static_cast<std::size_t>((y * map.width + x) * map.channels + c);
}

/// Calls visit(output y, output x, input y, input x, tap) for all taps inside the map.
template <class Visit>
void slide(const Layer& layer, const Visit& visit) {
  const Window& w = layer.window;
  for (std::int64_t oy = 0; oy < layer.out.height; ++oy) {
    for (std::int64_t ox = 0; ox < layer.out.width; ++ox) {
      for (std::int64_t tap = 0; tap < std::int64_t{w.kernel_h} * w.kernel_w; ++tap) {
        const std::int64_t iy = oy * w.stride_h - w.pad_top + tap / w.kernel_w;
        const std::int64_t ix = ox * w.stride_w - w.pad_left + tap % w.kernel_w;
        if (iy < 0 || iy >= layer.in.height || ix < 0 || ix >= layer.in.width) continue;
        visit(oy, ox, iy, ix, tap);
      }
    }
  }
}

std::vector<std::uint8_t> average(const Layer& layer, const std::vector<std::uint8_t>& codes) {
  std::vector<std::int32_t> totals(static_cast<std::size_t>(layer.out.values()));
  slide(layer, [&](auto oy, auto ox, auto iy, auto ix, auto /*tap*/) {
    for (std::int64_t c = 0; c < layer.out.channels; ++c) {
      totals[index(layer.out, oy, ox, c)] += codes[index(layer.in, iy, ix, c)];
    }
  });
  std::vector<std::uint8_t> out;
  out.reserve(totals.size());
  for (const std::int32_t total : totals) {
    out.push_back(
        static_cast<std::uint8_t>(tensor::requantise(total, layer.scale[0], layer.bounds)));
  }
  return out;
}

std::vector<std::uint8_t> pool(const Layer& layer, const std::vector<std::uint8_t>& codes) {
  std::vector<std::uint8_t> out(static_cast<std::size_t>(layer.out.values()), 0);
  slide(layer, [&](auto oy, auto ox, auto iy, auto ix, auto /*tap*/) {
    for (std::int64_t c = 0; c < layer.out.channels; ++c) {
      std::uint8_t& best = out[index(layer.out, oy, ox, c)];
      best = std::max(best, codes[index(layer.in, iy, ix, c)]);
    }
  });
  return out;
}

std::vector<std::int32_t> sums_of(const Layer& layer, const std::vector<std::uint8_t>& codes) {
  std::vector<std::int32_t> sums(static_cast<std::size_t>(layer.out.values()));
  for (std::size_t i = 0; i < sums.size(); ++i) {
    sums[i] = layer.bias[i % static_cast<std::size_t>(layer.out.channels)];
  }
  const std::int64_t count = layer.group_in();
  slide(layer, [&](auto oy, auto ox, auto iy, auto ix, auto tap) {
    std::int32_t* sum = &sums[index(layer.out, oy, ox, 0)];
    for (int group = 0; group < layer.groups; ++group) {
      const std::uint8_t* values = &codes[index(layer.in, iy, ix, group * count)];
      for (std::int64_t n = 0; n < layer.n(); ++n, ++sum) {
        const std::int64_t channel = group * layer.n() + n;
        for (std::int64_t c = 0; c < count; ++c) {
          *sum += values[c] * layer.operand(channel, tap * count + c);
        }
      }
    }
  });
  return sums;
}

}  // namespace

std::vector<std::int32_t> evaluate(const Network& network, std::vector<std::uint8_t> codes,
                                   const InputObserver& observe) {
  std::vector<std::int32_t> sums;
  std::vector<std::vector<std::uint8_t>> maps = {std::move(codes)};
  for (std::size_t index = 0; index < network.layers.size(); ++index) {
    const Layer& layer = network.layers[index];
    codes = maps[static_cast<std::size_t>(layer.input())];
    if (observe) observe(index, codes);
    if (!layer.is_gemm()) {
      codes = layer.kind == LayerKind::kMaxPool ? pool(layer, codes) : average(layer, codes);
      maps.push_back(codes);
      continue;
    }
    sums = sums_of(layer, codes);
    if (layer.logits) break;
    codes.resize(sums.size());
    for (std::size_t i = 0; i < sums.size(); ++i) {
      const float scale = layer.scale[i % static_cast<std::size_t>(layer.out.channels)];
      codes[i] = static_cast<std::uint8_t>(tensor::requantise(sums[i], scale, layer.bounds));
      if (layer.residual() < 0) continue;
      codes[i] = static_cast<std::uint8_t>(tensor::requantise_sum(
          sums[i], scale, maps[static_cast<std::size_t>(layer.residual())][i],
          layer.operand_scale.at(0), layer.bounds));
    }
    maps.push_back(codes);
  }
  return sums;
}

}  // namespace lacuna::network::test
