// What faulty cells answer, and what is written down of it: FaultOverlay with lanes of any width,
// and CellArray, against the memory of the naive evaluation, which keeps one object a cell and the
// list of its accesses, and knows nothing of lanes, masks or last writes.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <set>
#include <vector>

#include "memory/cell_array.hpp"
#include "reference/naive_memory.hpp"
#include "share.hpp"

namespace lacuna::memory {
namespace {

/// How many of the cases had it.
struct Coverage {
  int wide_lanes = 0;  ///< more bits than a code can have
  int fired = 0;
  int overwritten = 0;
  int out_of_list_order = 0;  ///< a read at an earlier cycle than one asked before it
};

class RandomCase {
 public:
  RandomCase(unsigned seed, Coverage& coverage) : random_(seed), coverage_(coverage) {}

  void run() {
    lane_bits_ = draw(1, draw(0, 1) == 0 ? 8 : 32);
    geometry_.word_bits = draw(lane_bits_, lane_bits_ + 32);
    geometry_.banks = draw(1, 4);
    geometry_.words = draw(1, 12);
    const CellGrid grid{geometry_.words, geometry_.word_bits, geometry_.banks};
    overlay_.emplace(grid, lane_bits_);
    if (lane_bits_ <= 8) {
      array_.emplace(geometry_.words, geometry_.word_bits, geometry_.banks, lane_bits_);
    }
    values_.resize(static_cast<std::size_t>(geometry_.words * (geometry_.word_bits / lane_bits_)));
    for (std::size_t lane = 0; lane < values_.size(); ++lane) {
      values_[lane] = any_value();
      if (array_) {
        array_->write(static_cast<std::int64_t>(lane), static_cast<std::uint8_t>(values_[lane]),
                      setup_access());
      }
    }
    arm_some();
    for (std::int64_t batch = 0; batch < 3; ++batch) {
      run_batch({batch, 5 * batch, batch % 2});
      if (::testing::Test::HasFatalFailure()) return;
    }
    for (std::size_t i = 0; i < expected_.size(); ++i) {
      for (const auto* actual : {&of_overlay_, array_ ? &of_array_ : &of_overlay_}) {
        ASSERT_EQ((*actual)[i].reads_changed, expected_[i].reads_changed) << "fault " << i;
        ASSERT_EQ((*actual)[i].overwritten, expected_[i].overwritten) << "fault " << i;
      }
    }
    count();
  }

 private:
  int draw(int min, int max) { return std::uniform_int_distribution<int>(min, max)(random_); }
  std::uint32_t any_value() {
    const std::uint32_t mask = lane_bits_ == 32 ? ~0U : (1U << lane_bits_) - 1;
    return static_cast<std::uint32_t>(random_()) & mask;
  }

  void arm_some() {
    const auto count = static_cast<std::size_t>(draw(0, 30));
    plan_.seed = random_();
    std::set<std::int64_t> permanent;
    while (plan_.faults.size() < count) {
      const int word = draw(0, static_cast<int>(geometry_.words) - 1);
      Fault fault;
      fault.cell = {word % geometry_.banks, word / geometry_.banks,
                    draw(0, geometry_.word_bits - 1)};
      fault.probability = 0.5F;
      if (draw(0, 2) == 0) fault.batch = draw(0, 2);
      if (draw(0, 3) == 0) fault.part = draw(0, 1);
      const int time = draw(0, 3);
      if (time == 0) {
        fault.step = draw(0, 11);
      } else if (time == 1) {
        fault.cycle = draw(0, 30);
      } else {
        const auto kinds = fault_kinds(kPermanently | kInWindow, true);
        fault.kind = kinds[static_cast<std::size_t>(draw(0, static_cast<int>(kinds.size()) - 1))];
        const std::int64_t number = word * geometry_.word_bits + fault.cell.bit;
        if (time == 2) {
          fault.cycle = draw(0, 30);
          fault.until = fault.cycle + draw(1, 20);
        } else if (!permanent.insert(number).second) {
          continue;
        }
      }
      plan_.faults.push_back(fault);
    }
    expected_.resize(count);
    of_overlay_.resize(count);
    of_array_.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
      overlay_->arm(plan_.faults[i], plan_.seed, &of_overlay_[i]);
      if (array_) array_->faults().arm(plan_.faults[i], plan_.seed, &of_array_[i]);
    }
  }

