#include "run/batch_fates.hpp"

#include <algorithm>

#include "fast/fates.hpp"

namespace lacuna::run {
namespace {

std::int64_t bytes_of(const fast::WalkValues& values) {
  std::size_t bytes = 0;
  for (const auto& layer : values.sums) bytes += layer.size() * sizeof layer[0];
  for (const auto& layer : values.codes) bytes += layer.size() * sizeof layer[0];
  for (const auto& layer : values.read) bytes += layer.size();
  return static_cast<std::int64_t>(bytes);
}

}  // namespace

BatchFates::BatchFates(const Job& job, const std::vector<std::int32_t>& golden_outputs,
                       std::int64_t most_bytes)
    : job_(job), golden_outputs_(golden_outputs), most_bytes_(most_bytes) {}

const fast::WalkValues& BatchFates::golden(std::int64_t batch) {
  const auto found = kept_.find(batch);
  if (found != kept_.end()) return found->second;
  if (bytes_ > most_bytes_) {
    kept_.clear();
    bytes_ = 0;
  }
  fast::WalkValues& values = kept_[batch];
  simulate_batch(job_, {}, batch, &values);
  bytes_ += bytes_of(values);
  return values;
}

std::vector<measure::Fate> BatchFates::of(std::int64_t batch, const BatchMeasurement& measured,
                                          const fast::WalkValues& values) {
  const network::Network& network = job_.parts.front().network;
  const std::int64_t outputs = network.output_values();
  const auto images =
      static_cast<std::int64_t>(measured.result.logits.size()) / std::max<std::int64_t>(1, outputs);
  return fast::fates_of(network, images, golden(batch),
                        golden_outputs_.data() + measured.first_image * outputs, values,
                        measured.result.logits.data(), fast::unread_stage(measured.faults));
}

}  // namespace lacuna::run
