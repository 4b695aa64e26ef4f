#include "fault/selector.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace lacuna::fault {
namespace {

using base::InputError;
using base::Place;
using config::IntegerRange;
using memory::CellPosition;
using Ranges = std::vector<IntegerRange>;

/// Sorted and disjoint, inside [first, first + count), and counted from `first`.
Ranges resolve(const Axis& axis, const char* what, std::int64_t count, const std::string& owner,
               std::int64_t first = 0) {
  if (!axis.ranges) return {{0, count - 1}};
  Ranges sorted = *axis.ranges;
  std::sort(sorted.begin(), sorted.end(),
            [](const IntegerRange& a, const IntegerRange& b) { return a.first < b.first; });
  Ranges merged;
  for (const IntegerRange& range : sorted) {
    if (range.first < first || range.last >= first + count) {
      throw InputError(
          axis.place,
          fmt::format("{} {} does not exist", what, range.first < first ? range.first : range.last),
          fmt::format("{}: {} to {}", owner, first, first + count - 1));
    }
    const IntegerRange own{range.first - first, range.last - first};
    if (!merged.empty() && own.first <= merged.back().last + 1) {
      merged.back().last = std::max(merged.back().last, own.last);
    } else {
      merged.push_back(own);
    }
  }
  return merged;
}

std::int64_t length(const Ranges& ranges) {
  std::int64_t count = 0;
  for (const IntegerRange& range : ranges) count += range.last - range.first + 1;
  return count;
}

template <class Use>
void for_each(const Ranges& ranges, const Use& use) {
  for (const IntegerRange& range : ranges) {
    for (std::int64_t i = range.first; i <= range.last; ++i) use(i);
  }
}

/// Banks or rows by the names that people have for them: numbers of the outer and inner axis become
/// one.
Ranges resolve(const std::vector<Axis>& asked, const std::vector<NamedAxis>& axes, const char* what,
               std::int64_t count, const std::string& owner) {
  if (axes.empty()) return resolve(asked.empty() ? Axis{} : asked[0], what, count, owner);
  Ranges outer =
      resolve(asked.empty() ? Axis{} : asked[0], axes[0].name, axes[0].count, owner, axes[0].first);
  if (axes.size() == 1) return outer;
  const Ranges inner = resolve(asked.size() < 2 ? Axis{} : asked[1], axes[1].name, axes[1].count,
                               owner, axes[1].first);
  Ranges both;
  for (const IntegerRange& range : outer) {
    for (std::int64_t i = range.first; i <= range.last; ++i) {
      for (const IntegerRange& own : inner) {
        both.push_back({i * axes[1].count + own.first, i * axes[1].count + own.last});
      }
    }
  }
  return both;
}

/// The factors are at most 2^33 cells and 2^24 in a cluster: no overflow.
void check_count(std::int64_t count, const Place& place) {
  if (count > kMaxFaults) {
    throw InputError(place, fmt::format("selects {} cells", count),
                     fmt::format("at most {} faults are run", kMaxFaults));
  }
}

std::vector<CellPosition> pick(const PhysicalSelector& selector, const MemoryGeometry& geometry,
                               const Place& place) {
  const std::string owner = geometry.describe();
  const Ranges banks = resolve(selector.bank, geometry.bank_axes, "bank", geometry.banks, owner);
  const Ranges rows = resolve(selector.row, geometry.row_axes, "row", geometry.rows(), owner);
  const Ranges bits = resolve(selector.bit, "bit", geometry.word_bits, owner);
  check_count(length(banks) * length(bits), place);
  check_count(length(banks) * length(bits) * length(rows), place);
  std::vector<CellPosition> cells;
  for_each(banks, [&](std::int64_t bank) {
    for_each(rows, [&](std::int64_t row) {
      for_each(bits, [&](std::int64_t bit) {
        if (geometry.contains({bank, row, bit})) cells.push_back({bank, row, bit});
      });
    });
  });
  if (cells.empty()) {
    throw InputError(
        place, "selects no cell",
        owner + fmt::format(" and {} words: the last row is not full", geometry.words));
  }
  return cells;
}

WeightShape shape_of(const WeightSelector& selector, const WeightCells& weights) {
  const std::optional<WeightShape> shape = weights.shape(selector.layer);
  if (shape) return *shape;
  const std::vector<std::string> layers = weights.layers();
  throw InputError(selector.layer_place, fmt::format("no layer '{}' with weights", selector.layer),
                   "one of " + base::join(layers), base::nearest_name(selector.layer, layers));
}

template <class Use>
void for_each_weight(const WeightSelector& selector, const WeightShape& shape, const Use& use) {
  if (selector.index) {
    const auto& [out, ky, kx, in] = *selector.index;
    use(WeightIndex{out, ky, kx, in});
    return;
  }
  for (std::int64_t out = 0; out < shape.out; ++out) {
    for (std::int64_t ky = 0; ky < shape.kernel_h; ++ky) {
      for (std::int64_t kx = 0; kx < shape.kernel_w; ++kx) {
        for (std::int64_t in = 0; in < shape.in; ++in) use(WeightIndex{out, ky, kx, in});
      }
    }
  }
}

void check_index(const WeightSelector& selector, const WeightShape& shape) {
  if (!selector.index) return;
  const auto& [out, ky, kx, in] = *selector.index;
  if (out < shape.out && ky < shape.kernel_h && kx < shape.kernel_w && in < shape.in) return;
  throw InputError(
      selector.index_place, fmt::format("weight [{}, {}, {}, {}] does not exist", out, ky, kx, in),
      fmt::format("layer {} has [out, ky, kx, in] from [0, 0, 0, 0] to [{}, {}, {}, {}]",
                  selector.layer, shape.out - 1, shape.kernel_h - 1, shape.kernel_w - 1,
                  shape.in - 1));
}

std::vector<CellPosition> pick(const WeightSelector& selector, const WeightCells* weights,
                               std::int64_t step, const Place& place) {
  SIM_CHECK(weights != nullptr, "fault", -1, "a weight selector needs a residency map");
  const WeightShape shape = shape_of(selector, *weights);
  check_index(selector, shape);
  const Ranges bits =
      resolve(selector.bit, "bit", shape.bits, fmt::format("weights of {}", selector.layer));
  check_count((selector.index ? 1 : shape.values()) * length(bits), place);
  std::vector<CellPosition> cells;
  for_each_weight(selector, shape, [&](const WeightIndex& index) {
    for_each(bits, [&](std::int64_t bit) {
      weights->append_cells(selector.layer, index, static_cast<int>(bit), step, &cells);
    });
    check_count(static_cast<std::int64_t>(cells.size()), place);
  });
  if (cells.empty()) {
    throw InputError(place, fmt::format("no such weight is in {} at step {}",
                                        memory_name(MemoryId::kWeightSram), step));
  }
  return cells;
}

std::vector<CellPosition> pick(const ValueSelector& selector, const ValueCells* values,
                               MemoryId memory, const Place& place) {
  SIM_CHECK(values != nullptr, "fault", -1, "a value selector needs a residency map");
  const std::optional<ValueShape> shape = values->shape(selector.layer);
  if (!shape) {
    const std::vector<std::string> layers = values->layers();
    throw InputError(selector.layer_place, fmt::format("no layer '{}'", selector.layer),
                     "one of " + base::join(layers), base::nearest_name(selector.layer, layers));
  }
  if (selector.index) {
    const auto& [channel, y, x] = *selector.index;
    if (channel >= shape->channels || y >= shape->height || x >= shape->width) {
      throw InputError(
          selector.index_place, fmt::format("value [{}, {}, {}] does not exist", channel, y, x),
          fmt::format("the input of {} has [channel, y, x] from [0, 0, 0] to [{}, {}, {}]",
                      selector.layer, shape->channels - 1, shape->height - 1, shape->width - 1));
    }
  }
  const bool bitmap = memory == MemoryId::kActivationBitmap;
  const Ranges bits =
      resolve(selector.bit, "bit", bitmap ? 1 : shape->bits,
              fmt::format("{} of {}", bitmap ? "bitmap" : "values", selector.layer));
  std::vector<CellPosition> cells;
  const auto use = [&](const ValueIndex& index) {
    for_each(bits, [&](std::int64_t bit) {
      values->append_cells(selector.layer, index, static_cast<int>(bit), bitmap, &cells);
    });
    check_count(static_cast<std::int64_t>(cells.size()), place);
  };
  if (selector.index) {
    use({(*selector.index)[0], (*selector.index)[1], (*selector.index)[2]});
  } else {
    check_count(shape->values() * length(bits), place);
    for (std::int64_t y = 0; y < shape->height; ++y) {
      for (std::int64_t x = 0; x < shape->width; ++x) {
        for (std::int64_t channel = 0; channel < shape->channels; ++channel) use({channel, y, x});
      }
    }
  }
  if (cells.empty()) {
    throw InputError(place, fmt::format("no such value is ever in {}", memory_name(memory)));
  }
  return cells;
}

std::vector<CellPosition> widen(const std::vector<CellPosition>& cells, const Cluster& cluster,
                                const MemoryGeometry& geometry, const Place& place) {
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

std::vector<CellPosition> select_cells(const Where& where, const MemoryGeometry& geometry,
                                       const WeightCells* weights, std::int64_t step,
                                       const ValueCells* values) {
  std::vector<CellPosition> cells;
  if (const auto* physical = std::get_if<PhysicalSelector>(&where.selector)) {
    cells = pick(*physical, geometry, where.place);
  } else if (const auto* weight = std::get_if<WeightSelector>(&where.selector)) {
    cells = pick(*weight, weights, step, where.place);
  } else {
    cells = pick(std::get<ValueSelector>(where.selector), values, where.memory, where.place);
  }
  if (where.cluster) cells = widen(cells, *where.cluster, geometry, where.place);
  keep_each_once(&cells);
  return cells;
}

}  // namespace lacuna::fault
