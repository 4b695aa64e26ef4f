#include "campaign/trial.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/sha256.hpp"
#include "engine/run_record.hpp"
#include "fault/sampler.hpp"
#include "network/data_set.hpp"
#include "network/onnx_import.hpp"

namespace lacuna::campaign {

const char* trial_status_name(TrialStatus status) {
  switch (status) {
    case TrialStatus::kDone:
      return "done";
    case TrialStatus::kCrashed:
      return "crashed";
    case TrialStatus::kTimedOut:
      return "timed_out";
  }
  return "";
}

TrialRunner::TrialRunner(const Plan& plan) : plan_(plan) {
  base::Sha256 inputs;
  const auto depend_on = [&](const std::string& sha256) {
    inputs.update(sha256.data(), sha256.size());
  };
  const network::DataSet data = network::load_test_set(plan.data);
  if (plan.images > data.count()) {
    throw base::InputError({plan.data, 0, "images"},
                           "the campaign asks for " + std::to_string(plan.images) + " images",
                           "there are " + std::to_string(data.count()));
  }
  depend_on(data.images_sha256);
  depend_on(data.labels_sha256);
  for (std::int64_t image = 0; image < plan.images; ++image) {
    labels_.push_back(data.labels[static_cast<std::size_t>(image)]);
  }
  std::vector<network::Network> networks;
  for (const std::string& path : plan.models) {
    networks.push_back(network::import_onnx(network::find_model(path)));
    network::check_data_fits(data, networks.back());
    model_names_.push_back(networks.back().name);
    depend_on(networks.back().sha256);
  }
  for (const std::string& path : plan.machines) {
    const arch::AcceleratorSpec spec = arch::load_spec(path);
    machine_names_.push_back(spec.name);
    depend_on(spec.sha256);
    for (const network::Network& network : networks) {
      std::vector<std::vector<std::uint8_t>> images;
      for (std::int64_t image = 0; image < plan.images; ++image) {
        images.push_back(network::quantise_pixels(data, image, network));
      }
      Pair pair;
      pair.job = engine::model_job(spec, network, std::move(images), plan.batch);
      pairs_.push_back(std::move(pair));
    }
  }
  inputs_sha256_ = inputs.hex();
  for (Pair& pair : pairs_) {
    const engine::Measurement measured = engine::simulate(pair.job, engine::EngineKind::kFast);
    const std::int64_t classes = pair.job.parts.front().network.classes();
    pair.golden.logits = measured.logits;
    for (std::int64_t image = 0; image < plan.images; ++image) {
      pair.golden.predictions.push_back(
          engine::top1(measured.logits.data() + image * classes, classes));
    }
    pair.golden.outcome = summarise(measured, &pair.golden, classes);
  }
}

const Golden& TrialRunner::golden(std::size_t machine, std::size_t model) const {
  return pair(machine, model).golden;
}

TrialOutcome TrialRunner::summarise(const engine::Measurement& measured, const Golden* golden,
                                    std::int64_t classes) const {
  TrialOutcome outcome;
  outcome.armed = static_cast<std::int64_t>(measured.faults.size());
  outcome.fired =
      std::count_if(measured.faults.begin(), measured.faults.end(),
                    [](const base::FaultOutcome& fault) { return fault.reads_changed > 0; });
  for (const base::LayerCounters& layer : measured.layers) {
    outcome.cycles += layer.cycles.total().value;
  }
  for (std::size_t image = 0; image < labels_.size(); ++image) {
    const auto first = static_cast<std::int64_t>(image) * classes;
    const std::int32_t* logits = measured.logits.data() + first;
    const int predicted = engine::top1(logits, classes);
    outcome.correct += predicted == labels_[image] ? 1 : 0;
    if (std::equal(logits, logits + classes, golden->logits.data() + first)) {
      ++outcome.masked;
    } else if (predicted == golden->predictions[image]) {
      ++outcome.benign;
    } else {
      ++outcome.sdc;
    }
  }
  outcome.logits_sha256 = measured.logits_sha256;
  return outcome;
}

TrialOutcome TrialRunner::run(const Trial& trial, engine::EngineKind kind) const {
  const Pair& own = pair(trial.machine, trial.model);
  const fault::FaultPlan faults =
      fault::sample_map(engine::weight_sram(own.job), trial.rate, trial.map_seed, trial.kind);
  const engine::Measurement measured = engine::simulate(own.job, faults, kind);
  return summarise(measured, &own.golden, own.job.parts.front().network.classes());
}

}  // namespace lacuna::campaign
