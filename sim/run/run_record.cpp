#include "run/run_record.hpp"

#include <algorithm>

#include "base/printable.hpp"
#include "network/outputs.hpp"
#include "run/version.hpp"

namespace lacuna::run {

std::int64_t RunRecord::correct() const { return correct_images(predictions, labels); }

void add_energy(RunRecord& record, const Job& job, const arch::EnergyTable& table) {
  record.energy_table = table.name;
  record.energy_sha256 = table.sha256;
  record.energy = Energy();
  for (LayerRecord& layer : record.layers) {
    layer.energy = energy_of(layer.counters, job, table);
    *record.energy += *layer.energy;
  }
}

void add_change(RunRecord& record, const Job& job, const std::vector<std::int32_t>& fault_free) {
  const network::Network& network = job.parts.front().network;
  record.change = FaultFree(network, fault_free).compare(record.logits);
  for (const network::Output& output : network.outputs) {
    record.outputs.push_back(base::printable(output.name));
  }
}

std::int64_t correct_images(const std::vector<int>& top1, const std::vector<int>& labels) {
  const std::size_t images = std::min(top1.size(), labels.size());
  int count = 0;  // as wide as what is compared, so that it is vector code
  for (std::size_t i = 0; i < images; ++i) count += labels[i] == top1[i] ? 1 : 0;
  return count;
}

RunRecord make_record(const Job& job, EngineKind kind, const Measurement& measurement,
                      const std::vector<measure::LayerCounters>& dense) {
  RunRecord record;
  record.version = kVersion;
  record.engine = std::string(engine_name(kind)) + (job.timing ? "-timing" : "");
  record.hardware = job.spec.name;
  record.hardware_sha256 = job.spec.sha256;
  record.network = job.source.network;
  record.network_sha256 = job.source.network_sha256;
  record.data_sha256 = job.source.data_sha256;
  record.input = job.source.input;
  record.workload = job.source.workload;
  record.seed = job.source.seed;
  record.fault_origin = job.plan.origin;
  record.fault_sha256 = job.plan.sha256;
  record.batch = job.parts.front().schedule->batch;
  record.weight_bits = job.spec.precision.weight_bits;
  record.activation_bits = job.spec.precision.activation_bits;
  record.bitmap_word_bits = job.spec.bitmap_word_bits();
  record.clock_mhz = job.spec.clock_mhz;
  record.machine = arch::fields(job.spec);
  record.pes = std::int64_t{job.spec.array.rows} * job.spec.array.cols;
  record.weights_per_pe = job.spec.array.weights_per_pe;
  record.setup = measurement.setup;
  record.logits_sha256 = measurement.logits_sha256;
  record.logits = measurement.logits;
  record.labels = job.source.labels;
  // A workload counts as one image.
  record.images = record.workload ? 1 : job.parts.front().image_count();

  std::size_t index = 0;
  for (const Part& part : job.parts) {
    for (const network::Layer& layer : part.network.layers) {
      LayerRecord row;
      row.name = layer.name;
      if (layer.is_gemm()) {
        row.m = layer.m();
        row.n = layer.out.channels;
        row.k = layer.k();
        row.groups = layer.groups;
      }
      row.counters = measurement.layers[index];
      record.total += row.counters;
      if (!dense.empty()) {
        row.dense = dense[index].cycles;
        if (!record.dense) record.dense.emplace();
        *record.dense += *row.dense;
      }
      record.layers.push_back(std::move(row));
      ++index;
    }
  }
  record.faults_armed = static_cast<std::int64_t>(measurement.faults.size());
  record.faults_fired =
      std::count_if(measurement.faults.begin(), measurement.faults.end(),
                    [](const measure::FaultOutcome& outcome) { return outcome.reads_changed > 0; });
  record.faults_masked = record.faults_armed - record.faults_fired;

  const network::Network& network = job.parts.front().network;
  if (!record.logits.empty() && network::class_output(network) >= 0) {
    for (std::int64_t image = 0; image < record.images; ++image) {
      record.predictions.push_back(
          network::top1(network, record.logits.data() + image * network.output_values()));
    }
  }
  return record;
}

}  // namespace lacuna::run
