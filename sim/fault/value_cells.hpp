// From values of feature maps to the cells that hold them. The fault readers ask; the residency map
// of a schedule answers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "memory/memories.hpp"

namespace lacuna::fault {

/// A value of a layer's input map, of every image.
struct ValueIndex {
  std::int64_t channel = 0;
  std::int64_t y = 0;
  std::int64_t x = 0;
};

/// Extents of a layer's input map, and the bits of one value.
struct ValueShape {
  std::int64_t channels = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
  int bits = 0;

  std::int64_t values() const { return channels * height * width; }
};

class ValueCells {
 public:
  ValueCells() = default;
  virtual ~ValueCells() = default;
  ValueCells(const ValueCells&) = delete;
  ValueCells& operator=(const ValueCells&) = delete;

  virtual std::vector<std::string> layers() const = 0;

  /// nullopt when no layer has this name.
  virtual std::optional<ValueShape> shape(const std::string& layer) const = 0;

  /// Appends every cell of the activation SRAM that ever holds bit `bit` of the value, of any image
  /// of a batch; with `bitmap` those of the bitmap that belong to it. The index lies inside the
  /// shape. A cell may be appended more than once.
  virtual void append_cells(const std::string& layer, const ValueIndex& index, int bit, bool bitmap,
                            std::vector<memory::CellPosition>* cells) const = 0;
};

}  // namespace lacuna::fault
