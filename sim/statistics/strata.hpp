// Strata: a layer, a bit position or a bank has its own sample and its own claim; the total weighs
// them back by their sizes. And the rule that says when a stratum has enough. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "statistics/statistics.hpp"

namespace lacuna::statistics {

/// Part of the sites; `sampled` of them were struck, `hits` of these hit.
struct Stratum {
  std::int64_t sites = 0;    ///< N_h
  std::int64_t sampled = 0;  ///< n_h <= N_h
  std::int64_t hits = 0;     ///< <= n_h
  /// Drawn with replacement: n_h may be anything, and the size is a weight alone, without a
  /// correction for what is left.
  bool with_replacement = false;

  std::optional<std::int64_t> finite() const {
    return with_replacement ? std::nullopt : std::optional(sites);
  }
};

/// The proportion over all sites, W_h = N_h / N.
struct StratifiedProportion {
  /// sum W_h p_h over the strata that were sampled, their weights scaled to one. Empty if none was.
  std::optional<double> proportion;
  /// Of the proportion over all sites. Where a stratum was never sampled, anything is possible in
  /// it: the interval then spans from none to all of its sites.
  Interval interval;
  /// sqrt(sum W_h^2 (1 - n_h / N_h) p_h (1 - p_h) / (n_h - 1)), unbiased in its square (Cochran,
  /// "Sampling Techniques", 3rd ed., 1977, sections 5.4 and 5.10). Zero for strata without hits, so
  /// the interval does not rest on it. Empty where a stratum that is not exhausted has n_h < 2.
  std::optional<double> standard_error;
  double unsampled_weight = 0;  ///< sum W_h of the strata with n_h = 0
};

/// Weighted proportion with its score interval: the P that |p - P| <= z sqrt(V(P)) does not refute,
///   V(P) = sum W_h^2 P_h (1 - P_h) (N_h - n_h) / (n_h (N_h - 1)),
/// where the P_h are the most likely ones among those with sum W_h P_h = P. The variance is thus
/// the one at the bound, not at the estimate: a stratum with no or only hits still has a share in
/// it (one stratum gives exactly wilson_interval), and many strata without hits do not add up their
/// bounds (as Wilson intervals combined in quadrature do). An exhausted stratum has no variance;
/// all exhausted: no width. No site at all gives the interval [0, 1].
/// Strata of few faults understate their own spread: many strata of 20 faults each cover 0.945
/// instead of 0.95, of 10 0.94, of 5 0.92, of 2 0.82.
/// Source: Martin Andres, Herranz Tejedor, Alvarez Hernandez, "The optimal method to make
/// inferences about a linear combination of proportions", J. Statistical Computation and Simulation
/// 82(1), 2012 (method S0); the finite population enters as in wilson_interval.
StratifiedProportion stratified_proportion(const std::vector<Stratum>& strata, double confidence);

/// Until every stratum's Wilson interval is narrow enough.
struct StopRule {
  double half_width = 0.01;   ///< asked, in units of the proportion; in (0, 0.5)
  double confidence = 0.95;   ///< of each stratum's interval
  std::int64_t first = 100;   ///< faults before a stratum's interval is looked at
  std::int64_t n_max = 1000;  ///< faults a stratum at most, whatever its width
};

enum class StratumState : std::uint8_t {
  kMet,        ///< narrow enough, or exhausted
  kNeedsMore,  ///< `more` faults, then ask again
  kAtMaximum,  ///< too wide, and n_max faults are spent
};

struct StratumNeed {
  StratumState state = StratumState::kMet;
  std::int64_t more = 0;
  Interval interval;  ///< Wilson, finite population, from the faults so far
};

/// One answer a stratum. `more` brings it to rule.first, then to the size that would do if the
/// centre of its interval were what is seen (the centre lies nearer 0.5 than the estimate, so this
/// rarely falls short), never above n_max or the stratum's sites.
std::vector<StratumNeed> apply_stop_rule(const std::vector<Stratum>& strata, const StopRule& rule);

}  // namespace lacuna::statistics
