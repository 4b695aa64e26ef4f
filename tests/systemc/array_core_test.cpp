// The engine's array core, which steps whole rows in retimed columns, against the model with one
// object a PE: every register of every column in every cycle. State t of column c in the core is
// state t + c of that column here.
#include "systemc/array_core.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "reference/pass_recurrence.hpp"
#include "reference/per_pe_array.hpp"
#include "reference/random_pass.hpp"
#include "share.hpp"

namespace lacuna::reference {
namespace {

int trials() { return static_cast<int>(test::case_count(2'000, 2'000, 400)); }

using systemc::ArrayCore;
using systemc::ArrayGeometry;

class PassSource : public systemc::TokenSource {
 public:
  explicit PassSource(const PassInput& pass)
      : pass_(pass), pixel_(pass.pixels[0].size(), -1), issued_(pass.pixels[0].size(), 0) {}

  PixelWork begin_pixel(int row) override {
    const auto r = static_cast<std::size_t>(row);
    ++pixel_[r];
    issued_[r] = 0;
    const RowPixel& work = current(r);
    const auto tokens = static_cast<std::int64_t>(work.issue.size());
    return {static_cast<std::int32_t>(tokens),
            static_cast<std::int32_t>(slots_of({tokens, work.min_slots}))};
  }
  systemc::Token issue(int row) override {
    const auto r = static_cast<std::size_t>(row);
    const IssueSlot& slot = current(r).issue[issued_[r]++];
    return {slot.activation, static_cast<std::uint8_t>(slot.slot)};
  }

 private:
  const RowPixel& current(std::size_t row) const {
    return pass_.pixels[static_cast<std::size_t>(pixel_[row])][row];
  }
  const PassInput& pass_;
  std::vector<std::int64_t> pixel_;
  std::vector<std::size_t> issued_;
};

class PassSink : public systemc::PsumSink {
 public:
  explicit PassSink(int cols) : cols_(cols) {}
  void accumulate(std::int64_t pixel, const std::int32_t* psums) override {
    pixels.push_back(pixel);
    values.emplace_back(psums, psums + cols_);
  }
  std::vector<std::int64_t> pixels;
  std::vector<std::vector<std::int32_t>> values;

 private:
  int cols_;
};

/// Compares one pass, register by register. Empty text: no difference.
class Comparison {
 public:
  Comparison(const PassInput& pass, ArrayCore& core, int set)
      : pass_(pass), core_(core), set_(set), trace_(run_per_pe_array(pass)) {}

  std::string run() {
    load();
    if (!before_arrival()) return difference_;
    PassSource source(pass_);
    PassSink sink(pass_.cols);
    core_.begin(pass_.rows, static_cast<std::int64_t>(pass_.pixels.size()), set_, source, sink);
    bool more = true;
    for (std::int64_t edge = 1; more; ++edge) {
      if (edge > trace_.cycles) return "the core goes on after the last psum has left";
      const std::vector<std::int64_t> commits = commit_counts();
      const std::size_t left = sink.pixels.size();
      more = core_.step();
      if (core_.edge() != edge) return fmt::format("edge {} says {}", edge, core_.edge());
      for (int row = 0; row < pass_.rows; ++row) {
        for (int col = 0; col < pass_.cols; ++col) {
          if (!tokens(edge, row, col) || !accumulators(edge, row, col) || !fifo(edge, row, col) ||
              !decisions(edge, row, col, commits[static_cast<std::size_t>(row)])) {
            return difference_;
          }
        }
      }
      if (!psums(edge, sink, left)) return difference_;
    }
    const std::int64_t drained = core_.edge() + pass_.cols - 1;
    if (drained != trace_.cycles) {
      return fmt::format("the core ends at {}, the array at {}", drained, trace_.cycles);
    }
    return busy();
  }

 private:
  void load() {
    for (int row = 0; row < pass_.rows; ++row) {
      const auto& slots = pass_.weights[static_cast<std::size_t>(row)];
      for (std::size_t slot = 0; slot < slots.size(); ++slot) {
        core_.load(set_, row, static_cast<int>(slot), slots[slot].data(), pass_.cols);
      }
    }
  }

