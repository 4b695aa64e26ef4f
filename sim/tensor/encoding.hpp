// How a signed weight becomes the bits that a memory holds. What a stuck cell does depends on it.
#pragma once

#include <cstdint>
#include <string>

namespace lacuna::tensor {

enum class Encoding : std::uint8_t { kTwosComplement, kOffsetBinary, kSignMagnitude };

/// The code of `value` in `bits` (2..8) bits. `value` must lie in [-(2^(bits-1)-1), 2^(bits-1)-1],
/// or be -2^(bits-1) where the encoding has it (two's complement and offset binary).
std::uint8_t encode(int value, int bits, Encoding encoding);

/// The value behind any pattern of `bits` bits; a faulty code may be any of them. Two's complement
/// and offset binary reach -2^(bits-1), sign-magnitude has a second zero.
int decode(std::uint8_t code, int bits, Encoding encoding);

const char* encoding_name(Encoding encoding);

}  // namespace lacuna::tensor
