// The places of the weight SRAM where a fault of some shape can lie, cut into strata.
#pragma once

#include <cstdint>
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
  std::int64_t code_bit = -1;  ///< bit of the weight's code that lies in the cell
  std::string weight;  ///< "conv1:3,0,1,2", the first one in the cell if there are several; "" if
                       ///< none
};

class SiteTable {
 public:
  struct Stratum {
    StratumLabel label;
    std::vector<std::uint32_t> sites;  ///< site numbers, ascending
  };

  /// For one machine and network; all references outlive it. Throws base::InputError when there
  /// are more sites than 2^26, or none.
  SiteTable(const run::Job& job, const run::JobWeightCells& weights,
            const schedule::ResidencyMap& residency, const SitePlan& plan, const Shape& shape);

  /// By label: layers in network order, then bits, banks, rows.
  const std::vector<Stratum>& strata() const { return strata_; }

  Site site(std::uint32_t number) const;
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
  fault::MemoryGeometry memory_;
  std::vector<LayerBits> layers_;
  std::vector<Stratum> strata_;
};

}  // namespace lacuna::campaign
