#include "judge/verify_schedule.hpp"

#include <fmt/format.h>

#include <functional>

#include "base/error.hpp"
#include "judge/capacity.hpp"
#include "judge/clocks.hpp"
#include "judge/contents.hpp"
#include "judge/map_book.hpp"
#include "judge/pass_book.hpp"
#include "judge/pool_book.hpp"
#include "judge/structure.hpp"
#include "judge/tiling.hpp"
#include "judge/violations.hpp"
#include "schedule/rows.hpp"

namespace lacuna::judge {
namespace {

/// Second half of the judge: follows the steps of a well-formed schedule in list order, with books
/// of what lies where.
class Walk {
 public:
  Walk(const schedule::Schedule& schedule, const network::Network& network,
       const arch::AcceleratorSpec& spec, const Tiling& tiling, Violations& violations)
      : schedule_(schedule),
        network_(network),
        spec_(spec),
        tiling_(tiling),
        violations_(violations),
        clocks_(schedule, spec),
        passes_(schedule, network, spec, tiling, clocks_, violations),
        weights_({"weight SRAM word", namer(),
                  [](std::int64_t key, std::int64_t) { return fmt::format("block {}", key); }},
                 clocks_, violations),
        maps_(schedule, network, spec, clocks_, violations),
        pools_(schedule, network, violations),
        word_limit_(capacity_words(spec.weight_sram.capacity_bytes, spec.weight_sram.word_bits)) {}

  void run() {
    declared_sizes();
    for (const schedule::Step& s : schedule_.setup) {
      if (weights_fit(s, schedule::kNoStep)) weights_.preload(weight_run(s), true);
    }
    for (schedule::StepId id = 0; static_cast<std::size_t>(id) < schedule_.steps.size(); ++id) {
      if (violations_.full()) return;
      follow(id);
    }
    passes_.finish();
    pools_.finish();
    maps_.finish();
  }

 private:
  const schedule::Step& step(schedule::StepId id) const {
    return schedule_.steps[static_cast<std::size_t>(id)];
  }
  std::string name(schedule::StepId id) const { return step_name(schedule_, network_, id); }
  const network::Layer& layer(std::int32_t index) const {
    return network_.layers[static_cast<std::size_t>(index)];
  }
  const schedule::Region& region(std::int32_t index) const {
    return schedule_.regions[static_cast<std::size_t>(index)];
  }
  const schedule::PixelRange& range(std::int32_t index) const {
    return schedule_.ranges[static_cast<std::size_t>(index)];
  }
  std::function<std::string(schedule::StepId)> namer() const {
    return [this](schedule::StepId id) { return name(id); };
  }
  void declared_sizes() {
    violations_.require(!word_limit_ || schedule_.weight_words <= *word_limit_, [&] {
      return fmt::format("the schedule declares {} weight SRAM words of {}", schedule_.weight_words,
                         *word_limit_);
    });
    const arch::Limit entries = spec_.accumulators.entries_per_lane;
    violations_.require(!entries || schedule_.accumulator_entries <= *entries, [&] {
      return fmt::format("the schedule declares {} accumulator entries of {}",
                         schedule_.accumulator_entries, *entries);
    });
  }

  void follow(schedule::StepId id) {
    switch (step(id).kind) {
      case schedule::StepKind::kLoadWeights:
        return load_weights(id);
      case schedule::StepKind::kLoadActivations:
        return maps_.transfer(id, true);
      case schedule::StepKind::kStoreActivations:
        return maps_.transfer(id, false);
      case schedule::StepKind::kLoadPe:
        return load_pe(id);
      case schedule::StepKind::kStream:
        return stream(id);
      case schedule::StepKind::kPost:
        return post(id);
      case schedule::StepKind::kPool:
      case schedule::StepKind::kTransform:
        return pool(id);
    }
  }

  // Weight SRAM.

  schedule::CellRun weight_run(const schedule::Step& s) const {
    const schedule::Block& block = schedule_.blocks[static_cast<std::size_t>(s.block)];
    return {s.address, block.k_count * schedule::words_per_index(block, spec_), s.block, 0};
  }
  bool weights_fit(const schedule::Step& s, schedule::StepId id) {
    const schedule::CellRun run = weight_run(s);
    const bool declared = run.begin <= schedule_.weight_words - run.count;
    return violations_.require(
        declared && (!word_limit_ || run.begin + run.count <= *word_limit_), [&] {
          return fmt::format(
              "{} has block {} at weight SRAM words {} + {}, the memory "
              "has {}, the schedule declares {}",
              id == schedule::kNoStep ? "set-up" : name(id), s.block, run.begin, run.count,
              word_limit_ ? fmt::format("{}", *word_limit_) : "no limit", schedule_.weight_words);
        });
  }
  void load_weights(schedule::StepId id) {
    violations_.require(!schedule_.weights_resident, [&] {
      return name(id) + " loads weights, although all of them stay from set-up on";
    });
    if (weights_fit(step(id), id)) {
      weights_.write(weight_run(step(id)), Share{}, id, schedule::Resource::kDma);
    }
  }
  void load_pe(schedule::StepId id) {
    if (weights_fit(step(id), id))
      weights_.read(weight_run(step(id)), Share{}, id, schedule::Resource::kLoader);
    passes_.load_pe(id);
  }

