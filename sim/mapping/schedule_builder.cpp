#include "mapping/schedule_builder.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "schedule/resources.hpp"

namespace lacuna::mapping {
ScheduleBuilder::ScheduleBuilder(const network::Network& network, const arch::AcceleratorSpec& spec,
                                 const Capacities& capacities, std::int64_t batch)
    : network_(network),
      spec_(spec),
      capacities_(capacities),
      batch_(batch),
      buffer_(capacities.weight_words) {
  std::int64_t base = 0;
  for (const network::Map& map : network.maps) {
    map_base_.push_back(base);
    base += batch * map.shape.values();
  }
  map_region_.assign(map_base_.size(), -1);
}

schedule::Schedule ScheduleBuilder::build(const std::vector<PlannedLayer>& layers) {
  schedule_.batch = batch_;
  schedule_.layers.resize(network_.layers.size());
  std::vector<LayerWork> works;
  for (const PlannedLayer& planned : layers) {
    LayerWork work{planned, LayerShape(network_, spec_, planned.layer, planned.fused_pool, batch_)};
    list_passes(work);
    works.push_back(std::move(work));
  }
  number_pe_loads(works);
  block_address_.assign(schedule_.blocks.size(), -1);
  if (resident_at_ >= 0) {
    place_resident();
  } else {
    plan_fetches(works);
  }
  schedule_.steps.reserve(most_steps(works));
  for (const auto& [map, base] : present_) {
    map_region_[static_cast<std::size_t>(map)] = add_region(whole_map(map), base);
  }
  for (LayerWork& work : works) {
    if (work.shape.layer().is_gemm()) {
      emit_layer(work);
    } else {
      emit_pool_layer(work);
    }
    const bool last = &work == &works.back() && store_last_output_;
    if (whole_output_ >= 0 && (last || network_.is_output(work.shape.output_map()))) {
      store_whole_output(work);
    }
  }
  return std::move(schedule_);
}

void ScheduleBuilder::list_passes(LayerWork& work) {
  const LayerCut& cut = work.planned.cut;
  const network::Layer& layer = work.shape.layer();
  work.ranges = work.shape.ranges(cut);
  schedule::LayerMapping& mapping = schedule_.layers[static_cast<std::size_t>(work.planned.layer)];
  mapping.pixel_ranges = static_cast<std::int64_t>(work.ranges.size());
  mapping.fused_pool = work.planned.fused_pool;
  mapping.input_in_sram = cut.input_whole;
  mapping.output_in_sram = cut.output_whole;
  if (!layer.is_gemm()) {
    for (std::size_t i = 0; i < work.ranges.size(); ++i) {
      work.visits.push_back(static_cast<std::int32_t>(i));
    }
    return;
  }
  work.first_range = static_cast<std::int32_t>(schedule_.ranges.size());
  schedule_.ranges.insert(schedule_.ranges.end(), work.ranges.begin(), work.ranges.end());

  const auto first_block = static_cast<std::int32_t>(schedule_.blocks.size());
  const std::vector<schedule::Block> blocks =
      cut_weights(layer, work.planned.layer, cut.indices_per_pass, spec_);
  schedule_.blocks.insert(schedule_.blocks.end(), blocks.begin(), blocks.end());
  const std::int64_t tiles = base::ceil_div(layer.n(), spec_.array.cols);
  const std::int64_t passes = static_cast<std::int64_t>(blocks.size()) / (layer.groups * tiles);
  mapping.order = cut.order;
  mapping.k_passes = passes;
  mapping.channel_tiles = tiles;
  mapping.weights_per_pe = base::ceil_div(blocks.front().k_count, spec_.array.rows);
  mapping.weights_stay = cut.weights_stay;

  const auto pixels = [&](std::int32_t range) {
    return work.range(range).row_count * layer.out.width;
  };
  const auto add_tile = [&](std::int64_t group, std::int64_t tile, std::int32_t range,
                            std::int64_t address) {
    for (std::int64_t pass = 0; pass < passes; ++pass) {
      Pass item;
      item.block = first_block + static_cast<std::int32_t>((group * tiles + tile) * passes + pass);
      item.range = range;
      item.visit = static_cast<std::int64_t>(work.visits.size()) - 1;
      item.address = address;
      item.first = pass == 0;
      item.last = pass == passes - 1;
      work.passes.push_back(item);
    }
    schedule_.accumulator_entries =
        std::max(schedule_.accumulator_entries, address + pixels(range));
  };
  const auto next_half = [&] { return halves_used_++ % 2 * capacities_.accumulator_half; };

  if (cut.order == LoopOrder::kPixelOuter) {
    for (std::int32_t range = 0; range < static_cast<std::int32_t>(work.ranges.size()); ++range) {
      work.visits.push_back(range);
      for (std::int64_t group = 0; group < layer.groups; ++group) {
        const std::int64_t half = next_half();
        for (std::int64_t tile = 0; tile < tiles; ++tile) {
          add_tile(group, tile, range, half + tile * pixels(range));
        }
      }
      work.passes.back().ends_visit = true;
    }
  } else {
    for (std::int64_t group = 0; group < layer.groups; ++group) {
      for (std::int64_t tile = 0; tile < tiles; ++tile) {
        for (std::int32_t range = 0; range < static_cast<std::int32_t>(work.ranges.size());
             ++range) {
          work.visits.push_back(range);
          add_tile(group, tile, range, next_half());
          work.passes.back().ends_visit = true;
        }
      }
    }
  }
}

void ScheduleBuilder::number_pe_loads(std::vector<LayerWork>& works) {
  const bool two_sets = spec_.array.weight_load == arch::WeightLoad::kShadowed;
  std::int32_t held = -1;  // block in the PEs: a pass that needs it again loads nothing
  std::int32_t set = 0;
  for (LayerWork& work : works) {
    for (Pass& pass : work.passes) {
      if (pass.block != held) {
        pass.use = static_cast<std::int64_t>(use_block_.size());
        set = two_sets ? static_cast<std::int32_t>(pass.use % 2) : 0;
        use_block_.push_back(pass.block);
        use_stays_.push_back(work.planned.cut.weights_stay);
        held = pass.block;
      }
      pass.set = set;
    }
  }
}

void ScheduleBuilder::plan_fetches(const std::vector<LayerWork>& works) {
  std::vector<WeightBuffer::Fetch> fetches;
  std::vector<std::int64_t> fetch_of(schedule_.blocks.size(), -1);
  for (std::size_t use = 0; use < use_block_.size(); ++use) {
    const std::int32_t block = use_block_[use];
    std::int64_t& own = fetch_of[static_cast<std::size_t>(block)];
    if (use_stays_[use] && own >= 0) {
      fetches[static_cast<std::size_t>(own)].last_use = static_cast<std::int64_t>(use);
      continue;
    }
    own = static_cast<std::int64_t>(fetches.size());
    WeightBuffer::Fetch fetch;
    fetch.block = block;
    fetch.words = block_words(schedule_.blocks[static_cast<std::size_t>(block)], spec_);
    fetch.first_use = fetch.last_use = static_cast<std::int64_t>(use);
    fetches.push_back(fetch);
  }
  // The first fetch of a layer whose blocks stay reserves one piece for all of them.
  for (const LayerWork& work : works) {
    if (!work.planned.cut.weights_stay || work.passes.empty()) continue;
    std::int64_t words = 0;
    for (const schedule::Block& block : schedule_.blocks) {
      if (block.layer == work.planned.layer) words += block_words(block, spec_);
    }
    fetches[static_cast<std::size_t>(fetch_of[static_cast<std::size_t>(work.passes.front().block)])]
        .layer_words = words;
  }
  buffer_.plan(std::move(fetches));
}

void ScheduleBuilder::place_resident() {
  schedule_.weights_resident = true;
  std::int64_t word = resident_at_;
  for (std::size_t index = 0; index < schedule_.blocks.size(); ++index) {
    schedule::Step step;
    step.kind = schedule::StepKind::kLoadWeights;
    step.layer = schedule_.blocks[index].layer;
    step.block = static_cast<std::int32_t>(index);
    step.address = word;
    block_address_[index] = word;
    word += block_words(schedule_.blocks[index], spec_);
    schedule_.setup.push_back(step);
  }
  schedule_.weight_words = word;
}

std::size_t ScheduleBuilder::most_steps(const std::vector<LayerWork>& works) const {
  std::size_t steps = 2 * use_block_.size();  // a fetch and a load of the PEs
  const auto images = static_cast<std::size_t>(batch_);
  for (const LayerWork& work : works) {
    for (const Pass& pass : work.passes) steps += pass.last ? 2 : 1;
    if (work.passes.empty()) steps += work.ranges.size();
    // Each operand comes by visits or by pieces of ranges, and the output goes so.
    const std::size_t transfers =
        1 + work.shape.transfers(whole_map(work.shape.layer().input())).size() +
        (work.shape.layer().residual() < 0
             ? 1
             : work.shape.transfers(whole_map(work.shape.layer().residual())).size());
    steps += transfers * (std::max(work.visits.size(), work.ranges.size()) + images);
  }
  return steps;
}

schedule::StepId ScheduleBuilder::append(schedule::Step step) {
  // Where a resource takes one step at a time, in list order, no step needs to wait for its own.
  const schedule::Resource resource = schedule::resource_of(step.kind);
  if (schedule::is_one_at_a_time(resource)) {
    step.waits[schedule::index_of(resource)] = schedule::kNoStep;
  }
  schedule_.steps.push_back(step);
  return static_cast<schedule::StepId>(schedule_.steps.size() - 1);
}

std::int32_t ScheduleBuilder::add_region(const schedule::MapRows& rows, std::int64_t base) {
  schedule::Region region;
  region.map = rows.map;
  region.image_begin = rows.image_begin;
  region.image_count = rows.image_count;
  region.row_begin = rows.row_begin;
  region.row_count = rows.row_count;
  region.channel_begin = rows.channel_begin;
  region.channel_count = rows.channel_count;
  region.base = base;
  region.slots = rows.image_count * rows.row_count * row_slots(rows.map, rows.channel_count);
  schedule_.activation_slots = std::max(schedule_.activation_slots, base + region.slots);
  schedule_.regions.push_back(region);
  return static_cast<std::int32_t>(schedule_.regions.size() - 1);
}

schedule::MapRows ScheduleBuilder::whole_map(std::int32_t map) const {
  const network::MapShape& shape = network_.map(map).shape;
  return {map, 0, batch_, 0, shape.height, 0, shape.channels};
}

std::int64_t ScheduleBuilder::row_slots(std::int32_t map, std::int64_t channels) const {
  const network::Map& own = network_.map(map);
  return own.shape.width * channels * schedule::slots_per_value(own, spec_);
}

std::int64_t ScheduleBuilder::map_address(const schedule::MapRows& rows) const {
  const network::MapShape& shape = network_.map(rows.map).shape;
  const std::int64_t row = shape.width * rows.channel_count;
  return map_base_[static_cast<std::size_t>(rows.map)] +
         batch_ * shape.height * shape.width * rows.channel_begin +
         (rows.image_begin * shape.height + rows.row_begin) * row;
}

void ScheduleBuilder::touch_rows(std::int32_t index, const schedule::MapRows& rows, bool write,
                                 schedule::StepId id, schedule::Step& step) {
  const schedule::Region& region = schedule_.regions[static_cast<std::size_t>(index)];
  const std::int64_t row = row_slots(region.map, region.channel_count);
  const schedule::Resource resource = schedule::resource_of(step.kind);
  for (std::int64_t image = rows.image_begin; image < rows.image_begin + rows.image_count;
       ++image) {
    const std::int64_t begin =
        region.base +
        ((image - region.image_begin) * region.row_count + rows.row_begin - region.row_begin) * row;
    const std::int64_t end = begin + rows.row_count * row;
    if (write) {
      // Transfers into a region bring slices of its rows, post steps tiles of a map's.
      const bool loads = resource == schedule::Resource::kDma;
      activations_.write(begin, end, id, resource, step.waits, loads ? -1 - index : region.map);
    } else {
      activations_.read(begin, end, id, resource, step.waits);
    }
  }
}

void ScheduleBuilder::touch_input(const LayerWork& work, const schedule::PixelRange& range,
                                  schedule::StepId id, schedule::Step& step) {
  for_each_image(range, work.shape.layer().out.height, [&](const schedule::PixelRange& part) {
    touch_rows(step.input, work.shape.input_rows(part), false, id, step);
  });
}

void ScheduleBuilder::touch_residual(const LayerWork& work, const schedule::PixelRange& range,
                                     schedule::StepId id, schedule::Step& step) {
  for_each_image(range, work.shape.layer().out.height, [&](const schedule::PixelRange& part) {
    touch_rows(step.residual, work.shape.residual_rows(part), false, id, step);
  });
}

void ScheduleBuilder::place_maps(LayerWork& work) {
  const LayerCut& cut = work.planned.cut;
  const LayerShape& shape = work.shape;
  const network::Layer& layer = shape.layer();
  whole_input_ = cut.input_whole
                     ? whole_operand(work, layer.input(), cut.input_base, &LayerShape::input_rows)
                     : -1;
  whole_residual_ =
      layer.residual() >= 0 && cut.residual_whole
          ? whole_operand(work, layer.residual(), cut.residual_base, &LayerShape::residual_rows)
          : -1;
  whole_output_ = -1;
  if (cut.output_whole && !layer.logits) {
    // Another layer may have written a slice of it before.
    std::int32_t& region = map_region_[static_cast<std::size_t>(shape.output_map())];
    if (region < 0) region = add_region(whole_map(shape.output_map()), cut.output_base);
    whole_output_ = region;
  }
  visit_regions_.assign(work.visits.size(), {});
}

std::int32_t ScheduleBuilder::whole_operand(const LayerWork& work, std::int32_t map,
                                            std::int64_t base, LayerShape::RowsOfRange rows_of) {
  if (const std::int32_t there = map_region_[static_cast<std::size_t>(map)]; there >= 0) {
    return there;
  }
  const std::int32_t region = add_region(whole_map(map), base);
  for (const schedule::MapRows& rows : work.shape.pieces(work.ranges, rows_of)) {
    load_rows(work, region, rows);
  }
  return region;
}

void ScheduleBuilder::load_visit(const LayerWork& work, std::size_t visit) {
  if (visit >= work.visits.size() || visit_regions_[visit].loaded) return;
  const LayerCut& cut = work.planned.cut;
  const schedule::PixelRange& range = work.range(work.visits[visit]);
  VisitRegions& regions = visit_regions_[visit];
  regions.loaded = true;
  const auto load = [&](const schedule::MapRows& rows, const std::vector<std::int64_t>& bases) {
    const std::int32_t region = add_region(rows, bases[visit % bases.size()]);
    load_rows(work, region, rows);
    return region;
  };
  if (!cut.input_whole) regions.input = load(work.shape.input_rows(range), cut.input_buffers);
  if (!cut.residual_whole) {
    regions.residual = load(work.shape.residual_rows(range), cut.residual_buffers);
  }
}

void ScheduleBuilder::load_rows(const LayerWork& work, std::int32_t region,
                                const schedule::MapRows& rows) {
  for (const schedule::MapRows& slice : work.shape.transfers(rows)) {
    schedule::Step step;
    step.kind = schedule::StepKind::kLoadActivations;
    step.layer = work.planned.layer;
    step.output = region;
    step.rows = slice;
    const auto id = static_cast<schedule::StepId>(schedule_.steps.size());
    const std::int64_t address = map_address(slice);
    dram_.read(address, address + values(slice), id, schedule::Resource::kDma, step.waits);
    touch_rows(region, slice, true, id, step);
    append(step);
  }
}

std::int64_t ScheduleBuilder::values(const schedule::MapRows& rows) const {
  return rows.image_count * rows.row_count * network_.map(rows.map).shape.width *
         rows.channel_count;
}

void ScheduleBuilder::store_visit(const LayerWork& work, std::int32_t region) {
  const schedule::Region& all = schedule_.regions[static_cast<std::size_t>(region)];
  store_rows(work, region,
             {all.map, all.image_begin, all.image_count, all.row_begin, all.row_count,
              all.channel_begin, all.channel_count});
}

void ScheduleBuilder::store_whole_output(const LayerWork& work) {
  for (std::int64_t image = 0; image < batch_; ++image) {
    const network::ChannelSlice& slice = work.shape.output_channels();
    const std::int32_t map = work.shape.output_map();
    store_rows(work, whole_output_,
               {map, image, 1, 0, network_.map(map).shape.height, slice.begin, slice.count});
  }
}

void ScheduleBuilder::store_rows(const LayerWork& work, std::int32_t region,
                                 const schedule::MapRows& rows) {
  schedule::Step step;
  step.kind = schedule::StepKind::kStoreActivations;
  step.layer = work.planned.layer;
  step.input = region;
  step.rows = rows;
  const auto id = static_cast<schedule::StepId>(schedule_.steps.size());
  const std::int64_t address = map_address(rows);
  touch_rows(region, rows, false, id, step);
  dram_.write(address, address + values(rows), id, schedule::Resource::kDma, step.waits);
  append(step);
}

void ScheduleBuilder::fetch_weights(std::int64_t use) {
  if (resident_at_ >= 0) return;
  while (const WeightBuffer::Fetch* fetch = buffer_.next(use)) {
    schedule::Step step;
    step.kind = schedule::StepKind::kLoadWeights;
    step.layer = schedule_.blocks[static_cast<std::size_t>(fetch->block)].layer;
    step.block = fetch->block;
    step.address = fetch->address;
    const auto id = static_cast<schedule::StepId>(schedule_.steps.size());
    weights_.write(fetch->address, fetch->address + fetch->words, id, schedule::Resource::kDma,
                   step.waits);
    append(step);
    block_address_[static_cast<std::size_t>(fetch->block)] = fetch->address;
    schedule_.weight_words = std::max(schedule_.weight_words, fetch->address + fetch->words);
  }
  SIM_CHECK(buffer_.fetched(use), "mapper", -1, "a weight block finds no room");
}

void ScheduleBuilder::emit_pass(const LayerWork& work, const Pass& pass) {
  const schedule::Block& block = schedule_.blocks[static_cast<std::size_t>(pass.block)];
  if (pass.use >= 0) {
    fetch_weights(pass.use);
    schedule::Step step;
    step.kind = schedule::StepKind::kLoadPe;
    step.layer = work.planned.layer;
    step.block = pass.block;
    step.set = pass.set;
    step.address = block_address_[static_cast<std::size_t>(pass.block)];
    const auto id = static_cast<schedule::StepId>(schedule_.steps.size());
    weights_.read(step.address, step.address + block_words(block, spec_), id,
                  schedule::Resource::kLoader, step.waits);
    pe_sets_.write(pass.set, pass.set + 1, id, schedule::Resource::kLoader, step.waits);
    if (spec_.array.weight_load == arch::WeightLoad::kShadowed) {
      step.after_start = swapping_stream_;
    }
    append(step);
    new_load_ = true;
  }
  const schedule::PixelRange& range = work.range(pass.range);
  schedule::Step step;
  step.kind = schedule::StepKind::kStream;
  step.layer = work.planned.layer;
  step.block = pass.block;
  step.range = work.first_range + pass.range;
  step.input = work.planned.cut.input_whole
                   ? whole_input_
                   : visit_regions_[static_cast<std::size_t>(pass.visit)].input;
  step.address = pass.address;
  step.set = pass.set;
  step.first_pass = pass.first;
  const auto id = static_cast<schedule::StepId>(schedule_.steps.size());
  pe_sets_.read(pass.set, pass.set + 1, id, schedule::Resource::kArray, step.waits);
  touch_input(work, range, id, step);
  accumulators_.write(pass.address, pass.address + range.row_count * work.shape.layer().out.width,
                      id, schedule::Resource::kArray, step.waits);
  append(step);
  if (new_load_) swapping_stream_ = id;
  new_load_ = false;
}

void ScheduleBuilder::emit_post(const LayerWork& work, const Pass& pass, std::int32_t output) {
  const schedule::PixelRange& range = work.range(pass.range);
  const network::Layer& layer = work.shape.layer();
  schedule::Step step;
  step.kind = schedule::StepKind::kPost;
  step.layer = work.planned.layer;
  step.block = pass.block;
  step.range = work.first_range + pass.range;
  step.address = pass.address;
  step.output = output;
  const auto id = static_cast<schedule::StepId>(schedule_.steps.size());
  accumulators_.read(pass.address, pass.address + range.row_count * layer.out.width, id,
                     schedule::Resource::kPost, step.waits);
  if (layer.residual() >= 0) {
    step.residual = work.planned.cut.residual_whole
                        ? whole_residual_
                        : visit_regions_[static_cast<std::size_t>(pass.visit)].residual;
    touch_residual(work, range, id, step);
  }
  if (step.output >= 0) {
    for_each_image(range, layer.out.height, [&](const schedule::PixelRange& part) {
      touch_rows(step.output, work.shape.output_rows(part), true, id, step);
    });
  }
  append(step);
}

void ScheduleBuilder::emit_layer(LayerWork& work) {
  place_maps(work);
  const LayerCut& cut = work.planned.cut;
  std::int64_t visit = -1;
  std::int32_t output = whole_output_;  // -1 for logits, which go to the host
  for (const Pass& pass : work.passes) {
    if (pass.visit != visit) {
      visit = pass.visit;
      const auto v = static_cast<std::size_t>(visit);
      if (cut.ranges_loaded() > 0) load_visit(work, v);
      if (cut.ranges_loaded() > 1) load_visit(work, v + 1);
      if (!cut.output_whole) {
        output = add_region(work.shape.output_rows(work.range(pass.range)),
                            cut.output_buffers[v % cut.output_buffers.size()]);
      }
    }
    emit_pass(work, pass);
    if (pass.last) emit_post(work, pass, output);
    if (pass.ends_visit && !cut.output_whole) store_visit(work, output);
  }
}

void ScheduleBuilder::emit_pool_layer(LayerWork& work) {
  place_maps(work);
  const LayerCut& cut = work.planned.cut;
  for (std::size_t visit = 0; visit < work.visits.size(); ++visit) {
    const schedule::PixelRange range = work.range(work.visits[visit]);
    if (cut.ranges_loaded() > 0) load_visit(work, visit);
    if (cut.ranges_loaded() > 1) load_visit(work, visit + 1);
    schedule::MapRows rows = work.shape.output_rows(range);
    std::int64_t base = 0;
    if (cut.output_whole) {
      const schedule::Region& whole = schedule_.regions[static_cast<std::size_t>(whole_output_)];
      rows.channel_begin = whole.channel_begin;
      rows.channel_count = whole.channel_count;
      base = whole.base + (rows.image_begin * whole.row_count + rows.row_begin) *
                              row_slots(rows.map, rows.channel_count);
    } else {
      base = cut.output_buffers[visit % cut.output_buffers.size()];
    }
    schedule::Step step;
    step.kind =
        work.shape.layer().is_pool() ? schedule::StepKind::kPool : schedule::StepKind::kTransform;
    step.layer = work.planned.layer;
    step.input = cut.input_whole ? whole_input_ : visit_regions_[visit].input;
    step.output = add_region(rows, base);
    const auto id = static_cast<schedule::StepId>(schedule_.steps.size());
    touch_input(work, range, id, step);
    if (work.shape.layer().residual() >= 0) {
      step.residual = cut.residual_whole ? whole_residual_ : visit_regions_[visit].residual;
      touch_residual(work, range, id, step);
    }
    touch_rows(step.output, rows, true, id, step);
    const std::int32_t output = step.output;
    append(step);
    if (!cut.output_whole) store_visit(work, output);
  }
}

}  // namespace lacuna::mapping
