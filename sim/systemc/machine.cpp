#include "systemc/machine.hpp"

#include "systemc/taps.hpp"

namespace lacuna::systemc {
namespace {

using schedule::StepKind;

Program program_for(const arch::AcceleratorSpec& spec) {
  Program program;
  program.spec = &spec;
  return program;
}

/// Binds a block's port to another block, through a tap if there is one.
template <class Interface>
void wire(sc_core::sc_port<Interface>& port, sc_core::sc_export<Interface>& to, Interface* tap) {
  if (tap != nullptr) {
    port.bind(*tap);
  } else {
    port.bind(to);
  }
}

}  // namespace

// Signals appear in the dump in the order of these members.
struct Machine::Taps {
  Taps(Machine& m, Waves& waves)
      : context{waves, m.program},
        spending(context),
        dma_steps(context, "dma",
                  {StepKind::kLoadWeights, StepKind::kLoadActivations, StepKind::kStoreActivations},
                  true, m.dma, m.controller),
        dram("dram_tap", context),
        dma_weights(context, m.weight_sram),
        loader_weights(context, m.weight_sram),
        loader_steps(context, "weight_loader", {}, false, m.loader, m.controller),
        pe_weights(context, m.array),
        dma_activations(context, "dma", m.activation_sram),
        post_activations(context, "post", m.activation_sram),
        array_steps(context, "pe_array", {}, false, m.array, m.controller),
        rows(context, m.feeders, m.activation_sram, m.array.commit_stall()),
        array_sums(context, "array_write", true, m.accumulators),
        post_sums(context, "post_read", false, m.accumulators),
        post_steps(context, "post_unit", {StepKind::kPost, StepKind::kPool, StepKind::kTransform},
                   true, m.post, m.controller) {
    m.array.set_commit_stall(&rows);
    m.controller.set_watch(&spending);
  }

  TapContext context;
  SpendingTap spending;
  UnitTap dma_steps;
  DramTap dram;
  WeightWriteTap dma_weights;
  WeightReadTap loader_weights;
  UnitTap loader_steps;
  PeWeightsTap pe_weights;
  ActivationTap dma_activations;
  ActivationTap post_activations;
  UnitTap array_steps;
  RowsTap rows;
  AccumulatorTap array_sums;
  AccumulatorTap post_sums;
  UnitTap post_steps;
};

Machine::Machine(const sc_core::sc_module_name& name, const arch::AcceleratorSpec& spec,
                 const MemorySizes& sizes, const Stalls& stalls, Waves* waves)
    : sc_module(name),
      program(program_for(spec)),
      dram("dram", spec.dram),
      dma("dma", program, layout),
      weight_sram("weight_sram", sizes.weight_words, spec.weight_sram.word_bits,
                  spec.weight_sram.banks, spec.precision.weight_bits),
      activation_sram("activation_sram", sizes.activation_words, spec.activation_sram.word_bits,
                      spec.activation_sram.banks, spec.precision.activation_bits,
                      spec.bitmap_word_bits()),
      loader("weight_loader", program),
      feeders("feeders", program),
      array("pe_array", program, stalls),
      accumulators("accumulator_sram", sizes.accumulator_entries, spec.array.cols),
      post("post_unit", program, sizes.table_entries),
      controller("controller", program, stalls) {
  if (waves != nullptr) taps_ = std::make_unique<Taps>(*this, *waves);
  connect();
}

Machine::~Machine() = default;

void Machine::begin(bool setup) {
  program.in_setup = setup;
  program.began = now();
  dram.reset_channel();
  if (taps_) taps_->spending.begin();
  controller.begin();
}

memory::FaultOverlay& Machine::faults(memory::MemoryId memory) {
  switch (memory) {
    case memory::MemoryId::kWeightSram:
      break;
    case memory::MemoryId::kActivationSram:
      return activation_sram.values().faults();
    case memory::MemoryId::kActivationBitmap:
      return activation_sram.bitmap().faults();
    case memory::MemoryId::kAccumulatorSram:
      return accumulators.faults();
    case memory::MemoryId::kPeWeights:
      return array.faults().weights();
    case memory::MemoryId::kPeAccumulators:
      return array.faults().accumulators();
    case memory::MemoryId::kPsumFifos:
      return array.faults().fifos();
    case memory::MemoryId::kLookupTables:
      return post.table_faults();
  }
  return weight_sram.cells().faults();
}

void Machine::finish_waves() {
  if (taps_) taps_->spending.finish();
}

void Machine::connect() {
  const auto tap = [&](auto member) { return taps_ ? &(taps_.get()->*member) : nullptr; };

  if (taps_) {
    dma.socket.bind(taps_->dram.from_dma);
    taps_->dram.to_dram.bind(dram.socket);
  } else {
    dma.socket.bind(dram.socket);
  }
  wire<WeightSramPort>(dma.weight_sram, weight_sram.port, tap(&Taps::dma_weights));
  wire<ActivationSramPort>(dma.activation_sram, activation_sram.port, tap(&Taps::dma_activations));
  wire<WeightSramPort>(loader.weight_sram, weight_sram.port, tap(&Taps::loader_weights));
  wire<PeWeightsPort>(loader.pe_weights, array.weights, tap(&Taps::pe_weights));
  wire<ActivationSramPort>(feeders.activation_sram, activation_sram.port, tap(&Taps::rows));
  wire<FeederPort>(array.feeders, feeders.port, tap(&Taps::rows));
  wire<AccumulatorPort>(array.accumulators, accumulators.port, tap(&Taps::array_sums));
  wire<AccumulatorPort>(post.accumulators, accumulators.port, tap(&Taps::post_sums));
  wire<ActivationSramPort>(post.activation_sram, activation_sram.port,
                           tap(&Taps::post_activations));

  wire<StepUnit>(controller.dma, dma.steps, tap(&Taps::dma_steps));
  wire<StepUnit>(controller.loader, loader.steps, tap(&Taps::loader_steps));
  wire<StepUnit>(controller.array, array.steps, tap(&Taps::array_steps));
  wire<StepUnit>(controller.post, post.steps, tap(&Taps::post_steps));
  wire<StepListener>(dma.listener, controller.listener, tap(&Taps::dma_steps));
  wire<StepListener>(loader.listener, controller.listener, tap(&Taps::loader_steps));
  wire<StepListener>(array.listener, controller.listener, tap(&Taps::array_steps));
  wire<StepListener>(post.listener, controller.listener, tap(&Taps::post_steps));
}

}  // namespace lacuna::systemc
