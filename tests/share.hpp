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

/// Damaged files a reader: LACUNA_FUZZ_COUNT of the environment, else 3,000, with LACUNA_FULL
/// 100,000.
inline unsigned fuzz_count() {
  if (const char* text = std::getenv("LACUNA_FUZZ_COUNT")) {
    return static_cast<unsigned>(std::strtoul(text, nullptr, 10));
  }
  return std::getenv("LACUNA_FULL") != nullptr ? 100'000 : 3'000;
}
/// Of fewer cases than this nothing is asked of the shares of their kinds: a chance would decide.
inline constexpr unsigned kEnoughForShares = 300;

/// Seconds of a core in which a file that a mail could carry is read or refused, whatever is in it.
/// The sanitizers take many times as long, and look for something else.
#ifdef LACUNA_SANITIZED
inline constexpr double kMostErrorSeconds = 20;
#else
inline constexpr double kMostErrorSeconds = 1;
#endif

}  // namespace lacuna::test
