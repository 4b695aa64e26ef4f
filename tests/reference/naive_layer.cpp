#include "reference/naive_layer.hpp"

#include <algorithm>
#include <cmath>

#include "tensor/requantise.hpp"

namespace lacuna::reference {
namespace {

tensor::Bounds unsigned_bounds(int bits) { return tensor::bounds_of(tensor::unsigned_code(bits)); }

/// Codes of one image with zeros around it.
class PaddedMap {
 public:
  PaddedMap(const network::MapShape& shape, const std::vector<std::uint8_t>& codes)
      : shape_(shape), codes_(codes) {}
  int at(std::int64_t y, std::int64_t x, std::int64_t c) const {
    if (y < 0 || y >= shape_.height || x < 0 || x >= shape_.width) return 0;
    return codes_[static_cast<std::size_t>((y * shape_.width + x) * shape_.channels + c)];
  }

 private:
  const network::MapShape& shape_;
  const std::vector<std::uint8_t>& codes_;
};

}  // namespace

LayerResult evaluate_layer(const network::Layer& layer, int activation_bits,
                           const std::vector<std::uint8_t>& input, int index, std::int64_t image,
                           const WeightHook& hook, const std::vector<std::uint8_t>& residual) {
  const network::Window& w = layer.window;
  const std::int64_t group_in = layer.in.channels / layer.groups;
  const std::int64_t group_out = layer.out.channels / layer.groups;
  const PaddedMap map(layer.in, input);
  LayerResult result;
  for (std::int64_t y = 0; y < layer.out.height; ++y) {
    for (std::int64_t x = 0; x < layer.out.width; ++x) {
      for (std::int64_t o = 0; o < layer.out.channels; ++o) {
        const std::int64_t top = y * w.stride_h - w.pad_top;
        const std::int64_t left = x * w.stride_w - w.pad_left;
        const auto channel = static_cast<std::size_t>(o);
        if (layer.kind == network::LayerKind::kMaxPool) {
          int most = 0;
          for (std::int64_t ky = 0; ky < w.kernel_h; ++ky) {
            for (std::int64_t kx = 0; kx < w.kernel_w; ++kx) {
              most = std::max(most, map.at(top + ky, left + kx, o));
            }
          }
          result.codes.push_back(static_cast<std::uint8_t>(most));
          continue;
        }
        if (layer.kind == network::LayerKind::kAveragePool) {
          std::int32_t total = 0;
          for (std::int64_t ky = 0; ky < w.kernel_h; ++ky) {
            for (std::int64_t kx = 0; kx < w.kernel_w; ++kx)
              total += map.at(top + ky, left + kx, o);
          }
          result.codes.push_back(static_cast<std::uint8_t>(
              tensor::requantise(total, layer.scale.at(0), unsigned_bounds(activation_bits))));
          continue;
        }
        std::int32_t sum = layer.bias.empty() ? 0 : layer.bias[channel];
        for (std::int64_t ky = 0; ky < w.kernel_h; ++ky) {
          for (std::int64_t kx = 0; kx < w.kernel_w; ++kx) {
            for (std::int64_t i = 0; i < group_in; ++i) {
              const std::int64_t position = (ky * w.kernel_w + kx) * group_in + i;
              const int weight =
                  used_weight(hook, {index, o, ky, kx, i, image, y, x, layer.operand(o, position)});
              sum =
                  wrap_add(sum, weight * map.at(top + ky, left + kx, o / group_out * group_in + i));
            }
          }
        }
        result.sums.push_back(sum);
        if (layer.logits) continue;
        if (layer.residual() >= 0) {
          const float own = static_cast<float>(sum) * layer.scale[channel];
          const float other =
              static_cast<float>(residual.at(result.codes.size())) * layer.operand_scale.at(0);
          const float top = static_cast<float>((1 << activation_bits) - 1);
          const float kept = own + other > layer.bounds.threshold ? own + other : 0.0F;
          const float code = std::clamp(std::nearbyint(kept), 0.0F, top);
          result.codes.push_back(static_cast<std::uint8_t>(code));
          continue;
        }
        const bool kept = static_cast<float>(sum) * layer.scale[channel] > layer.bounds.threshold;
        const std::int16_t code =
            tensor::requantise(sum, layer.scale[channel], unsigned_bounds(activation_bits));
        result.codes.push_back(kept ? static_cast<std::uint8_t>(code) : 0);
      }
    }
  }
  return result;
}

std::vector<LayerResult> evaluate_layers(const network::Network& network,
                                         const std::vector<std::uint8_t>& input, std::int64_t image,
                                         const WeightHook& hook) {
  std::vector<LayerResult> results;
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    const network::Layer& layer = network.layers[i];
    const auto map = [&](int index) {
      return index == 0 ? input : results[static_cast<std::size_t>(index) - 1].codes;
    };
    results.push_back(evaluate_layer(layer, network.activation_bits(), map(layer.input()),
                                     static_cast<int>(i), image, hook,
                                     map(std::max(layer.residual(), 0))));
  }
  return results;
}

}  // namespace lacuna::reference
