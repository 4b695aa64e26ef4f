#include "mapping/step_walk.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "mapping/cost_sink.hpp"
#include "mapping/schedule_sink.hpp"
#include "schedule/resources.hpp"

namespace lacuna::mapping {

using schedule::MapRows;
using schedule::PixelRange;
using schedule::Resource;
using schedule::StepKind;

template <class Sink>
StepWalk<Sink>::StepWalk(const network::Network& network, const arch::AcceleratorSpec& spec,
                         const WalkSetting& setting, Sink& sink)
    : network_(network),
      spec_(spec),
      setting_(setting),
      sink_(sink),
      buffer_(setting.capacities.weight_words) {
  std::int64_t base = 0;
  for (const network::Map& map : network.maps) {
    map_base_.push_back(base);
    base += setting.batch * map.shape.values();
  }
  map_region_.resize(map_base_.size());
  for (const OnChipMap& there : setting.present) {
    map_region_[static_cast<std::size_t>(there.map)] = add_region(whole_map(there.map), there.base);
  }
}

template <class Sink>
void StepWalk<Sink>::run(const std::vector<LayerWork>& works) {
  works_ = &works;
  std::int64_t word = setting_.resident_at.value_or(0);
  for (const LayerWork& work : works) {
    resident_words_.push_back(word);
    word += work.words();
  }
  for (std::size_t i = 0; i < works.size(); ++i) {
    work_ = &works[i];
    place_maps();
    if (work_->is_gemm()) {
      run_gemm();
    } else {
      run_map_layer();
    }
    const bool last = i + 1 == works.size() && setting_.stores_last_output;
    if (whole_output_.number >= 0 && (last || network_.is_output(work_->shape().output_map()))) {
      store_whole_output();
    }
  }
}

template <class Sink>
void StepWalk<Sink>::run_gemm() {
  const BlockList& blocks = work_->blocks();
  const bool pixel_outer = work_->cut().order == LoopOrder::kPixelOuter;
  const std::int64_t ranges = work_->ranges().size();
  const auto next_half = [&] { return halves_used_++ % 2 * setting_.capacities.accumulator_half; };
  for (std::int64_t visit = 0; visit < work_->visits(); ++visit) {
    const std::int64_t range = work_->range_of(visit);
    Pass pass;
    pass.visit = visit;
    pass.range = work_->ranges()[range];
    pass.range_number = work_->start().range + static_cast<std::int32_t>(range);
    begin_visit(visit);
    Placed output = whole_output_;  // none for logits, which go to the host
    if (!work_->cut().output_whole) {
      const std::vector<std::int64_t>& turns = work_->cut().output_buffers;
      output = add_region(work_->shape().output_rows(pass.range),
                          turns[static_cast<std::size_t>(visit) % turns.size()]);
    }
    if (pixel_outer) {
      for (std::int64_t group = 0; group < blocks.groups(); ++group) {
        const std::int64_t half = next_half();
        for (std::int64_t tile = 0; tile < blocks.tiles(); ++tile) {
          pass.address = half + tile * pass.range.row_count * layer().out.width;
          run_tile(pass, (group * blocks.tiles() + tile) * blocks.passes(), output);
        }
      }
    } else {
      pass.address = next_half();
      run_tile(pass, visit / ranges * blocks.passes(), output);
    }
    if (!work_->cut().output_whole) store_region(output);
  }
}

template <class Sink>
void StepWalk<Sink>::run_tile(Pass pass, std::int64_t first_block, const Placed& output) {
  const std::int64_t passes = work_->blocks().passes();
  for (std::int64_t k = 0; k < passes; ++k) {
    pass.block = first_block + k;
    pass.first = k == 0;
    pass.last = k == passes - 1;
    const schedule::Block block = work_->blocks()[pass.block];
    load_pe(pass, block);
    stream(pass, block);
    if (pass.last) post(pass, block, output);
  }
}

template <class Sink>
void StepWalk<Sink>::run_map_layer() {
  const LayerCut& cut = work_->cut();
  for (std::int64_t visit = 0; visit < work_->visits(); ++visit) {
    begin_visit(visit);
    const PixelRange range = work_->ranges()[visit];
    MapRows rows = work_->shape().output_rows(range);
    std::int64_t base = 0;
    if (cut.output_whole) {
      const schedule::Region& whole = whole_output_.region;
      rows.channel_begin = whole.channel_begin;
      rows.channel_count = whole.channel_count;
      base = whole.base + (rows.image_begin * whole.row_count + rows.row_begin) *
                              row_slots(rows.map, rows.channel_count);
    } else {
      base = cut.output_buffers[static_cast<std::size_t>(visit) % cut.output_buffers.size()];
    }
    const Placed output = add_region(rows, base);
    map_step(visit, range, output, rows);
    if (!cut.output_whole) store_region(output);
  }
}

template <class Sink>
void StepWalk<Sink>::map_step(std::int64_t visit, const PixelRange& range, const Placed& output,
                              const MapRows& rows) {
  WalkedStep walked;
  walked.step.kind = layer().is_pool() ? StepKind::kPool : StepKind::kTransform;
  walked.step.layer = work_->shape().layer_index();
  walked.step.input = input_of(visit).number;
  walked.step.output = output.number;
  walked.region = &output.region;
  StepAccesses& step = accesses(Resource::kPost);
  touch_input(input_of(visit), range, step);
  if (has_residual()) {
    walked.step.residual = residual_of(visit).number;
    touch_residual(residual_of(visit), range, step);
  }
  touch_rows(output, rows, true, step);
  append(walked);
}

template <class Sink>
void StepWalk<Sink>::place_maps() {
  const LayerCut& cut = work_->cut();
  const LayerShape& shape = work_->shape();
  whole_input_ = whole_residual_ = whole_output_ = {};
  visit_regions_ = {};
  if (cut.input_whole) {
    whole_input_ = whole_operand(layer().input(), cut.input_base, &LayerShape::input_needs);
  }
  if (has_residual() && cut.residual_whole) {
    whole_residual_ =
        whole_operand(layer().residual(), cut.residual_base, &LayerShape::residual_needs);
  }
  if (cut.output_whole && !layer().logits) {
    // Another layer may have written a slice of it before.
    Placed& region = map_region_[static_cast<std::size_t>(shape.output_map())];
    if (region.number < 0) region = add_region(whole_map(shape.output_map()), cut.output_base);
    whole_output_ = region;
  }
}

template <class Sink>
typename StepWalk<Sink>::Placed StepWalk<Sink>::whole_operand(std::int32_t map, std::int64_t base,
                                                              LayerShape::NeedsOfRange needs_of) {
  const Placed& there = map_region_[static_cast<std::size_t>(map)];
  if (there.number >= 0) return there;
  const Placed region = add_region(whole_map(map), base);
  work_->shape().for_each_piece(work_->ranges(), needs_of,
                                [&](const MapRows& rows) { load_rows(region, rows); });
  return region;
}

template <class Sink>
void StepWalk<Sink>::begin_visit(std::int64_t visit) {
  const std::size_t ahead = work_->cut().ranges_loaded();
  if (ahead > 0) load_visit(visit);
  if (ahead > 1) load_visit(visit + 1);
}

template <class Sink>
void StepWalk<Sink>::load_visit(std::int64_t visit) {
  VisitRegions& regions = visit_regions_[static_cast<std::size_t>(visit % 2)];
  if (visit >= work_->visits() || regions.visit == visit) return;
  regions.visit = visit;
  const LayerCut& cut = work_->cut();
  const PixelRange range = work_->ranges()[work_->range_of(visit)];
  const auto load = [&](const MapRows& rows, const std::vector<MapRows>& needs,
                        const std::vector<std::int64_t>& bases) {
    const Placed region = add_region(rows, bases[static_cast<std::size_t>(visit) % bases.size()]);
    for (const MapRows& need : needs) load_rows(region, need);
    return region;
  };
  const LayerShape& shape = work_->shape();
  if (!cut.input_whole) {
    regions.input = load(shape.input_rows(range), shape.input_needs(range), cut.input_buffers);
  }
  if (!cut.residual_whole) {
    regions.residual =
        load(shape.residual_rows(range), shape.residual_needs(range), cut.residual_buffers);
  }
}

template <class Sink>
const typename StepWalk<Sink>::Placed& StepWalk<Sink>::input_of(std::int64_t visit) const {
  return work_->cut().input_whole ? whole_input_
                                  : visit_regions_[static_cast<std::size_t>(visit % 2)].input;
}

template <class Sink>
const typename StepWalk<Sink>::Placed& StepWalk<Sink>::residual_of(std::int64_t visit) const {
  return work_->cut().residual_whole ? whole_residual_
                                     : visit_regions_[static_cast<std::size_t>(visit % 2)].residual;
}

template <class Sink>
void StepWalk<Sink>::load_rows(const Placed& region, const MapRows& rows) {
  for (const MapRows& slice : work_->shape().transfers(rows)) {
    WalkedStep walked;
    walked.step.kind = StepKind::kLoadActivations;
    walked.step.layer = work_->shape().layer_index();
    walked.step.output = region.number;
    walked.step.rows = slice;
    StepAccesses& step = accesses(Resource::kDma);
    const std::int64_t address = map_address(slice);
    dram_.read(address, address + values(slice), step);
    touch_rows(region, slice, true, step);
    append(walked);
  }
}

template <class Sink>
void StepWalk<Sink>::store_region(const Placed& region) {
  const schedule::Region& all = region.region;
  store_rows(region, {all.map, all.image_begin, all.image_count, all.row_begin, all.row_count,
                      all.channel_begin, all.channel_count});
}

template <class Sink>
void StepWalk<Sink>::store_whole_output() {
  const network::ChannelSlice& slice = work_->shape().output_channels();
  const std::int32_t map = work_->shape().output_map();
  for (std::int64_t image = 0; image < setting_.batch; ++image) {
    store_rows(whole_output_,
               {map, image, 1, 0, network_.map(map).shape.height, slice.begin, slice.count});
  }
}

template <class Sink>
void StepWalk<Sink>::store_rows(const Placed& region, const MapRows& rows) {
  WalkedStep walked;
  walked.step.kind = StepKind::kStoreActivations;
  walked.step.layer = work_->shape().layer_index();
  walked.step.input = region.number;
  walked.step.rows = rows;
  StepAccesses& step = accesses(Resource::kDma);
  const std::int64_t address = map_address(rows);
  touch_rows(region, rows, false, step);
  dram_.write(address, address + values(rows), step);
  append(walked);
}

template <class Sink>
void StepWalk<Sink>::fetch_weights(std::int64_t use) {
  buffer_.free_before(use);
  for (; fetch_layer_ < works_->size(); ++fetch_layer_, fetch_number_ = 0) {
    const LayerWork& work = (*works_)[fetch_layer_];
    for (; fetch_number_ < work.fetches(); ++fetch_number_) {
      const WeightFetch fetch = work.fetch(fetch_number_);
      if (buffer_.keep(fetch)) continue;
      const std::int64_t address = buffer_.place(fetch);
      if (address < 0) {
        SIM_CHECK(fetch.first_use > use, "mapper", -1, "a weight block finds no room");
        return;
      }
      const schedule::Block block = work.blocks()[fetch.block - work.start().block];
      WalkedStep walked;
      walked.step.kind = StepKind::kLoadWeights;
      walked.step.layer = block.layer;
      walked.step.block = fetch.block;
      walked.step.address = address;
      walked.block = &block;
      walked.words = fetch.words;
      StepAccesses& step = accesses(Resource::kDma);
      weights_.write(address, address + fetch.words, step);
      append(walked);
    }
  }
}

template <class Sink>
void StepWalk<Sink>::load_pe(const Pass& pass, const schedule::Block& block) {
  const std::int32_t number = work_->start().block + static_cast<std::int32_t>(pass.block);
  if (number == held_) return;
  const bool two_sets = spec_.array.weight_load == arch::WeightLoad::kShadowed;
  held_ = number;
  ++use_;
  set_ = two_sets ? static_cast<std::int32_t>(use_ % 2) : 0;
  WalkedStep walked;
  walked.block = &block;
  walked.step.kind = StepKind::kLoadPe;
  walked.step.layer = block.layer;
  walked.step.block = number;
  walked.step.set = set_;
  if (!setting_.resident_at) {
    fetch_weights(use_);
    walked.step.address = buffer_.address(number);
  } else {
    // Whole blocks of the channel tiles before, and of this tile's passes before.
    walked.step.address = resident_words_[static_cast<std::size_t>(work_ - works_->data())] +
                          work_->words_before(pass.block);
  }
  StepAccesses& step = accesses(Resource::kLoader);
  walked.words = block_words(block, spec_);
  weights_.read(walked.step.address, walked.step.address + walked.words, step);
  pe_sets_.write(set_, set_ + 1, step);
  append(walked, two_sets ? swap_ : kNever);
  new_load_ = true;
}

template <class Sink>
void StepWalk<Sink>::stream(const Pass& pass, const schedule::Block& block) {
  WalkedStep walked;
  walked.block = &block;
  walked.pixels = pass.range.row_count * layer().out.width;
  walked.step.kind = StepKind::kStream;
  walked.step.layer = block.layer;
  walked.step.block = held_;
  walked.step.range = pass.range_number;
  walked.step.input = input_of(pass.visit).number;
  walked.step.address = pass.address;
  walked.step.set = set_;
  walked.step.first_pass = pass.first;
  StepAccesses& step = accesses(Resource::kArray);
  pe_sets_.read(set_, set_ + 1, step);
  touch_input(input_of(pass.visit), pass.range, step);
  accumulators_.write(pass.address, pass.address + walked.pixels, step);
  const PlacedStep placed = append(walked);
  if (new_load_) swap_ = placed.start;
  new_load_ = false;
}

template <class Sink>
void StepWalk<Sink>::post(const Pass& pass, const schedule::Block& block, const Placed& output) {
  WalkedStep walked;
  walked.block = &block;
  walked.pixels = pass.range.row_count * layer().out.width;
  walked.step.kind = StepKind::kPost;
  walked.step.layer = block.layer;
  walked.step.block = held_;
  walked.step.range = pass.range_number;
  walked.step.address = pass.address;
  walked.step.output = output.number;
  StepAccesses& step = accesses(Resource::kPost);
  accumulators_.read(pass.address, pass.address + walked.pixels, step);
  if (has_residual()) {
    walked.step.residual = residual_of(pass.visit).number;
    touch_residual(residual_of(pass.visit), pass.range, step);
  }
  if (output.number >= 0) {
    for_each_image(pass.range, layer().out.height, [&](const PixelRange& part) {
      touch_rows(output, work_->shape().output_rows(part), true, step);
    });
  }
  append(walked);
}

template <class Sink>
StepAccesses& StepWalk<Sink>::accesses(Resource resource) {
  accesses_.begin(resource);
  return accesses_;
}

template <class Sink>
PlacedStep StepWalk<Sink>::append(const WalkedStep& step, Stamp after_start) {
  const PlacedStep placed = sink_.append(step, accesses_.waits(), after_start);
  accesses_.settle(placed.end);
  return placed;
}

template <class Sink>
typename StepWalk<Sink>::Placed StepWalk<Sink>::add_region(const MapRows& rows, std::int64_t base) {
  Placed placed;
  schedule::Region& region = placed.region;
  region.map = rows.map;
  region.image_begin = rows.image_begin;
  region.image_count = rows.image_count;
  region.row_begin = rows.row_begin;
  region.row_count = rows.row_count;
  region.channel_begin = rows.channel_begin;
  region.channel_count = rows.channel_count;
  region.base = base;
  region.slots = rows.image_count * rows.row_count * row_slots(rows.map, rows.channel_count);
  placed.number = sink_.add_region(region);
  return placed;
}

template <class Sink>
MapRows StepWalk<Sink>::whole_map(std::int32_t map) const {
  const network::MapShape& shape = network_.map(map).shape;
  return {map, 0, setting_.batch, 0, shape.height, 0, shape.channels};
}

template <class Sink>
std::int64_t StepWalk<Sink>::row_slots(std::int32_t map, std::int64_t channels) const {
  const network::Map& own = network_.map(map);
  return own.shape.width * channels * schedule::slots_per_value(own, spec_);
}

template <class Sink>
std::int64_t StepWalk<Sink>::map_address(const MapRows& rows) const {
  const network::MapShape& shape = network_.map(rows.map).shape;
  const std::int64_t row = shape.width * rows.channel_count;
  return map_base_[static_cast<std::size_t>(rows.map)] +
         setting_.batch * shape.height * shape.width * rows.channel_begin +
         (rows.image_begin * shape.height + rows.row_begin) * row;
}

template <class Sink>
std::int64_t StepWalk<Sink>::values(const MapRows& rows) const {
  return rows.image_count * rows.row_count * network_.map(rows.map).shape.width *
         rows.channel_count;
}

template <class Sink>
void StepWalk<Sink>::touch_rows(const Placed& placed, const MapRows& rows, bool write,
                                StepAccesses& step) {
  const schedule::Region& region = placed.region;
  const std::int64_t row = row_slots(region.map, region.channel_count);
  for (std::int64_t image = rows.image_begin; image < rows.image_begin + rows.image_count;
       ++image) {
    const std::int64_t begin =
        region.base +
        ((image - region.image_begin) * region.row_count + rows.row_begin - region.row_begin) * row;
    const std::int64_t end = begin + rows.row_count * row;
    if (write) {
      // Transfers into a region bring slices of its rows, post steps tiles of a map's.
      const bool loads = step.resource() == Resource::kDma;
      activations_.write(begin, end, step, loads ? -1 - placed.number : region.map);
    } else {
      activations_.read(begin, end, step);
    }
  }
}

template <class Sink>
void StepWalk<Sink>::touch_input(const Placed& region, const PixelRange& range,
                                 StepAccesses& step) {
  for_each_image(range, layer().out.height, [&](const PixelRange& part) {
    touch_rows(region, work_->shape().input_rows(part), false, step);
  });
}

template <class Sink>
void StepWalk<Sink>::touch_residual(const Placed& region, const PixelRange& range,
                                    StepAccesses& step) {
  for_each_image(range, layer().out.height, [&](const PixelRange& part) {
    touch_rows(region, work_->shape().residual_rows(part), false, step);
  });
}

template class StepWalk<CostSink>;
template class StepWalk<ScheduleSink>;

}  // namespace lacuna::mapping
