// What a network may be at most, and which names it may use. Readers check these before they
// allocate, so that a small file cannot claim a large machine.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "network/network.hpp"

namespace lacuna::network {

inline constexpr std::int64_t kMaxDimension = 65536;  ///< height, width, channels, window
inline constexpr std::int64_t kMaxSize =
    (1LL << 31) - 1;  ///< side or channels of a workload's layer
inline constexpr std::int64_t kMaxMapValues = 1LL << 28;    ///< values of one feature map
inline constexpr std::int64_t kMaxWeights = 1LL << 28;      ///< weights of all layers together
inline constexpr std::int64_t kMaxSteps = (1LL << 31) - 1;  ///< M x K or M x N of one layer
inline constexpr std::int64_t kMaxAverage = 1LL << 23;      ///< codes whose sum fits 31 bits
inline constexpr int kMinBits = 2;
inline constexpr int kMaxBits = 8;

/// The product of non-negative factors, or nothing when it exceeds `limit`.
std::optional<std::int64_t> bounded_product(const std::vector<std::int64_t>& factors,
                                            std::int64_t limit);

/// True when every side is in 1..kMaxDimension and the map has at most kMaxMapValues values.
bool is_map(const MapShape& shape);

/// "28 x 28 x 1": height x width x channels.
std::string to_string(const MapShape& shape);

/// Output side of a sliding window, floor((in + padding - kernel) / stride) + 1; 0 when the kernel
/// does not fit.
std::int64_t output_side(std::int64_t in, std::int64_t padding, std::int64_t kernel,
                         std::int64_t stride);

/// True for a name that can stand in a table, a JSON file and an option: 1 to 200 printable ASCII
/// characters.
bool is_plain_name(const std::string& name);

}  // namespace lacuna::network
