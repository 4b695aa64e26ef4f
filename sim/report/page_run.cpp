#include <cmath>

#include "report/page_sections.hpp"

namespace lacuna::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kClasses[] = {"stream", "weight_load", "memory_wait", "post_wait", "idle"};
constexpr const char* kComponents[] = {
    "mac",    "gated_mac",        "registers", "weight_sram", "activation_sram",
    "bitmap", "accumulator_sram", "dram",      "leakage"};

Json cycles_of(const JsonInput& cycles) {
  Json result;
  std::int64_t sum = 0;
  for (const char* name : kClasses) {
    const std::int64_t count = cycles.at(name).count();
    result[name] = count;
    sum += count;
  }
  if (cycles.at("total").count() != sum) cycles.fail("the classes do not add up to the total");
  result["total"] = sum;
  return result;
}

/// Picojoules by component; null without an energy table.
Json energy_of(const JsonInput& parent) {
  if (!parent.has("energy") || parent.at("energy").raw().is_null()) return nullptr;
  const JsonInput energy = parent.at("energy");
  Json result;
  double sum = 0;
  for (const std::string name : kComponents) {
    const JsonInput part = energy.at((name + "_pj").c_str());
    const double value = part.number();
    if (value < 0) part.fail("is below 0");
    result[name] = value;
    sum += value;
  }
  const double total = energy.at("total_pj").number();
  constexpr double kRounding = 1e-9;
  if (std::abs(total - sum) > kRounding * sum) {
    energy.fail("the components do not add up to the total");
  }
  result["total"] = total;
  return result;
}

Json counts(const JsonInput& parent, std::initializer_list<const char*> names) {
  Json result;
  for (const char* name : names) result[name] = parent.at(name).count();
  return result;
}

void put_measures(Json& json, const JsonInput& from) {
  json["cycles"] = cycles_of(from.at("cycles"));
  json["dense_cycles"] = from.at("dense_cycles").count_or_null();
  for (const char* name : {"speedup", "stream_speedup"}) {
    json[name] = from.at(name).number_or_null();
  }
  json["macs"] = counts(from.at("macs"), {"total", "issued", "gated", "skipped"});
  json["energy"] = energy_of(from);
  json["dram"] = counts(from.at("dram"), {"read_bytes", "written_bytes"});
}

}  // namespace

Json run_section(const JsonInput& record) {
  Json json;
  json["version"] = record.at("program").at("version").text();
  if (record.has("command")) json["command"] = record.at("command").text();
  for (const char* name : {"hardware", "network", "engine"}) json[name] = record.at(name).text();
  json["hashes"] = Json::object();
  const JsonInput hashes = record.at("hashes");
  for (const char* name : {"hardware", "model", "workload", "data"}) {
    if (hashes.has(name)) json["hashes"][name] = hashes.at(name).text();
  }
  json["images"] = record.at("images").count();
  if (json["images"] == 0) record.at("images").fail("is 0", "at least 1 is needed");
  json["batch"] = record.at("batch").count();
  json["clock_mhz"] = record.at("clock_mhz").count();
  json["top1"] = record.at("top1").number_or_null();
  json["setup_cycles"] = record.at("setup_cycles").count();
  put_measures(json, record);
  if (!json["energy"].is_null()) json["energy_table"] = record.at("energy").at("table").text();
  json["layers"] = Json::array();
  const JsonInput layers = record.at("layers");
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const JsonInput layer = layers.at(i);
    Json row;
    row["name"] = layer.at("name").text();
    for (const char* name : {"M", "N", "K"}) row[name] = layer.at(name).count();
    row["density"] = layer.at("density").number_or_null();
    put_measures(row, layer);
    if (row["energy"].is_null() != json["energy"].is_null()) {
      layer.fail("energy is of some layers only");
    }
    if (layer.has("activation_storage")) {
      row["storage"] = counts(layer.at("activation_storage"), {"plain_bits", "compressed_bits"});
    }
    json["layers"].push_back(std::move(row));
  }
  const JsonInput faults = record.at("faults");
  json["faults"] = counts(faults, {"armed", "fired", "masked"});
  json["faults"]["origin"] = faults.at("origin").text();
  return json;
}

}  // namespace lacuna::report
