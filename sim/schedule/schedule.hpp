// The schedule: what the machine does for one batch of images, as plain data. One list of steps,
// each with the resource it occupies, the addresses it touches and the steps it waits for. The
// mapper writes it, verify_schedule judges it, both engines obey it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "arch/spec.hpp"
#include "network/network.hpp"

namespace lacuna::schedule {

using StepId = std::int32_t;
inline constexpr StepId kNoStep = -1;

/// Each resource serves its steps in list order.
enum class Resource : std::uint8_t { kDma, kLoader, kArray, kPost };
inline constexpr int kResources = 4;

enum class StepKind : std::uint8_t {
  kLoadWeights,       ///< DMA: a block from DRAM into the weight SRAM
  kLoadActivations,   ///< DMA: rows of a map from DRAM into a region
  kStoreActivations,  ///< DMA: rows of a map from a region to DRAM
  kLoadPe,            ///< loader: a block from the weight SRAM into a register set of the PEs
  kStream,            ///< array: one pass of a block over a range of pixels
  kPost,              ///< post: a channel tile of a range from accumulators to a region (or logits)
  kPool,              ///< post: a pooling layer over activation SRAM, all rows of its output region
  kTransform,         ///< post: the same of an element-wise layer, or of one that resizes
};

/// Whether the post unit goes over maps in the activation SRAM in it.
inline bool is_map_step(StepKind kind) {
  return kind == StepKind::kPool || kind == StepKind::kTransform;
}

Resource resource_of(StepKind kind);
const char* step_kind_name(StepKind kind);

/// A weight block: the K indices of one pass x the channels of one tile. Index k of the group is
/// (ky * kernel_w + kx) * group_in + c; channel n of the group is the layer's out channel
/// group * n() + n.
struct Block {
  std::int32_t layer = 0;
  std::int32_t group = 0;
  std::int32_t pass = 0;  ///< number of the K pass, from 0
  std::int64_t k_begin = 0;
  std::int64_t k_count = 0;  ///< at most rows * weights_per_pe
  std::int64_t n_begin = 0;
  std::int64_t n_count = 0;  ///< at most cols

