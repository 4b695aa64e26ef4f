// How weights are stored, and what the array multiplies: the operand, code - zero point.
#pragma once

#include <cstdint>
#include <vector>

#include "tensor/encoding.hpp"

namespace lacuna::tensor {

/// Codes of 2 to 8 bits, signed ones in the machine's encoding, unsigned ones in plain binary.
struct WeightCode {
  int bits = 8;
  bool is_signed = true;
  std::vector<std::int16_t> zero_points;  ///< [out channel]; empty: all 0

  int zero_point(std::int64_t channel) const {
    return zero_points.empty() ? 0 : zero_points[static_cast<std::size_t>(channel)];
  }
  /// The pattern of a weight in a memory of `word` (2..8) bits a weight, no fewer than `bits`.
  std::uint8_t pattern(int operand, std::int64_t channel, int word, Encoding encoding) const {
    const int code = operand + zero_point(channel);
    return is_signed ? encode(code, word, encoding)
                     : static_cast<std::uint8_t>(code & ((1 << word) - 1));
  }
  /// The operand behind any pattern; a faulty one may be any.
  std::int16_t operand(std::uint8_t pattern, std::int64_t channel, int word,
                       Encoding encoding) const {
    const int code = is_signed ? decode(pattern, word, encoding) : pattern & ((1 << word) - 1);
    return static_cast<std::int16_t>(code - zero_point(channel));
  }
};

}  // namespace lacuna::tensor
