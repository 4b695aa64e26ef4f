// The places of a memory where a fault of some shape can lie, cut into strata.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "campaign/plan.hpp"
#include "memory/cell_array.hpp"
#include "run/job.hpp"
#include "run/weight_cells.hpp"
#include "schedule/residency.hpp"

namespace lacuna::campaign {

/// One place. What a shape has no say in is -1: a row has no bit, a bank neither row nor bit.
struct Site {
  memory::CellPosition cell{-1, -1, -1};
  std::int64_t code_bit = -1;  ///< bit of the code that lies in the cell, where one does
  std::string weight;  ///< "conv1:3,0,1,2", the first one in the cell if there are several; "" if
                       ///< none
};

class SiteTable {
 public:
  struct Stratum {
    StratumLabel label;
    std::vector<std::uint32_t> sites;  ///< site numbers, ascending
  };

  /// For one memory of one machine and network; all references outlive it. Throws
  /// base::InputError where the memory is not there, when there are more sites than 2^26, or none.
  SiteTable(const run::Job& job, const run::JobWeightCells& weights,
            const schedule::ResidencyMap& residency, const SitePlan& plan, memory::MemoryId memory,
            const Shape& shape);

  memory::MemoryId memory() const { return memory_.memory; }
  const Shape& shape() const { return shape_; }

  /// By label: layers in network order, then bits, banks, rows.
  const std::vector<Stratum>& strata() const { return strata_; }

  Site site(std::uint32_t number) const;
  /// Of a single cell: the lane of it as memory::FaultOverlay numbers them; nothing where it is
  /// left over in its word.
  std::optional<std::int64_t> lane(std::uint32_t number) const;
  /// The cells that a fault there strikes, at a step or memory::kPermanent, in no particular order;
  /// a cell may come twice. A weight that is not in the SRAM at that step has none.
  std::vector<memory::CellPosition> cells(std::uint32_t number, std::int64_t step) const;

 private:
  struct LayerBits {
    std::string name;
    std::int64_t first = 0;  ///< number of its first weight's first bit
    std::int64_t count = 0;
    fault::WeightShape shape;
  };
  struct Key;
  struct Cut;
  struct LastValue;

  std::int64_t list_layers();
  bool fits(const memory::CellPosition& cell) const;
  bool in_scope(const memory::CellPosition& cell) const;
  bool weight_in_scope(std::uint32_t number) const;
  bool bit_in_scope(std::int64_t code_bit, int bits) const;
  void check_scope() const;
  bool left_over(std::int64_t bit) const {
    return bit / code_bits_ >= memory_.word_bits / code_bits_;
  }
  Key weight_key(std::uint32_t number, const Cut& cut) const;
  Key cell_key(const memory::CellPosition& cell, const Cut& cut, LastValue& last) const;
  StratumLabel label_of(const Key& key, const Cut& cut) const;
  const LayerBits& layer_of(std::uint32_t number) const;
  fault::WeightIndex weight_of(std::uint32_t number) const;
  memory::CellPosition cell_of(std::uint32_t number) const;
  std::int64_t count_sites() const;
  std::string layer_at(const memory::CellPosition& cell) const;

  const run::Job& job_;
  const run::JobWeightCells& weights_;
  const schedule::ResidencyMap& residency_;
  Shape shape_;
  bool of_weights_;
  SiteScope scope_;  ///< without what is no matter of cells
  fault::MemoryGeometry memory_;
  int code_bits_;  ///< of what a word holds several of
  std::vector<LayerBits> layers_;
  std::vector<Stratum> strata_;
};

}  // namespace lacuna::campaign
