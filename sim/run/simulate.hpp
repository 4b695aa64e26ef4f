// Runs a job's batches on one of the two engines and adds up what was counted.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "fault/plan.hpp"
#include "measure/batch_trace.hpp"
#include "measure/counters.hpp"
#include "run/job.hpp"

namespace lacuna::fast {
struct WalkValues;
}

namespace lacuna::run {

/// Both give the same logits, counters, cycles and fault outcomes for any job; the SystemC engine
/// moves every value register by register and takes stalls, too.
enum class EngineKind : std::uint8_t { kFast, kSystemc };
const char* engine_name(EngineKind kind);

struct Progress {
  std::int64_t done = 0;  ///< batches, of all parts
  std::int64_t total = 0;
  std::int64_t cycles = 0;  ///< simulated so far
};
using ProgressCallback = std::function<void(const Progress&)>;

/// What a run measured. Layers are those of all parts, in order.
struct Measurement {
  std::vector<measure::LayerCounters> layers;
  base::Cycles setup;
  std::vector<std::int32_t> logits;           ///< images x classes; empty for workloads
  std::vector<std::int64_t> batch_cycles;     ///< of each batch, in order
  std::string logits_sha256;                  ///< of logits, or of all layers' sums, as LE int32
  std::vector<measure::FaultOutcome> faults;  ///< one an entry of the plan
};

/// When everything of one batch ran; of a workload's layers one after the other.
struct Timeline {
  std::int64_t batch = 0;  ///< which one is asked for, from 0
  struct PartTimes {
    const Part* part;
    const schedule::Schedule* schedule;  ///< the part's, or its remainder
    measure::BatchTrace setup;
    measure::BatchTrace batch;
  };
  std::vector<PartTimes> parts;  ///< as found
};

/// SHA-256 of sums as little-endian int32, lower-case hex.
std::string sums_sha256(const std::vector<std::int32_t>& sums);

/// Throws base::InputError where a plan cannot be meant for the job: a fault at a step, but batches
/// that differ.
void check_plan(const Job& job, const fault::FaultPlan& plan);

/// With `vcd_path`, SystemC engine only, the waves of the whole run are written there as a VCD; the
/// file appears when the run has ended. Throws base::InputError when it cannot be written.
/// `timeline`, where there is one, names a batch that every part has and receives its times.
Measurement simulate(const Job& job, EngineKind kind, const ProgressCallback& progress = {},
                     const std::string& vcd_path = {}, Timeline* timeline = nullptr);

/// The same with another fault plan than the job's: a job can serve many chips.
Measurement simulate(const Job& job, const fault::FaultPlan& plan, EngineKind kind,
                     const ProgressCallback& progress = {}, const std::string& vcd_path = {},
                     Timeline* timeline = nullptr);

/// What a model's batch `batch` is under a plan, as in a run of all of them; by the fast engine.
/// `values`, where there is one, receives what it computed.
struct BatchMeasurement {
  std::int64_t first_image = 0;
  measure::BatchResult result;
  std::vector<measure::FaultOutcome> faults;
};
BatchMeasurement simulate_batch(const Job& job, const fault::FaultPlan& plan, std::int64_t batch,
                                fast::WalkValues* values = nullptr);

/// The outputs of a model's images without faults, as Measurement::logits, by the fast engine.
std::vector<std::int32_t> fault_free_logits(const Job& job, const ProgressCallback& progress = {});

/// Cycles of the same machine with zero skipping off. They do not depend on values, so one batch
/// of each size is run, without faults, and counted as often as it occurs.
std::vector<measure::LayerCounters> simulate_dense(const Job& job, EngineKind kind,
                                                   const ProgressCallback& progress = {});

}  // namespace lacuna::run