  bool differ(const std::string& what) {
    difference_ = what;
    return false;
  }
  const PeState& pe(std::int64_t edge, int row, int col) const {
    return trace_.edges[static_cast<std::size_t>(edge)][static_cast<std::size_t>(row)]
                       [static_cast<std::size_t>(col)];
  }
  std::vector<std::int64_t> commit_counts() const {
    std::vector<std::int64_t> counts;
    for (int row = 0; row < pass_.rows; ++row) counts.push_back(core_.row_state(row).commits);
    return counts;
  }

  // Column c has nothing to do before edge c.
  bool before_arrival() {
    for (int col = 1; col < pass_.cols; ++col) {
      for (std::int64_t edge = 0; edge < std::min<std::int64_t>(col, trace_.cycles); ++edge) {
        for (int row = 0; row < pass_.rows; ++row) {
          const PeState& state = pe(edge, row, col);
          if (state.token.present || state.commits || !state.fifo.empty()) {
            return differ(fmt::format("PE ({}, {}) is busy at edge {}", row, col, edge));
          }
        }
      }
    }
    return true;
  }

  // The token that the core consumes at `edge` was in the register before that edge.
  bool tokens(std::int64_t edge, int row, int col) {
    const ArrayCore::RowState& core = core_.row_state(row);
    const ArrayToken& token = pe(edge - 1 + col, row, col).token;
    const bool same = core.token_valid == token.valid &&
                      (!token.valid || (core.token.activation == token.activation &&
                                        core.token.slot == token.slot));
    return same || differ(fmt::format("token of PE ({}, {}), edge {}", row, col, edge));
  }

  // Accumulators of pixels that have started and are not committed; others are free and hold
  // nothing here, while the core clears them when they are taken.
  bool accumulators(std::int64_t edge, int row, int col) {
    const ArrayCore::RowState& core = core_.row_state(row);
    const PeState& state = pe(edge + col, row, col);
    const std::int64_t started = core.pixel + (core.issuing ? 1 : 0);
    std::map<int, std::int64_t> live;
    for (std::int64_t m = core.commits; m < started; ++m) {
      live[static_cast<int>(m % pass_.local_accumulators)] = m;
    }
    for (int i = 0; i < pass_.local_accumulators; ++i) {
      const std::int32_t expected = live.count(i) != 0 ? core_.accumulator(row, i, col) : 0;
      if (state.accumulators[static_cast<std::size_t>(i)] != expected) {
        return differ(fmt::format("accumulator {} of PE ({}, {}), edge {}: {} instead of {}", i,
                                  row, col, edge, expected,
                                  state.accumulators[static_cast<std::size_t>(i)]));
      }
    }
    return true;
  }

  bool fifo(std::int64_t edge, int row, int col) {
    if (row == 0) return true;
    const std::vector<std::int32_t>& held = pe(edge + col, row, col).fifo;
    const std::int64_t first = core_.row_state(row).commits;
    const std::int64_t last = core_.row_state(row - 1).commits;
    if (static_cast<std::int64_t>(held.size()) != last - first) {
      return differ(fmt::format("FIFO of PE ({}, {}), edge {}: {} psums instead of {}", row, col,
                                edge, last - first, held.size()));
    }
    for (std::int64_t m = first; m < last; ++m) {
      const auto place = static_cast<int>(m % pass_.psum_fifo_depth);
      if (core_.fifo(row, place, col) != held[static_cast<std::size_t>(m - first)]) {
        return differ(
            fmt::format("psum {} in the FIFO of PE ({}, {}), edge {}", m, row, col, edge));
      }
    }
    return true;
  }

