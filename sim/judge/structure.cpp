#include "judge/structure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <tuple>

namespace lacuna::judge {
namespace {

class StructureCheck {
 public:
  StructureCheck(const schedule::Schedule& schedule, const network::Network& network,
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
    setup();
    for (std::size_t i = 0; i < schedule_.steps.size(); ++i) step(static_cast<schedule::StepId>(i));
  }

 private:
  bool is_layer(std::int32_t layer) const {
    return layer >= 0 && static_cast<std::size_t>(layer) < network_.layers.size();
  }
  const network::Layer& layer_of(std::int32_t layer) const {
    return network_.layers[static_cast<std::size_t>(layer)];
  }
  template <class T>
  static bool is_index(std::int32_t index, const std::vector<T>& list) {
    return index >= 0 && static_cast<std::size_t>(index) < list.size();
  }

  void maps() {
    for (std::size_t i = 0; i < network_.layers.size(); ++i) {
      const network::Layer& layer = network_.layers[i];
      violations_.require(
          layer.input >= 0 && static_cast<std::size_t>(layer.input) <= i &&
              layer.in == network_.map(layer.input),
          [&] { return fmt::format("{} does not read an earlier map of its size", layer.name); });
      if (layer.residual == -1) continue;
      violations_.require(
          layer.residual >= 0 && static_cast<std::size_t>(layer.residual) <= i && layer.is_gemm() &&
              !layer.logits && layer.out == network_.map(layer.residual),
          [&] { return fmt::format("{} adds no earlier map of its output's size", layer.name); });
    }
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
                              p.kind == network::LayerKind::kMaxPool &&
                              p.input == static_cast<int>(i) + 1 && p.in == gemm.out,
                          [&] { return name + ", which is not a pool of its output map"; });
      violations_.require(
          w.kernel_h == w.stride_h && w.kernel_w == w.stride_w && w.pad_top == 0 &&
              w.pad_left == 0 && w.pad_bottom == 0 && w.pad_right == 0,
          [&] { return name + ", whose windows overlap, leave gaps or are padded"; });
      violations_.require(p.out.height == p.in.height / std::max(1, w.kernel_h) &&
                              p.out.width == p.in.width / std::max(1, w.kernel_w) &&
                              p.out.channels == p.in.channels,
                          [&] { return name + ", whose output is not one value a whole window"; });
      for (const network::Layer& other : network_.layers) {
        const bool reads = other.residual == static_cast<int>(i) + 1 ||
                           (other.input == static_cast<int>(i) + 1 && &other != &p);
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
    violations_.require(
        r.map >= 0 && static_cast<std::size_t>(r.map) <= network_.layers.size() &&
            r.image_begin >= 0 && r.image_count > 0 &&
            r.image_count <= schedule_.batch - r.image_begin && r.row_begin >= 0 &&
            r.row_count > 0 && r.base >= 0 && r.slots > 0 &&
            r.base <= std::numeric_limits<std::int64_t>::max() - r.slots,
        [&] {
          return fmt::format(
              "region {} (map {}, images {} + {}, rows {} + {}, slots {} + {}) is ill formed",
              index, r.map, r.image_begin, r.image_count, r.row_begin, r.row_count, r.base,
              r.slots);
        });
  }

  void setup() {
    for (std::size_t i = 0; i < schedule_.setup.size(); ++i) {
      const schedule::Step& s = schedule_.setup[i];
      const bool waits = std::any_of(s.waits.begin(), s.waits.end(), [](schedule::StepId wait) {
        return wait != schedule::kNoStep;
      });
      violations_.require(s.kind == schedule::StepKind::kLoadWeights &&
                              is_index(s.block, schedule_.blocks) && s.address >= 0 && !waits &&
                              s.after_start == schedule::kNoStep,
                          [&] {
                            return fmt::format("set-up step {} ({}) is not a plain weight load", i,
                                               schedule::step_kind_name(s.kind));
                          });
    }
  }

  void step(schedule::StepId id) {
    if (violations_.full()) return;
    const schedule::Step& s = schedule_.steps[static_cast<std::size_t>(id)];
    const auto name = [&] { return step_name(schedule_, network_, id); };
    if (!violations_.require(is_layer(s.layer),
                             [&] { return name() + ": the network has no such layer"; }))
      return;
    operands(s, name);
    violations_.require(s.address >= 0,
                        [&] { return fmt::format("{}: address {}", name(), s.address); });
    for (std::size_t r = 0; r < s.waits.size(); ++r) {
      const schedule::StepId wait = s.waits[r];
      if (wait == schedule::kNoStep) continue;
      if (!violations_.require(wait >= 0 && wait < id, [&] {
            return fmt::format("{} waits for step {}, which is not earlier in the list", name(),
                               wait);
          })) {
        continue;
      }
      const schedule::StepKind kind = schedule_.steps[static_cast<std::size_t>(wait)].kind;
      violations_.require(static_cast<std::size_t>(schedule::resource_of(kind)) == r, [&] {
        return fmt::format("{} waits for {} on resource {}, which does not run it", name(),
                           step_name(schedule_, network_, wait), r);
      });
    }
    registers(s, id, name);
  }

