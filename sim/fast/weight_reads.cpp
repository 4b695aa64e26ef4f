#include "fast/weight_reads.hpp"

#include "memory/cell_array.hpp"
#include "tensor/encoding.hpp"

namespace lacuna::fast {

BlockWeights trained_weights(const mapping::Block& block, const network::Network& network) {
  const network::Layer& layer = network.layers[static_cast<std::size_t>(block.layer)];
  BlockWeights weights;
  weights.reserve(static_cast<std::size_t>(block.values()));
  for (std::int64_t k = block.k_begin; k < block.k_begin + block.k_count; ++k) {
    for (std::int64_t n = block.n_begin; n < block.n_begin + block.n_count; ++n) {
      const std::int64_t channel = block.group * layer.n() + n;
      weights.push_back(layer.weights[static_cast<std::size_t>(channel * layer.k() + k)]);
    }
  }
  return weights;
}

WeightReads replay_weight_sram(const mapping::Schedule& schedule, const network::Network& network,
                               const arch::AcceleratorSpec& spec, const fault::FaultPlan& plan,
                               std::int64_t words, std::int64_t step_offset) {
  const int bits = spec.precision.weight_bits;
  const tensor::Encoding encoding = spec.weight_sram.encoding;
  WeightReads result;
  result.changed.resize(schedule.steps.size());
  result.outcomes.resize(plan.faults.size());
  memory::CellArray cells(words, spec.weight_sram.word_bits, spec.weight_sram.banks, bits);
  for (std::size_t f = 0; f < plan.faults.size(); ++f) {
    cells.arm(plan.faults[f].cell, plan.faults[f].kind, plan.faults[f].step, &result.outcomes[f]);
  }

  std::vector<BlockWeights> trained(schedule.blocks.size());
  const auto weights_of = [&](std::int32_t block) -> const BlockWeights& {
    BlockWeights& own = trained[static_cast<std::size_t>(block)];
    if (own.empty())
      own = trained_weights(schedule.blocks[static_cast<std::size_t>(block)], network);
    return own;
  };
  const auto write = [&](const mapping::Step& step, std::int64_t now) {
    const mapping::Block& block = schedule.blocks[static_cast<std::size_t>(step.block)];
    const BlockWeights& weights = weights_of(step.block);
    auto weight = weights.begin();
    for (std::int64_t k = 0; k < block.k_count; ++k) {
      const std::int64_t slot =
          mapping::weight_slot(block, step.address, block.k_begin + k, block.n_begin, spec);
      for (std::int64_t n = 0; n < block.n_count; ++n, ++weight) {
        cells.write(slot + n, tensor::encode(*weight, bits, encoding), now);
      }
    }
  };
  for (const mapping::Step& step : schedule.setup) write(step, -1);
  BlockWeights read;
  for (std::size_t id = 0; id < schedule.steps.size(); ++id) {
    const mapping::Step& step = schedule.steps[id];
    const std::int64_t now = step_offset + static_cast<std::int64_t>(id);
    if (step.kind == mapping::StepKind::kLoadWeights) write(step, now);
    if (step.kind != mapping::StepKind::kLoadPe) continue;
    const mapping::Block& block = schedule.blocks[static_cast<std::size_t>(step.block)];
    read.clear();
    for (std::int64_t k = 0; k < block.k_count; ++k) {
      const std::int64_t slot =
          mapping::weight_slot(block, step.address, block.k_begin + k, block.n_begin, spec);
      for (std::int64_t n = 0; n < block.n_count; ++n) {
        read.push_back(
            static_cast<std::int8_t>(tensor::decode(cells.read(slot + n, now), bits, encoding)));
      }
    }
    if (read != weights_of(step.block)) result.changed[id] = read;
  }
  return result;
}

}  // namespace lacuna::fast
