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

std::int64_t place_in_dram(const schedule::MapRows& rows, const network::MapShape& shape,
                           std::int64_t batch) {
  const std::int64_t pixels = shape.height * shape.width;
  return batch * pixels * rows.channel_begin +
         (rows.image_begin * pixels + rows.row_begin * shape.width) * rows.channel_count;
}

// Runs of values of the transfer that lie densely in the region: the rows of one image, or a pixel
// where the region has other channels, too. Visits with the first slot, the number of the first
// value in the transfer, and how many values they are.
template <class Visit>
void Dma::for_each_run(const Step& step, const schedule::Region& region, Visit visit) const {
  const schedule::MapRows& rows = step.rows;
  const network::Map& map = program_.network->map(rows.map);
  const std::int64_t pixel_slots =
      region.channel_count * schedule::slots_per_value(map, *program_.spec);
  const std::int64_t skipped =
      (rows.channel_begin - region.channel_begin) * (pixel_slots / region.channel_count);
  const std::int64_t image_pixels = rows.row_count * map.shape.width;
  const bool dense = region.channel_count == rows.channel_count;
  const std::int64_t run_pixels = dense ? image_pixels : 1;
  std::int64_t value = 0;
  for (std::int64_t image = 0; image < rows.image_count; ++image) {
    const std::int64_t in_region = rows.image_begin + image - region.image_begin;
    const std::int64_t first =
        (in_region * region.row_count + rows.row_begin - region.row_begin) * map.shape.width;
    for (std::int64_t pixel = 0; pixel < image_pixels; pixel += run_pixels) {
      const std::int64_t count = run_pixels * rows.channel_count;
      visit(region.base + (first + pixel) * pixel_slots + skipped, value, count);
      value += count;
    }
  }
}

void Dma::read_slots(const Step& step, memory::Access access, std::vector<std::uint8_t>& codes) {
  const network::Map& map = program_.network->map(step.rows.map);
  const std::int64_t slots = schedule::slots_per_value(map, *program_.spec);
  measure::LayerCounters& counters = program_.counters(step);
  for_each_run(step, program_.region(step.input),
               [&](std::int64_t slot, std::int64_t value, std::int64_t count) {
                 for (std::int64_t i = 0; i < count; ++i) {
                   access.index = value + i;
                   if (!map.sums) {
                     codes[static_cast<std::size_t>(value + i)] =
                         activation_sram->read(slot + i, access);
                     continue;
                   }
                   const auto sum = static_cast<std::uint32_t>(read_sum(
                       *activation_sram.operator->(), slot + i * slots, *program_.spec, access));
                   for (std::int64_t byte = 0; byte < 4; ++byte) {
                     codes[static_cast<std::size_t>((value + i) * 4 + byte)] =
                         static_cast<std::uint8_t>(sum >> (8 * byte));
                   }
                 }
                 counters.activation_sram.reads += count * slots;
               });
}

void Dma::write_slots(const Step& step, const memory::Access& access,
                      const std::vector<std::uint8_t>& codes) {
  const network::Map& map = program_.network->map(step.rows.map);
  const std::int64_t slots = schedule::slots_per_value(map, *program_.spec);
  const std::uint8_t zero = map.code.pattern(0, program_.spec->precision.activation_bits);
  measure::LayerCounters& counters = program_.counters(step);
  for_each_run(step, program_.region(step.output),
               [&](std::int64_t slot, std::int64_t value, std::int64_t count) {
                 for (std::int64_t i = 0; i < count; ++i) {
                   if (!map.sums) {
                     const std::uint8_t own = codes[static_cast<std::size_t>(value + i)];
                     activation_sram->write(slot + i, own, own != zero, access);
                     continue;
                   }
                   std::uint32_t sum = 0;
                   for (std::int64_t byte = 0; byte < 4; ++byte) {
                     sum |= std::uint32_t{codes[static_cast<std::size_t>((value + i) * 4 + byte)]}
                            << (8 * byte);
                   }
                   write_sum(*activation_sram.operator->(), slot + i * slots,
                             static_cast<std::int32_t>(sum), *program_.spec, access);
                 }
                 counters.activation_sram.writes += count * slots;
               });
}

void Dma::start(schedule::StepId id) {
  const Step& step = program_.step(id);
  Transfer transfer{id, 0, 0, {}};
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
    const network::Map& map = program_.network->map(step.rows.map);
    SIM_CHECK(step.rows.image_count == 1 || step.rows.row_count == map.shape.height, name(), now(),
              "a transfer of several images moves whole images");
    const std::int64_t values =
        step.rows.image_count * step.rows.row_count * map.shape.width * step.rows.channel_count;
    const std::int64_t each = addresses_per_value(map);
    const int bits = schedule::bits_in_dram(map, *program_.spec);
    const auto address_bits = static_cast<int>(bits / each);
    transfer.address = layout_.maps[static_cast<std::size_t>(step.rows.map)] +
                       place_in_dram(step.rows, map.shape, program_.schedule->batch) * each;
    transfer.codes.resize(static_cast<std::size_t>(values * each));
    const base::Bytes bytes{base::ceil_div(values * bits, 8)};
    if (step.kind == StepKind::kLoadActivations) {
      transport(tlm::TLM_READ_COMMAND, transfer.address, transfer.codes, address_bits, delay);
      counters.dram_read += bytes;
    } else {
      transport(tlm::TLM_WRITE_COMMAND, transfer.address, transfer.codes, address_bits, delay);
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

// The channel was booked when the transfer began; what the cells give counts when it ends.
void Dma::put(const Transfer& transfer) {
  std::vector<std::uint8_t> codes(transfer.codes.size());
  read_slots(program_.step(transfer.id), program_.access(transfer.id), codes);
  tlm::tlm_generic_payload payload;
  payload.set_command(tlm::TLM_WRITE_COMMAND);
  payload.set_address(static_cast<std::uint64_t>(transfer.address));
  payload.set_data_ptr(codes.data());
  payload.set_data_length(static_cast<unsigned int>(codes.size()));
  SIM_CHECK(socket->transport_dbg(payload) == codes.size(), name(), now(),
            "transfer outside of DRAM");
}

void Dma::finish(const Transfer& transfer) {
  const Step& step = program_.step(transfer.id);
  const memory::Access access = program_.access(transfer.id);
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
    write_slots(step, access, transfer.codes);
  } else {
    put(transfer);
  }
}

}  // namespace lacuna::systemc
