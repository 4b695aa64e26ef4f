// The judge's book of passes: what is in the PE registers, which passes of a tile a range has seen,
// and who owns the accumulator entries.
#pragma once

#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

#include "arch/spec.hpp"
#include "judge/clocks.hpp"
#include "judge/tiling.hpp"
#include "judge/violations.hpp"
#include "network/network.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::judge {

class PassBook {
 public:
  PassBook(const schedule::Schedule& schedule, const network::Network& network,
           const arch::AcceleratorSpec& spec, const Tiling& tiling, const EndClocks& clocks,
           Violations& violations);

  // Steps of these kinds, in list order.
  void load_pe(schedule::StepId id);
  void stream(schedule::StepId id);
  void post(schedule::StepId id);
  /// After the last step: every block has streamed the whole batch, every tile has been posted.
  void finish();

 private:
  struct RegisterSet {
    std::int32_t block = -1;
    schedule::StepId load = schedule::kNoStep;
    schedule::StepId last_stream = schedule::kNoStep;
  };
  /// A channel tile of a range on its way through the accumulators.
  struct TileRange {
    std::int32_t tile = 0;
    std::int64_t address = 0;
    std::int32_t passes = 0;
    schedule::StepId last_stream = schedule::kNoStep;
    schedule::StepId post = schedule::kNoStep;
  };
  struct Owner {
    std::int64_t end = 0;
    std::int64_t tile_range = 0;
  };
  struct Streamed {
    std::int32_t range = 0;
    schedule::StepId step = schedule::kNoStep;
  };

  const schedule::Step& step(schedule::StepId id) const {
    return schedule_.steps[static_cast<std::size_t>(id)];
  }
  std::string name(schedule::StepId id) const { return step_name(schedule_, network_, id); }
  std::int64_t pixels(std::int32_t range) const;
  std::int64_t tile_range_key(const schedule::Step& step) const;
  void check_registers(schedule::StepId id);
  void check_layer_order(schedule::StepId id);
  void take_entries(schedule::StepId id, std::int64_t key);
  bool fits(schedule::StepId id, std::int64_t count);
  void finish_block(std::size_t block);

  const schedule::Schedule& schedule_;
  const network::Network& network_;
  const arch::AcceleratorSpec& spec_;
  const Tiling& tiling_;
  const EndClocks& clocks_;
  Violations& violations_;
  std::vector<RegisterSet> sets_;
  std::unordered_map<std::int64_t, TileRange> tile_ranges_;
  std::map<std::int64_t, Owner> owners_;         ///< accumulator entries, by first one
  std::vector<std::vector<Streamed>> streamed_;  ///< by block
  std::vector<bool> layer_seen_;
  std::int32_t layer_ = -1;  ///< that the array works on
};

}  // namespace lacuna::judge
