// Where: from what a user asks for to cells. A selector picks cells, a cluster widens them. The
// ways to select are one file each in selectors/, and one line in its list.inc.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/error.hpp"
#include "config/document.hpp"
#include "fault/geometry.hpp"
#include "fault/plan.hpp"
#include "fault/value_cells.hpp"
#include "fault/weight_cells.hpp"
#include "memory/cell_array.hpp"

namespace lacuna::fault {

/// What a selector picks cells of.
struct SelectorTarget {
  const MemoryGeometry& geometry;
  std::int64_t step = memory::kPermanent;  ///< of the fault
  const WeightCells* weights = nullptr;    ///< null where no selector asks them
  const ValueCells* values = nullptr;      ///< the same
  base::Place place = {};                  ///< of the whole `where`, for errors
};

class Selector {
 public:
  Selector() = default;
  virtual ~Selector() = default;
  Selector(const Selector&) = delete;
  Selector& operator=(const Selector&) = delete;

  /// Whether it asks where weights, or values, lie.
  virtual bool asks_weights() const { return false; }
  virtual bool asks_values() const { return false; }

  /// In any order; a cell may be there more than once. Throws base::InputError naming the memory
  /// (or layer) and its limits when it reaches outside, or picks more than kMaxFaults cells.
  virtual std::vector<memory::CellPosition> cells(const SelectorTarget& target) const = 0;
};

struct SelectorKind {
  const char* key;          ///< of `where`, which asks for it; null: of where none is asked for
  bool (*takes)(MemoryId);  ///< the memories that it goes with
  const char* others_hold;  ///< what others hold of it: "no tensor of a layer"
  std::shared_ptr<const Selector> (*read)(const config::Section& where, MemoryId memory);
};

/// In the order of the list.
const std::vector<SelectorKind>& selector_kinds();

/// A multi-cell upset: each selected cell becomes `rows` rows x `bits` neighbouring bits, with the
/// selected cell at the lowest row and bit.
struct Cluster {
  std::int64_t rows = 1;
  std::int64_t bits = 1;
};

struct Where {
  MemoryId memory = MemoryId::kWeightSram;
  std::shared_ptr<const Selector> selector;
  std::optional<Cluster> cluster;
  base::Place place;
};

/// Throws base::InputError.
Where read_where(const config::Section& section);

/// The cells that are selected, each once, by bank, row and bit. Throws base::InputError as
/// Selector::cells does, and where there is none. `weights` and `values` may be null where the
/// selector does not ask them.
std::vector<memory::CellPosition> select_cells(const Where& where, const MemoryGeometry& geometry,
                                               const WeightCells* weights, std::int64_t step,
                                               const ValueCells* values = nullptr);

}  // namespace lacuna::fault
