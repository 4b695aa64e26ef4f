#include "campaign/strata.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "campaign/proportion.hpp"

namespace lacuna::campaign {
namespace {

constexpr const char* kModule = "campaign strata";

void check(const Stratum& stratum) {
  SIM_CHECK(stratum.hits >= 0 && stratum.hits <= stratum.sampled &&
                stratum.sampled <= stratum.sites,
            kModule, -1, "stratum needs 0 <= hits <= sampled <= sites");
}

double as_double(std::int64_t value) { return static_cast<double>(value); }

double proportion_of(const Stratum& stratum) {
  return as_double(stratum.hits) / as_double(stratum.sampled);
}

/// A sampled stratum that is not exhausted.
struct Term {
  double weight = 0;  ///< W_h
  double faults = 0;  ///< n_h (N_h - 1) / (N_h - n_h): what an unbounded population would need
  double share = 0;   ///< p_h
};

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
  const double solution = 2 * term.faults * kept / (sum + root);
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
  need.interval = wilson_interval(stratum.hits, stratum.sampled, rule.confidence, stratum.sites);
  const std::int64_t limit = std::min(stratum.sites, rule.n_max);
  const std::int64_t first = std::min(rule.first, limit);
  if (stratum.sampled < first) {
    need.state = StratumState::kNeedsMore;
    need.more = first - stratum.sampled;
    return need;
  }
  const bool exhausted = stratum.sampled == stratum.sites;
  if (exhausted || need.interval.half_width() <= rule.half_width) return need;
  if (stratum.sampled >= limit) {
    need.state = StratumState::kAtMaximum;
    return need;
  }
  const double centre = (need.interval.lower + need.interval.upper) / 2;
  const std::int64_t enough =
      wilson_sample_size(centre, rule.half_width, rule.confidence, stratum.sites);
  need.state = StratumState::kNeedsMore;
  need.more = std::clamp<std::int64_t>(enough - stratum.sampled, 1, limit - stratum.sampled);
  return need;
}

}  // namespace

StratifiedProportion stratified_proportion(const std::vector<Stratum>& strata, double confidence) {
  const double z = normal_critical_value(confidence);
  std::int64_t sites = 0;
  std::int64_t sampled_sites = 0;
  for (const Stratum& stratum : strata) {
    check(stratum);
    sites += stratum.sites;
    if (stratum.sampled > 0) sampled_sites += stratum.sites;
  }
  StratifiedProportion result;
  if (sampled_sites == 0) {
    result.interval = {0, 1};
    result.unsampled_weight = sites > 0 ? 1 : 0;
    return result;
  }
  std::vector<Term> terms;
  double estimate = 0;
  double variance = 0;
  bool has_variance = true;
  std::int64_t known_hits = 0;
  std::int64_t unknown = 0;
  for (const Stratum& stratum : strata) {
    known_hits += stratum.hits;
    unknown += stratum.sites - stratum.sampled;
    if (stratum.sampled == 0) continue;
    const double weight = as_double(stratum.sites) / as_double(sampled_sites);
    const double share = proportion_of(stratum);
    estimate += weight * share;
    if (stratum.sampled == stratum.sites) continue;
    const auto n = as_double(stratum.sampled);
    const double left = as_double(stratum.sites - stratum.sampled);
    terms.push_back({weight, n * as_double(stratum.sites - 1) / left, share});
    if (stratum.sampled < 2) {
      has_variance = false;
    } else {
      variance += weight * weight * left / as_double(stratum.sites) * share * (1 - share) / (n - 1);
    }
  }
  result.proportion = estimate;
  if (has_variance) result.standard_error = std::sqrt(variance);
  result.interval = {estimate, estimate};
  if (!terms.empty()) {
    result.interval.lower += score_bound_shift(terms, z, -1);
    result.interval.upper += score_bound_shift(terms, z, +1);
  }
  const double covered = as_double(sampled_sites) / as_double(sites);
  result.unsampled_weight = as_double(sites - sampled_sites) / as_double(sites);
  result.interval.lower =
      std::max(result.interval.lower * covered, as_double(known_hits) / as_double(sites));
  result.interval.upper = std::min(result.interval.upper * covered + result.unsampled_weight,
                                   as_double(known_hits + unknown) / as_double(sites));
  return result;
}

std::vector<StratumNeed> apply_stop_rule(const std::vector<Stratum>& strata, const StopRule& rule) {
  SIM_CHECK(rule.half_width > 0 && rule.half_width < 0.5, kModule, -1,
            "half-width outside (0, 0.5)");
  SIM_CHECK(rule.first >= 1 && rule.n_max >= 1, kModule, -1, "stop rule that never looks");
  std::vector<StratumNeed> needs;
  needs.reserve(strata.size());
  for (const Stratum& stratum : strata) needs.push_back(need_of(stratum, rule));
  return needs;
}

}  // namespace lacuna::campaign
