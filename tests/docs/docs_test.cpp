// The commands of the pages in docs/: every line of a `sh` block is run, page by page, in a folder
// that looks like the repository; every `yaml` block is accepted by `lacuna check`; every link
// between pages leads somewhere. Of `ctest` commands, whose tests the suite runs anyway, is held
// that there are tests of that name.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <ostream>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "program/program.hpp"

namespace lacuna {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> pages_of(const fs::path& folder) {
  std::vector<fs::path> pages;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".md") pages.push_back(entry.path());
  }
  std::sort(pages.begin(), pages.end());
  return pages;
}

/// The blocks of a page that are fenced as of `language`, each as its lines.
std::vector<std::vector<std::string>> blocks_of(const fs::path& page, const std::string& language) {
  std::vector<std::vector<std::string>> blocks;
  std::ifstream stream(page);
  bool fenced = false;
  bool inside = false;
  for (std::string line; std::getline(stream, line);) {
    if (line.rfind("```", 0) == 0) {
      fenced = !fenced;
      inside = fenced && line == "```" + language;
      if (inside) blocks.emplace_back();
    } else if (inside) {
      blocks.back().push_back(line);
    }
  }
  return blocks;
}

std::vector<std::string> commands_of(const fs::path& page) {
  std::vector<std::string> commands;
  for (const std::vector<std::string>& block : blocks_of(page, "sh")) {
    std::copy_if(block.begin(), block.end(), std::back_inserter(commands),
                 [](const std::string& line) { return !line.empty(); });
  }
  return commands;
}

/// The command as it is run here.
std::string runnable(const std::string& command) {
  const std::string ctest = "ctest --preset release ";
  if (command.rfind(ctest, 0) != 0) return command;
  return "ctest --test-dir '" LACUNA_BUILD_DIR "' -N " + command.substr(ctest.size()) +
         " | grep -q 'Total Tests: [1-9]'";
}

/// experiments/ at `folder`. Two pages run its long campaign: on a twentieth of its images, and
/// with LACUNA_FULL in the environment on all.
void link_experiments(const fs::path& folder) {
  const fs::path own = fs::path(LACUNA_SOURCE_DIR) / "experiments";
  const std::string lengthy = "bit_by_layer.yaml";
  if (std::getenv("LACUNA_FULL") != nullptr) return fs::create_symlink(own, folder);
  fs::create_directory(folder);
  for (const auto& entry : fs::directory_iterator(own)) {
    const std::string name = entry.path().filename().string();
    if (name != lengthy) fs::create_symlink(entry.path(), folder / name);
  }
  std::string plan = read((own / lengthy).string());
  const std::string images = "images: 1000\n";
  const std::size_t at = plan.find(images);
  ASSERT_NE(at, std::string::npos);
  std::ofstream(folder / lengthy) << plan.replace(at, images.size(), "images: 50\n");
}

std::vector<std::string> split(const std::string& line, char at) {
  std::vector<std::string> parts;
  std::stringstream stream(line);
  for (std::string part; std::getline(stream, part, at);) parts.push_back(part);
  return parts;
}

/// What the table of buffer_sizing.md must say of a capacity, from the rows of the sweep at 1, 4,
/// 16 and 64 bytes a cycle.
std::string buffer_sizing_row(const std::map<int, std::map<std::string, std::string>>& rows) {
  const auto value = [&](int bandwidth, const std::string& column) {
    return std::stod(rows.at(bandwidth).at(column));
  };
  const auto text = [](double number, int digits) {
    std::string digits_only = fmt::format("{:.{}f}", number, digits);
    if (number >= 1000) digits_only.insert(digits_only.size() - 3, ",");
    return digits_only;
  };
  const auto accuracy = [&](const std::string& what) {
    return fmt::format("{:.1f}% +- {:.1f}", 100 * value(16, what + "_mean"),
                       50 * (value(16, what + "_upper") - value(16, what + "_lower")));
  };
  std::string line;
  for (const int bandwidth : {1, 4, 16, 64}) line += text(value(bandwidth, "cycles"), 0) + " | ";
  return line + text(value(16, "energy_pj") / 1000, 0) + " | " +
         text(value(16, "weights_a_cell"), 1) + " | " + accuracy("top1_rate_0.003") + " | " +
         accuracy("top1_cells_64") + " |";
}

