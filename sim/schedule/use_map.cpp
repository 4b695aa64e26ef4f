#include "schedule/use_map.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "schedule/live_cells.hpp"
#include "schedule/row_keys.hpp"

namespace lacuna::schedule {

bool UseSpan::read() const {
  return std::any_of(last.begin(), last.end(), [](StepId step) { return step != kNoStep; });
}

CycleSpan cycles_of(const UseSpan& span, const std::vector<measure::StepSpan>& times) {
  CycleSpan cycles;
  if (span.from != kSetup) cycles.begin = times[static_cast<std::size_t>(span.from)].start;
  for (const StepId step : span.last) {
    if (step == kNoStep) continue;
    cycles.end = std::max(cycles.end, times[static_cast<std::size_t>(step)].end + 1);
  }
  return cycles;
}

/// The boxes of a memory's cells in use.
struct UseMap::Builder {
  const Schedule& schedule;
  const network::Network& network;
  const arch::AcceleratorSpec& spec;
  std::vector<Box> boxes;

  static void note(UseSpan& span, StepKind kind, StepId step) {
    span.last[static_cast<std::size_t>(resource_of(kind))] = step;
  }
  const Block& block(const Step& step) const {
    return schedule.blocks[static_cast<std::size_t>(step.block)];
  }

  std::int32_t layer_of(const Access& access, bool rows) const;
  void accessed(memory::MemoryId memory);
  void pe_weights();
  void streams(std::int64_t first_row);
  void tables();
};

std::int32_t UseMap::Builder::layer_of(const Access& access, bool rows) const {
  if (!rows) return access.layer;
  const std::int32_t map = schedule.regions[static_cast<std::size_t>(access.region)].map;
  std::int32_t writer = UseSpan::kInput;
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    if (network.layers[i].output != map) continue;
    writer = writer == UseSpan::kInput ? static_cast<std::int32_t>(i) : UseSpan::kSeveral;
  }
  return writer;
}

// Units are what accesses count: words, slots, entries.
void UseMap::Builder::accessed(memory::MemoryId memory) {
  struct Held {
    std::int64_t key = 0;
    UseSpan span;
  };
  LiveCells<Held> cells;
  RowKeys keys(schedule, network, spec);
  const bool rows = memory == MemoryId::kActivationSram || memory == MemoryId::kActivationBitmap;
  const auto close = [&](std::int64_t begin, std::int64_t end, const Held& held) {
    if (held.span.read()) boxes.push_back({{{{0, 1}, {0, 1}, {begin, end}}}, held.span});
  };
  std::int64_t writes = 0;
  for_each_access(schedule, network, spec, memory, [&](const Access& access) {
    if (access.kind != AccessKind::kWrite) {
      cells.visit(access.first, access.end(),
                  [&](Held& held) { note(held.span, access.by, access.step); });
      return;
    }
    Held held;
    held.key = rows ? keys.key_of(access) : writes++;
    held.span.from = access.step;
    held.span.layer = layer_of(access, rows);
    // Slices of one map's rows are written one after the other into one stay.
    const auto stays = [&](const Held& other) { return rows && other.key == held.key; };
    cells.write(access.first, access.end(), held, stays, close);
  });
  cells.finish(close);
}

// A set's registers from each load to the last stream in front of the next one.
void UseMap::Builder::pe_weights() {
  std::vector<std::pair<const Step*, UseSpan>> held(2);
  const auto close = [&](std::pair<const Step*, UseSpan>& own) {
    if (own.first != nullptr && own.second.read()) {
      const std::int64_t rows = used_rows(block(*own.first), spec);
      const std::int64_t first = std::int64_t{own.first->set} * spec.array.weights_per_pe;
      const std::int64_t slots = base::ceil_div(block(*own.first).k_count, rows);
      boxes.push_back(
          {{{{first, first + slots}, {0, rows}, {0, block(*own.first).n_count}}}, own.second});
    }
    own.first = nullptr;
  };
  StepId id = 0;
  for (const Step& step : schedule.steps) {
    auto& own = held[static_cast<std::size_t>(step.set)];
    if (step.kind == StepKind::kLoadPe) {
      close(own);
      own = {&step, {}};
      own.second.from = id;
      own.second.layer = step.layer;
    } else if (step.kind == StepKind::kStream) {
      note(own.second, step.kind, id);
    }
    ++id;
  }
  for (auto& own : held) close(own);
}

// Sums live within their stream.
void UseMap::Builder::streams(std::int64_t first_row) {
  StepId id = 0;
  for (const Step& step : schedule.steps) {
    if (step.kind == StepKind::kStream) {
      UseSpan span;
      span.from = id;
      span.layer = step.layer;
      note(span, step.kind, id);
      const std::int64_t rows =
          spec.array.whole_folds ? spec.array.rows : used_rows(block(step), spec);
      if (rows > first_row) {
        boxes.push_back({{{{0, 1}, {0, rows - first_row}, {0, block(step).n_count}}}, span});
      }
    }
    ++id;
  }
}

