#include "report/json/timeline_json.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.hpp"
#include "run/version.hpp"
#include "schedule/buffer_use.hpp"
#include "schedule/resources.hpp"

namespace lacuna::report {
namespace {

using Json = nlohmann::ordered_json;
using schedule::Resource;

constexpr int kBatchProcess = 1;
constexpr int kSetupProcess = 2;

/// Threads of a process: 0 has a meaning of its own to viewers.
int lane_of(Resource resource) { return 1 + static_cast<int>(resource); }
constexpr int kClassLane = 1 + schedule::kResources;

const char* lane_name(int lane) {
  return lane == kClassLane ? "cycle classes"
                            : schedule::kResourceRules[static_cast<std::size_t>(lane - 1)].name;
}

const char* class_name(base::Cycles measure::CycleClasses::*spent_as) {
  for (const measure::CycleClass& own : measure::kCycleClasses) {
    if (own.member == spent_as) return own.key;
  }
  throw base::InternalError("timeline", -1, "a cycle has no class");
}

Json limit_json(std::optional<std::int64_t> limit) { return limit ? Json(*limit) : Json(nullptr); }

std::int64_t last_end(const measure::BatchTrace& trace) {
  std::int64_t end = 0;
  for (const measure::StepSpan& span : trace.steps) end = std::max(end, span.end);
  return end;
}

/// The events, one a line.
class Writer {
 public:
  void lane_names(int process, const std::string& name, int lanes) {
    name_lane(process, 0, "process_name", name);
    for (int lane = 1; lane <= lanes; ++lane) {
      name_lane(process, lane, "thread_name", lane_name(lane));
      put({{"name", "thread_sort_index"},
           {"ph", "M"},
           {"pid", process},
           {"tid", lane},
           {"args", {{"sort_index", lane}}}});
    }
  }

  void complete(int process, int lane, const std::string& name, const char* category,
                std::int64_t start, std::int64_t end, Json args) {
    put({{"name", name},
         {"cat", category},
         {"ph", "X"},
         {"ts", start},
         {"dur", end - start},
         {"pid", process},
         {"tid", lane},
         {"args", std::move(args)}});
  }

  void counter(const char* name, std::int64_t cycle, std::int64_t value) {
    put({{"name", name},
         {"ph", "C"},
         {"ts", cycle},
         {"pid", kBatchProcess},
         {"args", {{"used", value}}}});
  }

  /// All of it; nothing can be put after it.
  std::string finish(const Json& other_data) {
    text_ += "\n],\n\"displayTimeUnit\": \"ms\",\n\"otherData\": " + other_data.dump(2) + "\n}\n";
    return std::move(text_);
  }

 private:
  void name_lane(int process, int lane, const char* what, const std::string& name) {
    put({{"name", what}, {"ph", "M"}, {"pid", process}, {"tid", lane}, {"args", {{"name", name}}}});
  }
  void put(const Json& event) {
    text_ += first_ ? "\n" : ",\n";
    first_ = false;
    text_ += event.dump();
  }

  std::string text_ = "{\n\"traceEvents\": [";
  bool first_ = true;
};

/// The events of one part, whose time 0 lies at `offset` of its process.
class PartEvents {
 public:
  PartEvents(const run::Timeline::PartTimes& times, const arch::AcceleratorSpec& spec,
             Writer& writer)
      : part_(*times.part), schedule_(*times.schedule), spec_(spec), writer_(writer) {}

  void steps(int process, const std::vector<schedule::Step>& list,
             const std::vector<measure::StepSpan>& spans, std::int64_t offset) {
    std::array<std::int64_t, schedule::kResources> last_end{};
    for (std::size_t id = 0; id < list.size(); ++id) {
      const schedule::Step& step = list[id];
      const Resource resource = schedule::resource_of(step.kind);
      // A unit serves its steps in list order: one that was started earlier queues until then.
      std::int64_t& served = last_end[static_cast<std::size_t>(resource)];
      const std::int64_t begin = std::max(spans[id].start, served);
      served = spans[id].end;
      const char* kind = schedule::step_kind_name(step.kind);
      const std::string& layer = layer_name(static_cast<std::size_t>(step.layer));
      const std::int64_t number =
          (process == kSetupProcess ? 0 : part_.step_offset) + static_cast<std::int64_t>(id);
      writer_.complete(process, lane_of(resource), layer + " " + kind, kind, offset + begin,
                       offset + served,
                       step_args(step, layer, kind, number, offset + spans[id].start));
    }
  }

