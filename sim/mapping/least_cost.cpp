#include "mapping/least_cost.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "schedule/durations.hpp"
#include "schedule/resources.hpp"

namespace lacuna::mapping {
namespace {

class CutWork {
 public:
  CutWork(const LayerShape& own, const LayerCut& cut, const LayerSetting& setting,
          const arch::AcceleratorSpec& spec)
      : own_(own), cut_(cut), setting_(setting), spec_(spec), ranges_(own.ranges(cut)) {
    if (own.layer().is_gemm()) {
      count_passes();
    } else {
      for (const schedule::PixelRange& range : ranges_) {
        const schedule::MapRows rows = own_.output_rows(range);
        post_ +=
            schedule::map_step_duration(own_.network(), own_.layer(),
                                        rows.image_count * rows.row_count, rows.image_count, spec_)
                .occupancy;
      }
    }
    count_maps();
  }

  // Loader and array take one step at a time; latencies of DRAM and post unit pass once at least.
  LeastCost least() const {
    LeastCost least;
    const std::int64_t dma = transfers_ > 0 ? latency(schedule::Resource::kDma) + dma_ : 0;
    const std::int64_t post = latency(schedule::Resource::kPost) + post_;
    least.array = base::Cycles{array_};
    least.estimate.cycles = base::Cycles{std::max({dma, loader_, array_, post})};
    least.estimate.dram = bytes_;
    return least;
  }

 private:
  std::int64_t latency(schedule::Resource resource) const {
    return schedule::rule_of(resource).latency(spec_);
  }

  void count_passes() {
    const network::Layer& layer = own_.layer();
    const BlockList blocks(layer, own_.layer_index(), cut_.indices_per_pass, spec_);
    std::map<std::int64_t, std::int64_t> sizes;  // ranges of so many rows
    for (const schedule::PixelRange& range : ranges_) ++sizes[range.row_count];
    // Blocks that take turns in the PEs, once a range. One alone stays there.
    const bool pixel_outer = cut_.order == LoopOrder::kPixelOuter;
    const std::int64_t turn = pixel_outer ? blocks.size() : blocks.passes();
    const std::int64_t loads = turn == 1 ? 1 : ranges_.size();
    // Tiles of a group are alike but for the last, passes of a tile up to one index.
    using Alike = std::array<std::pair<std::int64_t, std::int64_t>, 2>;  // one of them, how many
    const std::int64_t longer = layer.k() % blocks.passes();
    const Alike all_tiles{{{0, blocks.tiles() - 1}, {blocks.tiles() - 1, 1}}};
    const Alike all_passes{{{0, longer}, {blocks.passes() - 1, blocks.passes() - longer}}};
    for (const auto& [tile, of_group] : all_tiles) {
      const std::int64_t tiles = layer.groups * of_group;
      const schedule::Block last = blocks[(tile + 1) * blocks.passes() - 1];
      const std::int64_t words = pixel_outer ? layer_words(layer, spec_)
                                             : layer.k() * schedule::words_per_index(last, spec_);
      // A block still lies in the buffer for its next turn only where all of the turn do.
      const bool stay = cut_.weights_stay || words <= setting_.weight_words;
      for (const auto& [pass, of_tile] : all_passes) {
        count_blocks(blocks[tile * blocks.passes() + pass], tiles * of_tile, loads, stay, sizes);
      }
      for (const auto& [rows, times] : sizes) {
        post_ += tiles * times *
                 schedule::post_duration(layer, last, rows * layer.out.width, spec_).occupancy;
      }
    }
    if (cut_.order == LoopOrder::kChannelOuter) visits_ = layer.groups * blocks.tiles();
  }

  void count_blocks(const schedule::Block& block, std::int64_t alike, std::int64_t loads, bool stay,
                    const std::map<std::int64_t, std::int64_t>& sizes) {
    loader_ += alike * loads * schedule::load_pe_duration(block, spec_).occupancy;
    if (!setting_.weights_resident) {
      transfer(schedule::weight_bytes(block, spec_), alike * (stay ? 1 : loads));
    }
    for (const auto& [rows, times] : sizes) {
      const std::int64_t pixels = rows * own_.layer().out.width;
      array_ += alike * times * schedule::stream_duration(block, pixels, spec_).occupancy;
    }
  }

  void count_maps() {
    const bool has_residual = own_.layer().residual() >= 0;
    if (cut_.input_whole && !setting_.input_there) load_whole(&LayerShape::input_needs);
    if (has_residual && cut_.residual_whole && !setting_.residual_there) {
      load_whole(&LayerShape::residual_needs);
    }
    if (cut_.per_range_regions()) {
      for (const schedule::PixelRange& range : ranges_) {
        if (!cut_.input_whole) {
          for (const schedule::MapRows& rows : own_.input_needs(range)) load(rows, visits_);
        }
        if (!cut_.residual_whole) load(own_.residual_rows(range), visits_);
        if (!cut_.output_whole) move(own_.output_rows(range), visits_);
      }
    }
    if (cut_.output_whole && setting_.stores_output && !own_.layer().logits) {
      const std::int64_t batch = own_.units() / own_.units_per_image();
      schedule::MapRows image = own_.output_rows(ranges_[0]);
      image.image_count = 1;
      image.row_begin = 0;
      image.row_count = own_.network().map(image.map).shape.height;
      move(image, batch);
    }
  }

  void load_whole(LayerShape::NeedsOfRange needs_of) {
    own_.for_each_piece(ranges_, needs_of, [&](const schedule::MapRows& rows) { load(rows, 1); });
  }

  void load(const schedule::MapRows& rows, std::int64_t times) {
    for (const schedule::MapRows& slice : own_.transfers(rows)) move(slice, times);
  }

  void move(const schedule::MapRows& rows, std::int64_t times) {
    transfer(schedule::map_bytes(rows, own_.network(), spec_), times);
  }

  void transfer(base::Bytes bytes, std::int64_t times) {
    transfers_ += times;
    dma_ += times * schedule::transfer_duration(bytes, spec_).occupancy;
    bytes_ += base::Bytes{times * bytes.value};
  }

  const LayerShape& own_;
  const LayerCut& cut_;
  const LayerSetting& setting_;
  const arch::AcceleratorSpec& spec_;
  RangeList ranges_;
  std::int64_t visits_ = 1;  ///< of each range
  std::int64_t transfers_ = 0;
  base::Bytes bytes_;
  std::int64_t dma_ = 0;
  std::int64_t loader_ = 0;
  std::int64_t array_ = 0;
  std::int64_t post_ = 0;
};

}  // namespace

LeastCost least_cost(const LayerShape& own, const LayerCut& cut, const LayerSetting& setting,
                     const arch::AcceleratorSpec& spec) {
  return CutWork(own, cut, setting, spec).least();
}

}  // namespace lacuna::mapping
