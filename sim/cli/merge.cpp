#include "cli/merge.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/shell.hpp"

namespace lacuna::cli {

void add_merge_options(Options& options) {
  options.positional("file", "the shards' stores, in any order, or folders of *.sqlite")
      .value("out", "STORE", "the new store (required)");
}

std::vector<std::string> store_arguments(const Options& options, const std::string& command) {
  std::vector<std::string> paths;
  for (const std::string& path : options.texts("file")) {
    if (!std::filesystem::is_directory(path)) {
      paths.push_back(path);
      continue;
    }
    const std::size_t before = paths.size();
    for (const auto& entry : std::filesystem::directory_iterator(path)) {
      if (entry.path().extension() == ".sqlite") paths.push_back(entry.path().string());
    }
    if (paths.size() == before) {
      throw base::InputError({path, 0, ""}, "is a folder without stores",
                             "one with files whose names end in .sqlite, or stores");
    }
    std::sort(paths.begin() + static_cast<std::ptrdiff_t>(before), paths.end());
  }
  if (paths.empty()) {
    throw base::InputError({"", 0, command}, "no store is named", "one at least is required");
  }
  for (const std::string& path : paths) {
    base::expect_regular_file(path);
    note_store(path);
  }
  return paths;
}

std::string merge_command(const std::string& command, const std::vector<std::string>& stores,
                          const std::string& out) {
  constexpr std::size_t kMost = 20;
  std::vector<std::string> words = stores;
  words.resize(std::min(words.size(), kMost));
  std::string text = base::shell_command("lacuna " + command, words);
  if (stores.size() > kMost) text += fmt::format(" ... ({} stores)", stores.size());
  return text + " " + base::shell_command("--out", {out});
}

}  // namespace lacuna::cli
