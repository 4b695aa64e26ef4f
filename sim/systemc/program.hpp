// What the machine's modules work on: the network and schedule that are loaded, and where they
// count. One Program is shared by all modules of a machine and changes only between batches.
#pragma once

#include <systemc>

#include "arch/spec.hpp"
#include "measure/counters.hpp"
#include "memory/access.hpp"
#include "network/network.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::systemc {

/// How many values of a feature map were produced, and how many of them were not zero.
struct MapDensity {
  std::int64_t values = 0;
  std::int64_t nonzeros = 0;
};

struct Program {
  const arch::AcceleratorSpec* spec = nullptr;
  const network::Network* network = nullptr;
  const schedule::Schedule* schedule = nullptr;
  bool in_setup = false;
  std::int64_t began = 0;        ///< cycle of the kernel at which the set-up or batch began
  std::int64_t step_offset = 0;  ///< of the schedule's first step in the whole run's program order

  std::vector<measure::LayerCounters> layers;
  std::vector<MapDensity> maps;      ///< one a Network::map index
  std::vector<std::int32_t> logits;  ///< [image], as network::Network::output_values
  /// Biased sums of layers that report them, M x N row-major with all groups' channels.
  std::vector<std::vector<std::int32_t>> sums;

  const schedule::Step& step(schedule::StepId id) const {
    const auto& list = in_setup ? schedule->setup : schedule->steps;
    return list[static_cast<std::size_t>(id)];
  }
  /// Program order, as memories see it; set-up comes before everything.
  std::int64_t access_step(schedule::StepId id) const { return in_setup ? -1 : step_offset + id; }
  /// An access by a step now, as memories see it.
  memory::Access access(schedule::StepId id, std::int64_t pixel = 0, std::int64_t index = 0) const;
  measure::LayerCounters& counters(const schedule::Step& step) {
    return layers[static_cast<std::size_t>(step.layer)];
  }
  const network::Layer& layer(std::int32_t index) const {
    return network->layers[static_cast<std::size_t>(index)];
  }
  const schedule::Block& block(const schedule::Step& step) const {
    return schedule->blocks[static_cast<std::size_t>(step.block)];
  }
  const schedule::PixelRange& range(const schedule::Step& step) const {
    return schedule->ranges[static_cast<std::size_t>(step.range)];
  }
  const schedule::Region& region(std::int32_t index) const {
    return schedule->regions[static_cast<std::size_t>(index)];
  }
};

/// One cycle of the accelerator clock.
inline const sc_core::sc_time& cycle() {
  static const sc_core::sc_time kCycle(1, sc_core::SC_NS);
  return kCycle;
}
inline sc_core::sc_time cycles(std::int64_t count) { return cycle() * static_cast<double>(count); }
/// Cycles since the kernel started.
inline std::int64_t now() {
  return static_cast<std::int64_t>(sc_core::sc_time_stamp().value() / cycle().value());
}

inline memory::Access Program::access(schedule::StepId id, std::int64_t pixel,
                                      std::int64_t index) const {
  return in_setup ? memory::setup_access()
                  : memory::Access{access_step(id), now() - began, pixel, index};
}

/// A unit that carries out steps of one resource, in the order in which they are started.
class StepUnit : virtual public sc_core::sc_interface {
 public:
  virtual void start(schedule::StepId id) = 0;
};

/// The controller, as units see it.
class StepListener : virtual public sc_core::sc_interface {
 public:
  virtual void ended(schedule::StepId id) = 0;
};

}  // namespace lacuna::systemc
