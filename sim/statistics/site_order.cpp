#include "statistics/site_order.hpp"

#include "base/error.hpp"
#include "base/random.hpp"

namespace lacuna::statistics {
namespace {

constexpr const char* kSiteOrderModule = "campaign site order";
constexpr std::uint32_t kRounds = 16;
constexpr int kMinHalfBits = 4;
constexpr std::int64_t kMaxSites = std::int64_t{1} << 62;

int half_bits_for(std::int64_t sites) {
  int bits = kMinHalfBits;
  while (bits < 31 && (std::int64_t{1} << (2 * bits)) < sites) ++bits;
  return bits;
}

}  // namespace

SiteOrder::SiteOrder(std::uint64_t seed, std::uint32_t stratum, std::int64_t sites)
    : seed_(seed), stratum_(stratum), half_bits_(half_bits_for(sites)), sites_(sites) {
  SIM_CHECK(sites >= 0 && sites <= kMaxSites, kSiteOrderModule, -1, "sites outside [0, 2^62]");
}

std::int64_t SiteOrder::site(std::int64_t k) const {
  SIM_CHECK(k >= 0 && k < sites_, kSiteOrderModule, -1, "draw outside the stratum");
  auto number = static_cast<std::uint64_t>(k);
  do {
    number = permute(number);
  } while (number >= static_cast<std::uint64_t>(sites_));
  return static_cast<std::int64_t>(number);
}

std::uint64_t SiteOrder::permute(std::uint64_t number) const {
  const std::uint64_t mask = (std::uint64_t{1} << half_bits_) - 1;
  auto left = static_cast<std::uint32_t>(number >> half_bits_);
  auto right = static_cast<std::uint32_t>(number & mask);
  for (std::uint32_t round = 0; round < kRounds; ++round) {
    const auto block = base::philox4x32(
        {right, stratum_, static_cast<std::uint32_t>(base::RandomStream::kSiteOrder), 1 + round},
        {static_cast<std::uint32_t>(seed_), static_cast<std::uint32_t>(seed_ >> 32)});
    const std::uint32_t next = left ^ (block[0] & static_cast<std::uint32_t>(mask));
    left = right;
    right = next;
  }
  return (static_cast<std::uint64_t>(left) << half_bits_) | right;
}

}  // namespace lacuna::statistics
