#include "schedule/durations.hpp"

#include <algorithm>

namespace lacuna::schedule {

base::Bytes weight_bytes(const Block& block, const arch::AcceleratorSpec& spec) {
  return base::Bytes{base::ceil_div(block.values() * spec.precision.weight_bits, 8)};
}

base::Bytes map_bytes(const MapRows& rows, const network::Network& network,
                      const arch::AcceleratorSpec& spec) {
  const network::Map& map = network.map(rows.map);
  const std::int64_t values =
      rows.image_count * rows.row_count * map.shape.width * rows.channel_count;
  return base::Bytes{base::ceil_div(values * bits_in_dram(map, spec), 8)};
}

Duration transfer_duration(base::Bytes bytes, const arch::AcceleratorSpec& spec) {
  return without_tail(
      spec.dram.bytes_per_cycle ? base::ceil_div(bytes.value, *spec.dram.bytes_per_cycle) : 0);
}

Duration load_pe_duration(const Block& block, const arch::AcceleratorSpec& spec) {
  return without_tail(spec.array.whole_folds
                          ? std::int64_t{spec.array.rows} * spec.array.weights_per_pe
                          : block.k_count);
}

// Every pixel takes as long as the fullest row; then R - 1 rows down and C - 1 columns right.
Duration stream_duration(const Block& block, std::int64_t pixels,
                         const arch::AcceleratorSpec& spec) {
  const std::int64_t used = used_rows(block, spec);
  const std::int64_t rows = spec.array.whole_folds ? spec.array.rows : used;
  const std::int64_t cols = spec.array.whole_folds ? spec.array.cols : block.n_count;
  return without_tail(pixels * base::ceil_div(block.k_count, used) + (rows - 1) + (cols - 1));
}

Duration post_duration(const network::Layer& layer, const Block& block, std::int64_t pixels,
                       const arch::AcceleratorSpec& spec) {
  if (!spec.post.lanes) return without_tail(0);
  // A residual operand comes through the same port: every entry takes twice as long.
  const std::int64_t operands = layer.residual() >= 0 ? 2 : 1;
  return without_tail(pixels * base::ceil_div(block.n_count, *spec.post.lanes) * operands);
}

Duration map_step_duration(const network::Network& network, const network::Layer& layer,
                           std::int64_t rows, std::int64_t images,
                           const arch::AcceleratorSpec& spec) {
  if (!spec.post.lanes) return without_tail(0);
  std::int64_t a_pixel = 0;  // entries take longer where lanes are fewer than a tile's channels
  for (std::int64_t c = 0; c < layer.out.channels; c += spec.array.cols) {
    a_pixel += base::ceil_div(std::min<std::int64_t>(spec.array.cols, layer.out.channels - c),
                              *spec.post.lanes);
  }
  const bool broadcast = network.is_broadcast(layer);
  return without_tail(
      (rows * layer.out.width * layer.entries_a_pixel(broadcast) + (broadcast ? images : 0)) *
      a_pixel);
}

base::Bytes transfer_bytes(const Step& step, const Schedule& schedule,
                           const network::Network& network, const arch::AcceleratorSpec& spec) {
  if (step.kind == StepKind::kLoadWeights) {
    return weight_bytes(schedule.blocks[static_cast<std::size_t>(step.block)], spec);
  }
  return map_bytes(step.rows, network, spec);
}

Duration step_duration(const Step& step, const Schedule& schedule, const network::Network& network,
                       const arch::AcceleratorSpec& spec) {
  if (resource_of(step.kind) == Resource::kDma) {
    return transfer_duration(transfer_bytes(step, schedule, network, spec), spec);
  }
  const network::Layer& layer = network.layers[static_cast<std::size_t>(step.layer)];
  if (is_map_step(step.kind)) {
    const Region& out = schedule.regions[static_cast<std::size_t>(step.output)];
    return map_step_duration(network, layer, out.image_count * out.row_count, out.image_count,
                             spec);
  }
  const Block& block = schedule.blocks[static_cast<std::size_t>(step.block)];
  if (step.kind == StepKind::kLoadPe) return load_pe_duration(block, spec);
  const PixelRange& range = schedule.ranges[static_cast<std::size_t>(step.range)];
  const std::int64_t pixels = range.row_count * layer.out.width;
  return step.kind == StepKind::kPost ? post_duration(layer, block, pixels, spec)
                                      : stream_duration(block, pixels, spec);
}

}  // namespace lacuna::schedule
