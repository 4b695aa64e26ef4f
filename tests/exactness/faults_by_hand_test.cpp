// Every access of a cell at its time: small cases whose accesses are derived by hand from the rules
// (docs/timing.md, docs/faults.md). An upset is put at every cycle and at every step; both engines
// and the naive evaluation must see it in just the reads that the comments derive. So each access
// is struck just before it and just after it.
#include <gtest/gtest.h>

#include <algorithm>

#include "exactness/naive_run.hpp"
#include "run/simulate.hpp"
#include "unit/network/stack.hpp"

namespace lacuna {
namespace {

using memory::CellPosition;
using memory::FaultKind;
using memory::MemoryId;

// 2 x 2 PEs of two 8-bit weights, FIFOs of two, one accumulator, serial load. A DMA transfer takes
// its latency of one cycle; two lanes of the post unit begin four cycles after a drain. Words of
// the weight SRAM hold the two weights of an index, those of the activation SRAM eight codes.
arch::AcceleratorSpec tiny_machine() {
  arch::AcceleratorSpec spec;
  spec.name = "tiny";
  spec.array.rows = spec.array.cols = spec.array.weights_per_pe = 2;
  spec.array.psum_fifo_depth = 2;
  spec.array.local_accumulators = 1;
  spec.weight_sram.word_bits = 16;
  spec.weight_sram.banks = 1;
  spec.activation_sram.word_bits = 64;
  spec.activation_sram.banks = 2;
  spec.dram.latency_cycles = 1;
  spec.post.lanes = 2;
  spec.post.latency_cycles = 4;
  return spec;
}

// A 1 x 1 convolution with weights of one over a map of one row.
network::Layer ones(std::int32_t input, std::int64_t width, std::int64_t in, std::int64_t out) {
  network::Layer layer;
  layer.name = "l" + std::to_string(input);
  layer.inputs = {input};
  layer.in = {1, width, in};
  layer.out = {1, width, out};
  layer.weights.assign(static_cast<std::size_t>(in * out), 1);
  layer.bias.assign(static_cast<std::size_t>(out), 0);
  layer.scale.assign(static_cast<std::size_t>(out), 1.0F);
  return layer;
}

network::Network network_of(std::vector<network::Layer> layers) {
  network::Network network;
  network.name = "by hand";
  layers.back().logits = true;
  network.layers = std::move(layers);
  network::test::give_maps(network, network.layers.front().in);
  return network;
}

run::Job job_of(const arch::AcceleratorSpec& spec, const network::Network& network,
                std::vector<std::uint8_t> image = {}) {
  image.resize(static_cast<std::size_t>(network.input().shape.values()), image.empty() ? 1 : 0);
  return run::model_job(spec, network, {image}, 1);
}

/// Two layers, M 3; the first K 5 in passes of 3 and 2, the second K 2.
///
/// Input by DMA 0..1. Load 0..3, index v at 1 + v. Pass 0, T = 3: row 0 has indices 0 and 1, row 1
/// has index 2; s = 2 and 1.
///     row 0  start 0 2 4  commit 2 4 6          row 1  start 0 3 5  commit 3 5 7
/// The stream takes 7 + 1, to 11. Load of pass 1 11..13. Pass 1, T = 13, s = 1 each:
///     row 0  start 0 1 2  commit 1 2 3          row 1  start 0 2 3  commit 2 3 4
/// to 13 + 5 = 18; row 0 waits for its FIFO's place: commit(2, 0) = max(3, commit(0, 1) + 1).
/// Post: 18 + 4, entries at 23, 24, 25. Second layer: load 18..20, T = 25 as pass 1, to 30; post 30
/// + 4, entries at 35, 36, 37.
network::Network two_layers() { return network_of({ones(0, 3, 5, 2), ones(1, 3, 2, 2)}); }
enum TwoLayerSteps : std::int64_t { kInput, kLoad0, kPass0, kLoad1, kPass1, kPost, kLoad2, kPass2 };
constexpr std::int64_t kTwoLayerCycles = 37;

struct HandAccess {
  std::int64_t cycle;
  std::int64_t step;
  bool write;
};
HandAccess reads(std::int64_t cycle, std::int64_t step) { return {cycle, step, false}; }
HandAccess writes(std::int64_t cycle, std::int64_t step) { return {cycle, step, true}; }

struct Seen {
  std::int64_t reads = 0;
  bool overwritten = false;
};

/// Of the accesses in program order: what an upset at `time` changes.
Seen seen_from(const std::vector<HandAccess>& accesses, std::int64_t time,
               std::int64_t HandAccess::*clock) {
  Seen seen;
  for (const HandAccess& access : accesses) {
    if (access.*clock < time) continue;
    if (access.write) {
      seen.overwritten = seen.reads == 0;
      break;
    }
    ++seen.reads;
  }
  return seen;
}

/// The same of both engines, which agree with the naive evaluation on all else, too.
run::Measurement measure(const run::Job& job) {
  const run::Measurement naive = test::run_naively(job);
  const run::Measurement fast = run::simulate(job, run::EngineKind::kFast);
  EXPECT_EQ(test::difference_from_naive(naive, fast), "");
  EXPECT_EQ(test::difference_from_naive(naive, run::simulate(job, run::EngineKind::kSystemc)), "");
  return fast;
}

fault::Fault upset_at(MemoryId id, const CellPosition& cell, std::int64_t cycle) {
  fault::Fault fault;
  fault.memory = id;
  fault.cell = cell;
  fault.cycle = cycle;
  return fault;
}

fault::Fault permanent(MemoryId id, const CellPosition& cell, FaultKind kind = FaultKind::kFlip) {
  fault::Fault fault;
  fault.memory = id;
  fault.cell = cell;
  fault.kind = kind;
  return fault;
}

/// An upset at every cycle and, where memories hold something from step to step, at every step.
void expect_accesses(run::Job job, MemoryId id, const CellPosition& cell,
                     const std::vector<HandAccess>& accesses) {
  const std::int64_t last =
      std::max_element(accesses.begin(), accesses.end(),
                       [](const HandAccess& a, const HandAccess& b) { return a.cycle < b.cycle; })
          ->cycle;
  for (std::int64_t cycle = 0; cycle <= last + 1; ++cycle) {
    SCOPED_TRACE(memory::memory_name(id) + (" cycle " + std::to_string(cycle)));
    job.plan.faults = {upset_at(id, cell, cycle)};
    const measure::FaultOutcome outcome = measure(job).faults.front();
    const Seen seen = seen_from(accesses, cycle, &HandAccess::cycle);
    EXPECT_EQ(outcome.reads_changed, seen.reads);
    EXPECT_EQ(outcome.overwritten, seen.overwritten);
  }
  if (id == MemoryId::kPeAccumulators || id == MemoryId::kPsumFifos) return;
  for (std::int64_t step = 0; step < job.steps(); ++step) {
    SCOPED_TRACE(memory::memory_name(id) + (" step " + std::to_string(step)));
    job.plan.faults = {upset_at(id, cell, memory::kNoCycle)};
    job.plan.faults.front().step = step;
    const measure::FaultOutcome outcome = measure(job).faults.front();
    const Seen seen = seen_from(accesses, step, &HandAccess::step);
    EXPECT_EQ(outcome.reads_changed, seen.reads);
    EXPECT_EQ(outcome.overwritten, seen.overwritten);
  }
}

/// The cell of a bit of value `slot` of the activation SRAM, eight codes a word, two banks.
CellPosition activation(std::int64_t slot, std::int64_t bit) {
  const std::int64_t word = slot / 8;
  return {word % 2, word / 2, slot % 8 * 8 + bit};
}
/// Its bit of the bitmap, two a word.
CellPosition bitmap(std::int64_t slot) {
  const std::int64_t word = slot / 2;
  return {word % 2, word / 2, slot % 2};
}
/// The slot of the first value of a map that lies in one place.
std::int64_t first_slot(const run::Job& job, std::int32_t map) {
  std::int64_t slot = -1;
  for (const schedule::Region& region : job.parts.front().schedule->regions) {
    if (region.map != map) continue;
    EXPECT_TRUE(slot == -1 || slot == region.base);
    slot = region.base;
  }
  return slot;
}
/// PE (row, col) is bank row x 2 + col.
CellPosition in_pe(std::int64_t row, std::int64_t col, std::int64_t place, std::int64_t bit) {
  return {row * 2 + col, place, bit};
}

TEST(FaultsByHand, GivenNoFaultThenTheTwoLayersTakeWhatIsDerived) {
  const run::Measurement measured = measure(job_of(tiny_machine(), two_layers()));
  EXPECT_EQ(measured.batch_cycles, std::vector<std::int64_t>{kTwoLayerCycles});
  EXPECT_EQ(measured.logits, std::vector<std::int32_t>(6, 10));
}

TEST(FaultsByHand, GivenAnUpsetInTheActivationSramThenItsFeederSeesIt) {
  const run::Job job = job_of(tiny_machine(), two_layers());
  // Value (x, c) of the input is slot 5 x + c. (1, 0) is index 0, row 0, pixel 1: T + start(1, 0).
  expect_accesses(job, MemoryId::kActivationSram, activation(5, 1),
                  {writes(1, kInput), reads(3 + 2, kPass0)});
  // (1, 2) is index 2, row 1: 3 + start(1, 1). (2, 4) is index 1 of pass 1, row 1, pixel 2.
  expect_accesses(job, MemoryId::kActivationSram, activation(7, 1),
                  {writes(1, kInput), reads(3 + 3, kPass0)});
  expect_accesses(job, MemoryId::kActivationSram, activation(14, 1),
                  {writes(1, kInput), reads(13 + 3, kPass1)});
  // Value (x, c) of the map between is slot 15 + 2 x + c. (1, 1): entry 1, then row 1 of pixel 1.
  expect_accesses(job, MemoryId::kActivationSram, activation(18, 1),
                  {writes(24, kPost), reads(25 + 2, kPass2)});
}

TEST(FaultsByHand, GivenAnUpsetInTheBitmapThenItsFeederSeesItAndDropsTheValue) {
  // Nothing is zero, and a row's indices lie in one word of two channels: times as without
  // skipping.
  arch::AcceleratorSpec spec = tiny_machine();
  spec.zero_skipping = arch::ZeroSkipping::kSkip;
  run::Job job = job_of(spec, two_layers());
  expect_accesses(job, MemoryId::kActivationBitmap, bitmap(5),
                  {writes(1, kInput), reads(3 + 2, kPass0)});
  expect_accesses(job, MemoryId::kActivationBitmap, bitmap(14),
                  {writes(1, kInput), reads(13 + 3, kPass1)});
  expect_accesses(job, MemoryId::kActivationBitmap, bitmap(18),
                  {writes(24, kPost), reads(25 + 2, kPass2)});
  // Without value (2, 0) row 0 is done with pixel 2 at 4 + 1: commit(2, 0) = 5, commit(2, 1) =
  // max(5 + 1, 5 + 1) = 6, a cycle less. Both channels of the pixel are 4, the outputs 8.
  job.plan.faults = {upset_at(MemoryId::kActivationBitmap, bitmap(10), 7)};
  const run::Measurement dropped = measure(job);
  EXPECT_EQ(dropped.batch_cycles.front(), kTwoLayerCycles - 1);
  EXPECT_EQ(dropped.logits, (std::vector<std::int32_t>{10, 10, 10, 10, 8, 8}));
  EXPECT_EQ(dropped.layers[0].macs.skipped, 2);
}

TEST(FaultsByHand, GivenABitThatTurnsOneThenAZeroCodeIsIssued) {
  // Value (1, 0) is zero: row 0 starts 0 2 3 and commits 2 3 5, row 1 0 3 4 and 3 4 6: a cycle
  // less.
  arch::AcceleratorSpec spec = tiny_machine();
  spec.zero_skipping = arch::ZeroSkipping::kSkip;
  std::vector<std::uint8_t> image(15, 1);
  image[5] = 0;
  run::Job job = job_of(spec, two_layers(), image);
  const run::Measurement free = measure(job);
  EXPECT_EQ(free.batch_cycles.front(), kTwoLayerCycles - 1);
  EXPECT_EQ(free.layers[0].macs.skipped, 2);
  // Pixel 1 of row 0 is fed at 3 + 2.
  job.plan.faults = {upset_at(MemoryId::kActivationBitmap, bitmap(5), 5)};
  const run::Measurement issued = measure(job);
  EXPECT_EQ(issued.batch_cycles.front(), kTwoLayerCycles);
  EXPECT_EQ(issued.layers[0].macs.skipped, 0);
  EXPECT_EQ(issued.logits, free.logits);
  job.plan.faults.front().cycle = 6;
  EXPECT_EQ(measure(job).batch_cycles.front(), kTwoLayerCycles - 1);
}

TEST(FaultsByHand, GivenAnUpsetInTheWeightSramThenTheLoaderSeesIt) {
  const run::Job job = job_of(tiny_machine(), two_layers());
  // A word an index: 0..2, 3..4 of the passes, 5..6 of the second layer, from set-up on; a load
  // reads index v at start + 1 + v. Channel 1 lies in bits 8 to 15.
  expect_accesses(job, MemoryId::kWeightSram, {0, 1, 9}, {reads(0 + 1 + 1, kLoad0)});
  expect_accesses(job, MemoryId::kWeightSram, {0, 3, 9}, {reads(11 + 1 + 0, kLoad1)});
  expect_accesses(job, MemoryId::kWeightSram, {0, 6, 1}, {reads(18 + 1 + 1, kLoad2)});
}

TEST(FaultsByHand, GivenWeightsThatAreFetchedAgainThenTheEndOfAFetchOverwrites) {
  // Four words for five indices: step 1 fetches pass 0 by 1, and step 4 pass 1 over it when the
  // load has ended, 4..5 (DMA latency 1). Loads 1..4 and, behind stream 4..12, 12..14.
  arch::AcceleratorSpec spec = tiny_machine();
  spec.weight_sram.capacity_bytes = 8;
  const run::Job job = job_of(spec, network_of({ones(0, 3, 5, 2)}));
  expect_accesses(job, MemoryId::kWeightSram, {0, 0, 9},
                  {writes(1, 1), reads(1 + 1 + 0, 2), writes(5, 4), reads(12 + 1 + 0, 5)});
}

TEST(FaultsByHand, GivenAnUpsetInAPeWeightThenProductsOfItsSlotSeeItFromTheirPixelsStart) {
  const run::Job job = job_of(tiny_machine(), two_layers());
  // Row 0, column 1, slot 1: index 1 of pass 0, at 3 + start(m, 0) + 1; nothing else uses it.
  expect_accesses(job, MemoryId::kPeWeights, in_pe(0, 1, 1, 1),
                  {writes(2, kLoad0), reads(4, kPass0), reads(6, kPass0), reads(8, kPass0)});
  // Slot 0: index 0 of all three. T + 0 1 2 + 1 in pass 1 and in the second layer.
  expect_accesses(job, MemoryId::kPeWeights, in_pe(0, 1, 0, 1),
                  {writes(1, kLoad0), reads(4, kPass0), reads(6, kPass0), reads(8, kPass0),
                   writes(12, kLoad1), reads(14, kPass1), reads(15, kPass1), reads(16, kPass1),
                   writes(19, kLoad2), reads(26, kPass2), reads(27, kPass2), reads(28, kPass2)});
}

TEST(FaultsByHand, GivenAnUpsetInAPeAccumulatorThenTheNextProductOrCommitSeesIt) {
  // Row 0, column 1. Pass 0: 0 at T + start + 1, products at + 1 and + 2, commit; the last product,
  // the commit and the next pixel's start lie at one edge, in that order.
  std::vector<HandAccess> accesses;
  for (const std::int64_t start : {4, 6, 8}) {
    accesses.push_back(writes(start, kPass0));
    for (const std::int64_t product : {start + 1, start + 2}) {
      accesses.push_back(reads(product, kPass0));
      accesses.push_back(writes(product, kPass0));
    }
    accesses.push_back(reads(start + 2, kPass0));
  }
  // Passes of one product a pixel: starts at T + 0 1 2 + 1, commits a cycle later.
  for (const auto& [begin, pass] : {std::pair{14, kPass1}, std::pair{26, kPass2}}) {
    for (std::int64_t start = begin; start < begin + 3; ++start) {
      accesses.push_back(writes(start, pass));
      accesses.push_back(reads(start + 1, pass));
      accesses.push_back(writes(start + 1, pass));
      accesses.push_back(reads(start + 1, pass));
    }
  }
  expect_accesses(job_of(tiny_machine(), two_layers()), MemoryId::kPeAccumulators,
                  in_pe(0, 1, 0, 7), accesses);
}

TEST(FaultsByHand, GivenTwoLocalAccumulatorsThenASumWaitsInOneWhileTheOtherIsAdded) {
  // Pass 0 with two: row 1 starts 0, done(0) = 1, max(done(1), commit(0)) = 3, and commits 3 5 7 as
  // before. Column 0, T = 3: pixels 0 and 2 use accumulator 0, pixel 1 accumulator 1.
  arch::AcceleratorSpec spec = tiny_machine();
  spec.array.local_accumulators = 2;
  const run::Job job = job_of(spec, network_of({ones(0, 3, 3, 2)}));
  expect_accesses(job, MemoryId::kPeAccumulators, in_pe(1, 0, 0, 7),
                  {writes(3, 2), reads(4, 2), writes(4, 2), reads(6, 2), writes(6, 2), reads(7, 2),
                   writes(7, 2), reads(10, 2)});
  expect_accesses(job, MemoryId::kPeAccumulators, in_pe(1, 0, 1, 7),
                  {writes(4, 2), reads(5, 2), writes(5, 2), reads(8, 2)});
}

TEST(FaultsByHand, GivenAnUpsetInAPsumFifoThenTheCommitOfItsRowSeesIt) {
  const run::Job job = job_of(tiny_machine(), two_layers());
  // Row 1, which is the first with FIFOs, column 0: place 0 has pixels 0 and 2, place 1 pixel 1.
  // Pushed at T + commit(m, 0), popped at T + commit(m, 1).
  expect_accesses(job, MemoryId::kPsumFifos, {0, 0, 7},
                  {writes(5, kPass0), reads(6, kPass0), writes(9, kPass0), reads(10, kPass0),
                   writes(14, kPass1), reads(15, kPass1), writes(16, kPass1), reads(17, kPass1),
                   writes(26, kPass2), reads(27, kPass2), writes(28, kPass2), reads(29, kPass2)});
  // Column 1 a cycle later.
  expect_accesses(job, MemoryId::kPsumFifos, {1, 1, 7},
                  {writes(8, kPass0), reads(9, kPass0), writes(16, kPass1), reads(17, kPass1),
                   writes(28, kPass2), reads(29, kPass2)});
}

TEST(FaultsByHand, GivenAnUpsetInTheAccumulatorSramThenTheNextPassOrThePostUnitSeesIt) {
  run::Job job = job_of(tiny_machine(), two_layers());
  // Entry 2 of lane 1: T + commit(2, 1) + 1 in both passes, the first without a read; post entry 2.
  // The second layer uses entries 3 to 5.
  expect_accesses(job, MemoryId::kAccumulatorSram, {1, 2, 3},
                  {writes(11, kPass0), reads(18, kPass1), writes(18, kPass1), reads(25, kPost)});
  // With unlimited lanes all entries are taken as soon as the sums are there, and after them.
  arch::AcceleratorSpec spec = tiny_machine();
  spec.post.lanes.reset();
  spec.accumulators.entries_per_lane = 12;
  job = job_of(spec, two_layers());
  expect_accesses(job, MemoryId::kAccumulatorSram, {1, 2, 3},
                  {writes(11, kPass0), reads(18, kPass1), writes(18, kPass1), reads(18, kPost)});
  // The second layer then streams when it is loaded, T = 20: row 1 of pixel 1 at 20 + 2.
  expect_accesses(job, MemoryId::kActivationSram, activation(18, 1),
                  {writes(18, kPost), reads(22, kPass2)});
}

TEST(FaultsByHand, GivenAnUpsetInATableThenEveryLaneReadsItsEntry) {
  // Load 0..2, T = 2, to 7; post 11 + 1 2 3. The table's step: 14 + 4, entries at 19, 20, 21, both
  // lanes of all three with operand 2. Nothing else reads, and nothing writes.
  network::Layer table = ones(1, 3, 2, 2);
  table.kind = network::LayerKind::kElementwise;
  table.weights = {};
  table.function.step(*tensor::find_operation("Relu"), {tensor::Function::input(0)});
  table.tables.emplace_back();
  for (std::int16_t code = 0; code < 256; ++code) table.tables.front().push_back(code);
  const run::Job job =
      job_of(tiny_machine(), network_of({ones(0, 3, 2, 2), table, ones(2, 3, 2, 2)}));
  expect_accesses(
      job, MemoryId::kLookupTables, {0, 2, 4},
      {reads(19, 4), reads(19, 4), reads(20, 4), reads(20, 4), reads(21, 4), reads(21, 4)});
  // Value (1, 1) of the maps in front of it and behind it, of which the second lies where the input
  // lay: row 1 reads pixel 1 at T + 2, T = 2 and 21.
  expect_accesses(job, MemoryId::kActivationSram, activation(first_slot(job, 1) + 3, 0),
                  {writes(13, 3), reads(20, 4)});
  expect_accesses(job, MemoryId::kActivationSram, activation(first_slot(job, 2) + 3, 0),
                  {writes(1, 0), reads(2 + 2, 2), writes(20, 4), reads(21 + 2, 6)});
}

// y = f(x) + x with two channel tiles: the post unit reads x for tile 0 while the array streams it
// for tile 1, and later than that, though its step comes first in the list.
TEST(FaultsByHand, GivenAResidualThatIsTheInputThenEachReaderSeesAnUpsetAtItsOwnTime) {
  // Layer 0, one pass and two tiles: load 0..4, T = 4 as pass 0 of two_layers() but both rows of
  // two:
  //     row 0  start 0 2 4  commit 2 4 6          row 1  start 0 3 5  commit 3 5 7
  // to 12, post 16 + 1 2 3; load 12..16, T = 16, to 24, post 28 + 1 2 3. Layer 1 takes x, the map
  // between: load 24..28, T = 31, to 39, post 43 + 2 4 6 (two operands an entry); load 39..43, T =
  // 43, to 51, post max(55, 49) + 2 4 6. Layer 2: load 51..55, T = 61, to 69, post 73 + 1 2 3 = 76.
  network::Network network = network_of({ones(0, 3, 4, 4), ones(1, 3, 4, 4), ones(2, 3, 4, 2)});
  network.layers[1].inputs.push_back(1);
  network.layers[1].combine = network::Combine::kAdd;
  network.layers[1].operand_scale = {1.0F};
  run::Job job = job_of(tiny_machine(), network);
  EXPECT_EQ(measure(job).batch_cycles.front(), 76);
  // Steps: 0 input; 1 load, 2 stream, 3 post, 4 load, 5 stream, 6 post of layer 0; 7 load, 8
  // stream, 9 post, 10 load, 11 stream, 12 post of layer 1. x(1, 1) is index 1, row 0.
  const std::int64_t x = first_slot(job, 1);
  expect_accesses(job, MemoryId::kActivationSram, activation(x + 5, 1),
                  {writes(18, 3), reads(31 + 2, 8), reads(47, 9), reads(43 + 2, 11)});
  // x(2, 2) is of row 1 and of tile 1: after the second stream in list and time.
  expect_accesses(job, MemoryId::kActivationSram, activation(x + 10, 1),
                  {writes(31, 6), reads(31 + 5, 8), reads(43 + 5, 11), reads(61, 12)});
}

// Rows that two ranges share are loaded twice: each visit reads the cells of its own region.
TEST(FaultsByHand, GivenAHaloThenEachVisitReadsOtherCells) {
  // Kernel 2 x 1 over 5 rows of 2 channels, room for 3 rows: output rows 0, 1 from input rows 0 to
  // 2, output rows 2, 3 from input rows 2 to 4, both regions from slot 0 on. K 4, load 0..4. First
  // visit: DMA 0..1, T = 4, s = 2: row 0 starts 0 2, row 1 0 3 and commits 3 5; to 10. Second: DMA
  // 10..11, T = 11.
  network::Layer layer = ones(0, 1, 2, 2);
  layer.in = {5, 1, 2};
  layer.out = {4, 1, 2};
  layer.window.kernel_h = 2;
  layer.weights.assign(8, 1);
  arch::AcceleratorSpec spec = tiny_machine();
  spec.activation_sram.word_bits = 8;
  spec.activation_sram.capacity_bytes = 8;
  run::Job job = job_of(spec, network_of({layer}));
  // Slot 4: input row 2, channel 0 in the first visit, as tap 1 of output row 1: array row 1, pixel
  // 1. Input row 4 in the second, as tap 1 of output row 3. A word a slot, two banks.
  expect_accesses(job, MemoryId::kActivationSram, {0, 2, 1},
                  {writes(1, 0), reads(4 + 3, 2), writes(11, 4), reads(11 + 3, 5)});
  // Slot 0: input row 0, tap 0 of output row 0; then input row 2, tap 0 of output row 2.
  expect_accesses(job, MemoryId::kActivationSram, {0, 0, 1},
                  {writes(1, 0), reads(4 + 0, 2), writes(11, 4), reads(11 + 0, 5)});
  // 1 reads as 3 in slot 4: output rows 1 and 3. Row 2 reads input row 2 elsewhere.
  job.plan.faults = {permanent(MemoryId::kActivationSram, {0, 2, 1})};
  EXPECT_EQ(measure(job).logits, (std::vector<std::int32_t>{4, 4, 6, 6, 4, 4, 6, 6}));
}

TEST(FaultsByHand, GivenAMapThatIsSpilledThenStoreAndLoadPassTheFaultOn) {
  // Room for a row of either map, and one more: rows of the map between, in slots 2 and 3, go to
  // DRAM. M 1 a stream, K 2: row 1 commits at 2, so it takes 3. Layer 0, rows of the input in slots
  // 0 and 1: DMA 0..1, load 0..2, T = 2, to 5; post 9..10, store (step 4) 10..11. The next DMA
  // waits in order for the store's start, 10..11; T = 11, to 14, post 18..19, store and
  // load 19..20; T = 20, to 23, post 27..28, store 28..29. Layer 1, rows to slots 0, 2, 0: load
  // (13) behind that store, 28..29, the next (14) waits for its end, 29..30. T = 29, to 32; load
  // (18) 32..33; T = 32, to 35. Posts 36..37, 39..40. The last stream waits for its accumulators, T
  // = 37, to 40; post 44..45.
  arch::AcceleratorSpec spec = tiny_machine();
  spec.activation_sram.word_bits = 8;
  spec.activation_sram.capacity_bytes = 5;
  network::Layer first = ones(0, 1, 2, 2);
  first.in.height = first.out.height = 3;
  network::Layer second = ones(1, 1, 2, 2);
  second.in.height = second.out.height = 3;
  run::Job job = job_of(spec, network_of({first, second}));
  EXPECT_EQ(measure(job).batch_cycles.front(), 45);
  expect_accesses(job, MemoryId::kActivationSram, {0, 1, 0},
                  {writes(10, 3), reads(11, 4), writes(19, 7), reads(20, 8), writes(28, 11),
                   reads(29, 12), writes(30, 14), reads(32, 19)});
  expect_accesses(job, MemoryId::kActivationSram, {0, 0, 0},
                  {writes(1, 0), reads(2, 2), writes(11, 5), reads(11, 6), writes(20, 9),
                   reads(20, 10), writes(29, 13), reads(29, 16), writes(33, 18), reads(37, 21)});
  // A 2 of row 0 is stored as a 3, and comes back as one.
  job.plan.faults = {upset_at(MemoryId::kActivationSram, {0, 1, 0}, 11)};
  EXPECT_EQ(measure(job).logits, (std::vector<std::int32_t>{5, 5, 4, 4, 4, 4}));
}

// M 1, K 4, N 1: row 0 has 0 and 3, row 1 has 2 and 5. Bit 4 of the accumulator of row 0 is flipped
// in every read: f(x) = x xor 16.
TEST(FaultsByHand, GivenAPermanentFlipInAPeAccumulatorThenItTurnsOnceAProduct) {
  arch::AcceleratorSpec spec = tiny_machine();
  const network::Network network = network_of({ones(0, 1, 4, 1)});
  const std::vector<std::uint8_t> image{0, 3, 2, 5};
  const auto flipped = [&](arch::ZeroSkipping policy, std::vector<fault::Fault> others = {}) {
    spec.zero_skipping = policy;
    run::Job job = job_of(spec, network, image);
    job.plan.faults = std::move(others);
    job.plan.faults.push_back(permanent(MemoryId::kPeAccumulators, in_pe(0, 0, 0, 4)));
    return measure(job);
  };
  // Every index is a product: f(0) + 0 = 16, f(16) + 3 = 3, committed as f(3) = 19; and 7.
  const run::Measurement none = flipped(arch::ZeroSkipping::kNone);
  EXPECT_EQ(none.logits, std::vector<std::int32_t>{26});
  EXPECT_EQ(none.faults.back().reads_changed, 3);
  // The zero is none: f(0) + 3 = 19, committed as f(19) = 3; and 7.
  for (const auto policy : {arch::ZeroSkipping::kGate, arch::ZeroSkipping::kSkip}) {
    const run::Measurement two = flipped(policy);
    EXPECT_EQ(two.logits, std::vector<std::int32_t>{10});
    EXPECT_EQ(two.faults.back().reads_changed, 2);
  }
  // A zero whose bit reads 1 is issued, and is a product.
  const run::Measurement issued =
      flipped(arch::ZeroSkipping::kSkip,
              {permanent(MemoryId::kActivationBitmap, bitmap(0), FaultKind::kStuckAt1)});
  EXPECT_EQ(issued.logits, std::vector<std::int32_t>{26});
  EXPECT_EQ(issued.faults.back().reads_changed, 3);
}

// A gated value costs its cycle: the products behind it come later.
TEST(FaultsByHand, GivenAGatedZeroThenTheNextProductIsACycleLater) {
  // Row 0 has 0 and 1. T = 4; nothing at 5, the product at 6, the commit at 6 behind it.
  arch::AcceleratorSpec spec = tiny_machine();
  spec.zero_skipping = arch::ZeroSkipping::kGate;
  run::Job job = job_of(spec, network_of({ones(0, 1, 4, 1)}), {0, 1, 0, 0});
  fault::Fault window = permanent(MemoryId::kPeAccumulators, in_pe(0, 0, 0, 0));
  window.cycle = 5;
  window.until = 6;
  job.plan.faults = {window};
  EXPECT_EQ(measure(job).faults.front().reads_changed, 0);
  // 0 reads as 1, 1 + 1 = 2, and 2 as 3.
  job.plan.faults.front().cycle = 6;
  job.plan.faults.front().until = 7;
  const run::Measurement both = measure(job);
  EXPECT_EQ(both.faults.front().reads_changed, 2);
  EXPECT_EQ(both.logits, std::vector<std::int32_t>{3});
  // An upset is seen by the product alone, which writes 2.
  job.plan.faults = {upset_at(MemoryId::kPeAccumulators, in_pe(0, 0, 0, 0), 6)};
  EXPECT_EQ(measure(job).logits, std::vector<std::int32_t>{2});
}

// A zero code that reads as another one: gated no more; but behind a bit of 0 nobody sees it.
TEST(FaultsByHand, GivenAZeroThatReadsAsAnotherCodeThenGatingSeesItAndSkippingDoesNot) {
  arch::AcceleratorSpec spec = tiny_machine();
  const network::Network network = network_of({ones(0, 1, 4, 1)});
  for (const auto policy :
       {arch::ZeroSkipping::kNone, arch::ZeroSkipping::kGate, arch::ZeroSkipping::kSkip}) {
    spec.zero_skipping = policy;
    run::Job job = job_of(spec, network, {0, 3, 2, 5});
    job.plan.faults = {permanent(MemoryId::kActivationSram, activation(0, 4))};
    const run::Measurement measured = measure(job);
    const bool skip = policy == arch::ZeroSkipping::kSkip;
    EXPECT_EQ(measured.logits, std::vector<std::int32_t>{skip ? 10 : 26});
    EXPECT_EQ(measured.faults.front().reads_changed, skip ? 0 : 1);
    EXPECT_EQ(measured.layers[0].macs.gated, 0);
    EXPECT_EQ(measured.layers[0].macs.skipped, skip ? 1 : 0);
  }
}

TEST(FaultsByHand, GivenAWindowThenItsFirstCycleIsInItAndItsEndIsNot) {
  run::Job job = job_of(tiny_machine(), two_layers());
  // Value (1, 0) of the input, 1, is read at 5 alone.
  const auto in_window = [&](FaultKind kind, std::int64_t from, std::int64_t to) {
    job.plan.faults = {permanent(MemoryId::kActivationSram, activation(5, 0), kind)};
    job.plan.faults.front().cycle = from;
    job.plan.faults.front().until = to;
    return measure(job).faults.front().reads_changed;
  };
  for (const FaultKind kind : {FaultKind::kFlip, FaultKind::kStuckAt0}) {
    EXPECT_EQ(in_window(kind, 4, 5), 0);
    EXPECT_EQ(in_window(kind, 5, 6), 1);
    EXPECT_EQ(in_window(kind, 0, 6), 1);
    EXPECT_EQ(in_window(kind, 6, 37), 0);
  }
  EXPECT_EQ(in_window(FaultKind::kStuckAt1, 0, 37), 0);
}

// Faults are asked at the times of the run as it is, with all its faults.
TEST(FaultsByHand, GivenAnUpsetThatDropsAValueThenOthersAreAskedEarlier) {
  arch::AcceleratorSpec spec = tiny_machine();
  spec.zero_skipping = arch::ZeroSkipping::kSkip;
  run::Job job = job_of(spec, two_layers());
  // Value (2, 0) is fed at 3 + start(2, 0) = 7. Without value (0, 0), which is fed at 3, row 0 is
  // done with pixel 0 at 1: starts 0 1 3, commits 1 3 5, row 1 starts 0 2 4 and commits 2 4 6: 7 is
  // too late, and the run a cycle shorter.
  const fault::Fault drop = upset_at(MemoryId::kActivationBitmap, bitmap(0), 2);
  const auto outcome_at = [&](std::int64_t cycle, bool with_drop) {
    job.plan.faults = {upset_at(MemoryId::kActivationSram, activation(10, 1), cycle)};
    if (with_drop) job.plan.faults.push_back(drop);
    const run::Measurement measured = measure(job);
    EXPECT_EQ(measured.batch_cycles.front(), kTwoLayerCycles - (with_drop ? 1 : 0));
    return measured.faults.front().reads_changed;
  };
  EXPECT_EQ(outcome_at(7, false), 1);
  EXPECT_EQ(outcome_at(8, false), 0);
  EXPECT_EQ(outcome_at(6, true), 1);
  EXPECT_EQ(outcome_at(7, true), 0);
  // Of two that drop values of row 0, pixel 0 and pixel 2, the second is too late as well: fed at 3
  // + 3 instead of 7. In time, it is dropped, too, and pixel 2 starts at 3 and is done at 4: commit
  // (2, 0) = 4, row 1 commits 2 4 5, two cycles less in all.
  job.plan.faults = {drop, upset_at(MemoryId::kActivationBitmap, bitmap(10), 7)};
  run::Measurement both = measure(job);
  EXPECT_EQ(both.faults[1].reads_changed, 0);
  EXPECT_EQ(both.batch_cycles.front(), kTwoLayerCycles - 1);
  job.plan.faults[1].cycle = 6;
  both = measure(job);
  EXPECT_EQ(both.faults[1].reads_changed, 1);
  EXPECT_EQ(both.batch_cycles.front(), kTwoLayerCycles - 2);
}

}  // namespace
}  // namespace lacuna
