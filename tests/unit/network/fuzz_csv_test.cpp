// Mutants of workload files.
#include <gtest/gtest.h>

#include <algorithm>

#include "network/limits.hpp"
#include "network/workload.hpp"
#include "unit/network/fuzzing.hpp"

namespace lacuna::network::test {
namespace {

std::string number(std::size_t value) { return std::to_string(value); }

/// 1..count.
std::size_t draw(std::mt19937& random, std::size_t count) { return 1 + pick(random, count); }

/// A sound file of any of the known forms.
std::string random_workload(std::mt19937& random) {
  const std::size_t form = pick(random, 4);
  std::string text;
  if (form == 0) text = "layer,M,N,K,density\n";
  if (form == 1) text = "Layer, M, N, K,\n";
  if (form == 2) {
    text =
        "layer,in_h,in_w,kernel_h,kernel_w,in_channels,out_channels,stride,padding,groups,"
        "density\n";
  }
  if (form == 3) {
    text =
        "Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num "
        "Filter, Strides,\n";
  }
  const std::size_t rows = draw(random, 3);
  for (std::size_t row = 0; row < rows; ++row) {
    text += "layer" + number(row) + ",";
    const std::string density = "0." + number(pick(random, 1000));
    if (form < 2) {
      for (int i = 0; i < 3; ++i) text += number(draw(random, 300)) + ",";
      text += form == 0 ? density + "\n" : "\n";
      continue;
    }
    const std::size_t kernel_h = draw(random, 5);
    const std::size_t kernel_w = draw(random, 5);
    const std::size_t groups = form == 2 ? draw(random, 4) : 1;
    const std::size_t sides[] = {kernel_h + pick(random, 20), kernel_w + pick(random, 20)};
    const std::size_t fields[] = {sides[0],
                                  sides[1],
                                  kernel_h,
                                  kernel_w,
                                  groups * draw(random, 8),
                                  groups * draw(random, 8),
                                  draw(random, 3)};
    for (const std::size_t field : fields) text += number(field) + ",";
    if (form == 2) {
      text += number(pick(random, std::min(kernel_h, kernel_w))) + "," + number(groups) + ",";
      text += density;
    }
    text += "\n";
  }
  return text;
}

/// Replaces, drops or repeats a field or a line.
void mutate_fields(std::string& text, std::mt19937& random) {
  const char separator = pick(random, 4) == 0 ? '\n' : ',';
  const std::size_t start = text.find(separator, pick(random, text.size()));
  if (start == std::string::npos) return;
  const std::size_t end = text.find_first_of(",\n", start + 1);
  const std::size_t size = (end == std::string::npos ? text.size() : end) - start;
  switch (pick(random, 5)) {
    case 0:
      text.replace(start + 1, size - 1, std::to_string(nasty_integer(random)));
      break;
    case 1:
      text.replace(start + 1, size - 1, number(pick(random, 300)));
      break;
    case 2:
      text.erase(start, size);
      break;
    case 3:
      text.insert(start + 1, pick(random, 2) == 0 ? " \t" : "\r");
      break;
    default:
      text.insert(start, text.substr(start, size));
  }
}

TEST(FuzzCsv, GivenMutantsThenOnlyInputErrorEscapes) {
  std::mt19937 random(mutant_seed());
  int accepted = 0;
  for (int mutant = 0; mutant < mutant_count() && !HasFailure(); ++mutant) {
    std::string bytes = random_workload(random);
    if (pick(random, 2) == 0) {
      for (std::size_t i = draw(random, 2); i > 0 && !bytes.empty(); --i) {
        mutate_fields(bytes, random);
      }
      if (pick(random, 3) == 0) mutate_bytes(bytes, random);
    }
    const auto read = [&] {
      const Workload workload = workload_from_bytes(bytes, "w.csv");
      check_values(workload);
      for (const WorkloadLayer& entry : workload.layers) {
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
  if (mutant_count() < 300) return;
  EXPECT_GT(2 * accepted, mutant_count());  // the mutants reach behind the header
  EXPECT_LT(accepted, mutant_count() * 9 / 10);
}

}  // namespace
}  // namespace lacuna::network::test
