// A timeline (--timeline) says when every step of a batch ran: the same with both engines, which
// share nothing of time, and in every sum what the run's record counts.
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <random>

#include "base/error.hpp"
#include "exactness/fault_case.hpp"
#include "network/onnx_import.hpp"
#include "report/json/timeline_json.hpp"
#include "share.hpp"
#include "unit/network/stack.hpp"

namespace lacuna {
namespace {

using run::EngineKind;
using Json = nlohmann::json;

struct Traced {
  run::Measurement measured;
  run::Timeline timeline;
  std::string text;
};

Traced trace(const run::Job& job, EngineKind kind, std::int64_t batch) {
  Traced traced;
  traced.timeline.batch = batch;
  traced.measured = run::simulate(job, kind, {}, {}, &traced.timeline);
  traced.text = report::timeline_json(job, traced.timeline);
  return traced;
}

struct Event {
  std::string name;
  std::int64_t start = 0;
  std::int64_t end = 0;
  Json args;
};

/// Complete events by (process, lane), and counters by name as (cycle, used).
struct Events {
  std::map<std::pair<int, int>, std::vector<Event>> lanes;
  std::map<std::string, std::vector<std::pair<std::int64_t, std::int64_t>>> counters;
  Json other;
};

constexpr int kBatch = 1;
constexpr int kSetup = 2;
constexpr int kStreamLane = 3;
constexpr int kClassLane = 5;

Events parse(const std::string& text) {
  const Json json = Json::parse(text);
  Events events;
  events.other = json["otherData"];
  for (const Json& event : json["traceEvents"]) {
    if (event["ph"] == "X") {
      const auto start = event["ts"].get<std::int64_t>();
      events.lanes[{event["pid"], event["tid"]}].push_back(
          {event["name"], start, start + event["dur"].get<std::int64_t>(), event["args"]});
    } else if (event["ph"] == "C") {
      events.counters[event["name"]].emplace_back(event["ts"], event["args"]["used"]);
    } else {
      EXPECT_EQ(event["ph"], "M");
    }
  }
  return events;
}

void expect_lanes_in_order(const Events& events) {
  for (const auto& [lane, list] : events.lanes) {
    std::int64_t last = 0;
    for (const Event& event : list) {
      EXPECT_GE(event.start, last) << "lane " << lane.second << ": " << event.name;
      EXPECT_GE(event.end, event.start) << event.name;
      last = event.end;
    }
  }
}

/// What the events say of the batch is what was measured of it.
void expect_sums(const run::Job& job, const Traced& traced, const Events& events) {
  const run::Timeline::PartTimes& times = traced.timeline.parts.front();
  const auto batch = static_cast<std::size_t>(traced.timeline.batch);
  std::int64_t last = 0;
  std::size_t steps = 0;
  for (const auto& [lane, list] : events.lanes) {
    if (lane.first != kBatch || lane.second == kClassLane) continue;
    for (const Event& event : list) last = std::max(last, event.end);
    steps += list.size();
  }
  EXPECT_EQ(steps, times.schedule->steps.size());
  EXPECT_EQ(last, traced.measured.batch_cycles.at(batch));
  EXPECT_EQ(events.other["cycles"], last);

  std::map<std::string, measure::CycleClasses> classes;
  std::int64_t end = 0;
  const auto class_lane = events.lanes.find({kBatch, kClassLane});
  ASSERT_NE(class_lane, events.lanes.end());
  for (const Event& event : class_lane->second) {
    EXPECT_EQ(event.start, end) << "every cycle has a class";
    end = event.end;
    measure::CycleClasses& own = classes[event.args["layer"]];
    const base::Cycles cycles{event.end - event.start};
    if (event.name == "stream") own.stream += cycles;
    if (event.name == "weight_load") own.weight_load += cycles;
    if (event.name == "memory_wait") own.memory_wait += cycles;
    if (event.name == "post_wait") own.post_wait += cycles;
    if (event.name == "idle") own.idle += cycles;
  }
  EXPECT_EQ(end, last);
  std::map<std::string, std::int64_t> streams;
  for (const auto& [lane, list] : events.lanes) {
    if (lane != std::make_pair(kBatch, kStreamLane)) continue;
    for (const Event& event : list) streams[event.args["layer"]] += event.end - event.start;
  }
  if (traced.measured.batch_cycles.size() > 1) return;
  EXPECT_EQ(events.other["setup_cycles"], traced.measured.setup.value);
  const network::Network& network = job.parts.front().network;
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    const std::string& name = network.layers[i].name;
    const measure::CycleClasses& counted = traced.measured.layers[i].cycles;
    EXPECT_EQ(streams[name], counted.stream.value) << name;
    EXPECT_EQ(classes[name].stream, counted.stream) << name;
    EXPECT_EQ(classes[name].weight_load, counted.weight_load) << name;
    EXPECT_EQ(classes[name].memory_wait, counted.memory_wait) << name;
    EXPECT_EQ(classes[name].post_wait, counted.post_wait) << name;
    EXPECT_EQ(classes[name].idle, counted.idle) << name;
  }
}

void expect_levels(const Traced& traced, const Events& events) {
  const schedule::Schedule& schedule = *traced.timeline.parts.front().schedule;
  const std::pair<const char*, std::int64_t> limits[] = {
      {"weight SRAM words", schedule.weight_words},
      {"activation SRAM slots", schedule.activation_slots},
      {"accumulator entries", schedule.accumulator_entries}};
  for (const auto& [name, limit] : limits) {
    const auto& levels = events.counters.at(name);
    std::int64_t cycle = -1;
    std::int64_t peak = 0;
    for (const auto& [at, used] : levels) {
      EXPECT_GT(at, cycle) << name;
      EXPECT_GE(used, 0) << name;
      EXPECT_LE(used, limit) << name;
      cycle = at;
      peak = std::max(peak, used);
    }
    EXPECT_LE(cycle, events.other["cycles"]) << name;
    EXPECT_EQ(levels.front().first, 0) << name;
    if (limit > 0) {
      EXPECT_GT(peak, 0) << name;
    }
    const bool stays = schedule.weights_resident && name == limits[0].first;
    EXPECT_EQ(levels.back().second, stays ? levels.front().second : 0) << name;
  }
}

/// The same levels cell by cell: who wrote it when, and until when it was read.
class NaiveCells {
 public:
  explicit NaiveCells(std::int64_t count) : cells_(static_cast<std::size_t>(count)) {}

