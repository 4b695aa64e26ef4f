// The residency map of the weight SRAM, both ways: for each weight the cells that hold it and from
// which step to which step, for each cell the weights that live in it over time and the PE loads
// that read them. It follows from the schedule alone.
//
// Built from stays of whole blocks, not of weights: a piece is a run of words that holds one block
// from the step that loads it to the step whose load overwrites it. Weights and cells are worked
// out when they are asked for, so the map of a network of millions of weights takes kilobytes.
#pragma once

#include <cstdint>
#include <vector>

#include "arch/spec.hpp"
#include "memory/cell_array.hpp"
#include "network/network.hpp"
#include "schedule/run_index.hpp"
#include "schedule/schedule.hpp"
#include "schedule/stay.hpp"

namespace lacuna::schedule {

/// One weight of the network, as indices of its layer's tensor.
struct WeightIndex {
  std::int32_t layer = 0;
  std::int64_t out = 0;  ///< out channel of the layer
  std::int64_t ky = 0;
  std::int64_t kx = 0;
  std::int64_t in = 0;  ///< in channel of the group
};

/// A weight in its cells: bit b of its code lies in the cell first_cell with bit + b.
struct WeightStay {
  std::int64_t slot = 0;  ///< of the weight SRAM
  memory::CellPosition first_cell;
  Stay stay;
};

/// A cell with the weight in it.
struct CellStay {
  WeightIndex weight;
  int code_bit = 0;
  Stay stay;
};

class ResidencyMap {
 public:
  /// The schedule must be valid (see verify_schedule.hpp). Keeps references to all three.
  ResidencyMap(const Schedule& schedule, const network::Network& network,
               const arch::AcceleratorSpec& spec);

  /// Where a weight lies over time, by step. Throws base::InternalError for a weight that the
  /// network does not have.
  std::vector<WeightStay> stays(const WeightIndex& weight) const;

  /// What lies in a cell over time, by step. Empty for a cell that no weight ever enters: one that
  /// is left over in its word, or outside what the schedule uses.
  std::vector<CellStay> stays(const memory::CellPosition& cell) const;

  /// The first PE load with list index `from` or above that reads the cell; kNoStep if none does.
  StepId next_read(const memory::CellPosition& cell, StepId from) const;

  /// Whether a fault in the cell can be seen by no read: of a permanent one (memory::kPermanent)
  /// when the cell is never read, of an upset at a step when the first access at or after that step
  /// is a write, or there is none. What a read gives is not asked: a stuck value may be the stored
  /// one.
  bool masked(const memory::CellPosition& cell, std::int64_t step) const;

 private:
  struct Piece {
    std::int64_t begin = 0;  ///< words
    std::int64_t end = 0;
    std::int32_t block = 0;
    std::int64_t address = 0;  ///< of the block
    Stay stay;
  };
  /// A cell's place in its word.
  struct CellPlace {
    std::int64_t word = 0;
    std::int64_t lane = 0;
    int code_bit = 0;
    bool used = false;  ///< by a lane, not left over
  };

  void follow_steps();
  void index_blocks();
  std::vector<const Piece*> pieces_at(const CellPlace& place) const;
  CellPlace place_of(const memory::CellPosition& cell) const;
  std::size_t block_of(std::int32_t layer, std::int64_t group, std::int64_t k,
                       std::int64_t n) const;

  const Schedule& schedule_;
  const network::Network& network_;
  const arch::AcceleratorSpec& spec_;
  int values_per_word_;
  RunIndex<Piece> pieces_;                          ///< by (begin, from)
  std::vector<std::vector<std::size_t>> of_block_;  ///< pieces by block, by step
  std::vector<std::size_t> block_order_;            ///< blocks by (layer, group, n, k)
};

}  // namespace lacuna::schedule
