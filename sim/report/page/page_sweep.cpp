#include <algorithm>
#include <map>

#include "explore/columns.hpp"
#include "report/page/packed.hpp"
#include "report/page/page_sections.hpp"

namespace lacuna::report {
namespace {

using Json = nlohmann::ordered_json;
using explore::FaultFigures;
using explore::FaultMean;
using explore::SweepRow;

/// What faults a figure under faults is of.
struct Setting {
  const char* measure;
  double value;
};

std::vector<Setting> settings_of(const explore::SweepPlan& plan) {
  std::vector<Setting> settings;
  if (!plan.faults) return settings;
  for (const double rate : plan.faults->rates) settings.push_back({"rate", rate});
  for (const std::int64_t cells : plan.faults->cells) {
    settings.push_back({"cells", static_cast<double>(cells)});
  }
  return settings;
}

template <typename Value>
Json integers(const std::vector<SweepRow>& rows, const Value& value) {
  std::vector<std::int64_t> column;
  column.reserve(rows.size());
  for (const SweepRow& row : rows) column.push_back(static_cast<std::int64_t>(value(row)));
  return packed_column(column);
}

template <typename Value>
Json reals(const std::vector<SweepRow>& rows, const Value& value) {
  std::vector<std::optional<double>> column;
  column.reserve(rows.size());
  for (const SweepRow& row : rows) column.push_back(value(row));
  return packed_reals(column);
}

Json faults_json(const std::vector<SweepRow>& rows, const explore::SweepPlan& plan) {
  Json list = Json::array();
  const std::vector<Setting> settings = settings_of(plan);
  for (std::size_t i = 0; i < settings.size(); ++i) {
    for (const explore::FaultMeanName& own : explore::kFaultMeans) {
      const auto mean_of = [&, i](const SweepRow& row) -> const std::optional<FaultMean>& {
        static const std::optional<FaultMean> kNone;
        return i < row.result.faults.size() ? row.result.faults[i].*own.member : kNone;
      };
      if (std::none_of(rows.begin(), rows.end(),
                       [&](const SweepRow& row) { return mean_of(row).has_value(); })) {
        continue;
      }
      const auto figure = [&](double FaultMean::*member) {
        return reals(rows, [&](const SweepRow& row) -> std::optional<double> {
          const std::optional<FaultMean>& mean = mean_of(row);
          return mean ? std::optional((*mean).*member) : std::nullopt;
        });
      };
      list.push_back({{"figure", own.key},
                      {"share", own.share},
                      {"measure", settings[i].measure},
                      {"value", settings[i].value},
                      {"mean", figure(&FaultMean::mean)},
                      {"lower", figure(&FaultMean::lower)},
                      {"upper", figure(&FaultMean::upper)}});
    }
  }
  return list;
}

Json grid_json(const std::vector<SweepRow>& rows, const explore::SweepPlan& plan) {
  Json axes = Json::array();
  for (std::size_t i = 0; i < plan.axes.size(); ++i) {
    std::map<std::string, std::size_t> places;
    for (const std::string& value : plan.axes[i].values) places.emplace(value, places.size());
    axes.push_back({{"key", plan.axes[i].key},
                    {"values", plan.axes[i].values},
                    {"at", integers(rows, [&, i](const SweepRow& row) {
                       return places.at(row.point.values[i]);
                     })}});
  }
  return axes;
}

}  // namespace

Json sweep_section(const explore::SweepStore& store) {
  store.expect_whole();
  const explore::SweepPlan& plan = store.plan();
  const std::vector<SweepRow> rows = store.rows();
  std::vector<std::string> inputs = plan.models;
  inputs.insert(inputs.end(), plan.workloads.begin(), plan.workloads.end());
  Json json = {{"name", plan.name},
               {"version", store.program_version()},
               {"command", store.command()},
               {"hashes", {{"plan", plan.sha256}, {"inputs", store.inputs_sha256()}}},
               {"machine", plan.machine},
               {"images", plan.images},
               {"maps", plan.faults ? plan.faults->maps : 0},
               {"confidence", plan.confidence},
               {"where", plan.where},
               {"pareto", plan.pareto},
               {"planned", store.points()},
               {"points", rows.size()},
               {"inputs", inputs}};
  json["number"] = integers(rows, [](const SweepRow& row) { return row.point.number; });
  json["input"] = integers(rows, [&](const SweepRow& row) {
    return std::find(inputs.begin(), inputs.end(), row.point.input) - inputs.begin();
  });
  json["axes"] = grid_json(rows, plan);
  json["columns"] = Json::array();
  for (std::size_t i = 0; i < explore::columns().size(); ++i) {
    const explore::Column& column = explore::columns()[i];
    json["columns"].push_back(
        {{"name", column.key},
         {"header", column.header},
         {"unit", column.unit},
         {"meaning", column.meaning},
         {"less", column.less_is_better},
         {"values", reals(rows, [i](const SweepRow& row) { return row.result.values[i]; })}});
  }
  json["faults"] = faults_json(rows, plan);
  json["mapped"] = integers(rows, [](const SweepRow& row) { return row.result.mapped; });
  Json reasons = Json::array();
  for (const SweepRow& row : rows) {
    if (!row.result.mapped) reasons.push_back(row.result.reason);
  }
  json["reasons"] = packed_json(reasons);
  return json;
}

}  // namespace lacuna::report
