#include "fast/memory_walk.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "fast/fates.hpp"
#include "fast/index.hpp"
#include "fast/weight_reads.hpp"
#include "network/outputs.hpp"
#include "network/post.hpp"

namespace lacuna::fast {
namespace {

constexpr int kWalkSumBits = 32;

std::int64_t words_of(std::int64_t values, std::int64_t a_word) {
  return base::ceil_div(values, a_word);
}

}  // namespace

MemoryWalk::MemoryWalk(const network::Network& network, const schedule::Schedule& schedule,
                       const arch::AcceleratorSpec& spec, const fault::FaultPlan& plan,
                       std::int64_t step_offset, std::vector<measure::FaultOutcome>& outcomes)
    : network_(network),
      schedule_(schedule),
      spec_(spec),
      step_offset_(step_offset),
      bits_(spec.precision.activation_bits),
      step_times_(schedule, network, spec),
      placement_(spec),
      weights_(schedule.weight_words, spec.weight_sram.word_bits, spec.weight_sram.banks,
               spec.precision.weight_bits),
      values_(at(words_of(schedule.activation_slots, spec.activations_per_word()) *
                 spec.activations_per_word())),
      bitmap_(values_.size()),
      value_faults_({words_of(schedule.activation_slots, spec.activations_per_word()),
                     spec.activation_sram.word_bits, spec.activation_sram.banks},
                    bits_),
      bitmap_faults_({words_of(static_cast<std::int64_t>(values_.size()), spec.bitmap_word_bits()),
                      spec.bitmap_word_bits(), spec.activation_sram.banks},
                     1),
      accumulators_(at(schedule.accumulator_entries * spec.array.cols)),
      accumulator_faults_(
          {schedule.accumulator_entries * spec.array.cols, kWalkSumBits, spec.array.cols},
          kWalkSumBits),
      registers_(spec.array, spec.precision.weight_bits),
      table_faults_({network::table_entries(network), bits_, 1}, bits_) {
  const std::int64_t sets = spec.array.weight_load == arch::WeightLoad::kShadowed ? 2 : 1;
  pe_operands_.resize(at(sets * spec.array.rows * spec.array.weights_per_pe * spec.array.cols));
  pe_codes_.resize(pe_operands_.size());
  for (const network::Map& map : network.maps) {
    dram_.emplace_back(at(schedule.batch * map.shape.values()));
  }
  trained_.resize(schedule.blocks.size());
  starts_.resize(schedule.steps.size());
  ends_.resize(schedule.steps.size());
  arm(plan, outcomes);
  for (const schedule::Step& step : schedule.setup) load_weights(step, memory::setup_access());
}

memory::FaultOverlay& MemoryWalk::faults(memory::MemoryId memory) {
  switch (memory) {
    case memory::MemoryId::kWeightSram:
      break;
    case memory::MemoryId::kActivationSram:
      return value_faults_;
    case memory::MemoryId::kActivationBitmap:
      return bitmap_faults_;
    case memory::MemoryId::kAccumulatorSram:
      return accumulator_faults_;
    case memory::MemoryId::kPeWeights:
      return registers_.weights.faults();
    case memory::MemoryId::kPeAccumulators:
      return registers_.accumulators.faults();
    case memory::MemoryId::kPsumFifos:
      return registers_.fifos.faults();
    case memory::MemoryId::kLookupTables:
      return table_faults_;
  }
  return weights_.faults();
}

void MemoryWalk::arm(const fault::FaultPlan& plan, std::vector<measure::FaultOutcome>& outcomes) {
  for (std::size_t f = 0; f < plan.faults.size(); ++f) {
    memory::FaultOverlay& own = faults(plan.faults[f].memory);
    // Cells that the schedule does not use are never accessed.
    if (own.has(plan.faults[f].cell)) own.arm(plan.faults[f], plan.seed, &outcomes[f]);
  }
}

measure::BatchResult MemoryWalk::run(const std::vector<const std::uint8_t*>& images,
                                     const memory::BatchPlace& place, measure::BatchTrace* trace) {
  for (const memory::MemoryKind& kind : memory::kMemories) faults(kind.id).begin_batch(place);
  result_ = {};
  result_.layers.resize(network_.layers.size());
  result_.logits.assign(at(schedule_.batch * network_.output_values()), 0);
  result_.sums.resize(network_.layers.size());
  for (std::size_t i = 0; i < network_.layers.size(); ++i) {
    const network::Layer& own = network_.layers[i];
    if (own.report_sums) result_.sums[i].resize(at(schedule_.batch * own.out.values()));
  }
  densities_.assign(network_.maps.size(), {});
  stream_cycles_.clear();
  placement_ = schedule::Placement<std::int64_t>(spec_);
  begin_values();
  load_input(images);
  schedule::StepId next = 0;
  for (const schedule::Step& step : schedule_.steps) {
    begin_step(next++);
    switch (step.kind) {
      case schedule::StepKind::kLoadWeights:
        end_step(schedule::step_duration(step, schedule_, network_, spec_));
        counters(step).dram_read += schedule::transfer_bytes(step, schedule_, network_, spec_);
        counters(step).weight_sram.writes += block(step).values();
        load_weights(step, access(ends_[at(id_)]));
        break;
      case schedule::StepKind::kLoadActivations:
        end_step(schedule::step_duration(step, schedule_, network_, spec_));
        load_activations(step);
        break;
      case schedule::StepKind::kStoreActivations:
        end_step(schedule::step_duration(step, schedule_, network_, spec_));
        store_activations(step);
        break;
      case schedule::StepKind::kLoadPe:
        end_step(schedule::step_duration(step, schedule_, network_, spec_));
        load_pe(step);
        note_reads(step.layer, 0, schedule_.batch);
        break;
      case schedule::StepKind::kStream:
        stream(step);
        end_step(schedule::without_tail(stream_cycles_.back()));
        break;
      case schedule::StepKind::kPost:
        post(step);
        break;
      case schedule::StepKind::kPool:
      case schedule::StepKind::kTransform:
        over_maps(step);
        break;
    }
  }
  result_.cycles = base::Cycles{step_times_.run(stream_cycles_, result_.layers, trace)};
  for (std::size_t i = 0; i < network_.layers.size(); ++i) {
    const Density& input = densities_[at(network_.layers[i].input())];
    result_.layers[i].input_values = input.values;
    result_.layers[i].input_nonzeros = input.nonzeros;
  }
  take_map_outputs();
  return std::move(result_);
}

void MemoryWalk::begin_values() {
  if (values_kept_ == nullptr) return;
  const std::size_t layers = network_.layers.size();
  values_kept_->sums.resize(layers);
  values_kept_->codes.resize(layers);
  values_kept_->read.resize(layers);
  for (std::size_t i = 0; i < layers; ++i) {
    const network::Layer& own = network_.layers[i];
    const std::size_t size = at(schedule_.batch * own.out.values());
    values_kept_->sums[i].assign(own.is_gemm() ? size : 0, 0);
    values_kept_->codes[i].assign(size, 0);
    values_kept_->read[i].assign(at(schedule_.batch), 0);
  }
  reads_noted_ = 0;
  for (const memory::MemoryKind& kind : memory::kMemories) {
    reads_noted_ += faults(kind.id).reads_changed();
  }
}

std::size_t MemoryWalk::place_in(std::int32_t index, const MapValue& value) const {
  const network::MapShape& out = layer(index).out;
  return at(((value.image * out.height + value.y) * out.width + value.x) * out.channels +
            value.channel);
}

void MemoryWalk::note_sum(std::int32_t index, const MapValue& value, std::int32_t sum) {
  if (values_kept_ != nullptr) values_kept_->sums[at(index)][place_in(index, value)] = sum;
}

void MemoryWalk::note_code(std::int32_t index, const MapValue& value, std::int16_t operand) {
  if (values_kept_ != nullptr) values_kept_->codes[at(index)][place_in(index, value)] = operand;
}

void MemoryWalk::note_reads(std::int32_t index, std::int64_t image, std::int64_t images) {
  if (values_kept_ == nullptr) return;
  std::int64_t reads = 0;
  for (const memory::MemoryKind& kind : memory::kMemories) {
    reads += faults(kind.id).reads_changed();
  }
  if (reads == reads_noted_) return;
  reads_noted_ = reads;
  std::fill_n(values_kept_->read[at(index)].begin() + image, images, std::uint8_t{1});
}

void MemoryWalk::load_input(const std::vector<const std::uint8_t*>& images) {
  SIM_CHECK(static_cast<std::int64_t>(images.size()) == schedule_.batch, "fast", -1,
            "a batch has as many images as its schedule");
  const tensor::Code& code = network_.input().code;
  const std::int64_t values = network_.input().shape.values();
  auto to = dram_[0].begin();
  for (const std::uint8_t* image : images) {
    for (std::int64_t v = 0; v < values; ++v) {
      const std::int16_t operand = code.operand(image[v], 8);
      ++densities_[0].values;
      densities_[0].nonzeros += operand != 0 ? 1 : 0;
      *to++ = code.pattern(operand, bits_);
    }
  }
}

// Maps that are outputs, as they lie in DRAM in the end.
void MemoryWalk::take_map_outputs() {
  for (std::size_t o = 0; o < network_.outputs.size(); ++o) {
    const int index = network_.outputs[o].map;
    if (index == network::kNoMap) continue;
    const network::Map& map = network_.map(index);
    const std::int64_t values = map.shape.values();
    for (std::int64_t image = 0; image < schedule_.batch; ++image) {
      const std::int64_t to =
          image * network_.output_values() + network::output_offset(network_, o);
      for (std::int64_t v = 0; v < values; ++v) {
        result_.logits[at(to + v)] = map.code.operand(
            static_cast<std::uint8_t>(dram_[at(index)][at(image * values + v)]), bits_);
      }
    }
  }
}

void MemoryWalk::begin_step(schedule::StepId id) {
  id_ = id;
  start_ = placement_.start(
      schedule::Precedence(schedule_.steps[at(id)]),
      [this](schedule::StepId earlier) { return starts_[at(earlier)]; },
      [this](schedule::StepId earlier) { return ends_[at(earlier)]; });
  starts_[at(id)] = start_;
}

void MemoryWalk::end_step(const schedule::Duration& duration) {
  ends_[at(id_)] = placement_.end(schedule::resource_of(schedule_.steps[at(id_)].kind), duration);
}

void MemoryWalk::load_weights(const schedule::Step& step, const memory::Access& access) {
  if (!weights_may_differ()) return;
  const schedule::Block& own = block(step);
  const network::Layer& of = layer(own.layer);
  for (std::int64_t k = own.k_begin; k < own.k_begin + own.k_count; ++k) {
    const std::int64_t slot = schedule::weight_slot(own, step.address, k, own.n_begin, spec_);
    for (std::int64_t n = 0; n < own.n_count; ++n) {
      const std::int64_t channel = own.group * of.n() + own.n_begin + n;
      weights_.write(
          slot + n,
          of.weight_code.pattern(of.operand(channel, k), channel, spec_.precision.weight_bits,
                                 spec_.weight_sram.encoding),
          access);
    }
  }
}

// Index v at the start + 1 + v, into the registers of its row in the same cycle.
void MemoryWalk::load_pe(const schedule::Step& step) {
  const schedule::Block& own = block(step);
  const network::Layer& of = layer(own.layer);
  const int slots = spec_.array.weights_per_pe;
  counters(step).weight_sram.reads += own.values();
  if (!weights_may_differ()) {
    std::vector<std::int16_t>& trained = trained_[at(step.block)];
    if (trained.empty()) trained = trained_weights(own, network_);
    for (std::int64_t v = 0; v < own.k_count; ++v) {
      const schedule::IndexPlace place = schedule::place_index(own, v, spec_);
      const std::int64_t to =
          ((std::int64_t{step.set} * spec_.array.rows + place.row) * slots + place.slot) *
          spec_.array.cols;
      std::copy_n(trained.begin() + v * own.n_count, own.n_count, pe_operands_.begin() + to);
    }
    return;
  }
  for (std::int64_t v = 0; v < own.k_count; ++v) {
    const memory::Access now = access(start_ + 1 + v, 0, v);
    const std::int64_t slot =
        schedule::weight_slot(own, step.address, own.k_begin + v, own.n_begin, spec_);
    const schedule::IndexPlace place = schedule::place_index(own, v, spec_);
    const std::int64_t to =
        ((std::int64_t{step.set} * spec_.array.rows + place.row) * slots + place.slot) *
        spec_.array.cols;
    for (std::int64_t n = 0; n < own.n_count; ++n) {
      const std::uint8_t code = weights_.read(slot + n, now);
      pe_codes_[at(to + n)] = code;
      pe_operands_[at(to + n)] =
          of.weight_code.operand(code, own.group * of.n() + own.n_begin + n,
                                 spec_.precision.weight_bits, spec_.weight_sram.encoding);
    }
    if (!registers_.weights.armed()) continue;
    const int register_place = step.set * slots + place.slot;
    for (const int column : registers_.weights.columns(register_place, place.row)) {
      if (column >= own.n_count) continue;
      registers_.weights.faults().write(registers_.weights.lane(register_place, place.row, column),
                                        now);
    }
  }
}

std::int64_t MemoryWalk::slot_of(const schedule::Region& region, const MapValue& value) const {
  const network::Map& map = network_.map(region.map);
  const std::int64_t pixel =
      ((value.image - region.image_begin) * region.row_count + value.y - region.row_begin) *
          map.shape.width +
      value.x;
  return region.base + (pixel * region.channel_count + value.channel - region.channel_begin) *
                           schedule::slots_per_value(map, spec_);
}

std::uint8_t MemoryWalk::read_slot(std::int64_t slot, const memory::Access& access) {
  const std::uint8_t stored = values_[at(slot)];
  if (!value_faults_.armed() || !value_faults_.marks(slot)) return stored;
  return static_cast<std::uint8_t>(value_faults_.read(slot, stored, access));
}

void MemoryWalk::write_slot(std::int64_t slot, std::uint8_t pattern, bool nonzero,
                            const memory::Access& access) {
  if (value_faults_.armed() && value_faults_.marks(slot)) value_faults_.write(slot, access);
  if (bitmap_faults_.armed() && bitmap_faults_.marks(slot)) bitmap_faults_.write(slot, access);
  values_[at(slot)] = pattern;
  bitmap_[at(slot)] = nonzero ? 1 : 0;
}

std::int16_t MemoryWalk::read(const schedule::Region& region, const MapValue& value,
                              const memory::Access& access) {
  return network_.map(region.map).code.operand(read_slot(slot_of(region, value), access), bits_);
}

// The lowest bits of a sum lie in the first slot.
std::int32_t MemoryWalk::read_sum(std::int64_t slot, const memory::Access& access) {
  std::uint32_t sum = 0;
  for (int shift = 0; shift < kWalkSumBits; shift += bits_) {
    sum |= std::uint32_t{read_slot(slot++, access)} << shift;
  }
  return static_cast<std::int32_t>(sum);
}

void MemoryWalk::write_sum(std::int64_t slot, std::int32_t sum, const memory::Access& access) {
  const auto pattern = static_cast<std::uint32_t>(sum);
  const std::uint32_t mask = (1U << bits_) - 1;
  for (int shift = 0; shift < kWalkSumBits; shift += bits_) {
    write_slot(slot++, static_cast<std::uint8_t>(pattern >> shift & mask), false, access);
  }
}

template <class Visit>
void MemoryWalk::for_each_moved(const schedule::Step& step, const schedule::Region& region,
                                Visit visit) const {
  const schedule::MapRows& rows = step.rows;
  const network::MapShape& shape = network_.map(rows.map).shape;
  std::int64_t place = 0;
  for (std::int64_t image = rows.image_begin; image < rows.image_begin + rows.image_count;
       ++image) {
    for (std::int64_t y = rows.row_begin; y < rows.row_begin + rows.row_count; ++y) {
      for (std::int64_t x = 0; x < shape.width; ++x) {
        std::int64_t to =
            ((image * shape.height + y) * shape.width + x) * shape.channels + rows.channel_begin;
        for (std::int64_t c = rows.channel_begin; c < rows.channel_begin + rows.channel_count;
             ++c) {
          visit(slot_of(region, {image, y, x, c}), place++, at(to++));
        }
      }
    }
  }
}

void MemoryWalk::load_activations(const schedule::Step& step) {
  const network::Map& map = network_.map(step.rows.map);
  const std::uint8_t zero = map.code.pattern(0, bits_);
  const std::int64_t slots = schedule::slots_per_value(map, spec_);
  const memory::Access now = access(ends_[at(id_)]);
  measure::LayerCounters& counts = counters(step);
  counts.dram_read += schedule::transfer_bytes(step, schedule_, network_, spec_);
  const std::vector<std::int32_t>& from = dram_[at(step.rows.map)];
  for_each_moved(step, region(step.output),
                 [&](std::int64_t slot, std::int64_t /*place*/, std::size_t value) {
                   counts.activation_sram.writes += slots;
                   if (map.sums) return write_sum(slot, from[value], now);
                   const auto pattern = static_cast<std::uint8_t>(from[value]);
                   write_slot(slot, pattern, pattern != zero, now);
                 });
}

void MemoryWalk::store_activations(const schedule::Step& step) {
  const network::Map& map = network_.map(step.rows.map);
  const std::int64_t slots = schedule::slots_per_value(map, spec_);
  measure::LayerCounters& counts = counters(step);
  counts.dram_written += schedule::transfer_bytes(step, schedule_, network_, spec_);
  std::vector<std::int32_t>& to = dram_[at(step.rows.map)];
  const std::int32_t reader = last_reader(network_, step.rows.map);
  for_each_moved(step, region(step.input),
                 [&](std::int64_t slot, std::int64_t place, std::size_t value) {
                   const memory::Access now = access(ends_[at(id_)], 0, place);
                   counts.activation_sram.reads += slots;
                   to[value] = map.sums ? read_sum(slot, now) : read_slot(slot, now);
                   note_reads(reader == measure::Fate::kNoLayer ? step.layer : reader,
                              static_cast<std::int64_t>(value) / map.shape.values());
                 });
}

}  // namespace lacuna::fast