  // A commit at `edge` reaches column c > 0 through its decision register, one edge before.
  bool decisions(std::int64_t edge, int row, int col, std::int64_t commits_before) {
    if (col == 0) return true;
    const PeState& state = pe(edge + col - 1, row, col);
    const bool commits = core_.row_state(row).commits != commits_before;
    const bool same =
        state.commits == commits &&
        (!commits || state.commit_select == commits_before % pass_.local_accumulators);
    return same || differ(fmt::format("commit of PE ({}, {}), edge {}", row, col, edge));
  }

  bool psums(std::int64_t edge, const PassSink& sink, std::size_t before) {
    std::map<std::pair<std::int64_t, int>, BottomPsum> leaving;  // by core edge and lane
    for (const BottomPsum& psum : trace_.psums) leaving[{psum.edge - psum.lane, psum.lane}] = psum;
    const bool committed = sink.pixels.size() != before;
    for (int lane = 0; lane < pass_.cols; ++lane) {
      const auto found = leaving.find({edge, lane});
      if ((found != leaving.end()) != committed) {
        return differ(fmt::format("psum of lane {}, edge {}", lane, edge));
      }
      if (committed &&
          (found->second.pixel != sink.pixels.back() ||
           found->second.value != sink.values.back()[static_cast<std::size_t>(lane)])) {
        return differ(fmt::format("psum of lane {}, edge {}: {} instead of {}", lane, edge,
                                  sink.values.back()[static_cast<std::size_t>(lane)],
                                  found->second.value));
      }
    }
    return true;
  }

  std::string busy() {
    const auto slots = slots_of_pass(pass_);
    for (int row = 0; row < pass_.rows; ++row) {
      std::int64_t sum = 0;
      for (const auto& pixel : slots) sum += pixel[static_cast<std::size_t>(row)];
      if (core_.busy(row) != sum) return fmt::format("busy slots of row {}", row);
    }
    return "";
  }

  const PassInput& pass_;
  ArrayCore& core_;
  int set_;
  PassTrace trace_;
  std::string difference_;
};

TEST(ArrayCore, HoldsTheSameRegistersAsTheArrayOfPes) {
  std::mt19937 random(7);
  for (int trial = 0; trial < trials(); ++trial) {
    const RandomMachine machine = random_machine(random);
    const int sets = draw(random, 1, 2);
    ArrayCore core(ArrayGeometry{machine.rows, machine.cols, machine.weights_per_pe, sets,
                                 machine.psum_fifo_depth, machine.local_accumulators});
    // Three passes one after another: nothing of a pass may be left in the next.
    for (int p = 0; p < 3; ++p) {
      const PassInput pass = random_pass(machine, random);
      ASSERT_EQ(Comparison(pass, core, p % sets).run(), "")
          << fmt::format("trial {}, pass {}: {} x {} of {}, D {}, F {}, {} accumulators, {} pixels",
                         trial, p, pass.rows, pass.cols, machine.rows, machine.weights_per_pe,
                         machine.psum_fifo_depth, machine.local_accumulators, pass.pixels.size());
    }
  }
}

TEST(ArrayCore, KeepsTheRecurrenceOnLargerArrays) {
  // Too large for the array of PEs in a test: edges of the last row's commits, and the sums.
  std::mt19937 random(11);
  for (int trial = 0; trial < trials(); ++trial) {
    RandomMachine machine{draw(random, 8, 32), draw(random, 17, 40), draw(random, 1, 16),
                          draw(random, 1, 2), draw(random, 2, 6)};
    const PassInput pass = random_pass(machine, random);
    ArrayCore core(ArrayGeometry{machine.rows, machine.cols, machine.weights_per_pe, 1,
                                 machine.psum_fifo_depth, machine.local_accumulators});
    for (int row = 0; row < pass.rows; ++row) {
      for (int slot = 0; slot < machine.weights_per_pe; ++slot) {
        core.load(
            0, row, slot,
            pass.weights[static_cast<std::size_t>(row)][static_cast<std::size_t>(slot)].data(),
            pass.cols);
      }
    }
    const PassTimes times =
        pass_times(slots_of_pass(pass), {pass.cols, pass.psum_fifo_depth, pass.local_accumulators});
    PassSource source(pass);
    PassSink sink(pass.cols);
    core.begin(pass.rows, static_cast<std::int64_t>(pass.pixels.size()), 0, source, sink);
    std::vector<std::int64_t> edges;
    while (true) {
      const std::size_t before = sink.pixels.size();
      const bool more = core.step();
      if (sink.pixels.size() != before) edges.push_back(core.edge());
      if (!more) break;
      ASSERT_LT(core.edge(), 100000);
    }
    ASSERT_EQ(edges.size(), pass.pixels.size());
    for (std::size_t m = 0; m < edges.size(); ++m) {
      ASSERT_EQ(edges[m], times.commit[m].back()) << "trial " << trial << ", pixel " << m;
      for (std::size_t lane = 0; lane < sink.values[m].size(); ++lane) {
        ASSERT_EQ(sink.values[m][lane], pixel_sum(pass, m, lane)) << "trial " << trial;
      }
    }
  }
}

/// Refuses a share of the commits that could happen, a pure function of row, edge and seed.
class RandomStall : public systemc::CommitStall {
 public:
  RandomStall(std::uint32_t seed, std::uint32_t percent) : seed_(seed), percent_(percent) {}
  bool stalled(int row, std::int64_t edge) override {
    std::uint32_t hash = seed_ + static_cast<std::uint32_t>(row) * 2654435761U;
    hash ^= static_cast<std::uint32_t>(edge) * 2246822519U;
    hash ^= hash >> 15;
    hash *= 3266489917U;
    hash ^= hash >> 13;
    const bool refused = hash % 100 < percent_;
    refusals += refused;
    return refused;
  }
  int refusals = 0;

