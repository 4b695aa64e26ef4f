// The kernels against one value after the other. Run once with what the processor has and once with
// LACUNA_FORCE_PORTABLE=1, so both variants of each have to give these numbers.
#include "fast/kernels.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tensor/requantise.hpp"

namespace lacuna::fast {
namespace {

class Kernels : public ::testing::Test {
 protected:
  std::int64_t draw(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
  }
  std::vector<std::int16_t> values(std::size_t count, std::int64_t low, std::int64_t high) {
    std::vector<std::int16_t> list(count);
    for (std::int16_t& value : list) {
      value = static_cast<std::int16_t>(draw(0, 2) == 0 ? 0 : draw(low, high));
    }
    return list;
  }
  std::vector<std::int32_t> numbers(std::size_t count) {
    std::vector<std::int32_t> list(count);
    for (std::int32_t& number : list) {
      // Some are at the ends of the type: sums wrap.
      number = static_cast<std::int32_t>(draw(0, 9) == 0 ? draw(INT32_MIN, INT32_MAX)
                                                         : draw(-40'000, 40'000));
    }
    return list;
  }
  TileWeights tile(std::int64_t pairs, std::int64_t channels, std::int64_t window) {
    TileWeights tile;
    tile.channels = static_cast<int>(channels);
    for (std::int64_t pair = 0; pair < pairs; ++pair) tile.offsets.push_back(draw(0, window - 2));
    tile.weights = values(static_cast<std::size_t>(pairs * channels * 2), -128, 127);
    return tile;
  }

  std::mt19937 random_{7};
};

std::int32_t wrapped(std::int64_t sum) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(static_cast<std::uint64_t>(sum)));
}

/// Products of one pair for channel c and lane l.
std::int64_t products(const TileWeights& tile, std::size_t pair, int c,
                      const std::vector<std::int16_t>& values, int lanes, int l) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < 2; ++i) {
    const auto value =
        static_cast<std::size_t>((tile.offsets[pair] + static_cast<int>(i)) * lanes + l);
    const std::size_t weight =
        (pair * static_cast<std::size_t>(tile.channels) + static_cast<std::size_t>(c)) * 2 + i;
    sum += std::int64_t{values[value]} * tile.weights[weight];
  }
  return sum;
}

TEST_F(Kernels, MultiplyTileSumsTheProductsOfAllPairs) {
  constexpr std::int64_t kWindow = 40;
  for (std::int64_t channels = 1; channels <= 90; ++channels) {
    for (const int lanes : {1, kLanes}) {
      SCOPED_TRACE(testing::Message() << channels << " channels, " << lanes << " lanes");
      const TileWeights own = tile(draw(1, 30), channels, kWindow);
      const auto codes = values(static_cast<std::size_t>(kWindow * lanes), 0, 255);
      std::vector<std::int32_t> sums(static_cast<std::size_t>(channels * lanes), 99);
      multiply_tile(own, codes.data(), lanes, sums.data());
      for (int c = 0; c < own.channels; ++c) {
        for (int l = 0; l < lanes; ++l) {
          std::int64_t sum = 0;
          for (std::size_t pair = 0; pair < own.offsets.size(); ++pair) {
            sum += products(own, pair, c, codes, lanes, l);
          }
          ASSERT_EQ(sums[static_cast<std::size_t>(c * lanes + l)], wrapped(sum));
        }
      }
    }
  }
}

TEST_F(Kernels, AddPairsAddsTheListedOnesToTheBase) {
  constexpr std::int64_t kWindow = 40;
  for (std::int64_t channels = 1; channels <= 20; ++channels) {
    SCOPED_TRACE(channels);
    const TileWeights own = tile(30, channels, kWindow);
    const auto differences = values(static_cast<std::size_t>(kWindow * kLanes), -255, 255);
    const auto base = numbers(static_cast<std::size_t>(channels * kLanes));
    std::vector<std::uint32_t> pairs;
    for (std::uint32_t pair = 0; pair < 30; ++pair) {
      if (draw(0, 2) == 0) pairs.push_back(pair);
    }
    std::vector<std::int32_t> sums(base.size());
    add_pairs(own, pairs, differences.data(), base.data(), sums.data());
    for (int c = 0; c < own.channels; ++c) {
      for (int l = 0; l < kLanes; ++l) {
        const auto at = static_cast<std::size_t>(c * kLanes + l);
        std::int64_t sum = base[at];
        for (const std::uint32_t pair : pairs) {
          sum += products(own, pair, c, differences, kLanes, l);
        }
        ASSERT_EQ(sums[at], wrapped(sum));
      }
    }
  }
}

