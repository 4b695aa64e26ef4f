#include "schedule/buffer_use.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <tuple>

#include "schedule/rows.hpp"

namespace lacuna::schedule {
namespace {

/// Who uses which cells of one memory.
class Cells {
 public:
  explicit Cells(const std::vector<measure::StepSpan>& times) : times_(times) {}

  /// Cells that are in use from the beginning to the end.
  void keep(std::int64_t count) { changes_[0] += count; }

  /// `id` writes [begin, end). What lies there with the same key is added to, all else replaced.
  void write(std::int64_t begin, std::int64_t end, std::int64_t key, StepId id) {
    if (begin >= end) return;
    split(begin);
    split(end);
    const measure::StepSpan& time = times_[static_cast<std::size_t>(id)];
    std::int64_t hole = begin;
    const auto fill = [&](std::int64_t to) {
      if (hole < to) segments_[hole] = {to, key, time.start, time.end};
    };
    for (auto it = segments_.lower_bound(begin); it != segments_.end() && it->first < end;) {
      if (it->second.key == key) {
        it->second.last_use = std::max(it->second.last_use, time.end);
        fill(it->first);
        hole = it->second.end;
        ++it;
      } else {
        close(it->first, it->second);
        it = segments_.erase(it);
      }
    }
    fill(end);
  }

  void read(std::int64_t begin, std::int64_t end, StepId id) {
    if (begin >= end) return;
    split(begin);
    split(end);
    const std::int64_t until = times_[static_cast<std::size_t>(id)].end;
    for (auto it = segments_.lower_bound(begin); it != segments_.end() && it->first < end; ++it) {
      it->second.last_use = std::max(it->second.last_use, until);
    }
  }

  std::vector<BufferLevel> levels() {
    for (const auto& [begin, segment] : segments_) close(begin, segment);
    segments_.clear();
    std::vector<BufferLevel> list{{0, 0}};
    std::int64_t used = 0;
    for (const auto& [cycle, change] : changes_) {
      used += change;
      if (cycle == 0) {
        list.back().used = used;
      } else if (used != list.back().used) {
        list.push_back({cycle, used});
      }
    }
    return list;
  }

 private:
  struct Segment {
    std::int64_t end = 0;
    std::int64_t key = 0;
    std::int64_t since = 0;     ///< cycle
    std::int64_t last_use = 0;  ///< cycle at which it ends
  };

  void split(std::int64_t at) {
    const auto next = segments_.upper_bound(at);
    if (next == segments_.begin()) return;
    const auto segment = std::prev(next);
    if (segment->first == at || segment->second.end <= at) return;
    Segment tail = segment->second;
    segment->second.end = at;
    segments_.emplace_hint(next, at, tail);
  }
  void close(std::int64_t begin, const Segment& segment) {
    changes_[segment.since] += segment.end - begin;
    changes_[segment.last_use] -= segment.end - begin;
  }

  const std::vector<measure::StepSpan>& times_;
  std::map<std::int64_t, Segment> segments_;      ///< by first cell; without overlap
  std::map<std::int64_t, std::int64_t> changes_;  ///< of the cells in use, by cycle
};

class BufferWalk {
 public:
  BufferWalk(const Schedule& schedule, const network::Network& network,
             const arch::AcceleratorSpec& spec, const std::vector<measure::StepSpan>& times)
      : schedule_(schedule),
        network_(network),
        spec_(spec),
        weights_(times),
        activations_(times),
        accumulators_(times) {}

  BufferUse run() {
    for (const Step& step : schedule_.setup) weights_.keep(words(step));
    for (std::size_t id = 0; id < schedule_.steps.size(); ++id) {
      follow(schedule_.steps[id], static_cast<StepId>(id));
    }
    return {weights_.levels(), activations_.levels(), accumulators_.levels()};
  }

