// An ONNX file, parsed with bounded memory, as a plain graph.
//
// Operator sets 7 to 23 of ONNX, any version of the file format. What is wrong with the file as a
// graph (cut off, names twice, a cycle, data that are not there) is an error here; whether its
// nodes can be run is for the later stages.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "network/read/graph.hpp"

namespace lacuna::network {

/// Bytes of message objects (not of weights, which are strings) that a file may unfold into.
inline constexpr std::int64_t kModelMemoryBudget = 1LL << 30;

/// Reads `bytes`; `file` stands in messages, and its folder may hold external data. Throws
/// InputError.
Graph read_model(const std::string& bytes, const std::string& file,
                 std::int64_t memory_budget = kModelMemoryBudget);
/// Frees the bytes as soon as they are parsed: a large model is not held twice.
Graph read_model(std::string&& bytes, const std::string& file,
                 std::int64_t memory_budget = kModelMemoryBudget);

/// Files beside a model that hold data of it, by what it says; none where it cannot be read, or is
/// so large that its data are likely its own.
std::vector<std::string> external_files(const std::string& file);

}  // namespace lacuna::network
