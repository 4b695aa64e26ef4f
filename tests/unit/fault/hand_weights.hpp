// A weight memory small enough to lay out by hand.
#pragma once

#include <tuple>
#include <vector>

#include "fault/geometry.hpp"
#include "fault/plan.hpp"
#include "fault/weight_cells.hpp"

namespace lacuna::fault::test {

/// 2 banks x 4 rows x 8 bits, of which the last row of bank 1 is missing: 7 words.
inline MemoryGeometry small_memory() {
  MemoryGeometry geometry;
  geometry.words = 7;
  geometry.word_bits = 8;
  geometry.banks = 2;
  return geometry;
}

/// One layer "conv" of [2][1][1][2] weights of 4 bits, two a word. Its four weights lie in words 0
/// and 1 (out 0, out 1) for steps below 10, and in words 2 and 3 from then on.
class HandWeights : public WeightCells {
 public:
  std::vector<std::string> layers() const override { return {"conv"}; }

  std::optional<WeightShape> shape(const std::string& layer) const override {
    if (layer != "conv") return std::nullopt;
    return WeightShape{2, 1, 1, 2, 4};
  }

  void append_cells(const std::string& /*layer*/, const WeightIndex& index, int bit,
                    std::int64_t step, std::vector<memory::CellPosition>* cells) const override {
    const std::int64_t position = index.in * 4 + bit;
    const bool ever = step == memory::kPermanent;
    if (ever || step < 10) cells->push_back({index.out, 0, position});
    if (ever || (step >= 10 && step < 20)) cells->push_back({index.out, 1, position});
  }
};

using Site = std::tuple<std::int64_t, std::int64_t, std::int64_t>;  ///< bank, row, bit

inline std::vector<Site> sites(const std::vector<memory::CellPosition>& cells) {
  std::vector<Site> result;
  for (const auto& cell : cells) result.emplace_back(cell.bank, cell.row, cell.bit);
  return result;
}

inline std::vector<Site> sites(const FaultPlan& plan) {
  std::vector<Site> result;
  for (const auto& fault : plan.faults) {
    result.emplace_back(fault.cell.bank, fault.cell.row, fault.cell.bit);
  }
  return result;
}

}  // namespace lacuna::fault::test
