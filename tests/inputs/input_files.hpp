// The YAML files that users write, of all kinds, through their readers.
#pragma once

#include <string>
#include <vector>

#include "config/schema.hpp"

namespace lacuna::test {

/// Reads a document as a file of that kind; what is read is dropped. Throws base::InputError.
void read_as(config::FileKind kind, const config::Document& document);

/// Every YAML file of the kinds under a folder of the source tree, sorted.
std::vector<std::string> input_files(const std::string& folder);

/// Bytes of a file of the source tree.
std::string source_text(const std::string& path);

}  // namespace lacuna::test
