// How many cases a seeded random test takes, and how long an error may take.
#pragma once

#include <cstdint>
#include <cstdlib>

namespace lacuna::test {

/// `whole` with LACUNA_FULL in the environment, else `share`; with LACUNA_LIGHT `light`, for runs
/// under the sanitizers, which look for bad memory and not for rare mismatches.
inline std::uint32_t case_count(std::uint32_t whole, std::uint32_t share, std::uint32_t light) {
  if (std::getenv("LACUNA_FULL") != nullptr) return whole;
  return std::getenv("LACUNA_LIGHT") != nullptr ? light : share;
}
inline std::uint32_t case_count(std::uint32_t whole, std::uint32_t share) {
  return case_count(whole, share, share / 5);
}

/// Seconds of a core in which a file that a mail could carry is read or refused, whatever is in it.
/// The sanitizers take many times as long, and look for something else.
#ifdef LACUNA_SANITIZED
inline constexpr double kMostErrorSeconds = 20;
#else
inline constexpr double kMostErrorSeconds = 1;
#endif

}  // namespace lacuna::test
