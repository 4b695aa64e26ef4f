#include "exactness/naive_run.hpp"

#include <string>

#include "reference/naive_batch.hpp"

namespace lacuna::test {

run::Measurement run_naively(const run::Job& job) {
  const run::Part& part = job.parts.at(0);
  const fault::Memories memories = run::memories(job);
  const reference::NaiveMachine machine{part.network, job.spec, memories, job.plan};
  run::Measurement measured;
  measured.faults.resize(job.plan.faults.size());
  std::vector<std::int32_t> hashed;
  const auto count = static_cast<std::int64_t>(part.images.size());
  for (std::int64_t first = 0; first < count; first += part.schedule.batch) {
    const bool whole = first + part.schedule.batch <= count;
    const schedule::Schedule& schedule = whole ? part.schedule : *part.remainder;
    const std::vector<std::vector<std::uint8_t>> images(
        part.images.begin() + first, part.images.begin() + first + schedule.batch);
    reference::NaiveBatch batch(machine, schedule, images, {first / part.schedule.batch, first});
    batch.run(measured.faults);
    measured.batch_cycles.push_back(batch.cycles());
    const std::vector<std::int32_t> logits = batch.logits();
    measured.logits.insert(measured.logits.end(), logits.begin(), logits.end());
    hashed.insert(hashed.end(), logits.begin(), logits.end());
    for (std::size_t i = 0; i < part.network.layers.size(); ++i) {
      if (!part.network.layers[i].report_sums) continue;
      const std::vector<std::int32_t> sums = batch.sums(i);
      hashed.insert(hashed.end(), sums.begin(), sums.end());
    }
  }
  measured.logits_sha256 = run::sums_sha256(hashed);
  return measured;
}

std::string difference_from_naive(const run::Measurement& naive, const run::Measurement& engine) {
  if (naive.batch_cycles != engine.batch_cycles) return "cycles";
  if (naive.logits != engine.logits) return "logits";
  if (naive.logits_sha256 != engine.logits_sha256) return "hash of the sums";
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
