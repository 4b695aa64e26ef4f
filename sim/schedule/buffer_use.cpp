#include "schedule/buffer_use.hpp"

#include <algorithm>
#include <map>

#include "schedule/accesses.hpp"
#include "schedule/live_cells.hpp"
#include "schedule/row_keys.hpp"

namespace lacuna::schedule {
namespace {

/// Who uses which cells of one memory.
class UsedCells {
  struct Held {
    std::int64_t key = 0;
    std::int64_t since = 0;     ///< cycle
    std::int64_t last_use = 0;  ///< cycle at which it ends
  };

  auto close() {
    return [this](std::int64_t begin, std::int64_t end, const Held& held) {
      changes_[held.since] += end - begin;
      changes_[held.last_use] -= end - begin;
    };
  }

 public:
  explicit UsedCells(const std::vector<measure::StepSpan>& times) : times_(times) {}

  /// In use from the beginning to the end.
  void keep(const Access& access) { changes_[0] += access.count; }

  /// What lies there with the same key is added to, all else replaced.
  void write(const Access& access, std::int64_t key) {
    const measure::StepSpan& time = times_[static_cast<std::size_t>(access.step)];
    const auto add = [&](Held& held) {
      if (held.key != key) return false;
      held.last_use = std::max(held.last_use, time.end);
      return true;
    };
    cells_.write(access.first, access.end(), {key, time.start, time.end}, add, close());
  }

  void use(const Access& access) {
    const std::int64_t until = times_[static_cast<std::size_t>(access.step)].end;
    cells_.visit(access.first, access.end(),
                 [&](Held& held) { held.last_use = std::max(held.last_use, until); });
  }

  std::vector<BufferLevel> levels() {
    cells_.finish(close());
    std::vector<BufferLevel> list{{0, 0}};
    std::int64_t used = 0;
    for (const auto& [cycle, change] : changes_) {
      used += change;
      if (cycle == 0) {
        list.back().used = used;
      } else if (used != list.back().used) {
        list.push_back({cycle, used});
      }
    }
    return list;
  }

 private:
  const std::vector<measure::StepSpan>& times_;
  LiveCells<Held> cells_;
  std::map<std::int64_t, std::int64_t> changes_;  ///< of the cells in use, by cycle
};

}  // namespace

BufferUse buffer_use(const Schedule& schedule, const network::Network& network,
                     const arch::AcceleratorSpec& spec,
                     const std::vector<measure::StepSpan>& times) {
  RowKeys keys(schedule, network, spec);
  const auto levels = [&](MemoryId memory) {
    UsedCells cells(times);
    for_each_access(schedule, network, spec, memory, [&](const Access& access) {
      if (access.step == kSetup) {
        cells.keep(access);
      } else if (access.kind == AccessKind::kWrite) {
        // Each fetch of a block is another stay, even where the block lay there before.
        cells.write(access,
                    memory == MemoryId::kActivationSram ? keys.key_of(access) : access.step);
      } else {
        cells.use(access);
      }
    });
    return cells.levels();
  };
  return {levels(MemoryId::kWeightSram), levels(MemoryId::kActivationSram),
          levels(MemoryId::kAccumulatorSram)};
}

}  // namespace lacuna::schedule
