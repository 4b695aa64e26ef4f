#include "run/load.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "fault/fault_file.hpp"
#include "network/onnx_import.hpp"
#include "network/outputs.hpp"
#include "run/value_cells.hpp"
#include "run/weight_cells.hpp"

namespace lacuna::run {
namespace {

constexpr std::int64_t kDefaultImages = 10;

void check_range(const base::Place& place, std::int64_t value, std::int64_t most) {
  if (value >= 1 && value <= most) return;
  throw base::InputError(place, "'" + std::to_string(value) + "' cannot be used",
                         "an integer from 1 to " + std::to_string(most) + " is allowed");
}

Model import_model(const std::string& path) {
  Model model;
  model.network = network::import_onnx(network::find_model(path));
  model.card = network::load_input_card(model.network.file);
  return model;
}

void add_images(Model& model, const network::DataSet& data, std::int64_t images) {
  network::check_data_fits(data, model.network, model.card);
  check_range({data.images_file, 0, "images"}, images, data.count());
  const network::Feeder feeder(data, model.network, model.card);
  feeder.check_range(images);
  const bool labelled = !data.labels.empty() && network::class_output(model.network) >= 0;
  for (std::int64_t image = 0; image < images; ++image) {
    model.images.push_back(feeder.codes(image));
    if (labelled) {
      model.labels.push_back(data.labels[static_cast<std::size_t>(image)]);
    }
  }
  model.data_sha256 = data.images_sha256;
  model.labels_sha256 = data.labels_sha256;
}

}  // namespace

Model load_model(const std::string& path, const network::DataSet& data, std::int64_t images) {
  Model model = import_model(path);
  add_images(model, data, images);
  return model;
}

std::vector<Model> load_models(const std::vector<std::string>& paths, const std::string& data,
                               std::optional<std::int64_t> images) {
  std::vector<Model> models;
  network::DataSet set;
  std::optional<network::RawFile> raw;
  for (const std::string& path : paths) {
    models.push_back(import_model(path));
    const auto& own = models.back().card.raw;
    if (models.size() == 1 || !(own == raw)) {
      raw = own;
      set = network::load_data(data, images.value_or(kDefaultImages), raw);
    }
    add_images(models.back(), set, images.value_or(std::min(kDefaultImages, set.count())));
  }
  return models;
}

Job model_job(const arch::AcceleratorSpec& spec, const Model& model, std::int64_t batch) {
  Job job = model_job(spec, model.network, model.images, batch);
  job.source.data_sha256 = model.data_sha256;
  job.source.input = model.card.text;
  job.source.labels = model.labels;
  return job;
}

Job load_job(const JobFiles& files) {
  if (files.model.empty() == files.workload.empty()) {
    throw base::InputError({"", 0, "model, workload"},
                           files.model.empty() ? "both are missing" : "both are given",
                           "exactly one is required");
  }
  check_range({"", 0, "batch"}, files.batch, kMaxBatch);
  const arch::AcceleratorSpec spec = arch::load_spec(files.machine, files.set);
  if (!files.workload.empty()) {
    return workload_job(spec, network::load_workload(files.workload), files.seed, files.batch,
                        {files.timing, files.chain});
  }
  Job job =
      model_job(spec, load_models({files.model}, files.data, files.images).front(), files.batch);
  job.timing = files.timing;
  if (job.timing) job.source.labels.clear();
  return job;
}

fault::FaultPlan load_faults(const std::string& path, const Job& job) {
  return tie_faults(fault::FaultFile(path), job);
}

fault::FaultPlan tie_faults(const fault::FaultFile& file, const Job& job) {
  std::optional<JobWeightCells> weights;
  if (file.names_weights()) weights.emplace(job);
  std::optional<JobValueCells> values;
  if (file.names_values()) values.emplace(job);
  fault::PlanTarget target{memories(job), weights ? &*weights : nullptr, job.steps(),
                           values ? &*values : nullptr};
  if (file.names_cycles()) target.parts = timed_parts(job);
  return file.plan(target);
}

}  // namespace lacuna::run
