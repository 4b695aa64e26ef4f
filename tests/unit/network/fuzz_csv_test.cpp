// Mutants of workload files.
#include <gtest/gtest.h>

#include <array>

#include "network/limits.hpp"
#include "network/workload.hpp"
#include "unit/network/fuzzing.hpp"

namespace lacuna::network::test {
namespace {

const std::array<std::string, 4>& seeds() {
  static const std::array<std::string, 4> kSeeds = {
      "layer,M,N,K,density\na,5,7,9,0.5\nb,1,2,3,1\n",
      "layer,in_h,in_w,kernel_h,kernel_w,in_channels,out_channels,stride,padding,groups,density\n"
      "c1,14,14,3,3,8,8,1,1,8,0.25\nc2,9,8,3,2,4,6,2,0,2,1e-1\n",
      "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter, "
      "Strides,\nConv1, 224, 224, 7, 7, 3, 64, 2,\nFC, 1, 1, 1, 1, 512, 1000, 1,\n",
      "Layer, M, N, K,\nG0, 64, 32, 16,\n"};
  return kSeeds;
}

/// Replaces, drops or repeats a field or a line.
void mutate_fields(std::string& text, std::mt19937& random) {
  const char separator = pick(random, 4) == 0 ? '\n' : ',';
  const std::size_t start = text.find(separator, pick(random, text.size()));
  if (start == std::string::npos) return;
  const std::size_t end = text.find_first_of(",\n", start + 1);
  const std::size_t size = (end == std::string::npos ? text.size() : end) - start;
  switch (pick(random, 4)) {
    case 0:
      text.replace(start + 1, size - 1, std::to_string(nasty_integer(random)));
      break;
    case 1:
      text.replace(start + 1, size - 1, std::to_string(pick(random, 300)));
      break;
    case 2:
      text.erase(start, size);
      break;
    default:
      text.insert(start, text.substr(start, size));
  }
}

TEST(FuzzCsv, GivenMutantsThenOnlyInputErrorEscapes) {
  std::mt19937 random(mutant_seed());
  int accepted = 0;
  for (int mutant = 0; mutant < mutant_count() && !HasFailure(); ++mutant) {
    std::string bytes = seeds()[pick(random, seeds().size())];
    if (pick(random, 3) != 0) mutate_fields(bytes, random);
    if (pick(random, 3) == 0) mutate_fields(bytes, random);
    if (pick(random, 3) == 0) mutate_bytes(bytes, random);
    const auto read = [&] {
      for (const WorkloadLayer& entry : workload_from_bytes(bytes, "w.csv").layers) {
        const Layer& layer = entry.layer;
        EXPECT_TRUE(is_map(layer.in));
        EXPECT_TRUE(is_map(layer.out));
        EXPECT_GE(layer.k(), 1);
        EXPECT_GE(layer.n(), 1);
        EXPECT_TRUE(entry.density >= 0 && entry.density <= 1);
      }
    };
    accepted += accepts(read, bytes, mutant) ? 1 : 0;
  }
  RecordProperty("accepted", accepted);
  if (mutant_count() < 100) return;
  EXPECT_GT(20 * accepted, mutant_count());
  EXPECT_LT(accepted, mutant_count() * 3 / 4);
}

}  // namespace
}  // namespace lacuna::network::test
