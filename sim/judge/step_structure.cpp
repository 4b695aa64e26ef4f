#include "judge/step_structure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace lacuna::judge {
namespace {

class StepCheck {
 public:
  StepCheck(const schedule::Schedule& schedule, const network::Network& network,
            const arch::AcceleratorSpec& spec, Violations& violations)
      : schedule_(schedule), network_(network), spec_(spec), violations_(violations) {}

  void run() {
    setup();
    for (std::size_t i = 0; i < schedule_.steps.size(); ++i) step(static_cast<schedule::StepId>(i));
  }

 private:
  template <class T>
  static bool is_index(std::int32_t index, const std::vector<T>& list) {
    return index >= 0 && static_cast<std::size_t>(index) < list.size();
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
    if (!violations_.require(is_index(s.layer, network_.layers),
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
    const network::Layer& layer = network_.layers[static_cast<std::size_t>(s.layer)];
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
    if (s.kind == schedule::StepKind::kStream || schedule::is_map_step(s.kind) ||
        s.kind == schedule::StepKind::kStoreActivations) {
      violations_.require(is_index(s.input, schedule_.regions), [&] {
        return fmt::format("{}: there is no input region {}", name(), s.input);
      });
    }
    if (s.kind == schedule::StepKind::kPost && layer.logits) {
      violations_.require(s.output == -1, [&] {
        return fmt::format("{}: logits are written to region {}", name(), s.output);
      });
    } else if (s.kind == schedule::StepKind::kPost || schedule::is_map_step(s.kind) ||
               s.kind == schedule::StepKind::kLoadActivations) {
      violations_.require(is_index(s.output, schedule_.regions), [&] {
        return fmt::format("{}: there is no output region {}", name(), s.output);
      });
    }
    if ((s.kind == schedule::StepKind::kPost || schedule::is_map_step(s.kind)) &&
        layer.residual() >= 0) {
      violations_.require(is_index(s.residual, schedule_.regions), [&] {
        return fmt::format("{}: there is no region {} of a residual operand", name(), s.residual);
      });
    } else {
      violations_.require(s.residual == -1, [&] {
        return fmt::format("{} has a residual operand, region {}, that its layer has not", name(),
                           s.residual);
      });
    }
    if (schedule::is_map_step(s.kind)) {
      const bool pools = s.kind == schedule::StepKind::kPool;
      violations_.require(!layer.is_gemm() && layer.is_pool() == pools, [&] {
        return name() + (pools ? ": its layer is no pooling layer"
                               : ": its layer is not one over maps in the activation SRAM");
      });
    }
    if (s.kind == schedule::StepKind::kLoadActivations ||
        s.kind == schedule::StepKind::kStoreActivations) {
      const schedule::MapRows& r = s.rows;
      violations_.require(r.map >= 0 && static_cast<std::size_t>(r.map) < network_.maps.size() &&
                              r.image_begin >= 0 && r.image_count > 0 &&
                              r.image_count <= schedule_.batch - r.image_begin &&
                              r.row_begin >= 0 && r.row_count > 0,
                          [&] {
                            return fmt::format(
                                "{}: rows {} + {} of images {} + {} of map {} are ill formed",
                                name(), r.row_begin, r.row_count, r.image_begin, r.image_count,
                                r.map);
                          });
      violations_.require(
          r.channel_begin >= 0 && r.channel_count > 0 &&
              r.channel_begin <= std::numeric_limits<std::int64_t>::max() - r.channel_count,
          [&] {
            return fmt::format("{}: channels {} + {} are ill formed", name(), r.channel_begin,
                               r.channel_count);
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

void check_steps(const schedule::Schedule& schedule, const network::Network& network,
                 const arch::AcceleratorSpec& spec, Violations& violations) {
  StepCheck(schedule, network, spec, violations).run();
}

}  // namespace lacuna::judge
