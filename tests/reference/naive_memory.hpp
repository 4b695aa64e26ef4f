// A memory as one object a cell. A cell with faults keeps the list of all that was asked of it, and
// what an upset did is found by walking that list in the order of time. Nothing here is shared with
// the engines but the random numbers of read_disturb. Source: docs/faults.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "fault/geometry.hpp"
#include "fault/plan.hpp"
#include "measure/counters.hpp"

namespace lacuna::reference {

/// When an access is, in both clocks, and which one of its step.
struct Moment {
  std::int64_t step = -1;
  std::int64_t cycle = -1;
  std::int64_t pixel = 0;
  std::int64_t index = 0;
};

/// Which batch of a job it is.
struct BatchNumber {
  std::int64_t batch = 0;        ///< of its part
  std::int64_t first_image = 0;  ///< of its part
  std::int64_t part = 0;         ///< a model is one; of a workload each layer
  std::int64_t first_step = 0;   ///< of its part, in the job's program order
};

class NaiveMemory {
 public:
  /// As after power-up, all cells 0. A lane is what one read gives: `lane_bits` cells of a word.
  NaiveMemory(const fault::MemoryGeometry& geometry, std::int64_t lane_bits,
              const fault::FaultPlan& plan, const BatchNumber& batch);

  std::uint32_t read(std::int64_t lane, const Moment& now);
  void write(std::int64_t lane, std::uint32_t value, const Moment& now);

  /// Adds to `outcomes` what each fault did. Throws std::logic_error where a read has answered
  /// another thing than it would in the order of time.
  void judge(std::vector<measure::FaultOutcome>& outcomes) const;

 private:
  struct Event {
    Moment when;
    bool is_write = false;
    bool stored = false;  ///< read: the bit as it was last written; write: the new one
    bool answer = false;  ///< of a read
  };
  struct Cell {
    bool bit = false;
    std::int64_t number = 0;
    std::vector<std::size_t> faults;  ///< of this batch, as in the plan
    std::vector<Event> events;        ///< in program order; only of cells with faults
  };

  Cell& cell(std::int64_t lane, std::int64_t bit);
  std::int64_t time_in(const Moment& when, std::size_t fault) const;
  std::int64_t strike_of(std::size_t fault) const;
  bool is_struck(const Cell& cell, std::size_t fault, const Moment& now) const;
  bool acts(const Cell& cell, std::size_t fault, const Moment& now) const;
  bool answer(const Cell& cell, bool bit, const Moment& now) const;
  std::vector<bool> replay(const Cell& cell, const std::vector<std::size_t>& order,
                           std::size_t fault, measure::FaultOutcome& outcome) const;
  void judge_cell(const Cell& cell, std::vector<measure::FaultOutcome>& outcomes) const;

  std::int64_t lane_bits_;
  std::int64_t word_bits_;
  const fault::FaultPlan& plan_;
  BatchNumber batch_;
  std::vector<Cell> cells_;  ///< [word x word bits + bit]
};

}  // namespace lacuna::reference
