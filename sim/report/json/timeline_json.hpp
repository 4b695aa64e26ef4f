// One batch as a trace that Perfetto and chrome://tracing open.
#pragma once

#include <string>

#include "run/simulate.hpp"

namespace lacuna::report {

/// Trace Event Format, otherData.schema "lacuna.timeline/1" (docs/formats.md), ending in a newline.
/// `command` is what the trace is made with, "" where nothing is to be said of it. All else says
/// nothing of the engine: both give the same.
std::string timeline_json(const run::Job& job, const run::Timeline& timeline,
                          const std::string& command = "");

}  // namespace lacuna::report
