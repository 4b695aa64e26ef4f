#include "exactness/naive_run.hpp"

#include <string>

#include "reference/naive_batch.hpp"

namespace lacuna::test {

run::Measurement run_naively(const run::Job& job) {
  const fault::Memories memories = run::memories(job);
  run::Measurement measured;
  measured.faults.resize(job.plan.faults.size());
  std::vector<std::int32_t> hashed;
  const auto add = [&](const run::Part& part, const schedule::Schedule& schedule,
                       const reference::BatchNumber& number) {
    const std::size_t first_layer = measured.layers.size() - part.network.layers.size();
    const auto first = part.images.begin() + number.first_image;
    const std::vector<std::vector<std::uint8_t>> images(first, first + schedule.batch);
    reference::NaiveBatch batch({part.network, job.spec, memories, job.plan}, schedule, images,
                                number);
    batch.run(measured.faults);
    measured.batch_cycles.push_back(batch.cycles());
    const std::vector<std::int32_t> logits = batch.logits();
    measured.logits.insert(measured.logits.end(), logits.begin(), logits.end());
    hashed.insert(hashed.end(), logits.begin(), logits.end());
    for (std::size_t i = 0; i < part.network.layers.size(); ++i) {
      measured.layers.at(first_layer + i) += batch.counts(i);
      if (!part.network.layers[i].report_sums) continue;
      const std::vector<std::int32_t> sums = batch.sums(i);
      hashed.insert(hashed.end(), sums.begin(), sums.end());
    }
  };
  for (std::size_t p = 0; p < job.parts.size(); ++p) {
    const run::Part part = run::with_operands(job.parts[p]);
    measured.layers.resize(measured.layers.size() + part.network.layers.size());
    reference::BatchNumber number;
    number.part = static_cast<std::int64_t>(p);
    number.first_step = part.step_offset;
    const auto count = static_cast<std::int64_t>(part.images.size());
    for (; number.first_image + part.schedule->batch <= count; ++number.batch) {
      add(part, *part.schedule, number);
      number.first_image += part.schedule->batch;
    }
    if (part.remainder) add(part, *part.remainder, number);
  }
  measured.logits_sha256 = run::sums_sha256(hashed);
  return measured;
}

std::string difference_from_naive(const run::Measurement& naive, const run::Measurement& engine) {
  if (naive.batch_cycles != engine.batch_cycles) return "cycles";
  if (naive.logits != engine.logits) return "logits";
  if (naive.logits_sha256 != engine.logits_sha256) return "hash of the sums";
  for (std::size_t i = 0; i < naive.layers.size(); ++i) {
    const measure::LayerCounters& a = naive.layers[i];
    const measure::LayerCounters& b = engine.layers.at(i);
    const bool same = a.macs.total == b.macs.total && a.macs.issued == b.macs.issued &&
                      a.macs.gated == b.macs.gated && a.macs.skipped == b.macs.skipped;
    if (!same) return "MACs of layer " + std::to_string(i);
    if (a.input_values != b.input_values || a.input_nonzeros != b.input_nonzeros) {
      return "density of the input of layer " + std::to_string(i);
    }
  }
  for (std::size_t f = 0; f < naive.faults.size(); ++f) {
    if (naive.faults[f].reads_changed != engine.faults.at(f).reads_changed) {
      return "reads changed by fault " + std::to_string(f) + ": naive " +
             std::to_string(naive.faults[f].reads_changed) + ", engine " +
             std::to_string(engine.faults[f].reads_changed);
    }
    if (naive.faults[f].overwritten != engine.faults[f].overwritten) {
      return "whether fault " + std::to_string(f) + " was overwritten";
    }
  }
  return "";
}

}  // namespace lacuna::test
