// A job: what a run needs. Networks with their images and their schedules on a machine, and where
// all of it came from.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arch/spec.hpp"
#include "fault/geometry.hpp"
#include "fault/plan.hpp"
#include "fault/plan_file.hpp"
#include "network/network.hpp"
#include "network/workload.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::run {

/// Operands of layers of a workload, which are drawn when they run.
struct DrawnOperands {
  std::int64_t layer = 0;  ///< place of the first in the workload
  std::uint64_t seed = 0;
  std::vector<double> densities;  ///< of their inputs
};

/// A network with what the mapper made of it. A model is one part; each layer of a workload is a
/// part of its own, from time 0, unless it is chained to the one before.
struct Part {
  network::Network network;
  std::shared_ptr<const schedule::Schedule> schedule;  ///< layers of one shape share one
  /// For the images that are left when the batch size does not divide their number.
  std::optional<schedule::Schedule> remainder;
  std::int64_t step_offset = 0;  ///< of the schedule's steps in the run's program order
  std::vector<std::vector<std::uint8_t>> images;  ///< input codes, channels last
  /// Instead of weights and images; those of a batch.
  std::optional<DrawnOperands> drawn;

  std::int64_t image_count() const {
    return drawn ? schedule->batch : static_cast<std::int64_t>(images.size());
  }
};

/// Input codes of layer `layer` of a part of a workload, for an image of its batch.
std::vector<std::uint8_t> draw_input(const Part& part, std::size_t layer, std::int64_t image);
/// The part, of one layer, with the operands that it runs on.
Part with_operands(const Part& part);

/// Where a job came from, for its record.
struct Source {
  std::string network;         ///< name of the model or workload
  std::string network_sha256;  ///< of its file
  std::string data_sha256;     ///< of the images' file; empty for workloads
  std::string input;           ///< what the model's card says of images; empty without
  bool workload = false;
  std::uint64_t seed = 0;   ///< of a workload's operands
  std::vector<int> labels;  ///< of the images; empty for workloads
};

struct Job {
  arch::AcceleratorSpec spec;
  Source source;
  std::vector<Part> parts;
  fault::FaultPlan plan;
  /// Only cycles and counts are wanted: of values, what they do not depend on is left out (fast
  /// engine, without faults).
  bool timing = false;

  /// Injected stalls (see systemc::Stalls), SystemC engine only: they change cycles, never values.
  double commit_stall_probability = 0;
  std::int64_t max_start_delay = 0;
  std::uint64_t stall_seed = 0;

  std::int64_t steps() const;  ///< length of the run's program order
};

/// Maps a network for `batch` images at a time, as every schedule of a job is mapped; verified.
/// Throws base::InputError when it cannot be mapped.
std::shared_ptr<const schedule::Schedule> map_batch(const network::Network& network,
                                                    const arch::AcceleratorSpec& spec,
                                                    std::int64_t batch);

/// A job of a network for at most `batch` images at a time; its source has the network's name and
/// hash. Throws base::InputError when it cannot be mapped.
Job model_job(const arch::AcceleratorSpec& spec, network::Network network,
              std::vector<std::vector<std::uint8_t>> images, std::int64_t batch);

/// Maps every layer of a workload, whose seeded operands are drawn when it runs. Weights of all
/// layers are loaded in set-up if they fit together, else each layer fetches its own while it runs.
struct WorkloadOptions {
  bool timing = false;  ///< see Job::timing
  /// A layer whose input has the shape of the output of the layer before reads that, and both are
  /// in one part; as in a model, it stays on chip where it fits. Only for timing: operands are
  /// drawn for each layer all the same.
  bool chain = false;
};
Job workload_job(const arch::AcceleratorSpec& spec, const network::Workload& workload,
                 std::uint64_t seed, std::int64_t batch, const WorkloadOptions& options = {});

/// How many batches a part of the job is run in.
std::int64_t batch_count(const Part& part);

/// What the schedules of full batches use at most: the size of memories that are unlimited.
struct MemoryUse {
  std::int64_t weight_words = 0;
  std::int64_t activation_values = 0;
  std::int64_t accumulator_entries = 0;
};
MemoryUse memory_use(const Job& job);

/// The cells of the machine's memories; where one is unlimited, those that the schedules use.
fault::Memories memories(const Job& job);
/// What of the job begins at cycle 0, with the most cycles that a batch of it can take.
std::vector<fault::TimedPart> timed_parts(const Job& job);
inline fault::MemoryGeometry weight_sram(const Job& job) {
  return memories(job)[fault::MemoryId::kWeightSram];
}

}  // namespace lacuna::run
