#include "report/text/schedule_text.hpp"

#include <fmt/format.h>

namespace lacuna::report {
namespace {

std::string use(const char* buffer, std::int64_t used, std::optional<std::int64_t> have,
                const char* unit) {
  return have ? fmt::format("  {:<16} {:>9} of {:>9} {}\n", buffer, used, *have, unit)
              : fmt::format("  {:<16} {:>9} (unlimited) {}\n", buffer, used, unit);
}

std::string waits(const schedule::Step& step, std::int64_t offset) {
  std::string text;
  for (const schedule::StepId wait : step.waits) {
    if (wait != schedule::kNoStep) text += fmt::format(" {}", offset + wait);
  }
  if (step.after_start != schedule::kNoStep)
    text += fmt::format(" start of {}", offset + step.after_start);
  return text.empty() ? " -" : text;
}

std::string touched(const schedule::Step& step, const schedule::Schedule& schedule,
                    const network::Network& network) {
  std::string text;
  if (step.block >= 0) {
    const schedule::Block& b = schedule.blocks[static_cast<std::size_t>(step.block)];
    text += fmt::format(" group {} K {}..{} N {}..{}", b.group, b.k_begin,
                        b.k_begin + b.k_count - 1, b.n_begin, b.n_begin + b.n_count - 1);
  }
  if (step.range >= 0) {
    const schedule::PixelRange& r = schedule.ranges[static_cast<std::size_t>(step.range)];
    text += fmt::format(" rows {}..{}", r.row_begin, r.row_begin + r.row_count - 1);
  }
  switch (step.kind) {
    case schedule::StepKind::kLoadWeights:
    case schedule::StepKind::kLoadPe:
      text += fmt::format(" word {}", step.address);
      break;
    case schedule::StepKind::kStream:
    case schedule::StepKind::kPost:
      text += fmt::format(" entry {}", step.address);
      break;
    case schedule::StepKind::kLoadActivations:
    case schedule::StepKind::kStoreActivations:
      text += fmt::format(" map {} image {} rows {}..{}", step.rows.map, step.rows.image_begin,
                          step.rows.row_begin, step.rows.row_begin + step.rows.row_count - 1);
      if (step.rows.channel_count < network.map(step.rows.map).shape.channels) {
        text += fmt::format(" channels {}..{}", step.rows.channel_begin,
                            step.rows.channel_begin + step.rows.channel_count - 1);
      }
      break;
    case schedule::StepKind::kPool:
    case schedule::StepKind::kTransform:
      break;
  }
  return text;
}

}  // namespace

std::string schedule_text(const run::Job& job) {
  std::string text =
      fmt::format("{:<14} {:<14} {:>7} {:>7} {:>7} {:>4}  {:<8} {:<6} {:<6}\n", "layer",
                  "loop order", "ranges", "tiles", "passes", "D", "weights", "input", "output");
  std::string reasons;
  for (const run::Part& part : job.parts) {
    const schedule::Schedule& schedule = *part.schedule;
    for (std::size_t i = 0; i < schedule.layers.size(); ++i) {
      const schedule::LayerMapping& own = schedule.layers[i];
      const network::Layer& layer = part.network.layers[i];
      if (own.pixel_ranges == 0) {
        text += fmt::format("{:<14} done by the post unit on the way\n", layer.name.substr(0, 14));
        continue;
      }
      const char* weights = !layer.is_gemm()            ? "-"
                            : schedule.weights_resident ? "resident"
                            : own.weights_stay          ? "stay"
                                                        : "refetch";
      text += fmt::format("{:<14} {:<14} {:>7} {:>7} {:>7} {:>4}  {:<8} {:<6} {:<6}\n",
                          layer.name.substr(0, 14),
                          layer.is_gemm()   ? schedule::loop_order_name(*own.order)
                          : layer.is_pool() ? "pooling"
                                            : "transform",
                          own.pixel_ranges, own.channel_tiles, own.k_passes, own.weights_per_pe,
                          weights, own.input_in_sram ? "sram" : "dram",
                          layer.logits         ? "host"
                          : own.output_in_sram ? "sram"
                                               : "dram");
      reasons += fmt::format("  {}: {}\n", layer.name, own.reason);
    }
  }
  text += "\nwhy:\n" + reasons;
  const run::MemoryUse used = run::memory_use(job);
  text += "\nbuffers:\n";
  text += use("weight SRAM", used.weight_words, job.spec.weight_words(), "words");
  text += use("activation SRAM", used.activation_values, job.spec.activation_values(), "values");
  text += use("accumulators", used.accumulator_entries, job.spec.accumulators.entries_per_lane,
              "entries a lane");
  text += fmt::format("\n{} steps\n", job.steps());
  return text;
}

std::string steps_text(const run::Job& job) {
  std::string text;
  for (const run::Part& part : job.parts) {
    const auto list = [&](const std::vector<schedule::Step>& steps, const char* prefix,
                          std::int64_t offset) {
      for (std::size_t id = 0; id < steps.size(); ++id) {
        const schedule::Step& step = steps[id];
        text +=
            fmt::format("{}{:<6} {:<17} {:<12}{}; waits for{}\n", prefix,
                        offset + static_cast<std::int64_t>(id), schedule::step_kind_name(step.kind),
                        part.network.layers[static_cast<std::size_t>(step.layer)].name,
                        touched(step, *part.schedule, part.network), waits(step, offset));
      }
    };
    list(part.schedule->setup, "set-up ", 0);
    list(part.schedule->steps, "", part.step_offset);
  }
  return text;
}

}  // namespace lacuna::report
