// The faults of the array's registers: PE weights, local accumulators, psum FIFOs. ArrayCore asks
// it at each access of a pass; what it answers is what the register gives.
//
// Times: docs/faults.md. Column c acts c cycles after column 0. The weights of a pixel's products
// are read when the pixel starts.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "memory/fault_overlay.hpp"
#include "systemc/array_geometry.hpp"

namespace lacuna::systemc {

/// The operand behind the code of a column's weight.
using WeightDecoder = std::function<std::int16_t(std::uint8_t code, int column)>;

class ArrayFaults {
 public:
  ArrayFaults(const ArrayGeometry& geometry, int weight_bits);

  memory::FaultOverlay& weights() { return weights_; }
  memory::FaultOverlay& accumulators() { return accumulators_; }
  memory::FaultOverlay& fifos() { return fifos_; }
  bool armed() const { return weights_.armed() || accumulators_.armed() || fifos_.armed(); }

  /// Weights for columns 0.. of a row's PEs are written: their codes.
  void load(int set, int row, int slot, const std::uint8_t* codes, int count,
            const memory::Access& access);

  /// A pass of `columns` channels begins at the access's cycle, with register set `set`; K indices
  /// are `indices`.
  void begin(int set, int columns, std::int64_t indices, WeightDecoder decode,
             const memory::Access& access);
  /// Pixel m of the pass starts in a row at an edge: its local accumulator is set to 0.
  void start_pixel(int row, std::int64_t pixel, std::int64_t edge);
  /// The weights that a product of the pixel that started at `start` multiplies.
  const std::int16_t* read_weights(int row, int slot, std::int64_t pixel, std::int64_t start,
                                   const std::int16_t* operands);
  /// A product, of index `index` of the pass, is added at an edge: `sums` become what the
  /// accumulators answer.
  void add_product(int row, std::int64_t pixel, std::int64_t index, std::int64_t edge,
                   std::int32_t* sums);
  /// What the local accumulators, and the FIFO's place, answer to a commit.
  const std::int32_t* commit_accumulators(int row, std::int64_t pixel, std::int64_t edge,
                                          const std::int32_t* sums);
  const std::int32_t* commit_fifo(int row, std::int64_t pixel, std::int64_t edge,
                                  const std::int32_t* psums);
  /// The FIFO of a row gets the psum of a pixel.
  void push(int row, std::int64_t pixel, std::int64_t edge);

 private:
  /// ArrayCore works on whole vectors of this many columns.
  static constexpr int kLaneGroup = 16;
  /// Faulty columns of each register of all columns: [register].
  using Columns = std::vector<std::vector<int>>;
  /// A register of all columns.
  std::size_t weight_place(int set, int row, int slot) const {
    return static_cast<std::size_t>(
        (std::int64_t{set} * geometry_.rows + row) * geometry_.weights_per_pe + slot);
  }
  std::size_t accumulator_place(int row, std::int64_t pixel) const {
    return static_cast<std::size_t>(row * geometry_.local_accumulators +
                                    pixel % geometry_.local_accumulators);
  }
  std::size_t fifo_place(int row, std::int64_t pixel) const {
    return static_cast<std::size_t>(row * geometry_.psum_fifo_depth +
                                    pixel % geometry_.psum_fifo_depth);
  }
  std::int64_t weight_lane(int set, int row, int slot, int column) const;
  std::int64_t accumulator_lane(int row, std::int64_t pixel, int column) const;
  std::int64_t fifo_lane(int row, std::int64_t pixel, int column) const;
  memory::Access at(std::int64_t edge, int column, std::int64_t pixel, std::int64_t index) const {
    return {pass_.step, pass_.cycle + edge + column, pixel, index};
  }
  void find_columns();
  const std::int32_t* answers(memory::FaultOverlay& overlay, const std::vector<int>& columns,
                              const std::function<std::int64_t(int)>& lane, std::int64_t edge,
                              std::int64_t pixel, const std::int32_t* stored,
                              std::vector<std::int32_t>& scratch);

  ArrayGeometry geometry_;
  memory::FaultOverlay weights_;
  memory::FaultOverlay accumulators_;
  memory::FaultOverlay fifos_;
  Columns weight_columns_;
  Columns accumulator_columns_;
  Columns fifo_columns_;
  bool found_ = false;
  std::vector<std::uint8_t> codes_;  ///< [set][row][slot][col]

  // Of the pass.
  int set_ = 0;
  int columns_ = 0;
  std::int64_t indices_ = 0;
  WeightDecoder decode_;
  memory::Access pass_;
  std::vector<std::int16_t> operands_;
  std::vector<std::int32_t> own_;
  std::vector<std::int32_t> above_;
};

}  // namespace lacuna::systemc
