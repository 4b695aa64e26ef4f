#include <nlohmann/json.hpp>

#include "report/text/run_text.hpp"
#include "run/figures.hpp"

namespace lacuna::report {
namespace {

using Json = nlohmann::ordered_json;
using run::Figure;
using run::FigureScope;

Json figure_json(const run::FigureValue& value) {
  if (const auto* count = std::get_if<std::int64_t>(&value)) return *count;
  if (const auto* ratio = std::get_if<double>(&value)) return *ratio;
  return nullptr;
}

/// The value at a dotted path, made where it is not there yet.
Json& at_path(Json& json, const std::string& path) {
  const std::size_t dot = path.find('.');
  if (dot == std::string::npos) return json[path];
  return at_path(json[path.substr(0, dot)], path.substr(dot + 1));
}

constexpr const char* kFaultGroup = "faults";  // behind the layers, with its origin

/// Of the whole run, what is absent is a group that is null.
void put_figures(Json& json, const run::FigureRow& row, FigureScope not_of, bool of_faults) {
  for (const Figure& figure : run::figures()) {
    if (figure.scope == not_of || (figure.group() == kFaultGroup) != of_faults) continue;
    const run::FigureValue value = figure.value(row);
    if (figure.may_be_absent && value.index() == 0) {
      if (not_of == FigureScope::kLayers) json[figure.group()] = nullptr;
      continue;
    }
    at_path(json, figure.key) = figure_json(value);
  }
}

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

/// The machine as in a file with every default filled in; of two keys that say the same, the one
/// that was given.
Json machine_json(const std::vector<arch::Field>& fields) {
  Json json;
  for (const arch::Field& field : fields) {
    Json& section = field.section.empty() ? json : json[field.section];
    std::visit(
        [&](const auto& value) {
          constexpr bool kGiven = !std::is_same_v<std::decay_t<decltype(value)>, std::monostate>;
          if constexpr (kGiven) section[field.key] = value;
        },
        field.value);
  }
  return json;
}

}  // namespace

std::string run_json(const run::RunRecord& record) {
  Json json;
  json["schema"] = "lacuna.run/1";
  json["program"] = {{"name", "lacuna"}, {"version", record.version}};
  if (!record.command.empty()) json["command"] = record.command;
  json["hashes"] = {{"hardware", record.hardware_sha256},
                    {record.workload ? "workload" : "model", record.network_sha256},
                    {"data", text_or_null(record.data_sha256)},
                    {"faults", text_or_null(record.fault_sha256)}};
  json["hardware"] = record.hardware;
  json["network"] = record.network;
  if (!record.input.empty()) json["input"] = record.input;
  json["engine"] = record.engine;
  json["images"] = record.images;
  json["batch"] = record.batch;
  json["seed"] = record.workload ? Json(record.seed) : Json(nullptr);
  json["clock_mhz"] = record.clock_mhz;
  json["machine"] = machine_json(record.machine);
  put_figures(json, run::whole_run(record), FigureScope::kLayers, false);
  if (record.energy) {
    json["energy"]["table"] = record.energy_table;
    json["energy"]["sha256"] = record.energy_sha256;
  }
  json["layers"] = Json::array();
  for (const run::LayerRecord& layer : record.layers) {
    Json row;
    row["name"] = layer.name;
    row["M"] = layer.m;
    row["N"] = layer.n;
    row["K"] = layer.k;
    row["groups"] = layer.groups;
    put_figures(row, run::of_layer(record, layer), FigureScope::kRun, false);
    json["layers"].push_back(std::move(row));
  }
  // Of one output they are the run's.
  for (std::size_t o = 0; record.change && o < record.outputs.size(); ++o) {
    if (record.outputs.size() == 1) break;
    Json row = {{"name", record.outputs[o]}};
    for (const run::DeviationFigure& figure : run::deviation_figures()) {
      row[figure.key] = figure_json(figure.value(record.change->outputs[o]));
    }
    json["outputs"].push_back(std::move(row));
  }
  json["faults"]["origin"] = record.fault_origin;
  put_figures(json, run::whole_run(record), FigureScope::kLayers, true);
  json["logits_sha256"] = text_or_null(record.logits_sha256);
  return json.dump(2) + "\n";
}

}  // namespace lacuna::report
