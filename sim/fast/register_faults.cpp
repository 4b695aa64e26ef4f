#include "fast/register_faults.hpp"

#include <algorithm>

#include "fast/index.hpp"

namespace lacuna::fast {
namespace {

constexpr int kRegisterSumBits = 32;

}  // namespace

Registers::Registers(const arch::ArraySpec& array, int first_row, int places, int bits)
    : first_row_(first_row),
      rows_(array.rows - first_row),
      cols_(array.cols),
      places_(places),
      faults_({std::int64_t{rows_} * cols_ * places, bits, std::max(1, rows_ * cols_)}, bits) {}

const std::vector<int>& Registers::columns(int place, int row) {
  if (columns_.empty()) {
    columns_.resize(at(std::int64_t{places_} * std::max(1, rows_)));
    for (const std::int64_t lane : faults_.marked()) {
      columns_[at(lane / cols_)].push_back(static_cast<int>(lane % cols_));
    }
  }
  return columns_[at(std::int64_t{place} * rows_ + row - first_row_)];
}

RegisterFaults::RegisterFaults(const arch::ArraySpec& array, int weight_bits)
    : weights(array, 0,
              (array.weight_load == arch::WeightLoad::kShadowed ? 2 : 1) * array.weights_per_pe,
              weight_bits),
      accumulators(array, 0, array.local_accumulators, kRegisterSumBits),
      fifos(array, 1, array.psum_fifo_depth, kRegisterSumBits) {}

}  // namespace lacuna::fast
