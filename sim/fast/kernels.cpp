#include "fast/kernels.hpp"

#include <algorithm>
#include <cstring>

#include "base/cpu.hpp"
#include "tensor/requantise.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace lacuna::fast {
namespace {

void multiply_plain(const TileWeights& tile, const std::int16_t* values, int lanes,
                    std::int32_t* sums) {
  std::fill_n(sums, tile.channels * lanes, 0);
  for (std::size_t pair = 0; pair < tile.offsets.size(); ++pair) {
    const std::int16_t* first = values + tile.offsets[pair] * lanes;
    const std::int16_t* second = first + lanes;
    const std::int16_t* weights =
        tile.weights.data() + pair * static_cast<std::size_t>(tile.channels) * 2;
    for (int c = 0; c < tile.channels; ++c) {
      for (int l = 0; l < lanes; ++l) {
        const auto products = static_cast<std::uint32_t>(first[l] * weights[2 * c]) +
                              static_cast<std::uint32_t>(second[l] * weights[2 * c + 1]);
        std::int32_t& sum = sums[c * lanes + l];
        sum = static_cast<std::int32_t>(static_cast<std::uint32_t>(sum) + products);
      }
    }
  }
}

// A lone batch: a value meets all channels from the first on; zeros are left out.
struct MultiplyOne {
  static LACUNA_INLINE void run(const std::int16_t* __restrict weights, const std::int64_t* offsets,
                                std::size_t pairs, int first_channel, int channels,
                                const std::int16_t* values, std::int32_t* __restrict sums) {
    for (int c = first_channel; c < channels; ++c) sums[c] = 0;
    for (std::size_t pair = 0; pair < pairs; ++pair) {
      const std::int32_t first = values[offsets[pair]];
      const std::int32_t second = values[offsets[pair] + 1];
      if ((first | second) == 0) continue;
      const std::int16_t* w = weights + pair * static_cast<std::size_t>(channels) * 2;
      for (int c = first_channel; c < channels; ++c) {
        sums[c] = static_cast<std::int32_t>(
            static_cast<std::uint32_t>(sums[c]) +
            static_cast<std::uint32_t>(first * w[2 * c] + second * w[2 * c + 1]));
      }
    }
  }
};

#if defined(__x86_64__)
// Sixteen batches, a block of channels whose sums stay in registers. vpmaddwd adds the products of
// a pair: at most 2 * 255 * 255, exact in 32 bits.
// All pairs, or those of a list on top of `base`.
struct AllPairs {
  const TileWeights& tile;
  std::size_t count() const { return tile.offsets.size(); }
  std::size_t pair(std::size_t i) const { return i; }
  const std::int32_t* base() const { return nullptr; }
};
struct ListedPairs {
  const std::vector<std::uint32_t>& list;
  const std::int32_t* sums;
  std::size_t count() const { return list.size(); }
  std::size_t pair(std::size_t i) const { return list[i]; }
  const std::int32_t* base() const { return sums; }
};

template <int kChannels, class Pairs>
LACUNA_AVX2 void multiply_block(const TileWeights& tile, const Pairs& pairs, int first_channel,
                                const std::int16_t* values, std::int32_t* sums) {
  __m256i low[kChannels];
  __m256i high[kChannels];
  for (int c = 0; c < kChannels; ++c) low[c] = high[c] = _mm256_setzero_si256();
  const std::size_t stride = static_cast<std::size_t>(tile.channels) * 2;
  const std::size_t count = pairs.count();
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t pair = pairs.pair(i);
    const std::int16_t* weights = tile.weights.data() + pair * stride + 2 * first_channel;
    const auto* at = reinterpret_cast<const __m256i*>(values + tile.offsets[pair] * kLanes);
    const __m256i first = _mm256_loadu_si256(at);
    const __m256i second = _mm256_loadu_si256(at + 1);
    const __m256i even = _mm256_unpacklo_epi16(first, second);
    const __m256i odd = _mm256_unpackhi_epi16(first, second);
    for (int c = 0; c < kChannels; ++c) {
      std::int32_t both = 0;
      std::memcpy(&both, weights + 2 * c, sizeof both);
      const __m256i weight = _mm256_set1_epi32(both);
      low[c] = _mm256_add_epi32(low[c], _mm256_madd_epi16(even, weight));
      high[c] = _mm256_add_epi32(high[c], _mm256_madd_epi16(odd, weight));
    }
  }
  for (int c = 0; c < kChannels; ++c) {
    auto* out = reinterpret_cast<__m256i*>(sums + (first_channel + c) * kLanes);
    constexpr int kLowHalves = 0x20;
    constexpr int kHighHalves = 0x31;
    __m256i first = _mm256_permute2x128_si256(low[c], high[c], kLowHalves);
    __m256i second = _mm256_permute2x128_si256(low[c], high[c], kHighHalves);
    if (const std::int32_t* base = pairs.base()) {
      const auto* from = reinterpret_cast<const __m256i*>(base + (first_channel + c) * kLanes);
      first = _mm256_add_epi32(first, _mm256_loadu_si256(from));
      second = _mm256_add_epi32(second, _mm256_loadu_si256(from + 1));
    }
    _mm256_storeu_si256(out, first);
    _mm256_storeu_si256(out + 1, second);
  }
}

