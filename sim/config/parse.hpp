// Bytes to a Node tree. Private to the room.
#pragma once

#include <cstdint>
#include <string>

#include "config/node.hpp"

namespace lacuna::config {

inline constexpr std::size_t kMaxTextBytes = 4096;  ///< of one text: a name, a path, a condition
inline constexpr std::size_t kMaxDepth = 32;        ///< levels of nesting
inline constexpr std::size_t kMaxKeyBytes = 200;    ///< of one key, or of an override's dotted path

/// Parses the one YAML document in `bytes`, whose root must be a map. Throws base::InputError,
/// naming `file` and the line.
Node parse_yaml(const std::string& file, const std::string& bytes);

}  // namespace lacuna::config
