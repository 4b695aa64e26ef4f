#include "judge/structure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "judge/step_structure.hpp"

namespace lacuna::judge {
namespace {

/// Maps, layer plans, blocks, ranges and regions.
class PartCheck {
 public:
  PartCheck(const schedule::Schedule& schedule, const network::Network& network,
            const arch::AcceleratorSpec& spec, Violations& violations)
      : schedule_(schedule), network_(network), spec_(spec), violations_(violations) {}

  void run() {
    if (!violations_.require(
            schedule_.batch >= 1 && schedule_.batch <= std::numeric_limits<std::int32_t>::max() &&
                schedule_.layers.size() == network_.layers.size(),
            [&] {
              return fmt::format("the schedule has batch {} and {} layer plans for {} layers",
                                 schedule_.batch, schedule_.layers.size(), network_.layers.size());
            })) {
      return;
    }
    violations_.require(
        schedule_.steps.size() < std::size_t{std::numeric_limits<schedule::StepId>::max()} &&
            schedule_.weight_words >= 0 && schedule_.activation_slots >= 0 &&
            schedule_.accumulator_entries >= 0,
        [&] { return "the schedule's sizes are out of range"; });
    maps();
    plans();
    for (std::size_t i = 0; i < schedule_.blocks.size(); ++i) block(i);
    for (std::size_t i = 0; i < schedule_.ranges.size(); ++i) range(i);
    for (std::size_t i = 0; i < schedule_.regions.size(); ++i) region(i);
    check_steps(schedule_, network_, spec_, violations_);
  }

 private:
  bool is_layer(std::int32_t layer) const {
    return layer >= 0 && static_cast<std::size_t>(layer) < network_.layers.size();
  }
  const network::Layer& layer_of(std::int32_t layer) const {
    return network_.layers[static_cast<std::size_t>(layer)];
  }
  void maps() {
    // Channels of each map that no layer so far writes.
    std::vector<std::vector<bool>> missing;
    for (const network::Map& map : network_.maps) {
      missing.emplace_back(static_cast<std::size_t>(map.shape.channels), !missing.empty());
    }
    const auto is_written = [&](int map) {
      const auto& own = missing[static_cast<std::size_t>(map)];
      return std::find(own.begin(), own.end(), true) == own.end();
    };
    const auto is_there = [&](int map, const network::MapShape& shape) {
      return map >= 0 && static_cast<std::size_t>(map) < missing.size() && is_written(map) &&
             network_.map(map).shape == shape;
    };
    // A second map of one pixel, or of one channel.
    const auto stands_for_all = [&](const network::Layer& layer) {
      for (const network::MapShape& shape :
           {network::MapShape{1, 1, layer.out.channels},
            network::MapShape{layer.out.height, layer.out.width, 1}}) {
        if (is_there(layer.residual(), shape)) return true;
      }
      return false;
    };
    for (const network::Layer& layer : network_.layers) {
      violations_.require(
          !layer.inputs.empty() && layer.inputs.size() <= 2 && is_there(layer.input(), layer.in),
          [&] { return fmt::format("{} does not read an earlier map of its size", layer.name); });
      violations_.require(
          layer.inputs.size() < 2 ||
              (!layer.logits && !layer.is_pool() && layer.kind != network::LayerKind::kResize &&
               (is_there(layer.residual(), layer.out) ||
                (!layer.is_gemm() && stands_for_all(layer)))),
          [&] { return fmt::format("{} adds no earlier map of its output's size", layer.name); });
      const bool writes = write_channels(layer, missing);
      violations_.require(layer.logits ? layer.output == network::kNoMap : writes, [&] {
        return fmt::format("{} does not write channels of its own of a map of its size",
                           layer.name);
      });
      sums(layer);
    }
    for (std::size_t map = 0; map < missing.size(); ++map) {
      const auto first = std::find(missing[map].begin(), missing[map].end(), true);
      violations_.require(first == missing[map].end(), [&] {
        return fmt::format("no layer writes channel {} of map {}", first - missing[map].begin(),
                           map);
      });
    }
    for (const network::Output& output : network_.outputs) {
      const bool of_sums = is_layer(output.layer) && layer_of(output.layer).logits;
      const bool of_map = output.layer < 0 && output.map >= 0 &&
                          static_cast<std::size_t>(output.map) < missing.size() &&
                          is_written(output.map) && !network_.map(output.map).sums;
      violations_.require(of_sums || of_map, [&] {
        return fmt::format("output {} is no layer's sums and no map that is written", output.name);
      });
    }
  }

