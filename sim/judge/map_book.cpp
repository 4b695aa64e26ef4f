#include "judge/map_book.hpp"

#include <fmt/format.h>

#include <utility>

#include "judge/capacity.hpp"

namespace lacuna::judge {
namespace {

arch::Limit capacity_slots(const arch::AcceleratorSpec& spec) {
  const arch::ActivationSramSpec& sram = spec.activation_sram;
  const arch::Limit words = capacity_words(sram.capacity_bytes, sram.word_bits);
  if (!words) return std::nullopt;
  return *words *
         arch::AcceleratorSpec::values_per_word(sram.word_bits, spec.precision.activation_bits);
}

}  // namespace

MapBook::MapBook(const schedule::Schedule& schedule, const network::Network& network,
                 const arch::AcceleratorSpec& spec, const EndClocks& clocks, Violations& violations)
    : schedule_(schedule),
      network_(network),
      clocks_(clocks),
      violations_(violations),
      slot_limit_(capacity_slots(spec)),
      slots_({"activation SRAM slot", step_namer(),
              [this](std::int64_t key, std::int64_t value) {
                const network::MapShape& shape = network_.map(static_cast<int>(key)).shape;
                const std::int64_t row = value / (shape.width * shape.channels);
                return fmt::format("row {} of image {} of map {}", row % shape.height,
                                   row / shape.height, key);
              }},
             clocks, violations) {
  violations_.require(!slot_limit_ || schedule_.activation_slots <= *slot_limit_, [&] {
    return fmt::format("the schedule declares {} activation SRAM slots of {}",
                       schedule_.activation_slots, *slot_limit_);
  });
}

std::function<std::string(schedule::StepId)> MapBook::step_namer() const {
  return [this](schedule::StepId id) { return name(id); };
}

std::optional<std::vector<schedule::CellRun>> MapBook::find_slots(
    schedule::StepId id, std::int32_t index, const schedule::MapView& view,
    const std::vector<schedule::ImageRows>& rows) {
  const schedule::Region& r = schedule_.regions[static_cast<std::size_t>(index)];
  const std::string fault = schedule::region_fault(r, view);
  const bool fits = r.base + r.slots <= schedule_.activation_slots &&
                    (!slot_limit_ || r.base + r.slots <= *slot_limit_);
  if (!fault.empty() || !fits) {
    violations_.add(fault.empty()
                        ? fmt::format("{}: region {} takes slots {} + {}, the schedule declares "
                                      "{}, the memory has {}",
                                      name(id), index, r.base, r.slots, schedule_.activation_slots,
                                      slot_limit_ ? fmt::format("{}", *slot_limit_) : "no limit")
                        : fmt::format("{}: region {} {}", name(id), index, fault));
    return std::nullopt;
  }
  std::optional<std::vector<schedule::CellRun>> runs = schedule::slots_of(rows, r, view);
  if (!runs) {
    violations_.add(fmt::format("{}: region {} (images {}, rows {}) does not contain {}", name(id),
                                index, interval_name(r.image_begin, r.image_begin + r.image_count),
                                interval_name(r.row_begin, r.row_begin + r.row_count),
                                rows_name(rows, view)));
  }
  return runs;
}

std::string MapBook::rows_name(const std::vector<schedule::ImageRows>& rows,
                               const schedule::MapView& view) const {
  return fmt::format("rows {} of image {} to row {} of image {} of map {}",
                     interval_name(rows.front().begin, rows.front().end), rows.front().image,
                     rows.back().end - 1, rows.back().image, view.map);
}

void MapBook::read_rows(schedule::StepId id, std::int32_t index, const schedule::MapView& view,
                        const std::vector<schedule::ImageRows>& rows, schedule::Resource resource) {
  const auto runs = find_slots(id, index, view, rows);
  if (!runs) return;
  for (const schedule::CellRun& run : *runs) slots_.read(run, id, resource);
}

void MapBook::write_rows(schedule::StepId id, std::int32_t index, const schedule::MapView& view,
                         const std::vector<schedule::ImageRows>& rows, const Share& share,
                         schedule::Resource resource) {
  const auto runs = find_slots(id, index, view, rows);
  if (!runs) return;
  for (const schedule::CellRun& run : *runs) slots_.write(run, share, id, resource);
}

// The network's input, map 0, is there from the beginning.
Contents& MapBook::dram_copy(const schedule::MapView& view) {
  const auto found = dram_.find(view.map);
  if (found != dram_.end()) return found->second;
  const std::int64_t height = view.shape.height;
  Contents::Names names{fmt::format("DRAM, map {}, row", view.map), step_namer(),
                        [height](std::int64_t key, std::int64_t row) {
                          return fmt::format("row {} of image {} of map {}", row % height,
                                             row / height, key);
                        }};
  Contents& copy =
      dram_.emplace(view.map, Contents(std::move(names), clocks_, violations_)).first->second;
  if (view.map == 0) copy.preload({0, height * schedule_.batch, view.map, 0}, true);
  return copy;
}

void MapBook::finish() {
  for (const network::Output& output : network_.outputs) {
    if (output.map == network::kNoMap) continue;
    const schedule::MapView view = schedule::map_view(network_, output.map);
    const std::int64_t height = view.shape.height;
    const auto missing = dram_copy(view).first_missing({0, height * schedule_.batch, view.map, 0});
    violations_.require(!missing, [&] {
      return fmt::format("row {} of image {} of map {}, an output, is not in DRAM in the end",
                         *missing % height, *missing / height, view.map);
    });
  }
}

void MapBook::transfer(schedule::StepId id, bool load) {
  const schedule::Step& s = schedule_.steps[static_cast<std::size_t>(id)];
  const network::Layer& l = network_.layers[static_cast<std::size_t>(s.layer)];
  const bool residual = load && l.residual() >= 0 && s.rows.map == l.residual();
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

}  // namespace lacuna::judge
