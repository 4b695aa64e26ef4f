// Speed of the engines, with values and exact cycles. A row: CPU time, simulated cycles and images
// a CPU-second, and the peak memory of the process so far in MB (run one row alone with
// --benchmark_filter for its own).
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <cstdlib>
#include <random>
#include <string>

#include "fault/sampler.hpp"
#include "mapping/mapper.hpp"
#include "network/data/feeder.hpp"
#include "network/data_set.hpp"
#include "network/onnx_import.hpp"
#include "network/workload.hpp"
#include "run/repeated_run.hpp"
#include "run/simulate.hpp"
#include "statistics/site_order.hpp"

namespace lacuna {
namespace {

const std::string kRoot = LACUNA_SOURCE_DIR;

double peak_megabytes() {
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

void simulate(benchmark::State& state, const run::Job& job, run::EngineKind kind) {
  std::int64_t cycles = 0;
  std::int64_t images = 0;
  for ([[maybe_unused]] auto _ : state) {
    const auto measured = run::simulate(job, kind);
    for (const measure::LayerCounters& layer : measured.layers)
      cycles += layer.cycles.total().value;
    images += static_cast<std::int64_t>(job.parts.front().images.size());
  }
  using benchmark::Counter;
  state.counters["cycles/s"] = Counter(static_cast<double>(cycles), Counter::kIsRate);
  state.counters["images/s"] = Counter(static_cast<double>(images), Counter::kIsRate);
  state.counters["peak_MB"] = peak_megabytes();
}

constexpr auto kSystemc = run::EngineKind::kSystemc;
constexpr auto kFast = run::EngineKind::kFast;

run::Job resnet18(const char* machine, const char* trace, double density, int batch = 1) {
  const auto spec = arch::load_spec(kRoot + "/hw_configs/" + machine);
  network::Workload workload = network::load_workload(kRoot + "/traces/" + trace);
  for (network::WorkloadLayer& layer : workload.layers) layer.density = density;
  run::Job job = run::workload_job(spec, workload, 1, batch);
  for (run::Part& part : job.parts) part = run::with_operands(part);  // not measured
  return job;
}

run::Job lenet5(const char* machine, int count) {
  const auto spec = arch::load_spec(kRoot + "/hw_configs/" + machine);
  const network::Network network =
      network::import_onnx(kRoot + "/models/lenet5_qdnn/lenet5_qdnn.onnx");
  const network::DataSet data = network::load_test_set(network::kDefaultDataDir);
  std::vector<std::vector<std::uint8_t>> images;
  for (int i = 0; i < count; ++i) images.push_back(network::quantise_pixels(data, i, network));
  return run::model_job(spec, network, images, 1);
}

void ResNet18_32x32_D16_skip(benchmark::State& state, run::EngineKind kind, double density) {
  simulate(state, resnet18("cloud_32x32.yaml", "resnet18.csv", density), kind);
}
// The same layers for 32 x 32 images, ten of them in a batch.
void ResNet18_small_images(benchmark::State& state, double density) {
  constexpr int kImages = 10;
  simulate(state, resnet18("cloud_32x32.yaml", "resnet18_small_images.csv", density, kImages),
           kFast);
}
void ResNet18_32x32_as_ScaleSim(benchmark::State& state, run::EngineKind kind) {
  simulate(state, resnet18("scalesim_ws.yaml", "resnet18_scalesim.csv", 1.0), kind);
}
void LeNet5_16x16_D16_skip(benchmark::State& state, run::EngineKind kind, int images) {
  simulate(state, lenet5("edge_16x16.yaml", images), kind);
}
// Accuracy under random maps: every iteration is another chip.
void LeNet5_random_maps(benchmark::State& state, const char* machine, int images,
                        memory::MemoryId id = memory::MemoryId::kWeightSram) {
  run::Job job = lenet5(machine, images);
  const fault::MemoryGeometry memory = run::memories(job)[id];
  std::uint64_t seed = 0;
  std::int64_t done = 0;
  for ([[maybe_unused]] auto _ : state) {
    job.plan = fault::sample_map(memory, 1e-2, ++seed, memory::FaultKind::kFlip);
    benchmark::DoNotOptimize(run::simulate(job, kFast));
    done += images;
  }
  state.counters["images/s"] =
      benchmark::Counter(static_cast<double>(done), benchmark::Counter::kIsRate);
  state.counters["peak_MB"] = peak_megabytes();
}
// Single faults: every iteration strikes another cell of those that hold weights.
void LeNet5_single_faults(benchmark::State& state, const char* machine, int images) {
  const run::Job job = lenet5(machine, images);
  const run::RepeatedRun repeated(job);
  const fault::MemoryGeometry memory = run::weight_sram(job);
  const std::int64_t cells =
      job.parts.front().schedule->weight_words * std::int64_t{memory.word_bits};
  const statistics::SiteOrder order(1, 0, cells);
  std::int64_t done = 0;
  std::int64_t draw = 0;
  fast::Savings savings;
  for ([[maybe_unused]] auto _ : state) {
    const std::int64_t cell = order.site(draw++ % cells);
    const std::int64_t word = cell / memory.word_bits;
    fault::FaultPlan plan;
    fault::Fault fault;
    fault.cell = {word % memory.banks, word / memory.banks, cell % memory.word_bits};
    plan.faults.push_back(fault);
    const run::PlanOutcome outcome = repeated.run(plan);
    savings += outcome.savings;
    done += images;
  }
  using benchmark::Counter;
  state.counters["images/s"] = Counter(static_cast<double>(done), Counter::kIsRate);
  state.counters["MACs_computed_%"] =
      100 * static_cast<double>(savings.computed) / static_cast<double>(savings.total());
  state.counters["peak_MB"] = peak_megabytes();
}
// Strikes that somebody reads: every iteration is another cell, cycle and image.
void LeNet5_strikes(benchmark::State& state, const char* machine, memory::MemoryId id) {
  constexpr int kImages = 200;
  constexpr std::size_t kStrikes = 2'000;
  const run::Job job = lenet5(machine, kImages);
  const run::RepeatedRun repeated(job);
  const fault::MemoryGeometry memory = run::memories(job)[id];
  std::vector<fault::FaultPlan> plans;
  std::mt19937_64 random(1);
  const auto draw = [&](std::int64_t below) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(below));
  };
  while (plans.size() < kStrikes) {
    fault::Fault fault;
    fault.memory = id;
    const std::int64_t word = draw(memory.words);
    fault.cell = {word % memory.banks, word / memory.banks, draw(memory.word_bits)};
    fault.batch = static_cast<std::int32_t>(draw(kImages));
    fault.cycle = draw(repeated.golden().cycles[static_cast<std::size_t>(fault.batch)]);
    fault::FaultPlan plan;
    plan.faults.push_back(fault);
    if (repeated.run(plan).faults.front().reads_changed > 0) plans.push_back(plan);
  }
  std::size_t next = 0;
  std::int64_t done = 0;
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(repeated.run(plans[next++ % plans.size()]));
    ++done;
  }
  state.counters["images/s"] =
      benchmark::Counter(static_cast<double>(done), benchmark::Counter::kIsRate);
  state.counters["peak_MB"] = peak_megabytes();
}
void Map_ResNet18_32x32(benchmark::State& state, const char* trace) {
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(resnet18("cloud_32x32.yaml", trace, 1.0));
  }
}

