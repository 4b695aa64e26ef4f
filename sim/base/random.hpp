// Counter-based random numbers: a value is a pure function of (seed, stream, index), so no result
// depends on how many workers drew, or in which order.
// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11
// (Philox4x32-10).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace lacuna::base {

/// The Philox4x32-10 block function, as published.
std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key);

/// What a stream of draws is for. Each use has its own, so that no two uses share numbers.
enum class RandomStream : std::uint32_t {
  kWeightFaultMap = 1,
  kSyntheticWeights = 2,
  kSyntheticActivations = 3,
  kBackPressure = 4,
  kStepStall = 5,
  kActivationFaultMap = 6,
  kBitmapFaultMap = 7,
  kAccumulatorFaultMap = 8,
  kAudit = 9,
  kSiteOrder = 10,
  kRandomImages = 11,
  kPeWeightFaultMap = 12,
  kPeAccumulatorFaultMap = 13,
  kPsumFifoFaultMap = 14,
  kLookupTableFaultMap = 15,
  kReadDisturb = 16,
  kStrike = 17,
};

/// 64 random bits for (seed, stream, index).
std::uint64_t random_bits(std::uint64_t seed, RandomStream stream, std::uint64_t index);

/// random_bits of [first, first + kRandomRun), in less time than one after the other.
inline constexpr std::size_t kRandomRun = 16;
using RandomRun = std::array<std::uint64_t, kRandomRun>;
RandomRun random_run(std::uint64_t seed, RandomStream stream, std::uint64_t first);

/// Uniform in [0, 1) with 53 bits.
double random_uniform(std::uint64_t seed, RandomStream stream, std::uint64_t index);

/// Appends to `found` the indices of [first, first + count) whose random_uniform is below `limit`,
/// in order. Some 2.5 times as fast as asking one after the other, where few are below.
void append_below(double limit, std::uint64_t seed, RandomStream stream, std::uint64_t first,
                  std::uint64_t count, std::vector<std::uint64_t>& found);

}  // namespace lacuna::base
