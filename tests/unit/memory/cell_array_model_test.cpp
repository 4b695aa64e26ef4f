// CellArray against a model that keeps one bool a cell and knows nothing of packing or masks. A
// fault "changed a read" when the same read without this one fault would have answered otherwise.
#include <gtest/gtest.h>

#include <algorithm>
#include <list>
#include <random>
#include <vector>

#include "memory/cell_array.hpp"
#include "share.hpp"

namespace lacuna::memory {
namespace {

class NaiveMemory {
 public:
  NaiveMemory(int words, int word_bits, int banks, int value_bits)
      : word_bits_(word_bits),
        banks_(banks),
        value_bits_(value_bits),
        bits_(static_cast<std::size_t>(words * word_bits)) {}

  void arm(const CellPosition& cell, FaultKind kind, std::int64_t step,
           measure::FaultOutcome* outcome) {
    faults_.push_back({static_cast<int>((cell.row * banks_ + cell.bank) * word_bits_ + cell.bit),
                       kind, step, outcome, step != kPermanent, false});
  }

  int read(int slot, std::int64_t step) {
    int value = 0;
    for (int i = 0; i < value_bits_; ++i) {
      const int cell = cell_of(slot, i);
      for (Fault& fault : faults_) {
        if (fault.cell == cell && fault.waiting && fault.step <= step) {
          fault.waiting = false;
          fault.lies_in_cell = true;
        }
      }
      const bool bit = answer(cell, nullptr);
      for (Fault& fault : faults_) {
        if (fault.cell == cell && answer(cell, &fault) != bit) ++fault.outcome->reads_changed;
      }
      if (bit) value |= 1 << i;
    }
    return value;
  }

  void write(int slot, int code, std::int64_t step) {
    for (int i = 0; i < value_bits_; ++i) {
      const int cell = cell_of(slot, i);
      for (Fault& fault : faults_) {
        if (fault.cell != cell) continue;
        fault.lies_in_cell = false;
        if (fault.waiting && fault.step <= step) {
          fault.waiting = false;
          fault.outcome->overwritten = true;
        }
      }
      bits_[static_cast<std::size_t>(cell)] = ((code >> i) & 1) != 0;
    }
  }

  void next_batch() {
    for (Fault& fault : faults_) {
      fault.lies_in_cell = false;
      fault.waiting = fault.step != kPermanent;
    }
  }

 private:
  struct Fault {
    int cell;
    FaultKind kind;
    std::int64_t step;
    measure::FaultOutcome* outcome;
    bool waiting;
    bool lies_in_cell;
  };

  int cell_of(int slot, int bit) const {
    const int per_word = word_bits_ / value_bits_;
    return slot / per_word * word_bits_ + slot % per_word * value_bits_ + bit;
  }

  bool answer(int cell, const Fault* without) const {
    bool bit = bits_[static_cast<std::size_t>(cell)];
    for (const Fault& fault : faults_) {
      if (fault.cell == cell && &fault != without && fault.lies_in_cell) bit = !bit;
    }
    for (const Fault& fault : faults_) {
      if (fault.cell != cell || &fault == without || fault.step != kPermanent) continue;
      bit = fault.kind == FaultKind::kFlip ? !bit : fault.kind == FaultKind::kStuckAt1;
    }
    return bit;
  }

  int word_bits_;
  int banks_;
  int value_bits_;
  std::vector<bool> bits_;
  std::list<Fault> faults_;
};

class RandomCase {
 public:
  explicit RandomCase(unsigned seed) : random_(seed) {}

  void run() {
    const int value_bits = draw(1, 8);
    const int word_bits = draw(value_bits, 40);
    const int banks = draw(1, 4);
    const int words = draw(1, 12);
    CellArray memory(words, word_bits, banks, value_bits);
    NaiveMemory model(words, word_bits, banks, value_bits);
    const int slots = words * (word_bits / value_bits);
    ASSERT_EQ(memory.slots(), slots);
    write_all(memory, model, slots, value_bits);
    arm_some(memory, model, words, word_bits, banks);
    for (int batch = 0; batch < 3; ++batch) {
      for (int step = 0; step < 12; ++step) {
        for (int access = draw(0, 10); access > 0; --access) {
          const int slot = draw(0, slots - 1);
          if (draw(0, 3) == 0) {
            const int code = draw(0, (1 << value_bits) - 1);
            memory.write(slot, static_cast<std::uint8_t>(code), step);
            model.write(slot, code, step);
          } else {
            ASSERT_EQ(int{memory.read(slot, step)}, model.read(slot, step));
          }
        }
      }
      memory.faults().begin_batch({});
      model.next_batch();
    }
    for (std::size_t i = 0; i < actual_.size(); ++i) {
      ASSERT_EQ(actual_[i].reads_changed, expected_[i].reads_changed) << "fault " << i;
      ASSERT_EQ(actual_[i].overwritten, expected_[i].overwritten) << "fault " << i;
    }
  }

 private:
  int draw(int min, int max) { return std::uniform_int_distribution<int>(min, max)(random_); }

  void write_all(CellArray& memory, NaiveMemory& model, int slots, int value_bits) {
    for (int slot = 0; slot < slots; ++slot) {
      const int code = draw(0, (1 << value_bits) - 1);
      memory.write(slot, static_cast<std::uint8_t>(code), 0);
      model.write(slot, code, 0);
    }
  }

  void arm_some(CellArray& memory, NaiveMemory& model, int words, int word_bits, int banks) {
    const auto count = static_cast<std::size_t>(draw(0, 30));
    actual_.resize(count);
    expected_.resize(count);
    std::vector<int> permanent;
    for (std::size_t i = 0; i < count; ++i) {
      const int word = draw(0, words - 1);
      const CellPosition cell{word % banks, word / banks, draw(0, word_bits - 1)};
      const int number = word * word_bits + static_cast<int>(cell.bit);
      const bool taken = std::count(permanent.begin(), permanent.end(), number) > 0;
      FaultKind kind = FaultKind::kFlip;
      std::int64_t step = draw(0, 11);
      if (!taken && draw(0, 1) == 0) {
        permanent.push_back(number);
        const std::vector<FaultKind> kinds = fault_kinds(kPermanently);
        kind = kinds[static_cast<std::size_t>(draw(0, static_cast<int>(kinds.size()) - 1))];
        step = kPermanent;
      }
      memory.arm(cell, kind, step, &actual_[i]);
      model.arm(cell, kind, step, &expected_[i]);
    }
  }

  std::mt19937 random_;
  std::vector<measure::FaultOutcome> actual_;
  std::vector<measure::FaultOutcome> expected_;
};

TEST(CellArrayModel, AgreesWithOneBoolACell) {
  const unsigned cases = test::case_count(100'000, 3'000);
  for (unsigned seed = 1; seed <= cases; ++seed) {
    SCOPED_TRACE(seed);
    RandomCase(seed).run();
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace lacuna::memory
