// The record of a small run, as the program writes it.
#pragma once

#include <string>

#include "report/text/run_text.hpp"
#include "unit/network/stack.hpp"

namespace lacuna::test {

/// Two images through a 1 x 1 convolution and a layer of three logits on a 2 x 2 array.
inline run::Job sample_job() {
  arch::AcceleratorSpec spec;
  spec.name = "small";
  spec.array.rows = 2;
  spec.array.cols = 2;
  spec.zero_skipping = arch::ZeroSkipping::kSkip;
  spec.weight_sram.word_bits = 64;
  spec.weight_sram.banks = 2;
  spec.activation_sram.word_bits = 64;
  spec.activation_sram.banks = 2;
  network::Layer conv;
  conv.name = "conv";
  conv.in = {1, 1, 4};
  conv.out = {1, 1, 4};
  conv.weights.assign(16, 1);
  conv.bias.assign(4, 0);
  conv.scale.assign(4, 1);
  network::Layer last;
  last.name = "fc";
  last.inputs = {1};
  last.in = {1, 1, 4};
  last.out = {1, 1, 3};
  last.weights = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  last.bias = {0, 0, 0};
  last.scale = {1, 1, 1};
  last.logits = true;
  network::Network network;
  network.name = "sample";
  network.layers = {conv, last};
  network::test::give_maps(network, conv.in);
  network.sha256 = "0123";
  run::Job job = run::model_job(spec, network, {{10, 0, 0, 40}, {1, 2, 0, 0}}, 1);
  job.source.data_sha256 = "4567";
  job.source.labels = {2, 0};
  return job;
}

inline run::RunRecord sample_record(bool dense = true) {
  const run::Job job = sample_job();
  run::RunRecord record =
      run::make_record(job, run::EngineKind::kFast, run::simulate(job, run::EngineKind::kFast),
                       dense ? run::simulate_dense(job, run::EngineKind::kFast)
                             : std::vector<measure::LayerCounters>{});
  record.command = "lacuna run --hw small.yaml --model 'sample net'";
  record.hardware_sha256 = "89ab";
  return record;
}

/// As if faults had changed the first sum by `by`.
inline void give_change(run::RunRecord& record, std::int32_t by = 1) {
  std::vector<std::int32_t> before = record.logits;
  before.front() -= by;
  run::add_change(record, sample_job(), before);
}

inline std::string sample_json(bool dense = true) { return report::run_json(sample_record(dense)); }

}  // namespace lacuna::test
