#include "systemc/machine.hpp"

namespace lacuna::systemc {
namespace {

Program program_for(const arch::AcceleratorSpec& spec) {
  Program program;
  program.spec = &spec;
  return program;
}

}  // namespace

Machine::Machine(const sc_core::sc_module_name& name, const arch::AcceleratorSpec& spec,
                 const MemorySizes& sizes, const Stalls& stalls)
    : sc_module(name),
      program(program_for(spec)),
      dram("dram", spec.dram),
      dma("dma", program, layout),
      weight_sram("weight_sram", sizes.weight_words, spec.weight_sram.word_bits,
                  spec.weight_sram.banks, spec.precision.weight_bits),
      activation_sram("activation_sram", sizes.activation_words, spec.activation_sram.word_bits,
                      spec.activation_sram.banks, spec.precision.activation_bits),
      loader("weight_loader", program),
      feeders("feeders", program),
      array("pe_array", program, stalls),
      accumulators("accumulator_sram", sizes.accumulator_entries, spec.array.cols),
      post("post_unit", program),
      controller("controller", program, stalls) {
  connect();
}

void Machine::connect() {
  dma.socket.bind(dram.socket);
  dma.weight_sram.bind(weight_sram.port);
  dma.activation_sram.bind(activation_sram.port);
  loader.weight_sram.bind(weight_sram.port);
  loader.pe_weights.bind(array.weights);
  feeders.activation_sram.bind(activation_sram.port);
  array.feeders.bind(feeders.port);
  array.accumulators.bind(accumulators.port);
  post.accumulators.bind(accumulators.port);
  post.activation_sram.bind(activation_sram.port);

  controller.dma.bind(dma.steps);
  controller.loader.bind(loader.steps);
  controller.array.bind(array.steps);
  controller.post.bind(post.steps);
  dma.listener.bind(controller.listener);
  loader.listener.bind(controller.listener);
  array.listener.bind(controller.listener);
  post.listener.bind(controller.listener);
}

}  // namespace lacuna::systemc