  /// Whether the layer writes channels of a map of its height and width that nobody writes yet.
  bool write_channels(const network::Layer& layer, std::vector<std::vector<bool>>& missing) const {
    if (layer.output < 0 || static_cast<std::size_t>(layer.output) >= missing.size()) return false;
    const network::MapShape& shape = network_.map(layer.output).shape;
    const bool fits = layer.out.height == shape.height && layer.out.width == shape.width &&
                      layer.out.channels > 0 && layer.output_channel >= 0 &&
                      layer.out.channels <= shape.channels - layer.output_channel;
    if (!fits) return false;
    std::vector<bool>& own = missing[static_cast<std::size_t>(layer.output)];
    const auto first = own.begin() + layer.output_channel;
    const auto last = first + layer.out.channels;
    if (std::find(first, last, false) != last) return false;
    std::fill(first, last, false);
    return true;
  }

  /// Maps of sums: written whole by a GEMM layer as they are, read by the post unit for another.
  void sums(const network::Layer& layer) {
    const auto is_sums = [&](int map) {
      return map >= 0 && static_cast<std::size_t>(map) < network_.maps.size() &&
             network_.map(map).sums;
    };
    if (is_sums(layer.output)) {
      violations_.require(
          layer.is_gemm() && !layer.logits && layer.combine == network::Combine::kNone &&
              layer.inputs.size() == 1 && network_.map(layer.output).shape == layer.out,
          [&] { return fmt::format("{} cannot keep its sums as a map", layer.name); });
    }
    const bool reads = layer.inputs.size() == 2 && is_sums(layer.inputs[1]) &&
                       !(layer.is_gemm() && (layer.combine == network::Combine::kAdd ||
                                             layer.combine == network::Combine::kFunction));
    violations_.require(!reads && (layer.inputs.empty() || !is_sums(layer.inputs[0])), [&] {
      return fmt::format("{} reads a map of sums, which only the post unit adds", layer.name);
    });
  }

  void plans() {
    std::vector<int> fused_by(network_.layers.size(), -1);
    for (std::size_t i = 0; i < schedule_.layers.size(); ++i) {
      const std::int32_t pool = schedule_.layers[i].fused_pool;
      if (pool == -1) continue;
      const std::string name = fmt::format("layer {} fuses layer {}", i, pool);
      if (!violations_.require(is_layer(pool),
                               [&] { return name + ", which is not in the network"; }))
        continue;
      const network::Layer& gemm = network_.layers[i];
      const network::Layer& p = layer_of(pool);
      const network::Window& w = p.window;
      violations_.require(gemm.is_gemm() && !gemm.logits &&
                              p.kind == network::LayerKind::kMaxPool && p.input() == gemm.output &&
                              p.in == gemm.out && !network_.map(gemm.output).sums,
                          [&] { return name + ", which is not a pool of its output map"; });
      violations_.require(
          w.kernel_h == w.stride_h && w.kernel_w == w.stride_w && w.pad_top == 0 &&
              w.pad_left == 0 && w.pad_bottom == 0 && w.pad_right == 0,
          [&] { return name + ", whose windows overlap, leave gaps or are padded"; });
      violations_.require(p.out.height == p.in.height / std::max(1, w.kernel_h) &&
                              p.out.width == p.in.width / std::max(1, w.kernel_w) &&
                              p.out.channels == p.in.channels,
                          [&] { return name + ", whose output is not one value a whole window"; });
      violations_.require(!network_.is_output(gemm.output),
                          [&] { return name + ", whose input is an output of the network"; });
      for (const network::Layer& other : network_.layers) {
        const bool reads =
            other.residual() == gemm.output || (other.input() == gemm.output && &other != &p);
        violations_.require(
            !reads, [&] { return fmt::format("{}, but {} reads its input", name, other.name); });
      }
      int& owner = fused_by[static_cast<std::size_t>(pool)];
      violations_.require(owner == -1,
                          [&] { return fmt::format("{}, and so does layer {}", name, owner); });
      owner = static_cast<int>(i);
    }
  }

