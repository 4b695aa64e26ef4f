#include "systemc/post_unit.hpp"

#include <algorithm>
#include <limits>

#include "base/error.hpp"
#include "network/outputs.hpp"
#include "network/post.hpp"

namespace lacuna::systemc {

using schedule::Step;
using schedule::StepKind;

PostUnit::PostUnit(const sc_core::sc_module_name& name, Program& program,
                   std::int64_t table_entries)
    : sc_module(name),
      steps("steps"),
      listener("listener"),
      accumulators("accumulators"),
      activation_sram("activation_sram"),
      program_(program),
      table_faults_({table_entries, program.spec->precision.activation_bits, 1},
                    program.spec->precision.activation_bits) {
  steps.bind(*this);
  SC_METHOD(tick);
  sensitive << tick_;
  dont_initialize();
}

void PostUnit::start(schedule::StepId id) {
  queue_.push_back({id, now()});
  if (queue_.size() == 1) begin_front();
}

void PostUnit::begin_front() {
  const Step& step = program_.step(queue_.front().id);
  const network::Layer& layer = program_.layer(step.layer);
  entry_ = 0;
  if (step.kind == StepKind::kPost) {
    entries_ = program_.range(step).row_count * layer.out.width;
    if (program_.schedule->layers[static_cast<std::size_t>(step.layer)].fused_pool >= 0) {
      maxima_.assign(static_cast<std::size_t>(layer.out.width * program_.spec->array.cols), 0);
    }
  } else {
    const schedule::Region& out = program_.region(step.output);
    const bool broadcast = program_.network->is_broadcast(layer);
    const std::int64_t tiles = base::ceil_div(layer.out.channels, program_.spec->array.cols);
    positions_ = layer.entries_a_pixel(broadcast);
    held_entries_ = broadcast ? out.image_count * tiles : 0;
    held_.assign(static_cast<std::size_t>(broadcast ? out.image_count * layer.out.channels : 0), 0);
    entries_ =
        held_entries_ + out.image_count * out.row_count * layer.out.width * tiles * positions_;
  }
  if (!program_.spec->post.lanes) {
    tick_.notify(sc_core::SC_ZERO_TIME);
    return;
  }
  const std::int64_t data =
      std::max(queue_.front().ready + program_.spec->post.latency_cycles, now());
  tick_.notify(cycles(data - now() + entry_cycles()));
}

void PostUnit::tick() {
  if (!program_.spec->post.lanes) {
    while (entry_ < entries_) do_entry();
    end_front();
    return;
  }
  do_entry();
  if (entry_ < entries_) {
    tick_.notify(cycles(entry_cycles()));
  } else {
    end_front();
  }
}

std::int64_t PostUnit::entry_lanes() const {
  const Step& step = program_.step(queue_.front().id);
  if (step.kind == StepKind::kPost) return program_.block(step).n_count;
  // Entries of a step over maps: what is held, image by image, tile by tile; then output pixel by
  // pixel, in it tile by tile, in it the window's positions or the operands.
  const network::Layer& layer = program_.layer(step.layer);
  const std::int64_t cols = program_.spec->array.cols;
  const std::int64_t tiles = base::ceil_div(layer.out.channels, cols);
  const std::int64_t tile =
      entry_ < held_entries_ ? entry_ % tiles : (entry_ - held_entries_) / positions_ % tiles;
  return std::min(cols, layer.out.channels - tile * cols);
}

std::int64_t PostUnit::entry_cycles() const {
  // The residual operand of an entry comes through the port that the entry takes, before it.
  const Step& step = program_.step(queue_.front().id);
  const std::int64_t operands = step.kind == StepKind::kPost && step.residual >= 0 ? 2 : 1;
  return operands * base::ceil_div(entry_lanes(), *program_.spec->post.lanes);
}

void PostUnit::do_entry() {
  const Step& step = program_.step(queue_.front().id);
  if (step.kind == StepKind::kPost) {
    post_entry(step);
  } else {
    map_entry(step);
  }
  ++entry_;
}

void PostUnit::post_entry(const Step& step) {
  const schedule::Block& block = program_.block(step);
  const network::Layer& layer = program_.layer(step.layer);
  const std::int64_t row = program_.range(step).row_begin + entry_ / layer.out.width;
  const std::int64_t image = row / layer.out.height;
  const std::int64_t y = row % layer.out.height;
  const std::int64_t x = entry_ % layer.out.width;
  const std::int64_t first_channel = block.group * layer.n() + block.n_begin;
  const std::int32_t pool =
      program_.schedule->layers[static_cast<std::size_t>(step.layer)].fused_pool;
  const std::int32_t* sums = accumulators->read(step.address + entry_, block.n_count, access());
  program_.counters(step).accumulators.reads += block.n_count;
  if (step.residual >= 0) {
    const network::Map& second = program_.network->map(program_.region(step.residual).map);
    program_.counters(step).activation_sram.reads +=
        block.n_count * schedule::slots_per_value(second, *program_.spec);
  }

  for (std::int64_t lane = 0; lane < block.n_count; ++lane) {
    const std::int64_t channel = first_channel + lane;
    const auto c = static_cast<std::size_t>(channel);
    const auto sum = static_cast<std::int32_t>(static_cast<std::uint32_t>(sums[lane]) +
                                               static_cast<std::uint32_t>(layer.bias[c]));
    if (layer.report_sums) {
      program_.sums[static_cast<std::size_t>(step.layer)][static_cast<std::size_t>(
          (row * layer.out.width + x) * layer.out.channels + channel)] = sum;
    }
    if (layer.logits) {
      const std::int64_t value = (y * layer.out.width + x) * layer.out.channels + channel;
      for (std::size_t o = 0; o < program_.network->outputs.size(); ++o) {
        if (program_.network->outputs[o].layer != step.layer) continue;
        program_.logits[static_cast<std::size_t>(image * program_.network->output_values() +
                                                 network::output_offset(*program_.network, o) +
                                                 value)] = sum;
      }
      continue;
    }
    if (program_.network->map(layer.output).sums) {
      keep_sum(step, {image, y, x, channel}, sum);
      continue;
    }
    const std::int16_t operand = requantise(step, {image, y, x, channel}, sum);
    if (pool < 0) {
      write(step, {image, y, x, channel}, operand);
      continue;
    }
    const network::Layer& pooling = program_.layer(pool);
    const int height = pooling.window.kernel_h;
    const int width = pooling.window.kernel_w;
    const std::int64_t window_x = x / width;
    if (y / height >= pooling.out.height || window_x >= pooling.out.width) continue;
    std::int16_t& maximum =
        maxima_[static_cast<std::size_t>(window_x * program_.spec->array.cols + lane)];
    const bool first = y % height == 0 && x % width == 0;
    maximum = first ? operand : std::max(maximum, operand);
    if (y % height == height - 1 && x % width == width - 1) {
      write(step, {image, y / height, window_x, channel}, maximum);
    }
  }
}

std::int16_t PostUnit::requantise(const Step& step, const MapValue& value, std::int32_t sum) {
  const network::Layer& layer = program_.layer(step.layer);
  std::int32_t second = 0;
  if (step.residual >= 0) {
    const schedule::Region& region = program_.region(step.residual);
    second = program_.network->map(region.map).sums
                 ? read_sum(*activation_sram.operator->(), slot_of(region, value), *program_.spec,
                            access())
                 : read(region, value);
  }
  return network::post_operand(*program_.network, layer, value.channel, sum, second);
}

void PostUnit::keep_sum(const Step& step, const MapValue& value, std::int32_t sum) {
  const schedule::Region& region = program_.region(step.output);
  write_sum(*activation_sram.operator->(), slot_of(region, value), sum, *program_.spec, access());
  program_.counters(step).activation_sram.writes +=
      schedule::slots_per_value(program_.network->map(region.map), *program_.spec);
}

void PostUnit::map_entry(const Step& step) {
  const network::Layer& layer = program_.layer(step.layer);
  const schedule::Region& out = program_.region(step.output);
  const std::int64_t cols = program_.spec->array.cols;
  const std::int64_t tiles = base::ceil_div(layer.out.channels, cols);
  if (entry_ < held_entries_) {
    const std::int64_t image = entry_ / tiles;
    const std::int64_t first = entry_ % tiles * cols;
    for (std::int64_t c = first; c < first + entry_lanes(); ++c) {
      held_[static_cast<std::size_t>(image * layer.out.channels + c)] =
          read(program_.region(step.residual), {out.image_begin + image, 0, 0, c});
    }
    program_.counters(step).activation_sram.reads += entry_lanes();
    return;
  }
  const std::int64_t entry = entry_ - held_entries_;
  const std::int64_t position = entry % positions_;
  const std::int64_t tile = entry / positions_ % tiles;
  const std::int64_t pixel = entry / positions_ / tiles;
  MapValue first{};
  first.x = pixel % layer.out.width;
  first.y = out.row_begin + pixel / layer.out.width % out.row_count;
  first.image = out.image_begin + pixel / layer.out.width / out.row_count;
  first.channel = tile * cols;
  if (layer.is_pool()) return pool_position(step, first, position);
  if (layer.kind == network::LayerKind::kResize) return resize_position(step, first, position);
  elementwise_position(step, first, position);
}

void PostUnit::pool_position(const Step& step, const MapValue& first, std::int64_t position) {
  const network::Layer& layer = program_.layer(step.layer);
  const schedule::Region& in = program_.region(step.input);
  const bool average = layer.kind == network::LayerKind::kAveragePool;
  const std::int64_t in_y =
      layer.window.input_row(first.y, position / layer.window.kernel_w, layer.in.height);
  const std::int64_t in_x =
      layer.window.input_column(first.x, position % layer.window.kernel_w, layer.in.width);
  const auto lanes = static_cast<std::size_t>(entry_lanes());
  if (position == 0) {
    maxima_.assign(lanes, std::numeric_limits<std::int16_t>::min());
    totals_.assign(lanes, 0);
  }
  if (in_y >= 0 && in_x >= 0) {
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      const std::int64_t channel = first.channel + static_cast<std::int64_t>(lane);
      const std::int16_t operand = read(in, {first.image, in_y, in_x, channel});
      maxima_[lane] = std::max(maxima_[lane], operand);
      totals_[lane] += operand;
    }
    program_.counters(step).activation_sram.reads += entry_lanes();
  }
  if (position < positions_ - 1) return;
  const float factor = average ? network::average_factor(layer, first.y, first.x) : 0.0F;
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    MapValue value = first;
    value.channel += static_cast<std::int64_t>(lane);
    write(step, value,
          average ? tensor::requantise(totals_[lane], factor, layer.bounds) : maxima_[lane]);
  }
}

