// A figure that is declared is everywhere: in JSON, in CSV, in what is read back, in comparisons,
// in pages and in docs/formats.md.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "arch/energy_table.hpp"
#include "base/file.hpp"
#include "explore/columns.hpp"
#include "report/json/comparison.hpp"
#include "report/page/page_sections.hpp"
#include "run/figures.hpp"
#include "unit/compare/sample_record.hpp"

namespace lacuna {
namespace {

using Json = nlohmann::ordered_json;
using run::Figure;
using run::FigureScope;

run::RunRecord full_record() {
  run::RunRecord record = test::sample_record();
  const arch::EnergyTable table =
      arch::load_energy_table(LACUNA_SOURCE_DIR "/hw_configs/energy/published_45nm.yaml");
  run::add_energy(record, test::sample_job(), table);
  test::give_change(record);
  return record;
}

Json::json_pointer pointer(std::string key) {
  std::replace(key.begin(), key.end(), '.', '/');
  return Json::json_pointer("/" + key);
}

/// The value that is read back is the one that was made.
void expect_read(const Figure& figure, const run::FigureRow& row,
                 const std::vector<report::RecordFigure>& read, const Json& written,
                 const Json& on_page) {
  const run::FigureValue value = figure.value(row);
  const report::RecordValue& back = report::value_of(read, figure.key);
  if (const auto* count = std::get_if<std::int64_t>(&value)) {
    EXPECT_EQ(back, report::RecordValue(*count)) << figure.key;
  } else if (const auto* ratio = std::get_if<double>(&value)) {
    EXPECT_EQ(back, report::RecordValue(*ratio)) << figure.key;
  } else {
    EXPECT_EQ(back, report::RecordValue()) << figure.key;
  }
  EXPECT_TRUE(written.contains(pointer(figure.key))) << figure.key;
  EXPECT_EQ(written.at(pointer(figure.key)), on_page.at(pointer(figure.key))) << figure.key;
}

TEST(Everywhere, GivenAFigureThenItIsWrittenReadComparedAndDrawn) {
  const run::RunRecord record = full_record();
  const std::string text = report::run_json(record);
  const Json json = Json::parse(text);
  const report::RecordFile file = report::record_from_bytes(text, "r.json");
  const Json page = report::run_section(file);
  const Json compared =
      Json::parse(report::comparison_json(report::compare_records(file, file), /*all=*/true));
  const auto is_compared = [](const Json& list, const std::string& key) {
    return std::any_of(list.begin(), list.end(),
                       [&](const Json& figure) { return figure["key"] == key; });
  };
  const std::string csv = report::run_csv(record);
  const std::string header = "," + csv.substr(0, csv.find('\n')) + ",";
  std::size_t columns = 0;
  for (const Figure& figure : run::figures()) {
    if (figure.scope != FigureScope::kLayers) {
      expect_read(figure, run::whole_run(record), file.figures, json, page);
      EXPECT_TRUE(is_compared(compared["run"], figure.key)) << figure.key;
    }
    if (figure.scope != FigureScope::kRun) {
      expect_read(figure, run::of_layer(record, record.layers[1]), file.layers[1].figures,
                  json["layers"][1], page["layers"][1]);
      EXPECT_TRUE(is_compared(compared["layers"][1]["figures"], figure.key)) << figure.key;
    }
    if (figure.column.empty()) continue;
    ++columns;
    EXPECT_NE(header.find("," + figure.column + ","), std::string::npos) << figure.column;
  }
  // layer, M, N, K and bound_by besides
  EXPECT_EQ(static_cast<std::size_t>(std::count(header.begin(), header.end(), ',')), columns + 6);
}

TEST(Everywhere, GivenASweepThenItHasTheFiguresThatSayWhatIsBetter) {
  explore::PointFigures point;
  point.record = full_record();
  for (const Figure& figure : run::figures()) {
    if (!figure.in_sweeps) continue;
    const explore::Column* column = explore::find_column(figure.column);
    ASSERT_NE(column, nullptr) << figure.column;
    EXPECT_TRUE(column->value(point)) << figure.column;
  }
}

std::string scope_text(const Figure& figure) {
  return figure.scope == FigureScope::kRun      ? "run"
         : figure.scope == FigureScope::kLayers ? "layers"
                                                : "both";
}

/// The table behind a mark of a page.
std::string table_behind(const std::string& page, const std::string& mark) {
  const std::string text = base::read_file(LACUNA_SOURCE_DIR "/docs/" + page, 1 << 20);
  const std::size_t at = text.find(mark + "\n\n");
  if (at == std::string::npos) return "the page has no " + mark;
  const std::size_t from = at + mark.size() + 2;
  return text.substr(from, text.find("\n\n", from) + 1 - from);
}

TEST(Everywhere, GivenTheFiguresThenThePageOfFormatsHasTheirTable) {
  std::string table =
      "| key | of | CSV column | unit | meaning |\n| --- | --- | --- | --- | --- |\n";
  for (const Figure& figure : run::figures()) {
    table += fmt::format("| `{}` | {} | {} | {} | {}{} |\n", figure.key, scope_text(figure),
                         figure.column, figure.unit, figure.meaning,
                         figure.added ? " (not in 0.1.0)" : "");
  }
  EXPECT_EQ(table_behind("formats.md", "<!-- sim/run/figures.cpp; a test holds them equal -->"),
            table);
}

TEST(Everywhere, GivenTheColumnsThenThePageOfSweepsHasTheirTable) {
  std::string table =
      "| CSV column | in JSON and stores | unit | meaning |\n"
      "| --- | --- | --- | --- |\n";
  bool components = false;
  for (const explore::Column& column : explore::columns()) {
    const bool component = column.key.rfind("energy_", 0) == 0;
    if (component && components) continue;
    components = components || component;
    table += component ? "| energy_*component*_pj | energy_*component* | pJ | each component "
                         "([energy.md](energy.md)) |\n"
                       : fmt::format("| {} | {} | {} | {} |\n", column.header,
                                     column.key == column.header ? "" : column.key, column.unit,
                                     column.meaning);
  }
  EXPECT_EQ(table_behind("sweeps.md", "<!-- sim/explore/columns.cpp; a test holds them equal -->"),
            table);
}

TEST(Everywhere, GivenThePageOnExtendingThenItsFigureIsInTheSource) {
  const std::string page = base::read_file(LACUNA_SOURCE_DIR "/docs/extending.md", 1 << 20);
  const std::string source = base::read_file(LACUNA_SOURCE_DIR "/sim/run/figures.cpp", 1 << 20);
  const std::size_t from = page.find("  Figure& intensity =");
  ASSERT_NE(from, std::string::npos);
  EXPECT_NE(source.find(page.substr(from, page.find("```", from) - from)), std::string::npos);
}

TEST(Columns, HeadersSayTheirUnitAndOldNamesAreRead) {
  for (const explore::Column& column : explore::columns()) {
    EXPECT_EQ(explore::find_column(column.key), &column);
    EXPECT_EQ(explore::find_column(column.header), &column);
    if (column.unit.empty() || column.unit == "x") continue;
    std::string header = column.header;
    std::string unit = column.unit.substr(0, column.unit.find('/'));
    std::transform(unit.begin(), unit.end(), unit.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    EXPECT_NE(header.find(unit), std::string::npos) << header << " does not say " << column.unit;
  }
  EXPECT_EQ(explore::column_keys({"energy", "energy_pj", "weight_load"}, {}),
            (std::vector<std::string>{"energy", "energy", "weight_load"}));
}

}  // namespace
}  // namespace lacuna
