// Where: from what a user asks for to cells. Small functions that combine: a selector picks cells,
// a cluster widens them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.hpp"
#include "config/document.hpp"
#include "fault/geometry.hpp"
#include "fault/plan.hpp"
#include "fault/value_cells.hpp"
#include "fault/weight_cells.hpp"
#include "memory/cell_array.hpp"

namespace lacuna::fault {

/// Positions along one axis; nullopt is all of them.
struct Axis {
  std::optional<std::vector<config::IntegerRange>> ranges;
  base::Place place;  ///< for errors
};

/// Cells by position: a cell, a row, a column, a bank, or all.
struct PhysicalSelector {
  /// By the memory's own names: memory::MemoryKind::bank_names, and row_names.
  std::vector<Axis> bank;
  std::vector<Axis> row;
  Axis bit;
};

/// Cells by what they hold: weights of a layer, and bits of their codes.
struct WeightSelector {
  std::string layer;
  base::Place layer_place;
  std::optional<std::array<std::int64_t, 4>> index;  ///< [out, ky, kx, in]; nullopt: all weights
  base::Place index_place;
  Axis bit;
};

/// Cells by what they hold: values of a layer's input map, in all cells that ever hold them, and
/// bits of their codes; or the bits of the bitmap that belong to them.
struct ValueSelector {
  std::string layer;
  base::Place layer_place;
  std::optional<std::array<std::int64_t, 3>> index;  ///< [channel, y, x]; nullopt: all values
  base::Place index_place;
  Axis bit;
};

/// A multi-cell upset: each selected cell becomes `rows` rows x `bits` neighbouring bits, with the
/// selected cell at the lowest row and bit.
struct Cluster {
  std::int64_t rows = 1;
  std::int64_t bits = 1;
};

struct Where {
  MemoryId memory = MemoryId::kWeightSram;
  std::variant<PhysicalSelector, WeightSelector, ValueSelector> selector;
  std::optional<Cluster> cluster;
  base::Place place;
};

/// The cells that a selector picks, each once, in no particular order. Throws base::InputError
/// naming the memory (or layer) and its limits when it reaches outside, or picks more than
/// kMaxFaults cells. `weights` and `values` may be null where no selector asks them.
std::vector<memory::CellPosition> select_cells(const Where& where, const MemoryGeometry& geometry,
                                               const WeightCells* weights, std::int64_t step,
                                               const ValueCells* values = nullptr);

}  // namespace lacuna::fault