  void block(std::size_t index) {
    const schedule::Block& b = schedule_.blocks[index];
    const std::string name = fmt::format("block {}", index);
    if (!violations_.require(is_layer(b.layer) && layer_of(b.layer).is_gemm(), [&] {
          return fmt::format("{} is of layer {}, no GEMM layer", name, b.layer);
        })) {
      return;
    }
    const network::Layer& layer = layer_of(b.layer);
    violations_.require(
        b.group >= 0 && b.group < layer.groups && b.pass >= 0 && b.k_count > 0 && b.n_count > 0 &&
            b.k_begin >= 0 && b.n_begin >= 0 && b.k_count <= layer.k() - b.k_begin &&
            b.n_count <= layer.n() - b.n_begin,
        [&] {
          return fmt::format(
              "{} (group {}, pass {}, k {} + {}, n {} + {}) is not inside {}, which has {} "
              "groups, K {}, N {}",
              name, b.group, b.pass, b.k_begin, b.k_count, b.n_begin, b.n_count, layer.name,
              layer.groups, layer.k(), layer.n());
        });
    const std::int64_t depth = std::int64_t{spec_.array.rows} * spec_.array.weights_per_pe;
    violations_.require(b.k_count <= depth && b.n_count <= spec_.array.cols, [&] {
      return fmt::format("{} has {} indices x {} channels, the array holds {} x {}", name,
                         b.k_count, b.n_count, depth, spec_.array.cols);
    });
  }

  void range(std::size_t index) {
    const schedule::PixelRange& r = schedule_.ranges[index];
    if (!violations_.require(is_layer(r.layer) && layer_of(r.layer).is_gemm(), [&] {
          return fmt::format("range {} is of layer {}, no GEMM layer", index, r.layer);
        })) {
      return;
    }
    const std::int64_t rows = layer_of(r.layer).out.height * schedule_.batch;
    violations_.require(
        r.row_begin >= 0 && r.row_count > 0 && r.row_count <= rows - r.row_begin, [&] {
          return fmt::format("range {} (rows {} + {}) is not inside the batch's {} rows", index,
                             r.row_begin, r.row_count, rows);
        });
  }

  void region(std::size_t index) {
    const schedule::Region& r = schedule_.regions[index];
    const bool known = r.map >= 0 && static_cast<std::size_t>(r.map) < network_.maps.size();
    violations_.require(
        known && r.image_begin >= 0 && r.image_count > 0 &&
            r.image_count <= schedule_.batch - r.image_begin && r.row_begin >= 0 &&
            r.row_count > 0 && r.base >= 0 && r.slots > 0 &&
            r.base <= std::numeric_limits<std::int64_t>::max() - r.slots,
        [&] {
          return fmt::format(
              "region {} (map {}, images {} + {}, rows {} + {}, slots {} + {}) is ill formed",
              index, r.map, r.image_begin, r.image_count, r.row_begin, r.row_count, r.base,
              r.slots);
        });
    if (!known) return;
    const std::int64_t channels = network_.map(r.map).shape.channels;
    violations_.require(r.channel_begin >= 0 && r.channel_count > 0 &&
                            r.channel_count <= channels - r.channel_begin,
                        [&] {
                          return fmt::format("region {} has channels {} + {} of a map of {}", index,
                                             r.channel_begin, r.channel_count, channels);
                        });
  }

  const schedule::Schedule& schedule_;
  const network::Network& network_;
  const arch::AcceleratorSpec& spec_;
  Violations& violations_;
};

}  // namespace

void check_structure(const schedule::Schedule& schedule, const network::Network& network,
                     const arch::AcceleratorSpec& spec, Violations& violations) {
  PartCheck(schedule, network, spec, violations).run();
}

}  // namespace lacuna::judge
