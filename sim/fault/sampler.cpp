#include "fault/sampler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/error.hpp"
#include "base/random.hpp"

namespace lacuna::fault {
namespace {

const base::Place kRatePlace{"", 0, "bit error rate"};

void check_expected(const std::string& rates, double faults) {
  if (faults <= static_cast<double>(kMaxFaults)) return;
  throw base::InputError(kRatePlace, fmt::format("{} makes about {:.0f} faults", rates, faults),
                         fmt::format("at most {} are run", kMaxFaults));
}

void check_rate(double rate) {
  if (rate >= 0.0 && rate <= 1.0) return;
  throw base::InputError(kRatePlace, fmt::format("{} is out of range", rate),
                         "a number from 0 to 1");
}

/// Appends the faults of one memory, in the order of a plan.
void append_map(const MemoryGeometry& geometry, double rate, std::uint64_t seed,
                memory::FaultKind kind, const std::function<void(std::int64_t cells)>& progress,
                std::vector<Fault>& faults) {
  if (rate == 0.0) return;
  const base::RandomStream stream = memory::memory_kind(geometry.memory).map;
  std::vector<std::uint64_t> faulty;
  constexpr std::int64_t kWordsAReport = std::int64_t{1} << 16;
  std::int64_t words = 0;
  for (std::int64_t bank = 0; bank < geometry.banks; ++bank) {
    for (std::int64_t row = 0; geometry.word(bank, row) < geometry.words; ++row) {
      const auto first = static_cast<std::uint64_t>(geometry.word(bank, row) * geometry.word_bits);
      faulty.clear();
      base::append_below(rate, seed, stream, first, static_cast<std::uint64_t>(geometry.word_bits),
                         faulty);
      for (const std::uint64_t cell : faulty) {
        Fault fault;
        fault.memory = geometry.memory;
        fault.cell = {bank, row, static_cast<std::int64_t>(cell - first)};
        fault.kind = kind;
        faults.push_back(fault);
      }
      if (++words % kWordsAReport == 0 && progress) progress(words * geometry.word_bits);
    }
  }
}

}  // namespace

FaultPlan sample_map(const MemoryGeometry& geometry, double rate, std::uint64_t seed,
                     memory::FaultKind kind,
                     const std::function<void(std::int64_t cells)>& progress) {
  return sample_maps(Memories(geometry), {{geometry.memory, rate}}, seed, kind, progress);
}

FaultPlan sample_maps(const Memories& memories, std::vector<MemoryRate> rates, std::uint64_t seed,
                      memory::FaultKind kind,
                      const std::function<void(std::int64_t cells)>& progress) {
  std::sort(rates.begin(), rates.end(),
            [](const MemoryRate& a, const MemoryRate& b) { return a.memory < b.memory; });
  std::string text;
  double expected = 0;
  const MemoryRate* last = nullptr;
  for (const MemoryRate& own : rates) {
    const char* name = memory_name(own.memory);
    check_rate(own.rate);
    if (!memories.has(own.memory)) {
      throw base::InputError({"", 0, "memory"}, fmt::format("there is no {}", name),
                             memories.why_absent(own.memory));
    }
    if (last != nullptr && last->memory == own.memory) {
      throw base::InputError({"", 0, "memory"}, fmt::format("{} stands there twice", name),
                             "each memory once");
    }
    last = &own;
    expected += own.rate * static_cast<double>(memories[own.memory].cells());
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", name, own.rate);
  }
  // As before there were other memories, where it is their weights' alone.
  const bool weights = rates.size() == 1 && rates.front().memory == MemoryId::kWeightSram;
  if (weights) text = fmt::format("{}", rates.front().rate);
  check_expected(text, expected);
  FaultPlan plan;
  plan.origin = fmt::format("ber {} seed {} {}", text, seed, memory::fault_kind_name(kind));
  std::int64_t cells = 0;
  for (const MemoryRate& own : rates) {
    const auto all = [&](std::int64_t drawn) { progress(cells + drawn); };
    append_map(memories[own.memory], own.rate, seed, kind,
               progress ? std::function<void(std::int64_t)>(all) : nullptr, plan.faults);
    cells += memories[own.memory].cells();
  }
  return plan;
}

}  // namespace lacuna::fault
