#include "report/text/sweep_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "base/error.hpp"
#include "explore/columns.hpp"
#include "explore/pareto.hpp"
#include "report/text/text_parts.hpp"

namespace lacuna::report {
namespace {

using explore::SweepRow;

/// Points that are in the Pareto set of their network or workload.
std::set<std::int64_t> pareto_points(const std::vector<SweepRow>& rows,
                                     const std::vector<std::string>& pareto) {
  std::set<std::int64_t> points;
  if (pareto.empty()) return points;
  std::vector<std::size_t> places;
  places.reserve(pareto.size());
  const auto& columns = explore::columns();
  for (const std::string& name : pareto) {
    places.push_back(static_cast<std::size_t>(explore::find_column(name) - columns.data()));
  }
  std::map<std::string, std::pair<std::vector<std::int64_t>, std::vector<std::vector<double>>>>
      inputs;
  for (const SweepRow& row : rows) {
    if (!row.result.mapped) continue;
    std::vector<double> figures;
    for (const std::size_t place : places) {
      const std::optional<double>& value = row.result.values[place];
      if (!value) break;
      figures.push_back(columns[place].less_is_better ? *value : -*value);
    }
    if (figures.size() != places.size()) continue;
    auto& own = inputs[row.point.input];
    own.first.push_back(row.point.number);
    own.second.push_back(std::move(figures));
  }
  for (const auto& [input, own] : inputs) {
    for (const std::size_t i : explore::pareto_set(own.second)) points.insert(own.first[i]);
  }
  return points;
}

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string result = "\"";
  for (const char c : text) result += c == '"' ? "\"\"" : std::string(1, c);
  return result + "\"";
}

std::string short_key(const std::string& key) { return key.substr(key.rfind('.') + 1); }

/// "/a/b/lenet5.csv" -> "lenet5".
std::string short_name(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  path = path.substr(path.rfind('/') + 1);
  return path.substr(0, path.rfind('.') == 0 ? std::string::npos : path.rfind('.'));
}

const std::optional<double>& found_value(const SweepRow& row, const char* column) {
  const auto* found = explore::find_column(column);
  return row.result.values[static_cast<std::size_t>(found - explore::columns().data())];
}

double value_of(const SweepRow& row, const char* column) {
  return found_value(row, column).value_or(0);
}

std::string energy_text(const SweepRow& row) {
  const std::optional<double>& value = found_value(row, "energy");
  constexpr double kNano = 1e-3;
  return value ? fmt::format("{:.1f}", kNano * *value) : "";
}

/// Which of the figures under faults a row shows: the first that there is.
std::string faults_figure(const SweepRow& row) {
  for (const explore::FaultFigures& f : row.result.faults) {
    if (f.top1) return "top-1";
    if (f.agreement) return "agreement";
    if (f.rmse) return "RMSE";
  }
  return "-";
}

/// The same: accuracy, agreement, or error of the outputs.
std::string faults_text(const explore::FaultFigures& f) {
  const auto share = [](const explore::FaultMean& own) {
    return fmt::format("{:.2f}% +- {:.2f}", 100 * own.mean, 50 * (own.upper - own.lower));
  };
  if (f.top1) return share(*f.top1);
  if (f.agreement) return share(*f.agreement);
  if (!f.rmse) return "-";
  return non_negative(f.rmse->mean, f.rmse->lower, f.rmse->upper);
}

/// What the figures under faults are; "" where they are accuracies.
std::string faults_note(const std::vector<SweepRow>& rows) {
  std::set<std::string> figures;
  for (const SweepRow& row : rows) figures.insert(faults_figure(row));
  std::string text;
  if (figures.count("agreement") > 0) {
    text += "\nagreement under faults: images whose top-1 is that of the fault-free run\n";
  }
  if (figures.count("RMSE") > 0) {
    text +=
        "\nRMSE under faults: of the outputs' values; in brackets its interval where that is cut "
        "at 0\n";
  }
  return text;
}

/// Names of the plan's, as columns have them.
std::vector<std::string> fault_settings(const explore::SweepPlan& plan) {
  std::vector<std::string> names;
  if (!plan.faults) return names;
  for (const double rate : plan.faults->rates) names.push_back(fmt::format("rate_{}", rate));
  for (const std::int64_t cells : plan.faults->cells) {
    names.push_back(fmt::format("cells_{}", cells));
  }
  return names;
}

/// Mean, deviation and interval of each setting; what there is not is empty.
std::string fault_cells(const SweepRow& row, std::size_t settings,
                        const explore::FaultMeanName& own) {
  std::string text;
  for (std::size_t i = 0; i < settings; ++i) {
    const bool known = i < row.result.faults.size() && row.result.faults[i].*own.member;
    if (!known) {
      text += ",,,,";
      continue;
    }
    const explore::FaultMean& f = *(row.result.faults[i].*own.member);
    text += fmt::format(",{:.6g},{:.6g},{:.6g},{:.6g}", f.mean, f.deviation, f.lower, f.upper);
  }
  return text;
}

}  // namespace