 private:
  std::uint32_t seed_;
  std::uint32_t percent_;
};

TEST(ArrayCore, InjectedStallsDelayCommitsAndChangeNoValue) {
  std::mt19937 random(23);
  int refusals = 0;
  for (int trial = 0; trial < trials(); ++trial) {
    const RandomMachine machine = random_machine(random);
    const PassInput pass = random_pass(machine, random);
    ArrayCore core(ArrayGeometry{machine.rows, machine.cols, machine.weights_per_pe, 1,
                                 machine.psum_fifo_depth, machine.local_accumulators});
    for (int row = 0; row < pass.rows; ++row) {
      const auto& slots = pass.weights[static_cast<std::size_t>(row)];
      for (std::size_t slot = 0; slot < slots.size(); ++slot) {
        core.load(0, row, static_cast<int>(slot), slots[slot].data(), pass.cols);
      }
    }
    const PassTimes times =
        pass_times(slots_of_pass(pass), {pass.cols, pass.psum_fifo_depth, pass.local_accumulators});
    RandomStall stall(static_cast<std::uint32_t>(trial),
                      static_cast<std::uint32_t>(draw(random, 10, 90)));
    PassSource source(pass);
    PassSink sink(pass.cols);
    core.begin(pass.rows, static_cast<std::int64_t>(pass.pixels.size()), 0, source, sink, &stall);
    std::size_t pixels = 0;
    bool more = true;
    while (more) {
      more = core.step();
      ASSERT_LT(core.edge(), 100000) << "trial " << trial;
      if (sink.pixels.size() == pixels) continue;
      ASSERT_EQ(sink.pixels.size(), pixels + 1) << "trial " << trial;
      EXPECT_EQ(sink.pixels[pixels], static_cast<std::int64_t>(pixels));
      EXPECT_GE(core.edge(), times.commit[pixels].back()) << "trial " << trial;
      ++pixels;
    }
    ASSERT_EQ(pixels, pass.pixels.size()) << "trial " << trial;
    for (std::size_t m = 0; m < pixels; ++m) {
      for (std::size_t lane = 0; lane < sink.values[m].size(); ++lane) {
        ASSERT_EQ(sink.values[m][lane], pixel_sum(pass, m, lane)) << "trial " << trial;
      }
    }
    refusals += stall.refusals;
  }
  EXPECT_GT(refusals, 10000);
}

}  // namespace
}  // namespace lacuna::reference
