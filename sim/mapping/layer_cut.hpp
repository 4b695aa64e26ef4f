// How one layer can be cut: into weight blocks, ranges of output rows, and what of its input and
// output stays in the activation SRAM. The mapper chooses one LayerCut a layer.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "arch/spec.hpp"
#include "network/network.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::mapping {

using schedule::LoopOrder;

struct LayerCut {
  LoopOrder order = LoopOrder::kPixelOuter;
  std::int64_t indices_per_pass = 0;  ///< at most this many reduction indices a pass
  std::int64_t units_per_range = 0;   ///< see LayerShape
  bool weights_stay = true;           ///< each block is fetched once for the layer
  bool input_whole = true;            ///< the whole input map lies in the activation SRAM
  bool output_whole = true;           ///< the whole output map stays there
  bool residual_whole = true;         ///< the whole residual operand lies there, or there is none

  // First slots in the activation SRAM: of whole maps, unless they lie there already, and of the
  // regions that ranges of streamed inputs and spilled outputs take turns in.
  std::int64_t input_base = 0;
  std::int64_t residual_base = 0;
  std::int64_t output_base = 0;
  std::vector<std::int64_t> input_buffers{};
  std::vector<std::int64_t> residual_buffers{};
  std::vector<std::int64_t> output_buffers{};

  /// Whether ranges end at images, since each has regions of its own.
  bool per_range_regions() const { return !input_whole || !residual_whole || !output_whole; }
  /// Ranges whose operands can be in the activation SRAM at once.
  std::size_t ranges_loaded() const {
    return input_buffers.empty() ? residual_buffers.size() : input_buffers.size();
  }
};

/// Ranges of a layer's rows, each worked out when it is asked for. Rows are cut in units (see
/// LayerShape).
class RangeList {
 public:
  struct Rows {
    std::int32_t layer = 0;
    std::int64_t height = 0;     ///< rows of an image
    std::int64_t unit_rows = 1;  ///< of a unit; an image's last one has what is left
    std::int64_t units_per_image = 1;
    std::int64_t images = 1;
  };
  /// `within_image` ends ranges at images (or makes them whole images).
  RangeList(const Rows& rows, std::int64_t units_per_range, bool within_image);

  std::int64_t size() const { return size_; }
  schedule::PixelRange operator[](std::int64_t index) const;

  class Iterator {
   public:
    Iterator(const RangeList& list, std::int64_t index) : list_(&list), index_(index) {}
    schedule::PixelRange operator*() const { return (*list_)[index_]; }
    Iterator& operator++() {
      ++index_;
      return *this;
    }
    bool operator!=(const Iterator& other) const { return index_ != other.index_; }

   private:
    const RangeList* list_;
    std::int64_t index_;
  };
  Iterator begin() const { return {*this, 0}; }
  Iterator end() const { return {*this, size_}; }

 private:
  std::int64_t first_row(std::int64_t unit) const {
    return unit / rows_.units_per_image * rows_.height +
           unit % rows_.units_per_image * rows_.unit_rows;
  }

  Rows rows_;
  std::int64_t units_per_range_;
  std::int64_t per_image_ = 0;  ///< ranges of an image; 0: they go on through all
  std::int64_t size_ = 0;
};

/// Geometry of a layer for a batch, with the pooling layer that the post unit does on the way.
class LayerShape {
 public:
  LayerShape(const network::Network& network, const arch::AcceleratorSpec& spec, std::int32_t layer,
             std::int32_t fused_pool, std::int64_t batch);

  const network::Network& network() const { return *network_; }
  const network::Layer& layer() const { return *layer_; }
  std::int32_t layer_index() const { return index_; }
  std::int32_t fused_pool() const { return fused_pool_; }
  /// Map that the layer (with its fused pooling) writes.
  std::int32_t output_map() const { return output_map_; }
  /// Channels of that map which it writes.
  const network::ChannelSlice& output_channels() const { return output_channels_; }
  std::int64_t input_slots() const { return map_slots(layer_->input()); }
  std::int64_t residual_slots() const { return map_slots(layer_->residual()); }
  /// Of the whole map, also where others write slices of it.
  std::int64_t output_slots() const { return map_slots(output_map_); }
  std::int64_t map_slots(std::int32_t map) const {
    if (map == network::kNoMap) return 0;
    return batch_ * network_->map(map).shape.values() * value_slots(map);
  }
  /// Rows of the output are cut in whole units: pooling windows where pooling is fused, else rows.
  std::int64_t units_per_image() const { return units_per_image_; }
  std::int64_t units() const { return batch_ * units_per_image_; }
  std::int64_t unit_rows() const { return unit_rows_; }
  /// Rows of a range of so many units, at most: images alike, and rows that fill no pooling window
  /// go with their image's last unit.
  std::int64_t widest_rows(std::int64_t units) const;
  /// Most units a range can have so that none has more than `rows` rows; 0 when not even one can.
  std::int64_t largest_range(std::int64_t rows) const;