// The second map's operand comes first, where it is not held.
void PostUnit::elementwise_position(const Step& step, const MapValue& first,
                                    std::int64_t position) {
  const network::Layer& layer = program_.layer(step.layer);
  const auto lanes = static_cast<std::size_t>(entry_lanes());
  measure::AccessCounts& counts = program_.counters(step).activation_sram;
  if (position < positions_ - 1) {
    const schedule::Region& second = program_.region(step.residual);
    const bool one_channel = program_.network->map(second.map).shape.channels == 1;
    corners_.assign(lanes, 0);
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      if (one_channel && lane > 0) {
        corners_[lane] = corners_[0];
        continue;
      }
      MapValue value = first;
      value.channel = one_channel ? 0 : first.channel + static_cast<std::int64_t>(lane);
      corners_[lane] = read(second, value);
      ++counts.reads;
    }
    return;
  }
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    MapValue value = first;
    value.channel += static_cast<std::int64_t>(lane);
    const std::int16_t operand = read(program_.region(step.input), value);
    std::int16_t result = 0;
    if (layer.residual() == network::kNoMap) {
      result = look_up(layer, value.channel, operand);
    } else {
      const std::int64_t image = value.image - program_.region(step.output).image_begin;
      const std::int16_t second =
          held_.empty()
              ? corners_[lane]
              : held_[static_cast<std::size_t>(image * layer.out.channels + value.channel)];
      result =
          network::elementwise_operand(*program_.network, layer, value.channel, operand, second);
    }
    write(step, value, result);
  }
  counts.reads += entry_lanes();
}

