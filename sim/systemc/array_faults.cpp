#include "systemc/array_faults.hpp"

#include <algorithm>
#include <utility>

namespace lacuna::systemc {
namespace {

constexpr int kSumBits = 32;

// The PEs are the banks of these memories, and their registers the rows (memory/memories.hpp).
memory::CellGrid grid(int rows, int cols, int registers, int bits) {
  return {std::int64_t{rows} * cols * registers, bits, std::max(1, rows * cols)};
}

}  // namespace

ArrayFaults::ArrayFaults(const ArrayGeometry& geometry, int weight_bits)
    : geometry_(geometry),
      weights_(
          grid(geometry.rows, geometry.cols, geometry.sets * geometry.weights_per_pe, weight_bits),
          weight_bits),
      accumulators_(grid(geometry.rows, geometry.cols, geometry.local_accumulators, kSumBits),
                    kSumBits),
      fifos_(grid(geometry.rows - 1, geometry.cols, geometry.psum_fifo_depth, kSumBits), kSumBits),
      operands_(static_cast<std::size_t>(geometry.cols + kLaneGroup)),
      own_(static_cast<std::size_t>(geometry.cols + kLaneGroup)),
      above_(static_cast<std::size_t>(geometry.cols + kLaneGroup)) {}

std::int64_t ArrayFaults::weight_lane(int set, int row, int slot, int column) const {
  const std::int64_t pe = std::int64_t{row} * geometry_.cols + column;
  return (std::int64_t{set} * geometry_.weights_per_pe + slot) * geometry_.rows * geometry_.cols +
         pe;
}

std::int64_t ArrayFaults::accumulator_lane(int row, std::int64_t pixel, int column) const {
  return pixel % geometry_.local_accumulators * geometry_.rows * geometry_.cols +
         std::int64_t{row} * geometry_.cols + column;
}

// Row 0 has none.
std::int64_t ArrayFaults::fifo_lane(int row, std::int64_t pixel, int column) const {
  return pixel % geometry_.psum_fifo_depth * (geometry_.rows - 1) * geometry_.cols +
         std::int64_t{row - 1} * geometry_.cols + column;
}

void ArrayFaults::find_columns() {
  found_ = true;
  const std::int64_t pes = std::int64_t{geometry_.rows} * geometry_.cols;
  weight_columns_.resize(static_cast<std::size_t>(std::int64_t{geometry_.sets} * geometry_.rows *
                                                  geometry_.weights_per_pe));
  for (const std::int64_t lane : weights_.marked()) {
    const auto pe = static_cast<int>(lane % pes);
    const auto place = static_cast<int>(lane / pes);
    weight_columns_[weight_place(place / geometry_.weights_per_pe, pe / geometry_.cols,
                                 place % geometry_.weights_per_pe)]
        .push_back(pe % geometry_.cols);
  }
  accumulator_columns_.resize(
      static_cast<std::size_t>(std::int64_t{geometry_.rows} * geometry_.local_accumulators));
  for (const std::int64_t lane : accumulators_.marked()) {
    const auto pe = static_cast<int>(lane % pes);
    accumulator_columns_[accumulator_place(pe / geometry_.cols, lane / pes)].push_back(
        pe % geometry_.cols);
  }
  fifo_columns_.resize(
      static_cast<std::size_t>(std::int64_t{geometry_.rows} * geometry_.psum_fifo_depth));
  const std::int64_t below = pes - geometry_.cols;
  for (const std::int64_t lane : fifos_.marked()) {
    const auto pe = static_cast<int>(lane % below);
    fifo_columns_[fifo_place(pe / geometry_.cols + 1, lane / below)].push_back(pe % geometry_.cols);
  }
  codes_.resize(weight_columns_.size() * static_cast<std::size_t>(geometry_.cols));
}

void ArrayFaults::load(int set, int row, int slot, const std::uint8_t* codes, int count,
                       const memory::Access& access) {
  if (!found_) find_columns();
  const std::size_t place = weight_place(set, row, slot);
  std::copy(codes, codes + count,
            codes_.begin() + static_cast<std::ptrdiff_t>(place) * geometry_.cols);
  for (const int column : weight_columns_[place]) {
    if (column < count) weights_.write(weight_lane(set, row, slot, column), access);
  }
}

void ArrayFaults::begin(int set, int columns, std::int64_t indices, WeightDecoder decode,
                        const memory::Access& access) {
  if (!found_) find_columns();
  set_ = set;
  columns_ = columns;
  indices_ = indices;
  decode_ = std::move(decode);
  pass_ = access;
}

void ArrayFaults::start_pixel(int row, std::int64_t pixel, std::int64_t edge) {
  for (const int column : accumulator_columns_[accumulator_place(row, pixel)]) {
    if (column >= columns_) continue;
    accumulators_.write(accumulator_lane(row, pixel, column), at(edge, column, pixel, 0));
  }
}

const std::int16_t* ArrayFaults::read_weights(int row, int slot, std::int64_t pixel,
                                              std::int64_t start, const std::int16_t* operands) {
  const std::size_t place = weight_place(set_, row, slot);
  const std::vector<int>& faulty = weight_columns_[place];
  if (faulty.empty()) return operands;
  std::copy(operands, operands + columns_, operands_.begin());
  for (const int column : faulty) {
    if (column >= columns_) continue;
    const std::uint8_t code =
        codes_[place * static_cast<std::size_t>(geometry_.cols) + static_cast<std::size_t>(column)];
    const auto answer = static_cast<std::uint8_t>(
        weights_.read(weight_lane(set_, row, slot, column), code, at(start, column, pixel, slot)));
    operands_[static_cast<std::size_t>(column)] = decode_(answer, column);
  }
  return operands_.data();
}

void ArrayFaults::add_product(int row, std::int64_t pixel, std::int64_t index, std::int64_t edge,
                              std::int32_t* sums) {
  for (const int column : accumulator_columns_[accumulator_place(row, pixel)]) {
    if (column >= columns_) continue;
    const std::int64_t lane = accumulator_lane(row, pixel, column);
    const memory::Access access = at(edge, column, pixel, index);
    sums[column] = static_cast<std::int32_t>(
        accumulators_.read(lane, static_cast<std::uint32_t>(sums[column]), access));
    accumulators_.write(lane, access);
  }
}

const std::int32_t* ArrayFaults::answers(memory::FaultOverlay& overlay,
                                         const std::vector<int>& columns,
                                         const std::function<std::int64_t(int)>& lane,
                                         std::int64_t edge, std::int64_t pixel,
                                         const std::int32_t* stored,
                                         std::vector<std::int32_t>& scratch) {
  if (columns.empty()) return stored;
  std::copy(stored, stored + columns_, scratch.begin());
  for (const int column : columns) {
    if (column >= columns_) continue;
    scratch[static_cast<std::size_t>(column)] = static_cast<std::int32_t>(
        overlay.read(lane(column), static_cast<std::uint32_t>(stored[column]),
                     at(edge, column, pixel, indices_)));
  }
  return scratch.data();
}

const std::int32_t* ArrayFaults::commit_accumulators(int row, std::int64_t pixel, std::int64_t edge,
                                                     const std::int32_t* sums) {
  return answers(
      accumulators_, accumulator_columns_[accumulator_place(row, pixel)],
      [&](int column) { return accumulator_lane(row, pixel, column); }, edge, pixel, sums, own_);
}

const std::int32_t* ArrayFaults::commit_fifo(int row, std::int64_t pixel, std::int64_t edge,
                                             const std::int32_t* psums) {
  return answers(
      fifos_, fifo_columns_[fifo_place(row, pixel)],
      [&](int column) { return fifo_lane(row, pixel, column); }, edge, pixel, psums, above_);
}

void ArrayFaults::push(int row, std::int64_t pixel, std::int64_t edge) {
  for (const int column : fifo_columns_[fifo_place(row, pixel)]) {
    if (column >= columns_) continue;
    fifos_.write(fifo_lane(row, pixel, column), at(edge, column, pixel, indices_));
  }
}

}  // namespace lacuna::systemc
