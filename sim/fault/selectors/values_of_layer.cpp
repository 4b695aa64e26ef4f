// Cells by what they hold: values of a layer's input map, in all cells that ever hold them, and
// bits of their codes; or the bits of the bitmap that belong to them.
#include <fmt/format.h>

#include <array>

#include "fault/axis.hpp"
#include "fault/selector.hpp"
#include "fault/selectors/layer_keys.hpp"

namespace lacuna::fault {
namespace {

class ValuesOfLayer : public Selector {
 public:
  ValuesOfLayer(const config::Section& where, MemoryId memory)
      : memory_(memory), keys_(read_layer_keys(where)) {
    if (!where.has("index")) return;
    const auto index =
        read_tuple(where, "index", 3, 0, config::kAnyInteger, "three: [channel, y, x]");
    index_ = {index[0], index[1], index[2]};
    index_place_ = where.place("index");
  }

  bool asks_values() const override { return true; }

  std::vector<memory::CellPosition> cells(const SelectorTarget& target) const override {
    SIM_CHECK(target.values != nullptr, "fault", -1, "a value selector needs a residency map");
    const ValueShape shape = shape_in(*target.values);
    check_index(shape);
    const bool bitmap = memory_ == MemoryId::kActivationBitmap;
    const Ranges bits = resolve(keys_.bit, "bit", bitmap ? 1 : shape.bits,
                                fmt::format("{} of {}", bitmap ? "bitmap" : "values", keys_.layer));
    if (!index_) check_count(shape.values() * length(bits), target.place);
    std::vector<memory::CellPosition> cells;
    for_each_value(shape, [&](const ValueIndex& index) {
      for_each(bits, [&](std::int64_t bit) {
        target.values->append_cells(keys_.layer, index, static_cast<int>(bit), bitmap, &cells);
      });
      check_count(static_cast<std::int64_t>(cells.size()), target.place);
    });
    if (cells.empty()) {
      throw base::InputError(target.place,
                             fmt::format("no such value is ever in {}", memory_name(memory_)));
    }
    return cells;
  }

 private:
  ValueShape shape_in(const ValueCells& values) const {
    const std::optional<ValueShape> shape = values.shape(keys_.layer);
    if (shape) return *shape;
    const std::vector<std::string> layers = values.layers();
    throw base::InputError(keys_.layer_place, fmt::format("no layer '{}'", keys_.layer),
                           "one of " + base::join(layers), base::nearest_name(keys_.layer, layers));
  }

  void check_index(const ValueShape& shape) const {
    if (!index_) return;
    const auto& [channel, y, x] = *index_;
    if (channel < shape.channels && y < shape.height && x < shape.width) return;
    throw base::InputError(
        index_place_, fmt::format("value [{}, {}, {}] does not exist", channel, y, x),
        fmt::format("the input of {} has [channel, y, x] from [0, 0, 0] to [{}, {}, {}]",
                    keys_.layer, shape.channels - 1, shape.height - 1, shape.width - 1));
  }

  template <class Use>
  void for_each_value(const ValueShape& shape, const Use& use) const {
    if (index_) {
      use(ValueIndex{(*index_)[0], (*index_)[1], (*index_)[2]});
      return;
    }
    for (std::int64_t y = 0; y < shape.height; ++y) {
      for (std::int64_t x = 0; x < shape.width; ++x) {
        for (std::int64_t channel = 0; channel < shape.channels; ++channel) {
          use(ValueIndex{channel, y, x});
        }
      }
    }
  }

  MemoryId memory_;
  LayerKeys keys_;
  std::optional<std::array<std::int64_t, 3>> index_;  ///< [channel, y, x]; nullopt: all values
  base::Place index_place_;
};

}  // namespace

SelectorKind values_of_layer_selector() {
  return {"layer",
          [](MemoryId memory) {
            return memory == MemoryId::kActivationSram || memory == MemoryId::kActivationBitmap;
          },
          "no tensor of a layer",
          [](const config::Section& where, MemoryId memory) -> std::shared_ptr<const Selector> {
            return std::make_shared<ValuesOfLayer>(where, memory);
          }};
}

}  // namespace lacuna::fault
