#include "systemc/dma.hpp"

#include "base/error.hpp"
#include "systemc/dram.hpp"

namespace lacuna::systemc {

using schedule::Step;
using schedule::StepKind;

Dma::Dma(const sc_core::sc_module_name& name, Program& program, const DramLayout& layout)
    : sc_module(name),
      socket("socket"),
      steps("steps"),
      listener("listener"),
      weight_sram("weight_sram"),
      activation_sram("activation_sram"),
      program_(program),
      layout_(layout) {
  steps.bind(*this);
  SC_METHOD(finish_due);
  sensitive << due_;
  dont_initialize();
}

void Dma::transport(tlm::tlm_command command, std::int64_t address,
                    std::vector<std::uint8_t>& codes, int bits, sc_core::sc_time& delay) {
  tlm::tlm_generic_payload payload;
  TransferWidth width;
  width.bits = bits;
  payload.set_command(command);
  payload.set_address(static_cast<std::uint64_t>(address));
  payload.set_data_ptr(codes.data());
  payload.set_data_length(static_cast<unsigned int>(codes.size()));
  payload.set_streaming_width(static_cast<unsigned int>(codes.size()));
  payload.set_extension(&width);
  socket->b_transport(payload, delay);
  payload.clear_extension(&width);
  SIM_CHECK(payload.is_response_ok(), name(), now(), "transfer outside of DRAM");
}

template <class Visit>
void Dma::for_each_run(const Step& step, const schedule::Region& region, Visit visit) const {
  // Runs of values that are contiguous in the region: the rows of one image.
  const network::MapShape& shape = program_.network->map(step.rows.map).shape;
  const std::int64_t row_values = shape.width * shape.channels;
  std::int64_t code = 0;
  for (std::int64_t image = 0; image < step.rows.image_count; ++image) {
    const std::int64_t in_region = step.rows.image_begin + image - region.image_begin;
    const std::int64_t slot =
        region.base +
        (in_region * region.row_count + step.rows.row_begin - region.row_begin) * row_values;
    visit(slot, code, step.rows.row_count * row_values);
    code += step.rows.row_count * row_values;
  }
}

void Dma::start(schedule::StepId id) {
  const Step& step = program_.step(id);
  Transfer transfer{id, 0, {}};
  measure::LayerCounters& counters = program_.counters(step);
  sc_core::sc_time delay;
  if (step.kind == StepKind::kLoadWeights) {
    const int bits = program_.spec->precision.weight_bits;
    transfer.codes.resize(static_cast<std::size_t>(program_.block(step).values()));
    transport(tlm::TLM_READ_COMMAND, layout_.blocks[static_cast<std::size_t>(step.block)],
              transfer.codes, bits, delay);
    if (!program_.in_setup) {
      counters.dram_read +=
          base::Bytes{base::ceil_div(static_cast<std::int64_t>(transfer.codes.size()) * bits, 8)};
    }
  } else {
    const int bits = program_.spec->precision.activation_bits;
    const network::MapShape& shape = program_.network->map(step.rows.map).shape;
    SIM_CHECK(step.rows.image_count == 1 || step.rows.row_count == shape.height, name(), now(),
              "a transfer of several images moves whole images");
    const std::int64_t row_values = shape.width * shape.channels;
    const std::int64_t values = step.rows.image_count * step.rows.row_count * row_values;
    const std::int64_t address = layout_.maps[static_cast<std::size_t>(step.rows.map)] +
                                 step.rows.image_begin * shape.values() +
                                 step.rows.row_begin * row_values;
    transfer.codes.resize(static_cast<std::size_t>(values));
    const base::Bytes bytes{base::ceil_div(values * bits, 8)};
    if (step.kind == StepKind::kLoadActivations) {
      transport(tlm::TLM_READ_COMMAND, address, transfer.codes, bits, delay);
      counters.dram_read += bytes;
    } else {
      for_each_run(step, program_.region(step.input),
                   [&](std::int64_t slot, std::int64_t code, std::int64_t count) {
                     for (std::int64_t i = 0; i < count; ++i) {
                       transfer.codes[static_cast<std::size_t>(code + i)] =
                           activation_sram->read(slot + i, program_.access_step(id));
                     }
                     counters.activation_sram.reads += count;
                   });
      transport(tlm::TLM_WRITE_COMMAND, address, transfer.codes, bits, delay);
      counters.dram_written += bytes;
    }
  }
  transfer.end = now() + static_cast<std::int64_t>(delay.value() / cycle().value());
  const bool first = in_flight_.empty();
  in_flight_.push_back(std::move(transfer));
  if (first) due_.notify(delay);  // a delay of zero is a delta later, still this cycle
}

void Dma::finish_due() {
  while (!in_flight_.empty() && in_flight_.front().end <= now()) {
    finish(in_flight_.front());
    const schedule::StepId id = in_flight_.front().id;
    in_flight_.pop_front();
    listener->ended(id);
  }
  if (!in_flight_.empty()) due_.notify(cycles(in_flight_.front().end - now()));
}

void Dma::finish(const Transfer& transfer) {
  const Step& step = program_.step(transfer.id);
  const std::int64_t access = program_.access_step(transfer.id);
  measure::LayerCounters& counters = program_.counters(step);
  if (step.kind == StepKind::kLoadWeights) {
    const schedule::Block& block = program_.block(step);
    std::size_t code = 0;
    for (std::int64_t k = 0; k < block.k_count; ++k) {
      const std::int64_t slot = schedule::weight_slot(block, step.address, block.k_begin + k,
                                                      block.n_begin, *program_.spec);
      for (std::int64_t n = 0; n < block.n_count; ++n) {
        weight_sram->write(slot + n, transfer.codes[code++], access);
      }
    }
    if (!program_.in_setup) counters.weight_sram.writes += block.values();
  } else if (step.kind == StepKind::kLoadActivations) {
    const std::uint8_t zero = program_.network->map(step.rows.map)
                                  .code.pattern(0, program_.spec->precision.activation_bits);
    for_each_run(step, program_.region(step.output),
                 [&](std::int64_t slot, std::int64_t code, std::int64_t count) {
                   for (std::int64_t i = 0; i < count; ++i) {
                     const std::uint8_t own = transfer.codes[static_cast<std::size_t>(code + i)];
                     activation_sram->write(slot + i, own, own != zero, access);
                   }
                   counters.activation_sram.writes += count;
                 });
  }
}

}  // namespace lacuna::systemc