 private:
  void follow(const Step& step, StepId id) {
    switch (step.kind) {
      case StepKind::kLoadWeights:
        // Each fetch of a block is another stay, even where the block lay there before.
        return weights_.write(step.address, step.address + words(step), id, id);
      case StepKind::kLoadPe:
        return weights_.read(step.address, step.address + words(step), id);
      case StepKind::kLoadActivations:
        return write_rows(step.output, step.output, transfer_rows(step.rows), id);
      case StepKind::kStoreActivations:
        return read_rows(step.input, transfer_rows(step.rows), id);
      case StepKind::kStream:
        read_rows(step.input, window_rows(output_rows(step), layer(step)), id);
        return sum_up(step, id);
      case StepKind::kPost:
        accumulators_.read(step.address, step.address + pixels(step), id);
        return post(step, id);
      case StepKind::kPool:
      case StepKind::kTransform: {
        const std::vector<ImageRows> rows = region_rows(region(step.output));
        read_rows(step.input, window_rows(rows, layer(step)), id);
        if (step.residual >= 0) {
          read_rows(step.residual,
                    second_rows(rows, network_.map(layer(step).inputs[1]).shape.height), id);
        }
        return write_results(step.output, rows, id);
      }
    }
  }

  void sum_up(const Step& step, StepId id) {
    const std::int64_t end = step.address + pixels(step);
    if (step.first_pass) {
      accumulators_.write(step.address, end, id, id);
    } else {
      accumulators_.read(step.address, end, id);
    }
  }

  void post(const Step& step, StepId id) {
    std::vector<ImageRows> rows = output_rows(step);
    if (step.residual >= 0) read_rows(step.residual, rows, id);
    if (layer(step).logits) return;
    const std::int32_t pool = schedule_.layers[static_cast<std::size_t>(step.layer)].fused_pool;
    if (pool >= 0) rows = *pooled_rows(rows, network_.layers[static_cast<std::size_t>(pool)]);
    write_results(step.output, rows, id);
  }

  // What post steps write is one stay wherever its map and its place in it are the same: the layers
  // that write the slices of a map need not name one region.
  void write_results(std::int32_t index, const std::vector<ImageRows>& rows, StepId id) {
    if (rows.empty()) return;
    const CellRun first = slots(index, rows).front();
    const auto place = std::make_tuple(first.key, first.value - first.begin,
                                       region(index).channel_begin, region(index).channel_count);
    const auto next = static_cast<std::int64_t>(schedule_.regions.size() + results_.size());
    write_rows(index, results_.try_emplace(place, next).first->second, rows, id);
  }

  void write_rows(std::int32_t index, std::int64_t key, const std::vector<ImageRows>& rows,
                  StepId id) {
    if (rows.empty()) return;
    for (const CellRun& run : slots(index, rows)) {
      activations_.write(run.begin, run.begin + run.count, key, id);
    }
  }
  void read_rows(std::int32_t index, const std::vector<ImageRows>& rows, StepId id) {
    if (rows.empty()) return;
    for (const CellRun& run : slots(index, rows)) {
      activations_.read(run.begin, run.begin + run.count, id);
    }
  }

  std::vector<CellRun> slots(std::int32_t index, const std::vector<ImageRows>& rows) const {
    return *slots_of(rows, region(index), map_view(network_, spec_, region(index).map));
  }
  std::vector<ImageRows> output_rows(const Step& step) const {
    return schedule::output_rows(schedule_.ranges[static_cast<std::size_t>(step.range)],
                                 layer(step).out.height);
  }
  std::int64_t pixels(const Step& step) const {
    return schedule_.ranges[static_cast<std::size_t>(step.range)].row_count * layer(step).out.width;
  }
  std::int64_t words(const Step& step) const {
    const Block& block = schedule_.blocks[static_cast<std::size_t>(step.block)];
    return block.k_count * words_per_index(block, spec_);
  }
  const network::Layer& layer(const Step& step) const {
    return network_.layers[static_cast<std::size_t>(step.layer)];
  }
  const Region& region(std::int32_t index) const {
    return schedule_.regions[static_cast<std::size_t>(index)];
  }

  const Schedule& schedule_;
  const network::Network& network_;
  const arch::AcceleratorSpec& spec_;
  Cells weights_;
  Cells activations_;
  Cells accumulators_;
  /// Keys of what post steps write, behind those of regions.
  std::map<std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int64_t>, std::int64_t>
      results_;
};

}  // namespace

BufferUse buffer_use(const Schedule& schedule, const network::Network& network,
                     const arch::AcceleratorSpec& spec,
                     const std::vector<measure::StepSpan>& times) {
  return BufferWalk(schedule, network, spec, times).run();
}

}  // namespace lacuna::schedule
