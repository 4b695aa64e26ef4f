// Cells by position: a cell, a row, a column, a bank, or all, by the memory's own names
// (memory::MemoryKind::bank_names, row_names).
#include <fmt/format.h>

#include "fault/axis.hpp"
#include "fault/selector.hpp"

namespace lacuna::fault {
namespace {

using config::IntegerRange;

/// Numbers of the outer and inner axis become one.
Ranges resolve_named(const std::vector<Axis>& asked, const std::vector<NamedAxis>& axes,
                     const char* what, std::int64_t count, const std::string& owner) {
  if (axes.empty()) return resolve(asked.empty() ? Axis{} : asked[0], what, count, owner);
  Ranges outer =
      resolve(asked.empty() ? Axis{} : asked[0], axes[0].name, axes[0].count, owner, axes[0].first);
  if (axes.size() == 1) return outer;
  const Ranges inner = resolve(asked.size() < 2 ? Axis{} : asked[1], axes[1].name, axes[1].count,
                               owner, axes[1].first);
  Ranges both;
  for_each(outer, [&](std::int64_t i) {
    for (const IntegerRange& own : inner) {
      both.push_back({i * axes[1].count + own.first, i * axes[1].count + own.last});
    }
  });
  return both;
}

class Positions : public Selector {
 public:
  Positions(const config::Section& where, MemoryId memory) {
    if (where.has("index") && memory != MemoryId::kPeAccumulators) {
      throw base::InputError(where.place("index"), "needs a layer", "layer: the name of one");
    }
    const memory::MemoryKind& kind = memory::memory_kind(memory);
    for (const char* name : kind.bank_names) {
      if (name != nullptr) bank_.push_back(read_axis(where, name));
    }
    for (const char* name : kind.row_names) {
      if (name != nullptr) row_.push_back(read_axis(where, name));
    }
    bit_ = read_axis(where, "bit");
  }

  std::vector<memory::CellPosition> cells(const SelectorTarget& target) const override {
    const MemoryGeometry& geometry = target.geometry;
    const std::string owner = geometry.describe();
    const Ranges banks = resolve_named(bank_, geometry.bank_axes, "bank", geometry.banks, owner);
    const Ranges rows = resolve_named(row_, geometry.row_axes, "row", geometry.rows(), owner);
    const Ranges bits = resolve(bit_, "bit", geometry.word_bits, owner);
    // The factors are at most 2^33 cells: no overflow.
    check_count(length(banks) * length(bits), target.place);
    check_count(length(banks) * length(bits) * length(rows), target.place);
    std::vector<memory::CellPosition> cells;
    for_each(banks, [&](std::int64_t bank) {
      for_each(rows, [&](std::int64_t row) {
        for_each(bits, [&](std::int64_t bit) {
          if (geometry.contains({bank, row, bit})) cells.push_back({bank, row, bit});
        });
      });
    });
    if (cells.empty()) {
      throw base::InputError(
          target.place, "selects no cell",
          owner + fmt::format(" and {} words: the last row is not full", geometry.words));
    }
    return cells;
  }

 private:
  std::vector<Axis> bank_;
  std::vector<Axis> row_;
  Axis bit_;
};

}  // namespace

SelectorKind positions_selector() {
  return {nullptr, [](MemoryId /*memory*/) { return true; }, "",
          [](const config::Section& where, MemoryId memory) -> std::shared_ptr<const Selector> {
            return std::make_shared<Positions>(where, memory);
          }};
}

}  // namespace lacuna::fault