  // Array and post unit.

  void stream(schedule::StepId id) {
    const schedule::Step& s = step(id);
    const network::Layer& l = layer(s.layer);
    const std::vector<schedule::ImageRows> rows =
        schedule::window_rows(schedule::output_rows(range(s.range), l.out.height), l);
    if (!rows.empty()) read_all(id, s.input, l.input(), rows, schedule::Resource::kArray);
    passes_.stream(id);
  }

  void post(schedule::StepId id) {
    const schedule::Step& s = step(id);
    passes_.post(id);
    const network::Layer& l = layer(s.layer);
    if (l.logits) return;
    std::vector<schedule::ImageRows> rows = schedule::output_rows(range(s.range), l.out.height);
    if (l.residual() >= 0) {
      read_all(id, s.residual, l.residual(), rows, schedule::Resource::kPost);
    }
    std::int32_t writer = s.layer;
    const std::int32_t fused = schedule_.layers[static_cast<std::size_t>(s.layer)].fused_pool;
    if (fused != -1) {
      auto pooled = schedule::pooled_rows(rows, layer(fused));
      if (!pooled) {
        violations_.add(
            fmt::format("{}: range {} cuts a window of {}", name(id), s.range, layer(fused).name));
        return;
      }
      rows = std::move(*pooled);
      writer = fused;
    }
    if (rows.empty()) return;
    const ChannelTile& tile = tiling_.tiles[static_cast<std::size_t>(
        tiling_.tile_of_block[static_cast<std::size_t>(s.block)])];
    const std::int64_t channel = tile.group * l.n() + tile.n_begin;
    maps_.write_rows(id, s.output, schedule::map_view(network_, spec_, layer(writer).output), rows,
                     {layer(writer).output_channel + channel, tile.n_count},
                     schedule::Resource::kPost);
  }

  // A pool step computes all rows of its output region.
  void pool(schedule::StepId id) {
    const schedule::Step& s = step(id);
    const schedule::MapView out = schedule::map_view(network_, spec_, layer(s.layer).output);
    const std::string fault = schedule::region_fault(region(s.output), out);
    if (!fault.empty()) {
      violations_.add(fmt::format("{}: region {} {}", name(id), s.output, fault));
      return;
    }
    const std::vector<schedule::ImageRows> rows = schedule::region_rows(region(s.output));
    for (const schedule::ImageRows& r : rows) pools_.add(s.layer, id, r);
    const std::vector<schedule::ImageRows> needed = schedule::window_rows(rows, layer(s.layer));
    if (!needed.empty()) {
      read_all(id, s.input, layer(s.layer).input(), needed, schedule::Resource::kPost);
    }
    if (const std::int32_t second = layer(s.layer).residual(); second >= 0) {
      read_all(id, s.residual, second,
               schedule::second_rows(rows, network_.map(second).shape.height),
               schedule::Resource::kPost);
    }
    maps_.write_rows(id, s.output, out, rows,
                     {layer(s.layer).output_channel, layer(s.layer).out.channels},
                     schedule::Resource::kPost);
  }

  // Rows of a map with all its channels.
  void read_all(schedule::StepId id, std::int32_t index, std::int32_t map,
                const std::vector<schedule::ImageRows>& rows, schedule::Resource resource) {
    const schedule::MapView view = schedule::map_view(network_, spec_, map);
    maps_.read_rows(id, index, view, rows, view.channels(), resource);
  }

  const schedule::Schedule& schedule_;
  const network::Network& network_;
  const arch::AcceleratorSpec& spec_;
  const Tiling& tiling_;
  Violations& violations_;
  EndClocks clocks_;
  PassBook passes_;
  Contents weights_;
  MapBook maps_;
  PoolBook pools_;
  arch::Limit word_limit_;
};

}  // namespace

std::vector<std::string> schedule_violations(const schedule::Schedule& schedule,
                                             const network::Network& network,
                                             const arch::AcceleratorSpec& spec) {
  Violations violations(kMaxViolations);
  check_structure(schedule, network, spec, violations);
  if (!violations.empty()) return violations.take();
  const Tiling tiling = check_tiling(schedule, network, violations);
  if (!violations.empty()) return violations.take();
  Walk(schedule, network, spec, tiling, violations).run();
  return violations.take();
}

void verify_schedule(const schedule::Schedule& schedule, const network::Network& network,
                     const arch::AcceleratorSpec& spec) {
  const std::vector<std::string> violations = schedule_violations(schedule, network, spec);
  if (!violations.empty()) throw base::InternalError("schedule", -1, violations.front());
}

}  // namespace lacuna::judge