void PostUnit::resize_position(const Step& step, const MapValue& first, std::int64_t position) {
  const network::Layer& layer = program_.layer(step.layer);
  const network::Sample& row = layer.sample_rows[static_cast<std::size_t>(first.y)];
  const network::Sample& column = layer.sample_columns[static_cast<std::size_t>(first.x)];
  const auto lanes = static_cast<std::size_t>(entry_lanes());
  if (position == 0) corners_.assign(lanes * static_cast<std::size_t>(positions_), 0);
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    corners_[lane * static_cast<std::size_t>(positions_) + static_cast<std::size_t>(position)] =
        read(program_.region(step.input), {first.image, position < 2 ? row.first : row.second,
                                           position % 2 == 0 ? column.first : column.second,
                                           first.channel + static_cast<std::int64_t>(lane)});
  }
  program_.counters(step).activation_sram.reads += entry_lanes();
  if (position < positions_ - 1) return;
  for (std::size_t lane = 0; lane < lanes; ++lane) {
    MapValue value = first;
    value.channel += static_cast<std::int64_t>(lane);
    const std::int16_t* corners = corners_.data() + lane * static_cast<std::size_t>(positions_);
    write(step, value,
          layer.linear ? network::resize_operand(*program_.network, layer, row, column, corners)
                       : look_up(layer, value.channel, *corners));
  }
}

