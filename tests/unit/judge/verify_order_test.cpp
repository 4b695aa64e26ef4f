// Is the judge's idea of "known to have ended" right? A schedule is run with many random durations,
// and every access to every cell is compared. One wait at a time is taken away or moved to an
// earlier step: where the judge still calls the schedule valid, no durations may bring two
// conflicting steps together; where it does not, some durations must.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <utility>
#include <vector>

#include "judge/verify_schedule.hpp"
#include "unit/schedule/hand_schedules.hpp"

namespace lacuna::judge {
namespace {

using schedule::testing::Case;

enum class Memory { kWeights, kActivations, kDram, kRegisters, kAccumulators };
using Cell = std::pair<Memory, std::int64_t>;

struct Access {
  schedule::StepId step = 0;
  bool writes = false;
};

/// All accesses of a schedule, by cell, in list order. Plain loops over values.
class Accesses {
 public:
  explicit Accesses(const Case& c) : case_(c) {
    for (schedule::StepId id = 0; static_cast<std::size_t>(id) < c.schedule.steps.size(); ++id)
      add(id);
  }
  const std::map<Cell, std::vector<Access>>& by_cell() const { return by_cell_; }

 private:
  void touch(Memory memory, std::int64_t cell, schedule::StepId id, bool writes) {
    by_cell_[{memory, cell}].push_back({id, writes});
  }
  const network::Layer& layer(std::int32_t index) const {
    return case_.network.layers[static_cast<std::size_t>(index)];
  }
  void words(const schedule::Step& s, schedule::StepId id, bool writes) {
    const schedule::Block& b = case_.schedule.blocks[static_cast<std::size_t>(s.block)];
    for (std::int64_t w = 0; w < b.k_count * schedule::words_per_index(b, case_.spec); ++w) {
      touch(Memory::kWeights, s.address + w, id, writes);
    }
  }
  void row(std::int32_t region, std::int64_t image, std::int64_t y, std::int64_t channel,
           std::int64_t channels, schedule::StepId id, bool writes) {
    const schedule::Region& r = case_.schedule.regions[static_cast<std::size_t>(region)];
    const network::MapShape& shape = case_.network.map(r.map).shape;
    for (std::int64_t x = 0; x < shape.width; ++x) {
      for (std::int64_t ch = channel; ch < channel + channels; ++ch) {
        const std::int64_t line = (image - r.image_begin) * r.row_count + (y - r.row_begin);
        touch(Memory::kActivations, r.base + (line * shape.width + x) * shape.channels + ch, id,
              writes);
      }
    }
  }
  // The input rows of one output row.
  void window(const schedule::Step& s, std::int64_t image, std::int64_t out_y,
              schedule::StepId id) {
    const network::Layer& l = layer(s.layer);
    for (std::int64_t ky = 0; ky < l.window.kernel_h; ++ky) {
      const std::int64_t y = out_y * l.window.stride_h - l.window.pad_top + ky;
      if (y >= 0 && y < l.in.height) row(s.input, image, y, 0, l.in.channels, id, false);
    }
  }
  void entries(const schedule::Step& s, schedule::StepId id, bool writes) {
    const schedule::PixelRange& r = case_.schedule.ranges[static_cast<std::size_t>(s.range)];
    for (std::int64_t p = 0; p < r.row_count * layer(s.layer).out.width; ++p) {
      touch(Memory::kAccumulators, s.address + p, id, writes);
    }
  }
  void transfer(const schedule::Step& s, std::int32_t region, schedule::StepId id, bool load) {
    const network::MapShape& shape = case_.network.map(s.rows.map).shape;
    for (std::int64_t i = s.rows.image_begin; i < s.rows.image_begin + s.rows.image_count; ++i) {
      for (std::int64_t y = s.rows.row_begin; y < s.rows.row_begin + s.rows.row_count; ++y) {
        touch(Memory::kDram, (s.rows.map * case_.schedule.batch + i) * shape.height + y, id, !load);
        row(region, i, y, 0, shape.channels, id, load);
      }
    }
  }
  void add(schedule::StepId id) {
    const schedule::Step& s = case_.schedule.steps[static_cast<std::size_t>(id)];
    const network::Layer& l = layer(s.layer);
    switch (s.kind) {
      case schedule::StepKind::kLoadWeights:
        return words(s, id, true);
      case schedule::StepKind::kLoadPe:
        words(s, id, false);
        return touch(Memory::kRegisters, s.set, id, true);
      case schedule::StepKind::kLoadActivations:
        return transfer(s, s.output, id, true);
      case schedule::StepKind::kStoreActivations:
        return transfer(s, s.input, id, false);
      case schedule::StepKind::kStream:
      case schedule::StepKind::kPost: {
        if (s.kind == schedule::StepKind::kStream) touch(Memory::kRegisters, s.set, id, false);
        entries(s, id, s.kind == schedule::StepKind::kStream);
        const schedule::PixelRange& r = case_.schedule.ranges[static_cast<std::size_t>(s.range)];
        for (std::int64_t line = r.row_begin; line < r.row_begin + r.row_count; ++line) {
          const std::int64_t image = line / l.out.height;
          const std::int64_t y = line % l.out.height;
          if (s.kind == schedule::StepKind::kStream) {
            window(s, image, y, id);
          } else if (s.output != -1) {
            const schedule::Block& b = case_.schedule.blocks[static_cast<std::size_t>(s.block)];
            const std::int32_t pool =
                case_.schedule.layers[static_cast<std::size_t>(s.layer)].fused_pool;
            const std::int64_t kernel = pool == -1 ? 1 : layer(pool).window.kernel_h;
            if (y % kernel == 0) row(s.output, image, y / kernel, b.n_begin, b.n_count, id, true);
          }
        }
        return;
      }
      case schedule::StepKind::kTransform:
        FAIL() << "the hand-made schedules have none";
      case schedule::StepKind::kPool:
        for (std::int64_t image = 0; image < case_.schedule.batch; ++image) {
          for (std::int64_t y = 0; y < l.out.height; ++y) {
            window(s, image, y, id);
            row(s.output, image, y, 0, l.out.channels, id, true);
          }
        }
    }
  }

