#include "statistics/strata.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "statistics/proportion.hpp"

namespace lacuna::statistics {
namespace {

constexpr const char* kStrataModule = "campaign strata";

void check(const Stratum& stratum) {
  SIM_CHECK(stratum.hits >= 0 && stratum.hits <= stratum.sampled &&
                (stratum.with_replacement ? stratum.sites > 0 || stratum.sampled == 0
                                          : stratum.sampled <= stratum.sites),
            kStrataModule, -1, "stratum needs 0 <= hits <= sampled <= sites");
}

double as_double(std::int64_t value) { return static_cast<double>(value); }

struct Totals {
  std::int64_t sites = 0;
  std::int64_t sampled_sites = 0;  ///< of the strata with a sample
  std::int64_t hits = 0;           ///< sites of which it is known
  std::int64_t unknown = 0;        ///< sites not struck
};

Totals add_up(const std::vector<Stratum>& strata) {
  Totals totals;
  for (const Stratum& stratum : strata) {
    check(stratum);
    totals.sites += stratum.sites;
    if (stratum.sampled > 0) totals.sampled_sites += stratum.sites;
    // What was seen of a stratum with replacement is known of none of its sites.
    totals.hits += stratum.with_replacement ? 0 : stratum.hits;
    totals.unknown += stratum.sites - (stratum.with_replacement ? 0 : stratum.sampled);
  }
  return totals;
}

/// A sampled stratum that is not exhausted.
struct Term {
  double weight = 0;  ///< W_h
  double faults = 0;  ///< n_h (N_h - 1) / (N_h - n_h): as many, with replacement, say as much
  double share = 0;   ///< p_h
};

struct Terms {
  std::vector<Term> open;
  double estimate = 0;                  ///< sum W_h p_h, exhausted strata included
  std::optional<double> variance = 0.;  ///< Cochran's estimate; empty when one n_h is 1
};

/// `sampled_sites` is what the weights are relative to.
Terms terms_of(const std::vector<Stratum>& strata, double sampled_sites) {
  Terms terms;
  for (const Stratum& stratum : strata) {
    if (stratum.sampled == 0) continue;
    const double sites = as_double(stratum.sites);
    const double n = as_double(stratum.sampled);
    const double weight = sites / sampled_sites;
    const double share = as_double(stratum.hits) / n;
    terms.estimate += weight * share;
    const double left = stratum.with_replacement ? sites : sites - n;
    if (left == 0) continue;
    terms.open.push_back({weight, stratum.with_replacement ? n : n * (sites - 1) / left, share});
    if (stratum.sampled < 2) terms.variance.reset();
    if (!terms.variance) continue;
    *terms.variance += weight * weight * (left / sites) * share * (1 - share) / (n - 1);
  }
  return terms;
}

/// P_h that maximises n (p ln P + (1 - p) ln (1 - P)) - lambda W P: the root in [0, 1] of
///   mu P^2 - (n + mu) P + n p = 0,  mu = lambda W
/// written without cancellation; a negative mu is the positive one of the other outcome.
double tilted_share(const Term& term, double lambda) {
  const double mu = std::abs(lambda) * term.weight;
  const double kept = lambda >= 0 ? term.share : 1 - term.share;
  const double sum = term.faults + mu;
  const double gap = term.faults - mu;
  // (n + mu)^2 - 4 mu n kept
  const double root = std::sqrt(gap * gap + 4 * mu * term.faults * (1 - kept));
  // Rounded above 1 it would be a share below 0 and a negative variance, which all refutes.
  const double solution = std::min(1.0, 2 * term.faults * kept / (sum + root));
  return lambda >= 0 ? solution : 1 - solution;
}

/// The most likely shares at the multiplier lambda; their P falls as lambda grows.
struct Constrained {
  double shift = 0;     ///< P - p
  double variance = 0;  ///< V(P)
};

Constrained constrain(const std::vector<Term>& terms, double lambda) {
  Constrained result;
  for (const Term& term : terms) {
    const double share = tilted_share(term, lambda);
    result.shift += term.weight * (share - term.share);
    result.variance += term.weight * term.weight * share * (1 - share) / term.faults;
  }
  return result;
}

/// Distance from the estimate to the bound that lies towards sign(P - p) = `direction`.
double score_bound_shift(const std::vector<Term>& terms, double z, double direction) {
  double scale = 0;
  for (const Term& term : terms) scale = std::max(scale, term.faults / term.weight);
  const auto at = [&](double position) {
    return constrain(terms, -direction * scale * position / (1 - position));
  };
  // position 0 is the estimate, which nothing refutes; at 1 every share is 0 or 1.
  double inside = 0;
  double outside = 1;
  while (true) {
    const double middle = inside + (outside - inside) / 2;
    if (middle == inside || middle == outside) break;
    const Constrained found = at(middle);
    const bool refuted = found.shift * found.shift > z * z * found.variance;
    (refuted ? outside : inside) = middle;
  }
  return at(inside).shift;
}

StratumNeed need_of(const Stratum& stratum, const StopRule& rule) {
  check(stratum);
  StratumNeed need;
  need.interval = wilson_interval(stratum.hits, stratum.sampled, rule.confidence, stratum.finite());
  const std::int64_t limit = std::min(stratum.finite().value_or(rule.n_max), rule.n_max);
  const std::int64_t first = std::min(rule.first, limit);
  if (stratum.sampled < first) {
    need.state = StratumState::kNeedsMore;
    need.more = first - stratum.sampled;
    return need;
  }
  const bool exhausted = stratum.sampled == stratum.finite();
  if (exhausted || need.interval.half_width() <= rule.half_width) return need;
  if (stratum.sampled >= limit) {
    need.state = StratumState::kAtMaximum;
    return need;
  }
  const double centre = (need.interval.lower + need.interval.upper) / 2;
  const std::int64_t enough =
      wilson_sample_size(centre, rule.half_width, rule.confidence, stratum.finite());
  need.state = StratumState::kNeedsMore;
  need.more = std::clamp<std::int64_t>(enough - stratum.sampled, 1, limit - stratum.sampled);
  return need;
}

}  // namespace

StratifiedProportion stratified_proportion(const std::vector<Stratum>& strata, double confidence) {
  const double z = normal_critical_value(confidence);
  const Totals totals = add_up(strata);
  StratifiedProportion result;
  if (totals.sampled_sites == 0) {
    result.interval = {0, 1};
    result.unsampled_weight = totals.sites > 0 ? 1 : 0;
    return result;
  }
  const double sites = as_double(totals.sites);
  const double known = as_double(totals.hits) / sites;
  if (totals.unknown == 0) {
    result.proportion = known;
    result.interval = {known, known};
    result.standard_error = 0;
    return result;
  }
  const Terms terms = terms_of(strata, as_double(totals.sampled_sites));
  result.proportion = terms.estimate;
  if (terms.variance) result.standard_error = std::sqrt(*terms.variance);
  result.unsampled_weight = as_double(totals.sites - totals.sampled_sites) / sites;
  const double covered = 1 - result.unsampled_weight;
  const double lower = terms.estimate + score_bound_shift(terms.open, z, -1);
  const double upper = terms.estimate + score_bound_shift(terms.open, z, +1);
  // Both limits of the possible meet the estimate where all open strata have the same outcome; the
  // outer min and max only take rounding away.
  const double possible = as_double(totals.hits + totals.unknown) / sites;
  result.interval.lower = std::min(std::max(lower * covered, known), terms.estimate);
  result.interval.upper =
      std::max(std::min(upper * covered + result.unsampled_weight, possible), terms.estimate);
  return result;
}

std::vector<StratumNeed> apply_stop_rule(const std::vector<Stratum>& strata, const StopRule& rule) {
  SIM_CHECK(rule.half_width > 0 && rule.half_width < 0.5, kStrataModule, -1,
            "half-width outside (0, 0.5)");
  SIM_CHECK(rule.first >= 1 && rule.n_max >= 1, kStrataModule, -1, "stop rule that never looks");
  std::vector<StratumNeed> needs;
  needs.reserve(strata.size());
  for (const Stratum& stratum : strata) needs.push_back(need_of(stratum, rule));
  return needs;
}

}  // namespace lacuna::statistics
