// Files that are whole or absent: written under a temporary name, then renamed.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace lacuna::train {

/// Throws TrainError; a process killed at any moment leaves the old file or the new one.
void write_whole_file(const std::filesystem::path& file, std::string_view bytes);

/// Throws TrainError if the file cannot be read.
std::string read_whole_file(const std::filesystem::path& file);

}  // namespace lacuna::train
