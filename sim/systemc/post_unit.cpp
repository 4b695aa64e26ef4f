#include "systemc/post_unit.hpp"

#include <algorithm>
#include <limits>

#include "base/error.hpp"
#include "tensor/requantise.hpp"

namespace lacuna::systemc {

using schedule::Step;
using schedule::StepKind;

PostUnit::PostUnit(const sc_core::sc_module_name& name, Program& program)
    : sc_module(name),
      steps("steps"),
      listener("listener"),
      accumulators("accumulators"),
      activation_sram("activation_sram"),
      program_(program) {
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
    entries_ = out.image_count * out.row_count * layer.out.width *
               base::ceil_div(layer.out.channels, program_.spec->array.cols) *
               layer.window.kernel_h * layer.window.kernel_w;
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
  // Entries of a pooling step: output pixel by pixel, in it tile by tile, in it the window's
  // positions.
  const network::Layer& layer = program_.layer(step.layer);
  const std::int64_t cols = program_.spec->array.cols;
  const std::int64_t positions = std::int64_t{layer.window.kernel_h} * layer.window.kernel_w;
  const std::int64_t tile = entry_ / positions % base::ceil_div(layer.out.channels, cols);
  return std::min(cols, layer.out.channels - tile * cols);
}

std::int64_t PostUnit::entry_cycles() const {
  // The residual operand of an entry comes through the port that the entry takes, before it.
  const std::int64_t operands = program_.step(queue_.front().id).residual >= 0 ? 2 : 1;
  return operands * base::ceil_div(entry_lanes(), *program_.spec->post.lanes);
}

void PostUnit::do_entry() {
  const Step& step = program_.step(queue_.front().id);
  if (step.kind == StepKind::kPost) {
    post_entry(step);
  } else {
    pool_entry(step);
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
  const std::int32_t* sums = accumulators->read(step.address + entry_);
  program_.counters(step).accumulators.reads += block.n_count;
  if (step.residual >= 0) program_.counters(step).activation_sram.reads += block.n_count;

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
      program_.logits[static_cast<std::size_t>(
          image * layer.out.values() + (y * layer.out.width + x) * layer.out.channels + channel)] =
          sum;
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
  const float scale = layer.scale[static_cast<std::size_t>(value.channel)];
  if (step.residual < 0) return tensor::requantise(sum, scale, layer.bounds);
  const schedule::Region& region = program_.region(step.residual);
  return tensor::requantise_sum(sum, scale, read(region, slot_of(region, value)),
                                layer.residual_scale, layer.bounds);
}

void PostUnit::pool_entry(const Step& step) {
  const network::Layer& layer = program_.layer(step.layer);
  const schedule::Region& in = program_.region(step.input);
  const schedule::Region& out = program_.region(step.output);
  const std::int64_t cols = program_.spec->array.cols;
  const std::int64_t positions = std::int64_t{layer.window.kernel_h} * layer.window.kernel_w;
  const std::int64_t tiles = base::ceil_div(layer.out.channels, cols);
  const std::int64_t position = entry_ % positions;
  const std::int64_t tile = entry_ / positions % tiles;
  const std::int64_t pixel = entry_ / positions / tiles;
  const std::int64_t x = pixel % layer.out.width;
  const std::int64_t y = out.row_begin + pixel / layer.out.width % out.row_count;
  const std::int64_t image = out.image_begin + pixel / layer.out.width / out.row_count;
  const std::int64_t in_y =
      y * layer.window.stride_h - layer.window.pad_top + position / layer.window.kernel_w;
  const std::int64_t in_x =
      x * layer.window.stride_w - layer.window.pad_left + position % layer.window.kernel_w;

  const bool average = layer.kind == network::LayerKind::kAveragePool;
  if (position == 0) {
    maxima_.assign(static_cast<std::size_t>(cols), std::numeric_limits<std::int16_t>::min());
    totals_.assign(static_cast<std::size_t>(cols), 0);
  }
  if (in_y >= 0 && in_y < layer.in.height && in_x >= 0 && in_x < layer.in.width) {
    const std::int64_t slot =
        in.base +
        (((image - in.image_begin) * in.row_count + in_y - in.row_begin) * layer.in.width + in_x) *
            layer.in.channels +
        tile * cols;
    for (std::int64_t lane = 0; lane < entry_lanes(); ++lane) {
      const std::int16_t operand = read(in, slot + lane);
      std::int16_t& maximum = maxima_[static_cast<std::size_t>(lane)];
      maximum = std::max(maximum, operand);
      totals_[static_cast<std::size_t>(lane)] += operand;
    }
    program_.counters(step).activation_sram.reads += entry_lanes();
  }
  if (position == positions - 1) {
    for (std::int64_t lane = 0; lane < entry_lanes(); ++lane) {
      const auto own = static_cast<std::size_t>(lane);
      const std::int16_t operand =
          average ? tensor::requantise(totals_[own], layer.scale.front(), layer.bounds)
                  : maxima_[own];
      write(step, {image, y, x, tile * cols + lane}, operand);
    }
  }
}

std::int64_t PostUnit::slot_of(const schedule::Region& region, const MapValue& value) const {
  const network::MapShape& shape = program_.network->map(region.map).shape;
  return region.base +
         (((value.image - region.image_begin) * region.row_count + value.y - region.row_begin) *
              shape.width +
          value.x) *
             shape.channels +
         value.channel;
}

std::int16_t PostUnit::read(const schedule::Region& region, std::int64_t slot) {
  const std::uint8_t pattern = activation_sram->read(slot, program_.access_step(queue_.front().id));
  return program_.network->map(region.map)
      .code.operand(pattern, program_.spec->precision.activation_bits);
}

void PostUnit::write(const Step& step, const MapValue& value, std::int16_t operand) {
  const schedule::Region& region = program_.region(step.output);
  const std::uint8_t pattern = program_.network->map(region.map)
                                   .code.pattern(operand, program_.spec->precision.activation_bits);
  activation_sram->write(slot_of(region, value), pattern, operand != 0,
                         program_.access_step(queue_.front().id));
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
