#include "fault/selector.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <tuple>

#include "fault/axis.hpp"

namespace lacuna::fault {
namespace {

using base::InputError;
using base::Place;
using memory::CellPosition;

constexpr std::int64_t kMaxClusterSide = 4096;

/// "weight_sram, activation_sram and activation_bitmap"
std::string memories_with(const std::string& key) {
  std::vector<std::string> names;
  for (const memory::MemoryKind& memory : memory::kMemories) {
    const auto& kinds = selector_kinds();
    if (std::any_of(kinds.begin(), kinds.end(), [&](const SelectorKind& kind) {
          return kind.key != nullptr && kind.key == key && kind.takes(memory.id);
        })) {
      names.emplace_back(memory.name);
    }
  }
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    text += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  }
  return text;
}

/// The one kind that the keys ask for, of those that go with the memory.
const SelectorKind& asked_kind(const config::Section& section, MemoryId memory) {
  const SelectorKind* unasked = nullptr;
  const SelectorKind* asked = nullptr;
  const SelectorKind* misplaced = nullptr;
  for (const SelectorKind& kind : selector_kinds()) {
    if (kind.key == nullptr) {
      unasked = &kind;
    } else if (section.has(kind.key)) {
      if (!kind.takes(memory)) {
        misplaced = misplaced != nullptr ? misplaced : &kind;
      } else if (asked == nullptr) {
        asked = &kind;
      } else {
        throw InputError(section.place(kind.key), fmt::format("cannot stand beside {}", asked->key),
                         "one of them");
      }
    }
  }
  if (asked != nullptr) return *asked;
  if (misplaced != nullptr) {
    throw InputError(section.place(misplaced->key),
                     fmt::format("{} holds {}", memory_name(memory), misplaced->others_hold),
                     fmt::format("cells by position; {} goes with {}", misplaced->key,
                                 memories_with(misplaced->key)));
  }
  SIM_CHECK(unasked != nullptr, "fault", -1, "no selector of cells by position");
  return *unasked;
}

std::vector<CellPosition> widen(const std::vector<CellPosition>& cells, const Cluster& cluster,
                                const MemoryGeometry& geometry, const Place& place) {
  // At most 2^24 cells and 2^24 in a cluster: no overflow.
  check_count(static_cast<std::int64_t>(cells.size()) * cluster.rows * cluster.bits, place);
  if (cluster.rows > 1 && !geometry.has_neighbouring_rows()) {
    throw InputError(place, fmt::format("a cluster of {} rows", cluster.rows),
                     "in registers along bits only: [1, bits]");
  }
  std::vector<CellPosition> wide;
  for (const CellPosition& cell : cells) {
    for (std::int64_t row = cell.row; row < cell.row + cluster.rows; ++row) {
      for (std::int64_t bit = cell.bit; bit < cell.bit + cluster.bits; ++bit) {
        const CellPosition neighbour{cell.bank, row, bit};
        if (!geometry.contains(neighbour)) {
          throw InputError(
              place,
              fmt::format("the cluster reaches {}, which does not exist", geometry.name(neighbour)),
              geometry.describe());
        }
        wide.push_back(neighbour);
      }
    }
  }
  return wide;
}

std::tuple<std::int64_t, std::int64_t, std::int64_t> key(const CellPosition& cell) {
  return {cell.bank, cell.row, cell.bit};
}

void keep_each_once(std::vector<CellPosition>* cells) {
  const auto less = [](const auto& a, const auto& b) { return key(a) < key(b); };
  const auto same = [](const auto& a, const auto& b) { return key(a) == key(b); };
  std::sort(cells->begin(), cells->end(), less);
  cells->erase(std::unique(cells->begin(), cells->end(), same), cells->end());
}

}  // namespace

Where read_where(const config::Section& section) {
  Where where;
  where.place = section.place();
  where.memory = static_cast<MemoryId>(section.choice_index("memory", memory::memory_names()));
  where.selector = asked_kind(section, where.memory).read(section, where.memory);
  if (section.has("cluster")) {
    const auto sides = read_tuple(section, "cluster", 2, 1, kMaxClusterSide, "two: [rows, bits]");
    where.cluster = Cluster{sides[0], sides[1]};
  }
  return where;
}

std::vector<CellPosition> select_cells(const Where& where, const MemoryGeometry& geometry,
                                       const WeightCells* weights, std::int64_t step,
                                       const ValueCells* values) {
  std::vector<CellPosition> cells =
      where.selector->cells({geometry, step, weights, values, where.place});
  if (cells.empty()) throw InputError(where.place, "selects no cell", geometry.describe());
  if (where.cluster) cells = widen(cells, *where.cluster, geometry, where.place);
  keep_each_once(&cells);
  return cells;
}

}  // namespace lacuna::fault
