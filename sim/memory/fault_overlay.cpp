#include "memory/fault_overlay.hpp"

#include <algorithm>
#include <tuple>

#include "base/error.hpp"
#include "base/random.hpp"
#include "base/units.hpp"

namespace lacuna::memory {
namespace {

constexpr int kMostLaneBits = 32;

/// Whether its answer says nothing of what the cell stores.
bool is_stuck(const FaultKindInfo& kind, const CellRead& read) {
  return kind.answer({false, read.lane, read.place}) == kind.answer({true, read.lane, read.place});
}

}  // namespace

FaultOverlay::FaultOverlay(const CellGrid& grid, int lane_bits)
    : grid_(grid), lane_bits_(lane_bits), lanes_per_word_(grid.word_bits / lane_bits) {
  SIM_CHECK(grid.words >= 0 && grid.banks > 0 && lane_bits >= 1 && lane_bits <= kMostLaneBits &&
                grid.word_bits >= lane_bits,
            "memory", -1, "impossible geometry");
}

bool FaultOverlay::has(const CellPosition& cell) const {
  const std::int64_t word = cell.row * grid_.banks + cell.bank;
  return cell.bank >= 0 && cell.bank < grid_.banks && cell.bit >= 0 && cell.bit < grid_.word_bits &&
         word >= 0 && word < grid_.words;
}

void FaultOverlay::arm(const Fault& fault, std::uint64_t seed, measure::FaultOutcome* outcome) {
  const CellPosition& cell = fault.cell;
  const std::int64_t word = cell.row * grid_.banks + cell.bank;
  SIM_CHECK(has(cell), "memory", -1, "fault outside the memory");
  const FaultKindInfo& kind = fault_kind(fault.kind);
  const unsigned time = fault.is_upset()    ? unsigned{kAsUpset}
                        : fault.is_window() ? unsigned{kInWindow}
                                            : unsigned{kPermanently};
  SIM_CHECK((kind.times & time) != 0, "memory", -1, "a kind of fault at a time that it has not");
  const std::int64_t in_word = cell.bit / lane_bits_;
  if (in_word >= lanes_per_word_) return;  // a left-over cell, which nothing reads
  if (marks_.empty()) {
    marks_.assign(static_cast<std::size_t>(base::ceil_div(grid_.words * lanes_per_word_, 64)), 0);
  }
  const std::int64_t number = word * lanes_per_word_ + in_word;
  marks_[static_cast<std::size_t>(number >> 6)] |= std::uint64_t{1} << (number & 63);
  Armed own{fault, &kind, static_cast<int>(cell.bit % lane_bits_), seed, outcome};
  const auto key = [](const Armed& armed) {
    return std::make_tuple(armed.bit, !armed.fault.is_upset(), armed.fault.kind);
  };
  std::vector<Armed>& faults = lanes_[number].faults;
  for (const Armed& other : faults) {
    SIM_CHECK(other.bit != own.bit || !other.fault.is_permanent() || !fault.is_permanent(),
              "memory", -1, "two permanent faults in one cell");
  }
  const auto place =
      std::upper_bound(faults.begin(), faults.end(), own,
                       [&](const Armed& a, const Armed& b) { return key(a) < key(b); });
  faults.insert(place, own);
}

std::vector<std::int64_t> FaultOverlay::marked() const {
  std::vector<std::int64_t> list;
  list.reserve(lanes_.size());
  for (const auto& [lane, faults] : lanes_) list.push_back(lane);
  std::sort(list.begin(), list.end());
  return list;
}

void FaultOverlay::begin_batch(const BatchPlace& place) {
  first_image_ = place.first_image;
  for (auto& [number, lane] : lanes_) {
    lane.last_write = setup_access();
    for (Armed& own : lane.faults) {
      own.in_batch = (own.fault.batch == kEvery || own.fault.batch == place.batch) &&
                     (own.fault.part == kEvery || own.fault.part == place.part);
      own.was_read = false;
    }
  }
}

bool FaultOverlay::lies_in(const Armed& upset, const Access& last_write, const Access& now) const {
  if (!upset.in_batch) return false;
  if (upset.fault.step != kPermanent) {
    return last_write.step < upset.fault.step && upset.fault.step <= now.step;
  }
  return last_write.cycle < upset.fault.cycle && upset.fault.cycle <= now.cycle;
}

// Whether a fault that is no upset answers this read.
bool FaultOverlay::answers(const Armed& own, const Access& access) const {
  if (!own.in_batch) return false;
  if (own.fault.is_window() &&
      (access.cycle < own.fault.cycle || access.cycle >= own.fault.until)) {
    return false;
  }
  if (!own.kind->by_chance) return true;
  // One number each for memory, cell and read; what a read is does not depend on other reads.
  const CellPosition& cell = own.fault.cell;
  const std::int64_t place = (cell.row * grid_.banks + cell.bank) * grid_.word_bits + cell.bit;
  std::uint64_t key = own.seed;
  for (const std::int64_t part : {static_cast<std::int64_t>(own.fault.memory), place, first_image_,
                                  access.step, access.pixel}) {
    key =
        base::random_bits(key, base::RandomStream::kReadDisturb, static_cast<std::uint64_t>(part));
  }
  return base::random_uniform(key, base::RandomStream::kReadDisturb,
                              static_cast<std::uint64_t>(access.index)) <
         static_cast<double>(own.fault.probability);
}

bool FaultOverlay::is_hidden(const Lane& lane, const CellRead& read, const Access& access) const {
  return std::any_of(lane.faults.begin(), lane.faults.end(), [&](const Armed& own) {
    return own.bit == read.place && !own.fault.is_upset() && is_stuck(*own.kind, read) &&
           answers(own, access);
  });
}

void FaultOverlay::note(Armed& own) {
  ++own.outcome->reads_changed;
  ++reads_changed_;
}

std::uint32_t FaultOverlay::read(std::int64_t number, std::uint32_t stored, const Access& access) {
  Lane& lane = lanes_.find(number)->second;
  std::uint32_t held = stored;
  for (Armed& own : lane.faults) {
    if (!own.fault.is_upset() || !lies_in(own, lane.last_write, access)) continue;
    own.was_read = true;
    held ^= std::uint32_t{1} << own.bit;
  }
  std::uint32_t bits = held;
  for (Armed& own : lane.faults) {
    const std::uint32_t mask = std::uint32_t{1} << own.bit;
    const CellRead read{(bits & mask) != 0, held, own.bit};
    if (own.fault.is_upset()) {
      if (lies_in(own, lane.last_write, access) && !is_hidden(lane, read, access)) note(own);
      continue;
    }
    if (!answers(own, access) || own.kind->answer(read) == read.bit) continue;
    bits ^= mask;
    note(own);
  }
  return bits;
}

void FaultOverlay::write(std::int64_t number, const Access& access) {
  Lane& lane = lanes_.find(number)->second;
  for (Armed& own : lane.faults) {
    if (own.fault.is_upset() && !own.was_read && lies_in(own, lane.last_write, access)) {
      own.outcome->overwritten = true;
    }
  }
  lane.last_write = access;
}

}  // namespace lacuna::memory