template <class Pairs>
LACUNA_AVX2 void multiply_avx2(const TileWeights& tile, const Pairs& pairs,
                               const std::int16_t* values, std::int32_t* sums) {
  int c = 0;
  for (; c + 6 <= tile.channels; c += 6) multiply_block<6>(tile, pairs, c, values, sums);
  switch (tile.channels - c) {
    case 5:
      return multiply_block<5>(tile, pairs, c, values, sums);
    case 4:
      return multiply_block<4>(tile, pairs, c, values, sums);
    case 3:
      return multiply_block<3>(tile, pairs, c, values, sums);
    case 2:
      return multiply_block<2>(tile, pairs, c, values, sums);
    case 1:
      return multiply_block<1>(tile, pairs, c, values, sums);
    default:
      return;
  }
}

// A lone batch: pairs meet 8 x kVectors channels, whose sums stay in registers; pairs of zeros are
// left out.
template <int kVectors>
LACUNA_AVX2 void multiply_one_block(const TileWeights& tile, int first_channel,
                                    const std::int16_t* values, std::int32_t* sums) {
  __m256i total[kVectors];
  for (int v = 0; v < kVectors; ++v) total[v] = _mm256_setzero_si256();
  const std::int16_t* weights = tile.weights.data() + 2 * first_channel;
  const std::size_t stride = static_cast<std::size_t>(tile.channels) * 2;
  const std::size_t pairs = tile.offsets.size();
  for (std::size_t pair = 0; pair < pairs; ++pair, weights += stride) {
    std::int32_t both = 0;
    std::memcpy(&both, values + tile.offsets[pair], sizeof both);
    if (both == 0) continue;
    const __m256i value = _mm256_set1_epi32(both);
    for (int v = 0; v < kVectors; ++v) {
      const auto* at = reinterpret_cast<const __m256i*>(weights) + v;
      total[v] = _mm256_add_epi32(total[v], _mm256_madd_epi16(value, _mm256_loadu_si256(at)));
    }
  }
  for (int v = 0; v < kVectors; ++v) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(sums + first_channel) + v, total[v]);
  }
}

LACUNA_AVX2 int multiply_one_avx2(const TileWeights& tile, const std::int16_t* values,
                                  std::int32_t* sums) {
  constexpr int kWide = 8;
  int c = 0;
  for (; c + 8 * kWide <= tile.channels; c += 8 * kWide) {
    multiply_one_block<kWide>(tile, c, values, sums);
  }
  for (; c + 32 <= tile.channels; c += 32) multiply_one_block<4>(tile, c, values, sums);
  for (; c + 16 <= tile.channels; c += 16) multiply_one_block<2>(tile, c, values, sums);
  for (; c + 8 <= tile.channels; c += 8) multiply_one_block<1>(tile, c, values, sums);
  return c;
}
#endif

