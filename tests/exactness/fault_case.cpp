#include "exactness/fault_case.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "base/error.hpp"
#include "mapping/mapper.hpp"
#include "mapping/timeline.hpp"

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
        below(std::min(memory.words, job.parts.front().schedule->weight_words + 1));
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

/// Words of a memory that a schedule uses.
std::int64_t used_words(const schedule::Schedule& schedule, const arch::AcceleratorSpec& spec,
                        const fault::MemoryGeometry& memory) {
  switch (memory.memory) {
    case memory::MemoryId::kWeightSram:
      return schedule.weight_words;
    case memory::MemoryId::kActivationSram:
      return base::ceil_div(schedule.activation_slots, spec.activations_per_word());
    case memory::MemoryId::kActivationBitmap:
      return base::ceil_div(schedule.activation_slots, std::int64_t{memory.word_bits});
    case memory::MemoryId::kAccumulatorSram:
      return schedule.accumulator_entries * memory.banks;
    default:
      return memory.words;
  }
}

class Draw {
 public:
  explicit Draw(std::uint32_t seed) : random_(seed) {}
  std::int64_t below(std::int64_t n) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(n));
  }

 private:
  std::mt19937 random_;
};

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

int add_memory_faults(run::Job& job, memory::MemoryId id, std::uint32_t seed) {
  const fault::MemoryGeometry memory = run::memories(job)[id];
  Draw draw(seed * 7 + 3);
  const bool several = job.parts.size() > 1;
  const bool registers =
      id == memory::MemoryId::kPeAccumulators || id == memory::MemoryId::kPsumFifos;
  std::set<std::int64_t> permanent;
  int by_cycle = 0;
  for (std::int64_t left = 1 + draw.below(24); left > 0; --left) {
    const auto number =
        several ? static_cast<std::int32_t>(draw.below(static_cast<std::int64_t>(job.parts.size())))
                : 0;
    const run::Part& part = job.parts[static_cast<std::size_t>(number)];
    const std::int64_t cycles =
        mapping::estimate_dense(*part.schedule, part.network, job.spec).cycles.value;
    const std::int64_t words =
        std::min(memory.words, used_words(*part.schedule, job.spec, memory) + 1);
    const std::int64_t word = draw.below(words);
    fault::Fault fault;
    fault.memory = id;
    fault.cell = {word % memory.banks, word / memory.banks, draw.below(memory.word_bits)};
    const std::int64_t time = draw.below(10);
    if (time < 4) {
      fault.cycle = draw.below(cycles + 1);
      if (draw.below(4) == 0) fault.batch = static_cast<std::int32_t>(draw.below(2));
      ++by_cycle;
    } else if (time < 5 && !registers && !part.remainder) {
      fault.step = draw.below(job.steps());
    } else {
      const auto kinds = memory::fault_kinds(memory::kPermanently | memory::kInWindow, true);
      fault.kind =
          kinds[static_cast<std::size_t>(draw.below(static_cast<std::int64_t>(kinds.size())))];
      fault.probability = 0.4F;
      if (time < 7) {
        fault.cycle = draw.below(cycles + 1);
        fault.until = fault.cycle + 1 + draw.below(cycles);
      } else if (!permanent.insert(word * memory.word_bits + fault.cell.bit).second) {
        continue;
      }
    }
    if (several && fault.cycle != memory::kNoCycle) fault.part = number;
    job.plan.faults.push_back(fault);
  }
  job.plan.seed = seed;
  return by_cycle;
}

std::vector<fault::Fault> draw_strike(const run::Job& job, memory::MemoryId id,
                                      std::uint32_t seed) {
  const fault::MemoryGeometry memory = run::memories(job)[id];
  Draw draw(seed * 11 + 5);
  const run::Part& part = job.parts.front();
  const auto images = static_cast<std::int64_t>(part.images.size());
  const std::int64_t batches = base::ceil_div(images, part.schedule->batch);
  const std::int64_t words =
      std::min(memory.words, used_words(*part.schedule, job.spec, memory) + 1);
  const std::int64_t cycles =
      mapping::estimate_dense(*part.schedule, part.network, job.spec).cycles.value;
  fault::Fault fault;
  fault.memory = id;
  const std::int64_t word = draw.below(words);
  fault.cell = {word % memory.banks, word / memory.banks, draw.below(memory.word_bits)};
  fault.cycle = draw.below(cycles + 1);
  fault.batch = static_cast<std::int32_t>(draw.below(batches));
  std::vector<fault::Fault> faults{fault};
  // One in three is a cluster: of bits, of rows where there are such, or of both.
  if (draw.below(3) > 0) return faults;
  const std::int64_t bits = 1 + draw.below(4);
  const std::int64_t rows = 1 + draw.below(3);
  faults.clear();
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t bit = 0; bit < bits; ++bit) {
      fault::Fault own = fault;
      own.cell.row += row;
      own.cell.bit += bit;
      if (memory.contains(own.cell)) faults.push_back(own);
    }
  }
  return faults;
}

