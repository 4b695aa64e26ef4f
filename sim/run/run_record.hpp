// The record of a run: everything that was measured, and what it takes to repeat it. Raw integers;
// report/ turns it into JSON ("lacuna.run/1"), CSV and tables.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "measure/counters.hpp"
#include "run/energy.hpp"
#include "run/output_change.hpp"
#include "run/simulate.hpp"

namespace lacuna::run {

struct LayerRecord {
  std::string name;
  std::int64_t m = 0;  ///< GEMM sizes, M of one image; zeros for pooling layers
  std::int64_t n = 0;  ///< channels of all groups
  std::int64_t k = 0;  ///< of one group
  std::int64_t groups = 1;
  measure::LayerCounters counters;
  std::optional<measure::CycleClasses> dense;
  std::optional<Energy> energy;
};

struct RunRecord {
  std::string version;  ///< of the program
  std::string command;  ///< that made it, as a shell reads it; empty where none did
  std::string engine;   ///< its name, with "-timing" where values were left out (Job::timing)
  std::string hardware;
  std::string hardware_sha256;
  std::string network;
  std::string network_sha256;
  std::string data_sha256;  ///< of the images' file; empty for workloads
  std::string input;        ///< what the model's card says of images; empty without
  std::string fault_origin;
  std::string fault_sha256;  ///< of the fault file; empty without one
  std::uint64_t seed = 0;    ///< of a workload's operands
  bool workload = false;
  std::int64_t images = 0;
  std::int64_t batch = 1;
  int weight_bits = 0;  ///< of a stored weight
  int activation_bits = 0;
  int bitmap_word_bits = 0;
  int clock_mhz = 0;
  std::vector<arch::Field> machine;  ///< every key of the machine with its value
  std::int64_t pes = 0;
  std::int64_t weights_per_pe = 1;

  measure::LayerCounters total;
  std::optional<measure::CycleClasses> dense;
  base::Cycles setup;
  std::optional<Energy> energy;  ///< of all layers; set-up is not in it
  std::string energy_table;      ///< its name; empty without energy
  std::string energy_sha256;
  std::vector<LayerRecord> layers;
  std::int64_t faults_armed = 0;
  std::int64_t faults_fired = 0;
  std::int64_t faults_masked = 0;
  std::string logits_sha256;
  /// Of the outputs against the fault-free run; nothing where no faults were asked for.
  std::optional<OutputChange> change;
  std::vector<std::string> outputs;  ///< names for people, in the order of `change`

  std::vector<std::int32_t> logits;  ///< images x network::Network::output_values
  std::vector<int> labels;           ///< images; empty for workloads
  std::vector<int> predictions;      ///< top-1, ties to the lowest class
  std::int64_t correct() const;
};

/// Adds the energy of every layer and of the whole run.
void add_energy(RunRecord& record, const Job& job, const arch::EnergyTable& table);

/// Adds what the faults do to a model's outputs; `fault_free` are the outputs without them.
void add_change(RunRecord& record, const Job& job, const std::vector<std::int32_t>& fault_free);

/// Images whose top-1 is their label; there are labels, and as many.
std::int64_t correct_images(const std::vector<int>& top1, const std::vector<int>& labels);

/// Puts a measurement into a record; `dense` may be empty. The command is the caller's.
RunRecord make_record(const Job& job, EngineKind kind, const Measurement& measurement,
                      const std::vector<measure::LayerCounters>& dense);

}  // namespace lacuna::run
