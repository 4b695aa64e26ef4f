#include "systemc/engine.hpp"

#include <algorithm>
#include <cstdlib>

#include "base/error.hpp"
#include "network/outputs.hpp"
#include "systemc/machine.hpp"

namespace lacuna::systemc {

// Destroying the machine and then resetting the context is what lets the next one elaborate.
struct Engine::Kernel {
  Kernel(const arch::AcceleratorSpec& spec, const MemorySizes& sizes, const Stalls& stalls,
         const std::string& vcd_path)
      : waves(vcd_path.empty() ? nullptr : std::make_unique<Waves>(vcd_path)),
        machine(std::make_unique<Machine>("machine", spec, sizes, stalls, waves.get())) {}
  ~Kernel() {
    machine.reset();
    sc_core::sc_get_curr_simcontext()->reset();
  }
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;

  std::unique_ptr<Waves> waves;
  std::unique_ptr<Machine> machine;
};

Engine::Engine(const arch::AcceleratorSpec& spec, const MemorySizes& sizes,
               const fault::FaultPlan& plan, const Stalls& stalls, const std::string& vcd_path)
    : spec_(spec),
      outcomes_(plan.faults.size()),
      kernel_(std::make_unique<Kernel>(spec, sizes, stalls, vcd_path)) {
  for (std::size_t i = 0; i < plan.faults.size(); ++i) {
    const fault::Fault& fault = plan.faults[i];
    memory::FaultOverlay& memory = kernel_->machine->faults(fault.memory);
    // A machine is built with the cells that its schedules use: others are never accessed.
    if (memory.has(fault.cell)) memory.arm(fault, plan.seed, &outcomes_[i]);
  }
}

Engine::~Engine() = default;

void Engine::set_trace(measure::BatchTrace* trace) {
  kernel_->machine->controller.set_trace(trace);
}

void Engine::finish_waves() { kernel_->machine->finish_waves(); }

base::Cycles Engine::load(const network::Network& network, const schedule::Schedule& schedule,
                          std::int64_t step_offset) {
  Machine& machine = *kernel_->machine;
  Program& program = machine.program;
  program.network = &network;
  program.schedule = &schedule;
  program.step_offset = step_offset;

  std::vector<std::uint8_t>& dram = machine.dram.contents();
  dram.clear();
  machine.layout.blocks.clear();
  machine.layout.maps.clear();
  for (const schedule::Block& block : schedule.blocks) {
    machine.layout.blocks.push_back(static_cast<std::int64_t>(dram.size()));
    const network::Layer& layer = network.layers[static_cast<std::size_t>(block.layer)];
    for (std::int64_t k = block.k_begin; k < block.k_begin + block.k_count; ++k) {
      for (std::int64_t n = block.n_begin; n < block.n_begin + block.n_count; ++n) {
        const std::int64_t channel = block.group * layer.n() + n;
        dram.push_back(layer.weight_code.pattern(layer.operand(channel, k), channel,
                                                 spec_.precision.weight_bits,
                                                 spec_.weight_sram.encoding));
      }
    }
  }
  auto end = static_cast<std::int64_t>(dram.size());
  for (const network::Map& map : network.maps) {
    machine.layout.maps.push_back(end);
    end += schedule.batch * map.shape.values() * addresses_per_value(map);
  }
  dram.resize(static_cast<std::size_t>(end));

  program.layers.assign(network.layers.size(), {});
  program.maps.assign(network.maps.size(), {});
  run_list(true);
  return base::Cycles{machine.controller.finish()};
}

void Engine::run_list(bool setup) {
  Machine& machine = *kernel_->machine;
  machine.begin(setup);
  const schedule::Schedule& schedule = *machine.program.schedule;
  if ((setup ? schedule.setup : schedule.steps).empty()) return;
  try {
    sc_core::sc_start();
  } catch (const sc_core::sc_report& report) {
    // The kernel wraps what a process throws.
    if (kernel_->waves) kernel_->waves->rethrow();
    throw base::InternalError("systemc", now(), report.what());
  }
}

// Maps that are outputs, as they lie in DRAM in the end.
void Engine::take_map_outputs() {
  Machine& machine = *kernel_->machine;
  Program& program = machine.program;
  const network::Network& network = *program.network;
  for (std::size_t o = 0; o < network.outputs.size(); ++o) {
    const int index = network.outputs[o].map;
    if (index == network::kNoMap) continue;
    const network::Map& map = network.map(index);
    const std::int64_t pixels = map.shape.height * map.shape.width;
    for (const network::ChannelSlice& slice : network.slices(index)) {
      std::int64_t from = machine.layout.maps[static_cast<std::size_t>(index)] +
                          place_in_dram({index, 0, 1, 0, 1, slice.begin, slice.count}, map.shape,
                                        program.schedule->batch);
      for (std::int64_t pixel = 0; pixel < program.schedule->batch * pixels; ++pixel) {
        const std::int64_t to = pixel / pixels * network.output_values() +
                                network::output_offset(network, o) +
                                pixel % pixels * map.shape.channels + slice.begin;
        for (std::int64_t c = 0; c < slice.count; ++c) {
          program.logits[static_cast<std::size_t>(to + c)] =
              map.code.operand(machine.dram.contents()[static_cast<std::size_t>(from++)],
                               spec_.precision.activation_bits);
        }
      }
    }
  }
}

measure::BatchResult Engine::run(const std::vector<const std::uint8_t*>& images,
                                 const memory::BatchPlace& place) {
  Machine& machine = *kernel_->machine;
  Program& program = machine.program;
  const network::Network& network = *program.network;
  const std::int64_t batch = program.schedule->batch;
  SIM_CHECK(static_cast<std::int64_t>(images.size()) == batch, "engine", -1,
            "a batch has as many images as its schedule");
  const std::int64_t values = network.input().shape.values();
  auto to = machine.dram.contents().begin() + machine.layout.maps[0];
  program.maps.assign(network.maps.size(), {});
  program.maps[0].values = batch * values;
  const tensor::Code& code = network.input().code;
  for (const std::uint8_t* image : images) {
    to = std::transform(image, image + values, to, [&](std::uint8_t byte) {
      const std::int16_t operand = code.operand(byte, 8);
      program.maps[0].nonzeros += operand != 0 ? 1 : 0;
      return code.pattern(operand, spec_.precision.activation_bits);
    });
  }
  program.layers.assign(network.layers.size(), {});
  program.logits.assign(static_cast<std::size_t>(batch * network.output_values()), 0);
  program.sums.assign(network.layers.size(), {});
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    const network::Layer& layer = network.layers[i];
    if (layer.report_sums) {
      program.sums[i].resize(static_cast<std::size_t>(batch * layer.out.values()));
    }
  }

  for (const memory::MemoryKind& memory : memory::kMemories) {
    machine.faults(memory.id).begin_batch(place);
  }
  run_list(false);

  measure::BatchResult result;
  result.cycles = base::Cycles{machine.controller.finish()};
  result.layers = program.layers;
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    const MapDensity& input = program.maps[static_cast<std::size_t>(network.layers[i].input())];
    result.layers[i].input_values = input.values;
    result.layers[i].input_nonzeros = input.nonzeros;
  }
  take_map_outputs();
  result.logits = program.logits;
  result.sums = std::move(program.sums);
  return result;
}

}  // namespace lacuna::systemc