TEST_F(Kernels, LanesAreScaledSubtractedAndCompared) {
  for (int i = 0; i < 2'000; ++i) {
    const auto a = values(kLanes, 0, 255);
    auto b = a;
    if (i % 3 != 0)
      b[static_cast<std::size_t>(draw(0, kLanes - 1))] = static_cast<std::int16_t>(draw(0, 255));
    std::vector<std::int16_t> difference(kLanes, 99);
    const int what = subtract_lanes(a.data(), b.data(), difference.data());
    bool any = false;
    bool zeros = false;
    for (std::size_t l = 0; l < kLanes; ++l) {
      ASSERT_EQ(difference[l], a[l] - b[l]);
      any = any || a[l] != b[l];
      zeros = zeros || (a[l] == 0) != (b[l] == 0);
    }
    ASSERT_EQ(what, (any ? 1 : 0) | (zeros ? 2 : 0));

    const auto before = numbers(kLanes);
    auto sums = before;
    const auto factor = static_cast<std::int32_t>(draw(-255, 255));
    add_scaled(a.data(), factor, sums.data());
    for (std::size_t l = 0; l < kLanes; ++l) {
      ASSERT_EQ(sums[l], wrapped(std::int64_t{before[l]} + std::int64_t{factor} * a[l]));
    }

    auto most = b;
    maximum_lanes(a.data(), kLanes, most.data());
    for (std::size_t l = 0; l < kLanes; ++l) ASSERT_EQ(most[l], std::max(a[l], b[l]));
  }
}

TEST_F(Kernels, OutputsAreRequantisedOneByOne) {
  for (int i = 0; i < 4'000; ++i) {
    const int lanes = i % 4 == 0 ? 1 : kLanes;
    const int bits = static_cast<int>(draw(2, 8));
    const auto sums = numbers(static_cast<std::size_t>(lanes));
    const auto residual = values(static_cast<std::size_t>(lanes), -255, 255);
    const auto bias = static_cast<std::int32_t>(draw(-5'000, 5'000));
    const float scale = 1.0F / static_cast<float>(draw(1, 300));
    const float residual_scale = 1.0F / static_cast<float>(draw(1, 9));
    tensor::Bounds bounds;
    bounds.low = static_cast<float>(draw(-3, 0) * 40);
    bounds.high = static_cast<float>((1 << bits) - 1);
    if (draw(0, 1) == 0) bounds.threshold = static_cast<float>(draw(-3, 3));
    const bool keep = draw(0, 1) == 0;
    const auto before = values(static_cast<std::size_t>(lanes), 0, 255);
    auto alone = before;
    auto added = before;
    post_lanes(sums.data(), bias, scale, bounds, lanes, keep, alone.data());
    post_sum_lanes(sums.data(), bias, scale, residual.data(), residual_scale, bounds, lanes, keep,
                   added.data());
    for (std::size_t l = 0; l < static_cast<std::size_t>(lanes); ++l) {
      const std::int32_t sum = wrapped(std::int64_t{sums[l]} + bias);
      const std::int16_t one = tensor::requantise(sum, scale, bounds);
      const std::int16_t two =
          tensor::requantise_sum(sum, scale, residual[l], residual_scale, bounds);
      ASSERT_EQ(alone[l], keep ? std::max(before[l], one) : one);
      ASSERT_EQ(added[l], keep ? std::max(before[l], two) : two);
    }
  }
}

TEST_F(Kernels, PrefixCountsCountWhatIsNotZeroAndWrap) {
  for (const int lanes : {1, kLanes}) {
    const std::int64_t count = 70'000;
    const auto list = values(static_cast<std::size_t>(count * lanes), 0, 255);
    std::vector<std::uint16_t> prefix(static_cast<std::size_t>((count + 1) * lanes), 99);
    prefix_counts(list.data(), count, lanes, prefix.data());
    std::vector<std::int64_t> seen(static_cast<std::size_t>(lanes));
    for (std::int64_t v = 0; v <= count; ++v) {
      for (int l = 0; l < lanes; ++l) {
        const auto at = static_cast<std::size_t>(v * lanes + l);
        std::int64_t& own = seen[static_cast<std::size_t>(l)];
        ASSERT_EQ(prefix[at], static_cast<std::uint16_t>(own)) << "value " << v << " lane " << l;
        if (v < count) own += list[at] != 0 ? 1 : 0;
      }
    }
    EXPECT_GT(seen.front(), 30'000);
  }
}

}  // namespace
}  // namespace lacuna::fast
