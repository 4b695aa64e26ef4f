// SHA-256 (FIPS 180-4), for the hash in a network's card.
#pragma once

#include <string>
#include <string_view>

namespace lacuna::train {

/// 64 lower-case hexadecimal digits.
std::string sha256_hex(std::string_view bytes);

}  // namespace lacuna::train
