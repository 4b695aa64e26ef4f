#include "report/page_sections.hpp"

namespace lacuna::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kClasses[] = {"stream", "weight_load", "memory_wait", "post_wait", "idle"};

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
  json["layers"] = Json::array();
  const JsonInput layers = record.at("layers");
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const JsonInput layer = layers.at(i);
    Json row;
    row["name"] = layer.at("name").text();
    for (const char* name : {"M", "N", "K"}) row[name] = layer.at(name).count();
    row["density"] = layer.at("density").number_or_null();
    put_measures(row, layer);
    json["layers"].push_back(std::move(row));
  }
  const JsonInput faults = record.at("faults");
  json["faults"] = counts(faults, {"armed", "fired", "masked"});
  json["faults"]["origin"] = faults.at("origin").text();
  return json;
}

}  // namespace lacuna::report
