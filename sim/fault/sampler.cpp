#include "fault/sampler.hpp"

#include <fmt/format.h>

#include <vector>

#include "base/error.hpp"
#include "base/random.hpp"

namespace lacuna::fault {

FaultPlan sample_map(const MemoryGeometry& geometry, double rate, std::uint64_t seed,
                     memory::FaultKind kind,
                     const std::function<void(std::int64_t cells)>& progress) {
  if (!(rate >= 0.0 && rate <= 1.0)) {
    throw base::InputError({"", 0, "bit error rate"}, fmt::format("{} is out of range", rate),
                           "a number from 0 to 1");
  }
  const double expected = rate * static_cast<double>(geometry.cells());
  if (expected > static_cast<double>(kMaxFaults)) {
    throw base::InputError({"", 0, "bit error rate"},
                           fmt::format("{} makes about {:.0f} faults", rate, expected),
                           fmt::format("at most {} are run", kMaxFaults));
  }
  FaultPlan plan;
  plan.origin = fmt::format("ber {} seed {} {}", rate, seed, memory::fault_kind_name(kind));
  if (rate == 0.0) return plan;
  const base::RandomStream stream = memory::memory_kind(geometry.memory).map;
  std::vector<std::uint64_t> faulty;
  constexpr std::int64_t kWordsAReport = std::int64_t{1} << 16;
  std::int64_t words = 0;
  for (std::int64_t bank = 0; bank < geometry.banks; ++bank) {  // the order of a plan
    for (std::int64_t row = 0; geometry.word(bank, row) < geometry.words; ++row) {
      const auto first = static_cast<std::uint64_t>(geometry.word(bank, row) * geometry.word_bits);
      faulty.clear();
      base::append_below(rate, seed, stream, first, static_cast<std::uint64_t>(geometry.word_bits),
                         faulty);
      for (const std::uint64_t cell : faulty) {
        const auto bit = static_cast<std::int64_t>(cell - first);
        plan.faults.push_back({geometry.memory, {bank, row, bit}, kind, memory::kPermanent});
      }
      if (++words % kWordsAReport == 0 && progress) progress(words * geometry.word_bits);
    }
  }
  return plan;
}

}  // namespace lacuna::fault
