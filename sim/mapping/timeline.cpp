#include "mapping/timeline.hpp"

#include <algorithm>

namespace lacuna::mapping {
namespace {

class Timeline {
 public:
  Timeline(const schedule::Schedule& schedule, const network::Network& network,
           const arch::AcceleratorSpec& spec)
      : schedule_(schedule), network_(network), spec_(spec) {}

  Estimate run() {
    Estimate estimate;
    start_.resize(schedule_.steps.size());
    end_.resize(schedule_.steps.size());
    for (std::size_t id = 0; id < schedule_.steps.size(); ++id) {
      const schedule::Step& step = schedule_.steps[id];
      place(id, step);
      estimate.cycles.value = std::max(estimate.cycles.value, end_[id]);
      if (schedule::resource_of(step.kind) == schedule::Resource::kDma) {
        estimate.dram += transfer_bytes(step, schedule_, network_, spec_);
      }
    }
    return estimate;
  }

 private:
  std::int64_t duration(const schedule::Step& step) const {
    return step_cycles(step, schedule_, network_, spec_);
  }

  void place(std::size_t id, const schedule::Step& step) {
    std::int64_t ready = 0;
    for (const schedule::StepId wait : step.waits) {
      if (wait != schedule::kNoStep) ready = std::max(ready, end_[static_cast<std::size_t>(wait)]);
    }
    if (step.after_start != schedule::kNoStep) {
      ready = std::max(ready, start_[static_cast<std::size_t>(step.after_start)]);
    }
    const auto resource = static_cast<std::size_t>(schedule::resource_of(step.kind));
    std::int64_t& last_start = last_start_[resource];
    std::int64_t& last_end = last_end_[resource];
    switch (schedule::resource_of(step.kind)) {
      case schedule::Resource::kDma: {
        start_[id] = std::max(ready, last_start);
        end_[id] = std::max(start_[id] + spec_.dram.latency_cycles, last_end) + duration(step);
        break;
      }
      case schedule::Resource::kLoader:
      case schedule::Resource::kArray:
        start_[id] = std::max(ready, last_end);
        end_[id] = start_[id] + duration(step);
        break;
      case schedule::Resource::kPost:
        start_[id] = std::max(ready, last_start);
        end_[id] = spec_.post.lanes
                       ? std::max(start_[id] + spec_.post.latency_cycles, last_end) + duration(step)
                       : std::max(start_[id], last_end);
        break;
    }
    last_start = start_[id];
    last_end = end_[id];
  }

  const schedule::Schedule& schedule_;
  const network::Network& network_;
  const arch::AcceleratorSpec& spec_;
  std::vector<std::int64_t> start_;
  std::vector<std::int64_t> end_;
  std::array<std::int64_t, schedule::kResources> last_start_{};
  std::array<std::int64_t, schedule::kResources> last_end_{};
};

}  // namespace

base::Bytes weight_bytes(const schedule::Block& block, const arch::AcceleratorSpec& spec) {
  return base::Bytes{base::ceil_div(block.values() * spec.precision.weight_bits, 8)};
}

base::Bytes map_bytes(const schedule::MapRows& rows, const network::Network& network,
                      const arch::AcceleratorSpec& spec) {
  const network::Map& map = network.map(rows.map);
  const std::int64_t values =
      rows.image_count * rows.row_count * map.shape.width * rows.channel_count;
  return base::Bytes{base::ceil_div(values * schedule::bits_in_dram(map, spec), 8)};
}

std::int64_t transfer_cycles(base::Bytes bytes, const arch::AcceleratorSpec& spec) {
  return spec.dram.bytes_per_cycle ? base::ceil_div(bytes.value, *spec.dram.bytes_per_cycle) : 0;
}

std::int64_t load_pe_cycles(const schedule::Block& block, const arch::AcceleratorSpec& spec) {
  return spec.array.whole_folds ? std::int64_t{spec.array.rows} * spec.array.weights_per_pe
                                : block.k_count;
}

// Every pixel takes as long as the fullest row; then R - 1 rows down and C - 1 columns right.
std::int64_t stream_cycles(const schedule::Block& block, std::int64_t pixels,
                           const arch::AcceleratorSpec& spec) {
  const std::int64_t used = schedule::used_rows(block, spec);
  const std::int64_t rows = spec.array.whole_folds ? spec.array.rows : used;
  const std::int64_t cols = spec.array.whole_folds ? spec.array.cols : block.n_count;
  return pixels * base::ceil_div(block.k_count, used) + (rows - 1) + (cols - 1);
}

std::int64_t post_cycles(const network::Layer& layer, const schedule::Block& block,
                         std::int64_t pixels, const arch::AcceleratorSpec& spec) {
  if (!spec.post.lanes) return 0;
  // A residual operand comes through the same port: every entry takes twice as long.
  const std::int64_t operands = layer.residual() >= 0 ? 2 : 1;
  return pixels * base::ceil_div(block.n_count, *spec.post.lanes) * operands;
}

std::int64_t pool_cycles(const network::Network& network, const network::Layer& layer,
                         std::int64_t rows, std::int64_t images,
                         const arch::AcceleratorSpec& spec) {
  if (!spec.post.lanes) return 0;
  std::int64_t a_pixel = 0;  // entries take longer where lanes are fewer than a tile's channels
  for (std::int64_t c = 0; c < layer.out.channels; c += spec.array.cols) {
    a_pixel += base::ceil_div(std::min<std::int64_t>(spec.array.cols, layer.out.channels - c),
                              *spec.post.lanes);
  }
  const bool broadcast = network.is_broadcast(layer);
  return (rows * layer.out.width * layer.entries_a_pixel(broadcast) + (broadcast ? images : 0)) *
         a_pixel;
}

base::Bytes transfer_bytes(const schedule::Step& step, const schedule::Schedule& schedule,
                           const network::Network& network, const arch::AcceleratorSpec& spec) {
  if (step.kind == schedule::StepKind::kLoadWeights) {
    return weight_bytes(schedule.blocks[static_cast<std::size_t>(step.block)], spec);
  }
  return map_bytes(step.rows, network, spec);
}

std::int64_t step_cycles(const schedule::Step& step, const schedule::Schedule& schedule,
                         const network::Network& network, const arch::AcceleratorSpec& spec) {
  if (schedule::resource_of(step.kind) == schedule::Resource::kDma) {
    return transfer_cycles(transfer_bytes(step, schedule, network, spec), spec);
  }
  const network::Layer& layer = network.layers[static_cast<std::size_t>(step.layer)];
  if (schedule::is_map_step(step.kind)) {
    const schedule::Region& out = schedule.regions[static_cast<std::size_t>(step.output)];
    return pool_cycles(network, layer, out.image_count * out.row_count, out.image_count, spec);
  }
  const schedule::Block& block = schedule.blocks[static_cast<std::size_t>(step.block)];
  if (step.kind == schedule::StepKind::kLoadPe) return load_pe_cycles(block, spec);
  const schedule::PixelRange& range = schedule.ranges[static_cast<std::size_t>(step.range)];
  const std::int64_t pixels = range.row_count * layer.out.width;
  return step.kind == schedule::StepKind::kPost ? post_cycles(layer, block, pixels, spec)
                                                : stream_cycles(block, pixels, spec);
}

Estimate estimate_dense(const schedule::Schedule& schedule, const network::Network& network,
                        const arch::AcceleratorSpec& spec) {
  return Timeline(schedule, network, spec).run();
}

}  // namespace lacuna::mapping
