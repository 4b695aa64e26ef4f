#include "mapping/planned_layer.hpp"

#include <algorithm>

namespace lacuna::mapping {

LayerWork::LayerWork(const LayerShape& shape, const LayerCut& cut,
                     const arch::AcceleratorSpec& spec, const LayerStart& start)
    : shape_(shape), cut_(cut), spec_(&spec), ranges_(shape_.ranges(cut)), start_(start) {
  if (!shape_.layer().is_gemm()) return;
  blocks_.emplace(shape_.layer(), shape_.layer_index(), cut.indices_per_pass, spec);
  words_ = layer_words(shape_.layer(), spec);
}

LayerStart LayerWork::end() const {
  if (!is_gemm()) return start_;
  return {start_.block + static_cast<std::int32_t>(blocks_->size()),
          start_.range + static_cast<std::int32_t>(ranges_.size()), start_.use + uses()};
}

std::int64_t LayerWork::visits() const {
  const bool once_a_tile = is_gemm() && cut_.order == LoopOrder::kChannelOuter;
  return ranges_.size() * (once_a_tile ? blocks_->groups() * blocks_->tiles() : 1);
}

std::int64_t LayerWork::turn() const {
  return cut_.order == LoopOrder::kPixelOuter ? blocks_->size() : blocks_->passes();
}

std::int64_t LayerWork::uses() const {
  if (!is_gemm()) return 0;
  return turn() == 1 ? blocks_->size() : blocks_->size() * ranges_.size();
}

std::int64_t LayerWork::fetches() const {
  if (!is_gemm()) return 0;
  return cut_.weights_stay ? blocks_->size() : uses();
}

WeightFetch LayerWork::fetch(std::int64_t number) const {
  const std::int64_t own = turn();
  const std::int64_t times = own == 1 ? 1 : ranges_.size();  // that a turn comes
  // Use `round` of the block at `place` of turn `tile`.
  std::int64_t tile = number / own;
  std::int64_t round = 0;
  if (!cut_.weights_stay) {
    tile = number / (own * times);
    round = number / own % times;
  }
  const std::int64_t place = number % own;
  const std::int64_t block = tile * own + place;
  WeightFetch fetch;
  fetch.block = start_.block + static_cast<std::int32_t>(block);
  fetch.words = block_words((*blocks_)[block], *spec_);
  fetch.first_use = start_.use + (tile * times + round) * own + place;
  fetch.last_use = cut_.weights_stay ? fetch.first_use + (times - 1) * own : fetch.first_use;
  // The first fetch of a layer whose blocks stay reserves one piece for all of them.
  if (cut_.weights_stay && number == 0) fetch.layer_words = words_;
  return fetch;
}

std::int64_t LayerWork::most_steps() const {
  // Each operand comes by visits or by pieces of ranges, slice by slice, and the output goes so.
  const std::int64_t images = shape_.units() / shape_.units_per_image();
  std::int64_t steps =
      (1 + shape_.slices(shape_.layer().input()) + shape_.slices(shape_.layer().residual())) *
      (std::max(visits(), ranges_.size()) + images);
  if (!is_gemm()) return steps + ranges_.size();
  const std::int64_t tiles = blocks_->groups() * blocks_->tiles();
  return steps + 2 * uses() + (blocks_->size() + tiles) * ranges_.size();
}

std::int64_t LayerWork::words_before(std::int64_t block) const {
  const schedule::Block own = (*blocks_)[block];
  const std::int64_t tiles = block / blocks_->passes() % blocks_->tiles();  // all of full width
  const std::int64_t of_tile =
      shape_.layer().k() * base::ceil_div(spec_->array.cols, spec_->weights_per_word());
  return own.group * (words_ / blocks_->groups()) + tiles * of_tile +
         own.k_begin * schedule::words_per_index(own, *spec_);
}

}  // namespace lacuna::mapping
