#include "run/load.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "base/printable.hpp"
#include "fault/fault_file.hpp"
#include "network/onnx_import.hpp"
#include "run/weight_cells.hpp"

namespace lacuna::run {
namespace {

constexpr std::int64_t kDefaultImages = 10;

void check_range(const base::Place& place, std::int64_t value, std::int64_t most) {
  if (value >= 1 && value <= most) return;
  throw base::InputError(place, "'" + std::to_string(value) + "' cannot be used",
                         "an integer from 1 to " + std::to_string(most) + " is allowed");
}

/// What the import knows and a run does not yet: an error, rather than another network's figures.
void check_runs(const network::Network& network) {
  const auto fail = [&](const std::string& key, const std::string& wrong) {
    throw base::InputError({network.file, 0, key}, wrong + ", which is checked, but not run yet");
  };
  for (const network::Layer& layer : network.layers) {
    const std::string key = "layer " + base::shown(layer.name);
    if (layer.kind == network::LayerKind::kConcat) fail(key, "joins maps (Concat)");
    if (!layer.logits && network.map(layer.output).sums) fail(key, "keeps its sums as a map");
  }
  if (network.input_codes || network.input_integers || !network.input_steps.empty()) {
    fail("input", "reads integers, or has arithmetic in front of its first quantiser");
  }
  const bool plain = network.outputs.size() == 1 && network.layers.back().logits &&
                     network.layers.back().m() == 1 && network.outputs[0].layer >= 0 &&
                     !network.outputs[0].quantised && network.outputs[0].function.empty() &&
                     network.outputs[0].tail == network::Tail::kNone;
  const std::vector<float>& scale = network.layers.back().scale;
  const bool one_scale = std::equal(scale.begin() + 1, scale.end(), scale.begin());
  if (!plain || !one_scale) {
    fail("output", "has another output than the sums of one last layer in one scale");
  }
}

}  // namespace

Model load_model(const std::string& path, const network::DataSet& data, std::int64_t images) {
  Model model;
  model.network = network::import_onnx(network::find_model(path));
  check_runs(model.network);
  network::check_data_fits(data, model.network);
  check_range({data.images_file, 0, "images"}, images, data.count());
  for (std::int64_t image = 0; image < images; ++image) {
    model.images.push_back(network::quantise_pixels(data, image, model.network));
    model.labels.push_back(data.labels[static_cast<std::size_t>(image)]);
  }
  model.data_sha256 = data.images_sha256;
  return model;
}

Job model_job(const arch::AcceleratorSpec& spec, const Model& model, std::int64_t batch) {
  Job job = model_job(spec, model.network, model.images, batch);
  job.source.data_sha256 = model.data_sha256;
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
    return workload_job(spec, network::load_workload(files.workload), files.seed, files.batch);
  }
  const network::DataSet data = network::load_test_set(files.data);
  const std::int64_t images = files.images.value_or(std::min(kDefaultImages, data.count()));
  return model_job(spec, load_model(files.model, data, images), files.batch);
}

fault::FaultPlan load_faults(const std::string& path, const Job& job) {
  const fault::FaultFile file(path);
  std::optional<JobWeightCells> weights;
  if (file.names_weights()) weights.emplace(job);
  return file.plan({weight_sram(job), weights ? &*weights : nullptr, job.steps()});
}

}  // namespace lacuna::run