  // Writes of a lane are in the same order in both clocks, and no read passes one; reads between
  // two writes come at any cycles between them.
  void run_batch(const reference::BatchNumber& number) {
    const BatchPlace place{number.batch, number.first_image,
                           static_cast<std::int32_t>(number.part)};
    overlay_->begin_batch(place);
    if (array_) array_->faults().begin_batch(place);
    reference::NaiveMemory naive(geometry_, lane_bits_, plan_, number);
    for (std::size_t lane = 0; lane < values_.size(); ++lane) {
      naive.write(static_cast<std::int64_t>(lane), values_[lane], {});
    }
    std::vector<int> written(values_.size(), 0);
    std::vector<int> last(values_.size(), 0);
    for (int step = 0; step < 12; ++step) {
      for (int access = draw(0, 10); access > 0; --access) {
        const auto lane = static_cast<std::size_t>(draw(0, static_cast<int>(values_.size()) - 1));
        const auto slot = static_cast<std::int64_t>(lane);
        reference::Moment now{step, 0, draw(0, 3), draw(0, 3)};
        const bool write = draw(0, 3) == 0;
        const int cycle = draw(write ? last[lane] : written[lane], last[lane] + 4);
        now.cycle = cycle;
        const Access own{now.step, now.cycle, now.pixel, now.index};
        if (write) {
          written[lane] = last[lane] = cycle;
          values_[lane] = any_value();
          naive.write(slot, values_[lane], now);
          if (overlay_->armed() && overlay_->marks(slot)) overlay_->write(slot, own);
          if (array_) array_->write(slot, static_cast<std::uint8_t>(values_[lane]), own);
          continue;
        }
        if (cycle < last[lane]) out_of_list_order_ = true;
        last[lane] = std::max(last[lane], cycle);
        const std::uint32_t wanted = naive.read(slot, now);
        const bool marked = overlay_->armed() && overlay_->marks(slot);
        ASSERT_EQ(marked ? overlay_->read(slot, values_[lane], own) : values_[lane], wanted);
        if (array_) {
          ASSERT_EQ(std::uint32_t{array_->read(slot, own)}, wanted);
        }
      }
    }
    naive.judge(expected_);
  }

  void count() {
    const auto any = [&](auto is) { return std::any_of(expected_.begin(), expected_.end(), is); };
    coverage_.wide_lanes += lane_bits_ > 8 ? 1 : 0;
    coverage_.fired += any([](const auto& own) { return own.reads_changed > 0; }) ? 1 : 0;
    coverage_.overwritten += any([](const auto& own) { return own.overwritten; }) ? 1 : 0;
    coverage_.out_of_list_order += out_of_list_order_ ? 1 : 0;
  }

  std::mt19937 random_;
  Coverage& coverage_;
  int lane_bits_ = 1;
  fault::MemoryGeometry geometry_;
  fault::FaultPlan plan_;
  std::optional<FaultOverlay> overlay_;
  std::optional<CellArray> array_;     ///< lanes of up to 8 bits
  std::vector<std::uint32_t> values_;  ///< [lane] as written last
  std::vector<measure::FaultOutcome> expected_;
  std::vector<measure::FaultOutcome> of_overlay_;
  std::vector<measure::FaultOutcome> of_array_;
  bool out_of_list_order_ = false;
};

TEST(CellArrayModel, AgreesWithOneObjectACell) {
  const unsigned cases = test::case_count(100'000, 3'000);
  Coverage coverage;
  for (unsigned seed = 1; seed <= cases; ++seed) {
    SCOPED_TRACE(seed);
    RandomCase(seed, coverage).run();
    if (HasFatalFailure()) return;
  }
  const int share = static_cast<int>(cases) / 4;
  EXPECT_GT(coverage.wide_lanes, share);
  EXPECT_GT(coverage.fired, share);
  EXPECT_GT(coverage.overwritten, share);
  EXPECT_GT(coverage.out_of_list_order, share);
}

}  // namespace
}  // namespace lacuna::memory
