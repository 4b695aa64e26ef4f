// What a layer costs at the least when it is cut in some way: each resource's own work, counted
// without writing a step. By it the mapper looks at promising cuts first and builds no schedule of
// those that cannot win.
#pragma once

#include <cstdint>

#include "arch/spec.hpp"
#include "mapping/layer_cut.hpp"
#include "mapping/timeline.hpp"

namespace lacuna::mapping {

/// What surrounds a layer that is looked at alone.
struct LayerSetting {
  std::int64_t weight_words = 0;  ///< of the weight SRAM, for weights that are fetched
  bool weights_resident = false;
  bool input_there = false;     ///< its whole input lies in the activation SRAM already
  bool residual_there = false;  ///< the same of its residual operand
  bool stores_output = false;   ///< an output that stays on chip goes to DRAM, too
};

struct LeastCost {
  Estimate estimate;   ///< in neither cycles nor bytes above what the cut costs
  base::Cycles array;  ///< of these, what the array streams
};
LeastCost least_cost(const LayerShape& own, const LayerCut& cut, const LayerSetting& setting,
                     const arch::AcceleratorSpec& spec);

}  // namespace lacuna::mapping
