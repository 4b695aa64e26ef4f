// Fractions of integers: exact where a floating-point number rounds.
#pragma once

#include <cstdint>
#include <numeric>

#include "base/units.hpp"

namespace lacuna::base {

/// A positive number in lowest terms. Its parts are small enough for their product to fit 63 bits.
class Ratio {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor)
  constexpr Ratio(std::int64_t whole) : over_(whole) {}
  constexpr Ratio(std::int64_t over, std::int64_t under)
      : over_(over / std::gcd(over, under)), under_(under / std::gcd(over, under)) {}

  constexpr std::int64_t over() const { return over_; }
  constexpr std::int64_t under() const { return under_; }
  /// The nearest double, for people.
  constexpr double real() const { return static_cast<double>(over_) / static_cast<double>(under_); }

  friend constexpr bool operator==(const Ratio& a, const Ratio& b) {
    return a.over_ == b.over_ && a.under_ == b.under_;
  }
  friend constexpr bool operator!=(const Ratio& a, const Ratio& b) { return !(a == b); }
  friend constexpr bool operator<(const Ratio& a, const Ratio& b) {
    return a.over_ * b.under_ < b.over_ * a.under_;
  }

 private:
  std::int64_t over_;
  std::int64_t under_ = 1;
};

/// Smallest integer not below a / b, for a >= 0, where that fits: no product in it is larger than
/// the result or those of b's parts.
constexpr std::int64_t ceil_div(std::int64_t a, const Ratio& b) {
  return a / b.over() * b.under() + ceil_div(a % b.over() * b.under(), b.over());
}

}  // namespace lacuna::base
