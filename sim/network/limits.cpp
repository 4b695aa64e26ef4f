#include "network/limits.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lacuna::network {
namespace {

constexpr std::size_t kMaxNameLength = 200;

bool is_printable(char c) { return c >= ' ' && c <= '~'; }

}  // namespace

std::optional<std::int64_t> bounded_product(const std::vector<std::int64_t>& factors,
                                            std::int64_t limit) {
  if (std::any_of(factors.begin(), factors.end(), [](std::int64_t f) { return f == 0; })) return 0;
  std::int64_t product = 1;
  for (const std::int64_t factor : factors) {
    if (factor > limit / product) return std::nullopt;
    product *= factor;
  }
  return product;
}

bool is_map(const MapShape& shape) {
  const std::vector<std::int64_t> sides = {shape.height, shape.width, shape.channels};
  return std::all_of(sides.begin(), sides.end(),
                     [](std::int64_t side) { return side >= 1 && side <= kMaxDimension; }) &&
         bounded_product(sides, kMaxMapValues).has_value();
}

std::string to_string(const MapShape& shape) {
  return fmt::format("{} x {} x {}", shape.height, shape.width, shape.channels);
}

std::int64_t output_side(std::int64_t in, std::int64_t padding, std::int64_t kernel,
                         std::int64_t stride) {
  return in + padding < kernel ? 0 : (in + padding - kernel) / stride + 1;
}

bool is_plain_name(const std::string& name) {
  return !name.empty() && name.size() <= kMaxNameLength &&
         std::all_of(name.begin(), name.end(), is_printable);
}

}  // namespace lacuna::network
