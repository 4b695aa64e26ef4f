#include "report/json/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "base/printable.hpp"
#include "run/figures.hpp"

namespace lacuna::report {
namespace {

using Json = nlohmann::ordered_json;

std::vector<ComparedFigure> side_by_side(const std::vector<RecordFigure>& a,
                                         const std::vector<RecordFigure>& b) {
  std::vector<ComparedFigure> figures;
  for (std::size_t i = 0; i < a.size(); ++i) {
    // What it ran on is compared by hashes; the command also names output files.
    if (std::string_view(a[i].key) == "command") continue;
    figures.push_back(
        {a[i].key, a[i].measured, a[i].value, b[i].value, !a[i].unknown && !b[i].unknown});
  }
  return figures;
}

/// Records of 0.1.0 say nothing of the machine but its name and hash.
void add_machines(const RecordFile& a, const RecordFile& b, std::vector<ComparedFigure>& figures) {
  if (a.machine.empty() || b.machine.empty()) return;
  const std::vector<ComparedFigure> machines = side_by_side(a.machine, b.machine);
  figures.insert(figures.end(), machines.begin(), machines.end());
}

bool any_differs(const std::vector<ComparedFigure>& figures) {
  return std::any_of(figures.begin(), figures.end(),
                     [](const ComparedFigure& figure) { return figure.differs(); });
}

/// b - a of two numbers of a kind.
std::optional<RecordValue> change(const ComparedFigure& figure) {
  if (!figure.measured) return std::nullopt;
  const auto* count_a = std::get_if<std::int64_t>(&figure.a);
  const auto* count_b = std::get_if<std::int64_t>(&figure.b);
  if (count_a != nullptr && count_b != nullptr) return *count_b - *count_a;
  const auto* ratio_a = std::get_if<double>(&figure.a);
  const auto* ratio_b = std::get_if<double>(&figure.b);
  if (ratio_a != nullptr && ratio_b != nullptr) return *ratio_b - *ratio_a;
  return std::nullopt;
}

double real(const RecordValue& value) {
  const auto* count = std::get_if<std::int64_t>(&value);
  return count != nullptr ? static_cast<double>(*count) : std::get<double>(value);
}

/// Decibels are a logarithm: a share of them means nothing.
bool is_level(const ComparedFigure& figure) {
  const std::vector<run::Figure>& all = run::figures();
  return std::any_of(all.begin(), all.end(), [&](const run::Figure& own) {
    return own.key == figure.key && own.kind == run::FigureKind::kLevel;
  });
}

/// (b - a) / a, where there is one.
std::optional<double> relative(const ComparedFigure& figure) {
  const std::optional<RecordValue> by = change(figure);
  if (!by || real(figure.a) == 0 || is_level(figure)) return std::nullopt;
  return real(*by) / real(figure.a);
}

bool is_hash(const ComparedFigure& figure) {
  const std::string& key = figure.key;
  return key.compare(0, 7, "hashes.") == 0 || key == "logits_sha256" || key == "energy.sha256";
}

/// As many digits as tell the two apart.
std::string ratio_text(double value, double other) {
  constexpr int kMostDecimals = 17;
  for (int decimals = 4; decimals <= kMostDecimals; ++decimals) {
    std::string text = fmt::format("{:.{}f}", value, decimals);
    if (value == other || text != fmt::format("{:.{}f}", other, decimals)) return text;
  }
  return fmt::format("{}", value);
}

std::string value_text(const ComparedFigure& figure, bool of_a) {
  const RecordValue& value = of_a ? figure.a : figure.b;
  if (const auto* count = std::get_if<std::int64_t>(&value)) return std::to_string(*count);
  if (const auto* ratio = std::get_if<double>(&value)) {
    if (!figure.measured) return fmt::format("{}", *ratio);
    const auto* other = std::get_if<double>(of_a ? &figure.b : &figure.a);
    return ratio_text(*ratio, other != nullptr ? *other : *ratio);
  }
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) return "-";
  // Enough of a hash to see that it is another one.
  constexpr std::size_t kHashDigits = 12;
  return is_hash(figure) ? text->substr(0, kHashDigits) : *text;
}

std::string change_text(const ComparedFigure& figure) {
  const std::optional<RecordValue> by = change(figure);
  if (!by || !figure.differs()) return "";
  if (const auto* count = std::get_if<std::int64_t>(&*by)) return fmt::format("{:+}", *count);
  const std::string text = fmt::format("{:+.4f}", std::get<double>(*by));
  return text.find_first_of("123456789") != std::string::npos
             ? text
             : fmt::format("{:+.2g}", std::get<double>(*by));
}

std::string relative_text(const ComparedFigure& figure) {
  const std::optional<double> part = relative(figure);
  constexpr double kPercent = 100;
  return part && figure.differs() ? fmt::format("{:+.2f}%", kPercent * *part) : "";
}

using Cells = std::vector<std::string>;

struct Section {
  std::string title;
  std::vector<Cells> rows;
};

Section section(const std::string& title, const std::vector<ComparedFigure>& figures, bool all,
                bool measured, bool unmeasured) {
  Section own{title, {}};
  for (const ComparedFigure& figure : figures) {
    if (!all && !figure.differs()) continue;
    if (figure.measured ? !measured : !unmeasured) continue;
    own.rows.push_back({figure.key, value_text(figure, true), value_text(figure, false),
                        change_text(figure), relative_text(figure)});
  }
  return own;
}

std::string sections_text(const std::vector<Section>& sections) {
  const Cells heads{"", "A", "B", "change", ""};
  std::vector<std::size_t> widths(heads.size());
  for (std::size_t i = 0; i < heads.size(); ++i) widths[i] = heads[i].size();
  for (const Section& own : sections) {
    widths[0] = std::max(widths[0], own.title.size());
    for (const Cells& row : own.rows) {
      for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
  }
  std::string text;
  const auto put = [&](const Cells& row) {
    std::string line = fmt::format("{:<{}}", row[0], widths[0]);
    for (std::size_t i = 1; i < row.size(); ++i) {
      line += fmt::format("  {:>{}}", row[i], widths[i]);
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  };
  for (const Section& own : sections) {
    if (own.rows.empty()) continue;
    text += '\n';
    Cells head = heads;
    head[0] = own.title;
    put(head);
    for (const Cells& row : own.rows) put(row);
  }
  return text;
}

std::string headline(const char* side, const RecordFile& file) {
  const auto text = [&](const char* key) {
    return std::get<std::string>(value_of(file.figures, key));
  };
  const auto count = [&](const char* key) {
    return std::get<std::int64_t>(value_of(file.figures, key));
  };
  return fmt::format("{}  {}: {} on {}, {} image{} in batches of {}, {} engine\n", side, file.path,
                     text("network"), text("hardware"), count("images"),
                     count("images") == 1 ? "" : "s", count("batch"), text("engine"));
}

Json value_json(const RecordValue& value) {
  if (const auto* count = std::get_if<std::int64_t>(&value)) return *count;
  if (const auto* ratio = std::get_if<double>(&value)) return *ratio;
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  return nullptr;
}

Json figures_json(const std::vector<ComparedFigure>& figures, bool all) {
  Json list = Json::array();
  for (const ComparedFigure& figure : figures) {
    if (!all && !figure.differs()) continue;
    const std::optional<RecordValue> by = change(figure);
    const std::optional<double> part = relative(figure);
    list.push_back({{"key", figure.key},
                    {"a", value_json(figure.a)},
                    {"b", value_json(figure.b)},
                    {"change", by ? value_json(*by) : Json(nullptr)},
                    {"relative", part ? Json(*part) : Json(nullptr)}});
  }
  return list;
}

/// The layers' places by name and by how many of that name came before.
using Places = std::map<std::pair<std::string, int>, std::size_t>;

Places places_of(const std::vector<RecordLayer>& layers) {
  Places places;
  std::map<std::string, int> seen;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    places.emplace(std::make_pair(layers[i].name, seen[layers[i].name]++), i);
  }
  return places;
}

/// As in a; then those that only b has.
std::vector<ComparedLayer> match(const std::vector<RecordLayer>& a,
                                 const std::vector<RecordLayer>& b, bool& reordered) {
  std::vector<ComparedLayer> list;
  const Places in_b = places_of(b);
  std::map<std::string, int> seen;
  std::vector<bool> matched(b.size());
  std::optional<std::size_t> last;
  for (const RecordLayer& layer : a) {
    ComparedLayer compared{layer.name, true, false, {}};
    const auto other = in_b.find({layer.name, seen[layer.name]++});
    if (other != in_b.end()) {
      compared.in_b = true;
      compared.figures = side_by_side(layer.figures, b[other->second].figures);
      matched[other->second] = true;
      reordered = reordered || (last && other->second < *last);
      last = other->second;
    }
    list.push_back(std::move(compared));
  }
  for (std::size_t i = 0; i < b.size(); ++i) {
    if (!matched[i]) list.push_back({b[i].name, false, true, {}});
  }
  return list;
}

bool any_differs(const std::vector<ComparedLayer>& layers) {
  return std::any_of(layers.begin(), layers.end(),
                     [](const ComparedLayer& layer) { return layer.differs(); });
}

Json layers_json(const std::vector<ComparedLayer>& layers, bool all) {
  Json list = Json::array();
  for (const ComparedLayer& layer : layers) {
    if (!all && !layer.differs()) continue;
    list.push_back({{"name", layer.name},
                    {"in", layer.in_a ? (layer.in_b ? "both" : "a") : "b"},
                    {"figures", figures_json(layer.figures, all)}});
  }
  return list;
}

}  // namespace

bool ComparedLayer::differs() const { return !in_a || !in_b || any_differs(figures); }

bool Comparison::differs() const {
  return reordered || any_differs(figures) || any_differs(layers) || any_differs(outputs);
}

Comparison compare_records(RecordFile a, RecordFile b) {
  Comparison result;
  result.figures = side_by_side(a.figures, b.figures);
  add_machines(a, b, result.figures);
  result.layers = match(a.layers, b.layers, result.reordered);
  bool any_order = false;
  if (!a.outputs.empty() && !b.outputs.empty()) {
    result.outputs = match(a.outputs, b.outputs, any_order);
  }
  result.a = std::move(a);
  result.b = std::move(b);
  return result;
}

std::string comparison_text(const Comparison& comparison, bool all) {
  std::string text = headline("A", comparison.a) + headline("B", comparison.b);
  std::vector<Section> sections;
  sections.push_back(section("what was run", comparison.figures, all, false, true));
  sections.push_back(section("whole run", comparison.figures, all, true, false));
  std::string equal;
  std::string alone;
  const auto add = [&](const std::vector<ComparedLayer>& list, const std::string& of) {
    for (const ComparedLayer& layer : list) {
      if (!layer.in_a || !layer.in_b) {
        alone += fmt::format("only in {}: {}{}\n", layer.in_a ? "A" : "B", of, layer.name);
        continue;
      }
      if (!layer.differs()) equal += (equal.empty() ? "" : ", ") + of + layer.name;
      sections.push_back(section(of + layer.name, layer.figures, all, true, true));
    }
  };
  add(comparison.layers, "");
  add(comparison.outputs, "output ");
  text += sections_text(sections);
  if (!comparison.differs()) return text + "\nequal in every figure\n";
  if (value_of(comparison.a.figures, "images") != value_of(comparison.b.figures, "images")) {
    alone += "counts are sums over the images, of which A and B have different numbers\n";
  }
  if (comparison.reordered) alone += "the layers come in another order\n";
  if (!equal.empty()) alone += "equal: " + equal + '\n';
  return alone.empty() ? text : text + '\n' + alone;
}

std::string comparison_json(const Comparison& comparison, bool all) {
  Json json;
  json["schema"] = "lacuna.compare/1";
  json["a"] = base::printable(comparison.a.path);
  json["b"] = base::printable(comparison.b.path);
  json["equal"] = !comparison.differs();
  json["reordered"] = comparison.reordered;
  json["run"] = figures_json(comparison.figures, all);
  json["layers"] = layers_json(comparison.layers, all);
  if (!comparison.outputs.empty()) json["outputs"] = layers_json(comparison.outputs, all);
  // Paths are any bytes.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace lacuna::report
