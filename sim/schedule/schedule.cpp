#include "schedule/schedule.hpp"

#include <algorithm>

namespace lacuna::schedule {

Resource resource_of(StepKind kind) {
  switch (kind) {
    case StepKind::kLoadWeights:
    case StepKind::kLoadActivations:
    case StepKind::kStoreActivations:
      return Resource::kDma;
    case StepKind::kLoadPe:
      return Resource::kLoader;
    case StepKind::kStream:
      return Resource::kArray;
    case StepKind::kPost:
    case StepKind::kPool:
    case StepKind::kTransform:
      return Resource::kPost;
  }
  return Resource::kDma;
}

const char* step_kind_name(StepKind kind) {
  switch (kind) {
    case StepKind::kLoadWeights:
      return "load_weights";
    case StepKind::kLoadActivations:
      return "load_activations";
    case StepKind::kStoreActivations:
      return "store_activations";
    case StepKind::kLoadPe:
      return "load_pe";
    case StepKind::kStream:
      return "stream";
    case StepKind::kPost:
      return "post";
    case StepKind::kPool:
      return "pool";
    case StepKind::kTransform:
      return "transform";
  }
  return "";
}

const char* loop_order_name(LoopOrder order) {
  return order == LoopOrder::kPixelOuter ? "pixel_outer" : "channel_outer";
}

std::int64_t slots_per_value(const network::Map& map, const arch::AcceleratorSpec& spec) {
  return map.sums ? base::ceil_div(network::kSumBits, spec.precision.activation_bits) : 1;
}

int bits_in_dram(const network::Map& map, const arch::AcceleratorSpec& spec) {
  return map.sums ? network::kSumBits : spec.precision.activation_bits;
}

std::int64_t words_per_index(const Block& block, const arch::AcceleratorSpec& spec) {
  return base::ceil_div(block.n_count, spec.weights_per_word());
}

std::int64_t weight_slot(const Block& block, std::int64_t address, std::int64_t k, std::int64_t n,
                         const arch::AcceleratorSpec& spec) {
  const std::int64_t first_word = address + (k - block.k_begin) * words_per_index(block, spec);
  return first_word * spec.weights_per_word() + (n - block.n_begin);
}

int used_rows(const Block& block, const arch::AcceleratorSpec& spec) {
  return static_cast<int>(std::min<std::int64_t>(spec.array.rows, block.k_count));
}

IndexPlace place_index(const Block& block, std::int64_t v, const arch::AcceleratorSpec& spec) {
  const std::int64_t rows = used_rows(block, spec);
  if (spec.array.k_order == arch::KOrder::kInterleaved) {
    return {static_cast<int>(v % rows), static_cast<int>(v / rows)};
  }
  const std::int64_t share = block.k_count / rows;
  const std::int64_t longer = block.k_count % rows;  // rows that hold one more
  const std::int64_t in_longer = longer * (share + 1);
  if (v < in_longer) {
    return {static_cast<int>(v / (share + 1)), static_cast<int>(v % (share + 1))};
  }
  return {static_cast<int>(longer + (v - in_longer) / share),
          static_cast<int>((v - in_longer) % share)};
}

}  // namespace lacuna::schedule
