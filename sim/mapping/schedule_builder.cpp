#include "mapping/schedule_builder.hpp"

#include <algorithm>
#include <limits>

#include "base/error.hpp"
#include "mapping/cost_sink.hpp"
#include "mapping/schedule_sink.hpp"

namespace lacuna::mapping {
namespace {

std::vector<LayerWork> list_work(const network::Network& network, const arch::AcceleratorSpec& spec,
                                 std::int64_t batch, const std::vector<PlannedLayer>& layers) {
  std::vector<LayerWork> works;
  LayerStart start;
  for (const PlannedLayer& planned : layers) {
    works.emplace_back(LayerShape(network, spec, planned.layer, planned.fused_pool, batch),
                       planned.cut, spec, start);
    start = works.back().end();
  }
  return works;
}

schedule::LayerMapping describe(const LayerWork& work, const arch::AcceleratorSpec& spec) {
  const LayerCut& cut = work.cut();
  schedule::LayerMapping mapping;
  mapping.pixel_ranges = work.ranges().size();
  mapping.fused_pool = work.shape().fused_pool();
  mapping.input_in_sram = cut.input_whole;
  mapping.output_in_sram = cut.output_whole;
  if (!work.is_gemm()) return mapping;
  mapping.order = cut.order;
  mapping.k_passes = work.blocks().passes();
  mapping.channel_tiles = work.blocks().tiles();
  mapping.weights_per_pe = base::ceil_div(work.blocks()[0].k_count, spec.array.rows);
  mapping.weights_stay = cut.weights_stay;
  return mapping;
}

/// Weights that are loaded in set-up, block after block.
void place_resident(std::int64_t word, const arch::AcceleratorSpec& spec,
                    schedule::Schedule& schedule) {
  schedule.weights_resident = true;
  for (std::size_t index = 0; index < schedule.blocks.size(); ++index) {
    schedule::Step step;
    step.kind = schedule::StepKind::kLoadWeights;
    step.layer = schedule.blocks[index].layer;
    step.block = static_cast<std::int32_t>(index);
    step.address = word;
    word += block_words(schedule.blocks[index], spec);
    schedule.setup.push_back(step);
  }
  schedule.weight_words = word;
}

}  // namespace

schedule::Schedule build_schedule(const network::Network& network,
                                  const arch::AcceleratorSpec& spec, const WalkSetting& setting,
                                  const std::vector<PlannedLayer>& layers) {
  schedule::Schedule schedule;
  schedule.batch = setting.batch;
  schedule.layers.resize(network.layers.size());
  const std::vector<LayerWork> works = list_work(network, spec, setting.batch, layers);
  std::int64_t steps = 0;
  for (const LayerWork& work : works) {
    schedule.layers[static_cast<std::size_t>(work.shape().layer_index())] = describe(work, spec);
    steps += work.most_steps();
    if (!work.is_gemm()) continue;
    for (const schedule::PixelRange& range : work.ranges()) schedule.ranges.push_back(range);
    for (std::int64_t b = 0; b < work.blocks().size(); ++b) {
      schedule.blocks.push_back(work.blocks()[b]);
    }
  }
  schedule.steps.reserve(static_cast<std::size_t>(steps));
  if (setting.resident_at) place_resident(*setting.resident_at, spec, schedule);
  ScheduleSink sink(schedule);
  StepWalk<ScheduleSink>(network, spec, setting, sink).run(works);
  return schedule;
}

Estimate cost(const network::Network& network, const arch::AcceleratorSpec& spec,
              const WalkSetting& setting, const std::vector<PlannedLayer>& layers) {
  CostSink sink(network, spec);
  const std::vector<LayerWork> works = list_work(network, spec, setting.batch, layers);
  StepWalk<CostSink>(network, spec, setting, sink).run(works);
  return sink.estimate();
}

}  // namespace lacuna::mapping
