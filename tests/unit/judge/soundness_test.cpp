// The judge against time itself: a schedule that it accepts has no two conflicting accesses at the
// same time, however long its steps take. Schedules of the mapper lose or weaken one wait; then
// random durations are played, and cells are watched one by one.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "judge/verify_schedule.hpp"
#include "mapping/mapper.hpp"
#include "share.hpp"
#include "unit/mapping/random_case.hpp"
#include "unit/schedule/hand_schedules.hpp"

namespace lacuna::judge {
namespace {

using schedule::testing::Case;

enum Part { kWeights, kRegisterSets, kAccumulators, kActivations, kDramRows, kMemories };

struct Touch {
  Part memory;
  std::int64_t begin;
  std::int64_t end;
  bool write;
};
using Touches = std::vector<Touch>;

constexpr std::int64_t kMostRows = 100;  ///< of a map of a random case
constexpr std::int64_t kMostChannels = 1000;

/// What every step touches, cell by cell as schedule.hpp words it.
class AccessList {
 public:
  explicit AccessList(const Case& c) : c_(c) {
    for (const schedule::Step& step : c.schedule.steps) steps.push_back(of(step));
  }
  std::vector<Touches> steps;

 private:
  const network::Layer& layer(std::int32_t index) const {
    return c_.network.layers[static_cast<std::size_t>(index)];
  }
  void touch_row(const schedule::Region& region, std::int64_t image, std::int64_t y, bool write,
                 Touches& list, std::int64_t channel = 0, std::int64_t channels = -1) const {
    const network::Map& map = c_.network.map(region.map);
    const std::int64_t bits = c_.spec.precision.activation_bits;
    const std::int64_t each = map.sums ? (32 + bits - 1) / bits : 1;
    const std::int64_t pixel = region.channel_count * each;
    const std::int64_t row =
        region.base + ((image - region.image_begin) * region.row_count + (y - region.row_begin)) *
                          map.shape.width * pixel;
    if (channels < 0) {
      list.push_back({kActivations, row, row + map.shape.width * pixel, write});
      return;
    }
    for (std::int64_t x = 0; x < map.shape.width; ++x) {
      const std::int64_t slot = row + x * pixel + (channel - region.channel_begin) * each;
      list.push_back({kActivations, slot, slot + channels * each, write});
    }
  }
  void read_windows(const network::Layer& l, const schedule::Region& region, std::int64_t image,
                    std::int64_t y, Touches& list) const {
    for (int ky = 0; ky < l.window.kernel_h; ++ky) {
      const std::int64_t in_y =
          y * l.window.stride_h - l.window.pad_top + std::int64_t{ky} * l.window.dilation_h;
      if (in_y < 0 || in_y % l.window.insert_h != 0) continue;
      const std::int64_t row = in_y / l.window.insert_h;
      if (row < l.in.height) touch_row(region, image, row, false, list);
    }
  }
  void transfer(const schedule::Step& step, std::int32_t at, bool load, Touches& list) const {
    const schedule::MapRows& rows = step.rows;
    for (std::int64_t image = rows.image_begin; image < rows.image_begin + rows.image_count;
         ++image) {
      for (std::int64_t y = rows.row_begin; y < rows.row_begin + rows.row_count; ++y) {
        const std::int64_t slice = rows.map * kMostChannels + rows.channel_begin;
        const std::int64_t cell = (slice * c_.schedule.batch + image) * kMostRows + y;
        list.push_back({kDramRows, cell, cell + 1, !load});
        touch_row(region(at), image, y, load, list, rows.channel_begin, rows.channel_count);
      }
    }
  }

  const schedule::Block& block(const schedule::Step& step) const {
    return c_.schedule.blocks[static_cast<std::size_t>(step.block)];
  }
  const schedule::Region& region(std::int32_t index) const {
    return c_.schedule.regions[static_cast<std::size_t>(index)];
  }
  Touch words(const schedule::Step& step, bool write) const {
    const std::int64_t count =
        block(step).k_count * schedule::words_per_index(block(step), c_.spec);
    return {kWeights, step.address, step.address + count, write};
  }
  /// Output rows of the step's range, each (image, row).
  std::vector<std::pair<std::int64_t, std::int64_t>> rows_of(const schedule::Step& step) const {
    const schedule::PixelRange& range = c_.schedule.ranges[static_cast<std::size_t>(step.range)];
    const std::int64_t height = layer(step.layer).out.height;
    std::vector<std::pair<std::int64_t, std::int64_t>> rows;
    for (std::int64_t row = range.row_begin; row < range.row_begin + range.row_count; ++row) {
      rows.push_back({row / height, row % height});
    }
    return rows;
  }
  Touch entries(const schedule::Step& step, bool write) const {
    const auto rows = static_cast<std::int64_t>(rows_of(step).size());
    return {kAccumulators, step.address, step.address + rows * layer(step.layer).out.width, write};
  }

