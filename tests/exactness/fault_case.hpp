// Random jobs with faults: what the engines, and the shortcuts, are compared on.
#pragma once

#include <cstdint>
#include <optional>

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

/// Which of two runs' figures differs first, or "".
std::string difference(const run::Measurement& a, const run::Measurement& b);

}  // namespace lacuna::test