  /// Ranges of the batch's rows. `within_image` ends ranges at images (or makes them whole images).
  RangeList ranges(std::int64_t units_per_range, bool within_image) const;
  RangeList ranges(const LayerCut& cut) const;
  /// Input rows, with halo, of a range that lies in one image or covers whole images.
  schedule::MapRows input_rows(const schedule::PixelRange& range) const;
  /// The same of the residual operand.
  schedule::MapRows residual_rows(const schedule::PixelRange& range) const;
  /// Rows of output_map() that a range gives (whole windows), in the channels that the layer
  /// writes.
  schedule::MapRows output_rows(const schedule::PixelRange& range) const;
  std::int64_t slots(const schedule::MapRows& rows) const;
  /// Slices of one of the maps that the layer reads; of none 0.
  std::int64_t slices(std::int32_t map) const {
    if (map == network::kNoMap) return 0;
    return static_cast<std::int64_t>(
        (map == layer_->input() ? input_slices_ : residual_slices_).size());
  }
  /// The transfers that bring rows of a map: one a slice.
  std::vector<schedule::MapRows> transfers(const schedule::MapRows& rows) const;

  /// What is fetched of those rows: not those that no window of the range reads.
  std::vector<schedule::MapRows> input_needs(const schedule::PixelRange& range) const;
  /// The same of the residual operand: all.
  std::vector<schedule::MapRows> residual_needs(const schedule::PixelRange& range) const {
    return {residual_rows(range)};
  }

  /// Visits the pieces in which a whole operand comes from DRAM, `needs_of` a range being what that
  /// needs of it: in the order in which the ranges need them, so that the first can start early.
  using NeedsOfRange =
      std::vector<schedule::MapRows> (LayerShape::*)(const schedule::PixelRange&) const;
  template <class Visit>
  void for_each_piece(const RangeList& ranges, NeedsOfRange needs_of, Visit visit) const;

 private:
  /// What of rows of one image is not `there` yet, and then is.
  static std::vector<schedule::MapRows> take_missing(const schedule::MapRows& rows,
                                                     std::vector<bool>& there);
  /// Whether windows can pass over rows of the input.
  bool leaves_rows_out() const;
  std::int64_t value_slots(std::int32_t map) const {
    return schedule::slots_per_value(network_->map(map), *spec_);
  }

  const network::Network* network_;
  const arch::AcceleratorSpec* spec_;
  const network::Layer* layer_;
  std::int32_t index_;
  std::int32_t fused_pool_;
  std::int32_t output_map_;
  network::ChannelSlice output_channels_;
  std::vector<network::ChannelSlice> input_slices_;
  std::vector<network::ChannelSlice> residual_slices_;
  std::int64_t batch_;
  std::int64_t unit_rows_ = 1;
  std::int64_t units_per_image_;
};

/// A range of rows through all images, image by image.
template <class Visit>
void for_each_image(const schedule::PixelRange& range, std::int64_t height, Visit visit) {
  const std::int64_t end = range.row_begin + range.row_count;
  for (std::int64_t row = range.row_begin; row < end;) {
    const std::int64_t next = std::min(end, (row / height + 1) * height);
    visit(schedule::PixelRange{range.layer, row, next - row});
    row = next;
  }
}

template <class Visit>
void LayerShape::for_each_piece(const RangeList& ranges, NeedsOfRange needs_of, Visit visit) const {
  std::int64_t image = -1;
  std::int64_t upto = 0;    // rows of that image that are there, where none is left out;
  std::vector<bool> there;  // else which. Ranges go through one image after the other
  const bool leaves_out = leaves_rows_out();
  for (const schedule::PixelRange& range : ranges) {
    for_each_image(range, layer_->out.height, [&](const schedule::PixelRange& part) {
      for (schedule::MapRows rows : (this->*needs_of)(part)) {
        if (rows.image_begin != image) {
          image = rows.image_begin;
          upto = 0;
          there.assign(
              leaves_out ? static_cast<std::size_t>(network_->map(rows.map).shape.height) : 0,
              false);
        }
        if (leaves_out) {
          for (const schedule::MapRows& piece : take_missing(rows, there)) visit(piece);
          continue;
        }
        const std::int64_t end = rows.row_begin + rows.row_count;
        rows.row_begin = std::max(upto, rows.row_begin);
        rows.row_count = end - rows.row_begin;
        if (rows.row_count <= 0) continue;
        upto = end;
        visit(rows);
      }
    });
  }
}

/// Words of the weight SRAM that a block takes.
std::int64_t block_words(const schedule::Block& block, const arch::AcceleratorSpec& spec);

/// Blocks of a GEMM layer: for each group and channel tile its K passes, equal up to one index.
class BlockList {
 public:
  BlockList(const network::Layer& layer, std::int32_t index, std::int64_t indices_per_pass,
            const arch::AcceleratorSpec& spec);

  std::int64_t size() const { return groups_ * tiles_ * passes_; }
  std::int64_t groups() const { return groups_; }
  std::int64_t tiles() const { return tiles_; }    ///< of a group
  std::int64_t passes() const { return passes_; }  ///< of a tile
  schedule::Block operator[](std::int64_t index) const;

 private:
  std::int32_t layer_;
  std::int64_t k_;
  std::int64_t n_;
  std::int64_t cols_;
  std::int64_t groups_;
  std::int64_t tiles_;
  std::int64_t passes_;
};

/// Words that all weights of a GEMM layer take.
std::int64_t layer_words(const network::Layer& layer, const arch::AcceleratorSpec& spec);

/// The pooling layer that layer `index` can do in its post unit: the next one, when its kernel is
/// its stride, without padding, nothing else reads the map between, and no other layer writes a
/// slice of it. -1 when there is none. What is pooled may itself be a slice.
std::int32_t fusible_pool(const network::Network& network, std::int32_t index);

}  // namespace lacuna::mapping
