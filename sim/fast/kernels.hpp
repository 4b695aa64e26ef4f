// Integer kernels: sums of products, requantising and counting, for a group of batches at once.
// Exact for every width that a machine may have: products of operands, which have at most 9 bits,
// are added in pairs into 32 bits, which wrap.
#pragma once

#include <cstdint>
#include <vector>

#include "fast/lanes.hpp"
#include "tensor/requantise.hpp"

namespace lacuna::fast {

/// The weights of a channel tile for all K indices, and which values of the window they meet. Two
/// indices whose values lie side by side make a pair; a pair without a second one has weight 0.
struct TileWeights {
  std::vector<std::int64_t> offsets;  ///< [pair] from the window's corner, in values
  std::vector<std::int16_t> weights;  ///< [pair][channel][2]
  int channels = 0;
};

/// sums[c * lanes + l] = sum over pairs of weight * value of lane l, for one pixel. `values` points
/// at the pixel's corner; lanes is 1 or kLanes.
void multiply_tile(const TileWeights& tile, const std::int16_t* values, int lanes,
                   std::int32_t* sums);

/// sums[c * kLanes + l] = base[c * kLanes + l] + the products of the listed pairs only, of kLanes
/// lanes. `values` are any 10-bit integers, such as differences of operands.
void add_pairs(const TileWeights& tile, const std::vector<std::uint32_t>& pairs,
               const std::int16_t* values, const std::int32_t* base, std::int32_t* sums);

/// sums[l] += factor * values[l] for kLanes lanes.
void add_scaled(const std::int16_t* values, std::int32_t factor, std::int32_t* sums);

/// difference[l] = a[l] - b[l] for kLanes lanes. Bit 0 of the answer: any is not zero; bit 1: a and
/// b differ in which of them are zero.
int subtract_lanes(const std::int16_t* a, const std::int16_t* b, std::int16_t* difference);

/// out[l] = requantise(sums[l] + bias, scale, bounds), or the larger of it and out[l] with
/// `keep_maximum`.
void post_lanes(const std::int32_t* sums, std::int32_t bias, float scale,
                const tensor::Bounds& bounds, int lanes, bool keep_maximum, std::int16_t* out);

/// The same with a residual operand: requantise_sum(sums[l] + bias, residual[l]).
void post_sum_lanes(const std::int32_t* sums, std::int32_t bias, float scale,
                    const std::int16_t* residual, float residual_scale,
                    const tensor::Bounds& bounds, int lanes, bool keep_maximum, std::int16_t* out);

/// out[l] = max(out[l], in[l]).
void maximum_lanes(const std::int16_t* in, int lanes, std::int16_t* out);

/// prefix[(v + 1) * lanes + l] = how many of values 0..v are not zero, modulo 2^16; prefix[0..] =
/// 0.
void prefix_counts(const std::int16_t* values, std::int64_t count, int lanes,
                   std::uint16_t* prefix);

}  // namespace lacuna::fast
