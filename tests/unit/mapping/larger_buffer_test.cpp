// More memory costs a machine that skips nothing no cycles, and where cycles stay equal no DRAM
// bytes: of the weight SRAM whole networks, of the activation SRAM layers alone.
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "mapping/mapper.hpp"
#include "mapping/timeline.hpp"
#include "network/synthetic.hpp"
#include "network/workload.hpp"
#include "share.hpp"
#include "unit/mapping/random_case.hpp"

namespace lacuna::mapping {
namespace {

/// Cycles and DRAM bytes.
using Cost = std::pair<std::int64_t, std::int64_t>;

std::optional<Cost> cost_of(const network::Network& network, const arch::AcceleratorSpec& spec,
                            std::int64_t batch) {
  MapOptions options;
  options.batch = batch;
  // Where a buffer begins to hold all weights, they are no longer fetched: another machine.
  options.may_be_resident = false;
  try {
    const Estimate estimate = estimate_dense(map_network(network, spec, options), network, spec);
    return Cost{estimate.cycles.value, estimate.dram.value};
  } catch (const base::InputError&) {
    return std::nullopt;
  }
}

class LargerBuffer : public ::testing::Test {
 protected:
  /// Sizes grow; what a smaller one can do, a larger one can.
  void expect_no_worse(const network::Network& network, std::int64_t batch,
                       const std::vector<arch::AcceleratorSpec>& machines) {
    std::optional<Cost> before;
    for (const arch::AcceleratorSpec& spec : machines) {
      const std::optional<Cost> now = cost_of(network, spec, batch);
      ASSERT_TRUE(now || !before) << "a larger buffer is refused";
      if (before) {
        ASSERT_LE(*now, *before);
        better_ += *now < *before ? 1 : 0;
        traded_ += now->second > before->second ? 1 : 0;
      }
      before = now;
    }
    mapped_ += before ? 1 : 0;
  }

  int mapped_ = 0;
  int better_ = 0;  ///< steps from one size to the next that gain something
  int traded_ = 0;  ///< and of these, those that pay for cycles with bytes
};

TEST_F(LargerBuffer, OfWeightsNeverHurtsANetwork) {
  const std::uint32_t seeds = test::case_count(1'500, 60, 12);
  for (std::uint32_t seed = 0; seed < seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const testing::RandomCase c = testing::random_case(seed);
    std::vector<arch::AcceleratorSpec> machines;
    // Sizes of which the mapper tries parts.
    for (std::int64_t words = 8; words <= 1024; words *= 2) {
      for (const std::int64_t size : {words, words + words / 2}) {
        arch::AcceleratorSpec spec = c.spec;
        spec.zero_skipping = arch::ZeroSkipping::kNone;
        spec.weight_sram.capacity_bytes = size * c.spec.weight_sram.word_bits / 8;
        if (spec.weight_words() == size) machines.push_back(spec);
      }
    }
    expect_no_worse(c.network, c.batch, machines);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(mapped_, static_cast<int>(seeds) / 2);
  EXPECT_GT(better_, mapped_);
}

TEST_F(LargerBuffer, OfActivationsNeverHurtsALayer) {
  const std::uint32_t seeds = test::case_count(20'000, 400, 100);
  for (std::uint32_t seed = 0; seed < seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const testing::RandomCase c = testing::random_case(seed);
    if (c.network.layers.size() > 1) continue;
    std::vector<arch::AcceleratorSpec> machines;
    for (std::int64_t bytes = 8; bytes <= 65'536; bytes += bytes / 2) {
      machines.push_back(c.spec);
      machines.back().zero_skipping = arch::ZeroSkipping::kNone;
      machines.back().activation_sram.capacity_bytes = bytes / 8 * 8;
    }
    expect_no_worse(c.network, c.batch, machines);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(mapped_, static_cast<int>(seeds) / 20);
  EXPECT_GT(better_, mapped_ / 2);
}

struct Row {
  network::Network network;
  arch::AcceleratorSpec spec;
};

Row row_on(const std::string& header, const std::string& row, const std::string& machine,
           const std::vector<config::Override>& set) {
  const auto spec = arch::load_spec(LACUNA_SOURCE_DIR "/hw_configs/" + machine + ".yaml", set);
  const network::Workload workload =
      network::workload_from_bytes(header + "\n" + row + "\n", "w.csv");
  return {network::synthetic_shape(workload.layers[0], spec.precision.weight_bits,
                                   spec.precision.activation_bits),
          spec};
}

const char* const kConvolution =
    "layer,in_h,in_w,kernel_h,kernel_w,in_channels,out_channels,stride,padding,groups";

// A projection of 1 x 1 windows with stride 2 reads every second row, 28 of 56, each whole: 28 x 56
// x 64 bytes. It writes 28 x 28 x 128, and has 64 x 128 weights.
TEST_F(LargerBuffer, OfActivationsFetchesNoRowsThatNoWindowReads) {
  for (const char* bytes : {"8192", "16384", "65536", "262144", "1048576"}) {
    const Row row = row_on(kConvolution, "a,56,56,1,1,64,128,2,0,1", "cloud_32x32",
                           {{"activation_sram.capacity_bytes", bytes}});
    EXPECT_EQ(cost_of(row.network, row.spec, 1)->second, 28 * 56 * 64 + 28 * 28 * 128 + 64 * 128)
        << bytes;
  }
}

// Windows of two rows with stride 4 and padding 1 read row 0, and rows 3 and 4: 3 x 3 x 32 bytes of
// the map's 7 x 3 x 32. The output is 2 x 1 x 32, and weights are 4 x 8 x 8 x 6.
TEST_F(LargerBuffer, OfActivationsFetchesNoRowsBetweenWindows) {
  for (const char* bytes : {"256", "512", "1024", "2048", "4096"}) {
    const Row row = row_on(kConvolution, "a,7,3,2,3,32,32,4,1,4", "cloud_32x32",
                           {{"activation_sram.capacity_bytes", bytes}});
    EXPECT_EQ(cost_of(row.network, row.spec, 1)->second, 3 * 3 * 32 + 2 * 32 + 4 * 8 * 8 * 6)
        << bytes;
  }
}

// 1,024 bytes hold two halves of a block, so that one is fetched while the other streams: 2,550
// cycles. A larger buffer can do the same.
TEST_F(LargerBuffer, OfWeightsCanBeUsedAsASmallerOne) {
  for (const char* bytes : {"1024", "2048", "4096"}) {
    const Row row = row_on("layer,M,N,K", "a,7,31,160", "cloud_32x32",
                           {{"dram.bytes_per_cycle", "4"}, {"weight_sram.capacity_bytes", bytes}});
    EXPECT_LE(cost_of(row.network, row.spec, 3)->first, 2'550) << bytes;
    MapOptions options;
    options.batch = 3;
    options.may_be_resident = false;
    const std::string why = map_network(row.network, row.spec, options).layers[0].reason;
    const std::string part =
        "; a part of the weight SRAM, 128 of " + std::to_string(*row.spec.weight_words());
    EXPECT_EQ(why.find(part) != std::string::npos, *row.spec.weight_words() > 128) << why;
  }
}

}  // namespace
}  // namespace lacuna::mapping
