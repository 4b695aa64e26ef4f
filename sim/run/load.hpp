// From files to jobs: the one way by which the commands, campaigns, sweeps and other callers get
// them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/document.hpp"
#include "fault/fault_file.hpp"
#include "network/data/feeder.hpp"
#include "network/data_set.hpp"
#include "run/job.hpp"

namespace lacuna::run {

/// A network and the images that pass through it; serves any number of machines.
struct Model {
  network::Network network;
  std::vector<std::vector<std::uint8_t>> images;  ///< input codes, channels last
  std::vector<int> labels;                        ///< of the images; empty where there are none
  std::string data_sha256;                        ///< of the images' file
  std::string labels_sha256;                      ///< where they have a file of their own
  network::InputCard card;                        ///< what its card says of images
};

/// The model behind a path (see network::find_model) with the first `images` of the set. Throws
/// base::InputError, also where the set has fewer, or does not fit.
Model load_model(const std::string& path, const network::DataSet& data, std::int64_t images);

/// The same for several models and the data set behind a path (network::load_data), which is read
/// once, unless their cards describe raw files differently. Nothing for `images`: 10, or all of a
/// smaller set.
std::vector<Model> load_models(const std::vector<std::string>& paths, const std::string& data,
                               std::optional<std::int64_t> images);

/// The model on a machine. Throws base::InputError when it cannot be mapped.
Job model_job(const arch::AcceleratorSpec& spec, const Model& model, std::int64_t batch);

/// A whole job as a user names it.
struct JobFiles {
  std::string machine;
  std::vector<config::Override> set;  ///< of the machine's keys
  std::string model;                  ///< either this
  std::string workload;               ///< or this
  std::string data = network::kDefaultDataDir;
  std::optional<std::int64_t> images;  ///< nothing: 10, or all of a smaller set
  std::uint64_t seed = 1;              ///< of a workload's operands
  std::int64_t batch = 1;              ///< 1 to kMaxBatch
  bool timing = false;                 ///< see Job::timing
  bool chain = false;                  ///< see WorkloadOptions
};

inline constexpr std::int64_t kMaxBatch = 4096;

/// Throws base::InputError for what cannot be read, does not fit together or cannot be mapped, and
/// where not exactly one of model and workload is named.
Job load_job(const JobFiles& files);

/// The faults of a file that has been read, on the job's machine. Throws base::InputError.
fault::FaultPlan tie_faults(const fault::FaultFile& file, const Job& job);

/// The faults of a file on the job's machine. Throws base::InputError.
fault::FaultPlan load_faults(const std::string& path, const Job& job);

}  // namespace lacuna::run
