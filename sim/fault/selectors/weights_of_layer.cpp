// Cells by what they hold: weights of a layer, and bits of their codes.
#include <fmt/format.h>

#include <array>

#include "fault/axis.hpp"
#include "fault/selector.hpp"
#include "fault/selectors/layer_keys.hpp"

namespace lacuna::fault {
namespace {

class WeightsOfLayer : public Selector {
 public:
  explicit WeightsOfLayer(const config::Section& where) : keys_(read_layer_keys(where)) {
    if (!where.has("index")) return;
    const auto index = read_tuple(where, "index", 4, 0, config::kAnyInteger,
                                  "four: [out channel, kernel row, kernel column, input channel]");
    index_ = {index[0], index[1], index[2], index[3]};
    index_place_ = where.place("index");
  }

  bool asks_weights() const override { return true; }

  std::vector<memory::CellPosition> cells(const SelectorTarget& target) const override {
    SIM_CHECK(target.weights != nullptr, "fault", -1, "a weight selector needs a residency map");
    const WeightShape shape = shape_in(*target.weights);
    check_index(shape);
    const Ranges bits =
        resolve(keys_.bit, "bit", shape.bits, fmt::format("weights of {}", keys_.layer));
    check_count((index_ ? 1 : shape.values()) * length(bits), target.place);
    std::vector<memory::CellPosition> cells;
    for_each_weight(shape, [&](const WeightIndex& index) {
      for_each(bits, [&](std::int64_t bit) {
        target.weights->append_cells(keys_.layer, index, static_cast<int>(bit), target.step,
                                     &cells);
      });
      check_count(static_cast<std::int64_t>(cells.size()), target.place);
    });
    if (cells.empty()) {
      throw base::InputError(target.place,
                             fmt::format("no such weight is in {} at step {}",
                                         memory_name(MemoryId::kWeightSram), target.step));
    }
    return cells;
  }

 private:
  WeightShape shape_in(const WeightCells& weights) const {
    const std::optional<WeightShape> shape = weights.shape(keys_.layer);
    if (shape) return *shape;
    const std::vector<std::string> layers = weights.layers();
    throw base::InputError(keys_.layer_place,
                           fmt::format("no layer '{}' with weights", keys_.layer),
                           "one of " + base::join(layers), base::nearest_name(keys_.layer, layers));
  }

  void check_index(const WeightShape& shape) const {
    if (!index_) return;
    const auto& [out, ky, kx, in] = *index_;
    if (out < shape.out && ky < shape.kernel_h && kx < shape.kernel_w && in < shape.in) return;
    throw base::InputError(
        index_place_, fmt::format("weight [{}, {}, {}, {}] does not exist", out, ky, kx, in),
        fmt::format("layer {} has [out, ky, kx, in] from [0, 0, 0, 0] to [{}, {}, {}, {}]",
                    keys_.layer, shape.out - 1, shape.kernel_h - 1, shape.kernel_w - 1,
                    shape.in - 1));
  }

  template <class Use>
  void for_each_weight(const WeightShape& shape, const Use& use) const {
    if (index_) {
      const auto& [out, ky, kx, in] = *index_;
      use(WeightIndex{out, ky, kx, in});
      return;
    }
    for (std::int64_t out = 0; out < shape.out; ++out) {
      for (std::int64_t ky = 0; ky < shape.kernel_h; ++ky) {
        for (std::int64_t kx = 0; kx < shape.kernel_w; ++kx) {
          for (std::int64_t in = 0; in < shape.in; ++in) use(WeightIndex{out, ky, kx, in});
        }
      }
    }
  }

  LayerKeys keys_;
  std::optional<std::array<std::int64_t, 4>> index_;  ///< [out, ky, kx, in]; nullopt: all weights
  base::Place index_place_;
};

}  // namespace

SelectorKind weights_of_layer_selector() {
  return {"layer", [](MemoryId memory) { return memory == MemoryId::kWeightSram; },
          "no tensor of a layer",
          [](const config::Section& where, MemoryId /*memory*/) -> std::shared_ptr<const Selector> {
            return std::make_shared<WeightsOfLayer>(where);
          }};
}

}  // namespace lacuna::fault
