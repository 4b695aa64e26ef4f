#include "systemc/weight_loader.hpp"

#include "base/error.hpp"

namespace lacuna::systemc {

WeightLoader::WeightLoader(const sc_core::sc_module_name& name, Program& program)
    : sc_module(name),
      steps("steps"),
      listener("listener"),
      weight_sram("weight_sram"),
      pe_weights("pe_weights"),
      program_(program),
      codes_(static_cast<std::size_t>(program.spec->array.cols)),
      weights_(static_cast<std::size_t>(program.spec->array.cols)) {
  steps.bind(*this);
  SC_METHOD(tick);
  sensitive << tick_;
  dont_initialize();
}

void WeightLoader::start(schedule::StepId id) {
  SIM_CHECK(current_ == schedule::kNoStep, name(), now(), "a block is being loaded already");
  current_ = id;
  index_ = 0;
  tick_.notify(cycle());
}

void WeightLoader::tick() {
  const schedule::Step& step = program_.step(current_);
  const schedule::Block& block = program_.block(step);
  const network::Layer& layer = program_.layer(block.layer);
  const arch::AcceleratorSpec& spec = *program_.spec;
  if (index_ < block.k_count) {
    const std::int64_t slot =
        schedule::weight_slot(block, step.address, block.k_begin + index_, block.n_begin, spec);
    const memory::Access access = program_.access(current_, 0, index_);
    for (std::int64_t n = 0; n < block.n_count; ++n) {
      const std::uint8_t code = weight_sram->read(slot + n, access);
      codes_[static_cast<std::size_t>(n)] = code;
      weights_[static_cast<std::size_t>(n)] =
          layer.weight_code.operand(code, block.group * layer.n() + block.n_begin + n,
                                    spec.precision.weight_bits, spec.weight_sram.encoding);
    }
    program_.counters(step).weight_sram.reads += block.n_count;
    const schedule::IndexPlace place = schedule::place_index(block, index_, spec);
    pe_weights->load(step.set, place.row, place.slot,
                     {weights_.data(), codes_.data(), static_cast<int>(block.n_count)}, access);
    if (++index_ < block.k_count) {
      tick_.notify(cycle());
      return;
    }
    const std::int64_t whole = std::int64_t{spec.array.rows} * spec.array.weights_per_pe;
    if (spec.array.whole_folds && whole > block.k_count) {
      tick_.notify(cycles(whole - block.k_count));
      return;
    }
  }
  const schedule::StepId id = current_;
  current_ = schedule::kNoStep;
  listener->ended(id);
}

}  // namespace lacuna::systemc
