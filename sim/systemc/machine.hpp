// The machine: all blocks and how they are wired. This is the block diagram.
//
//   DRAM == TLM-2.0 ==> DMA --> weight SRAM --> weight loader --> PE array --> accumulator SRAM
//                        |                                          ^               |
//                        +--> activation SRAM --> feeders ----------+               |
//                                   ^                                               |
//                                   +--------------- post unit <--------------------+
//   controller: starts the steps of DMA, loader, array and post unit
#pragma once

#include <memory>
#include <systemc>
#include <vector>

#include "systemc/controller.hpp"
#include "systemc/dma.hpp"
#include "systemc/dram.hpp"
#include "systemc/engine.hpp"
#include "systemc/feeders.hpp"
#include "systemc/pe_array.hpp"
#include "systemc/post_unit.hpp"
#include "systemc/waves.hpp"
#include "systemc/weight_loader.hpp"

namespace lacuna::systemc {

class Machine : public sc_core::sc_module {
 public:
  /// With `waves`, which outlives the machine, every connection goes through a tap (taps.hpp).
  Machine(const sc_core::sc_module_name& name, const arch::AcceleratorSpec& spec,
          const MemorySizes& sizes, const Stalls& stalls, Waves* waves = nullptr);
  ~Machine() override;

  /// Makes ready to run the program's set-up or batch from the current cycle on.
  void begin(bool setup);
  /// The faults of a memory's cells.
  memory::FaultOverlay& faults(memory::MemoryId memory);
  /// After the last batch: writes the waves.
  void finish_waves();

  Program program;
  DramLayout layout;

  Dram dram;
  Dma dma;
  WeightSram weight_sram;
  ActivationSram activation_sram;
  WeightLoader loader;
  Feeders feeders;
  PeArray array;
  AccumulatorSram accumulators;
  PostUnit post;
  Controller controller;

 private:
  struct Taps;
  void connect();

  std::unique_ptr<Taps> taps_;
};

}  // namespace lacuna::systemc
