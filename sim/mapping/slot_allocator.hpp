// Where maps and buffers of a layer lie in the activation SRAM, between the maps that stay.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace lacuna::mapping {

class SlotAllocator {
 public:
  explicit SlotAllocator(std::int64_t capacity) : capacity_(capacity) {}

  /// Slots [base, base + slots) are taken, and stay so until after planned layer `until`.
  void hold(std::int64_t base, std::int64_t slots, std::int64_t until);

  /// Takes slots for a map: in the smallest gap that holds them, next to the neighbour (or end of
  /// the memory) that stays longer, so that gaps grow together when maps go. nullopt: no gap.
  std::optional<std::int64_t> place(std::int64_t slots, std::int64_t until);

  /// Takes slots for a buffer: the lowest that are free. nullopt: no gap.
  std::optional<std::int64_t> place_low(std::int64_t slots);

 private:
  struct Piece {
    std::int64_t begin = 0;
    std::int64_t end = 0;
    std::int64_t until = 0;
  };
  struct Gap {
    std::int64_t begin = 0;
    std::int64_t end = 0;
    bool high = false;  ///< the neighbour above stays longer than the one below
  };
  std::vector<Gap> gaps() const;

  std::int64_t capacity_;
  std::vector<Piece> pieces_;  ///< by address; disjoint
};

}  // namespace lacuna::mapping
