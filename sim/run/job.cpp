#include "run/job.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "judge/verify_schedule.hpp"
#include "mapping/mapper.hpp"
#include "mapping/timeline.hpp"
#include "network/post.hpp"
#include "network/synthetic.hpp"

namespace lacuna::run {
namespace {

std::shared_ptr<const schedule::Schedule> verified(const network::Network& network,
                                                   const arch::AcceleratorSpec& spec,
                                                   const mapping::MapOptions& options) {
  auto schedule =
      std::make_shared<schedule::Schedule>(mapping::map_network(network, spec, options));
  judge::verify_schedule(*schedule, network, spec);
  return schedule;
}

// Operands of a layer are drawn when it runs, and are gone when the next one does. Without values
// they are only its inputs, and those only where zeros are skipped.
void check_operands(const network::Workload& workload, std::int64_t batch, bool skips) {
  constexpr std::int64_t kMost = std::int64_t{1} << 31;  // one byte each
  for (const network::WorkloadLayer& row : workload.layers) {
    const std::int64_t inputs = row.layer.in.values() * batch;
    if (!skips || inputs <= kMost) continue;
    throw base::InputError(
        {workload.file, row.line, "layer"},
        fmt::format("has {} input values in a batch of {}", inputs, batch),
        fmt::format("at most {} where the machine skips those that are zero: a smaller batch, or "
                    "--set zero_skipping=gate",
                    kMost));
  }
}

/// Of networks of layers of a workload.
bool are_alike(const network::Network& a, const network::Network& b) {
  return std::equal(a.layers.begin(), a.layers.end(), b.layers.begin(), b.layers.end(),
                    [](const network::Layer& x, const network::Layer& y) {
                      return x.kind == y.kind && x.in == y.in && x.out == y.out &&
                             x.window == y.window && x.groups == y.groups;
                    });
}

/// Schedules of the layers of a workload.
class LayerSchedules {
 public:
  LayerSchedules(const arch::AcceleratorSpec& spec, std::int64_t batch, bool resident)
      : spec_(spec) {
    options_.batch = batch;
    options_.may_be_resident = resident;
  }

  std::shared_ptr<const schedule::Schedule> next(const network::Network& network) {
    // Where weights are resident, each layer has words of its own.
    if (!options_.may_be_resident) {
      for (const auto& [other, schedule] : known_) {
        if (are_alike(*other, network)) return schedule;
      }
    }
    auto schedule = verified(network, spec_, options_);
    if (options_.may_be_resident) options_.first_weight_word = schedule->weight_words;
    known_.emplace_back(&network, schedule);
    return schedule;
  }

