// The weight-stationary PE array, without a kernel: one step() a clock edge.
//
// What it is: rows x cols PEs with D weights each (two sets when shadowed), 1 or 2 local
// accumulators a PE, and a psum FIFO of depth F at the top of every PE but those of row 0.
// Timing: docs/timing.md, "Weight-stationary array". A row issues one activation a cycle; a pixel
// is done at the edge that adds its last product, and is committed (accumulator + psum from above,
// to the row below) at the first edge at which the psum from above was there one edge before and
// the FIFO below had room one edge before.
//
// Retimed columns: columns run in lockstep, column c exactly c cycles behind column 0, and nothing
// ever flows left. So the core holds the registers of column c as they will be c cycles later, and
// one step works on whole rows of PEs: state(t) of column c here is the state of the physical
// column c at t + c. The drain of C - 1 cycles after the last commit belongs to the caller.
//
// Memories owned: PE weight registers, local accumulators, psum FIFOs.
#pragma once

#include <cstdint>
#include <vector>

#include "systemc/array_faults.hpp"
#include "systemc/array_geometry.hpp"

namespace lacuna::systemc {

/// What travels along a row in one cycle.
struct Token {
  std::int16_t activation = 0;  ///< operand
  std::uint8_t slot = 0;        ///< which of the PE's weights
  bool product = true;          ///< false: gated, the PEs do not multiply
  std::int32_t index = 0;       ///< reduction index of the pass
};

/// Where the array gets its activations from: the zero-skipping feeders, one a row.
class TokenSource {
 public:
  virtual ~TokenSource() = default;
  /// Work of a row for one pixel.
  struct PixelWork {
    std::int32_t tokens = 0;  ///< activations to issue
    std::int32_t slots = 1;   ///< cycles it takes: max(1, tokens, bitmap words)
  };
  /// Row `row` turns to its next pixel (0, 1, 2, ... of the pass).
  virtual PixelWork begin_pixel(int row) = 0;
  /// The next activation of the row's current pixel.
  virtual Token issue(int row) = 0;
};

/// Where the psums of the last row go: the accumulator SRAM.
class PsumSink {
 public:
  virtual ~PsumSink() = default;
  /// `psums` of the lanes of pixel `pixel` of the pass.
  virtual void accumulate(std::int64_t pixel, const std::int32_t* psums) = 0;
};

/// Injected back-pressure: a commit of `row` that would happen at `edge` waits when this says so.
class CommitStall {
 public:
  virtual ~CommitStall() = default;
  virtual bool stalled(int row, std::int64_t edge) = 0;
};

class ArrayCore {
 public:
  explicit ArrayCore(const ArrayGeometry& geometry);

  /// Writes one weight register of each PE of a row: `count` weights for columns 0.. .
  void load(int set, int row, int slot, const std::int16_t* weights, int count);

  /// Starts a pass of `pixels` pixels over the lowest `rows` rows with register set `set`; edge 0.
  /// `faults`, if there are any, have begun the pass.
  void begin(int rows, std::int64_t pixels, int set, TokenSource& source, PsumSink& sink,
             CommitStall* stall = nullptr, ArrayFaults* faults = nullptr);

  /// One clock edge. False once the last row has committed the last pixel (at this edge).
  bool step();

  std::int64_t edge() const { return edge_; }  ///< edges since begin()
  /// Issue slots that a row has spent in this pass: the sum of s(m, r).
  std::int64_t busy(int row) const { return row_[static_cast<std::size_t>(row)].busy; }

  // State for tests: registers of a row, all columns (retimed, see above).
  struct RowState {
    std::int64_t pixel = 0;  ///< pixel that is issued, or next to start
    bool issuing = false;
    std::int32_t tokens = 0;   ///< left of the pixel
    std::int32_t slots = 0;    ///< left of the pixel
    std::int64_t done = 0;     ///< pixels done
    std::int64_t commits = 0;  ///< pixels committed
    std::int64_t busy = 0;
    std::int64_t start = 0;    ///< edge at which the pixel that is issued started
    bool token_valid = false;  ///< the token register, as latched at this edge
    Token token;
  };
  const RowState& row_state(int row) const { return row_[static_cast<std::size_t>(row)]; }
  /// Local accumulator of PE (row, col); pixel m uses accumulator m % local_accumulators.
  std::int32_t accumulator(int row, int index, int col) const {
    return accumulators_[lane(row, index, geometry_.local_accumulators) +
                         static_cast<std::size_t>(col)];
  }
  /// Psum that row `row` got for pixel m, in FIFO place m % F.
  std::int32_t fifo(int row, int place, int col) const {
    return fifo_[lane(row, place, geometry_.psum_fifo_depth) + static_cast<std::size_t>(col)];
  }

 private:
  std::size_t lane(int row, std::int64_t index, int depth) const {
    return static_cast<std::size_t>((std::int64_t{row} * depth + index) * stride_);
  }
  void start_pixel(int row);
  void commit(int row);

  ArrayGeometry geometry_;
  std::int64_t stride_;                     ///< columns, rounded up for whole vectors
  std::vector<std::int16_t> weights_;       ///< [set][row][slot][col]
  std::vector<std::int32_t> accumulators_;  ///< [row][local accumulator][col]
  std::vector<std::int32_t> fifo_;          ///< [row][place][col]
  std::vector<std::int32_t> bottom_;        ///< psums that leave the last row
  std::vector<RowState> row_;

  int rows_ = 0;
  std::int64_t pixels_ = 0;
  int set_ = 0;
  std::int64_t edge_ = 0;
  TokenSource* source_ = nullptr;
  PsumSink* sink_ = nullptr;
  CommitStall* stall_ = nullptr;
  ArrayFaults* faults_ = nullptr;
};

}  // namespace lacuna::systemc
