#include "schedule/accesses.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/error.hpp"

namespace lacuna::schedule {

const std::vector<Access>& StepAccesses::of(const Step& step, StepId id) {
  list_.clear();
  step_ = &step;
  id_ = id;
  switch (memory_) {
    case MemoryId::kWeightSram:
      weights(step);
      break;
    case MemoryId::kActivationSram:
      activations(step);
      break;
    case MemoryId::kActivationBitmap:
      activations(step);
      drop_blind_reads(step);
      break;
    case MemoryId::kAccumulatorSram:
      accumulators(step);
      break;
    default:
      throw base::InternalError("schedule", id, "steps do not name the cells of this memory");
  }
  return list_;
}

void StepAccesses::weights(const Step& step) {
  const bool load = step.kind == StepKind::kLoadWeights;
  if (!load && step.kind != StepKind::kLoadPe) return;
  add(load ? AccessKind::kWrite : AccessKind::kRead, step.address,
      block(step).k_count * words_per_index(block(step), spec_));
}

void StepAccesses::activations(const Step& step) {
  const network::ChannelSlice moved{step.rows.channel_begin, step.rows.channel_count};
  switch (step.kind) {
    case StepKind::kLoadWeights:
    case StepKind::kLoadPe:
      return;
    case StepKind::kLoadActivations:
      return add_rows(AccessKind::kWrite, step.output, transfer_rows(step.rows), moved);
    case StepKind::kStoreActivations:
      return add_rows(AccessKind::kRead, step.input, transfer_rows(step.rows), moved);
    case StepKind::kStream: {
      const std::int64_t channels = layer(step).group_in();
      return add_windows(range_rows(step), {block(step).group * channels, channels});
    }
    case StepKind::kPost:
      return post(step);
    case StepKind::kPool:
    case StepKind::kTransform: {
      const std::vector<ImageRows> rows = region_rows(region(step.output));
      add_windows(rows, {0, layer(step).in.channels});
      if (step.residual >= 0) {
        const network::MapShape& second = network_.map(layer(step).inputs[1]).shape;
        add_rows(AccessKind::kRead, step.residual, second_rows(rows, second.height),
                 {0, second.channels});
      }
      return add_rows(AccessKind::kWrite, step.output, rows,
                      {layer(step).output_channel, layer(step).out.channels});
    }
  }
}

// The bitmap is written with the codes. Feeders that skip read it, and nothing else does.
void StepAccesses::drop_blind_reads(const Step& step) {
  if (step.kind == StepKind::kStream && spec_.zero_skipping == arch::ZeroSkipping::kSkip) return;
  list_.erase(std::remove_if(list_.begin(), list_.end(),
                             [](const Access& a) { return a.kind == AccessKind::kRead; }),
              list_.end());
}

void StepAccesses::post(const Step& step) {
  std::vector<ImageRows> rows = range_rows(step);
  network::ChannelSlice channels{block(step).group * layer(step).n() + block(step).n_begin,
                                 block(step).n_count};
  if (step.residual >= 0) add_rows(AccessKind::kRead, step.residual, rows, channels);
  if (layer(step).logits) return;
  const std::int32_t pool = schedule_.layers[static_cast<std::size_t>(step.layer)].fused_pool;
  if (pool < 0) {
    channels.begin += layer(step).output_channel;
  } else {
    const network::Layer& pooling = network_.layers[static_cast<std::size_t>(pool)];
    channels.begin += pooling.output_channel;
    auto pooled = pooled_rows(rows, pooling);
    SIM_CHECK(pooled.has_value(), "schedule", id_, "a post step cuts a window of its pooling");
    rows = std::move(*pooled);
  }
  add_rows(AccessKind::kWrite, step.output, rows, channels);
}

void StepAccesses::accumulators(const Step& step) {
  const bool post = step.kind == StepKind::kPost;
  if (!post && step.kind != StepKind::kStream) return;
  add(post              ? AccessKind::kRead
      : step.first_pass ? AccessKind::kWrite
                        : AccessKind::kUpdate,
      step.address,
      schedule_.ranges[static_cast<std::size_t>(step.range)].row_count * layer(step).out.width);
}

void StepAccesses::add_rows(AccessKind kind, std::int32_t index, const std::vector<ImageRows>& rows,
                            const network::ChannelSlice& channels) {
  const MapView view = map_view(network_, spec_, region(index).map);
  for (const ImageRows& own : rows) {
    const std::optional<CellRun> run = slots_of(own, region(index), view);
    SIM_CHECK(run.has_value(), "schedule", id_, "rows that are accessed lie outside their region");
    add(kind, run->begin, run->count);
    list_.back().region = index;
    list_.back().rows = own;
    list_.back().channels = channels;
    list_.back().outputs = own;
  }
}

void StepAccesses::add_windows(const std::vector<ImageRows>& outputs,
                               const network::ChannelSlice& channels) {
  for (const ImageRows& own : outputs) {
    const std::size_t before = list_.size();
    add_rows(AccessKind::kRead, step_->input, window_rows({own}, layer(*step_)), channels);
    for (std::size_t i = before; i < list_.size(); ++i) list_[i].outputs = own;
  }
}

void StepAccesses::add(AccessKind kind, std::int64_t first, std::int64_t count) {
  Access access;
  access.step = id_;
  access.kind = kind;
  access.first = first;
  access.count = count;
  access.by = step_->kind;
  access.layer = step_->layer;
  access.block = step_->block;
  access.range = step_->range;
  list_.push_back(access);
}

std::vector<ImageRows> StepAccesses::range_rows(const Step& step) const {
  return output_rows(schedule_.ranges[static_cast<std::size_t>(step.range)],
                     layer(step).out.height);
}

}  // namespace lacuna::schedule
