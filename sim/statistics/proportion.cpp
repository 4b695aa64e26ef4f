#include "statistics/proportion.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace lacuna::statistics {
namespace {

constexpr const char* kProportionModule = "campaign proportion";

void check_sample(std::int64_t hits, std::int64_t n, std::optional<std::int64_t> population) {
  SIM_CHECK(hits >= 0 && hits <= n, kProportionModule, -1, "more hits than faults");
  SIM_CHECK(!population || n <= *population, kProportionModule, -1, "more faults than sites");
}

/// Smallest integer not below `value`, which may be above it by rounding.
std::int64_t round_up(double value) {
  constexpr double kRounding = 1e-12;  // relative; a hundred times what the formulas here lose
  return static_cast<std::int64_t>(std::ceil(value * (1 - kRounding)));
}

}  // namespace

std::int64_t fault_sample_size(std::int64_t population, double margin, double critical_value,
                               double proportion) {
  SIM_CHECK(population >= 0 && margin > 0 && critical_value > 0, kProportionModule, -1,
            "sample size of a negative count");
  SIM_CHECK(proportion > 0 && proportion < 1, kProportionModule, -1, "proportion outside (0, 1)");
  if (population == 0) return 0;
  const auto sites = static_cast<double>(population);
  const double variance = critical_value * critical_value * proportion * (1 - proportion);
  return std::min(population, round_up(sites / (1 + margin * margin * (sites - 1) / variance)));
}

Interval wilson_interval(std::int64_t hits, std::int64_t n, double confidence,
                         std::optional<std::int64_t> population) {
  check_sample(hits, n, population);
  const double z = normal_critical_value(confidence);
  if (n == 0) return {0, 1};
  const auto faults = static_cast<double>(n);
  const double p = static_cast<double>(hits) / faults;
  if (population == n) return {p, p};
  double a = z * z / faults;
  if (population) a *= static_cast<double>(*population - n) / static_cast<double>(*population - 1);
  const double centre = (p + a / 2) / (1 + a);
  const double half = std::sqrt(a * p * (1 - p) + a * a / 4) / (1 + a);
  Interval interval{hits == 0 ? 0 : centre - half, hits == n ? 1 : centre + half};
  if (population) {
    const auto sites = static_cast<double>(*population);
    interval.lower = std::max(interval.lower, static_cast<double>(hits) / sites);
    interval.upper = std::min(interval.upper, static_cast<double>(*population - n + hits) / sites);
  }
  return interval;
}

std::int64_t wilson_sample_size(double proportion, double half_width, double confidence,
                                std::optional<std::int64_t> population) {
  SIM_CHECK(proportion >= 0 && proportion <= 1, kProportionModule, -1, "proportion outside [0, 1]");
  SIM_CHECK(half_width > 0, kProportionModule, -1, "half-width not positive");
  const double z = normal_critical_value(confidence);
  if (half_width >= 0.5) return 0;
  const double spread = proportion * (1 - proportion);
  const double e2 = half_width * half_width;
  // (1/4 - e^2) a^2 + (spread - 2 e^2) a - e^2 = 0; the discriminant is a sum of squares.
  const double root = std::sqrt(spread * spread + e2 * (1 - 4 * spread));
  const double a = (root - (spread - 2 * e2)) / (2 * (0.25 - e2));
  if (!population) return round_up(z * z / a);
  const auto sites = static_cast<double>(*population);
  return std::min(*population, round_up(z * z * sites / (a * (sites - 1) + z * z)));
}

std::optional<Interval> rule_of_three(std::int64_t hits, std::int64_t n) {
  check_sample(hits, n, std::nullopt);
  if (n == 0) return Interval{0, 1};
  const double bound = std::min(1.0, 3.0 / static_cast<double>(n));
  if (hits == 0) return Interval{0, bound};
  if (hits == n) return Interval{1 - bound, 1};
  return std::nullopt;
}

}  // namespace lacuna::statistics
