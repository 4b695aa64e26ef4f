// Proportions of faults: how many of the N sites of a memory, had each been struck once, would have
// changed the outcome. Sampled without replacement, so the correction for a finite population
// applies. Pure functions; counts are of faults, never of faults x images.
#pragma once

#include <cstdint>
#include <optional>

#include "statistics/statistics.hpp"

namespace lacuna::statistics {

/// Faults to inject so that a proportion near `proportion` is known to +- `margin`:
///   n = N / (1 + e^2 (N - 1) / (t^2 p (1 - p))), rounded up
/// which is how the published 16,051 of N = 493,648, t = 2.576, e = 0.01 comes about (16,050.1).
/// `critical_value` is t (2.576 in the source for 99%, or normal_critical_value). p = 0.5 is the
/// worst case. Needs N >= 0, e > 0, t > 0, 0 < p < 1; the answer is at most N.
/// Source: Leveugle, Calvez, Maistri, Vanhauwaert, "Statistical fault injection: quantified error
/// and confidence", DATE 2009.
std::int64_t fault_sample_size(std::int64_t population, double margin, double critical_value,
                               double proportion = 0.5);

/// Interval of the proportion of which `hits` of `n` were seen. With a = z^2 / n:
///   (p + a/2 +- sqrt(a p (1 - p) + a^2/4)) / (1 + a)
/// Given a finite population of N sites, drawn without replacement, a = z^2 (N - n) / (n (N - 1)):
/// the same inversion of |p - P| <= z sd(p) with the hypergeometric variance
/// P (1 - P) (N - n) / (n (N - 1)). The interval then keeps to what is possible,
/// [hits / N, (hits + N - n) / N], and has no width for n = N. n = 0 gives [0, 1].
/// The coverage swings around the asked one with P n, worst just below one expected hit in six
/// (0.84 instead of 0.95): say so, or use rule_of_three, where hits are that rare.
/// Sources: Wilson, "Probable inference, the law of succession, and statistical inference", JASA
/// 22, 1927; O'Neill, "Mathematical properties and finite-population correction for the Wilson
/// score interval", arXiv:2109.12464, 2021; Brown, Cai, DasGupta, "Interval estimation for a
/// binomial proportion", Statistical Science 16(2), 2001 (coverage).
Interval wilson_interval(std::int64_t hits, std::int64_t n, double confidence,
                         std::optional<std::int64_t> population = std::nullopt);

/// Smallest n of which the Wilson interval around an observed `proportion` has at most the asked
/// half-width; 0 when any interval has (half_width >= 0.5), at most N for a finite population.
/// Solves a p (1 - p) + a^2/4 = e^2 (1 + a)^2 for a, then n = z^2 N / (a (N - 1) + z^2).
std::int64_t wilson_sample_size(double proportion, double half_width, double confidence,
                                std::optional<std::int64_t> population = std::nullopt);

/// One-sided 95% bound when every one of n faults had the same outcome: no hit gives
/// [0, 3 / n], only hits [1 - 3 / n, 1]; 3 is -ln 0.05 rounded up. n <= 3 says nothing: [0, 1].
/// Empty when there were both outcomes. Source: Hanley, Lippman-Hand, "If nothing goes wrong, is
/// everything all right?", JAMA 249(13), 1983.
std::optional<Interval> rule_of_three(std::int64_t hits, std::int64_t n);

}  // namespace lacuna::statistics
