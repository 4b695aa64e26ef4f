#include <fmt/format.h>

#include <algorithm>

#include "report/text/run_text.hpp"
#include "report/text/text_parts.hpp"
#include "run/figures.hpp"

namespace lacuna::report {
namespace {

using run::Figure;

/// What stood in a row before, in its order; other columns follow, and old scripts that count
/// columns find what they found.
constexpr const char* kFirstColumns[] = {"density",
                                         "cycles.total",
                                         "cycles.stream",
                                         "cycles.weight_load",
                                         "cycles.memory_wait",
                                         "cycles.post_wait",
                                         "cycles.idle",
                                         "stream.work",
                                         "stream.imbalance",
                                         "stream.fill_drain",
                                         "dense_cycles",
                                         "speedup",
                                         "stream_speedup",
                                         "macs.total",
                                         "macs.issued",
                                         "macs.gated",
                                         "macs.skipped",
                                         "array_utilisation",
                                         "dram.read_bytes",
                                         "dram.written_bytes",
                                         "dram_bytes_per_cycle"};

struct CsvColumns {
  std::vector<const Figure*> first;
  std::vector<const Figure*> later;  ///< behind what bounds the layer
};

CsvColumns csv_columns() {
  CsvColumns columns;
  for (const char* key : kFirstColumns) columns.first.push_back(&run::figure_of(key));
  for (const Figure& figure : run::figures()) {
    const auto is_first = [&](const Figure* own) { return own == &figure; };
    if (figure.column.empty() ||
        std::any_of(columns.first.begin(), columns.first.end(), is_first)) {
      continue;
    }
    columns.later.push_back(&figure);
  }
  // Those that only the last row has come last.
  std::stable_partition(columns.later.begin(), columns.later.end(),
                        [](const Figure* own) { return own->scope != run::FigureScope::kRun; });
  return columns;
}

std::string cell(const Figure& figure, const run::FigureRow& row, bool whole) {
  if (figure.scope == (whole ? run::FigureScope::kLayers : run::FigureScope::kRun)) return "";
  const run::FigureValue value = figure.value(row);
  if (const auto* count = std::get_if<std::int64_t>(&value)) return std::to_string(*count);
  const auto* ratio = std::get_if<double>(&value);
  return ratio != nullptr ? fmt::format("{:.6f}", *ratio) : "";
}

std::string csv_row(const CsvColumns& columns, const std::string& shape, const run::FigureRow& row,
                    bool whole) {
  std::string text = shape;
  for (const Figure* figure : columns.first) text += ',' + cell(*figure, row, whole);
  text += ',';
  text += bound_by(row.counters.cycles);
  for (const Figure* figure : columns.later) text += ',' + cell(*figure, row, whole);
  return text + '\n';
}

}  // namespace

std::string run_csv(const run::RunRecord& record) {
  const CsvColumns columns = csv_columns();
  std::string text = "layer,M,N,K";
  for (const Figure* figure : columns.first) text += ',' + figure->column;
  text += ",bound_by";
  for (const Figure* figure : columns.later) text += ',' + figure->column;
  text += '\n';
  for (const run::LayerRecord& layer : record.layers) {
    text += csv_row(columns,
                    fmt::format("{},{},{},{}", csv_field(layer.name), layer.m, layer.n, layer.k),
                    run::of_layer(record, layer), false);
  }
  return text + csv_row(columns, "total,0,0,0", run::whole_run(record), true);
}

std::string predictions_csv(const run::Predictions& predictions) {
  std::string text = "image,label,top1";
  for (std::int64_t i = 0; i < predictions.sums_an_image; ++i) text += fmt::format(",sum_{}", i);
  for (const std::string& name : predictions.names) text += ',' + csv_field("out_" + name);
  text += '\n';
  const auto field = [](const std::vector<int>& list, std::size_t image) {
    return image < list.size() ? std::to_string(list[image]) : std::string();
  };
  auto sum = predictions.sums.begin();
  auto value = predictions.values.begin();
  for (std::size_t image = 0; image < static_cast<std::size_t>(predictions.images); ++image) {
    text += fmt::format("{},{},{}", image, field(predictions.labels, image),
                        field(predictions.top1, image));
    for (std::int64_t i = 0; i < predictions.sums_an_image; ++i) text += fmt::format(",{}", *sum++);
    // The shortest text that is the float32 again.
    for (std::size_t i = 0; i < predictions.names.size(); ++i) text += fmt::format(",{}", *value++);
    text += '\n';
  }
  return text;
}

}  // namespace lacuna::report
