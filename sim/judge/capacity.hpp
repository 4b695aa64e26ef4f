// How much a memory holds, by the judge's own arithmetic.
#pragma once

#include "arch/spec.hpp"

namespace lacuna::judge {

/// Words that a memory holds; no value is no limit.
inline arch::Limit capacity_words(const arch::Limit& capacity_bytes, int word_bits) {
  constexpr int kBitsPerByte = 8;
  if (!capacity_bytes) return std::nullopt;
  return *capacity_bytes * kBitsPerByte / word_bits;
}

}  // namespace lacuna::judge