std::string sweep_tables(const explore::SweepStore& store, const std::vector<std::string>& pareto) {
  const explore::SweepPlan& plan = store.plan();
  const std::vector<SweepRow> rows = store.rows();
  const std::set<std::int64_t> best = pareto_points(rows, pareto);
  std::string text = fmt::format(
      "{}{}: {} of {} points of {}\n(cycles an image; of the cycles: stream, weight load, memory "
      "wait, post wait;\nstuck: weights that one stuck cell touches{})\n\n",
      plan.name, store.shard() ? ", shard " + store.shard()->text() : "", rows.size(),
      store.points(), plan.machine,
      plan.faults ? "; faults: mean over maps of what stands there" : "");
  std::vector<std::size_t> widths;
  text += fmt::format("{:<20}", "network");
  for (const explore::Axis& axis : plan.axes) {
    std::size_t width = short_key(axis.key).size();
    for (const std::string& value : axis.values) width = std::max(width, value.size());
    widths.push_back(width + 1);
    text += fmt::format("{:>{}}", short_key(axis.key), widths.back());
  }
  text += fmt::format(" {:>11} {:>5} {:>5} {:>5} {:>5} {:>8} {:>8} {:>11} {:>9} {:>8} {:>7}",
                      "cycles", "strm", "load", "mem", "post", "speed-up", "streams", "DRAM bytes",
                      "nJ", "stuck", "top-1");
  std::vector<std::string> fault_heads;
  if (plan.faults) {
    for (const double rate : plan.faults->rates)
      fault_heads.push_back(fmt::format("rate {}", rate));
    for (const std::int64_t cells : plan.faults->cells) {
      fault_heads.push_back(fmt::format("{} cells", cells));
    }
  }
  std::size_t faults_width = 16;
  for (const SweepRow& row : rows) {
    for (const explore::FaultFigures& f : row.result.faults) {
      faults_width = std::max(faults_width, faults_text(f).size());
    }
  }
  if (plan.faults) text += fmt::format(" {:>9}", "faults:");
  for (const std::string& head : fault_heads) text += fmt::format(" {:>{}}", head, faults_width);
  text += pareto.empty() ? "\n" : "  Pareto\n";
  for (const SweepRow& row : rows) {
    text += fmt::format("{:<20}", short_name(row.point.input).substr(0, 19));
    for (std::size_t i = 0; i < plan.axes.size(); ++i) {
      text += fmt::format("{:>{}}", row.point.values[i], widths[i]);
    }
    if (!row.result.mapped) {
      text += " cannot be mapped: " + row.result.reason + "\n";
      continue;
    }
    const double cycles = value_of(row, "cycles");
    const auto share = [&](const char* column) { return 100 * value_of(row, column) / cycles; };
    text += fmt::format(
        " {:>11.1f} {:>4.0f}% {:>4.0f}% {:>4.0f}% {:>4.0f}% {:>7.3f}x {:>7.3f}x {:>11.1f} {:>9} "
        "{:>8.2f}",
        cycles, share("stream_cycles"), share("weight_load"), share("memory_wait"),
        share("post_wait"), value_of(row, "speedup"), value_of(row, "stream_speedup"),
        value_of(row, "dram_bytes"), energy_text(row), value_of(row, "weights_a_cell"));
    text += row.point.workload         ? fmt::format(" {:>7}", "")
            : found_value(row, "top1") ? fmt::format(" {:>6.2f}%", 100 * value_of(row, "top1"))
                                       : fmt::format(" {:>7}", "-");
    if (plan.faults) text += fmt::format(" {:>9}", faults_figure(row));
    for (const explore::FaultFigures& f : row.result.faults) {
      text += fmt::format(" {:>{}}", faults_text(f), faults_width);
    }
    text += best.count(row.point.number) > 0 ? "  *\n" : "\n";
  }
  text += faults_note(rows);
  if (!pareto.empty()) {
    text += fmt::format("\n* no other point of the same network is as good in {}{}\n",
                        base::join(pareto), " and better in one");
  }
  return text;
}

