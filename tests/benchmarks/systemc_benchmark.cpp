// Speed of the SystemC engine, with values. A row: CPU time, simulated cycles a CPU-second, and the
// peak memory of the process so far in MB (run one row alone, --benchmark_filter, for its own).
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <cstdlib>
#include <string>

#include "engine/run.hpp"
#include "mapping/mapper.hpp"
#include "network/data_set.hpp"
#include "network/onnx_import.hpp"
#include "network/workload.hpp"

namespace lacuna {
namespace {

const std::string kRoot = LACUNA_SOURCE_DIR;

double peak_megabytes() {
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024.0;
}

void simulate(benchmark::State& state, const engine::Job& job) {
  std::int64_t cycles = 0;
  for ([[maybe_unused]] auto _ : state) {
    const auto measured = engine::simulate(job, engine::EngineKind::kSystemc);
    for (const base::LayerCounters& layer : measured.layers) cycles += layer.cycles.total().value;
  }
  state.counters["cycles/s"] =
      benchmark::Counter(static_cast<double>(cycles), benchmark::Counter::kIsRate);
  state.counters["peak_MB"] = peak_megabytes();
}

engine::Job resnet18(const char* machine, const char* trace, double density) {
  const auto spec = arch::load_spec(kRoot + "/hw_configs/" + machine);
  network::Workload workload = network::load_workload(kRoot + "/traces/" + trace);
  for (network::WorkloadLayer& layer : workload.layers) layer.density = density;
  return engine::workload_job(spec, workload, 1, 1);
}

void BM_ResNet18_32x32_D16_skip_density50(benchmark::State& state) {
  simulate(state, resnet18("cloud_32x32.yaml", "resnet18.csv", 0.5));
}
void BM_ResNet18_32x32_D16_skip_density100(benchmark::State& state) {
  simulate(state, resnet18("cloud_32x32.yaml", "resnet18.csv", 1.0));
}
void BM_ResNet18_32x32_D1_as_ScaleSim(benchmark::State& state) {
  simulate(state, resnet18("scalesim_ws.yaml", "resnet18_scalesim.csv", 1.0));
}
void BM_LeNet5_16x16_D16_skip_100_images(benchmark::State& state) {
  const auto spec = arch::load_spec(kRoot + "/hw_configs/edge_16x16.yaml");
  const network::Network network =
      network::import_onnx(kRoot + "/models/lenet5_qdnn/lenet5_qdnn.onnx");
  const network::DataSet data = network::load_test_set(network::kDefaultDataDir);
  std::vector<std::vector<std::uint8_t>> images;
  for (int i = 0; i < 100; ++i) images.push_back(network::quantise_pixels(data, i, network));
  simulate(state, engine::model_job(spec, network, images, 1));
}
void BM_Map_ResNet18_32x32(benchmark::State& state) {
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(resnet18("cloud_32x32.yaml", "resnet18.csv", 1.0));
  }
}

BENCHMARK(BM_ResNet18_32x32_D16_skip_density50)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_ResNet18_32x32_D16_skip_density100)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_ResNet18_32x32_D1_as_ScaleSim)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_LeNet5_16x16_D16_skip_100_images)->Unit(benchmark::kMillisecond);
BENCHMARK(BM_Map_ResNet18_32x32)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace lacuna

int main(int argc, char** argv) {
  constexpr int kOverwrite = 1;
  ::setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", kOverwrite);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
