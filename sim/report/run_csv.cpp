#include <fmt/format.h>

#include "report/run_text.hpp"
#include "report/text_parts.hpp"

namespace lacuna::report {
namespace {

std::string quotient(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? ""
                    : fmt::format("{:.6f}", static_cast<double>(part) / static_cast<double>(whole));
}

std::string csv_row(const std::string& name, std::int64_t m, std::int64_t n, std::int64_t k,
                    const measure::LayerCounters& counters,
                    const std::optional<measure::CycleClasses>& dense, std::int64_t pes) {
  const measure::CycleClasses& c = counters.cycles;
  const std::int64_t bytes = counters.dram_read.value + counters.dram_written.value;
  return fmt::format(
      "{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n",
      csv_field(name), m, n, k, quotient(counters.input_nonzeros, counters.input_values),
      c.total().value, c.stream.value, c.weight_load.value, c.memory_wait.value, c.post_wait.value,
      c.idle.value, counters.stream.work.value, counters.stream.imbalance.value,
      counters.stream.fill_drain.value, dense ? std::to_string(dense->total().value) : "",
      dense ? quotient(dense->total().value, c.total().value) : "",
      dense ? quotient(dense->stream.value, c.stream.value) : "", counters.macs.total,
      counters.macs.issued, counters.macs.gated, counters.macs.skipped,
      quotient(counters.macs.issued, c.total().value * pes), counters.dram_read.value,
      counters.dram_written.value, quotient(bytes, c.total().value), bound_by(c));
}

}  // namespace

std::string run_csv(const run::RunRecord& record) {
  std::string text =
      "layer,M,N,K,density,cycles,stream,weight_load,memory_wait,post_wait,idle,work,imbalance,"
      "fill_drain,dense_cycles,speedup,stream_speedup,macs,issued,gated,skipped,"
      "array_utilisation,dram_read_bytes,dram_written_bytes,dram_bytes_per_cycle,bound_by\n";
  for (const run::LayerRecord& layer : record.layers) {
    text += csv_row(layer.name, layer.m, layer.n, layer.k, layer.counters, layer.dense, record.pes);
  }
  measure::LayerCounters total = record.total;
  total.input_values = 0;  // a density over all layers would mix maps of different use
  return text + csv_row("total", 0, 0, 0, total, record.dense, record.pes);
}

std::string predictions_csv(const run::RunRecord& record) {
  const std::size_t classes = record.logits.size() / static_cast<std::size_t>(record.images);
  std::string text = "image,label,top1";
  for (std::size_t c = 0; c < classes; ++c) text += fmt::format(",logit_{}", c);
  text += '\n';
  for (std::size_t image = 0; image < record.predictions.size(); ++image) {
    text += fmt::format("{},{},{}", image, record.labels[image], record.predictions[image]);
    for (std::size_t c = 0; c < classes; ++c) {
      text += fmt::format(",{}", record.logits[image * classes + c]);
    }
    text += '\n';
  }
  return text;
}

}  // namespace lacuna::report
