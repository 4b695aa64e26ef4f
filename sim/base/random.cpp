#include "base/random.hpp"

#include <immintrin.h>

#include <algorithm>

#include "base/cpu.hpp"

namespace lacuna::base {
namespace {

constexpr std::uint64_t kMultiplier0 = 0xD2511F53;
constexpr std::uint64_t kMultiplier1 = 0xCD9E8D57;
constexpr std::uint32_t kWeyl0 = 0x9E3779B9;
constexpr std::uint32_t kWeyl1 = 0xBB67AE85;
constexpr int kRounds = 10;

constexpr std::size_t kLanes = kRandomRun;

// Four numbers in the low halves of 64-bit lanes; what the high halves hold does not matter.
LACUNA_AVX2 RandomRun random_run_avx2(std::uint64_t seed, RandomStream stream,
                                      std::uint64_t first) {
  constexpr std::size_t kVectors = kLanes / 4;
  __m256i c0[kVectors];
  __m256i c1[kVectors];
  __m256i c2[kVectors];
  __m256i c3[kVectors];
  for (std::size_t v = 0; v < kVectors; ++v) {
    c0[v] = _mm256_add_epi64(_mm256_set1_epi64x(static_cast<std::int64_t>(first + 4 * v)),
                             _mm256_set_epi64x(3, 2, 1, 0));
    c1[v] = _mm256_srli_epi64(c0[v], 32);
    c2[v] = _mm256_set1_epi64x(static_cast<std::int64_t>(stream));
    c3[v] = _mm256_setzero_si256();
  }
  auto key0 = static_cast<std::uint32_t>(seed);
  auto key1 = static_cast<std::uint32_t>(seed >> 32);
  for (int round = 0; round < kRounds; ++round) {
    for (std::size_t v = 0; v < kVectors; ++v) {
      const __m256i p0 = _mm256_mul_epu32(c0[v], _mm256_set1_epi64x(kMultiplier0));
      const __m256i p1 = _mm256_mul_epu32(c2[v], _mm256_set1_epi64x(kMultiplier1));
      c0[v] = _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64(p1, 32), c1[v]),
                               _mm256_set1_epi64x(key0));
      c2[v] = _mm256_xor_si256(_mm256_xor_si256(_mm256_srli_epi64(p0, 32), c3[v]),
                               _mm256_set1_epi64x(key1));
      c1[v] = p1;
      c3[v] = p0;
    }
    key0 += kWeyl0;
    key1 += kWeyl1;
  }
  RandomRun run;
  for (std::size_t v = 0; v < kVectors; ++v) {
    // The low half of c0, and that of c1 above it.
    const __m256i bits = _mm256_blend_epi32(c0[v], _mm256_slli_epi64(c1[v], 32), 0xAA);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(run.data() + 4 * v), bits);
  }
  return run;
}

}  // namespace

std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < kRounds; ++round) {
    const std::uint64_t p0 = kMultiplier0 * counter[0];
    const std::uint64_t p1 = kMultiplier1 * counter[2];
    counter = {
        static_cast<std::uint32_t>(p1 >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(p1),
        static_cast<std::uint32_t>(p0 >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(p0)};
    key[0] += kWeyl0;
    key[1] += kWeyl1;
  }
  return counter;
}

std::uint64_t random_bits(std::uint64_t seed, RandomStream stream, std::uint64_t index) {
  const auto block =
      philox4x32({static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32),
                  static_cast<std::uint32_t>(stream), 0},
                 {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
  return (static_cast<std::uint64_t>(block[1]) << 32) | block[0];
}

RandomRun random_run(std::uint64_t seed, RandomStream stream, std::uint64_t first) {
  if (use_avx2()) return random_run_avx2(seed, stream, first);
  RandomRun run;
  for (std::size_t i = 0; i < kLanes; ++i) run[i] = random_bits(seed, stream, first + i);
  return run;
}

double random_uniform(std::uint64_t seed, RandomStream stream, std::uint64_t index) {
  return static_cast<double>(random_bits(seed, stream, index) >> 11) * 0x1.0p-53;
}

void append_below(double limit, std::uint64_t seed, RandomStream stream, std::uint64_t first,
                  std::uint64_t count, std::vector<std::uint64_t>& found) {
  // What has a larger high word than this cannot be below the limit.
  const double scaled = std::clamp(limit, 0.0, 1.0) * 0x1.0p32;
  const auto most = static_cast<std::uint32_t>(std::min(scaled, 0x1.0p32 - 1));
  for (std::uint64_t begin = 0; begin < count; begin += kLanes) {
    const RandomRun run = random_run(seed, stream, first + begin);
    std::array<std::uint32_t, kLanes> high;
    std::transform(run.begin(), run.end(), high.begin(),
                   [](std::uint64_t bits) { return static_cast<std::uint32_t>(bits >> 32); });
    if (*std::min_element(high.begin(), high.end()) > most) continue;
    const std::uint64_t lanes = std::min<std::uint64_t>(kLanes, count - begin);
    for (std::uint64_t i = 0; i < lanes; ++i) {
      if (high[i] > most) continue;
      const std::uint64_t index = first + begin + i;
      if (random_uniform(seed, stream, index) < limit) found.push_back(index);
    }
  }
}

}  // namespace lacuna::base
