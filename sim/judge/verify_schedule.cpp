#include "judge/verify_schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "base/error.hpp"
#include "judge/clocks.hpp"
#include "judge/contents.hpp"
#include "judge/passes.hpp"
#include "judge/structure.hpp"
#include "judge/violations.hpp"
#include "schedule/rows.hpp"

namespace lacuna::judge {
namespace {

constexpr int kBitsPerByte = 8;

/// Words that a memory holds; no value is no limit.
arch::Limit capacity_words(arch::Limit capacity_bytes, int word_bits) {
  if (!capacity_bytes) return std::nullopt;
  return *capacity_bytes * kBitsPerByte / word_bits;
}

/// Second half of the judge: follows the steps of a well-formed schedule in list order and keeps
/// book of what lies where.
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
        activations_({"activation SRAM slot", namer(), row_namer()}, clocks_, violations),
        word_limit_(capacity_words(spec.weight_sram.capacity_bytes, spec.weight_sram.word_bits)),
        slot_limit_(
            capacity_words(spec.activation_sram.capacity_bytes, spec.activation_sram.word_bits)) {
    if (slot_limit_) {
      *slot_limit_ *= arch::AcceleratorSpec::values_per_word(spec.activation_sram.word_bits,
                                                             spec.precision.activation_bits);
    }
  }

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
    for (std::size_t i = 0; i < network_.layers.size(); ++i) {
      finish_pool(static_cast<std::int32_t>(i));
    }
  }

 private:
  /// Output rows of a pooling layer that a step has written: first row by (image, row).
  using Pooled = std::vector<std::pair<schedule::StepId, schedule::ImageRows>>;

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
  std::function<std::string(std::int64_t, std::int64_t)> row_namer() const {
    return [this](std::int64_t key, std::int64_t value) {
      const network::MapShape& shape = network_.map(static_cast<int>(key));
      const std::int64_t row = value / (shape.width * shape.channels);
      return fmt::format("row {} of image {} of map {}", row % shape.height, row / shape.height,
                         key);
    };
  }