struct PostAll {
  static LACUNA_INLINE void run(const std::int32_t* __restrict sums, std::int32_t bias, float scale,
                                const tensor::Bounds& bounds, std::int16_t* __restrict out) {
    const tensor::Bounds own = bounds;
    for (int l = 0; l < kLanes; ++l) {
      const auto sum = static_cast<std::int32_t>(static_cast<std::uint32_t>(sums[l]) +
                                                 static_cast<std::uint32_t>(bias));
      out[l] = tensor::requantise(sum, scale, own);
    }
  }
};

struct PostSumAll {
  static LACUNA_INLINE void run(const std::int32_t* __restrict sums, std::int32_t bias, float scale,
                                const std::int16_t* __restrict residual, float residual_scale,
                                const tensor::Bounds& bounds, std::int16_t* __restrict out) {
    const tensor::Bounds own = bounds;
    for (int l = 0; l < kLanes; ++l) {
      const auto sum = static_cast<std::int32_t>(static_cast<std::uint32_t>(sums[l]) +
                                                 static_cast<std::uint32_t>(bias));
      out[l] = tensor::requantise_sum(sum, scale, residual[l], residual_scale, own);
    }
  }
};

struct MaximumAll {
  static LACUNA_INLINE void run(const std::int16_t* __restrict in, std::int16_t* __restrict out) {
    for (int l = 0; l < kLanes; ++l) out[l] = std::max(out[l], in[l]);
  }
};

struct PrefixAll {
  static LACUNA_INLINE void run(const std::int16_t* __restrict values, std::int64_t count,
                                std::uint16_t* __restrict prefix) {
    using Counts __attribute__((vector_size(kLanes * 2))) = std::uint16_t;
    Counts sum = {};
    for (std::int64_t v = 0; v < count; ++v) {
      Counts value;
      std::memcpy(&value, values + v * kLanes, sizeof value);
      sum -= static_cast<Counts>(value != 0);  // true is all ones, minus one
      std::memcpy(prefix + (v + 1) * kLanes, &sum, sizeof sum);
    }
  }
};

struct AddScaled {
  static LACUNA_INLINE void run(const std::int16_t* values, std::int32_t factor,
                                std::int32_t* sums) {
    for (int l = 0; l < kLanes; ++l) {
      sums[l] = static_cast<std::int32_t>(static_cast<std::uint32_t>(sums[l]) +
                                          static_cast<std::uint32_t>(values[l] * factor));
    }
  }
};

struct SubtractLanes {
  static LACUNA_INLINE int run(const std::int16_t* a, const std::int16_t* b,
                               std::int16_t* difference) {
    using Values __attribute__((vector_size(kLanes * 2))) = std::int16_t;
    Values left;
    Values right;
    std::memcpy(&left, a, sizeof left);
    std::memcpy(&right, b, sizeof right);
    const Values result = left - right;
    std::memcpy(difference, &result, sizeof result);
    const Values zeros = (left == 0) ^ (right == 0);
    std::uint64_t words[2][sizeof(Values) / sizeof(std::uint64_t)];
    std::memcpy(words[0], &result, sizeof result);
    std::memcpy(words[1], &zeros, sizeof zeros);
    const auto any = [](const std::uint64_t* w) { return (w[0] | w[1] | w[2] | w[3]) != 0; };
    return (any(words[0]) ? 1 : 0) | (any(words[1]) ? 2 : 0);
  }
};

}  // namespace

void multiply_tile(const TileWeights& tile, const std::int16_t* values, int lanes,
                   std::int32_t* sums) {
  if (lanes == 1) {
    int done = 0;
#if defined(__x86_64__)
    if (base::use_avx2()) done = multiply_one_avx2(tile, values, sums);
#endif
    if (done == tile.channels) return;
    base::run_vector<MultiplyOne>(tile.weights.data(), tile.offsets.data(), tile.offsets.size(),
                                  done, tile.channels, values, sums);
    return;
  }
#if defined(__x86_64__)
  if (base::use_avx2()) {
    multiply_avx2(tile, AllPairs{tile}, values, sums);
    return;
  }
#endif
  multiply_plain(tile, values, lanes, sums);
}

