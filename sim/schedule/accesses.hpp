// Which cells of a memory each step reads and writes, in list order: the one source of what lies
// where and when. The judge has its own, so that a mistake in either shows.
#pragma once

#include <cstdint>
#include <vector>

#include "arch/spec.hpp"
#include "memory/memories.hpp"
#include "network/network.hpp"
#include "schedule/rows.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::schedule {

/// As a step: the load in set-up, before the first step of every batch.
inline constexpr StepId kSetup = -1;

using MemoryId = memory::MemoryId;

enum class AccessKind : std::uint8_t {
  kRead,
  kWrite,
  kUpdate,  ///< each cell is read and then written
};

/// What a step does to cells [first, first + count): words of the weight SRAM, slots of the
/// activation SRAM or its bitmap, entries of all accumulator lanes together.
struct Access {
  StepId step = kSetup;
  AccessKind kind = AccessKind::kRead;
  std::int64_t first = 0;
  std::int64_t count = 0;
  // Of the step:
  StepKind by{};
  std::int32_t layer = 0;
  std::int32_t block = -1;  ///< weight SRAM: what the cells hold, its first word in the first
  std::int32_t range = -1;  ///< accumulators: what the cells hold, a pixel an entry
  /// Activation SRAM and bitmap: the cells hold rows of one image of a map in this region. Only
  /// those of some channels are accessed; the region's others, which lie between, are left alone.
  std::int32_t region = -1;
  ImageRows rows;
  network::ChannelSlice channels;
  /// Rows of the step's outputs that those rows are read for, through windows or samples.
  ImageRows outputs;

  std::int64_t end() const { return first + count; }
};

/// The accesses of single steps to one memory: of the weight, activation or accumulator SRAM or the
/// bitmap. The schedule must be valid (see verify_schedule.hpp). Keeps references to all three.
class StepAccesses {
 public:
  StepAccesses(const Schedule& schedule, const network::Network& network,
               const arch::AcceleratorSpec& spec, MemoryId memory)
      : schedule_(schedule), network_(network), spec_(spec), memory_(memory) {}

  /// What the step reads, then what it writes. Rows from the first to the last under its windows
  /// count as read, also those that a stride or a pass of other positions skips. Valid until the
  /// next call.
  const std::vector<Access>& of(const Step& step, StepId id);

 private:
  void weights(const Step& step);
  void activations(const Step& step);
  void drop_blind_reads(const Step& step);
  void accumulators(const Step& step);
  void post(const Step& step);
  void add_rows(AccessKind kind, std::int32_t region, const std::vector<ImageRows>& rows,
                const network::ChannelSlice& channels);
  void add_windows(const std::vector<ImageRows>& outputs, const network::ChannelSlice& channels);
  void add(AccessKind kind, std::int64_t first, std::int64_t count);
  const Block& block(const Step& step) const {
    return schedule_.blocks[static_cast<std::size_t>(step.block)];
  }
  const network::Layer& layer(const Step& step) const {
    return network_.layers[static_cast<std::size_t>(step.layer)];
  }
  const Region& region(std::int32_t index) const {
    return schedule_.regions[static_cast<std::size_t>(index)];
  }
  std::vector<ImageRows> range_rows(const Step& step) const;

  const Schedule& schedule_;
  const network::Network& network_;
  const arch::AcceleratorSpec& spec_;
  MemoryId memory_;
  const Step* step_ = nullptr;  ///< the one that is asked for
  StepId id_ = kSetup;
  std::vector<Access> list_;
};

/// visit(access) for each access to a memory: of the set-up, then of the steps of a batch.
template <class Visit>
void for_each_access(const Schedule& schedule, const network::Network& network,
                     const arch::AcceleratorSpec& spec, MemoryId memory, Visit visit) {
  StepAccesses accesses(schedule, network, spec, memory);
  for (const Step& step : schedule.setup) {
    for (const Access& access : accesses.of(step, kSetup)) visit(access);
  }
  StepId id = 0;
  for (const Step& step : schedule.steps) {
    for (const Access& access : accesses.of(step, id)) visit(access);
    ++id;
  }
}

}  // namespace lacuna::schedule
