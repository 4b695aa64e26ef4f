#include "judge/tiling.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <tuple>

namespace lacuna::judge {
namespace {

using GroupOrder = std::vector<std::size_t>;  ///< blocks of one layer and group, by (n, k)

// The passes of one tile, blocks [first, last) of the order, must cut K.
void check_passes(const schedule::Schedule& schedule, const GroupOrder& order, std::size_t first,
                  std::size_t last, const std::string& group, std::int64_t k_size,
                  Violations& violations) {
  const schedule::Block& head = schedule.blocks[order[first]];
  std::int64_t k = 0;
  for (std::size_t i = first; i < last; ++i) {
    const schedule::Block& b = schedule.blocks[order[i]];
    violations.require(b.k_begin == k, [&] {
      return fmt::format("{}: block {} begins at k {}, the ones before it end at {}", group,
                         order[i], b.k_begin, k);
    });
    violations.require(b.n_count == head.n_count, [&] {
      return fmt::format("{}: blocks {} and {} share n {} but hold {} and {} channels", group,
                         order[first], order[i], b.n_begin, head.n_count, b.n_count);
    });
    violations.require(b.pass == static_cast<std::int32_t>(i - first), [&] {
      return fmt::format("{}: block {} is pass {} of its tile, but says {}", group, order[i],
                         i - first, b.pass);
    });
    k = b.k_begin + b.k_count;
  }
  violations.require(k == k_size, [&] {
    return fmt::format("{}: the passes from block {} end at k {} of {}", group, order[first], k,
                       k_size);
  });
}

}  // namespace

Tiling check_tiling(const schedule::Schedule& schedule, const network::Network& network,
                    Violations& violations) {
  Tiling tiling;
  tiling.tile_of_block.assign(schedule.blocks.size(), -1);
  GroupOrder order(schedule.blocks.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto place = [&](std::size_t i) {
    const schedule::Block& b = schedule.blocks[i];
    return std::make_tuple(b.layer, b.group, b.n_begin, b.k_begin, i);
  };
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return place(a) < place(b); });
  std::size_t next = 0;
  for (std::int32_t l = 0; static_cast<std::size_t>(l) < network.layers.size(); ++l) {
    const network::Layer& layer = network.layers[static_cast<std::size_t>(l)];
    if (!layer.is_gemm()) continue;
    for (std::int32_t g = 0; g < layer.groups; ++g) {
      const std::string group = fmt::format("{}, group {}", layer.name, g);
      const auto mine = [&](std::size_t i) {
        return i < order.size() && schedule.blocks[order[i]].layer == l &&
               schedule.blocks[order[i]].group == g;
      };
      std::int64_t n = 0;
      while (mine(next)) {
        const std::size_t first = next;
        const schedule::Block& head = schedule.blocks[order[first]];
        while (mine(next) && schedule.blocks[order[next]].n_begin == head.n_begin) {
          tiling.tile_of_block[order[next]] = static_cast<std::int32_t>(tiling.tiles.size());
          ++next;
        }
        violations.require(head.n_begin == n, [&] {
          return fmt::format("{}: block {} begins at n {}, the ones before it end at {}", group,
                             order[first], head.n_begin, n);
        });
        check_passes(schedule, order, first, next, group, layer.k(), violations);
        tiling.tiles.push_back(
            {l, g, head.n_begin, head.n_count, static_cast<std::int32_t>(next - first)});
        n = head.n_begin + head.n_count;
      }
      violations.require(n == layer.n(), [&] {
        return fmt::format("{}: the blocks end at channel {} of {}", group, n, layer.n());
      });
    }
  }
  return tiling;
}

}  // namespace lacuna::judge
