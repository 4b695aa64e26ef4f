// Random jobs with faults: what the engines, and the shortcuts, are compared on.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "run/simulate.hpp"
#include "unit/mapping/random_case.hpp"

namespace lacuna::test {

struct FaultCase {
  mapping::testing::RandomCase random;
  run::Job job;
};

/// Three of five seeds have a weight SRAM that the network does not fit into. Up to 16 faults,
/// mostly in words that the schedule uses; several batches of several images end with a smaller
/// one. nullopt where the random network cannot be mapped.
std::optional<FaultCase> make_fault_case(std::uint32_t seed, std::int64_t batches, bool faults);

/// A workload of three layers, each a part of its own. Throws base::InputError where one cannot be
/// mapped.
run::Job make_workload_case(std::uint32_t seed);

/// Adds some faults of one memory, of any kind and time, mostly in cells that the schedule uses;
/// how many of them are upsets at a cycle.
int add_memory_faults(run::Job& job, memory::MemoryId id, std::uint32_t seed);

/// The faults of one strike: bits of one word, or cells side by side, in one memory at one cycle of
/// one batch, mostly in cells that the schedule uses.
std::vector<fault::Fault> draw_strike(const run::Job& job, memory::MemoryId id, std::uint32_t seed);

/// What differs, and the faults that are needed for it: some are left out as long as anything does.
std::string fewest_faults(run::Job job, std::string (*differ)(const run::Job&));

/// What random cases of faults in a memory have had.
struct MemoryCoverage {
  int run = 0;
  int fired = 0;
  int overwritten = 0;
  int changed = 0;  ///< outputs or cycles
  int by_cycle = 0;
  int refetching = 0;
  int structured = 0;
  std::set<arch::ZeroSkipping> policies;

  void count(const run::Job& job, const run::Measurement& measured, int upsets_by_cycle);
  /// That there was enough of each.
  void expect_floors(memory::MemoryId memory) const;
};

bool has_groups_or_halo(const network::Network& network);

/// Which of two runs' figures differs first, or "".
std::string difference(const run::Measurement& a, const run::Measurement& b);

}  // namespace lacuna::test