  std::int64_t values() const { return k_count * n_count; }
};

/// Output pixels of a layer that pass through the array together. Rows are counted through all
/// images of the batch: row image * out.height + y.
struct PixelRange {
  std::int32_t layer = 0;
  std::int64_t row_begin = 0;
  std::int64_t row_count = 0;
};

/// Where rows of a map, or of a slice of its channels, lie in the activation SRAM. Value (image, y,
/// x, c) begins at slot base + ((((image - image_begin) * row_count + (y - row_begin)) * width + x)
/// * channel_count + c - channel_begin) * slots_per_value.
struct Region {
  std::int32_t map = 0;  ///< Network::map index
  std::int64_t image_begin = 0;
  std::int64_t image_count = 0;
  std::int64_t row_begin = 0;
  std::int64_t row_count = 0;
  std::int64_t base = 0;   ///< first slot
  std::int64_t slots = 0;  ///< image_count * row_count * width * channel_count * slots_per_value
  std::int64_t channel_begin = 0;
  std::int64_t channel_count = 0;
};

/// Images, rows and channels of a map that one transfer moves: rows of one image, or all rows of
/// several, and the slice of one of the map's writers, so that they are contiguous in DRAM. There a
/// map lies slice after slice, each as [image][y][x][channel of the slice].
struct MapRows {
  std::int32_t map = 0;
  std::int64_t image_begin = 0;
  std::int64_t image_count = 0;
  std::int64_t row_begin = 0;
  std::int64_t row_count = 0;
  std::int64_t channel_begin = 0;
  std::int64_t channel_count = 0;
};

struct Step {
  StepKind kind = StepKind::kStream;
  std::int32_t layer = 0;   ///< layer it works for (a pooling layer that is fused: its GEMM layer)
  std::int32_t block = -1;  ///< kLoadWeights, kLoadPe, kStream: index of blocks; kPost: the tile's
                            ///< last block
  std::int32_t range = -1;  ///< kStream, kPost: index of ranges
  std::int32_t input = -1;  ///< kStream, kPool, kTransform, kStoreActivations: index of regions
  /// kPost, kPool, kTransform, kLoadActivations: index of regions; -1 for logits.
  std::int32_t output = -1;
  std::int32_t residual = -1;  ///< kPost, kTransform of a layer with a second map: index of regions
  std::int64_t address = 0;  ///< kLoadWeights, kLoadPe: the block's first word in the weight SRAM;
                             ///< kStream, kPost: the range's first accumulator entry
  std::int32_t set = 0;      ///< kLoadPe, kStream: register set of the PEs
  bool first_pass = false;   ///< kStream: accumulators are written without being read
  MapRows rows;              ///< kLoadActivations, kStoreActivations
  /// For each resource the last step that must have ended before this one starts. A resource ends
  /// its steps in list order, so one each is enough. DMA and post unit start steps before the last
  /// one has ended, so conflicts within them are waits, too.
  std::array<StepId, kResources> waits{kNoStep, kNoStep, kNoStep, kNoStep};
  /// kLoadPe with two register sets: the stream that must have started (it swaps the sets).
  StepId after_start = kNoStep;
};

enum class LoopOrder : std::uint8_t {
  kPixelOuter,   ///< for range: for group: for tile: for pass
  kChannelOuter  ///< for group: for tile: for range: for pass
};
const char* loop_order_name(LoopOrder order);

/// How a layer was mapped, for people; steps say what is done.
struct LayerMapping {
  std::optional<LoopOrder> order;  ///< none for pooling layers
  std::string reason;              ///< why the mapper chose it
  std::int32_t fused_pool = -1;    ///< pooling layer that the post unit does on the way, or -1
  std::int64_t k_passes = 0;
  std::int64_t channel_tiles = 0;
  std::int64_t pixel_ranges = 0;
  std::int64_t weights_per_pe = 0;  ///< D that the passes use
  bool weights_stay = false;        ///< loaded from DRAM once a layer, or once for all
  bool input_in_sram = false;
  bool output_in_sram = false;
};

struct Schedule {
  std::int64_t batch = 1;
  bool weights_resident = false;  ///< all weights are loaded in set-up and stay across batches
  std::vector<Block> blocks;
  std::vector<PixelRange> ranges;
  std::vector<Region> regions;
  std::vector<Step> setup;  ///< kLoadWeights only
  std::vector<Step> steps;
  std::vector<LayerMapping> layers;      ///< one an entry of the network's layers
  std::int64_t weight_words = 0;         ///< highest word used + 1
  std::int64_t activation_slots = 0;     ///< highest slot used + 1
  std::int64_t accumulator_entries = 0;  ///< highest entry used + 1
};

/// Slots of the activation SRAM that a value of a map takes: a code one, a sum as many as hold its
/// 32 bits, the lowest ones in the first.
std::int64_t slots_per_value(const network::Map& map, const arch::AcceleratorSpec& spec);
/// Bits that it takes in DRAM.
int bits_in_dram(const network::Map& map, const arch::AcceleratorSpec& spec);

/// Words of the weight SRAM that one reduction index of a block takes: its channels' weights start
/// at a word, so that one cycle reads them from as many banks.
std::int64_t words_per_index(const Block& block, const arch::AcceleratorSpec& spec);

/// Weight SRAM slot of weight (k, n) of the layer's group, which the block must contain, when the
/// block lies at word `address`.
std::int64_t weight_slot(const Block& block, std::int64_t address, std::int64_t k, std::int64_t n,
                         const arch::AcceleratorSpec& spec);

/// Rows of the array that a pass uses: min(rows, k_count), the lowest ones.
int used_rows(const Block& block, const arch::AcceleratorSpec& spec);

/// Where reduction index k_begin + v of a pass lives: row of the array, and slot of the PE's
/// weights. Indices are spread evenly; rows below k_count % used rows hold one more.
struct IndexPlace {
  int row = 0;
  int slot = 0;
};
IndexPlace place_index(const Block& block, std::int64_t v, const arch::AcceleratorSpec& spec);

}  // namespace lacuna::schedule