 private:
  const arch::AcceleratorSpec& spec_;
  mapping::MapOptions options_;
  std::vector<std::pair<const network::Network*, std::shared_ptr<const schedule::Schedule>>>
      known_;  ///< networks of the job's parts
};

}  // namespace

std::int64_t Job::steps() const {
  std::int64_t count = 0;
  for (const Part& part : parts) count += static_cast<std::int64_t>(part.schedule->steps.size());
  return count;
}

// Every image of a batch is another draw: image b of layer i is draw i of seed + b.
std::vector<std::uint8_t> draw_input(const Part& part, std::size_t layer, std::int64_t image) {
  const DrawnOperands& own = *part.drawn;
  return network::synthetic_codes(part.network.layers[layer],
                                  own.layer + static_cast<std::int64_t>(layer),
                                  own.seed + static_cast<std::uint64_t>(image),
                                  own.densities[layer], part.network.activation_bits());
}

Part with_operands(const Part& part) {
  Part full = part;
  if (!part.drawn) return full;
  network::draw_weights(full.network, part.drawn->layer, part.drawn->seed);
  for (std::int64_t image = 0; image < part.image_count(); ++image) {
    full.images.push_back(draw_input(part, 0, image));
  }
  full.drawn.reset();
  return full;
}

std::shared_ptr<const schedule::Schedule> map_batch(const network::Network& network,
                                                    const arch::AcceleratorSpec& spec,
                                                    std::int64_t batch) {
  mapping::MapOptions options;
  options.batch = batch;
  return verified(network, spec, options);
}

Job model_job(const arch::AcceleratorSpec& spec, network::Network network,
              std::vector<std::vector<std::uint8_t>> images, std::int64_t batch) {
  Job job;
  job.spec = spec;
  Part part;
  part.network = std::move(network);
  part.images = std::move(images);
  const auto count = static_cast<std::int64_t>(part.images.size());
  SIM_CHECK(count > 0 && batch > 0, "run", -1, "a run has images");
  const std::int64_t full = std::min(batch, count);
  part.schedule = map_batch(part.network, job.spec, full);
  if (count % full != 0) part.remainder = *map_batch(part.network, job.spec, count % full);
  job.source.network = part.network.name;
  job.source.network_sha256 = part.network.sha256;
  job.parts.push_back(std::move(part));
  return job;
}

Job workload_job(const arch::AcceleratorSpec& spec, const network::Workload& workload,
                 std::uint64_t seed, std::int64_t batch, const WorkloadOptions& options) {
  SIM_CHECK(options.timing || !options.chain, "run", -1, "a chain has no values");
  if (!options.timing) network::check_values(workload);
  check_operands(workload, batch,
                 !options.timing || spec.zero_skipping == arch::ZeroSkipping::kSkip);
  Job job;
  job.spec = spec;
  job.timing = options.timing;
  job.source.network = workload.name;
  job.source.network_sha256 = workload.sha256;
  job.source.workload = true;
  job.source.seed = seed;
  std::int64_t all_words = 0;
  for (const network::WorkloadLayer& layer : workload.layers) {
    const bool follows = options.chain && !job.parts.empty() &&
                         job.parts.back().network.layers.back().out == layer.layer.in;
    if (follows) {
      network::append_layer(job.parts.back().network, layer);
    } else {
      Part part;
      part.network = network::synthetic_shape(layer, spec.precision.weight_bits,
                                              spec.precision.activation_bits);
      part.drawn = DrawnOperands{&layer - workload.layers.data(), seed, {}};
      job.parts.push_back(std::move(part));
    }
    job.parts.back().drawn->densities.push_back(layer.density);
  }
  for (const Part& part : job.parts) all_words += mapping::resident_words(part.network, spec);
  const bool resident = all_words <= spec.weight_words().value_or(all_words);
  LayerSchedules schedules(spec, batch, resident);
  std::int64_t offset = 0;
  for (Part& part : job.parts) {
    part.schedule = schedules.next(part.network);
    part.step_offset = offset;
    offset += static_cast<std::int64_t>(part.schedule->steps.size());
  }
  return job;
}

std::int64_t batch_count(const Part& part) {
  const std::int64_t full = part.image_count() / part.schedule->batch;
  return full + (part.remainder ? 1 : 0);
}

MemoryUse memory_use(const Job& job) {
  MemoryUse use;
  for (const Part& part : job.parts) {
    use.weight_words = std::max(use.weight_words, part.schedule->weight_words);
    use.activation_values = std::max(use.activation_values, part.schedule->activation_slots);
    use.accumulator_entries = std::max(use.accumulator_entries, part.schedule->accumulator_entries);
  }
  return use;
}

std::vector<fault::TimedPart> timed_parts(const Job& job) {
  std::vector<fault::TimedPart> parts;
  for (const Part& part : job.parts) {
    parts.push_back({part.network.layers.empty() ? "" : part.network.layers.front().name,
                     batch_count(part),
                     mapping::estimate_dense(*part.schedule, part.network, job.spec).cycles.value});
  }
  return parts;
}

fault::Memories memories(const Job& job) {
  fault::MemorySizes used;
  const auto grow = [&](const schedule::Schedule& schedule) {
    used.weight_words = std::max(used.weight_words, schedule.weight_words);
    used.activation_slots = std::max(used.activation_slots, schedule.activation_slots);
    used.accumulator_entries = std::max(used.accumulator_entries, schedule.accumulator_entries);
  };
  for (const Part& part : job.parts) {
    grow(*part.schedule);
    if (part.remainder) grow(*part.remainder);
    used.table_entries = std::max(used.table_entries, network::table_entries(part.network));
  }
  return {job.spec, used};
}

}  // namespace lacuna::run