std::string fewest_faults(run::Job job, std::string (*differ)(const run::Job&)) {
  for (std::size_t f = job.plan.faults.size(); f-- > 0;) {
    run::Job fewer = job;
    fewer.plan.faults.erase(fewer.plan.faults.begin() + static_cast<std::ptrdiff_t>(f));
    if (!differ(fewer).empty()) job = fewer;
  }
  std::string text = differ(job) + ":";
  for (const fault::Fault& fault : job.plan.faults) {
    text += std::string(" [") + memory::memory_name(fault.memory) + " " +
            memory::fault_kind_name(fault.kind) + " bank " + std::to_string(fault.cell.bank) +
            " row " + std::to_string(fault.cell.row) + " bit " + std::to_string(fault.cell.bit) +
            " step " + std::to_string(fault.step) + " cycle " + std::to_string(fault.cycle) +
            " until " + std::to_string(fault.until) + " batch " + std::to_string(fault.batch) + "]";
  }
  return text;
}

bool has_groups_or_halo(const network::Network& network) {
  return std::any_of(network.layers.begin(), network.layers.end(), [](const auto& layer) {
    return layer.groups > 1 || (layer.is_gemm() && layer.window.kernel_h > layer.window.stride_h);
  });
}

run::Job make_workload_case(std::uint32_t seed) {
  Draw draw(seed);
  network::Workload workload;
  workload.name = "random";
  for (std::int64_t i = 0; i < 3; ++i) {
    network::WorkloadLayer own;
    own.layer.name = "l" + std::to_string(i);
    own.density = 0.6;
    network::Window& w = own.layer.window;
    w.kernel_h = w.kernel_w = static_cast<int>(1 + draw.below(3));
    w.pad_top = w.pad_left = w.kernel_h / 2;
    const std::int64_t side = 1 + draw.below(4);
    own.layer.in = {w.kernel_h - w.pad_top + side - 1, w.kernel_w - w.pad_left + side - 1,
                    1 + draw.below(6)};
    own.layer.out = {side, side, 1 + draw.below(7)};
    workload.layers.push_back(own);
  }
  return run::workload_job(mapping::testing::random_case(seed).spec, workload, seed,
                           1 + draw.below(2));
}

void MemoryCoverage::count(const run::Job& job, const run::Measurement& measured,
                           int upsets_by_cycle) {
  const auto any = [&](auto has) {
    return std::any_of(measured.faults.begin(), measured.faults.end(), has) ? 1 : 0;
  };
  const run::Measurement golden = run::simulate(job, fault::FaultPlan{}, run::EngineKind::kFast);
  const bool same = golden.logits_sha256 == measured.logits_sha256 &&
                    golden.batch_cycles == measured.batch_cycles;
  const run::Part& part = job.parts.front();
  ++run;
  fired += any([](const measure::FaultOutcome& own) { return own.reads_changed > 0; });
  overwritten += any([](const measure::FaultOutcome& own) { return own.overwritten; });
  changed += same ? 0 : 1;
  by_cycle += upsets_by_cycle > 0 ? 1 : 0;
  refetching += part.schedule->weights_resident ? 0 : 1;
  structured += has_groups_or_halo(part.network) ? 1 : 0;
  policies.insert(job.spec.zero_skipping);
}

void MemoryCoverage::expect_floors(memory::MemoryId memory) const {
  EXPECT_GT(fired, run / 2);
  EXPECT_GT(changed, run / 4);
  EXPECT_GT(by_cycle, run / 3);
  EXPECT_GT(refetching, run / 3);
  EXPECT_GT(structured, run / 3);
  EXPECT_EQ(policies.size(), memory == memory::MemoryId::kActivationBitmap ? 1U : 3U);
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