  const Case& case_;
  std::map<Cell, std::vector<Access>> by_cell_;
};

struct Span {
  std::int64_t start = 0;
  std::int64_t end = 0;
};

/// Start and end of each step: waits, list order of the resources, random durations. DMA and post
/// take a step when the one before has started and move its data when that one has ended.
std::vector<Span> random_times(const Case& c, std::mt19937& random) {
  constexpr std::array<std::int64_t, 6> kDurations{1, 1, 2, 7, 60, 900};
  constexpr std::array<std::int64_t, 4> kLatencies{0, 1, 40, 2000};
  const bool serial = c.spec.array.weight_load == arch::WeightLoad::kSerial;
  const auto draw = [&](const auto& values) { return values[random() % values.size()]; };
  std::vector<Span> times;
  std::array<Span, schedule::kResources> last{};
  for (const schedule::Step& s : c.schedule.steps) {
    const schedule::Resource resource = schedule::resource_of(s.kind);
    const bool queues =
        resource == schedule::Resource::kDma || resource == schedule::Resource::kPost;
    Span& own = last[static_cast<std::size_t>(resource)];
    Span span{queues ? own.start : own.end, 0};
    if (serial && !queues) {
      span.start = std::max(last[1].end, last[2].end);
    }
    for (const schedule::StepId wait : s.waits) {
      if (wait == schedule::kNoStep) continue;
      span.start = std::max(span.start, times[static_cast<std::size_t>(wait)].end);
    }
    if (s.after_start != schedule::kNoStep) {
      span.start = std::max(span.start, times[static_cast<std::size_t>(s.after_start)].start);
    }
    span.end = queues ? std::max(span.start + draw(kLatencies), own.end) + draw(kDurations)
                      : span.start + draw(kDurations);
    own = span;
    times.push_back(span);
  }
  return times;
}

/// Pairs of steps that conflict on some cell, each once.
std::vector<std::pair<schedule::StepId, schedule::StepId>> conflicts(const Case& c) {
  std::vector<std::pair<schedule::StepId, schedule::StepId>> pairs;
  const Accesses accesses(c);
  for (const auto& cell : accesses.by_cell()) {
    const std::vector<Access>& list = cell.second;
    for (std::size_t b = 0; b < list.size(); ++b) {
      for (std::size_t a = 0; a < b; ++a) {
        if (list[a].step == list[b].step || (!list[a].writes && !list[b].writes)) continue;
        pairs.emplace_back(list[a].step, list[b].step);
      }
    }
  }
  std::sort(pairs.begin(), pairs.end());
  pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
  return pairs;
}

bool some_times_collide(const Case& c,
                        const std::vector<std::pair<schedule::StepId, schedule::StepId>>& pairs,
                        std::mt19937& random) {
  for (int trial = 0; trial < 400; ++trial) {
    const std::vector<Span> times = random_times(c, random);
    for (const auto& [earlier, later] : pairs) {
      if (times[static_cast<std::size_t>(later)].start <
          times[static_cast<std::size_t>(earlier)].end) {
        return true;
      }
    }
  }
  return false;
}

struct Verdicts {
  int valid = 0;
  int broken = 0;
};

void expect_judge_agrees(const Case& c,
                         const std::vector<std::pair<schedule::StepId, schedule::StepId>>& pairs,
                         std::mt19937& random, Verdicts& verdicts, const std::string& what) {
  const std::vector<std::string> found = schedule_violations(c.schedule, c.network, c.spec);
  const bool collide = some_times_collide(c, pairs, random);
  EXPECT_EQ(!found.empty(), collide) << what << (found.empty() ? "" : "\n" + found.front());
  ++(collide ? verdicts.broken : verdicts.valid);
}

// Every wait of every step: taken away, or moved to the step of the resource before.
Verdicts weaken_every_wait(const Case& valid) {
  std::mt19937 random(99);
  const auto pairs = conflicts(valid);
  Verdicts verdicts;
  expect_judge_agrees(valid, pairs, random, verdicts, "as it is");
  for (std::size_t i = 0; i < valid.schedule.steps.size(); ++i) {
    for (std::size_t r = 0; r < schedule::kResources; ++r) {
      const schedule::StepId wait = valid.schedule.steps[i].waits[r];
      if (wait == schedule::kNoStep) continue;
      schedule::StepId before = wait - 1;
      while (before != schedule::kNoStep &&
             static_cast<std::size_t>(schedule::resource_of(
                 valid.schedule.steps[static_cast<std::size_t>(before)].kind)) != r) {
        --before;
      }
      for (const schedule::StepId weaker : {schedule::kNoStep, before}) {
        Case c = valid;
        c.schedule.steps[i].waits[r] = weaker;
        expect_judge_agrees(c, pairs, random, verdicts,
                            "step " + std::to_string(i) + " waits for " + std::to_string(weaker) +
                                " instead of " + std::to_string(wait));
      }
    }
  }
  return verdicts;
}

TEST(VerifyOrder, JudgesEveryWaitOfTheResidentSchedule) {
  const Verdicts verdicts = weaken_every_wait(schedule::testing::resident_case());
  EXPECT_GT(verdicts.broken, 15);
  EXPECT_GT(verdicts.valid, 0);
}

TEST(VerifyOrder, JudgesEveryWaitOfTheSpillingSchedule) {
  const Verdicts verdicts = weaken_every_wait(schedule::testing::spilling_case());
  EXPECT_GT(verdicts.broken, 40);
  EXPECT_GT(verdicts.valid, 5);
}

}  // namespace
}  // namespace lacuna::judge