  void write(std::int64_t cell, std::int64_t key, const measure::StepSpan& time) {
    Cell& own = cells_.at(static_cast<std::size_t>(cell));
    if (own.key != key) {
      close(own);
      own = {key, time.start, time.end};
    }
    own.until = std::max(own.until, time.end);
  }
  void read(std::int64_t cell, const measure::StepSpan& time) {
    Cell& own = cells_.at(static_cast<std::size_t>(cell));
    own.until = std::max(own.until, time.end);
  }
  std::vector<std::pair<std::int64_t, std::int64_t>> levels() {
    for (const Cell& cell : cells_) close(cell);
    std::vector<std::pair<std::int64_t, std::int64_t>> list{{0, changes_[0]}};
    for (const auto& [cycle, change] : changes_) {
      if (cycle > 0 && change != 0) list.emplace_back(cycle, list.back().second + change);
    }
    return list;
  }

 private:
  struct Cell {
    std::int64_t key = -1;
    std::int64_t since = 0;
    std::int64_t until = 0;
  };
  void close(const Cell& cell) {
    if (cell.key < 0) return;
    ++changes_[cell.since];
    --changes_[cell.until];
  }
  std::vector<Cell> cells_;
  std::map<std::int64_t, std::int64_t> changes_;
};

void expect_naive_levels(const run::Job& job, const Traced& traced, const Events& events) {
  const run::Timeline::PartTimes& times = traced.timeline.parts.front();
  const schedule::Schedule& schedule = *times.schedule;
  const network::Network& network = times.part->network;
  NaiveCells words(schedule.weight_words);
  NaiveCells slots(schedule.activation_slots);
  NaiveCells entries(schedule.accumulator_entries);
  for (std::size_t id = 0; id < schedule.steps.size(); ++id) {
    const schedule::Step& step = schedule.steps[id];
    const measure::StepSpan& time = times.batch.steps[id];
    const network::Layer& layer = network.layers[static_cast<std::size_t>(step.layer)];
    const auto each_word = [&](auto&& action) {
      const schedule::Block& block = schedule.blocks[static_cast<std::size_t>(step.block)];
      const std::int64_t count = block.k_count * schedule::words_per_index(block, job.spec);
      for (std::int64_t w = 0; w < count; ++w) action(step.address + w);
    };
    const auto each_slot = [&](std::int32_t index, std::int64_t image, std::int64_t y,
                               auto&& action) {
      const schedule::Region& region = schedule.regions[static_cast<std::size_t>(index)];
      const network::Map& map = network.map(region.map);
      const std::int64_t bits = job.spec.precision.activation_bits;
      const std::int64_t values =
          map.shape.width * region.channel_count * (map.sums ? (32 + bits - 1) / bits : 1);
      const std::int64_t row =
          (image - region.image_begin) * region.row_count + y - region.row_begin;
      for (std::int64_t v = 0; v < values; ++v) action(region.base + row * values + v);
    };
    const auto loaded = [&](std::int64_t slot) { slots.write(slot, step.output, time); };
    // What layers write to one row of a map is one stay, whichever slices of it they are.
    const auto write_row = [&](std::int64_t image, std::int64_t y) {
      const schedule::Region& region = schedule.regions[static_cast<std::size_t>(step.output)];
      const std::int64_t key =
          ((region.map * 1000 + image) * 1000 + y) * 1000 + region.channel_begin + 1'000'000'000;
      each_slot(step.output, image, y, [&](std::int64_t slot) { slots.write(slot, key, time); });
    };
    const auto read = [&](std::int64_t slot) { slots.read(slot, time); };
    const auto read_window = [&](std::int64_t image, std::int64_t y) {
      const network::Window& w = layer.window;
      for (int k = 0; k < w.kernel_h; ++k) {
        const std::int64_t place = y * w.stride_h - w.pad_top + k * w.dilation_h;
        if (place < 0 || place % w.insert_h != 0) continue;
        const std::int64_t in_y = place / w.insert_h;
        if (in_y < layer.in.height) each_slot(step.input, image, in_y, read);
      }
    };
    const auto each_moved = [&](std::int32_t region, auto&& action) {
      for (std::int64_t i = 0; i < step.rows.image_count; ++i) {
        for (std::int64_t y = 0; y < step.rows.row_count; ++y) {
          each_slot(region, step.rows.image_begin + i, step.rows.row_begin + y, action);
        }
      }
    };
    using schedule::StepKind;
    if (step.kind == StepKind::kLoadWeights) {
      each_word([&](std::int64_t w) { words.write(w, static_cast<std::int64_t>(id), time); });
    } else if (step.kind == StepKind::kLoadPe) {
      each_word([&](std::int64_t w) { words.read(w, time); });
    } else if (step.kind == StepKind::kLoadActivations) {
      each_moved(step.output, loaded);
    } else if (step.kind == StepKind::kStoreActivations) {
      each_moved(step.input, read);
    } else if (step.kind == StepKind::kTransform) {
      const schedule::Region& out = schedule.regions[static_cast<std::size_t>(step.output)];
      const std::int64_t end = out.row_begin + out.row_count;
      for (std::int64_t i = out.image_begin; i < out.image_begin + out.image_count; ++i) {
        for (std::int64_t y = out.row_begin; y < end; ++y) {
          if (layer.kind == network::LayerKind::kResize) {
            const network::Sample& sample = layer.sample_rows[static_cast<std::size_t>(y)];
            for (const auto row : {sample.first, sample.second})
              each_slot(step.input, i, row, read);
          } else {
            each_slot(step.input, i, y, read);
          }
        }
        for (std::int64_t y = out.row_begin; y < end; ++y) {
          if (layer.inputs.size() > 1) {
            const bool one = network.map(layer.inputs[1]).shape.height == 1;
            each_slot(step.residual, i, one ? 0 : y, read);
          }
          write_row(i, y);
        }
      }
    } else if (step.kind == StepKind::kPool) {
      const schedule::Region& out = schedule.regions[static_cast<std::size_t>(step.output)];
      for (std::int64_t i = out.image_begin; i < out.image_begin + out.image_count; ++i) {
        for (std::int64_t y = out.row_begin; y < out.row_begin + out.row_count; ++y) {
          read_window(i, y);
          write_row(i, y);
        }
      }
    } else {
      const schedule::PixelRange& range = schedule.ranges[static_cast<std::size_t>(step.range)];
      const std::int32_t pool = schedule.layers[static_cast<std::size_t>(step.layer)].fused_pool;
      for (std::int64_t r = 0; r < range.row_count; ++r) {
        const std::int64_t image = (range.row_begin + r) / layer.out.height;
        const std::int64_t y = (range.row_begin + r) % layer.out.height;
        for (std::int64_t x = 0; x < layer.out.width; ++x) {
          const std::int64_t entry = step.address + r * layer.out.width + x;
          if (step.kind == StepKind::kStream && step.first_pass) {
            entries.write(entry, static_cast<std::int64_t>(id), time);
          } else {
            entries.read(entry, time);
          }
        }
        if (step.kind == StepKind::kStream) {
          read_window(image, y);
          continue;
        }
        if (step.residual >= 0) each_slot(step.residual, image, y, read);
        if (!layer.logits && pool < 0) {
          write_row(image, y);
        } else if (!layer.logits) {
          const network::Layer& pooling = network.layers[static_cast<std::size_t>(pool)];
          const std::int64_t out_y = y / pooling.window.kernel_h;
          if (out_y < pooling.out.height) write_row(image, out_y);
        }
      }
    }
  }
  if (!schedule.weights_resident) {
    EXPECT_EQ(events.counters.at("weight SRAM words"), words.levels());
  }
  EXPECT_EQ(events.counters.at("activation SRAM slots"), slots.levels());
  EXPECT_EQ(events.counters.at("accumulator entries"), entries.levels());
}

void expect_consistent(const run::Job& job, const Traced& traced) {
  const Events events = parse(traced.text);
  expect_lanes_in_order(events);
  expect_sums(job, traced, events);
  expect_levels(traced, events);
  expect_naive_levels(job, traced, events);
}

void expect_timeline(const run::Job& job, std::int64_t batch) {
  const Traced systemc = trace(job, EngineKind::kSystemc, batch);
  const Traced fast = trace(job, EngineKind::kFast, batch);
  ASSERT_EQ(systemc.text, fast.text);
  expect_consistent(job, fast);
}

TEST(Timeline, GivenAnyCaseThenBothEnginesGiveTheSameAndItsSumsAreTheRecords) {
  int run = 0;
  int remainders = 0;
  const std::uint32_t cases = test::case_count(2'000, 400, 40);
  for (std::uint32_t seed = 0; seed < cases; ++seed) {
    const std::int64_t batches = seed % 4 == 0 ? 20 : seed % 2 == 0 ? 3 : 1;
    const auto c = test::make_fault_case(seed, batches, true);
    if (!c) continue;
    SCOPED_TRACE("seed " + std::to_string(seed));
    const run::Part& part = c->job.parts.front();
    const std::int64_t count = run::batch_count(part);
    const std::int64_t batch = seed % 8 < 4 ? count - 1 : seed * 7 % count;
    expect_timeline(c->job, batch);
    if (testing::Test::HasFailure()) return;
    ++run;
    remainders += part.remainder && batch == run::batch_count(part) - 1 ? 1 : 0;
  }
  EXPECT_GT(run, static_cast<int>(cases * 5 / 8));
  EXPECT_GT(remainders, static_cast<int>(cases / 80));
}

// Stalls move starts and ends to where no recurrence puts them: what is seen is still consistent.
TEST(Timeline, GivenInjectedStallsThenItsSumsAreTheRecords) {
  int idle = 0;
  for (std::uint32_t seed = 500; seed < 560; ++seed) {
    auto c = test::make_fault_case(seed, 1, false);
    if (!c) continue;
    SCOPED_TRACE("seed " + std::to_string(seed));
    c->job.commit_stall_probability = 0.2;
    c->job.max_start_delay = 5;
    c->job.stall_seed = seed;
    const Traced traced = trace(c->job, EngineKind::kSystemc, 0);
    expect_consistent(c->job, traced);
    if (testing::Test::HasFailure()) return;
    for (const measure::LayerCounters& layer : traced.measured.layers) {
      idle += layer.cycles.idle.value > 0 ? 1 : 0;
    }
  }
  EXPECT_GT(idle, 10);
}

TEST(Timeline, GivenOneThenTheRunIsTheRunWithout) {
  std::optional<test::FaultCase> c;
  for (std::uint32_t seed = 4; !c; ++seed) c = test::make_fault_case(seed, 20, true);
  for (const EngineKind kind : {EngineKind::kFast, EngineKind::kSystemc}) {
    const run::Measurement plain = run::simulate(c->job, kind);
    const run::Measurement traced = trace(c->job, kind, 9).measured;
    EXPECT_EQ(traced.logits_sha256, plain.logits_sha256);
    EXPECT_EQ(traced.batch_cycles, plain.batch_cycles);
    for (std::size_t i = 0; i < plain.layers.size(); ++i) {
      EXPECT_EQ(traced.layers[i].cycles.total(), plain.layers[i].cycles.total());
    }
    for (std::size_t f = 0; f < plain.faults.size(); ++f) {
      EXPECT_EQ(traced.faults[f].reads_changed, plain.faults[f].reads_changed);
    }
  }
}

TEST(Timeline, GivenLeNet5ThenBothEnginesGiveTheSame) {
  const arch::AcceleratorSpec spec =
      arch::load_spec(LACUNA_SOURCE_DIR "/hw_configs/edge_16x16.yaml");
  const network::Network network =
      network::import_onnx(network::find_model(LACUNA_SOURCE_DIR "/models/lenet5_qdnn"));
  std::mt19937 draw(3);
  std::vector<std::vector<std::uint8_t>> images;
  for (int image = 0; image < 5; ++image) {
    std::vector<std::uint8_t> codes(static_cast<std::size_t>(network.input().shape.values()));
    for (std::uint8_t& code : codes) {
      code = draw() % 2 == 0 ? 0 : static_cast<std::uint8_t>(draw() % 16);
    }
    images.push_back(std::move(codes));
  }
  for (const std::int64_t batch : {1, 2, 5}) {
    const run::Job job = run::model_job(spec, network, images, batch);
    expect_timeline(job, 0);
    expect_timeline(job, run::batch_count(job.parts.front()) - 1);
  }
}

// 2 x 2 PEs of one 8-bit weight, serial load, one byte of DRAM a cycle after 10 cycles. A 1 x 1
// convolution over two pixels of two channels with two output channels.
run::Job small_job() {
  arch::AcceleratorSpec spec;
  spec.name = "small";
  spec.array.rows = 2;
  spec.array.cols = 2;
  spec.weight_sram.word_bits = 64;
  spec.weight_sram.banks = 2;
  spec.activation_sram.word_bits = 64;
  spec.activation_sram.banks = 2;
  spec.dram.latency_cycles = 10;
  spec.dram.bytes_per_cycle = 1;
  spec.post.lanes = 2;
  spec.post.latency_cycles = 3;
  network::Layer layer;
  layer.name = "l";
  layer.in = {1, 2, 2};
  layer.out = {1, 2, 2};
  layer.weights = {1, 2, -3, 4};
  layer.bias = {0, 0};
  layer.scale = {1, 1};
  layer.logits = true;
  network::Network network;
  network.name = "small";
  network.layers = {layer};
  network::test::give_maps(network, layer.in);
  return run::model_job(spec, network, {{10, 20, 30, 40}}, 1);
}

TEST(Timeline, GivenAPassThenEveryEventIsWhereTheTimingRulesPutIt) {
  expect_timeline(small_job(), 0);
  const Events events = parse(trace(small_job(), EngineKind::kSystemc, 0).text);
  const auto only = [&](int process, int lane) {
    const std::vector<Event>& list = events.lanes.at({process, lane});
    EXPECT_EQ(list.size(), 1U);
    return std::make_pair(list[0].start, list[0].end);
  };
  using Span = std::pair<std::int64_t, std::int64_t>;
  // Four weights and four activations: 10 + 4 cycles. Two indices are loaded while the activations
  // come. Stream: S M + (R-1) + (C-1) = 2 + 1 + 1. Two entries leave after 3 cycles.
  EXPECT_EQ(only(kSetup, 1), Span(0, 14));
  EXPECT_EQ(only(kBatch, 1), Span(0, 14));
  EXPECT_EQ(only(kBatch, 2), Span(0, 2));
  EXPECT_EQ(only(kBatch, 3), Span(14, 18));
  EXPECT_EQ(only(kBatch, 4), Span(18, 23));
  std::vector<std::string> classes;
  for (const Event& event : events.lanes.at({kBatch, kClassLane})) {
    classes.push_back(event.name + " " + std::to_string(event.start));
  }
  EXPECT_EQ(classes, (std::vector<std::string>{"weight_load 0", "memory_wait 2", "stream 14",
                                               "post_wait 18"}));
  using Levels = std::vector<std::pair<std::int64_t, std::int64_t>>;
  // An index takes a word. Activations lie there until the stream that reads them has ended, sums
  // until the post unit has taken them.
  EXPECT_EQ(events.counters.at("weight SRAM words"), (Levels{{0, 2}}));
  EXPECT_EQ(events.counters.at("activation SRAM slots"), (Levels{{0, 4}, {18, 0}}));
  EXPECT_EQ(events.counters.at("accumulator entries"), (Levels{{0, 0}, {14, 2}, {23, 0}}));
}

TEST(Timeline, GivenAWorkloadThenItsLayersFollowEachOther) {
  const network::Workload workload =
      network::workload_from_bytes("layer,M,N,K\na,3,2,4\nb,5,2,4\n", "two.csv");
  const run::Job job = run::workload_job(small_job().spec, workload, 1, 2);
  const Traced fast = trace(job, EngineKind::kFast, 0);
  EXPECT_EQ(fast.text, trace(job, EngineKind::kSystemc, 0).text);
  const Events events = parse(fast.text);
  expect_lanes_in_order(events);
  std::int64_t cycles = 0;
  for (const measure::LayerCounters& layer : fast.measured.layers) {
    cycles += layer.cycles.total().value;
  }
  EXPECT_EQ(events.other["cycles"], cycles);
  EXPECT_EQ(events.other["setup_cycles"], fast.measured.setup.value);
  EXPECT_EQ(events.lanes.at({kBatch, kClassLane}).back().end, cycles);
}

}  // namespace
}  // namespace lacuna