std::string sweep_csv(const explore::SweepStore& store, const std::vector<std::string>& pareto) {
  const explore::SweepPlan& plan = store.plan();
  const std::vector<SweepRow> rows = store.rows();
  const std::set<std::int64_t> best = pareto_points(rows, pareto);
  std::string text = "point,input";
  for (const explore::Axis& axis : plan.axes) text += "," + quoted(axis.key);
  text += ",status";
  for (const explore::Column& column : explore::columns()) text += "," + column.header;
  const std::vector<std::string> settings = fault_settings(plan);
  const explore::FaultMeanName& top1 = explore::kFaultMeans[0];
  const auto heads = [&](const explore::FaultMeanName& own) {
    for (const std::string& setting : settings) {
      for (const char* figure : {"mean", "sd", "lower", "upper"}) {
        text += fmt::format(",{}_{}_{}", own.key, setting, figure);
      }
    }
  };
  heads(top1);
  // Scripts that count columns find those of before where they were.
  text += ",pareto,reason";
  for (const explore::FaultMeanName& own : explore::kFaultMeans) {
    if (&own != &top1) heads(own);
  }
  for (const std::string& setting : settings) text += fmt::format(",sqnr_{}_db", setting);
  text += '\n';
  for (const SweepRow& row : rows) {
    text += fmt::format("{},{}", row.point.number, quoted(row.point.input));
    for (const std::string& value : row.point.values) text += "," + quoted(value);
    text += row.result.mapped ? ",done" : ",unmappable";
    for (const std::optional<double>& value : row.result.values) {
      text += value ? fmt::format(",{:.12g}", *value) : ",";
    }
    text += fault_cells(row, settings.size(), top1);
    text += fmt::format(",{},{}", best.count(row.point.number), quoted(row.result.reason));
    for (const explore::FaultMeanName& own : explore::kFaultMeans) {
      if (&own != &top1) text += fault_cells(row, settings.size(), own);
    }
    for (std::size_t i = 0; i < settings.size(); ++i) {
      const bool known = i < row.result.faults.size() && row.result.faults[i].sqnr_db;
      text += known ? fmt::format(",{:.6g}", *row.result.faults[i].sqnr_db) : ",";
    }
    text += '\n';
  }
  return text;
}

std::string sweep_json(const explore::SweepStore& store, const std::vector<std::string>& pareto) {
  using Json = nlohmann::ordered_json;
  const explore::SweepPlan& plan = store.plan();
  const std::vector<SweepRow> rows = store.rows();
  const std::set<std::int64_t> best = pareto_points(rows, pareto);
  Json json;
  json["schema"] = "lacuna.sweep/2";
  json["program"] = {{"name", "lacuna"}, {"version", store.program_version()}};
  json["plan"] = plan.text;
  json["hashes"] = {{"plan", plan.sha256}, {"inputs", store.inputs_sha256()}};
  json["columns"] = Json::array();
  for (const explore::Column& column : explore::columns()) {
    json["columns"].push_back({{"name", column.key},
                               {"unit", column.unit},
                               {"better", column.less_is_better ? "less" : "more"},
                               {"meaning", column.meaning}});
  }
  json["points"] = Json::array();
  for (const SweepRow& row : rows) {
    Json point = {{"point", row.point.number}, {"input", row.point.input}};
    for (std::size_t i = 0; i < plan.axes.size(); ++i) {
      point["grid"][plan.axes[i].key] = row.point.values[i];
    }
    point["status"] = row.result.mapped ? "done" : "unmappable";
    if (!row.result.mapped) {
      point["reason"] = row.result.reason;
      json["points"].push_back(std::move(point));
      continue;
    }
    for (std::size_t i = 0; i < explore::columns().size(); ++i) {
      const std::optional<double>& value = row.result.values[i];
      point["figures"][explore::columns()[i].key] = value ? Json(*value) : Json();
    }
    for (const explore::FaultFigures& f : row.result.faults) {
      point["faults"].push_back(explore::faults_json(f));
    }
    point["pareto"] = best.count(row.point.number) > 0;
    json["points"].push_back(std::move(point));
  }
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace lacuna::report