/// The figures of the page are those of the sweep that its commands have just made.
void check_buffer_sizing(const fs::path& page, const fs::path& csv) {
  std::ifstream stream(csv);
  std::string line;
  std::getline(stream, line);
  const std::vector<std::string> names = split(line, ',');
  std::map<int, std::map<int, std::map<std::string, std::string>>> rows;  // capacity, bandwidth
  while (std::getline(stream, line)) {
    const std::vector<std::string> values = split(line, ',');
    std::map<std::string, std::string> row;
    for (std::size_t i = 0; i < std::min(names.size(), values.size()); ++i) {
      row[names[i]] = values[i];
    }
    if (row["input"] != "models/lenet5_qdnn") continue;
    rows[std::stoi(row["weight_sram.capacity_bytes"])][std::stoi(row["dram.bytes_per_cycle"])] =
        row;
  }
  EXPECT_EQ(rows.size(), 11U);
  const std::string text = read(page);
  constexpr int kKib = 1024;
  for (const auto& [capacity, own] : rows) {
    const std::string name =
        capacity < kKib * kKib ? fmt::format("{} KiB", capacity / kKib) : std::string("1 MiB");
    const std::string expected = "\n| " + name + " | " + buffer_sizing_row(own) + "\n";
    EXPECT_NE(text.find(expected), std::string::npos) << "the page lacks" << expected;
  }
}

class Guide : public Program, public testing::WithParamInterface<fs::path> {};

TEST_P(Guide, EveryCommandRuns) {
#ifdef LACUNA_SANITIZED
  GTEST_SKIP() << "minutes under the sanitizer; other tests run these commands small";
#endif
  for (const char* name : {"hw_configs", "models", "traces"}) {
    fs::create_symlink(fs::path(LACUNA_SOURCE_DIR) / name, path(name));
  }
  link_experiments(path("experiments"));
  for (const std::string& command : commands_of(GetParam())) {
    const Output run = shell("cd '" + folder_.string() + "'; " + runnable(command));
    EXPECT_EQ(run.code, 0) << command << '\n' << run.error;
  }
  if (GetParam().stem() == "buffer_sizing") {
    check_buffer_sizing(GetParam(), path("weight_buffer.csv"));
  }
}

INSTANTIATE_TEST_SUITE_P(Pages, Guide,
                         testing::ValuesIn(pages_of(fs::path(LACUNA_SOURCE_DIR) / "docs")),
                         [](const testing::TestParamInfo<fs::path>& page) {
                           return page.param.stem().string();
                         });

using Examples = Program;

TEST_F(Examples, AreAcceptedIfTheyAreYaml) {
  int examples = 0;
  for (const fs::path& page : pages_of(fs::path(LACUNA_SOURCE_DIR) / "docs")) {
    for (const std::vector<std::string>& block : blocks_of(page, "yaml")) {
      ++examples;
      const Output check =
          lacuna({"check", write("example.yaml", fmt::format("{}\n", fmt::join(block, "\n")))});
      EXPECT_EQ(check.code, 0) << page << ": " << check.error;
    }
  }
  EXPECT_GE(examples, 3);
}

TEST_F(Examples, StateTheDefaultsThatTheProgramFillsIn) {
  const std::regex stated("# default(;.*)?$");
  const auto filled = [&](const std::vector<std::string>& lines) {
    const std::string file = write("example.yaml", fmt::format("{}\n", fmt::join(lines, "\n")));
    const Output print = lacuna({"check", "--print", file});
    EXPECT_EQ(print.code, 0) << print.error;
    return print.out;
  };
  int defaults = 0;
  for (const fs::path& page : pages_of(fs::path(LACUNA_SOURCE_DIR) / "docs")) {
    for (const std::vector<std::string>& block : blocks_of(page, "yaml")) {
      for (std::size_t i = 0; i < block.size(); ++i) {
        if (!std::regex_search(block[i], stated)) continue;
        ++defaults;
        std::vector<std::string> without = block;
        without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
        EXPECT_EQ(filled(without), filled(block)) << page << ": " << block[i];
      }
    }
  }
  EXPECT_GE(defaults, 11);
}

