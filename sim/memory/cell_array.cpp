#include "memory/cell_array.hpp"

#include "base/error.hpp"

namespace lacuna::memory {
namespace {

constexpr std::int64_t kBitsPerByte = 8;

bool bit_at(const std::vector<std::uint8_t>& bits, std::int64_t offset) {
  return ((bits[static_cast<std::size_t>(offset / kBitsPerByte)] >> (offset % kBitsPerByte)) & 1) !=
         0;
}

void toggle(std::vector<std::uint8_t>& bits, std::int64_t offset) {
  bits[static_cast<std::size_t>(offset / kBitsPerByte)] ^=
      static_cast<std::uint8_t>(1U << (offset % kBitsPerByte));
}

}  // namespace

const char* fault_kind_name(FaultKind kind) {
  switch (kind) {
    case FaultKind::kStuckAt0:
      return "stuck_at_0";
    case FaultKind::kStuckAt1:
      return "stuck_at_1";
    case FaultKind::kFlip:
      return "flip";
  }
  return "";
}

CellArray::CellArray(std::int64_t words, int word_bits, int banks, int value_bits)
    : words_(words),
      word_bits_(word_bits),
      banks_(banks),
      value_bits_(value_bits),
      values_per_word_(word_bits / value_bits),
      word_stride_(base::ceil_div(word_bits, kBitsPerByte) * kBitsPerByte),
      value_mask_(static_cast<std::uint8_t>((1U << value_bits) - 1)),
      // One byte more: field() reads pairs of bytes.
      cells_(static_cast<std::size_t>(words * word_stride_ / kBitsPerByte + 1)) {
  SIM_CHECK(
      words >= 0 && banks > 0 && value_bits >= 1 && value_bits <= 8 && word_bits >= value_bits,
      "cell_array", -1, "impossible geometry");
}

void CellArray::store(std::int64_t slot, std::uint8_t code) {
  const std::int64_t offset = bit_offset(slot);
  std::uint16_t pair = 0;
  std::memcpy(&pair, cells_.data() + offset / kBitsPerByte, sizeof pair);
  const int shift = static_cast<int>(offset % kBitsPerByte);
  const unsigned cleared = pair & ~(static_cast<unsigned>(value_mask_) << shift);
  pair = static_cast<std::uint16_t>(cleared | (static_cast<unsigned>(code & value_mask_) << shift));
  std::memcpy(cells_.data() + offset / kBitsPerByte, &pair, sizeof pair);
}

void CellArray::arm(const CellPosition& cell, FaultKind kind, std::int64_t step,
                    measure::FaultOutcome* outcome) {
  const std::int64_t word = cell.row * banks_ + cell.bank;
  SIM_CHECK(cell.bank >= 0 && cell.bank < banks_ && cell.bit >= 0 && cell.bit < word_bits_ &&
                word >= 0 && word < words_,
            "cell_array", -1, "fault outside the memory");
  if (!faulty_) {
    faulty_ = true;
    stuck_at_0_.assign(cells_.size(), 0);
    stuck_at_1_.assign(cells_.size(), 0);
    flipped_.assign(cells_.size(), 0);
  }
  const std::int64_t offset = word * word_stride_ + cell.bit;
  if (step != kPermanent) {
    SIM_CHECK(kind == FaultKind::kFlip, "cell_array", -1, "only a flip can strike at a step");
    upsets_[offset].push_back({step, outcome});
    return;
  }
  std::vector<std::uint8_t>& mask = kind == FaultKind::kStuckAt0   ? stuck_at_0_
                                    : kind == FaultKind::kStuckAt1 ? stuck_at_1_
                                                                   : flipped_;
  toggle(mask, offset);
  SIM_CHECK(permanent_.emplace(offset, outcome).second, "cell_array", -1,
            "two permanent faults in one cell");
}

std::uint8_t CellArray::read_faulty(std::int64_t slot, std::int64_t step) {
  const std::int64_t offset = bit_offset(slot);
  if (!upsets_.empty()) {
    for (std::int64_t bit = offset; bit < offset + value_bits_; ++bit) {
      const auto found = upsets_.find(bit);
      if (found == upsets_.end()) continue;
      for (Upset& upset : found->second) {
        if (upset.pending && upset.step <= step) {
          upset.pending = false;
          upset.struck = true;
          toggle(cells_, bit);
        }
        // A stuck cell hides the upset from the read.
        if (upset.struck && !bit_at(stuck_at_0_, bit) && !bit_at(stuck_at_1_, bit)) {
          ++upset.outcome->reads_changed;
          ++reads_changed_;
        }
      }
    }
  }
  const std::uint8_t stored = field(cells_, offset);
  const unsigned answered =
      ((stored & ~static_cast<unsigned>(field(stuck_at_0_, offset))) | field(stuck_at_1_, offset)) ^
      field(flipped_, offset);
  for (unsigned changed = answered ^ stored; changed != 0; changed &= changed - 1) {
    const int bit = __builtin_ctz(changed);
    ++permanent_.at(offset + bit)->reads_changed;
    ++reads_changed_;
  }
  return static_cast<std::uint8_t>(answered);
}

void CellArray::note_write(std::int64_t slot, std::int64_t step) {
  if (upsets_.empty()) return;
  const std::int64_t offset = bit_offset(slot);
  for (std::int64_t bit = offset; bit < offset + value_bits_; ++bit) {
    const auto found = upsets_.find(bit);
    if (found == upsets_.end()) continue;
    for (Upset& upset : found->second) {
      if (upset.pending && upset.step <= step) {
        upset.pending = false;
        upset.outcome->overwritten = true;
      }
      upset.struck = false;
    }
  }
}

void CellArray::restore_upsets() {
  for (auto& [offset, upsets] : upsets_) {
    for (Upset& upset : upsets) {
      if (upset.struck) toggle(cells_, offset);
      upset.struck = false;
      upset.pending = true;
    }
  }
}

}  // namespace lacuna::memory
