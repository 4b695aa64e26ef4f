// Schedules as people read them.
#pragma once

#include <string>

#include "run/job.hpp"

namespace lacuna::report {

/// A row a layer: loop order, ranges, tiles, passes, what stays on chip; why; and buffer use.
std::string schedule_text(const run::Job& job);

/// A row a step, in list order: what it is, what it touches and what it waits for.
std::string steps_text(const run::Job& job);

}  // namespace lacuna::report
