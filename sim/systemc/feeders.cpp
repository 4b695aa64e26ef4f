#include "systemc/feeders.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace lacuna::systemc {
namespace {

constexpr std::int64_t kPadding = -1;

}  // namespace

Feeders::Feeders(const sc_core::sc_module_name& name, Program& program)
    : sc_module(name),
      port("port"),
      activation_sram("activation_sram"),
      program_(program),
      rows_(static_cast<std::size_t>(program.spec->array.rows)) {
  port.bind(*this);
}

void Feeders::begin_pass(schedule::StepId id) {
  const schedule::Step& step = program_.step(id);
  const schedule::Block& block = program_.block(step);
  const schedule::PixelRange& range = program_.range(step);
  layer_ = &program_.layer(step.layer);
  region_ = &program_.region(step.input);
  code_ = program_.network->map(region_->map).code;
  counters_ = &program_.counters(step);
  step_ = id;
  lanes_ = block.n_count;
  sram_ = activation_sram.operator->();
  list_indices(block, *layer_);
  for (Row& row : rows_) {
    row.y = range.row_begin;
    row.x = 0;
    row.pixel = 0;
  }
  counters_->macs.total += range.row_count * layer_->out.width * block.k_count * lanes_;
}

std::int32_t Feeders::bitmap_words(int row) const {
  const bool skip = program_.spec->zero_skipping == arch::ZeroSkipping::kSkip;
  return skip ? rows_[static_cast<std::size_t>(row)].bitmap_words : 0;
}

void Feeders::list_indices(const schedule::Block& block, const network::Layer& layer) {
  for (Row& row : rows_) {
    row.indices.clear();
    row.bitmap_words = 0;
  }
  const std::int64_t group_in = layer.group_in();
  const std::int64_t bitmap_word = program_.spec->bitmap_word_bits();
  std::vector<std::int64_t> last_word(rows_.size(), -1);
  for (std::int64_t v = 0; v < block.k_count; ++v) {
    const schedule::IndexPlace place = schedule::place_index(block, v, *program_.spec);
    const std::int64_t k = block.k_begin + v;
    const std::int64_t position = k / group_in;
    const std::int64_t channel = block.group * group_in + k % group_in;
    const std::int64_t y = position / layer.window.kernel_w;
    const std::int64_t x = position % layer.window.kernel_w;
    const auto r = static_cast<std::size_t>(place.row);
    rows_[r].indices.push_back({static_cast<std::int32_t>(y), static_cast<std::int32_t>(x), channel,
                                static_cast<std::uint8_t>(place.slot),
                                static_cast<std::int32_t>(v)});
    // Indices of a row come in rising order, so words repeat only in a run.
    const std::int64_t word =
        position * base::ceil_div(layer.in.channels, bitmap_word) + channel / bitmap_word;
    if (word != last_word[r]) ++rows_[r].bitmap_words;
    last_word[r] = word;
  }
}

TokenSource::PixelWork Feeders::begin_pixel(int row_number) {
  Row& row = rows_[static_cast<std::size_t>(row_number)];
  row.pending.clear();
  row.next = 0;
  row.access = program_.access(step_, row.pixel++);
  const network::Layer& layer = *layer_;
  const std::int64_t image = row.y / layer.out.height;
  const std::int64_t out_y = row.y % layer.out.height;
  const std::int64_t out_x = row.x;
  if (++row.x == layer.out.width) {
    row.x = 0;
    ++row.y;
  }
  const std::int64_t first_row =
      (image - region_->image_begin) * region_->row_count - region_->row_begin;
  const bool skip = program_.spec->zero_skipping == arch::ZeroSkipping::kSkip;
  // Indices of one window position stand side by side; they differ in their channel.
  std::int32_t window_y = -1;
  std::int32_t window_x = -1;
  std::int64_t pixel = kPadding;  // address of its channel 0
  for (const Index& index : row.indices) {
    if (index.y != window_y || index.x != window_x) {
      window_y = index.y;
      window_x = index.x;
      const std::int64_t y = layer.window.input_row(out_y, index.y, layer.in.height);
      const std::int64_t x = layer.window.input_column(out_x, index.x, layer.in.width);
      pixel = y >= 0 && x >= 0
                  ? region_->base + ((first_row + y) * layer.in.width + x) * layer.in.channels
                  : kPadding;
    }
    const bool inside = pixel != kPadding;
    const std::int64_t address = inside ? pixel + index.channel : kPadding;
    row.access.index = index.number;
    if (skip && (!inside || !sram_->nonzero(address, row.access))) continue;
    row.pending.push_back({address, index.slot, index.number});
  }
  const auto tokens = static_cast<std::int32_t>(row.pending.size());
  std::int32_t slots = std::max(1, tokens);
  if (skip) {
    slots = std::max(slots, row.bitmap_words);
    counters_->bitmap.reads += row.bitmap_words;
    counters_->macs.skipped += (static_cast<std::int64_t>(row.indices.size()) - tokens) * lanes_;
  }
  return {tokens, slots};
}

Token Feeders::issue(int row_number) {
  Row& row = rows_[static_cast<std::size_t>(row_number)];
  const Pending& pending = row.pending[row.next++];
  std::int16_t activation = 0;
  if (pending.address != kPadding) {
    row.access.index = pending.number;
    activation = code_.operand(sram_->read(pending.address, row.access),
                               program_.spec->precision.activation_bits);
    ++counters_->activation_sram.reads;
  }
  const bool gated = activation == 0 && program_.spec->zero_skipping == arch::ZeroSkipping::kGate;
  (gated ? counters_->macs.gated : counters_->macs.issued) += lanes_;
  return {activation, pending.slot, !gated, pending.number};
}

}  // namespace lacuna::systemc