  void stream(const schedule::Step& step, Touches& list) const {
    list.push_back(entries(step, true));
    list.push_back({kRegisterSets, step.set, step.set + 1, false});
    for (const auto& row : rows_of(step)) {
      read_windows(layer(step.layer), region(step.input), row.first, row.second, list);
    }
  }
  void post(const schedule::Step& step, Touches& list) const {
    const network::Layer& l = layer(step.layer);
    list.push_back(entries(step, false));
    if (l.logits) return;
    for (const auto& row : rows_of(step)) {
      if (l.residual() >= 0) touch_row(region(step.residual), row.first, row.second, false, list);
    }
    const std::int32_t fused = c_.schedule.layers[static_cast<std::size_t>(step.layer)].fused_pool;
    const std::int64_t kernel = fused < 0 ? 1 : layer(fused).window.kernel_h;
    const std::int64_t height = fused < 0 ? l.out.height : layer(fused).out.height;
    const std::int64_t first = (fused < 0 ? l : layer(fused)).output_channel;
    for (const auto& row : rows_of(step)) {
      if (row.second % kernel != 0 || row.second / kernel >= height) continue;
      touch_row(region(step.output), row.first, row.second / kernel, true, list,
                first + block(step).group * l.n() + block(step).n_begin, block(step).n_count);
    }
  }
  void pool(const schedule::Step& step, Touches& list) const {
    const schedule::Region& out = region(step.output);
    for (std::int64_t image = out.image_begin; image < out.image_begin + out.image_count; ++image) {
      for (std::int64_t y = out.row_begin; y < out.row_begin + out.row_count; ++y) {
        const network::Layer& l = layer(step.layer);
        read_windows(l, region(step.input), image, y, list);
        touch_row(out, image, y, true, list, l.output_channel, l.out.channels);
      }
    }
  }

  void transform(const schedule::Step& step, Touches& list) const {
    const network::Layer& l = layer(step.layer);
    const schedule::Region& out = region(step.output);
    for (std::int64_t image = out.image_begin; image < out.image_begin + out.image_count; ++image) {
      for (std::int64_t y = out.row_begin; y < out.row_begin + out.row_count; ++y) {
        if (l.kind == network::LayerKind::kResize) {
          const network::Sample& sample = l.sample_rows[static_cast<std::size_t>(y)];
          touch_row(region(step.input), image, sample.first, false, list);
          touch_row(region(step.input), image, sample.second, false, list);
        } else {
          touch_row(region(step.input), image, y, false, list);
        }
        if (l.inputs.size() > 1) {
          const bool one = c_.network.map(l.inputs[1]).shape.height == 1;
          touch_row(region(step.residual), image, one ? 0 : y, false, list);
        }
        touch_row(out, image, y, true, list, l.output_channel, l.out.channels);
      }
    }
  }

  Touches of(const schedule::Step& step) const {
    Touches list;
    switch (step.kind) {
      case schedule::StepKind::kLoadWeights:
        list.push_back(words(step, true));
        break;
      case schedule::StepKind::kLoadPe:
        list.push_back(words(step, false));
        list.push_back({kRegisterSets, step.set, step.set + 1, true});
        break;
      case schedule::StepKind::kLoadActivations:
        transfer(step, step.output, true, list);
        break;
      case schedule::StepKind::kStoreActivations:
        transfer(step, step.input, false, list);
        break;
      case schedule::StepKind::kStream:
        stream(step, list);
        break;
      case schedule::StepKind::kPost:
        post(step, list);
        break;
      case schedule::StepKind::kPool:
        pool(step, list);
        break;
      case schedule::StepKind::kTransform:
        transform(step, list);
        break;
    }
    return list;
  }