void add_scaled(const std::int16_t* values, std::int32_t factor, std::int32_t* sums) {
  base::run_vector<AddScaled>(values, factor, sums);
}

int subtract_lanes(const std::int16_t* a, const std::int16_t* b, std::int16_t* difference) {
  return base::run_vector<SubtractLanes>(a, b, difference);
}

void add_pairs(const TileWeights& tile, const std::vector<std::uint32_t>& pairs,
               const std::int16_t* values, const std::int32_t* base, std::int32_t* sums) {
#if defined(__x86_64__)
  if (base::use_avx2()) {
    multiply_avx2(tile, ListedPairs{pairs, base}, values, sums);
    return;
  }
#endif
  std::copy_n(base, tile.channels * kLanes, sums);
  for (const std::uint32_t pair : pairs) {
    const std::int16_t* at = values + tile.offsets[pair] * kLanes;
    const std::int16_t* weights =
        tile.weights.data() + std::size_t{pair} * static_cast<std::size_t>(tile.channels) * 2;
    for (int c = 0; c < tile.channels; ++c) {
      add_scaled(at, weights[2 * c], sums + c * kLanes);
      add_scaled(at + kLanes, weights[2 * c + 1], sums + c * kLanes);
    }
  }
}

void post_lanes(const std::int32_t* sums, std::int32_t bias, float scale,
                const tensor::Bounds& bounds, int lanes, bool keep_maximum, std::int16_t* out) {
  if (lanes == kLanes) {
    std::int16_t codes[kLanes];
    base::run_vector<PostAll>(sums, bias, scale, bounds, codes);
    if (keep_maximum) {
      base::run_vector<MaximumAll>(codes, out);
    } else {
      std::copy(codes, codes + kLanes, out);
    }
    return;
  }
  for (int l = 0; l < lanes; ++l) {
    const auto sum = static_cast<std::int32_t>(static_cast<std::uint32_t>(sums[l]) +
                                               static_cast<std::uint32_t>(bias));
    const std::int16_t code = tensor::requantise(sum, scale, bounds);
    out[l] = keep_maximum ? std::max(out[l], code) : code;
  }
}

void post_sum_lanes(const std::int32_t* sums, std::int32_t bias, float scale,
                    const std::int16_t* residual, float residual_scale,
                    const tensor::Bounds& bounds, int lanes, bool keep_maximum, std::int16_t* out) {
  if (lanes == kLanes) {
    std::int16_t codes[kLanes];
    base::run_vector<PostSumAll>(sums, bias, scale, residual, residual_scale, bounds, codes);
    if (keep_maximum) {
      base::run_vector<MaximumAll>(codes, out);
    } else {
      std::copy(codes, codes + kLanes, out);
    }
    return;
  }
  for (int l = 0; l < lanes; ++l) {
    const auto sum = static_cast<std::int32_t>(static_cast<std::uint32_t>(sums[l]) +
                                               static_cast<std::uint32_t>(bias));
    const std::int16_t code =
        tensor::requantise_sum(sum, scale, residual[l], residual_scale, bounds);
    out[l] = keep_maximum ? std::max(out[l], code) : code;
  }
}

void maximum_lanes(const std::int16_t* in, int lanes, std::int16_t* out) {
  if (lanes == kLanes) {
    base::run_vector<MaximumAll>(in, out);
    return;
  }
  for (int l = 0; l < lanes; ++l) out[l] = std::max(out[l], in[l]);
}

void prefix_counts(const std::int16_t* values, std::int64_t count, int lanes,
                   std::uint16_t* prefix) {
  std::fill_n(prefix, lanes, std::uint16_t{0});
  if (lanes == kLanes) {
    base::run_vector<PrefixAll>(values, count, prefix);
    return;
  }
  for (std::int64_t v = 0; v < count; ++v) {
    for (int l = 0; l < lanes; ++l) {
      prefix[(v + 1) * lanes + l] =
          static_cast<std::uint16_t>(prefix[v * lanes + l] + (values[v * lanes + l] != 0 ? 1 : 0));
    }
  }
}

}  // namespace lacuna::fast
