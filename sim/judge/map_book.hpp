// The judge's book of maps: which rows lie in the activation SRAM, and which in DRAM.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "arch/spec.hpp"
#include "judge/clocks.hpp"
#include "judge/contents.hpp"
#include "judge/violations.hpp"
#include "network/network.hpp"
#include "schedule/rows.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::judge {

class MapBook {
 public:
  /// A violation where the schedule declares more slots than the memory has.
  MapBook(const schedule::Schedule& schedule, const network::Network& network,
          const arch::AcceleratorSpec& spec, const EndClocks& clocks, Violations& violations);
  MapBook(const MapBook&) = delete;
  MapBook& operator=(const MapBook&) = delete;

  /// A step of `resource` reads or writes rows of a map in region `index`. Of a write, `share` is
  /// the part of every row.
  void read_rows(schedule::StepId id, std::int32_t index, const schedule::MapView& view,
                 const std::vector<schedule::ImageRows>& rows, schedule::Resource resource);
  void write_rows(schedule::StepId id, std::int32_t index, const schedule::MapView& view,
                  const std::vector<schedule::ImageRows>& rows, const Share& share,
                  schedule::Resource resource);
  /// A step moves rows between DRAM and a region: into it when `load`.
  void transfer(schedule::StepId id, bool load);

  /// After the last step: the network's output maps lie in DRAM.
  void finish();

 private:
  /// The rows' slots in the region; nothing, and a violation, when the region is not fit for them.
  std::optional<std::vector<schedule::CellRun>> find_slots(
      schedule::StepId id, std::int32_t index, const schedule::MapView& view,
      const std::vector<schedule::ImageRows>& rows);
  std::string rows_name(const std::vector<schedule::ImageRows>& rows,
                        const schedule::MapView& view) const;
  /// A map in DRAM, in rows counted through all images.
  Contents& dram_copy(const schedule::MapView& view);
  std::string name(schedule::StepId id) const { return step_name(schedule_, network_, id); }
  std::function<std::string(schedule::StepId)> step_namer() const;

  const schedule::Schedule& schedule_;
  const network::Network& network_;
  const EndClocks& clocks_;
  Violations& violations_;
  arch::Limit slot_limit_;
  Contents slots_;
  std::unordered_map<std::int32_t, Contents> dram_;  ///< by map
};

}  // namespace lacuna::judge
