// What a network says of each image: its class, and the values of its outputs as the file has them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "run/job.hpp"
#include "run/simulate.hpp"

namespace lacuna::run {

struct Predictions {
  std::vector<int> labels;  ///< empty where there are none
  std::vector<int> top1;    ///< empty where no output says a class
  /// Raw sums of the last accumulators, [image][value]; none unless the only output is one layer's.
  std::int64_t sums_an_image = 0;
  std::vector<std::int32_t> sums;
  std::vector<std::string> names;  ///< of the values: output and number, in the file's order
  std::vector<float> values;       ///< [image][name]
  std::int64_t images = 0;
};

/// Of a job with a model.
Predictions predictions_of(const Job& job, const Measurement& measurement);

}  // namespace lacuna::run
