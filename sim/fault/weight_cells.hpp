// From weights to the cells that hold them. The fault readers ask; the residency map of a schedule
// answers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "memory/cell_array.hpp"

namespace lacuna::fault {

/// One weight: out channel of the layer, kernel row, kernel column, input channel of the group.
struct WeightIndex {
  std::int64_t out = 0;
  std::int64_t ky = 0;
  std::int64_t kx = 0;
  std::int64_t in = 0;
};

/// Extents of a layer's weight tensor [out][ky][kx][in of the group], and the bits of one weight.
struct WeightShape {
  std::int64_t out = 0;
  std::int64_t kernel_h = 0;
  std::int64_t kernel_w = 0;
  std::int64_t in = 0;
  int bits = 0;

  std::int64_t values() const { return out * kernel_h * kernel_w * in; }
};

class WeightCells {
 public:
  WeightCells() = default;
  virtual ~WeightCells() = default;
  WeightCells(const WeightCells&) = delete;
  WeightCells& operator=(const WeightCells&) = delete;

  /// Names of the layers that have weights.
  virtual std::vector<std::string> layers() const = 0;

  /// nullopt when no layer with weights has this name.
  virtual std::optional<WeightShape> shape(const std::string& layer) const = 0;

  /// Appends every cell of the weight SRAM that holds bit `bit` of the weight's code when the
  /// schedule's step `step` is reached, or ever, for memory::kPermanent. The index lies inside the
  /// shape. A cell may be appended more than once.
  virtual void append_cells(const std::string& layer, const WeightIndex& index, int bit,
                            std::int64_t step, std::vector<memory::CellPosition>* cells) const = 0;
};

}  // namespace lacuna::fault
