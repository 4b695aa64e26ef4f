#include "fast/weight_reads.hpp"

#include <array>
#include <map>

#include "base/error.hpp"
#include "memory/cell_array.hpp"
#include "schedule/accesses.hpp"

namespace lacuna::fast {
namespace {

// Cells of another memory are not of the weights, whatever their position.
void check_memories(const fault::FaultPlan& plan) {
  for (const fault::Fault& fault : plan.faults) {
    SIM_CHECK(fault.memory == fault::MemoryId::kWeightSram, "fast", -1,
              "a fault in a memory that is not replayed");
  }
}

}  // namespace

BlockWeights trained_weights(const schedule::Block& block, const network::Network& network) {
  const network::Layer& layer = network.layers[static_cast<std::size_t>(block.layer)];
  BlockWeights weights(static_cast<std::size_t>(block.values()));
  const bool is_signed = layer.weight_code.is_signed;
  for (std::int64_t n = 0; n < block.n_count; ++n) {
    const std::int64_t channel = block.group * layer.n() + block.n_begin + n;
    const auto from = static_cast<std::size_t>(channel * layer.k() + block.k_begin);
    const int zero_point = layer.weight_code.zero_point(channel);
    std::int16_t* to = weights.data() + n;
    for (std::int64_t k = 0; k < block.k_count; ++k) {
      const int code = layer.weights.at(from + static_cast<std::size_t>(k), is_signed);
      to[k * block.n_count] = static_cast<std::int16_t>(code - zero_point);
    }
  }
  return weights;
}

WeightReads replay_weight_sram(const schedule::Schedule& schedule, const network::Network& network,
                               const arch::AcceleratorSpec& spec, const fault::FaultPlan& plan,
                               std::int64_t words, std::int64_t step_offset) {
  const int bits = spec.precision.weight_bits;
  const tensor::Encoding encoding = spec.weight_sram.encoding;
  WeightReads result;
  result.changed.resize(schedule.steps.size());
  result.outcomes.resize(plan.faults.size());
  memory::CellArray cells(words, spec.weight_sram.word_bits, spec.weight_sram.banks, bits);
  check_memories(plan);
  for (std::size_t f = 0; f < plan.faults.size(); ++f) {
    cells.faults().arm(plan.faults[f], plan.seed, &result.outcomes[f]);
  }

  std::vector<BlockWeights> trained(schedule.blocks.size());
  const auto weights_of = [&](std::int32_t block) -> const BlockWeights& {
    BlockWeights& own = trained[static_cast<std::size_t>(block)];
    if (own.empty())
      own = trained_weights(schedule.blocks[static_cast<std::size_t>(block)], network);
    return own;
  };
  BlockWeights read;
  const auto visit = [&](const schedule::Access& access) {
    const std::int64_t now =
        access.step == schedule::kSetup ? access.step : step_offset + access.step;
    const schedule::Block& block = schedule.blocks[static_cast<std::size_t>(access.block)];
    const network::Layer& layer = network.layers[static_cast<std::size_t>(block.layer)];
    const std::int64_t channel = block.group * layer.n() + block.n_begin;
    const BlockWeights& weights = weights_of(access.block);
    auto weight = weights.begin();
    const bool write = access.kind == schedule::AccessKind::kWrite;
    read.clear();
    for (std::int64_t k = 0; k < block.k_count; ++k) {
      const std::int64_t slot =
          schedule::weight_slot(block, access.first, block.k_begin + k, block.n_begin, spec);
      for (std::int64_t n = 0; n < block.n_count; ++n) {
        if (write) {
          cells.write(slot + n, layer.weight_code.pattern(*weight++, channel + n, bits, encoding),
                      now);
        } else {
          read.push_back(
              layer.weight_code.operand(cells.read(slot + n, now), channel + n, bits, encoding));
        }
      }
    }
    if (!write && read != weights) result.changed[static_cast<std::size_t>(access.step)] = read;
  };
  schedule::for_each_access(schedule, network, spec, fault::MemoryId::kWeightSram, visit);
  return result;
}

WeightChanges changes_of(const WeightReads& reads, const schedule::Schedule& schedule,
                         const network::Network& network) {
  WeightChanges result;
  result.outcomes = reads.outcomes;
  for (std::size_t id = 0; id < reads.changed.size(); ++id) {
    if (reads.changed[id].empty()) continue;
    const schedule::Block& block =
        schedule.blocks[static_cast<std::size_t>(schedule.steps[id].block)];
    const BlockWeights trained = trained_weights(block, network);
    for (std::size_t i = 0; i < trained.size(); ++i) {
      const int delta = reads.changed[id][i] - trained[i];
      if (delta == 0) continue;
      const auto place = static_cast<std::int64_t>(i);
      result.list.push_back({static_cast<schedule::StepId>(id), place / block.n_count,
                             place % block.n_count, static_cast<std::int16_t>(delta)});
    }
  }
  return result;
}

WeightChanges replay_faulty_cells(const schedule::ResidencyMap& residency,
                                  const schedule::Schedule& schedule,
                                  const network::Network& network,
                                  const arch::AcceleratorSpec& spec, const fault::FaultPlan& plan) {
  const int bits = spec.precision.weight_bits;
  const tensor::Encoding encoding = spec.weight_sram.encoding;
  const std::int64_t values_per_word = spec.weights_per_word();
  WeightChanges result;
  result.outcomes.resize(plan.faults.size());
  check_memories(plan);
  // The values with faulty cells, each in a word of its own.
  std::map<std::array<std::int64_t, 3>, std::int64_t> slots;  // bank, row, value
  for (const fault::Fault& fault : plan.faults) {
    const std::int64_t value = fault.cell.bit / bits;
    if (value >= values_per_word) continue;  // a left-over cell, which nothing reads
    slots.try_emplace({fault.cell.bank, fault.cell.row, value},
                      static_cast<std::int64_t>(slots.size()));
  }
  memory::CellArray cells(static_cast<std::int64_t>(slots.size()), bits, 1, bits);
  for (std::size_t f = 0; f < plan.faults.size(); ++f) {
    const fault::Fault& fault = plan.faults[f];
    const auto slot = slots.find({fault.cell.bank, fault.cell.row, fault.cell.bit / bits});
    if (slot == slots.end()) continue;
    cells.arm({0, slot->second, fault.cell.bit % bits}, fault.kind, fault.step,
              &result.outcomes[f]);
  }
  for (const auto& [place, slot] : slots) {
    const memory::CellPosition first_cell{place[0], place[1], place[2] * bits};
    for (const schedule::CellStay& held : residency.stays(first_cell)) {
      const network::Layer& layer = network.layers[static_cast<std::size_t>(held.weight.layer)];
      const std::int64_t k =
          (held.weight.ky * layer.window.kernel_w + held.weight.kx) * layer.group_in() +
          held.weight.in;
      const std::int64_t channel = held.weight.out;
      const std::int16_t trained = layer.operand(channel, k);
      cells.write(slot, layer.weight_code.pattern(trained, channel, bits, encoding),
                  held.stay.from);
      for (const schedule::StepId load : held.stay.reads) {
        const int delta =
            layer.weight_code.operand(cells.read(slot, load), channel, bits, encoding) - trained;
        if (delta == 0) continue;
        const schedule::Block& block = schedule.blocks[static_cast<std::size_t>(
            schedule.steps[static_cast<std::size_t>(load)].block)];
        result.list.push_back({load, k - block.k_begin,
                               held.weight.out - block.group * layer.n() - block.n_begin,
                               static_cast<std::int16_t>(delta)});
      }
    }
  }
  return result;
}

}  // namespace lacuna::fast
