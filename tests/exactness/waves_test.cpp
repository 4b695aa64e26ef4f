// The waves of a run (--vcd) show what was counted: every fact here is read back from the dump and
// held against the counters of the same run, or against cycles derived by hand.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <set>

#include "base/error.hpp"
#include "report/text/run_text.hpp"
#include "run/run_record.hpp"
#include "share.hpp"
#include "systemc/vcd_reader.hpp"
#include "unit/base/temp_folder.hpp"
#include "unit/mapping/random_case.hpp"
#include "unit/network/stack.hpp"

namespace lacuna {
namespace {

using run::EngineKind;
using test::Vcd;
using test::Wave;

struct WithWaves {
  run::Measurement measured;
  Vcd vcd;
};

/// Runs with and without waves and expects every figure to be equal.
WithWaves trace(const run::Job& job) {
  const test::TempFolder folder;
  WithWaves traced;
  traced.measured = run::simulate(job, EngineKind::kSystemc, {}, "waves.vcd");
  traced.vcd = Vcd::parse(folder.read("waves.vcd"));
  const auto plain = run::simulate(job, EngineKind::kSystemc);
  const auto text = [&](const run::Measurement& measured) {
    return report::run_json(run::make_record(job, EngineKind::kSystemc, measured, {}));
  };
  EXPECT_EQ(text(traced.measured), text(plain));
  EXPECT_EQ(traced.measured.faults.size(), plain.faults.size());
  for (std::size_t i = 0; i < plain.faults.size(); ++i) {
    EXPECT_EQ(traced.measured.faults[i].reads_changed, plain.faults[i].reads_changed);
    EXPECT_EQ(traced.measured.faults[i].overwritten, plain.faults[i].overwritten);
  }
  return traced;
}

measure::LayerCounters total(const run::Measurement& measured) {
  measure::LayerCounters sum;
  for (const measure::LayerCounters& layer : measured.layers) sum += layer;
  return sum;
}

/// The cycles in which a one-bit signal is high.
std::vector<std::int64_t> cycles_of(const Vcd& vcd, const std::string& name) {
  std::vector<std::int64_t> list;
  const Wave wave = vcd.wave("machine." + name);
  for (std::size_t cycle = 0; cycle < wave.size(); ++cycle) {
    if (wave[cycle] == 1U) list.push_back(static_cast<std::int64_t>(cycle));
  }
  return list;
}

std::uint64_t at(const Vcd& vcd, const std::string& name, std::size_t cycle) {
  return vcd.wave("machine." + name).at(cycle).value();
}

// 2 x 2 PEs of one 8-bit weight, one accumulator, serial load; everything else unlimited and free.
// A 1 x 1 convolution over two pixels of two channels with two output channels.
run::Job one_pass_job() {
  arch::AcceleratorSpec spec;
  spec.name = "small";
  spec.array.rows = 2;
  spec.array.cols = 2;
  spec.weight_sram.word_bits = 64;
  spec.weight_sram.banks = 2;
  spec.activation_sram.word_bits = 64;
  spec.activation_sram.banks = 2;
  spec.post.latency_cycles = 0;
  network::Layer layer;
  layer.name = "l";
  layer.in = {1, 2, 2};
  layer.out = {1, 2, 2};
  layer.weights = {1, 2, -3, 4};  // [channel][index]
  layer.bias = {0, 0};
  layer.scale = {1, 1};
  layer.logits = true;
  network::Network network;
  network.name = "small";
  network.layers = {layer};
  network::test::give_maps(network, layer.in);
  return run::model_job(spec, network, {{10, 20, 30, 40}}, 1);
}

TEST(Waves, GivenAPassThenEveryCycleIsWhereTheTimingRulesPutIt) {
  const WithWaves traced = trace(one_pass_job());
  const Vcd& vcd = traced.vcd;
  using List = std::vector<std::int64_t>;
  // Load 2 indices: cycles 0 and 1. Stream: S M + (R-1) + (C-1) = 2 + 1 + 1 = 4: cycles 2 to 5.
  EXPECT_EQ(vcd.end(), 6);
  EXPECT_EQ(cycles_of(vcd, "controller.weight_load"), (List{0, 1}));
  EXPECT_EQ(cycles_of(vcd, "controller.stream"), (List{2, 3, 4, 5}));
  EXPECT_EQ(cycles_of(vcd, "weight_loader.busy"), (List{0, 1}));
  EXPECT_EQ(cycles_of(vcd, "weight_sram.read"), (List{0, 1}));
  EXPECT_EQ(cycles_of(vcd, "weight_loader.load"), (List{0, 1}));
  EXPECT_EQ(cycles_of(vcd, "pe_array.busy"), (List{2, 3, 4, 5}));
  // Index 0 goes to row 0: the weights 1 and -3 of channels 0 and 1; index 1 to row 1: 2 and 4.
  EXPECT_EQ(at(vcd, "weight_sram.read_codes.lane_0", 0), 1U);
  EXPECT_EQ(at(vcd, "weight_sram.read_codes.lane_1", 0), 0xfdU);
  EXPECT_EQ(at(vcd, "weight_sram.read_codes.lane_0", 1), 2U);
  EXPECT_EQ(at(vcd, "weight_sram.read_codes.lane_1", 1), 4U);
  EXPECT_EQ(at(vcd, "weight_loader.load_row", 0), 0U);
  EXPECT_EQ(at(vcd, "weight_loader.load_row", 1), 1U);
  // With one accumulator start(m, r) = commit(m-1, r); commit(0, 0) = 1, commit(0, 1) = 2,
  // commit(1, 0) = 2, commit(1, 1) = 3: edges 3, 4, 4 and 5, the cycles that end there.
  EXPECT_EQ(cycles_of(vcd, "pe_array.row_0.issue"), (List{2, 3}));
  EXPECT_EQ(cycles_of(vcd, "pe_array.row_0.commit"), (List{2, 3}));
  EXPECT_EQ(cycles_of(vcd, "pe_array.row_1.commit"), (List{3, 4}));
  // Row 1 has its second turn when pixel 0 is committed, at edge 4.
  EXPECT_EQ(cycles_of(vcd, "pe_array.row_1.issue"), (List{2, 4}));
  EXPECT_EQ(at(vcd, "pe_array.row_0.activation", 3), 30U);
  EXPECT_EQ(at(vcd, "pe_array.row_1.activation", 4), 40U);
  // A psum waits for row 1 from edge 3 on, when another takes its place, to edge 5.
  EXPECT_EQ(cycles_of(vcd, "pe_array.row_1.psums_waiting"), (List{3, 4}));
  // Channel 0: 1 x 10 + 2 x 20 and 1 x 30 + 2 x 40.
  EXPECT_EQ(cycles_of(vcd, "accumulator_sram.array_write"), (List{3, 4}));
  EXPECT_EQ(at(vcd, "accumulator_sram.array_write_lane_0", 3), 50U);
  EXPECT_EQ(at(vcd, "accumulator_sram.array_write_lane_0", 4), 110U);
}

/// Bytes on the bus in each cycle of the batch.
std::vector<std::uint64_t> bus_bytes(const base::Ratio& bandwidth) {
  run::Job job = one_pass_job();
  job.spec.dram.bytes_per_cycle = bandwidth;
  const Vcd vcd =
      trace(run::model_job(job.spec, job.parts.front().network, {{10, 20, 30, 40}}, 1)).vcd;
  std::vector<std::uint64_t> list;
  const Wave setup = vcd.wave("machine.controller.setup");
  const Wave bus = vcd.wave("machine.dram.bus");
  const Wave bytes = vcd.wave("machine.dram.bus_bytes");
  for (std::size_t cycle = 0; cycle < bus.size(); ++cycle) {
    if (setup[cycle] == 0U && bus[cycle] == 1U) list.push_back(bytes[cycle].value());
  }
  return list;
}

TEST(Waves, GivenABandwidthThenTheBusShowsTheWholeBytesThatEachCycleAdds) {
  // The input's 4 bytes. At 3 a cycle 3 and the rest; at 3/2, after 1, 2 and 3 cycles, 1, 3 and 4
  // (of 4.5); at 3/4, after 1 to 6, 0, 1, 2, 3, 3 and 4.
  using List = std::vector<std::uint64_t>;
  EXPECT_EQ(bus_bytes(3), (List{3, 1}));
  EXPECT_EQ(bus_bytes(base::Ratio(3, 2)), (List{1, 2, 1}));
  EXPECT_EQ(bus_bytes(base::Ratio(3, 4)), (List{0, 1, 1, 1, 0, 1}));
}

TEST(Waves, GivenAFaultThenTheReadThatItChangesShowsIt) {
  run::Job job = one_pass_job();
  // Index 1 lies in word 1, which is row 0 of bank 1; its channel 1 is the second byte. The weight
  // is 4, so a cell stuck at 1 in its bit 0 makes it 5.
  fault::Fault fault;
  fault.cell = {1, 0, 8};
  fault.kind = memory::FaultKind::kStuckAt1;
  job.plan.faults.push_back(fault);
  const WithWaves traced = trace(job);
  ASSERT_EQ(traced.measured.faults[0].reads_changed, 1);
  const Vcd& vcd = traced.vcd;
  EXPECT_EQ(cycles_of(vcd, "weight_sram.read_fault"), (std::vector<std::int64_t>{1}));
  EXPECT_EQ(vcd.sum("machine.weight_sram.read_faults"), 1);
  EXPECT_EQ(at(vcd, "weight_sram.read_bank", 1), 1U);
  EXPECT_EQ(at(vcd, "weight_sram.read_row", 1), 0U);
  EXPECT_EQ(at(vcd, "weight_sram.read_fault_lane", 1), 1U);
  EXPECT_EQ(at(vcd, "weight_sram.read_codes.lane_1", 1), 5U);
}

constexpr int kBatches = 2;

std::optional<run::Job> random_job(std::uint32_t seed) {
  mapping::testing::RandomCase random = mapping::testing::random_case(seed);
  std::mt19937 draw(seed + 1);
  std::vector<std::vector<std::uint8_t>> images;
  for (std::int64_t image = 0; image < kBatches * random.batch; ++image) {
    std::vector<std::uint8_t> codes(
        static_cast<std::size_t>(random.network.input().shape.values()));
    for (std::uint8_t& code : codes) {
      const bool zero = draw() % 2 == 0;
      code = mapping::testing::random_byte(random.network.input().code, zero, draw());
    }
    images.push_back(std::move(codes));
  }
  try {
    run::Job job = run::model_job(random.spec, random.network, images, random.batch);
    const fault::MemoryGeometry memory = run::weight_sram(job);
    std::set<std::int64_t> taken;
    for (int i = 0; i < 8; ++i) {
      const std::int64_t word = static_cast<std::int64_t>(draw()) % memory.words;
      fault::Fault fault;
      fault.cell = {word % memory.banks, word / memory.banks,
                    static_cast<std::int64_t>(draw() % static_cast<unsigned>(memory.word_bits))};
      if (!taken.insert(word * memory.word_bits + fault.cell.bit).second) continue;
      if (draw() % 2 == 0) {
        fault.step = static_cast<std::int64_t>(draw()) % job.steps();
      } else {
        const auto kinds = memory::fault_kinds(memory::kPermanently);
        fault.kind = kinds[draw() % kinds.size()];
      }
      job.plan.faults.push_back(fault);
    }
    if (seed % 4 == 0) {
      job.commit_stall_probability = 0.2;
      job.max_start_delay = 3;
    }
    return job;
  } catch (const base::InputError&) {
    return std::nullopt;
  }
}

/// Cycles of each layer in one class, as the waves show them.
std::vector<std::int64_t> by_layer(const Vcd& vcd, const std::string& cycle_class,
                                   std::size_t layers) {
  const Wave active = vcd.wave("machine.controller." + cycle_class);
  const Wave layer = vcd.wave("machine.controller.layer");
  std::vector<std::int64_t> list(layers);
  for (std::size_t cycle = 0; cycle < active.size(); ++cycle) {
    if (active[cycle] == 1U) ++list.at(static_cast<std::size_t>(layer[cycle].value()));
  }
  return list;
}

std::vector<std::int64_t> counted(const run::Measurement& measured,
                                  base::Cycles measure::CycleClasses::*cycle_class) {
  std::vector<std::int64_t> list;
  for (const measure::LayerCounters& layer : measured.layers) {
    list.push_back((layer.cycles.*cycle_class).value);
  }
  return list;
}

void expect_counters_in_waves(const run::Job& job, const WithWaves& traced) {
  const Vcd& vcd = traced.vcd;
  const measure::LayerCounters sum = total(traced.measured);
  const std::size_t layers = traced.measured.layers.size();
  EXPECT_EQ(vcd.end(), sum.cycles.total().value + traced.measured.setup.value);
  EXPECT_EQ(vcd.high("machine.controller.setup"), traced.measured.setup.value);
  using Classes = measure::CycleClasses;
  EXPECT_EQ(by_layer(vcd, "stream", layers), counted(traced.measured, &Classes::stream));
  EXPECT_EQ(by_layer(vcd, "weight_load", layers), counted(traced.measured, &Classes::weight_load));
  EXPECT_EQ(by_layer(vcd, "memory_wait", layers), counted(traced.measured, &Classes::memory_wait));
  EXPECT_EQ(by_layer(vcd, "post_wait", layers), counted(traced.measured, &Classes::post_wait));
  EXPECT_EQ(by_layer(vcd, "idle", layers), counted(traced.measured, &Classes::idle));
  EXPECT_EQ(vcd.high("machine.pe_array.busy"), sum.cycles.stream.value);

  EXPECT_EQ(vcd.sum("machine.weight_sram.read_count"), sum.weight_sram.reads);
  std::int64_t changed = 0;
  for (const measure::FaultOutcome& outcome : traced.measured.faults)
    changed += outcome.reads_changed;
  EXPECT_EQ(vcd.sum("machine.weight_sram.read_faults"), changed);

  // What the rows do, and only while a pass is in the array.
  const Wave streaming = vcd.wave("machine.pe_array.busy");
  std::int64_t feeder_reads = 0;
  std::int64_t bitmap_reads = 0;
  for (int row = 0; row < job.spec.array.rows; ++row) {
    const std::string number = "row_" + std::to_string(row);
    feeder_reads += vcd.high("machine.feeders." + number + ".read");
    const Wave busy = vcd.wave("machine.feeders." + number + ".busy");
    const Wave issue = vcd.wave("machine.pe_array." + number + ".issue");
    const Wave waiting = vcd.wave("machine.pe_array." + number + ".psums_waiting");
    const Wave activations = vcd.wave("machine.feeders." + number + ".activations");
    const Wave words = vcd.wave("machine.feeders." + number + ".bitmap_words");
    std::uint64_t issues = 0;
    for (std::size_t cycle = 0; cycle < busy.size();) {
      if (busy[cycle] == 0U) {
        ++cycle;
        continue;
      }
      // A pixel begins. It takes s(m, r) slots.
      issues += activations[cycle].value();
      bitmap_reads += static_cast<std::int64_t>(words[cycle].value());
      cycle += std::max<std::uint64_t>({1, activations[cycle].value(), words[cycle].value()});
    }
    EXPECT_EQ(static_cast<std::int64_t>(issues), vcd.high("machine.pe_array." + number + ".issue"));
    for (std::size_t cycle = 0; cycle < busy.size(); ++cycle) {
      ASSERT_TRUE(issue[cycle] == 0U || busy[cycle] == 1U) << number << " cycle " << cycle;
      ASSERT_TRUE(busy[cycle] == 0U || streaming[cycle] == 1U) << number << " cycle " << cycle;
      ASSERT_TRUE(waiting[cycle] == 0U || streaming[cycle] == 1U) << number << " cycle " << cycle;
      ASSERT_LE(waiting[cycle].value(), static_cast<std::uint64_t>(job.spec.array.psum_fifo_depth));
    }
  }
  EXPECT_EQ(bitmap_reads, sum.bitmap.reads);
  EXPECT_EQ(vcd.high("machine.pe_array.row_0.commit"),
            vcd.high("machine.accumulator_sram.array_write"));
  EXPECT_EQ(feeder_reads + vcd.sum("machine.activation_sram.dma_read_count") +
                vcd.sum("machine.activation_sram.post_read_count"),
            sum.activation_sram.reads);
  EXPECT_EQ(vcd.sum("machine.activation_sram.dma_write_count") +
                vcd.sum("machine.activation_sram.post_write_count"),
            sum.activation_sram.writes);
  // Streams run in list order, batch after batch; a swap is a stream from the other register set.
  std::int64_t swaps = 0;
  std::optional<std::int32_t> set;
  for (int batch = 0; batch < kBatches; ++batch) {
    for (const schedule::Step& step : job.parts.front().schedule->steps) {
      if (step.kind != schedule::StepKind::kStream) continue;
      swaps += set.value_or(step.set) != step.set ? 1 : 0;
      set = step.set;
    }
  }
  EXPECT_EQ(vcd.high("machine.pe_array.set_swap"), swaps);
  if (job.spec.dram.bytes_per_cycle) {
    const Wave bytes = vcd.wave("machine.dram.bus_bytes");
    const Wave setup = vcd.wave("machine.controller.setup");
    std::int64_t moved = 0;
    for (std::size_t cycle = 0; cycle < bytes.size(); ++cycle) {
      if (setup[cycle] == 0U) moved += static_cast<std::int64_t>(bytes[cycle].value());
    }
    EXPECT_EQ(moved, sum.dram_read.value + sum.dram_written.value);
  }
}

TEST(Waves, GivenAnyRunThenItIsTheRunWithoutWavesAndTheyShowItsCounters) {
  int run = 0;
  int fired = 0;
  int with_setup = 0;
  const std::uint32_t cases = test::case_count(2'000, 200);
  for (std::uint32_t seed = 300'000; seed < 300'000 + cases; ++seed) {
    const auto job = random_job(seed);
    if (!job) continue;
    SCOPED_TRACE("seed " + std::to_string(seed));
    const WithWaves traced = trace(*job);
    expect_counters_in_waves(*job, traced);
    if (testing::Test::HasFailure()) return;
    ++run;
    for (const measure::FaultOutcome& outcome : traced.measured.faults) {
      if (outcome.reads_changed == 0) continue;
      ++fired;
      break;
    }
    with_setup += traced.measured.setup.value > 0 ? 1 : 0;
  }
  EXPECT_GT(run, static_cast<int>(cases / 2));
  EXPECT_GT(fired, static_cast<int>(cases / 10));
  EXPECT_GT(with_setup, static_cast<int>(cases / 20));
}

TEST(Waves, GivenAWorkloadThenLayersAreTheRowsOfItsTable) {
  const network::Workload workload =
      network::workload_from_bytes("layer,M,N,K\na,3,2,4\nb,5,2,4\n", "two.csv");
  const run::Job job = run::workload_job(one_pass_job().spec, workload, 1, 1);
  const WithWaves traced = trace(job);
  EXPECT_EQ(by_layer(traced.vcd, "stream", 2),
            counted(traced.measured, &measure::CycleClasses::stream));
}

TEST(Waves, GivenAPlaceThatCannotBeWrittenThenItIsTheUsersError) {
  EXPECT_EQ(test::message_of<base::InputError>([] {
              run::simulate(one_pass_job(), EngineKind::kSystemc, {}, "/no/such/folder/w.vcd");
            }),
            "/no/such/folder/w.vcd: its folder is missing or not writable");
}

}  // namespace
}  // namespace lacuna
