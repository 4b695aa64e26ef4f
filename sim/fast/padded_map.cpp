#include "fast/padded_map.hpp"

#include <algorithm>

namespace lacuna::fast {
namespace {

bool inserts_zeros(const network::Window& window) {
  return window.insert_h > 1 || window.insert_w > 1;
}

std::int64_t spread_side(std::int64_t side, int insert) { return (side - 1) * insert + 1; }

/// Widens the padding to what the windows of a layer need. Windows may end beyond the padding that
/// their layer names, where their number is rounded up.
void widen(network::Window& most, const network::Layer& layer) {
  const network::Window& window = layer.window;
  const auto beyond = [](std::int64_t outputs, int stride, int kernel, int dilation, int before,
                         std::int64_t side) {
    return static_cast<int>((outputs - 1) * stride + std::int64_t{kernel - 1} * dilation + 1 -
                            before - side);
  };
  most.pad_top = std::max(most.pad_top, window.pad_top);
  most.pad_left = std::max(most.pad_left, window.pad_left);
  most.pad_bottom =
      std::max({most.pad_bottom, window.pad_bottom,
                beyond(layer.out.height, window.stride_h, window.kernel_h, window.dilation_h,
                       window.pad_top, spread_side(layer.in.height, window.insert_h))});
  most.pad_right =
      std::max({most.pad_right, window.pad_right,
                beyond(layer.out.width, window.stride_w, window.kernel_w, window.dilation_w,
                       window.pad_left, spread_side(layer.in.width, window.insert_w))});
}

}  // namespace

MapLayouts::MapLayouts(const network::Network& network) : maps_(network.maps.size()) {
  std::vector<network::Window> most(maps_);
  std::vector<network::MapShape> shapes;
  for (const network::Map& map : network.maps) shapes.push_back(map.shape);
  for (const network::Layer& layer : network.layers) {
    std::size_t place = static_cast<std::size_t>(layer.input());
    if (inserts_zeros(layer.window)) {
      place = shapes.size();
      shapes.push_back({spread_side(layer.in.height, layer.window.insert_h),
                        spread_side(layer.in.width, layer.window.insert_w), layer.in.channels});
      most.emplace_back();
    }
    widen(most[place], layer);
    inputs_.push_back(place);
  }
  for (std::size_t place = 0; place < shapes.size(); ++place) {
    const bool sums = place < maps_ && network.maps[place].sums;
    list_.emplace_back(shapes[place], most[place], sums ? 2 : 1);
  }
}

}  // namespace lacuna::fast
