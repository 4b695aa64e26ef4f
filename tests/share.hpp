// How many cases a seeded random test takes.
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

}  // namespace lacuna::test
