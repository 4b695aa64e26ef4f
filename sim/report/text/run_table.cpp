#include <fmt/format.h>

#include <algorithm>

#include "report/text/run_text.hpp"
#include "report/text/text_parts.hpp"

namespace lacuna::report {
namespace {

std::string share_of(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? "-"
                    : fmt::format("{:.1f}%",
                                  100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string speed_up(std::int64_t slow, std::int64_t fast) {
  return fast == 0 ? "-"
                   : fmt::format("{:.2f}x", static_cast<double>(slow) / static_cast<double>(fast));
}

std::string density(const measure::LayerCounters& counters) {
  return share_of(counters.input_nonzeros, counters.input_values);
}

std::string row(const std::string& name, const std::string& shape,
                const measure::LayerCounters& counters,
                const std::optional<measure::CycleClasses>& dense) {
  const measure::CycleClasses& c = counters.cycles;
  return fmt::format("{:<14} {:>17} {:>8} {:>11} {:>11} {:>9} {:>9} {:>9} {:>11} {:>7} {:>8}\n",
                     name.substr(0, 14), shape, density(counters), c.total().value, c.stream.value,
                     c.weight_load.value, c.memory_wait.value, c.post_wait.value,
                     dense ? std::to_string(dense->total().value) : "-",
                     dense ? speed_up(dense->stream.value, c.stream.value) : "-",
                     share_of(counters.macs.skipped, counters.macs.total));
}

/// Nanojoules of each layer by component.
std::string energy_table(const run::RunRecord& record) {
  std::string text =
      fmt::format("\nenergy in nJ by {}\n{:<14} {:>11}", record.energy_table, "layer", "total");
  for (const run::EnergyComponent& own : run::kEnergyComponents) {
    text += fmt::format(" {:>10}", own.head);
  }
  text += '\n';
  const auto line = [&](const std::string& name, const run::Energy& e) {
    constexpr double kNano = 1e-3;
    text += fmt::format("{:<14} {:>11.1f}", name.substr(0, 14), kNano * e.total());
    for (const run::EnergyComponent& own : run::kEnergyComponents) {
      text += fmt::format(" {:>10.1f}", kNano * e.*own.member);
    }
    text += '\n';
  };
  for (const run::LayerRecord& layer : record.layers) {
    if (layer.energy && layer.energy->total() > 0) line(layer.name, *layer.energy);
  }
  line("total", *record.energy);
  constexpr double kNano = 1e-3;
  text += fmt::format("{:.1f} nJ an image\n\n",
                      kNano * record.energy->total() / static_cast<double>(record.images));
  return text;
}

/// "RMSE 0.25, SQNR 31.20 dB" of all outputs or of one.
std::string deviation_text(const run::Deviation& deviation) {
  return fmt::format("RMSE {:.4g}, SQNR {}", deviation.rmse(),
                     decibels(run::sqnr_db(deviation.rms(), deviation.rmse()), deviation.rmse()));
}

std::string change_text(const run::RunRecord& record) {
  const run::OutputChange& change = *record.change;
  const std::int64_t sdc = change.sdc;
  std::string text = "against the fault-free run: ";
  text += change.classes ? fmt::format("agreement {:.2f}% ({} of {} top-1)",
                                       100.0 * static_cast<double>(record.images - sdc) /
                                           static_cast<double>(record.images),
                                       record.images - sdc, record.images)
                         : fmt::format("values differ in {} of {} images", sdc, record.images);
  text += ", " + deviation_text(change.all()) + '\n';
  if (change.outputs.size() < 2) return text;
  for (std::size_t o = 0; o < change.outputs.size(); ++o) {
    text += fmt::format("  {}: {}\n", record.outputs[o], deviation_text(change.outputs[o]));
  }
  return text;
}

}  // namespace

const char* bound_by(const measure::CycleClasses& cycles) {
  using Class = measure::CycleClass;
  return std::max_element(
             std::begin(measure::kCycleClasses), std::end(measure::kCycleClasses),
             [&](const Class& a, const Class& b) { return cycles.*a.member < cycles.*b.member; })
      ->bound;
}

std::string run_table(const run::RunRecord& record) {
  std::string text = record.workload
                         ? fmt::format("{} on {}, a batch of {}, {} engine\n\n", record.network,
                                       record.hardware, record.batch, record.engine)
                         : fmt::format("{} on {}, {} image{} in batches of {}, {} engine\n\n",
                                       record.network, record.hardware, record.images,
                                       record.images == 1 ? "" : "s", record.batch, record.engine);
  text += fmt::format("{:<14} {:>17} {:>8} {:>11} {:>11} {:>9} {:>9} {:>9} {:>11} {:>7} {:>8}\n",
                      "layer", "M x N x K", "density", "cycles", "stream", "load", "mem wait",
                      "post wait", "dense", "stream", "skipped");
  text += fmt::format("{:<14} {:>17} {:>8} {:>11} {:>11} {:>9} {:>9} {:>9} {:>11} {:>7} {:>8}\n",
                      "", "", "of input", "", "", "", "", "", "cycles", "speedup", "MACs");
  for (const run::LayerRecord& layer : record.layers) {
    // A pooling layer that the post unit does on the way has nothing of its own to show.
    if (layer.m == 0 && layer.counters.cycles.total().value == 0) continue;
    const std::string shape =
        layer.m == 0 ? "pooling"
                     : fmt::format("{}x{}x{}{}", layer.m, layer.n, layer.k,
                                   layer.groups > 1 ? fmt::format("/{}", layer.groups) : "");
    text += row(layer.name, shape, layer.counters, layer.dense);
  }
  measure::LayerCounters total = record.total;
  total.input_values = total.input_nonzeros = 0;
  text += row("total", "", total, record.dense);

  const measure::CycleClasses& cycles = record.total.cycles;
  const double images = static_cast<double>(record.images);
  const double per_image = static_cast<double>(cycles.total().value) / images;
  text += fmt::format("\n{:.1f} cycles {} ({:.1f} us at {} MHz), {} cycles of set-up\n", per_image,
                      record.workload ? fmt::format("for a batch of {}", record.batch) : "an image",
                      per_image / record.clock_mhz, record.clock_mhz, record.setup.value);
  if (record.dense) {
    text += fmt::format("speed-up over the same machine without skipping: {} whole, {} streams\n",
                        speed_up(record.dense->total().value, cycles.total().value),
                        speed_up(record.dense->stream.value, cycles.stream.value));
  }
  const measure::MacCounts& macs = record.total.macs;
  text += fmt::format("MACs: {} issued, {} gated, {} skipped of {}\n", macs.issued, macs.gated,
                      macs.skipped, macs.total);
  text += fmt::format("DRAM: {} bytes read, {} written\n", record.total.dram_read.value,
                      record.total.dram_written.value);
  if (record.energy) text += energy_table(record);
  if (record.faults_armed > 0) {
    text +=
        fmt::format("faults ({}): {} armed, {} fired, {} changed no read\n", record.fault_origin,
                    record.faults_armed, record.faults_fired, record.faults_masked);
  }
  if (!record.labels.empty()) {
    text += fmt::format("top-1: {:.2f}% ({} of {})\n",
                        100.0 * static_cast<double>(record.correct()) / images, record.correct(),
                        record.images);
  }
  if (record.change) text += change_text(record);
  return text;
}

}  // namespace lacuna::report
