#include "exactness/fault_case.hpp"

#include <random>
#include <set>

#include "base/error.hpp"
#include "mapping/mapper.hpp"

namespace lacuna::test {
namespace {

using Codes = std::vector<std::uint8_t>;

// Faults in words that the schedule uses, mostly.
void add_faults(run::Job& job, std::uint32_t seed) {
  const fault::MemoryGeometry memory = run::weight_sram(job);
  std::mt19937 draw(seed + 2);
  const auto below = [&](std::int64_t n) {
    return static_cast<std::int64_t>(draw() % static_cast<std::uint64_t>(n));
  };
  std::set<std::int64_t> taken;
  const std::int64_t faults = below(16);
  for (std::int64_t i = 0; i < faults; ++i) {
    const std::int64_t word =
        below(std::min(memory.words, job.parts.front().schedule.weight_words + 1));
    fault::Fault fault;
    fault.cell = {word % memory.banks, word / memory.banks, below(memory.word_bits)};
    if (!taken.insert(word * memory.word_bits + fault.cell.bit).second) continue;
    if (!job.parts.front().remainder && below(3) == 0) {
      fault.step = below(job.steps());
    } else {
      const auto kinds = memory::fault_kinds(memory::kPermanently);
      fault.kind = kinds[static_cast<std::size_t>(below(static_cast<std::int64_t>(kinds.size())))];
    }
    job.plan.faults.push_back(fault);
  }
}

}  // namespace

std::optional<FaultCase> make_fault_case(std::uint32_t seed, std::int64_t batches, bool faults) {
  FaultCase c;
  c.random = mapping::testing::random_case(seed);
  if (seed % 5 < 3) {
    // A weight SRAM that the network does not fit into, so that weights are fetched again.
    arch::WeightSramSpec& sram = c.random.spec.weight_sram;
    sram.word_bits = (sram.word_bits + 7) / 8 * 8;
    const std::int64_t words = mapping::resident_words(c.random.network, c.random.spec);
    sram.banks = 1;
    sram.capacity_bytes =
        std::max<std::int64_t>(1, words * (seed % 7 + 1) / 8) * sram.word_bits / 8;
  }
  network::Layer& last = c.random.network.layers.back();
  if (last.is_gemm()) last.report_sums = !last.logits;
  std::mt19937 draw(seed + 1);
  std::vector<Codes> images;
  // One image more than whole batches where there are several: a smaller last batch.
  const std::int64_t count = c.random.batch * batches + (batches > 1 && c.random.batch > 1 ? 1 : 0);
  for (std::int64_t image = 0; image < count; ++image) {
    Codes codes(static_cast<std::size_t>(c.random.network.input().shape.values()));
    for (std::uint8_t& code : codes) {
      const bool zero = draw() % 100 < 60;
      code = mapping::testing::random_byte(c.random.network.input().code, zero, draw());
    }
    images.push_back(std::move(codes));
  }
  try {
    c.job = run::model_job(c.random.spec, c.random.network, images, c.random.batch);
  } catch (const base::InputError&) {
    return std::nullopt;
  }
  if (faults) add_faults(c.job, seed);
  return c;
}

std::string difference(const run::Measurement& a, const run::Measurement& b) {
  if (a.logits != b.logits) return "logits";
  if (a.logits_sha256 != b.logits_sha256) return "hash of the sums";
  if (a.setup != b.setup) return "set-up";
  if (a.layers.size() != b.layers.size()) return "number of layers";
  for (std::size_t i = 0; i < a.layers.size(); ++i) {
    for (const measure::Counter& counter : measure::kCounters) {
      if (counter.of(a.layers[i]) == counter.of(b.layers[i])) continue;
      return "layer " + std::to_string(i) + ": " + counter.key;
    }
  }
  for (std::size_t f = 0; f < a.faults.size(); ++f) {
    if (a.faults[f].reads_changed != b.faults[f].reads_changed ||
        a.faults[f].overwritten != b.faults[f].overwritten) {
      return "outcome of fault " + std::to_string(f);
    }
  }
  return "";
}

}  // namespace lacuna::test