constexpr auto kUnit = benchmark::kMillisecond;
BENCHMARK_CAPTURE(ResNet18_32x32_D16_skip, systemc_density50, kSystemc, 0.5)->Unit(kUnit);
BENCHMARK_CAPTURE(ResNet18_32x32_D16_skip, systemc_density100, kSystemc, 1.0)->Unit(kUnit);
BENCHMARK_CAPTURE(ResNet18_32x32_as_ScaleSim, systemc, kSystemc)->Unit(kUnit);
BENCHMARK_CAPTURE(LeNet5_16x16_D16_skip, systemc_100_images, kSystemc, 100)->Unit(kUnit);
BENCHMARK_CAPTURE(ResNet18_32x32_D16_skip, fast_density50, kFast, 0.5)->Unit(kUnit);
BENCHMARK_CAPTURE(ResNet18_32x32_as_ScaleSim, fast, kFast)->Unit(kUnit);
BENCHMARK_CAPTURE(ResNet18_small_images, fast_density50, 0.5)->Unit(kUnit);
BENCHMARK_CAPTURE(ResNet18_small_images, fast_density100, 1.0)->Unit(kUnit);
BENCHMARK_CAPTURE(LeNet5_16x16_D16_skip, fast_10000_images, kFast, 10'000)->Unit(kUnit);
BENCHMARK_CAPTURE(LeNet5_random_maps, edge_16x16, "edge_16x16.yaml", 1'000)->Unit(kUnit);
BENCHMARK_CAPTURE(LeNet5_random_maps, tiny_8x8_refetching, "tiny_8x8.yaml", 1'000)->Unit(kUnit);
BENCHMARK_CAPTURE(LeNet5_random_maps, edge_16x16_activation_sram, "edge_16x16.yaml", 1'000,
                  memory::MemoryId::kActivationSram)
    ->Unit(kUnit);
BENCHMARK_CAPTURE(LeNet5_random_maps, tiny_8x8_activation_sram, "tiny_8x8.yaml", 1'000,
                  memory::MemoryId::kActivationSram)
    ->Unit(kUnit);
BENCHMARK_CAPTURE(LeNet5_single_faults, edge_16x16, "edge_16x16.yaml", 1'000)->Unit(kUnit);
BENCHMARK_CAPTURE(LeNet5_single_faults, tiny_8x8_refetching, "tiny_8x8.yaml", 1'000)->Unit(kUnit);
BENCHMARK_CAPTURE(Map_ResNet18_32x32, layers, "resnet18.csv")->Unit(kUnit);
BENCHMARK_CAPTURE(Map_ResNet18_32x32, products, "resnet18_gemm.csv")->Unit(kUnit);

}  // namespace
}  // namespace lacuna

int main(int argc, char** argv) {
  constexpr int kOverwrite = 1;
  ::setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", kOverwrite);
  for (const lacuna::memory::MemoryKind& kind : lacuna::memory::kMemories) {
    if (kind.id == lacuna::memory::MemoryId::kLookupTables) continue;  // LeNet-5 has none
    benchmark::RegisterBenchmark((std::string("LeNet5_strikes/edge_16x16_") + kind.name).c_str(),
                                 lacuna::LeNet5_strikes, "edge_16x16.yaml", kind.id);
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
