#include "unit/network/fuzzing.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <exception>
#include <limits>

#include "base/error.hpp"
#include "base/file.hpp"

namespace lacuna::network::test {
namespace {

int number_from(const char* variable, int otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::atoi(text);
}

}  // namespace

int mutant_count() {
  constexpr int kDefault = 3000;
  return number_from("LACUNA_FUZZ_COUNT", kDefault);
}

unsigned mutant_seed() { return static_cast<unsigned>(number_from("LACUNA_FUZZ_SEED", 1)); }

std::size_t pick(std::mt19937& random, std::size_t count) { return random() % count; }

std::int64_t nasty_integer(std::mt19937& random) {
  static constexpr std::array<std::int64_t, 12> kNasty = {0,
                                                          1,
                                                          -1,
                                                          2,
                                                          7,
                                                          -8,
                                                          255,
                                                          65536,
                                                          65537,
                                                          std::numeric_limits<std::int32_t>::min(),
                                                          std::numeric_limits<std::int64_t>::max(),
                                                          std::numeric_limits<std::int64_t>::min()};
  if (pick(random, 2) == 0) return kNasty[pick(random, kNasty.size())];
  const std::int64_t power = std::int64_t{1} << pick(random, 62);
  return power + static_cast<std::int64_t>(pick(random, 3)) - 1;
}

void mutate_bytes(std::string& bytes, std::mt19937& random) {
  const std::size_t changes = 1 + pick(random, 4);
  for (std::size_t change = 0; change < changes && !bytes.empty(); ++change) {
    const std::size_t at = pick(random, bytes.size());
    switch (pick(random, 6)) {
      case 0:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << pick(random, 8)));
        break;
      case 1:
        bytes[at] = static_cast<char>(random() & 0xFFU);
        break;
      case 2:
        bytes.insert(at, 1, static_cast<char>(random() & 0xFFU));
        break;
      case 3:
        bytes.erase(at, 1 + pick(random, 8));
        break;
      case 4:
        bytes.insert(at, bytes.substr(pick(random, bytes.size()), 1 + pick(random, 16)));
        break;
      default:
        bytes.resize(at);
    }
  }
}

bool accepts(const std::function<void()>& read, const std::string& bytes, int mutant) {
  std::string what;
  try {
    read();
    return true;
  } catch (const base::InputError&) {
    return false;
  } catch (const std::exception& error) {
    what = error.what();
  }
  const std::string path = testing::TempDir() + "lacuna_mutant_" + std::to_string(mutant);
  base::write_file(path, bytes);
  ADD_FAILURE() << "mutant " << mutant << " (" << path << "): " << what;
  return false;
}

}  // namespace lacuna::network::test
