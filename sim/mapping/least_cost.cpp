#include "mapping/least_cost.hpp"

#include <algorithm>
#include <map>
#include <vector>

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
  Estimate least() const {
    Estimate least;
    const std::int64_t dma = transfers_ > 0 ? latency(schedule::Resource::kDma) + dma_ : 0;
    const std::int64_t post = latency(schedule::Resource::kPost) + post_;
    least.cycles = base::Cycles{std::max({dma, loader_, array_, post})};
    least.dram = bytes_;
    return least;
  }

 private:
  std::int64_t latency(schedule::Resource resource) const {
    return schedule::rule_of(resource).latency(spec_);
  }

  void count_passes() {
    const network::Layer& layer = own_.layer();
    const std::vector<schedule::Block> blocks =
        cut_weights(layer, own_.layer_index(), cut_.indices_per_pass, spec_);
    std::map<std::int64_t, std::int64_t> sizes;  // ranges of so many rows
    for (const schedule::PixelRange& range : ranges_) ++sizes[range.row_count];
    const auto tiles =
        static_cast<std::size_t>(layer.groups * base::ceil_div(layer.n(), spec_.array.cols));
    const std::size_t k_passes = blocks.size() / tiles;
    // Blocks that take turns in the PEs, once a range. One alone stays there.
    const std::size_t turn = cut_.order == LoopOrder::kPixelOuter ? blocks.size() : k_passes;
    const std::int64_t loads = turn == 1 ? 1 : static_cast<std::int64_t>(ranges_.size());
    for (std::size_t begin = 0; begin < blocks.size(); begin += turn) {
      std::int64_t words = 0;
      for (std::size_t i = begin; i < begin + turn; ++i) words += block_words(blocks[i], spec_);
      // A block still lies in the buffer for its next turn only where all of the turn do.
      const bool stay = cut_.weights_stay || words <= setting_.weight_words;
      for (std::size_t i = begin; i < begin + turn; ++i) {
        const schedule::Block& block = blocks[i];
        loader_ += loads * schedule::load_pe_duration(block, spec_).occupancy;
        if (!setting_.weights_resident) {
          transfer(schedule::weight_bytes(block, spec_), stay ? 1 : loads);
        }
        for (const auto& [rows, times] : sizes) {
          const std::int64_t pixels = rows * layer.out.width;
          array_ += times * schedule::stream_duration(block, pixels, spec_).occupancy;
          if ((i + 1) % k_passes != 0) continue;
          post_ += times * schedule::post_duration(layer, block, pixels, spec_).occupancy;
        }
      }
    }
    if (cut_.order == LoopOrder::kChannelOuter) visits_ = static_cast<std::int64_t>(tiles);
  }

  void count_maps() {
    const bool has_residual = own_.layer().residual() >= 0;
    if (cut_.input_whole && !setting_.input_there) load_whole(&LayerShape::input_rows);
    if (has_residual && cut_.residual_whole && !setting_.residual_there) {
      load_whole(&LayerShape::residual_rows);
    }
    if (cut_.per_range_regions()) {
      for (const schedule::PixelRange& range : ranges_) {
        if (!cut_.input_whole) load(own_.input_rows(range), visits_);
        if (!cut_.residual_whole) load(own_.residual_rows(range), visits_);
        if (!cut_.output_whole) move(own_.output_rows(range), visits_);
      }
    }
    if (cut_.output_whole && setting_.stores_output && !own_.layer().logits) {
      const std::int64_t batch = own_.units() / own_.units_per_image();
      schedule::MapRows image = own_.output_rows(ranges_.front());
      image.image_count = 1;
      image.row_begin = 0;
      image.row_count = own_.network().map(image.map).shape.height;
      move(image, batch);
    }
  }

  void load_whole(LayerShape::RowsOfRange rows_of) {
    for (const schedule::MapRows& rows : own_.pieces(ranges_, rows_of)) load(rows, 1);
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
  std::vector<schedule::PixelRange> ranges_;
  std::int64_t visits_ = 1;  ///< of each range
  std::int64_t transfers_ = 0;
  base::Bytes bytes_;
  std::int64_t dma_ = 0;
  std::int64_t loader_ = 0;
  std::int64_t array_ = 0;
  std::int64_t post_ = 0;
};

}  // namespace

Estimate least_cost(const LayerShape& own, const LayerCut& cut, const LayerSetting& setting,
                    const arch::AcceleratorSpec& spec) {
  return CutWork(own, cut, setting, spec).least();
}

}  // namespace lacuna::mapping