TEST_F(Examples, TheTableOfHardwareKeysIsTheProgramsOwn) {
  const std::string page = read(fs::path(LACUNA_SOURCE_DIR) / "docs" / "hardware.md");
  const Output keys = lacuna("check --keys");
  EXPECT_EQ(keys.code, 0) << keys.error;
  EXPECT_GT(keys.out.size(), 2000U);
  EXPECT_NE(page.find("\n\n" + keys.out + "\n"), std::string::npos)
      << "put what `lacuna check --keys` prints in place of the table in docs/hardware.md:\n"
      << keys.out;
}

TEST(Docs, HasCommands) {
  std::size_t commands = 0;
  for (const fs::path& page : pages_of(fs::path(LACUNA_SOURCE_DIR) / "docs")) {
    commands += commands_of(page).size();
  }
  EXPECT_GT(commands, 20U);
}

class WeakRows : public Program {
 protected:
  /// Lines of a map that the example of docs/extending.md draws for tiny_8x8.
  std::set<std::string> weak_rows(const std::string& share, const std::string& rate,
                                  const std::string& seed) const {
    const Output run = shell("'" LACUNA_EXAMPLE "' hw_configs/tiny_8x8.yaml " + share + " " + rate +
                             " " + seed + " '" + path("map.csv") + "'");
    EXPECT_EQ(run.code, 0) << run.error;
    std::ifstream stream(path("map.csv"));
    std::set<std::string> lines;
    std::string line;
    std::getline(stream, line);  // the head
    while (std::getline(stream, line)) lines.insert(line);
    return lines;
  }
};

TEST_F(WeakRows, FaultsGatherInRowsAndMapsOfASeedAreNested) {
  const std::set<std::string> few = weak_rows("0.1", "0.5", "3");
  EXPECT_EQ(weak_rows("0.1", "0.5", "3"), few);
  EXPECT_NE(weak_rows("0.1", "0.5", "4"), few);
  EXPECT_TRUE(weak_rows("0", "1", "3").empty());
  for (const std::set<std::string>& more :
       {weak_rows("0.1", "0.9", "3"), weak_rows("0.3", "0.5", "3")}) {
    EXPECT_GT(more.size(), few.size());
    EXPECT_TRUE(std::includes(more.begin(), more.end(), few.begin(), few.end()));
  }
  // Where a row has faults at all, half of its cells are: far from what a uniform map looks like.
  std::map<std::string, int> in_row;
  for (const std::string& line : few) {
    ++in_row[line.substr(0, line.find(',', line.find(',', line.find(',') + 1) + 1))];
  }
  EXPECT_GT(in_row.size(), 5U);
  for (const auto& [row, count] : in_row) EXPECT_GT(count, 5) << row;
}

TEST(Docs, QuotesTheExampleAsItIs) {
  const fs::path root = fs::path(LACUNA_SOURCE_DIR) / "docs";
  const std::string example = read(root / "examples" / "weak_rows.cpp");
  const std::string page = read(root / "extending.md");
  const std::string begin = "```cpp\n";
  const std::size_t from = page.find(begin) + begin.size();
  const std::string quoted = page.substr(from, page.find("```", from) - from);
  EXPECT_GT(quoted.size(), 300U);
  EXPECT_NE(example.find(quoted), std::string::npos) << quoted;
}

/// A page without its fenced blocks, in which brackets are code.
std::string prose_of(const fs::path& page) {
  std::string text;
  std::ifstream stream(page);
  bool fenced = false;
  for (std::string line; std::getline(stream, line);) {
    if (line.rfind("```", 0) == 0) fenced = !fenced;
    if (!fenced) text += line + '\n';
  }
  return text;
}

TEST(Docs, EveryLinkLeadsSomewhere) {
  const fs::path root(LACUNA_SOURCE_DIR);
  std::vector<fs::path> pages = pages_of(root / "docs");
  for (const char* page : {"README.md", "experiments/README.md", "models/README.md"}) {
    pages.push_back(root / page);
  }
  const std::regex link(R"(\]\(([^)#:]+)(#[^)]*)?\))");
  int links = 0;
  for (const fs::path& page : pages) {
    const std::string text = prose_of(page);
    for (auto found = std::sregex_iterator(text.begin(), text.end(), link);
         found != std::sregex_iterator(); ++found) {
      const fs::path target = page.parent_path() / (*found)[1].str();
      EXPECT_TRUE(fs::exists(target)) << page << " links to " << target;
      ++links;
    }
  }
  EXPECT_GT(links, 20);
}

}  // namespace
}  // namespace lacuna
