#include "mapping/layer_cut.hpp"

#include <algorithm>

namespace lacuna::mapping {

LayerShape::LayerShape(const network::Network& network, const arch::AcceleratorSpec& spec,
                       std::int32_t layer, std::int32_t fused_pool, std::int64_t batch)
    : network_(&network),
      spec_(&spec),
      layer_(&network.layers[static_cast<std::size_t>(layer)]),
      index_(layer),
      fused_pool_(fused_pool),
      output_map_(
          network.layers[static_cast<std::size_t>(fused_pool >= 0 ? fused_pool : layer)].output),
      input_slices_(network.slices(layer_->input())),
      batch_(batch) {
  const network::Layer& writer =
      network.layers[static_cast<std::size_t>(fused_pool >= 0 ? fused_pool : layer)];
  output_channels_ = {writer.output_channel, writer.out.channels};
  if (layer_->residual() >= 0) residual_slices_ = network.slices(layer_->residual());
  if (fused_pool >= 0) {
    const network::Layer& pool = network.layers[static_cast<std::size_t>(fused_pool)];
    unit_rows_ = pool.window.kernel_h;
    units_per_image_ = pool.out.height;  // rows that fill no window belong to the last unit
  } else {
    units_per_image_ = layer_->out.height;
  }
}

std::int64_t LayerShape::widest_rows(std::int64_t units) const {
  const std::int64_t trailing = layer_->out.height - units_per_image_ * unit_rows_;
  return units * unit_rows_ + base::ceil_div(units, units_per_image_) * trailing;
}

std::int64_t LayerShape::largest_range(std::int64_t rows) const {
  std::int64_t fits = 0;
  std::int64_t too_many = units() + 1;
  while (too_many - fits > 1) {
    const std::int64_t middle = fits + (too_many - fits) / 2;
    (widest_rows(middle) <= rows ? fits : too_many) = middle;
  }
  return fits;
}

RangeList::RangeList(const Rows& rows, std::int64_t units_per_range, bool within_image)
    : rows_(rows), units_per_range_(units_per_range) {
  if (within_image && units_per_range_ >= rows.units_per_image) {
    units_per_range_ -= units_per_range_ % rows.units_per_image;
  } else if (within_image) {
    per_image_ = base::ceil_div(rows.units_per_image, units_per_range_);
  }
  size_ = per_image_ > 0 ? rows.images * per_image_
                         : base::ceil_div(rows.images * rows.units_per_image, units_per_range_);
}

schedule::PixelRange RangeList::operator[](std::int64_t index) const {
  std::int64_t begin = index * units_per_range_;
  std::int64_t end = rows_.images * rows_.units_per_image;
  if (per_image_ > 0) {
    const std::int64_t image = index / per_image_;
    begin = image * rows_.units_per_image + index % per_image_ * units_per_range_;
    end = (image + 1) * rows_.units_per_image;
  }
  end = std::min(end, begin + units_per_range_);
  return {rows_.layer, first_row(begin), first_row(end) - first_row(begin)};
}

RangeList LayerShape::ranges(std::int64_t units_per_range, bool within_image) const {
  return {{index_, layer_->out.height, unit_rows_, units_per_image_, batch_},
          units_per_range,
          within_image};
}

RangeList LayerShape::ranges(const LayerCut& cut) const {
  return ranges(cut.units_per_range, cut.per_range_regions() || !layer_->is_gemm());
}

schedule::MapRows LayerShape::input_rows(const schedule::PixelRange& range) const {
  schedule::MapRows rows;
  rows.map = layer_->input();
  rows.channel_count = layer_->in.channels;
  rows.image_begin = range.row_begin / layer_->out.height;
  rows.image_count =
      (range.row_begin + range.row_count - 1) / layer_->out.height - rows.image_begin + 1;
  if (rows.image_count > 1) {
    rows.row_count = layer_->in.height;
    return rows;
  }
  const std::int64_t y = range.row_begin % layer_->out.height;
  if (layer_->kind == network::LayerKind::kElementwise) {
    rows.row_begin = y;
    rows.row_count = range.row_count;
    return rows;
  }
  if (layer_->kind == network::LayerKind::kResize) {
    std::int64_t first = layer_->in.height;
    std::int64_t last = 0;
    for (std::int64_t row = y; row < y + range.row_count; ++row) {
      const network::Sample& sample = layer_->sample_rows[static_cast<std::size_t>(row)];
      first = std::min<std::int64_t>({first, sample.first, sample.second});
      last = std::max<std::int64_t>({last, sample.first, sample.second});
    }
    rows.row_begin = first;
    rows.row_count = last + 1 - first;
    return rows;
  }
  const network::Window& window = layer_->window;
  // From the first to the last row under the windows, zeros between the input's rows left out.
  const std::int64_t top = y * window.stride_h - window.pad_top;
  const std::int64_t bottom = top + (range.row_count - 1) * window.stride_h +
                              std::int64_t{window.kernel_h - 1} * window.dilation_h + 1;
  // A range that sees only padding still has a region of one row.
  rows.row_begin = std::clamp<std::int64_t>(
      base::ceil_div(std::max<std::int64_t>(top, 0), window.insert_h), 0, layer_->in.height - 1);
  rows.row_count =
      std::clamp<std::int64_t>(base::ceil_div(std::max<std::int64_t>(bottom, 0), window.insert_h),
                               rows.row_begin + 1, layer_->in.height) -
      rows.row_begin;
  return rows;
}

bool LayerShape::leaves_rows_out() const {
  const network::Window& window = layer_->window;
  if (layer_->kind == network::LayerKind::kResize) return true;
  return window.stride_h > window.kernel_h || window.dilation_h > 1 || window.insert_h > 1;
}

std::vector<schedule::MapRows> LayerShape::take_missing(const schedule::MapRows& rows,
                                                        std::vector<bool>& there) {
  std::vector<schedule::MapRows> runs;
  bool goes_on = false;
  for (std::int64_t row = rows.row_begin; row < rows.row_begin + rows.row_count; ++row) {
    std::vector<bool>::reference known = there[static_cast<std::size_t>(row)];
    if (!known && !goes_on) {
      runs.push_back(rows);
      runs.back().row_begin = row;
      runs.back().row_count = 0;
    }
    goes_on = !known;
    if (goes_on) ++runs.back().row_count;
    known = true;
  }
  return runs;
}

std::vector<schedule::MapRows> LayerShape::input_needs(const schedule::PixelRange& range) const {
  const schedule::MapRows all = input_rows(range);
  if (!leaves_rows_out()) return {all};
  std::vector<schedule::MapRows> needs;
  for_each_image(range, layer_->out.height, [&](const schedule::PixelRange& part) {
    std::vector<bool> unread(static_cast<std::size_t>(layer_->in.height), true);
    const auto read = [&](std::int64_t row) {
      if (row >= 0 && row < layer_->in.height) unread[static_cast<std::size_t>(row)] = false;
    };
    const network::Window& window = layer_->window;
    for (std::int64_t y = 0; y < part.row_count; ++y) {
      const std::int64_t row = part.row_begin % layer_->out.height + y;
      if (layer_->kind == network::LayerKind::kResize) {
        read(layer_->sample_rows[static_cast<std::size_t>(row)].first);
        read(layer_->sample_rows[static_cast<std::size_t>(row)].second);
        continue;
      }
      for (std::int64_t k = 0; k < window.kernel_h; ++k) {
        const std::int64_t place = row * window.stride_h - window.pad_top + k * window.dilation_h;
        if (place >= 0 && place % window.insert_h == 0) read(place / window.insert_h);
      }
    }
    schedule::MapRows image = all;
    image.image_begin = part.row_begin / layer_->out.height;
    image.image_count = 1;
    image.row_begin = 0;
    image.row_count = layer_->in.height;
    for (const schedule::MapRows& run : take_missing(image, unread)) needs.push_back(run);
  });
  return needs;
}

schedule::MapRows LayerShape::residual_rows(const schedule::PixelRange& range) const {
  schedule::MapRows rows;
  rows.map = layer_->residual();
  rows.channel_count = network_->map(rows.map).shape.channels;
  const std::int64_t height = layer_->out.height;
  rows.image_begin = range.row_begin / height;
  rows.image_count = (range.row_begin + range.row_count - 1) / height - rows.image_begin + 1;
  const std::int64_t own_height = network_->map(rows.map).shape.height;
  const bool whole = rows.image_count > 1 || own_height == 1;  // one row stands for all
  rows.row_begin = whole ? 0 : range.row_begin % height;
  rows.row_count = whole ? own_height : range.row_count;
  return rows;
}

schedule::MapRows LayerShape::output_rows(const schedule::PixelRange& range) const {
  schedule::MapRows rows;
  rows.map = output_map_;
  rows.channel_begin = output_channels_.begin;
  rows.channel_count = output_channels_.count;
  const std::int64_t height = layer_->out.height;
  rows.image_begin = range.row_begin / height;
  rows.image_count = (range.row_begin + range.row_count - 1) / height - rows.image_begin + 1;
  if (rows.image_count > 1) {
    rows.row_count = network_->map(output_map_).shape.height;
    return rows;
  }
  rows.row_begin = range.row_begin % height / unit_rows_;
  rows.row_count = std::max<std::int64_t>(1, range.row_count / unit_rows_);
  rows.row_count =
      std::min(rows.row_count, network_->map(output_map_).shape.height - rows.row_begin);
  return rows;
}

std::int64_t LayerShape::slots(const schedule::MapRows& rows) const {
  const network::MapShape& shape = network_->map(rows.map).shape;
  return rows.image_count * rows.row_count * shape.width * rows.channel_count *
         value_slots(rows.map);
}

std::vector<schedule::MapRows> LayerShape::transfers(const schedule::MapRows& rows) const {
  std::vector<schedule::MapRows> list;
  const auto& slices = rows.map == layer_->input() ? input_slices_ : residual_slices_;
  for (const network::ChannelSlice& slice : slices) {
    list.push_back(rows);
    list.back().channel_begin = slice.begin;
    list.back().channel_count = slice.count;
  }
  return list;
}

std::int64_t block_words(const schedule::Block& block, const arch::AcceleratorSpec& spec) {
  return block.k_count * schedule::words_per_index(block, spec);
}

BlockList::BlockList(const network::Layer& layer, std::int32_t index, std::int64_t indices_per_pass,
                     const arch::AcceleratorSpec& spec)
    : layer_(index),
      k_(layer.k()),
      n_(layer.n()),
      cols_(spec.array.cols),
      groups_(layer.groups),
      tiles_(base::ceil_div(layer.n(), cols_)),
      passes_(base::ceil_div(layer.k(), indices_per_pass)) {}

schedule::Block BlockList::operator[](std::int64_t index) const {
  const std::int64_t tile = index / passes_;
  const std::int64_t share = k_ / passes_;
  const std::int64_t longer = k_ % passes_;  // the first passes, which have one index more
  schedule::Block block;
  block.layer = layer_;
  block.group = static_cast<std::int32_t>(tile / tiles_);
  block.pass = static_cast<std::int32_t>(index % passes_);
  block.k_begin = block.pass * share + std::min<std::int64_t>(block.pass, longer);
  block.k_count = share + (block.pass < longer ? 1 : 0);
  block.n_begin = tile % tiles_ * cols_;
  block.n_count = std::min(cols_, n_ - block.n_begin);
  return block;
}

std::int64_t layer_words(const network::Layer& layer, const arch::AcceleratorSpec& spec) {
  const auto words = [&](std::int64_t channels) {
    return layer.k() * base::ceil_div(channels, spec.weights_per_word());
  };
  const std::int64_t full = layer.n() / spec.array.cols;
  return layer.groups * (full * words(spec.array.cols) + words(layer.n() % spec.array.cols));
}

std::int32_t fusible_pool(const network::Network& network, std::int32_t index) {
  const auto next = static_cast<std::size_t>(index) + 1;
  if (next >= network.layers.size()) return -1;
  const network::Layer& layer = network.layers[next - 1];
  const network::Layer& pool = network.layers[next];
  const network::Window& w = pool.window;
  const bool fits = layer.is_gemm() && !layer.logits && pool.kind == network::LayerKind::kMaxPool &&
                    pool.input() == layer.output && pool.in == layer.out &&
                    !network.map(layer.output).sums && w.kernel_h == w.stride_h &&
                    w.kernel_w == w.stride_w && w.pad_top == 0 && w.pad_left == 0 &&
                    w.pad_bottom == 0 && w.pad_right == 0;
  const auto reads = [&](const network::Layer& reader) {
    return reader.residual() == layer.output ||
           (reader.input() == layer.output && &reader != &pool);
  };
  const bool shared = network.is_output(layer.output) ||
                      std::any_of(network.layers.begin(), network.layers.end(), reads);
  return fits && !shared ? static_cast<std::int32_t>(next) : -1;
}

}  // namespace lacuna::mapping
