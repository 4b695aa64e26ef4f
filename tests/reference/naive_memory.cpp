#include "reference/naive_memory.hpp"

#include <algorithm>
#include <numeric>
#include <stdexcept>

#include "base/random.hpp"

namespace lacuna::reference {
namespace {

using fault::Fault;
using memory::FaultKind;

std::size_t at(std::int64_t index) { return static_cast<std::size_t>(index); }

bool is_stuck(FaultKind kind) {
  return kind == FaultKind::kStuckAt0 || kind == FaultKind::kStuckAt1;
}

}  // namespace

NaiveMemory::NaiveMemory(const fault::MemoryGeometry& geometry, std::int64_t lane_bits,
                         const fault::FaultPlan& plan, const BatchNumber& batch)
    : lane_bits_(lane_bits),
      word_bits_(geometry.word_bits),
      plan_(plan),
      batch_(batch),
      cells_(at(geometry.words * geometry.word_bits)) {
  for (std::size_t f = 0; f < plan.faults.size(); ++f) {
    const Fault& fault = plan.faults[f];
    if (fault.memory != geometry.memory) continue;
    if (fault.batch != memory::kEvery && fault.batch != batch.batch) continue;
    if (fault.part != memory::kEvery && fault.part != batch.part) continue;
    const std::int64_t word = fault.cell.row * geometry.banks + fault.cell.bank;
    Cell& own = cells_.at(at(word * word_bits_ + fault.cell.bit));
    own.number = word * word_bits_ + fault.cell.bit;
    own.faults.push_back(f);
  }
}

NaiveMemory::Cell& NaiveMemory::cell(std::int64_t lane, std::int64_t bit) {
  const std::int64_t lanes = word_bits_ / lane_bits_;
  return cells_.at(at(lane / lanes * word_bits_ + lane % lanes * lane_bits_ + bit));
}

std::int64_t NaiveMemory::time_in(const Moment& when, std::size_t fault) const {
  return plan_.faults[fault].step >= 0 ? when.step : when.cycle;
}

std::int64_t NaiveMemory::strike_of(std::size_t fault) const {
  const Fault& own = plan_.faults[fault];
  return own.step >= 0 ? own.step : own.cycle;
}

// Whether an upset has struck by now, and nothing was written since.
bool NaiveMemory::is_struck(const Cell& cell, std::size_t fault, const Moment& now) const {
  const std::int64_t strike = strike_of(fault);
  if (time_in(now, fault) < strike) return false;
  return std::none_of(cell.events.begin(), cell.events.end(), [&](const Event& event) {
    return event.is_write && time_in(event.when, fault) >= strike;
  });
}

// Whether a fault that is no upset has a say in a read.
bool NaiveMemory::acts(const Cell& cell, std::size_t fault, const Moment& now) const {
  const Fault& own = plan_.faults[fault];
  if (own.until >= 0 && (now.cycle < own.cycle || now.cycle >= own.until)) return false;
  if (own.kind != FaultKind::kReadDisturb) return true;
  constexpr auto kStream = base::RandomStream::kReadDisturb;
  std::uint64_t key = plan_.seed;
  key = base::random_bits(key, kStream, static_cast<std::uint64_t>(own.memory));
  key = base::random_bits(key, kStream, static_cast<std::uint64_t>(cell.number));
  key = base::random_bits(key, kStream, static_cast<std::uint64_t>(batch_.first_image));
  key = base::random_bits(key, kStream, static_cast<std::uint64_t>(now.step));
  key = base::random_bits(key, kStream, static_cast<std::uint64_t>(now.pixel));
  const double number = base::random_uniform(key, kStream, static_cast<std::uint64_t>(now.index));
  return number < static_cast<double>(own.probability);
}

// What a cell gives that holds a bit, upsets included.
bool NaiveMemory::answer(const Cell& cell, bool bit, const Moment& now) const {
  bool stuck_at_0 = false;
  bool stuck_at_1 = false;
  bool flipped = false;
  for (const std::size_t f : cell.faults) {
    const Fault& fault = plan_.faults[f];
    if (fault.is_upset() || !acts(cell, f, now)) continue;
    if (fault.kind == FaultKind::kStuckAt0) {
      stuck_at_0 = true;
    } else if (fault.kind == FaultKind::kStuckAt1) {
      stuck_at_1 = true;
    } else {
      flipped = !flipped;
    }
  }
  return ((bit && !stuck_at_0) || stuck_at_1) != flipped;
}

std::uint32_t NaiveMemory::read(std::int64_t lane, const Moment& now) {
  std::uint32_t value = 0;
  for (std::int64_t i = 0; i < lane_bits_; ++i) {
    Cell& own = cell(lane, i);
    bool bit = own.bit;
    if (!own.faults.empty()) {
      for (const std::size_t f : own.faults) {
        if (plan_.faults[f].is_upset() && is_struck(own, f, now)) bit = !bit;
      }
      bit = answer(own, bit, now);
      own.events.push_back({now, false, own.bit, bit});
    }
    if (bit) value |= std::uint32_t{1} << i;
  }
  return value;
}

void NaiveMemory::write(std::int64_t lane, std::uint32_t value, const Moment& now) {
  for (std::int64_t i = 0; i < lane_bits_; ++i) {
    Cell& own = cell(lane, i);
    own.bit = ((value >> i) & 1U) != 0;
    if (!own.faults.empty()) own.events.push_back({now, true, own.bit, false});
  }
}

// [event] whether an upset lies in the cell when it is read: the events in order, a state machine.
std::vector<bool> NaiveMemory::replay(const Cell& cell, const std::vector<std::size_t>& order,
                                      std::size_t fault, measure::FaultOutcome& outcome) const {
  std::vector<bool> seen(cell.events.size());
  bool waits = true;
  bool lies = false;
  bool was_read = false;
  for (const std::size_t e : order) {
    const Event& event = cell.events[e];
    if (waits && time_in(event.when, fault) >= strike_of(fault)) {
      waits = false;
      lies = true;
    }
    if (event.is_write) {
      if (lies && !was_read) outcome.overwritten = true;
      lies = false;
    } else {
      seen[e] = lies;
      was_read = was_read || lies;
    }
  }
  return seen;
}

void NaiveMemory::judge_cell(const Cell& cell, std::vector<measure::FaultOutcome>& outcomes) const {
  std::vector<std::size_t> in_list(cell.events.size());
  std::iota(in_list.begin(), in_list.end(), std::size_t{0});
  std::vector<std::size_t> in_time = in_list;
  std::stable_sort(in_time.begin(), in_time.end(), [&](std::size_t a, std::size_t b) {
    return cell.events[a].when.cycle < cell.events[b].when.cycle;
  });
  std::vector<std::vector<bool>> seen(cell.faults.size());
  for (std::size_t i = 0; i < cell.faults.size(); ++i) {
    const std::size_t f = cell.faults[i];
    if (!plan_.faults[f].is_upset()) continue;
    seen[i] = replay(cell, plan_.faults[f].step >= 0 ? in_list : in_time, f, outcomes[f]);
  }
  bool stored = false;
  for (const std::size_t e : in_time) {
    const Event& event = cell.events[e];
    if (event.is_write) {
      stored = event.stored;
      continue;
    }
    bool bit = stored;
    bool hidden = false;
    for (std::size_t i = 0; i < cell.faults.size(); ++i) {
      const FaultKind kind = plan_.faults[cell.faults[i]].kind;
      if (!seen[i].empty() && seen[i][e]) bit = !bit;
      hidden = hidden || (is_stuck(kind) && acts(cell, cell.faults[i], event.when));
    }
    if (event.stored != stored || answer(cell, bit, event.when) != event.answer) {
      throw std::logic_error("cell " + std::to_string(cell.number) + " answers out of time at " +
                             std::to_string(event.when.cycle));
    }
    for (std::size_t i = 0; i < cell.faults.size(); ++i) {
      if (!seen[i].empty() && seen[i][e] && !hidden) ++outcomes[cell.faults[i]].reads_changed;
    }
    // Where several meet, each has changed what those before it gave: stuck at 0, stuck at 1,
    // flips.
    for (const FaultKind kind :
         {FaultKind::kStuckAt0, FaultKind::kStuckAt1, FaultKind::kFlip, FaultKind::kReadDisturb}) {
      for (const std::size_t f : cell.faults) {
        const Fault& fault = plan_.faults[f];
        if (fault.kind != kind || fault.is_upset() || !acts(cell, f, event.when)) continue;
        const bool after = is_stuck(kind) ? kind == FaultKind::kStuckAt1 : !bit;
        if (after != bit) ++outcomes[f].reads_changed;
        bit = after;
      }
    }
  }
}

void NaiveMemory::judge(std::vector<measure::FaultOutcome>& outcomes) const {
  for (const Cell& own : cells_) {
    if (!own.events.empty()) judge_cell(own, outcomes);
  }
}

}  // namespace lacuna::reference
