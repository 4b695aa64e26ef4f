#include "judge/pool_book.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lacuna::judge {

void PoolBook::add(std::int32_t layer, schedule::StepId step, const schedule::ImageRows& rows) {
  done_[layer].push_back({step, rows});
}

void PoolBook::finish() {
  for (std::size_t i = 0; i < network_.layers.size(); ++i) finish(static_cast<std::int32_t>(i));
}

void PoolBook::finish(std::int32_t index) {
  const network::Layer& layer = network_.layers[static_cast<std::size_t>(index)];
  if (layer.is_gemm()) return;
  std::vector<Done>& done = done_[index];
  for (const schedule::LayerMapping& plan : schedule_.layers) {
    if (plan.fused_pool != index) continue;
    violations_.require(done.empty(), [&] {
      return step_name(schedule_, network_, done.front().step) +
             " computes a layer that the post unit fuses";
    });
    return;
  }
  const std::int64_t height = layer.out.height;
  const auto first = [&](const auto& d) { return d.rows.image * height + d.rows.begin; };
  std::sort(done.begin(), done.end(), [&](const auto& a, const auto& b) {
    return first(a) != first(b) ? first(a) < first(b) : a.step < b.step;
  });
  std::int64_t row = 0;
  for (const auto& d : done) {
    if (first(d) != row) {
      violations_.add(first(d) > row ? fmt::format("no step computes row {} of image {} of {}",
                                                   row % height, row / height, layer.name)
                                     : fmt::format("{} computes row {} of image {} again",
                                                   step_name(schedule_, network_, d.step),
                                                   d.rows.begin, d.rows.image));
      return;
    }
    row += d.rows.end - d.rows.begin;
  }
  violations_.require(row == height * schedule_.batch, [&] {
    return fmt::format("no step computes row {} of image {} of {}", row % height, row / height,
                       layer.name);
  });
}

}  // namespace lacuna::judge
