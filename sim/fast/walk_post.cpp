// The walk's steps of the post unit: docs/timing.md, "Accumulators and post". Entry e is done at
// b + the cycles of entries 0..e, b = max(the step's start + latency, the end of the post step
// before); with unlimited lanes all are done when the step ends.
#include <algorithm>
#include <limits>

#include "base/error.hpp"
#include "fast/index.hpp"
#include "fast/memory_walk.hpp"
#include "network/outputs.hpp"
#include "network/post.hpp"

namespace lacuna::fast {

/// An entry of a step over maps, and what the entries of its pixel before it have read.
struct MemoryWalk::PostEntry {
  MapValue first;             ///< its lane 0
  std::int64_t lanes = 0;     ///< channels
  std::int64_t position = 0;  ///< of the pixel's entries
  std::int64_t positions = 1;
  std::vector<std::int16_t> held;     ///< [image][channel] of a second map of one pixel
  std::vector<std::int16_t> corners;  ///< [position][lane]
  std::vector<std::int16_t> maxima;   ///< [lane]
  std::vector<std::int32_t> totals;   ///< [lane]
};

void MemoryWalk::post(const schedule::Step& step) {
  const std::int64_t entries = range(step).row_count * layer(step.layer).out.width;
  const std::int64_t each =
      spec_.post.lanes
          ? base::ceil_div(block(step).n_count, *spec_.post.lanes) * (step.residual >= 0 ? 2 : 1)
          : 0;
  end_step(schedule::without_tail(entries * each));
  const std::int64_t begin = ends_[at(id_)] - entries * each;
  maxima_.assign(at(layer(step.layer).out.width * spec_.array.cols), 0);
  for (std::int64_t e = 0; e < entries; ++e) {
    post_entry(step, e, access(begin + (e + 1) * each, e));
    const network::Layer& of = layer(step.layer);
    note_reads(step.layer, (range(step).row_begin + e / of.out.width) / of.out.height);
  }
}

void MemoryWalk::post_entry(const schedule::Step& step, std::int64_t entry,
                            const memory::Access& now) {
  const schedule::Block& own = block(step);
  const network::Layer& of = layer(step.layer);
  const std::int64_t row = range(step).row_begin + entry / of.out.width;
  MapValue value{row / of.out.height, row % of.out.height, entry % of.out.width, 0};
  const std::int64_t first_channel = own.group * of.n() + own.n_begin;
  const std::int32_t pool = schedule_.layers[at(step.layer)].fused_pool;
  const std::int64_t first_sum = (step.address + entry) * spec_.array.cols;
  measure::LayerCounters& counts = counters(step);
  counts.accumulators.reads += own.n_count;
  const network::Map* second = nullptr;
  if (step.residual >= 0) {
    second = &network_.map(region(step.residual).map);
    counts.activation_sram.reads += own.n_count * schedule::slots_per_value(*second, spec_);
  }
  for (std::int64_t lane = 0; lane < own.n_count; ++lane) {
    value.channel = first_channel + lane;
    auto stored = static_cast<std::uint32_t>(accumulators_[at(first_sum + lane)]);
    if (accumulator_faults_.armed() && accumulator_faults_.marks(first_sum + lane)) {
      stored = accumulator_faults_.read(first_sum + lane, stored, now);
    }
    const auto sum =
        static_cast<std::int32_t>(stored + static_cast<std::uint32_t>(of.bias[at(value.channel)]));
    const std::int64_t in_layer =
        (value.y * of.out.width + value.x) * of.out.channels + value.channel;
    note_sum(step.layer, value, sum);
    if (of.report_sums) {
      result_.sums[at(step.layer)][at(value.image * of.out.values() + in_layer)] = sum;
    }
    if (of.logits) {
      for (std::size_t o = 0; o < network_.outputs.size(); ++o) {
        if (network_.outputs[o].layer != step.layer) continue;
        result_.logits[at(value.image * network_.output_values() +
                          network::output_offset(network_, o) + in_layer)] = sum;
      }
      continue;
    }
    if (network_.map(of.output).sums) {
      const schedule::Region& to = region(step.output);
      write_sum(slot_of(to, value), sum, now);
      counts.activation_sram.writes += schedule::slots_per_value(network_.map(to.map), spec_);
      continue;
    }
    std::int32_t other = 0;
    if (second != nullptr) {
      const schedule::Region& from = region(step.residual);
      other = second->sums ? read_sum(slot_of(from, value), now) : read(from, value, now);
    }
    const std::int16_t operand = network::post_operand(network_, of, value.channel, sum, other);
    if (pool < 0) {
      write(step, value, operand, now);
      continue;
    }
    note_code(step.layer, value, operand);
    const network::Layer& pooling = layer(pool);
    const int height = pooling.window.kernel_h;
    const int width = pooling.window.kernel_w;
    const std::int64_t window_x = value.x / width;
    if (value.y / height >= pooling.out.height || window_x >= pooling.out.width) continue;
    std::int16_t& maximum = maxima_[at(window_x * spec_.array.cols + lane)];
    const bool first = value.y % height == 0 && value.x % width == 0;
    maximum = first ? operand : std::max(maximum, operand);
    if (value.y % height == height - 1 && value.x % width == width - 1) {
      write(step, {value.image, value.y / height, window_x, value.channel}, maximum, now);
    }
  }
}

void MemoryWalk::over_maps(const schedule::Step& step) {
  const network::Layer& of = layer(step.layer);
  const schedule::Region& out = region(step.output);
  const bool broadcast = network_.is_broadcast(of);
  const std::int64_t cols = spec_.array.cols;
  const std::int64_t tiles = base::ceil_div(of.out.channels, cols);
  PostEntry at_entry;
  at_entry.positions = of.entries_a_pixel(broadcast);
  if (broadcast) at_entry.held.resize(at(out.image_count * of.out.channels));
  const std::int64_t held = broadcast ? out.image_count * tiles : 0;
  const std::int64_t entries =
      held + out.image_count * out.row_count * of.out.width * tiles * at_entry.positions;
  const auto lanes_of = [&](std::int64_t entry) {
    const std::int64_t tile =
        entry < held ? entry % tiles : (entry - held) / at_entry.positions % tiles;
    return std::min(cols, of.out.channels - tile * cols);
  };
  const auto cost = [&](std::int64_t entry) {
    return spec_.post.lanes ? base::ceil_div(lanes_of(entry), *spec_.post.lanes) : 0;
  };
  std::int64_t cycles = 0;
  for (std::int64_t e = 0; e < entries; ++e) cycles += cost(e);
  end_step(schedule::without_tail(cycles));
  std::int64_t time = ends_[at(id_)] - cycles;
  for (std::int64_t e = 0; e < entries; ++e) {
    time += cost(e);
    const memory::Access now = access(time, e);
    at_entry.lanes = lanes_of(e);
    if (e < held) {
      // The second map's one pixel stands for all: it is read once an image.
      const std::int64_t image = e / tiles;
      for (std::int64_t c = e % tiles * cols; c < e % tiles * cols + at_entry.lanes; ++c) {
        at_entry.held[at(image * of.out.channels + c)] =
            read(region(step.residual), {out.image_begin + image, 0, 0, c}, now);
      }
      counters(step).activation_sram.reads += at_entry.lanes;
      note_reads(step.layer, out.image_begin + image);
      continue;
    }
    const std::int64_t entry = e - held;
    at_entry.position = entry % at_entry.positions;
    const std::int64_t pixel = entry / at_entry.positions / tiles;
    at_entry.first = {out.image_begin + pixel / of.out.width / out.row_count,
                      out.row_begin + pixel / of.out.width % out.row_count, pixel % of.out.width,
                      entry / at_entry.positions % tiles * cols};
    map_entry(step, at_entry, now);
    note_reads(step.layer, at_entry.first.image);
  }
}

void MemoryWalk::map_entry(const schedule::Step& step, PostEntry& entry,
                           const memory::Access& now) {
  const network::Layer& of = layer(step.layer);
  if (of.is_pool()) return pool_entry(step, entry, now);
  if (of.kind == network::LayerKind::kResize) return resize_entry(step, entry, now);
  elementwise_entry(step, entry, now);
}

void MemoryWalk::pool_entry(const schedule::Step& step, PostEntry& entry,
                            const memory::Access& now) {
  const network::Layer& of = layer(step.layer);
  const bool average = of.kind == network::LayerKind::kAveragePool;
  if (entry.position == 0) {
    entry.maxima.assign(at(entry.lanes), std::numeric_limits<std::int16_t>::min());
    entry.totals.assign(at(entry.lanes), 0);
  }
  const std::int64_t y =
      of.window.input_row(entry.first.y, entry.position / of.window.kernel_w, of.in.height);
  const std::int64_t x =
      of.window.input_column(entry.first.x, entry.position % of.window.kernel_w, of.in.width);
  if (y >= 0 && x >= 0) {
    for (std::int64_t lane = 0; lane < entry.lanes; ++lane) {
      const std::int16_t operand =
          read(region(step.input), {entry.first.image, y, x, entry.first.channel + lane}, now);
      entry.maxima[at(lane)] = std::max(entry.maxima[at(lane)], operand);
      entry.totals[at(lane)] += operand;
    }
    counters(step).activation_sram.reads += entry.lanes;
  }
  if (entry.position < entry.positions - 1) return;
  const float factor = average ? network::average_factor(of, entry.first.y, entry.first.x) : 0.0F;
  for (std::int64_t lane = 0; lane < entry.lanes; ++lane) {
    MapValue value = entry.first;
    value.channel += lane;
    write(step, value,
          average ? tensor::requantise(entry.totals[at(lane)], factor, of.bounds)
                  : entry.maxima[at(lane)],
          now);
  }
}

// The second map's operand comes first, where it is not held.
void MemoryWalk::elementwise_entry(const schedule::Step& step, PostEntry& entry,
                                   const memory::Access& now) {
  const network::Layer& of = layer(step.layer);
  measure::AccessCounts& counts = counters(step).activation_sram;
  if (entry.position < entry.positions - 1) {
    const schedule::Region& second = region(step.residual);
    const bool one_channel = network_.map(second.map).shape.channels == 1;
    entry.corners.assign(at(entry.lanes), 0);
    for (std::int64_t lane = 0; lane < entry.lanes; ++lane) {
      if (one_channel && lane > 0) {
        entry.corners[at(lane)] = entry.corners[0];
        continue;
      }
      MapValue value = entry.first;
      value.channel = one_channel ? 0 : entry.first.channel + lane;
      entry.corners[at(lane)] = read(second, value, now);
      ++counts.reads;
    }
    return;
  }
  counts.reads += entry.lanes;
  for (std::int64_t lane = 0; lane < entry.lanes; ++lane) {
    MapValue value = entry.first;
    value.channel += lane;
    const std::int16_t operand = read(region(step.input), value, now);
    std::int16_t result = 0;
    if (of.residual() == network::kNoMap) {
      result = look_up(of, value.channel, operand, now);
    } else {
      const std::int64_t image = value.image - region(step.output).image_begin;
      const std::int16_t other = entry.held.empty()
                                     ? entry.corners[at(lane)]
                                     : entry.held[at(image * of.out.channels + value.channel)];
      result = network::elementwise_operand(network_, of, value.channel, operand, other);
    }
    write(step, value, result, now);
  }
}

void MemoryWalk::resize_entry(const schedule::Step& step, PostEntry& entry,
                              const memory::Access& now) {
  const network::Layer& of = layer(step.layer);
  const network::Sample& row = of.sample_rows[at(entry.first.y)];
  const network::Sample& column = of.sample_columns[at(entry.first.x)];
  if (entry.position == 0) entry.corners.assign(at(entry.lanes * entry.positions), 0);
  for (std::int64_t lane = 0; lane < entry.lanes; ++lane) {
    entry.corners[at(lane * entry.positions + entry.position)] =
        read(region(step.input),
             {entry.first.image, entry.position < 2 ? row.first : row.second,
              entry.position % 2 == 0 ? column.first : column.second, entry.first.channel + lane},
             now);
  }
  counters(step).activation_sram.reads += entry.lanes;
  if (entry.position < entry.positions - 1) return;
  for (std::int64_t lane = 0; lane < entry.lanes; ++lane) {
    MapValue value = entry.first;
    value.channel += lane;
    const std::int16_t* corners = entry.corners.data() + lane * entry.positions;
    write(step, value,
          of.linear ? network::resize_operand(network_, of, row, column, corners)
                    : look_up(of, value.channel, *corners, now),
          now);
  }
}

std::int16_t MemoryWalk::look_up(const network::Layer& of, std::int64_t channel,
                                 std::int16_t operand, const memory::Access& now) {
  const std::int16_t stored = network::table_operand(network_, of, channel, operand);
  if (!table_faults_.armed() || of.tables.empty()) return stored;
  const std::int64_t entry = network::table_entry(network_, of, channel, operand);
  if (!table_faults_.marks(entry)) return stored;
  const tensor::Code& code = network_.map(of.output).code;
  return code.operand(
      static_cast<std::uint8_t>(table_faults_.read(entry, code.pattern(stored, bits_), now)),
      bits_);
}

void MemoryWalk::write(const schedule::Step& step, const MapValue& value, std::int16_t operand,
                       const memory::Access& now) {
  const schedule::Region& to = region(step.output);
  const std::int32_t pool = schedule_.layers[at(step.layer)].fused_pool;
  note_code(pool >= 0 ? pool : step.layer, value, operand);
  MapValue in_map = value;
  in_map.channel += layer(pool >= 0 ? pool : step.layer).output_channel;
  write_slot(slot_of(to, in_map), network_.map(to.map).code.pattern(operand, bits_), operand != 0,
             now);
  ++counters(step).activation_sram.writes;
  Density& density = densities_[at(to.map)];
  ++density.values;
  density.nonzeros += operand != 0 ? 1 : 0;
}

}  // namespace lacuna::fast
