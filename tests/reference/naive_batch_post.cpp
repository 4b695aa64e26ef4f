// The post unit's steps of a naive batch.
#include <algorithm>
#include <limits>
#include <optional>

#include "reference/naive_batch.hpp"
#include "reference/naive_post.hpp"

namespace lacuna::reference {
namespace {

using memory::MemoryId;
using schedule::Step;

std::size_t index(std::int64_t number) { return static_cast<std::size_t>(number); }

/// Entries one behind the other, each at the time at which it has been taken.
class Entries {
 public:
  Entries(const arch::AcceleratorSpec& spec, const Moment& begin, std::int64_t first)
      : spec_(spec), begin_(begin), time_(first) {}

  /// The next entry, of so many channels, whose values come one after the other from `operands`
  /// places through one port.
  Moment next(std::int64_t channels, std::int64_t operands = 1) {
    if (spec_.post.lanes)
      time_ += (channels + *spec_.post.lanes - 1) / *spec_.post.lanes * operands;
    Moment now = begin_;
    now.cycle = time_;
    now.pixel = count_++;
    return now;
  }
  std::int64_t end() const { return time_; }

 private:
  const arch::AcceleratorSpec& spec_;
  Moment begin_;
  std::int64_t time_;
  std::int64_t count_ = 0;
};

/// Channels [begin, end) that the lanes take at once.
struct Tile {
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

std::vector<Tile> tiles_of(const network::Layer& layer, const arch::AcceleratorSpec& spec) {
  std::vector<Tile> tiles;
  for (std::int64_t c = 0; c < layer.out.channels; c += spec.array.cols) {
    tiles.push_back({c, std::min<std::int64_t>(layer.out.channels, c + spec.array.cols)});
  }
  return tiles;
}

}  // namespace

std::int64_t NaiveBatch::post(const Step& step, const Moment& begin, std::int64_t first) {
  const network::Layer& layer = layer_of(step);
  const schedule::Block& block = schedule_.blocks[index(step.block)];
  const schedule::PixelRange& range = schedule_.ranges[index(step.range)];
  const std::int32_t pool_index = schedule_.layers[index(step.layer)].fused_pool;
  const network::Layer* pool = pool_index < 0 ? nullptr : &network_.layers[index(pool_index)];
  Entries entries(spec_, begin, first);
  // Operands of the range's pixels so far, for pooling on the way: [pixel][channel].
  std::vector<std::vector<int>> taken;
  for (std::int64_t m = 0; m < range.row_count * layer.out.width; ++m) {
    const Moment now = entries.next(block.n_count, layer.inputs.size() > 1 ? 2 : 1);
    const std::int64_t row = range.row_begin + m / layer.out.width;
    const Place pixel{row / layer.out.height, row % layer.out.height, m % layer.out.width, 0};
    taken.emplace_back();
    for (std::int64_t n = 0; n < block.n_count; ++n) {
      const std::int64_t channel = block.group * layer.n() + block.n_begin + n;
      const std::uint32_t read =
          memory(MemoryId::kAccumulatorSram).read((step.address + m) * spec_.array.cols + n, now);
      const auto sum =
          static_cast<std::int32_t>(read + static_cast<std::uint32_t>(layer.bias[index(channel)]));
      sums_[index(step.layer)][index(pixel.image)].at(
          index((pixel.y * layer.out.width + pixel.x) * layer.out.channels + channel)) = sum;
      Place place = pixel;
      place.channel = channel;
      int second = 0;
      if (step.residual >= 0) {
        second = read_value(schedule_.regions[index(step.residual)], place, now);
      }
      if (step.output < 0) continue;
      const schedule::Region& out = schedule_.regions[index(step.output)];
      int value = sum;
      if (!network_.maps[index(layer.output)].sums) {
        value = post_value(network_, layer, channel, sum, second);
      }
      taken.back().push_back(value);
      if (pool == nullptr) {
        place.channel += layer.output_channel;
        write_value(out, place, value, now);
        continue;
      }
      const network::Window& w = pool->window;
      const bool last =
          pixel.y % w.kernel_h == w.kernel_h - 1 && pixel.x % w.kernel_w == w.kernel_w - 1;
      if (!last) continue;
      for (std::int64_t y = 0; y < w.kernel_h; ++y) {
        for (std::int64_t x = 0; x < w.kernel_w; ++x) {
          value = std::max(value, taken.at(index(m - y * layer.out.width - x)).at(index(n)));
        }
      }
      write_value(
          out,
          {pixel.image, pixel.y / w.kernel_h, pixel.x / w.kernel_w, channel + pool->output_channel},
          value, now);
    }
  }
  return entries.end();
}

std::int64_t NaiveBatch::pool(const Step& step, const Moment& begin, std::int64_t first) {
  const network::Layer& layer = layer_of(step);
  const network::Window& w = layer.window;
  const schedule::Region& in = schedule_.regions[index(step.input)];
  const schedule::Region& out = schedule_.regions[index(step.output)];
  Entries entries(spec_, begin, first);
  for (std::int64_t i = 0; i < out.image_count * out.row_count * layer.out.width; ++i) {
    const std::int64_t row = i / layer.out.width;
    const Place pixel{out.image_begin + row / out.row_count, out.row_begin + row % out.row_count,
                      i % layer.out.width, 0};
    for (const Tile& tile : tiles_of(layer, spec_)) {
      std::vector<int> most(index(layer.out.channels), std::numeric_limits<int>::min());
      std::vector<int> sum(index(layer.out.channels), 0);
      Moment now;
      for (std::int64_t tap = 0; tap < layer.taps(); ++tap) {
        now = entries.next(tile.end - tile.begin);
        const std::int64_t y = pixel.y * w.stride_h - w.pad_top + tap / w.kernel_w * w.dilation_h;
        const std::int64_t x = pixel.x * w.stride_w - w.pad_left + tap % w.kernel_w * w.dilation_w;
        if (y < 0 || x < 0 || y >= layer.in.height || x >= layer.in.width) continue;
        for (std::int64_t c = tile.begin; c < tile.end; ++c) {
          const int operand = read_value(in, {pixel.image, y, x, c}, now);
          most[index(c)] = std::max(most[index(c)], operand);
          sum[index(c)] += operand;
        }
      }
      for (std::int64_t c = tile.begin; c < tile.end; ++c) {
        const int value = layer.kind == network::LayerKind::kMaxPool
                              ? most[index(c)]
                              : average_value(layer, pixel.y, pixel.x, sum[index(c)]);
        write_value(out, {pixel.image, pixel.y, pixel.x, c + layer.output_channel}, value, now);
      }
    }
  }
  return entries.end();
}

// Through the layer's table, if it has one.
int NaiveBatch::table_value(const network::Layer& layer, std::int64_t channel, int operand,
                            const Moment& now) {
  if (layer.tables.empty()) return operand;
  std::int64_t entry = 0;
  for (const network::Layer& before : network_.layers) {
    if (&before == &layer) break;
    for (const auto& table : before.tables) entry += static_cast<std::int64_t>(table.size());
  }
  const auto size = static_cast<std::int64_t>(layer.tables.front().size());
  if (layer.tables.size() > 1) entry += channel * size;
  const int lowest = network_.maps[index(layer.inputs[0])].code.lowest_operand();
  entry += std::clamp<std::int64_t>(operand - lowest, 0, size - 1);
  return operand_of(layer.output, memory(MemoryId::kLookupTables).read(entry, now));
}

std::int64_t NaiveBatch::transform(const Step& step, const Moment& begin, std::int64_t first) {
  const network::Layer& layer = layer_of(step);
  const schedule::Region& in = schedule_.regions[index(step.input)];
  const schedule::Region& out = schedule_.regions[index(step.output)];
  const schedule::Region* second =
      step.residual >= 0 ? &schedule_.regions[index(step.residual)] : nullptr;
  const bool resize = layer.kind == network::LayerKind::kResize;
  network::MapShape other;
  if (second != nullptr) other = network_.maps[index(second->map)].shape;
  const bool once = second != nullptr && other.height * other.width == 1 &&
                    layer.out.height * layer.out.width > 1;
  const std::vector<Tile> tiles = tiles_of(layer, spec_);
  Entries entries(spec_, begin, first);
  // What the second map gives: [image][channel] of one pixel, else [0][channel] of the pixel. An
  // entry reads a value once, whatever number of lanes it is for.
  std::vector<std::vector<int>> kept(index(out.image_count),
                                     std::vector<int>(index(layer.out.channels), 0));
  const auto read_second = [&](std::vector<int>& values, const Tile& tile, Place place,
                               const Moment& now) {
    for (std::int64_t c = tile.begin; c < tile.end; ++c) {
      if (other.channels == 1 && c > tile.begin) {
        values[index(c)] = values[index(tile.begin)];
        continue;
      }
      place.channel = other.channels == 1 ? 0 : c;
      values[index(c)] = read_value(*second, place, now);
    }
  };
  for (std::int64_t i = 0; once && i < out.image_count; ++i) {
    for (const Tile& tile : tiles) {
      read_second(kept[index(i)], tile, {out.image_begin + i, 0, 0, 0},
                  entries.next(tile.end - tile.begin));
    }
  }
  for (std::int64_t i = 0; i < out.image_count * out.row_count * layer.out.width; ++i) {
    const std::int64_t out_row = i / layer.out.width;
    const Place pixel{out.image_begin + out_row / out.row_count,
                      out.row_begin + out_row % out.row_count, i % layer.out.width, 0};
    std::vector<int>& held = kept[once ? index(out_row / out.row_count) : 0];
    for (const Tile& tile : tiles) {
      if (second != nullptr && !once) {
        read_second(held, tile, pixel, entries.next(tile.end - tile.begin));
      }
      std::vector<std::array<int, 4>> operands(index(tile.end - tile.begin));
      Moment now;
      for (std::int64_t tap = 0; tap < (resize && layer.linear ? 4 : 1); ++tap) {
        now = entries.next(tile.end - tile.begin);
        Place place = pixel;
        if (resize) {
          const network::Sample& row = layer.sample_rows[index(pixel.y)];
          const network::Sample& column = layer.sample_columns[index(pixel.x)];
          place.y = tap < 2 ? row.first : row.second;
          place.x = tap % 2 == 0 ? column.first : column.second;
        }
        for (std::int64_t c = tile.begin; c < tile.end; ++c) {
          place.channel = c;
          operands[index(c - tile.begin)][index(tap)] = read_value(in, place, now);
        }
      }
      for (std::int64_t c = tile.begin; c < tile.end; ++c) {
        std::array<int, 4>& own = operands[index(c - tile.begin)];
        int value = 0;
        if (resize && layer.linear) {
          value = resized_value(network_, layer, layer.sample_rows[index(pixel.y)],
                                layer.sample_columns[index(pixel.x)], own.data());
        } else if (second != nullptr) {
          own[1] = held[index(c)];
          value = elementwise_value(network_, layer, c, own.data());
        } else {
          value = table_value(layer, c, own[0], now);
        }
        write_value(out, {pixel.image, pixel.y, pixel.x, c + layer.output_channel}, value, now);
      }
    }
  }
  return entries.end();
}

}  // namespace lacuna::reference