  template <class Name>
  void operands(const schedule::Step& s, const Name& name) {
    const network::Layer& layer = layer_of(s.layer);
    const bool stream_or_post =
        s.kind == schedule::StepKind::kStream || s.kind == schedule::StepKind::kPost;
    if (stream_or_post || s.kind == schedule::StepKind::kLoadWeights ||
        s.kind == schedule::StepKind::kLoadPe) {
      violations_.require(
          is_index(s.block, schedule_.blocks) &&
              schedule_.blocks[static_cast<std::size_t>(s.block)].layer == s.layer,
          [&] { return fmt::format("{}: block {} is not one of the layer", name(), s.block); });
    }
    if (stream_or_post) {
      violations_.require(
          is_index(s.range, schedule_.ranges) &&
              schedule_.ranges[static_cast<std::size_t>(s.range)].layer == s.layer,
          [&] { return fmt::format("{}: range {} is not one of the layer", name(), s.range); });
    }
    if (s.kind == schedule::StepKind::kStream || s.kind == schedule::StepKind::kPool ||
        s.kind == schedule::StepKind::kStoreActivations) {
      violations_.require(is_index(s.input, schedule_.regions), [&] {
        return fmt::format("{}: there is no input region {}", name(), s.input);
      });
    }
    if (s.kind == schedule::StepKind::kPost && layer.logits) {
      violations_.require(s.output == -1, [&] {
        return fmt::format("{}: logits are written to region {}", name(), s.output);
      });
    } else if (s.kind == schedule::StepKind::kPost || s.kind == schedule::StepKind::kPool ||
               s.kind == schedule::StepKind::kLoadActivations) {
      violations_.require(is_index(s.output, schedule_.regions), [&] {
        return fmt::format("{}: there is no output region {}", name(), s.output);
      });
    }
    if (s.kind == schedule::StepKind::kPost && layer.residual >= 0) {
      violations_.require(is_index(s.residual, schedule_.regions), [&] {
        return fmt::format("{}: there is no region {} of a residual operand", name(), s.residual);
      });
    } else {
      violations_.require(s.residual == -1, [&] {
        return fmt::format("{} has a residual operand, region {}, that its layer has not", name(),
                           s.residual);
      });
    }
    if (s.kind == schedule::StepKind::kPool) {
      violations_.require(!layer.is_gemm(),
                          [&] { return name() + ": its layer is no pooling layer"; });
    }
    if (s.kind == schedule::StepKind::kLoadActivations ||
        s.kind == schedule::StepKind::kStoreActivations) {
      const schedule::MapRows& r = s.rows;
      violations_.require(r.map >= 0 && static_cast<std::size_t>(r.map) <= network_.layers.size() &&
                              r.image_begin >= 0 && r.image_count > 0 &&
                              r.image_count <= schedule_.batch - r.image_begin &&
                              r.row_begin >= 0 && r.row_count > 0,
                          [&] {
                            return fmt::format(
                                "{}: rows {} + {} of images {} + {} of map {} are ill formed",
                                name(), r.row_begin, r.row_count, r.image_begin, r.image_count,
                                r.map);
                          });
    }
  }

  // Serial: one set. Shadowed: PE load p fills set p mod 2, once the first stream that uses what
  // load p - 1 brought has started.
  template <class Name>
  void registers(const schedule::Step& s, schedule::StepId id, const Name& name) {
    const bool shadowed = spec_.array.weight_load == arch::WeightLoad::kShadowed;
    if (s.kind == schedule::StepKind::kLoadPe) {
      const std::int32_t set = shadowed ? static_cast<std::int32_t>(pe_loads_ % 2) : 0;
      violations_.require(s.set == set, [&] {
        return fmt::format("{} fills register set {} instead of {}", name(), s.set, set);
      });
      const schedule::StepId start = shadowed ? first_stream_ : schedule::kNoStep;
      if (shadowed && pe_loads_ > 0 && start == schedule::kNoStep) {
        violations_.add(
            fmt::format("{}: no stream uses what PE load step {} brought", name(), pe_load_));
      } else {
        violations_.require(s.after_start == start, [&] {
          return fmt::format("{} comes after the start of step {} instead of {}", name(),
                             s.after_start, start);
        });
      }
      ++pe_loads_;
      pe_load_ = id;
      first_stream_ = schedule::kNoStep;
      return;
    }
    violations_.require(s.after_start == schedule::kNoStep, [&] {
      return fmt::format("{} has after_start {}, which only a PE load may have", name(),
                         s.after_start);
    });
    if (s.kind != schedule::StepKind::kStream) return;
    violations_.require(s.set == 0 || (shadowed && s.set == 1),
                        [&] { return fmt::format("{} uses register set {}", name(), s.set); });
    const bool newest = pe_load_ != schedule::kNoStep &&
                        schedule_.steps[static_cast<std::size_t>(pe_load_)].set == s.set;
    if (newest && first_stream_ == schedule::kNoStep) first_stream_ = id;
  }

  const schedule::Schedule& schedule_;
  const network::Network& network_;
  const arch::AcceleratorSpec& spec_;
  Violations& violations_;
  std::int64_t pe_loads_ = 0;
  schedule::StepId pe_load_ = schedule::kNoStep;       ///< the last one
  schedule::StepId first_stream_ = schedule::kNoStep;  ///< that uses what pe_load_ brought
};

}  // namespace

void check_structure(const schedule::Schedule& schedule, const network::Network& network,
                     const arch::AcceleratorSpec& spec, Violations& violations) {
  StructureCheck(schedule, network, spec, violations).run();
}

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
