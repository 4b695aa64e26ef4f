// The loader: carries weights from the weight SRAM into the PEs' registers.
//
// Timing: one index, the weights of up to C channels, a cycle; as many cycles as the pass has
// indices (rows x D with whole_folds). Not woken while nothing is loaded. This is the only place
// where weights are read, so a fault in the weight SRAM acts here. Memories owned: none.
#pragma once

#include <systemc>
#include <vector>

#include "systemc/pe_array.hpp"
#include "systemc/program.hpp"
#include "systemc/weight_sram.hpp"

namespace lacuna::systemc {

class WeightLoader : public sc_core::sc_module, public StepUnit {
 public:
  sc_core::sc_export<StepUnit> steps;
  sc_core::sc_port<StepListener> listener;
  sc_core::sc_port<WeightSramPort> weight_sram;
  sc_core::sc_port<PeWeightsPort> pe_weights;

  SC_HAS_PROCESS(WeightLoader);
  WeightLoader(const sc_core::sc_module_name& name, Program& program);

  void start(schedule::StepId id) override;

 private:
  void tick();

  Program& program_;
  schedule::StepId current_ = schedule::kNoStep;
  std::int64_t index_ = 0;           ///< next reduction index of the block
  std::vector<std::uint8_t> codes_;  ///< of the index that is read
  std::vector<std::int16_t> weights_;
  sc_core::sc_event tick_;
};

}  // namespace lacuna::systemc