  void declared_sizes() {
    violations_.require(!word_limit_ || schedule_.weight_words <= *word_limit_, [&] {
      return fmt::format("the schedule declares {} weight SRAM words of {}", schedule_.weight_words,
                         *word_limit_);
    });
    violations_.require(!slot_limit_ || schedule_.activation_slots <= *slot_limit_, [&] {
      return fmt::format("the schedule declares {} activation SRAM slots of {}",
                         schedule_.activation_slots, *slot_limit_);
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
        return transfer(id, true);
      case schedule::StepKind::kStoreActivations:
        return transfer(id, false);
      case schedule::StepKind::kLoadPe:
        return load_pe(id);
      case schedule::StepKind::kStream:
        return stream(id);
      case schedule::StepKind::kPost:
        return post(id);
      case schedule::StepKind::kPool:
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
      weights_.read(weight_run(step(id)), id, schedule::Resource::kLoader);
    passes_.load_pe(id);
  }

  // Activation SRAM.

  /// The rows' slots in the region; nothing, and a violation, when the region is not fit for them.
  std::optional<std::vector<schedule::CellRun>> find_slots(
      schedule::StepId id, std::int32_t index, const schedule::MapView& view,
      const std::vector<schedule::ImageRows>& rows) {
    const schedule::Region& r = region(index);
    const std::string fault = schedule::region_fault(r, view);
    const bool fits = r.base + r.slots <= schedule_.activation_slots &&
                      (!slot_limit_ || r.base + r.slots <= *slot_limit_);
    if (!fault.empty() || !fits) {
      violations_.add(
          fault.empty() ? fmt::format("{}: region {} takes slots {} + {}, the schedule declares "
                                      "{}, the memory has {}",
                                      name(id), index, r.base, r.slots, schedule_.activation_slots,
                                      slot_limit_ ? fmt::format("{}", *slot_limit_) : "no limit")
                        : fmt::format("{}: region {} {}", name(id), index, fault));
      return std::nullopt;
    }
    std::optional<std::vector<schedule::CellRun>> runs = schedule::slots_of(rows, r, view);
    if (!runs) {
      violations_.add(fmt::format(
          "{}: region {} (images {}, rows {}) does not contain {}", name(id), index,
          interval_name(r.image_begin, r.image_begin + r.image_count),
          interval_name(r.row_begin, r.row_begin + r.row_count), rows_name(rows, view)));
    }
    return runs;
  }
  std::string rows_name(const std::vector<schedule::ImageRows>& rows,
                        const schedule::MapView& view) const {
    return fmt::format("rows {} of image {} to row {} of image {} of map {}",
                       interval_name(rows.front().begin, rows.front().end), rows.front().image,
                       rows.back().end - 1, rows.back().image, view.map);
  }
  void read_rows(schedule::StepId id, std::int32_t index, const schedule::MapView& view,
                 const std::vector<schedule::ImageRows>& rows, schedule::Resource resource) {
    const auto runs = find_slots(id, index, view, rows);
    if (!runs) return;
    for (const schedule::CellRun& run : *runs) activations_.read(run, id, resource);
  }
  void write_rows(schedule::StepId id, std::int32_t index, const schedule::MapView& view,
                  const std::vector<schedule::ImageRows>& rows, const Share& share,
                  schedule::Resource resource) {
    const auto runs = find_slots(id, index, view, rows);
    if (!runs) return;
    for (const schedule::CellRun& run : *runs) activations_.write(run, share, id, resource);
  }

  // Maps in DRAM, tracked in rows counted through all images.

  // The network's input, map 0, is there from the beginning.
  Contents& dram_copy(const schedule::MapView& view) {
    const auto found = dram_.find(view.map);
    if (found != dram_.end()) return found->second;
    const std::int64_t height = view.shape.height;
    Contents::Names names{fmt::format("DRAM, map {}, row", view.map), namer(),
                          [height](std::int64_t key, std::int64_t row) {
                            return fmt::format("row {} of image {} of map {}", row % height,
                                               row / height, key);
                          }};
    Contents& copy =
        dram_.emplace(view.map, Contents(std::move(names), clocks_, violations_)).first->second;
    if (view.map == 0) copy.preload({0, height * schedule_.batch, view.map, 0}, true);
    return copy;
  }

  void transfer(schedule::StepId id, bool load) {
    const schedule::Step& s = step(id);
    const network::Layer& l = layer(s.layer);
    const bool residual = load && l.residual >= 0 && s.rows.map == l.residual;
    const schedule::MapView view = load && !residual ? schedule::input_view(network_, s.layer)
                                                     : schedule::map_view(network_, s.rows.map);
    if (view.map != s.rows.map || s.rows.row_count > view.shape.height - s.rows.row_begin) {
      violations_.add(fmt::format("{} moves rows {} + {} of map {}; map {} has {} rows", name(id),
                                  s.rows.row_begin, s.rows.row_count, s.rows.map, view.map,
                                  view.shape.height));
      return;
    }
    violations_.require(s.rows.image_count == 1 || s.rows.row_count == view.shape.height, [&] {
      return name(id) + " moves parts of several images, which are not contiguous in DRAM";
    });
    const std::vector<schedule::ImageRows> rows = schedule::transfer_rows(s.rows);
    const std::int64_t first = s.rows.image_begin * view.shape.height + s.rows.row_begin;
    const schedule::CellRun run{first, s.rows.image_count * s.rows.row_count, view.map, first};
    if (load) {
      dram_copy(view).read(run, id, schedule::Resource::kDma);
      write_rows(id, s.output, view, rows, Share{}, schedule::Resource::kDma);
    } else {
      read_rows(id, s.input, view, rows, schedule::Resource::kDma);
      dram_copy(view).write(run, Share{}, id, schedule::Resource::kDma);
    }
  }

  // Array and post unit.

  void stream(schedule::StepId id) {
    const schedule::Step& s = step(id);
    const network::Layer& l = layer(s.layer);
    const std::vector<schedule::ImageRows> rows =
        schedule::window_rows(schedule::output_rows(range(s.range), l.out.height), l);
    if (!rows.empty()) {
      read_rows(id, s.input, schedule::input_view(network_, s.layer), rows,
                schedule::Resource::kArray);
    }
    passes_.stream(id);
  }

  void post(schedule::StepId id) {
    const schedule::Step& s = step(id);
    passes_.post(id);
    const network::Layer& l = layer(s.layer);
    if (l.logits) return;
    std::vector<schedule::ImageRows> rows = schedule::output_rows(range(s.range), l.out.height);
    if (l.residual >= 0) {
      read_rows(id, s.residual, schedule::map_view(network_, l.residual), rows,
                schedule::Resource::kPost);
    }
    std::int32_t map = s.layer + 1;
    const std::int32_t fused = schedule_.layers[static_cast<std::size_t>(s.layer)].fused_pool;
    if (fused != -1) {
      auto pooled = schedule::pooled_rows(rows, layer(fused));
      if (!pooled) {
        violations_.add(
            fmt::format("{}: range {} cuts a window of {}", name(id), s.range, layer(fused).name));
        return;
      }
      rows = std::move(*pooled);
      map = fused + 1;
    }
    if (rows.empty()) return;
    const ChannelTile& tile = tiling_.tiles[static_cast<std::size_t>(
        tiling_.tile_of_block[static_cast<std::size_t>(s.block)])];
    const std::int64_t channel = tile.group * l.n() + tile.n_begin;
    write_rows(id, s.output, schedule::map_view(network_, map), rows,
               {channel, channel + tile.n_count, l.out.channels}, schedule::Resource::kPost);
  }

  // A pool step computes all rows of its output region.
  void pool(schedule::StepId id) {
    const schedule::Step& s = step(id);
    const schedule::MapView out = schedule::map_view(network_, s.layer + 1);
    const std::string fault = schedule::region_fault(region(s.output), out);
    if (!fault.empty()) {
      violations_.add(fmt::format("{}: region {} {}", name(id), s.output, fault));
      return;
    }
    const std::vector<schedule::ImageRows> rows = schedule::region_rows(region(s.output));
    for (const schedule::ImageRows& r : rows) pooled_[s.layer].push_back({id, r});
    const std::vector<schedule::ImageRows> needed = schedule::window_rows(rows, layer(s.layer));
    if (!needed.empty()) {
      read_rows(id, s.input, schedule::input_view(network_, s.layer), needed,
                schedule::Resource::kPost);
    }
    write_rows(id, s.output, out, rows, Share{}, schedule::Resource::kPost);
  }

  void finish_pool(std::int32_t index) {
    if (layer(index).is_gemm()) return;
    Pooled& done = pooled_[index];
    for (const schedule::LayerPlan& plan : schedule_.layers) {
      if (plan.fused_pool != index) continue;
      violations_.require(done.empty(), [&] {
        return name(done.front().first) + " computes a layer that the post unit fuses";
      });
      return;
    }
    const std::int64_t height = layer(index).out.height;
    const auto first = [&](const auto& d) { return d.second.image * height + d.second.begin; };
    std::sort(done.begin(), done.end(), [&](const auto& a, const auto& b) {
      return first(a) != first(b) ? first(a) < first(b) : a.first < b.first;
    });
    std::int64_t row = 0;
    for (const auto& d : done) {
      if (first(d) != row) {
        violations_.add(first(d) > row
                            ? fmt::format("no step computes row {} of image {} of {}", row % height,
                                          row / height, layer(index).name)
                            : fmt::format("{} computes row {} of image {} again", name(d.first),
                                          d.second.begin, d.second.image));
        return;
      }
      row += d.second.end - d.second.begin;
    }
    violations_.require(row == height * schedule_.batch, [&] {
      return fmt::format("no step computes row {} of image {} of {}", row % height, row / height,
                         layer(index).name);
    });
  }

  const schedule::Schedule& schedule_;
  const network::Network& network_;
  const arch::AcceleratorSpec& spec_;
  const Tiling& tiling_;
  Violations& violations_;
  EndClocks clocks_;
  PassBook passes_;
  Contents weights_;
  Contents activations_;
  arch::Limit word_limit_;
  arch::Limit slot_limit_;
  std::unordered_map<std::int32_t, Contents> dram_;  ///< by map
  std::unordered_map<std::int32_t, Pooled> pooled_;  ///< by pooling layer
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