  const Case& c_;
};

struct Times {
  std::vector<std::int64_t> start;
  std::vector<std::int64_t> end;
};

/// Every step as early as the rules allow, with random durations and delays. DMA and post take
/// steps in order and end them in order, but may hold several at a time.
Times play(const Case& c, std::mt19937& random) {
  const bool serial = c.spec.array.weight_load == arch::WeightLoad::kSerial;
  std::array<std::int64_t, schedule::kResources> last_start{};
  std::array<std::int64_t, schedule::kResources> last_end{};
  Times t;
  for (const schedule::Step& step : c.schedule.steps) {
    const auto own = static_cast<std::size_t>(schedule::resource_of(step.kind));
    const bool array_side = own == static_cast<std::size_t>(schedule::Resource::kLoader) ||
                            own == static_cast<std::size_t>(schedule::Resource::kArray);
    std::int64_t start = array_side ? last_end[own] : last_start[own];
    if (serial && array_side) {
      start = std::max(last_end[static_cast<std::size_t>(schedule::Resource::kLoader)],
                       last_end[static_cast<std::size_t>(schedule::Resource::kArray)]);
    }
    for (const schedule::StepId wait : step.waits) {
      if (wait != schedule::kNoStep) start = std::max(start, t.end[static_cast<std::size_t>(wait)]);
    }
    if (step.after_start != schedule::kNoStep) {
      start = std::max(start, t.start[static_cast<std::size_t>(step.after_start)]);
    }
    if (random() % 8 == 0) start += random() % 50;
    const std::int64_t duration = 1 + (random() % 6 == 0 ? random() % 2000 : random() % 4);
    const std::int64_t end = std::max(start + duration, last_end[own]);
    t.start.push_back(start);
    t.end.push_back(end);
    last_start[own] = start;
    last_end[own] = end;
  }
  return t;
}

/// The first step, if any, that touches a cell while an earlier one in the list may still.
schedule::StepId first_clash(const schedule::Schedule& schedule,
                             const std::vector<Touches>& accesses, const Times& times) {
  struct Cell {
    std::int64_t written = 0;  ///< until this edge
    std::int64_t read = 0;
  };
  std::array<std::vector<Cell>, kMemories> cells;
  for (std::size_t id = 0; id < schedule.steps.size(); ++id) {
    for (const bool check : {true, false}) {  // a step does not clash with itself
      for (const Touch& access : accesses[id]) {
        std::vector<Cell>& memory = cells[access.memory];
        if (memory.size() < static_cast<std::size_t>(access.end)) {
          memory.resize(static_cast<std::size_t>(access.end));
        }
        for (std::int64_t at = access.begin; at < access.end; ++at) {
          Cell& cell = memory[static_cast<std::size_t>(at)];
          const bool clash =
              cell.written > times.start[id] || (access.write && cell.read > times.start[id]);
          if (check && clash) return static_cast<schedule::StepId>(id);
          if (check) continue;
          std::int64_t& until = access.write ? cell.written : cell.read;
          until = std::max(until, times.end[id]);
        }
      }
    }
  }
  return schedule::kNoStep;
}

/// A case with at most `limit` steps from the mapper, or none.
bool map_case(std::uint32_t seed, std::size_t limit, Case& c) {
  const mapping::testing::RandomCase random = mapping::testing::random_case(seed);
  c.network = random.network;
  c.spec = random.spec;
  try {
    c.schedule = mapping::map_network(c.network, c.spec, {random.batch, 0, seed % 3 == 0, {}});
  } catch (const base::InputError&) {
    return false;
  }
  return c.schedule.steps.size() <= limit;
}

/// Forgets one wait of the schedule, or waits for the step before it on the same resource.
void weaken_a_wait(schedule::Schedule& schedule, std::mt19937& random) {
  std::vector<schedule::StepId*> waits;
  for (schedule::Step& step : schedule.steps) {
    for (schedule::StepId& wait : step.waits) {
      if (wait != schedule::kNoStep) waits.push_back(&wait);
    }
  }
  if (waits.empty()) return;
  schedule::StepId& wait = *waits[random() % waits.size()];
  const bool forget = random() % 2 == 0;
  const schedule::Resource own =
      schedule::resource_of(schedule.steps[static_cast<std::size_t>(wait)].kind);
  do {
    --wait;
  } while (wait >= 0 &&
           (forget ||
            schedule::resource_of(schedule.steps[static_cast<std::size_t>(wait)].kind) != own));
}

TEST(JudgeSoundness, WhatItAcceptsNeverClashesWhateverTheDurations) {
  std::mt19937 random(99);
  int accepted = 0;
  int refused = 0;
  int proven = 0;  ///< refused, and seen to clash
  const std::uint32_t trials = lacuna::test::case_count(6000, 2000, 90);
  for (std::uint32_t trial = 0; trial < trials; ++trial) {
    Case c;
    if (!map_case(trial % 1500, 120, c)) continue;
    weaken_a_wait(c.schedule, random);
    const bool valid = schedule_violations(c.schedule, c.network, c.spec).empty();
    ++(valid ? accepted : refused);
    const AccessList accesses(c);
    bool clashed = false;
    for (int draw = 0; draw < 20 && !clashed; ++draw) {
      const schedule::StepId clash = first_clash(c.schedule, accesses.steps, play(c, random));
      clashed = clash != schedule::kNoStep;
      EXPECT_FALSE(valid && clashed)
          << "trial " << trial << ": step " << clash << " clashes in an accepted schedule";
    }
    proven += !valid && clashed;
  }
  const int least = static_cast<int>(trials / 6);
  EXPECT_GT(accepted, least);
  EXPECT_GT(refused, least);
  // What the judge refuses is really unsafe: most of it clashes within twenty draws.
  EXPECT_GT(proven, refused * 8 / 10) << refused;
}

}  // namespace
}  // namespace lacuna::judge
