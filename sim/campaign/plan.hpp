// A campaign's plan: which chips are simulated. Read from a YAML file; trial k is a pure function
// of the plan and k, so it is the same whoever runs it, and when.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "memory/cell_array.hpp"

namespace lacuna::campaign {

/// Random fault maps of the weight SRAM: every kind x every rate x `maps` chips. Chip i has the
/// same seed for every machine, network, kind and rate, so differences are paired, and a higher
/// rate contains a lower one.
struct MapPlan {
  std::vector<memory::FaultKind> kinds;
  std::vector<double> rates;
  std::int64_t maps = 0;
};

struct Plan {
  std::string name;
  std::vector<std::string> machines;  ///< hardware files
  std::vector<std::string> models;    ///< model folders or .onnx files
  std::string data;                   ///< folder of IDX test images
  std::int64_t images = 0;            ///< the first of the test set
  std::int64_t batch = 1;
  std::uint64_t seed = 1;
  double confidence = 0.95;
  std::int64_t seconds_a_trial = 600;  ///< a trial that takes longer is an outcome of its own
  MapPlan maps;

  std::string text;    ///< the file, as read
  std::string sha256;  ///< of it
};

/// Throws base::InputError with file, line and key. Paths are as written, relative to where the
/// program runs.
Plan load_plan(const std::string& path);
Plan parse_plan(const std::string& name, const std::string& text);

/// One chip.
struct Trial {
  std::int64_t number = 0;
  std::size_t machine = 0;
  std::size_t model = 0;
  memory::FaultKind kind = memory::FaultKind::kFlip;
  double rate = 0;
  std::int64_t map = 0;
  std::uint64_t map_seed = 0;
};

std::int64_t trial_count(const Plan& plan);
/// Order: machine, model, kind, rate, map; the last runs fastest. `number` is below trial_count().
Trial trial_of(const Plan& plan, std::int64_t number);

}  // namespace lacuna::campaign
