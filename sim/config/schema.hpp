// The kinds of YAML files that a user writes, and the `schema:` that each may begin with, as
// lacuna.hardware/1. A number rises where a key changes its meaning, not where one with a default
// is added. A file without a schema is one of number 1.
#pragma once

#include <cstdint>

#include "config/document.hpp"

namespace lacuna::config {

enum class FileKind : std::uint8_t { kHardware, kEnergyTable, kFaultPlan, kCampaign, kSweep };

/// Reads `schema`, the first key of every file. Throws base::InputError where it names another
/// kind, a number that this program does not know yet, or nothing known.
void read_schema(const Section& root, FileKind kind);

/// What a file is: by its schema, else by a key that only one kind has, else a machine. Throws as
/// read_schema() for an unknown schema.
FileKind kind_of(const Document& document);

}  // namespace lacuna::config
