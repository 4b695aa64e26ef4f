// Measured fault maps: CSV with the header `memory,bank,row,bit,kind`, one permanent fault a line.
#pragma once

#include <string>

#include "fault/geometry.hpp"
#include "fault/plan.hpp"

namespace lacuna::fault {

/// Reads a map; rows in any order, exact duplicates merge, lines may end in CR LF. Throws
/// base::InputError with the line for a malformed row, a memory that is not there, a cell outside
/// it, or two kinds in one cell. The plan's origin is the path.
FaultPlan read_map(const std::string& path, const Memories& memories);

/// Throws base::InputError for a fault at a step: a map, as that of `path`, has no column for it.
void check_map(const std::string& path, const FaultPlan& plan);
/// The bytes of a map, for those that tie one file to several memories. Throws base::InputError.
std::string read_map_bytes(const std::string& path);
/// The same from a file's bytes, which are not hashed; `path` is for messages and the origin.
FaultPlan map_from_bytes(const std::string& path, const std::string& bytes,
                         const Memories& memories);

/// Writes the faults in plan order; read_map gives them back. Throws base::InputError when the file
/// cannot be written, or for a fault at a step: a map has no column for it.
void write_map(const std::string& path, const FaultPlan& plan);

}  // namespace lacuna::fault