std::int16_t PostUnit::look_up(const network::Layer& layer, std::int64_t channel,
                               std::int16_t operand) {
  const std::int16_t stored = network::table_operand(*program_.network, layer, channel, operand);
  if (!table_faults_.armed() || layer.tables.empty()) return stored;
  const std::int64_t entry = network::table_entry(*program_.network, layer, channel, operand);
  if (!table_faults_.marks(entry)) return stored;
  const tensor::Code& code = program_.network->map(layer.output).code;
  const int bits = program_.spec->precision.activation_bits;
  return code.operand(
      static_cast<std::uint8_t>(table_faults_.read(entry, code.pattern(stored, bits), access())),
      bits);
}

std::int64_t PostUnit::slot_of(const schedule::Region& region, const MapValue& value) const {
  const network::Map& map = program_.network->map(region.map);
  const std::int64_t pixel =
      ((value.image - region.image_begin) * region.row_count + value.y - region.row_begin) *
          map.shape.width +
      value.x;
  return region.base + (pixel * region.channel_count + value.channel - region.channel_begin) *
                           schedule::slots_per_value(map, *program_.spec);
}

std::int16_t PostUnit::read(const schedule::Region& region, const MapValue& value) {
  const std::uint8_t pattern = activation_sram->read(slot_of(region, value), access());
  return program_.network->map(region.map)
      .code.operand(pattern, program_.spec->precision.activation_bits);
}

void PostUnit::write(const Step& step, const MapValue& value, std::int16_t operand) {
  const schedule::Region& region = program_.region(step.output);
  const std::uint8_t pattern = program_.network->map(region.map)
                                   .code.pattern(operand, program_.spec->precision.activation_bits);
  const std::int32_t pool =
      program_.schedule->layers[static_cast<std::size_t>(step.layer)].fused_pool;
  MapValue in_map = value;
  in_map.channel += program_.layer(pool >= 0 ? pool : step.layer).output_channel;
  activation_sram->write(slot_of(region, in_map), pattern, operand != 0, access());
  measure::LayerCounters& counters = program_.counters(step);
  ++counters.activation_sram.writes;
  MapDensity& density = program_.maps[static_cast<std::size_t>(region.map)];
  ++density.values;
  density.nonzeros += operand != 0 ? 1 : 0;
}

void PostUnit::end_front() {
  const schedule::StepId id = queue_.front().id;
  queue_.pop_front();
  if (!queue_.empty()) begin_front();
  listener->ended(id);
}

}  // namespace lacuna::systemc
