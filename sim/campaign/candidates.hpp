// Which strikes on a memory can be seen at all: those on cells that still have a reader at that
// time, by the fault-free step times of each batch. All others are masked for certain.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "campaign/sites.hpp"
#include "campaign/strikes.hpp"
#include "run/phases.hpp"
#include "schedule/use_map.hpp"

namespace lacuna::campaign {

class Candidates {
 public:
  /// For the sites of a table, which are single cells. All references outlive this.
  Candidates(const run::Job& job, const std::vector<run::BatchTimes>& batches,
             const SiteTable& table);

  /// [kind of cell] at how many of the times its cells are candidates; exact.
  std::vector<std::int64_t> cycles(const StrikeTimes& times) const;
  /// Cells x cycles of a stratum's sites, of cycles().
  std::int64_t count(std::size_t stratum, const std::vector<std::int64_t>& cycles) const;
  /// The stratum's sites that are candidates at any time, ascending.
  const std::vector<std::uint32_t>& sites(std::size_t stratum) const { return sites_[stratum]; }
  bool has(std::uint32_t site, const StrikeTime& time) const {
    return held(site, time).has_value();
  }
  /// Whose weights, map or sums can still be read there, as schedule::UseSpan::layer.
  std::optional<std::int32_t> held(std::uint32_t site, const StrikeTime& time) const;

 private:
  /// Of the schedule of full batches, or of the remainder.
  struct Use {
    const schedule::Schedule* schedule;
    schedule::UseMap map;
  };
  /// Where all lanes with the same spans in both schedules lie.
  struct Kind {
    std::vector<std::size_t> classes;  ///< [use]
    std::vector<std::int64_t> cells;   ///< [stratum]
  };

  const Use& use_of(std::size_t batch, std::size_t* number) const;
  std::size_t lane_class(const Use& use, std::uint32_t site) const;

  const std::vector<run::BatchTimes>& batches_;
  const SiteTable& table_;
  std::vector<Use> uses_;
  std::vector<Kind> kinds_;
  std::vector<std::vector<std::uint32_t>> sites_;  ///< [stratum]
};

}  // namespace lacuna::campaign