  void classes(const std::vector<measure::ClassSpan>& spans, std::int64_t offset) {
    for (const measure::ClassSpan& span : spans) {
      writer_.complete(kBatchProcess, kClassLane, class_name(span.spent_as), "cycles",
                       offset + span.start, offset + span.end, {{"layer", layer_name(span.layer)}});
    }
  }

  void counters(const std::vector<measure::StepSpan>& spans, std::int64_t offset) {
    const schedule::BufferUse use = schedule::buffer_use(schedule_, part_.network, spec_, spans);
    levels("weight SRAM words", use.weight_words, offset);
    levels("activation SRAM slots", use.activation_slots, offset);
    levels("accumulator entries", use.accumulator_entries, offset);
  }

 private:
  const std::string& layer_name(std::size_t layer) const {
    return part_.network.layers[layer].name;
  }

  Json step_args(const schedule::Step& step, const std::string& layer, const char* kind,
                 std::int64_t number, std::int64_t started) const {
    Json args = {{"step", number}, {"kind", kind}, {"layer", layer}, {"started", started}};
    if (step.block >= 0) {
      const schedule::Block& block = schedule_.blocks[static_cast<std::size_t>(step.block)];
      args["block"] = step.block;
      args["group"] = block.group;
      args["pass"] = block.pass;
      args["k_begin"] = block.k_begin;
      args["k_count"] = block.k_count;
      args["n_begin"] = block.n_begin;
      args["n_count"] = block.n_count;
    }
    if (step.range >= 0) {
      const schedule::PixelRange& range = schedule_.ranges[static_cast<std::size_t>(step.range)];
      args["row_begin"] = range.row_begin;
      args["row_count"] = range.row_count;
    }
    if (step.kind == schedule::StepKind::kLoadActivations ||
        step.kind == schedule::StepKind::kStoreActivations) {
      args["map"] = step.rows.map;
      args["image_begin"] = step.rows.image_begin;
      args["image_count"] = step.rows.image_count;
      args["row_begin"] = step.rows.row_begin;
      args["row_count"] = step.rows.row_count;
      if (step.rows.channel_count < part_.network.map(step.rows.map).shape.channels) {
        args["channel_begin"] = step.rows.channel_begin;
        args["channel_count"] = step.rows.channel_count;
      }
    }
    return args;
  }

  void levels(const char* name, const std::vector<schedule::BufferLevel>& list,
              std::int64_t offset) {
    for (const schedule::BufferLevel& level : list) {
      writer_.counter(name, offset + level.cycle, level.used);
    }
  }

  const run::Part& part_;
  const schedule::Schedule& schedule_;
  const arch::AcceleratorSpec& spec_;
  Writer& writer_;
};

}  // namespace

std::string timeline_json(const run::Job& job, const run::Timeline& timeline,
                          const std::string& command) {
  const std::string& network = job.source.network;
  Writer writer;
  writer.lane_names(kBatchProcess,
                    network + " on " + job.spec.name + ", batch " + std::to_string(timeline.batch),
                    kClassLane);
  writer.lane_names(kSetupProcess, "set-up, before the batch", 1);
  std::int64_t cycles = 0;
  std::int64_t setup = 0;
  for (const run::Timeline::PartTimes& times : timeline.parts) {
    PartEvents events(times, job.spec, writer);
    events.steps(kSetupProcess, times.schedule->setup, times.setup.steps, setup);
    events.steps(kBatchProcess, times.schedule->steps, times.batch.steps, cycles);
    events.classes(times.batch.classes, cycles);
    events.counters(times.batch.steps, cycles);
    setup += last_end(times.setup);
    cycles += last_end(times.batch);
  }
  Json about = {{"schema", "lacuna.timeline/1"},
                {"program", {{"name", "lacuna"}, {"version", run::kVersion}}}};
  if (!command.empty()) about["command"] = command;
  about["hardware"] = job.spec.name;
  about["network"] = network;
  about["batch"] = timeline.batch;
  about["images"] = timeline.parts.front().schedule->batch;
  about["clock"] = "1 us of the trace is 1 cycle of the accelerator";
  about["clock_mhz"] = job.spec.clock_mhz;
  about["cycles"] = cycles;
  about["setup_cycles"] = setup;
  about["capacity"] = {{"weight_sram_words", limit_json(job.spec.weight_words())},
                       {"activation_sram_slots", limit_json(job.spec.activation_values())},
                       {"accumulator_entries", limit_json(job.spec.accumulators.entries_per_lane)}};
  return writer.finish(about);
}

}  // namespace lacuna::report
