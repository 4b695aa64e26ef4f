// The judge's book of maps: which rows lie in the activation SRAM, and which in DRAM.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
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

  /// A step of `resource` reads or writes channels of rows of a map in region `index`.
  void read_rows(schedule::StepId id, std::int32_t index, const schedule::MapView& view,
                 const std::vector<schedule::ImageRows>& rows,
                 const network::ChannelSlice& channels, schedule::Resource resource);
  void write_rows(schedule::StepId id, std::int32_t index, const schedule::MapView& view,
                  const std::vector<schedule::ImageRows>& rows,
                  const network::ChannelSlice& channels, schedule::Resource resource);
  /// A step moves rows between DRAM and a region: into it when `load`.
  void transfer(schedule::StepId id, bool load);

  /// After the last step: the network's output maps lie in DRAM.
  void finish();

 private:
  /// What a key of the activation SRAM's contents stands for: a map, or a slice of one, that lies
  /// densely. The first keys are the maps.
  struct Dense {
    std::int32_t map = 0;
    network::ChannelSlice channels;
    std::int64_t row_slots = 0;
  };
  /// Accesses to the rows' slots in the region, with the share that the channels are of it;
  /// nothing, and a violation, when the region is not fit for them.
  struct Access {
    std::vector<schedule::CellRun> runs;
    Share share;
  };
  std::optional<Access> find_slots(schedule::StepId id, std::int32_t index,
                                   const schedule::MapView& view,
                                   const std::vector<schedule::ImageRows>& rows,
                                   const network::ChannelSlice& channels);
  std::int64_t key_of(const schedule::Region& region, const schedule::MapView& view);
  std::string slot_data_name(std::int64_t key, std::int64_t value) const;
  std::string rows_name(const std::vector<schedule::ImageRows>& rows,
                        const schedule::MapView& view) const;
  /// A slice of a map in DRAM, in rows counted through all images.
  Contents& dram_copy(const schedule::MapView& view, const network::ChannelSlice& slice);
  std::string name(schedule::StepId id) const { return step_name(schedule_, network_, id); }
  std::function<std::string(schedule::StepId)> step_namer() const;

  const schedule::Schedule& schedule_;
  const network::Network& network_;
  const EndClocks& clocks_;
  Violations& violations_;
  const arch::AcceleratorSpec& spec_;
  arch::Limit slot_limit_;
  std::vector<Dense> dense_;  ///< by key
  /// [map]: what its writers write of it.
  std::vector<std::vector<network::ChannelSlice>> slices_;
  Contents slots_;
  std::map<std::pair<std::int32_t, std::int64_t>, Contents> dram_;  ///< by map and first channel
};

}  // namespace lacuna::judge
