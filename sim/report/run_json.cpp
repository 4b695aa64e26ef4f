#include <nlohmann/json.hpp>

#include "report/run_text.hpp"

namespace lacuna::report {
namespace {

using Json = nlohmann::ordered_json;

Json cycles_json(const measure::CycleClasses& c) {
  return {{"total", c.total().value},       {"weight_load", c.weight_load.value},
          {"stream", c.stream.value},       {"memory_wait", c.memory_wait.value},
          {"post_wait", c.post_wait.value}, {"idle", c.idle.value}};
}

Json ratio_json(base::Cycles slow, base::Cycles fast) {
  if (fast.value == 0) return nullptr;
  return static_cast<double>(slow.value) / static_cast<double>(fast.value);
}

void put_dense(Json& json, const std::optional<measure::CycleClasses>& dense,
               const measure::CycleClasses& own) {
  json["dense_cycles"] = dense ? Json(dense->total().value) : Json(nullptr);
  json["speedup"] = dense ? ratio_json(dense->total(), own.total()) : Json(nullptr);
  json["stream_speedup"] = dense ? ratio_json(dense->stream, own.stream) : Json(nullptr);
}

Json access_json(const measure::AccessCounts& counts, int bits) {
  return {{"reads", counts.reads}, {"writes", counts.writes}, {"bits", bits}};
}

void put_counters(Json& json, const measure::LayerCounters& counters,
                  const run::RunRecord& record) {
  json["macs"] = {{"total", counters.macs.total},
                  {"issued", counters.macs.issued},
                  {"gated", counters.macs.gated},
                  {"skipped", counters.macs.skipped}};
  json["stream"] = {{"work", counters.stream.work.value},
                    {"imbalance", counters.stream.imbalance.value},
                    {"fill_drain", counters.stream.fill_drain.value}};
  constexpr int kAccumulatorBits = 32;
  json["memory"] = {
      {"weight_sram", access_json(counters.weight_sram, record.weight_bits)},
      {"activation_sram", access_json(counters.activation_sram, record.activation_bits)},
      {"bitmap", access_json(counters.bitmap, record.bitmap_word_bits)},
      {"accumulator_sram", access_json(counters.accumulators, kAccumulatorBits)}};
  json["dram"] = {{"read_bytes", counters.dram_read.value},
                  {"written_bytes", counters.dram_written.value}};
}

Json energy_json(const run::Energy& e) {
  return {{"total_pj", e.total()},
          {"mac_pj", e.mac},
          {"gated_mac_pj", e.gated_mac},
          {"registers_pj", e.registers},
          {"weight_sram_pj", e.weight_sram},
          {"activation_sram_pj", e.activation_sram},
          {"bitmap_pj", e.bitmap},
          {"accumulator_sram_pj", e.accumulator_sram},
          {"dram_pj", e.dram},
          {"leakage_pj", e.leakage}};
}

}  // namespace

std::string run_json(const run::RunRecord& record) {
  Json json;
  json["schema"] = "lacuna.run/1";
  json["program"] = {{"name", "lacuna"}, {"version", record.version}};
  if (!record.command.empty()) json["command"] = record.command;
  json["hashes"] = {
      {"hardware", record.hardware_sha256},
      {record.workload ? "workload" : "model", record.network_sha256},
      {"data", record.data_sha256.empty() ? Json(nullptr) : Json(record.data_sha256)}};
  json["hardware"] = record.hardware;
  json["network"] = record.network;
  json["engine"] = record.engine;
  json["images"] = record.images;
  json["batch"] = record.batch;
  json["seed"] = record.workload ? Json(record.seed) : Json(nullptr);
  json["clock_mhz"] = record.clock_mhz;
  json["top1"] =
      record.labels.empty()
          ? Json(nullptr)
          : Json(static_cast<double>(record.correct()) / static_cast<double>(record.images));
  json["cycles"] = cycles_json(record.total.cycles);
  json["setup_cycles"] = record.setup.value;
  put_dense(json, record.dense, record.total.cycles);
  json["dense"] = record.dense ? cycles_json(*record.dense) : Json(nullptr);
  put_counters(json, record.total, record);
  if (record.energy) {
    json["energy"] = energy_json(*record.energy);
    json["energy"]["table"] = record.energy_table;
    json["energy"]["sha256"] = record.energy_sha256;
  } else {
    json["energy"] = nullptr;
  }
  json["layers"] = Json::array();
  for (const run::LayerRecord& layer : record.layers) {
    Json row;
    row["name"] = layer.name;
    row["M"] = layer.m;
    row["N"] = layer.n;
    row["K"] = layer.k;
    row["groups"] = layer.groups;
    row["density"] = layer.counters.input_values == 0
                         ? Json(nullptr)
                         : Json(static_cast<double>(layer.counters.input_nonzeros) /
                                static_cast<double>(layer.counters.input_values));
    row["input_values"] = layer.counters.input_values;
    row["input_nonzeros"] = layer.counters.input_nonzeros;
    row["cycles"] = cycles_json(layer.counters.cycles);
    put_dense(row, layer.dense, layer.counters.cycles);
    put_counters(row, layer.counters, record);
    const run::ActivationStorage storage =
        run::activation_storage(layer.counters, record.activation_bits);
    row["activation_storage"] = {{"plain_bits", storage.plain_bits},
                                 {"compressed_bits", storage.compressed_bits}};
    if (layer.energy) row["energy"] = energy_json(*layer.energy);
    json["layers"].push_back(std::move(row));
  }
  json["faults"] = {{"origin", record.fault_origin},
                    {"armed", record.faults_armed},
                    {"fired", record.faults_fired},
                    {"masked", record.faults_masked}};
  json["logits_sha256"] = record.logits_sha256;
  return json.dump(2) + "\n";
}

}  // namespace lacuna::report
