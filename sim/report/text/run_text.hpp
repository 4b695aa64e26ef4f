// A run record as people and programs read it. Ratios are made here, from raw integers.
#pragma once

#include <string>

#include "run/predictions.hpp"
#include "run/run_record.hpp"

namespace lacuna::report {

/// The table a layer with totals and speed-ups, for a terminal.
std::string run_table(const run::RunRecord& record);

/// JSON, schema "lacuna.run/1" (docs/formats.md), ending in a newline.
std::string run_json(const run::RunRecord& record);

/// CSV, a row a layer and a last row `total`: cycles by class, utilisation of the array, achieved
/// DRAM bandwidth, and what bounds the layer.
std::string run_csv(const run::RunRecord& record);

/// CSV `image,label,top1`, then `sum_0,...` and `out_NAME_0,...`; what there is not is an empty
/// field.
std::string predictions_csv(const run::Predictions& predictions);

/// What takes most of a layer's cycles: "array", "weight_load", "dram", "post" or "idle".
const char* bound_by(const measure::CycleClasses& cycles);

}  // namespace lacuna::report