void UseMap::Builder::tables() {
  std::int64_t first = 0;
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    const std::int64_t begin = first;
    for (const auto& table : network.layers[i].tables) {
      first += static_cast<std::int64_t>(table.size());
    }
    if (begin == first) continue;
    UseSpan span;
    span.layer = static_cast<std::int32_t>(i);
    StepId id = 0;
    for (const Step& step : schedule.steps) {
      const bool post = resource_of(step.kind) == Resource::kPost;
      if (post && step.layer == static_cast<std::int32_t>(i)) note(span, step.kind, id);
      ++id;
    }
    if (span.read()) boxes.push_back({{{{0, 1}, {0, 1}, {begin, first}}}, span});
  }
}

UseMap::UseMap(const Schedule& schedule, const network::Network& network,
               const arch::AcceleratorSpec& spec, memory::MemoryId memory) {
  Builder builder{schedule, network, spec, {}};
  switch (memory) {
    case MemoryId::kWeightSram:
      lanes_a_unit_ = spec.weight_sram.word_bits / spec.precision.weight_bits;
      builder.accessed(memory);
      break;
    case MemoryId::kAccumulatorSram:
      lanes_a_unit_ = spec.array.cols;
      builder.accessed(memory);
      break;
    case MemoryId::kActivationSram:
    case MemoryId::kActivationBitmap:
      builder.accessed(memory);
      break;
    case MemoryId::kPeWeights:
      registers_ = true;
      inner_ = {spec.array.rows, spec.array.cols};
      builder.pe_weights();
      break;
    case MemoryId::kPeAccumulators:
      registers_ = true;
      inner_ = {spec.array.rows, spec.array.cols};
      builder.streams(0);
      break;
    case MemoryId::kPsumFifos:
      registers_ = true;
      inner_ = {spec.array.rows - 1, spec.array.cols};
      builder.streams(1);
      break;
    case MemoryId::kLookupTables:
      builder.tables();
      break;
  }
  // All places of a register file are in use at once.
  if (memory == MemoryId::kPeAccumulators || memory == MemoryId::kPsumFifos) {
    const std::int64_t places =
        memory == MemoryId::kPsumFifos ? spec.array.psum_fifo_depth : spec.array.local_accumulators;
    for (Box& box : builder.boxes) box.sides[0].end = places;
  }
  build(builder.boxes);
}

void UseMap::build(const std::vector<Box>& boxes) {
  for (std::size_t side = 0; side < cuts_.size(); ++side) {
    Cuts& cuts = cuts_[side];
    for (const Box& box : boxes) {
      cuts.push_back(box.sides[side].begin);
      cuts.push_back(box.sides[side].end);
    }
    std::sort(cuts.begin(), cuts.end());
    cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
    if (cuts.empty()) cuts = {0, 0};
  }
  const auto runs = [&](std::size_t side) { return cuts_[side].size() - 1; };
  const auto run_at = [&](std::size_t side, std::int64_t cut) {
    return static_cast<std::size_t>(std::lower_bound(cuts_[side].begin(), cuts_[side].end(), cut) -
                                    cuts_[side].begin());
  };
  spans_.resize(runs(0) * runs(1) * runs(2) + 1);
  for (const Box& box : boxes) {
    for (std::size_t a = run_at(0, box.sides[0].begin); a < run_at(0, box.sides[0].end); ++a) {
      for (std::size_t b = run_at(1, box.sides[1].begin); b < run_at(1, box.sides[1].end); ++b) {
        for (std::size_t c = run_at(2, box.sides[2].begin); c < run_at(2, box.sides[2].end); ++c) {
          spans_[(a * runs(1) + b) * runs(2) + c].push_back(box.span);
        }
      }
    }
  }
  for (std::vector<UseSpan>& spans : spans_) {
    std::stable_sort(spans.begin(), spans.end(),
                     [](const UseSpan& a, const UseSpan& b) { return a.from < b.from; });
  }
}

std::array<std::int64_t, 3> UseMap::place_of(std::int64_t lane) const {
  const std::int64_t unit = lane / lanes_a_unit_;
  if (!registers_) return {0, 0, unit};
  return {unit / (inner_[0] * inner_[1]), unit / inner_[1] % inner_[0], unit % inner_[1]};
}

std::size_t UseMap::class_of(std::int64_t lane) const {
  const std::array<std::int64_t, 3> place = place_of(lane);
  std::size_t number = 0;
  for (std::size_t side = 0; side < cuts_.size(); ++side) {
    const Cuts& cuts = cuts_[side];
    if (place[side] < cuts.front() || place[side] >= cuts.back()) return spans_.size() - 1;
    const auto after = std::upper_bound(cuts.begin(), cuts.end(), place[side]);
    number = number * (cuts.size() - 1) + static_cast<std::size_t>(after - cuts.begin()) - 1;
  }
  return number;
}

}  // namespace lacuna::schedule
