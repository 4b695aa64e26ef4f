#include "base/error.hpp"
#include "report/page/page_sections.hpp"
#include "run/figures.hpp"

namespace lacuna::report {
namespace {

using Json = nlohmann::ordered_json;

/// At the figure's path; what has no value is null.
void put(Json& json, const RecordFigure& figure, const RecordFile& record) {
  Json* place = &json;
  const std::string key = figure.key;
  std::size_t from = 0;
  for (std::size_t dot = key.find('.'); dot != std::string::npos; dot = key.find('.', from)) {
    place = &(*place)[key.substr(from, dot - from)];
    from = dot + 1;
  }
  Json& value = (*place)[key.substr(from)];
  if (const auto* count = std::get_if<std::int64_t>(&figure.value)) {
    constexpr std::int64_t kMost = std::int64_t{1} << 53;
    if (*count > kMost) {
      throw base::InputError({record.path, 0, key}, "is " + std::to_string(*count),
                             "a page shows counts of up to 2^53");
    }
    value = *count;
  } else if (const auto* ratio = std::get_if<double>(&figure.value)) {
    value = *ratio;
  } else if (const auto* text = std::get_if<std::string>(&figure.value)) {
    value = *text;
  }
}

Json figures_of(const std::vector<RecordFigure>& figures, const RecordFile& record) {
  Json json = Json::object();
  for (const RecordFigure& figure : figures) put(json, figure, record);
  return json;
}

}  // namespace

Json run_section(const RecordFile& record) {
  Json json = figures_of(record.figures, record);
  json["layers"] = Json::array();
  for (const RecordLayer& layer : record.layers) {
    json["layers"].push_back(figures_of(layer.figures, record));
  }
  json["outputs"] = Json::array();
  for (const RecordLayer& output : record.outputs) {
    json["outputs"].push_back(figures_of(output.figures, record));
  }
  return json;
}

Json run_figures() {
  Json classes = Json::array();
  for (const measure::CycleClass& own : measure::kCycleClasses) {
    classes.push_back({{"key", own.key}, {"name", own.name}});
  }
  Json components = Json::array();
  for (const run::EnergyComponent& own : run::kEnergyComponents) {
    components.push_back({{"key", std::string(own.key) + "_pj"}, {"name", own.name}});
  }
  Json list = Json::array();
  for (const run::Figure& figure : run::figures()) {
    list.push_back({{"key", figure.key},
                    {"column", figure.column},
                    {"unit", figure.unit},
                    {"meaning", figure.meaning},
                    {"share", figure.kind == run::FigureKind::kFraction},
                    {"of_run", figure.scope != run::FigureScope::kLayers}});
  }
  return {{"classes", classes}, {"components", components}, {"list", list}};
}

}  // namespace lacuna::report
