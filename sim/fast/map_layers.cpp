#include "fast/map_layers.hpp"

#include <algorithm>
#include <limits>

#include "base/error.hpp"
#include "fast/index.hpp"
#include "fast/kernels.hpp"
#include "network/post.hpp"

namespace lacuna::fast {
namespace {

/// Calls visit(image, y, x) for all output pixels of a batch.
template <class Visit>
void for_each_pixel(const network::Layer& layer, std::int64_t batch, Visit visit) {
  for (std::int64_t image = 0; image < batch; ++image) {
    for (std::int64_t y = 0; y < layer.out.height; ++y) {
      for (std::int64_t x = 0; x < layer.out.width; ++x) visit(image, y, x);
    }
  }
}

/// Calls visit(y, x) for all pixels of the input under the window of output pixel (y, x).
template <class Visit>
void for_each_inside(const network::Layer& layer, std::int64_t y, std::int64_t x, Visit visit) {
  const network::Window& window = layer.window;
  for (int ky = 0; ky < window.kernel_h; ++ky) {
    const std::int64_t in_y = window.input_row(y, ky, layer.in.height);
    if (in_y < 0) continue;
    for (int kx = 0; kx < window.kernel_w; ++kx) {
      const std::int64_t in_x = window.input_column(x, kx, layer.in.width);
      if (in_x >= 0) visit(in_y, in_x);
    }
  }
}

}  // namespace

MapLayers::MapLayers(const network::Network& network, const MapLayouts& layouts, std::int64_t batch)
    : network_(network), layouts_(layouts), batch_(batch), pairs_(network.layers.size()) {
  for (std::size_t index = 0; index < network.layers.size(); ++index) {
    const network::Layer& layer = network.layers[index];
    if (layer.kind != network::LayerKind::kElementwise || layer.inputs.size() < 2 ||
        layer.function.by_channel()) {
      continue;
    }
    const tensor::Code& first = network.map(layer.inputs[0]).code;
    const tensor::Code& second = network.map(layer.inputs[1]).code;
    for (int a = first.lowest_operand(); a <= first.highest_operand(); ++a) {
      for (int b = second.lowest_operand(); b <= second.highest_operand(); ++b) {
        pairs_[index].push_back(network::elementwise_operand(
            network, layer, 0, static_cast<std::int16_t>(a), static_cast<std::int16_t>(b)));
      }
    }
  }
}

void MapLayers::run(std::size_t index, int lanes, LaneMaps& maps) const {
  switch (network_.layers[index].kind) {
    case network::LayerKind::kMaxPool:
      return max_pool(index, lanes, maps);
    case network::LayerKind::kAveragePool:
      return average_pool(index, lanes, maps);
    case network::LayerKind::kElementwise:
      return elementwise(index, lanes, maps);
    case network::LayerKind::kResize:
      return resize(index, lanes, maps);
    case network::LayerKind::kConvolution:
    case network::LayerKind::kFullyConnected:
      break;
  }
  SIM_CHECK(false, "fast", -1, "a layer over maps is no GEMM");
}

std::int16_t* MapLayers::result(std::size_t index, std::int64_t image, std::int64_t y,
                                std::int64_t x, int lanes, LaneMaps& maps) const {
  const network::Layer& layer = network_.layers[index];
  const std::size_t output = at(layer.output);
  return maps[output].data() + (layouts_[output].index(image, y, x) + layer.output_channel) * lanes;
}

void MapLayers::average_pool(std::size_t index, int lanes, LaneMaps& maps) const {
  const network::Layer& layer = network_.layers[index];
  const PaddedMap& in = layouts_[at(layer.input())];
  const std::int16_t* map = maps[at(layer.input())].data();
  const std::int64_t row = layer.out.channels * lanes;
  std::vector<std::int32_t> totals(at(row));
  for_each_pixel(layer, batch_, [&](std::int64_t image, std::int64_t y, std::int64_t x) {
    std::fill(totals.begin(), totals.end(), 0);
    for_each_inside(layer, y, x, [&](std::int64_t in_y, std::int64_t in_x) {
      const std::int16_t* values = map + in.index(image, in_y, in_x) * lanes;
      for (std::int64_t v = 0; v < row; ++v) totals[at(v)] += values[v];
    });
    const float factor = network::average_factor(layer, y, x);
    std::int16_t* out = result(index, image, y, x, lanes, maps);
    for (std::int64_t c = 0; c < layer.out.channels; ++c) {
      post_lanes(totals.data() + c * lanes, 0, factor, layer.bounds, lanes, false, out + c * lanes);
    }
  });
}

void MapLayers::max_pool(std::size_t index, int lanes, LaneMaps& maps) const {
  const network::Layer& layer = network_.layers[index];
  const PaddedMap& in = layouts_[at(layer.input())];
  const std::int16_t* map = maps[at(layer.input())].data();
  const std::int64_t row = layer.out.channels * lanes;
  for_each_pixel(layer, batch_, [&](std::int64_t image, std::int64_t y, std::int64_t x) {
    std::int16_t* out = result(index, image, y, x, lanes, maps);
    std::fill_n(out, row, std::numeric_limits<std::int16_t>::min());
    for_each_inside(layer, y, x, [&](std::int64_t in_y, std::int64_t in_x) {
      const std::int16_t* values = map + in.index(image, in_y, in_x) * lanes;
      for (std::int64_t c = 0; c < layer.out.channels; ++c) {
        maximum_lanes(values + c * lanes, lanes, out + c * lanes);
      }
    });
  });
}

std::int16_t MapLayers::combine(std::size_t index, std::int64_t channel, std::int16_t first,
                                std::int16_t second) const {
  const network::Layer& layer = network_.layers[index];
  if (pairs_[index].empty()) {
    return network::elementwise_operand(network_, layer, channel, first, second);
  }
  const tensor::Code& own = network_.map(layer.inputs[0]).code;
  const tensor::Code& other = network_.map(layer.inputs[1]).code;
  const std::int64_t codes = other.high - other.low + 1;
  return pairs_[index]
               [at((first - own.lowest_operand()) * codes + second - other.lowest_operand())];
}

void MapLayers::elementwise(std::size_t index, int lanes, LaneMaps& maps) const {
  const network::Layer& layer = network_.layers[index];
  const std::size_t input = at(layer.input());
  const bool has_second = layer.residual() != network::kNoMap;
  const std::size_t other = has_second ? at(layer.residual()) : input;
  const network::MapShape& shape = network_.map(static_cast<int>(other)).shape;
  const bool one_pixel = network_.is_broadcast(layer);
  const bool one_channel = has_second && shape.channels == 1;
  for_each_pixel(layer, batch_, [&](std::int64_t image, std::int64_t y, std::int64_t x) {
    const std::int16_t* in = maps[input].data() + layouts_[input].index(image, y, x) * lanes;
    const std::int16_t* second =
        maps[other].data() +
        layouts_[other].index(image, one_pixel ? 0 : y, one_pixel ? 0 : x) * lanes;
    std::int16_t* out = result(index, image, y, x, lanes, maps);
    for (std::int64_t c = 0; c < layer.out.channels; ++c) {
      for (int lane = 0; lane < lanes; ++lane) {
        const std::int64_t v = c * lanes + lane;
        out[v] = has_second ? combine(index, c, in[v], second[one_channel ? lane : v])
                            : network::table_operand(network_, layer, c, in[v]);
      }
    }
  });
}

void MapLayers::resize(std::size_t index, int lanes, LaneMaps& maps) const {
  const network::Layer& layer = network_.layers[index];
  const std::size_t input = at(layer.input());
  const PaddedMap& layout = layouts_[input];
  for_each_pixel(layer, batch_, [&](std::int64_t image, std::int64_t y, std::int64_t x) {
    const network::Sample& row = layer.sample_rows[at(y)];
    const network::Sample& column = layer.sample_columns[at(x)];
    const std::int16_t* corners[4];
    for (int corner = 0; corner < 4; ++corner) {
      corners[corner] =
          maps[input].data() + layout.index(image, corner < 2 ? row.first : row.second,
                                            corner % 2 == 0 ? column.first : column.second) *
                                   lanes;
    }
    std::int16_t* out = result(index, image, y, x, lanes, maps);
    for (std::int64_t c = 0; c < layer.out.channels; ++c) {
      for (int lane = 0; lane < lanes; ++lane) {
        const std::int64_t v = c * lanes + lane;
        const std::int16_t own[4] = {corners[0][v], corners[1][v], corners[2][v], corners[3][v]};
        out[v] = layer.linear ? network::resize_operand(network_, layer, row, column, own)
                              : network::table_operand(network_, layer, c, own[0]);
      }
    }
  });
}

}  // namespace lacuna::fast
