// Images that are drawn, for timing without any: random[:seed[:density]].
#include <fmt/format.h>

#include <charconv>
#include <cstdlib>

#include "base/error.hpp"
#include "base/sha256.hpp"
#include "network/data/formats.hpp"

namespace lacuna::network {
namespace {

constexpr std::string_view kRandomName = "random";
constexpr std::int64_t kRandomCount = std::int64_t{1} << 31;

[[noreturn]] void refuse_random(const std::string& path) {
  throw base::InputError({"", 0, path}, "is no way to draw images",
                         "random[:seed[:density]], a seed from 0 and a density of 0..1");
}

}  // namespace

bool is_random(const DataPath& data) {
  return !data.is_file && !data.is_folder &&
         (data.path == kRandomName || data.path.substr(0, kRandomName.size() + 1) == "random:");
}

DataSet read_random(const DataPath& data) {
  RandomImages random;
  if (data.path != kRandomName) {
    const std::string text = data.path.substr(kRandomName.size() + 1);
    const std::size_t colon = text.find(':');
    const std::string seed = text.substr(0, colon);
    const auto [end, error] = std::from_chars(seed.data(), seed.data() + seed.size(), random.seed);
    if (seed.empty() || error != std::errc() || end != seed.data() + seed.size()) {
      refuse_random(data.path);
    }
    if (colon != std::string::npos) {
      const std::string density = text.substr(colon + 1);
      const char* const last = density.data() + density.size();
      const auto read = std::from_chars(density.data(), last, random.density);
      if (read.ec != std::errc() || read.ptr != last ||
          !(random.density >= 0 && random.density <= 1)) {
        refuse_random(data.path);
      }
    }
  }
  DataSet set;
  set.images = kRandomCount;
  set.random = random;
  set.images_file = data.path;
  const std::string text = fmt::format("random:{}:{}", random.seed, random.density);
  set.images_sha256 = base::sha256_hex(text);
  return set;
}

}  // namespace lacuna::network
