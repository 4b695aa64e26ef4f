// Permanent faults of the activation SRAM for batches side by side. A cell holds another value in
// each region of the schedule, so a visit - a tile's passes over a range, the post unit's reads
// beside them, a pooling - has its own list of values that read otherwise; they stand in the map
// while the visit is computed. Nothing of time changes: bits of the bitmap are as written.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "arch/spec.hpp"
#include "fast/layer_program.hpp"
#include "fast/map_layers.hpp"
#include "fast/padded_map.hpp"
#include "fault/plan.hpp"
#include "measure/counters.hpp"
#include "network/network.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::fast {

/// Whether faults are of the kind that ActivationFaults knows.
bool is_lasting_value_fault(const fault::Fault& fault);

class ActivationFaults {
 public:
  /// Nothing where some visit is none of those above. `plan`'s other faults are left out. What is
  /// referred to outlives this.
  static std::unique_ptr<ActivationFaults> compile(const network::Network& network,
                                                   const schedule::Schedule& schedule,
                                                   const arch::AcceleratorSpec& spec,
                                                   const MapLayouts& layouts,
                                                   const fault::FaultPlan& plan);

  /// Puts what a job of a GEMM layer (of a layer over maps: 0) reads into the maps of `lanes`
  /// batches, and counts the reads of the first `counted` of them.
  void begin_visit(std::size_t layer, std::size_t job, int lanes, int counted, LaneMaps& maps,
                   std::vector<measure::FaultOutcome>& outcomes);
  /// What was there before.
  void end_visit(int lanes, LaneMaps& maps);

  ActivationFaults(const ActivationFaults&) = delete;
  ActivationFaults& operator=(const ActivationFaults&) = delete;

 private:
  /// What a slot answers.
  struct Slot {
    std::vector<std::uint8_t> read;  ///< [pattern that is stored]
    std::vector<std::size_t> faults;
    std::vector<std::vector<std::uint8_t>> changed;  ///< [fault of the slot][pattern]
  };
  /// A value with faulty cells in one region.
  struct FaultyValue {
    std::int64_t place = 0;  ///< in its layout
    std::int64_t reads = 0;  ///< in the visit, where it is read at all
    const Slot* slot = nullptr;
  };
  /// A map as a visit reads it.
  struct Reading {
    std::size_t layout = 0;
    tensor::Code code;
    bool by_bitmap = false;  ///< zeros are not read
    std::vector<FaultyValue> values;
  };
  class Compiler;

  ActivationFaults() = default;

  int bits_ = 0;
  std::map<std::int64_t, Slot> slots_;  ///< of the activation SRAM, that have faults
  std::vector<std::vector<std::vector<Reading>>> visits_;  ///< [layer][job]
  /// Of the visit that is open: layout, place, operands of all lanes.
  const std::vector<Reading>* open_ = nullptr;
  std::vector<std::int16_t> kept_;
};

}  // namespace lacuna::fast
