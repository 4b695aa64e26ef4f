// A weight-stationary array at register level, one object a PE: the slow model that the array core
// is compared with, in every register and every cycle. It knows no closed form and no retiming.
//
// Every register is written at a clock edge from the values that registers held before it.
//  - Feeder of row r: in the cycle after edge t the token register of PE (r, 0) holds the row's
//    next slot, or nothing (a bubble). A pixel takes s = max(1, tokens, minimum slots) slots: its
//    tokens first, then empty ones; the last slot is marked.
//  - A token moves one column a cycle. At each edge a PE adds weight[slot] * activation of a valid
//    token to the local accumulator that the token selects.
//  - At an edge, row r commits its oldest pixel that is not committed when its last slot is in
//    column 0 or has passed it, the psum FIFO of PE (r, 0) held a psum before the edge (row 0 needs
//    none), and that of PE (r + 1, 0) had a free place before the edge (the last row needs none).
//    The decision travels right with the row, one column a cycle.
//  - A PE that commits adds to the selected accumulator the product of this edge, if it is for
//    that accumulator, and the psum at the head of its FIFO, which is popped; the sum goes to the
//    FIFO of the PE below, or leaves the array; the accumulator is then zero.
//  - A row feeds its next pixel's first slot at the edge from which on a local accumulator is free.
#pragma once

#include <cstdint>
#include <vector>

namespace lacuna::reference {

struct ArrayToken {
  bool present = false;  ///< false: a bubble, the row does nothing in this cycle
  bool valid = false;    ///< carries an activation
  bool last = false;     ///< last slot of its pixel
  int accumulator = 0;   ///< local accumulator of its pixel
  int slot = 0;
  std::uint8_t activation = 0;
};

struct IssueSlot {
  int slot = 0;
  std::uint8_t activation = 0;
};

/// What a row has to do for one pixel.
struct RowPixel {
  std::vector<IssueSlot> issue;
  std::int64_t min_slots = 0;  ///< b(r)
};

struct PassInput {
  int rows = 1;
  int cols = 1;
  int local_accumulators = 1;
  int psum_fifo_depth = 2;
  std::vector<std::vector<std::vector<std::int16_t>>> weights;  ///< [row][slot][col]
  std::vector<std::vector<RowPixel>> pixels;                    ///< [pixel][row]
};

struct PeState {
  ArrayToken token;
  bool commits = false;  ///< at the next edge, by a decision that came from the left (not col 0)
  int commit_select = 0;
  std::vector<std::int32_t> accumulators;
  std::vector<std::int32_t> fifo;  ///< head first
};

/// State of all PEs in the cycle after an edge, [row][col].
using ArrayState = std::vector<std::vector<PeState>>;

/// A psum that leaves the bottom edge of the array.
struct BottomPsum {
  std::int64_t edge = 0;
  int lane = 0;
  std::int64_t pixel = 0;
  std::int32_t value = 0;
};

struct PassTrace {
  std::vector<ArrayState> edges;  ///< state after edge 0 (stream start), 1, 2, ...
  std::vector<BottomPsum> psums;  ///< in order of edges, then lanes
  std::int64_t cycles = 0;        ///< edge at which the last psum has left
};

PassTrace run_per_pe_array(const PassInput& input);

}  // namespace lacuna::reference
