// The order in which the sites of a stratum are struck: a keyed permutation, so that draw k is a
// pure function of (seed, stratum, k). Nothing is stored, a sample of n is the first n draws, and a
// larger sample contains a smaller one, whoever draws it.
#pragma once

#include <cstdint>

namespace lacuna::statistics {

/// Sampling without replacement of the site numbers 0 ... sites - 1.
///
/// A Feistel network permutes 2^(2w) >= sites numbers (w >= 4 bits a half), with Philox4x32-10 as
/// its round function; a number that is no site is permuted again until it is one (cycle walking),
/// on average fewer than 4 times from 64 sites on. 16 rounds: in so small a domain the security
/// bounds of 4 rounds say little. Philox's counters are (half, stratum, stream, 1 + round), which
/// shares no block with base::random_bits.
/// Sources: Luby, Rackoff, "How to construct pseudorandom permutations from pseudorandom
/// functions", SIAM J. Computing 17(2), 1988; Black, Rogaway, "Ciphers with arbitrary finite
/// domains", CT-RSA 2002 (cycle walking).
class SiteOrder {
 public:
  /// `sites` is in [0, 2^62]. Different strata of one seed have unrelated orders.
  SiteOrder(std::uint64_t seed, std::uint32_t stratum, std::int64_t sites);

  std::int64_t sites() const { return sites_; }
  /// The k-th site to strike, 0 <= k < sites(); a bijection of k.
  std::int64_t site(std::int64_t k) const;

 private:
  std::uint64_t permute(std::uint64_t number) const;

  std::uint64_t seed_;
  std::uint32_t stratum_;
  int half_bits_;
  std::int64_t sites_;
};

}  // namespace lacuna::statistics
