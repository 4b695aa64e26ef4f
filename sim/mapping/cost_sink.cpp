#include "mapping/cost_sink.hpp"

#include <algorithm>

#include "schedule/resources.hpp"

namespace lacuna::mapping {

using schedule::StepKind;

schedule::Duration CostSink::duration(const WalkedStep& walked) {
  const schedule::Step& step = walked.step;
  const network::Layer& layer = network_.layers[static_cast<std::size_t>(step.layer)];
  switch (step.kind) {
    case StepKind::kLoadWeights:
    case StepKind::kLoadActivations:
    case StepKind::kStoreActivations: {
      const base::Bytes bytes = step.kind == StepKind::kLoadWeights
                                    ? schedule::weight_bytes(*walked.block, spec_)
                                    : schedule::map_bytes(step.rows, network_, spec_);
      estimate_.dram += bytes;
      return schedule::transfer_duration(bytes, spec_);
    }
    case StepKind::kLoadPe:
      return schedule::load_pe_duration(*walked.block, spec_);
    case StepKind::kStream:
      return schedule::stream_duration(*walked.block, walked.pixels, spec_);
    case StepKind::kPost:
      return schedule::post_duration(layer, *walked.block, walked.pixels, spec_);
    case StepKind::kPool:
    case StepKind::kTransform:
      return schedule::map_step_duration(network_, layer,
                                         walked.region->image_count * walked.region->row_count,
                                         walked.region->image_count, spec_);
  }
  return {};
}

PlacedStep CostSink::append(const WalkedStep& walked, const StepAccesses::Stamps& waits,
                            Stamp after_start) {
  const schedule::Resource resource = schedule::resource_of(walked.step.kind);
  Stamp ready = std::max<Stamp>(0, after_start);
  for (const Stamp wait : waits) ready = std::max(ready, wait);
  const auto span = placement_.place(resource, ready, duration(walked));
  estimate_.cycles.value = std::max(estimate_.cycles.value, span.end);
  return {span.start, span.end};
}

}  // namespace lacuna::mapping
