#include "systemc/taps.hpp"

#include <algorithm>

#include "base/units.hpp"

namespace lacuna::systemc {
namespace {

/// Two's complement of a sum, in its 32 bits.
std::uint64_t bits_of(std::int32_t sum) { return static_cast<std::uint32_t>(sum); }
std::uint64_t bits_of(std::int64_t count) { return static_cast<std::uint64_t>(count); }

}  // namespace

AccessWaves::AccessWaves(Waves& waves, const std::string& prefix, std::optional<Waves::Signal> data)
    : waves_(waves),
      valid_(waves.bit(prefix)),
      count_signal_(waves.number(prefix + "_count")),
      address_(waves.number(prefix + "_address", Waves::kFloating)),
      data_(data) {}

std::int64_t AccessWaves::note(std::int64_t cycle, std::int64_t address, std::uint64_t data) {
  if (cycle != cycle_) {
    cycle_ = cycle;
    count_ = 0;
    waves_.pulse(valid_, cycle);
    waves_.set(address_, cycle, bits_of(address));
    if (data_) waves_.set(*data_, cycle, data);
  }
  waves_.pulse(count_signal_, cycle, bits_of(count_ + 1));
  return count_++;
}

UnitTap::UnitTap(TapContext& context, const std::string& scope,
                 const std::vector<schedule::StepKind>& kinds, bool queues, StepUnit& unit,
                 StepListener& listener)
    : context_(context),
      unit_(unit),
      listener_(listener),
      busy_(context.waves.bit(scope + ".busy")),
      step_(context.waves.number(scope + ".step", Waves::kFloating)),
      layer_(context.waves.number(scope + ".layer", Waves::kFloating)) {
  for (const schedule::StepKind kind : kinds) {
    kinds_.emplace_back(kind, context.waves.bit(scope + "." + schedule::step_kind_name(kind)));
  }
  if (queues) queued_ = context.waves.number(scope + ".steps_taken");
}

void UnitTap::start(schedule::StepId id) {
  running_.push_back(id);
  show();
  unit_.start(id);
}

void UnitTap::ended(schedule::StepId id) {
  running_.pop_front();
  show();
  listener_.ended(id);
}

void UnitTap::show() {
  Waves& waves = context_.waves;
  const bool busy = !running_.empty();
  const schedule::Step* step = busy ? &context_.program.step(running_.front()) : nullptr;
  waves.level(busy_, busy ? 1 : 0);
  waves.level(step_, busy ? bits_of(std::int64_t{running_.front()}) : Waves::kFloating);
  waves.level(layer_, busy ? bits_of(context_.first_layer + step->layer) : Waves::kFloating);
  for (const auto& [kind, signal] : kinds_) {
    waves.level(signal, busy && step->kind == kind ? 1 : 0);
  }
  if (queued_) waves.level(*queued_, running_.size());
}

SpendingTap::SpendingTap(TapContext& context)
    : context_(context),
      setup_(context.waves.bit("controller.setup")),
      batch_(context.waves.number("controller.batch", Waves::kFloating)),
      layer_(context.waves.number("controller.layer", Waves::kFloating)) {
  for (const measure::CycleClass& own : measure::kCycleClasses) {
    classes_.emplace_back(own.member, context.waves.bit(std::string("controller.") + own.key));
  }
}

void SpendingTap::begin() {
  const Program& program = context_.program;
  if (program.in_setup && program.network != network_) {
    // A workload's layers are networks of their own; a smaller last batch is loaded once more.
    if (network_ != nullptr) context_.first_layer += layers_;
    network_ = program.network;
    layers_ = static_cast<std::int64_t>(program.network->layers.size());
  }
  context_.waves.level(setup_, program.in_setup ? 1 : 0);
  context_.waves.level(
      batch_, program.in_setup ? Waves::kFloating : static_cast<std::uint64_t>(batches_++));
  if (program.in_setup) spent_on({});
}

void SpendingTap::spent_on(const Spending& spending) {
  for (const auto& [spent_as, signal] : classes_) {
    context_.waves.level(signal, spent_as == spending.spent_as ? 1 : 0);
  }
  const std::int64_t layer = context_.first_layer + static_cast<std::int64_t>(spending.layer);
  context_.waves.level(layer_, spending.spent_as == nullptr ? Waves::kFloating : bits_of(layer));
}

void SpendingTap::finish() {
  spent_on({});
  context_.waves.finish();
}

DramTap::DramTap(const sc_core::sc_module_name& name, TapContext& context)
    : sc_module(name),
      from_dma("from_dma"),
      to_dram("to_dram"),
      context_(context),
      request_(context.waves.bit("dram.request")),
      request_write_(context.waves.bit("dram.request_write")),
      request_address_(context.waves.number("dram.request_address", Waves::kFloating)),
      request_bytes_(context.waves.number("dram.request_bytes")),
      bus_(context.waves.bit("dram.bus")),
      bus_write_(context.waves.bit("dram.bus_write")),
      bus_bytes_(context.waves.number("dram.bus_bytes")) {
  from_dma.register_b_transport(this, &DramTap::transport);
  from_dma.register_transport_dbg(this, &DramTap::move);
}

void DramTap::transport(tlm::tlm_generic_payload& payload, sc_core::sc_time& delay) {
  to_dram->b_transport(payload, delay);
  const auto* width = payload.get_extension<TransferWidth>();
  if (!payload.is_response_ok() || width == nullptr) return;
  Waves& waves = context_.waves;
  const std::int64_t bytes =
      base::ceil_div(static_cast<std::int64_t>(payload.get_data_length()) * width->bits, 8);
  const std::uint64_t write = payload.is_write() ? 1 : 0;
  waves.pulse(request_, now());
  waves.level(request_write_, write);
  waves.level(request_address_, payload.get_address());
  waves.level(request_bytes_, bits_of(bytes));
  const arch::Rate& bandwidth = context_.program.spec->dram.bytes_per_cycle;
  if (!bandwidth) return;  // data takes no cycle of the bus
  const std::int64_t beats = base::ceil_div(bytes, *bandwidth);
  const std::int64_t end = now() + static_cast<std::int64_t>(delay.value() / cycle().value());
  waves.set(bus_, end - beats, 1);
  waves.set(bus_write_, end - beats, write);
  show_bytes(end - beats, bytes, *bandwidth);
  waves.set(bus_, end, 0);
  waves.set(bus_bytes_, end, 0);
}

// By the end of cycle c, from 1, floor(c x bandwidth) bytes have been on the bus, or all.
void DramTap::show_bytes(std::int64_t cycle, std::int64_t left, const base::Ratio& bandwidth) {
  std::int64_t parts = 0;  // of a byte
  for (std::int64_t shown = -1; left > 0; ++cycle) {
    parts += bandwidth.over();
    const std::int64_t bytes = std::min(left, parts / bandwidth.under());
    parts %= bandwidth.under();
    left -= bytes;
    if (bytes != shown) context_.waves.set(bus_bytes_, cycle, bits_of(bytes));
    shown = bytes;
  }
}

WeightReadTap::WeightReadTap(TapContext& context, WeightSram& sram)
    : context_(context),
      sram_(sram),
      access_(context.waves, "weight_sram.read", std::nullopt),
      bank_(context.waves.number("weight_sram.read_bank", Waves::kFloating)),
      row_(context.waves.number("weight_sram.read_row", Waves::kFloating)),
      faults_(context.waves.number("weight_sram.read_faults")),
      fault_(context.waves.bit("weight_sram.read_fault")),
      fault_lane_(context.waves.number("weight_sram.read_fault_lane", Waves::kFloating)) {
  for (int lane = 0; lane < context.program.spec->array.cols; ++lane) {
    lanes_.push_back(context.waves.bus("weight_sram.read_codes.lane_" + std::to_string(lane),
                                       context.program.spec->precision.weight_bits));
  }
}

std::uint8_t WeightReadTap::read(std::int64_t slot, const memory::Access& access) {
  Waves& waves = context_.waves;
  const std::int64_t cycle = Waves::ending();
  const std::int64_t changed_before = sram_.cells().faults().reads_changed();
  const std::uint8_t code = sram_.read(slot, access);
  const std::int64_t word = slot / sram_.cells().values_per_word();
  const std::int64_t lane = access_.note(cycle, word, 0);
  if (lane == 0) {
    const int banks = context_.program.spec->weight_sram.banks;
    waves.set(bank_, cycle, bits_of(word % banks));
    waves.set(row_, cycle, bits_of(word / banks));
    faults_acted_ = 0;
  }
  waves.set(lanes_[static_cast<std::size_t>(lane)], cycle, code);
  const std::int64_t changed = sram_.cells().faults().reads_changed() - changed_before;
  if (changed > 0) {
    if (faults_acted_ == 0) waves.set(fault_lane_, cycle, bits_of(lane));
    faults_acted_ += changed;
    waves.pulse(fault_, cycle);
    waves.pulse(faults_, cycle, bits_of(faults_acted_));
  }
  return code;
}

void WeightReadTap::write(std::int64_t slot, std::uint8_t code, const memory::Access& access) {
  sram_.write(slot, code, access);
}

WeightWriteTap::WeightWriteTap(TapContext& context, WeightSram& sram)
    : sram_(sram), access_(context.waves, "weight_sram.write", std::nullopt) {}

std::uint8_t WeightWriteTap::read(std::int64_t slot, const memory::Access& access) {
  return sram_.read(slot, access);
}

void WeightWriteTap::write(std::int64_t slot, std::uint8_t code, const memory::Access& access) {
  access_.note(Waves::ending(), slot / sram_.cells().values_per_word(), 0);
  sram_.write(slot, code, access);
}

ActivationTap::ActivationTap(TapContext& context, const std::string& client, ActivationSram& sram)
    : sram_(sram),
      read_(context.waves, "activation_sram." + client + "_read",
            context.waves.bus("activation_sram." + client + "_read_data",
                              context.program.spec->precision.activation_bits)),
      write_(context.waves, "activation_sram." + client + "_write",
             context.waves.bus("activation_sram." + client + "_write_data",
                               context.program.spec->precision.activation_bits)) {}

std::uint8_t ActivationTap::read(std::int64_t slot, const memory::Access& access) {
  const std::uint8_t code = sram_.read(slot, access);
  read_.note(Waves::ending(), slot, code);
  return code;
}

bool ActivationTap::nonzero(std::int64_t slot, const memory::Access& access) {
  return sram_.nonzero(slot, access);
}

void ActivationTap::write(std::int64_t slot, std::uint8_t pattern, bool nonzero,
                          const memory::Access& access) {
  write_.note(Waves::ending(), slot, pattern);
  sram_.write(slot, pattern, nonzero, access);
}

PeWeightsTap::PeWeightsTap(TapContext& context, PeWeightsPort& weights)
    : context_(context),
      weights_(weights),
      load_(context.waves.bit("weight_loader.load")),
      set_(context.waves.number("weight_loader.load_set", Waves::kFloating)),
      row_(context.waves.number("weight_loader.load_row", Waves::kFloating)),
      slot_(context.waves.number("weight_loader.load_slot", Waves::kFloating)) {}

void PeWeightsTap::load(int set, int row, int slot, const PeWeightRow& weights,
                        const memory::Access& access) {
  Waves& waves = context_.waves;
  const std::int64_t cycle = Waves::ending();
  waves.pulse(load_, cycle);
  waves.set(set_, cycle, bits_of(std::int64_t{set}));
  waves.set(row_, cycle, bits_of(std::int64_t{row}));
  waves.set(slot_, cycle, bits_of(std::int64_t{slot}));
  weights_.load(set, row, slot, weights, access);
}

RowsTap::RowsTap(TapContext& context, FeederPort& feeders, ActivationSram& sram, CommitStall* stall)
    : context_(context),
      feeders_(feeders),
      sram_(sram),
      stall_(stall),
      pass_rows_(context.waves.number("pe_array.rows_in_pass")),
      set_(context.waves.number("pe_array.weight_set", Waves::kFloating)),
      swap_(context.waves.bit("pe_array.set_swap")) {
  Waves& waves = context.waves;
  // An operand has a bit more than a code.
  const int operand_bits = context.program.spec->precision.activation_bits + 1;
  for (int row = 0; row < context.program.spec->array.rows; ++row) {
    const std::string number = "row_" + std::to_string(row) + ".";
    const std::string feeder = "feeders." + number;
    const std::string array = "pe_array." + number;
    rows_.push_back({waves.bit(feeder + "busy"), waves.number(feeder + "pixel", Waves::kFloating),
                     waves.number(feeder + "activations", Waves::kFloating),
                     waves.number(feeder + "bitmap_words", Waves::kFloating),
                     waves.bit(feeder + "read"),
                     waves.number(feeder + "read_address", Waves::kFloating),
                     waves.bit(array + "issue"), waves.bus(array + "activation", operand_bits),
                     waves.number(array + "weight_slot", Waves::kFloating),
                     waves.bit(array + "commit"), waves.number(array + "psums_waiting")});
  }
}

void RowsTap::begin_pass(schedule::StepId id) {
  const Program& program = context_.program;
  const schedule::Step& step = program.step(id);
  const arch::AcceleratorSpec& spec = *program.spec;
  rows_in_pass_ = static_cast<std::size_t>(
      spec.array.whole_folds ? spec.array.rows : schedule::used_rows(program.block(step), spec));
  context_.waves.level(pass_rows_, rows_in_pass_);
  context_.waves.level(set_, bits_of(std::int64_t{step.set}));
  if (last_set_ && *last_set_ != step.set) context_.waves.pulse(swap_, now());
  last_set_ = step.set;
  for (Row& row : rows_) row.pixels_begun = 0;
  feeders_.begin_pass(id);
}

TokenSource& RowsTap::tokens() {
  tokens_ = &feeders_.tokens();
  return *this;
}

std::int32_t RowsTap::bitmap_words(int row) const { return feeders_.bitmap_words(row); }

TokenSource::PixelWork RowsTap::begin_pixel(int row_number) {
  const PixelWork work = tokens_->begin_pixel(row_number);
  Row& row = rows_[static_cast<std::size_t>(row_number)];
  Waves& waves = context_.waves;
  waves.level(row.busy, 1);
  waves.set(row.busy, now() + work.slots, 0);
  waves.level(row.pixel, bits_of(row.pixels_begun++));
  waves.level(row.tokens, bits_of(std::int64_t{work.tokens}));
  waves.level(row.bitmap_words, bits_of(std::int64_t{bitmap_words(row_number)}));
  return work;
}

Token RowsTap::issue(int row_number) {
  issuing_row_ = static_cast<std::size_t>(row_number);
  const Token token = tokens_->issue(row_number);
  const Row& row = rows_[issuing_row_];
  const std::int64_t cycle = Waves::ending();
  context_.waves.pulse(row.issue, cycle);
  const int operand_bits = context_.program.spec->precision.activation_bits + 1;
  context_.waves.set(row.activation, cycle,
                     bits_of(std::int64_t{token.activation}) & ((1U << operand_bits) - 1));
  context_.waves.set(row.slot, cycle, token.slot);
  return token;
}

std::uint8_t RowsTap::read(std::int64_t slot, const memory::Access& access) {
  const Row& row = rows_[issuing_row_];
  const std::int64_t cycle = Waves::ending();
  context_.waves.pulse(row.read, cycle);
  context_.waves.set(row.address, cycle, bits_of(slot));
  return sram_.read(slot, access);
}

bool RowsTap::nonzero(std::int64_t slot, const memory::Access& access) {
  return sram_.nonzero(slot, access);
}

void RowsTap::write(std::int64_t slot, std::uint8_t pattern, bool nonzero,
                    const memory::Access& access) {
  sram_.write(slot, pattern, nonzero, access);
}

bool RowsTap::stalled(int row_number, std::int64_t edge) {
  if (stall_ != nullptr && stall_->stalled(row_number, edge)) return true;
  // The row commits at this edge: it takes the psum from above and hands one down.
  const auto number = static_cast<std::size_t>(row_number);
  Row& row = rows_[number];
  context_.waves.pulse(row.commit, Waves::ending());
  if (number > 0) context_.waves.level(row.psums, bits_of(--row.psums_waiting));
  if (number + 1 < rows_in_pass_) {
    Row& below = rows_[number + 1];
    context_.waves.level(below.psums, bits_of(++below.psums_waiting));
  }
  return false;
}

AccumulatorTap::AccumulatorTap(TapContext& context, const std::string& access, bool adds,
                               AccumulatorPort& sram)
    : context_(context),
      sram_(sram),
      access_(context.waves, "accumulator_sram." + access,
              context.waves.sum("accumulator_sram." + access + "_lane_0")) {
  if (adds) add_ = context.waves.bit("accumulator_sram." + access + "_adds");
}

void AccumulatorTap::write(std::int64_t entry, const std::int32_t* sums, std::int64_t lanes,
                           const memory::Access& access) {
  sram_.write(entry, sums, lanes, access);
  access_.note(Waves::ending(), entry, bits_of(*sram_.stored(entry)));
}

void AccumulatorTap::add(std::int64_t entry, const std::int32_t* sums, std::int64_t lanes,
                         const memory::Access& access) {
  sram_.add(entry, sums, lanes, access);
  if (add_) context_.waves.pulse(*add_, Waves::ending());
  access_.note(Waves::ending(), entry, bits_of(*sram_.stored(entry)));
}

const std::int32_t* AccumulatorTap::read(std::int64_t entry, std::int64_t lanes,
                                         const memory::Access& access) {
  const std::int32_t* sums = sram_.read(entry, lanes, access);
  access_.note(Waves::ending(), entry, bits_of(sums[0]));
  return sums;
}

}  // namespace lacuna::systemc
