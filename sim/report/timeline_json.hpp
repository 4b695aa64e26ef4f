// One batch as a trace that Perfetto and chrome://tracing open.
#pragma once

#include <string>

#include "engine/run.hpp"

namespace lacuna::report {

/// Trace Event Format, otherData.schema "lacuna.timeline/1" (docs/formats.md), ending in a newline.
/// `network` is the name of the model or workload. Says nothing of the engine: both give the same.
std::string timeline_json(const engine::Job& job, const engine::Timeline& timeline,
                          const std::string& network);

}  // namespace lacuna::report
