// The commands of the pages in docs/: every line of a `sh` block is run, page by page, in a folder
// that looks like the repository; and every link between pages leads somewhere.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

namespace lacuna {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

std::vector<fs::path> pages_of(const fs::path& folder) {
  std::vector<fs::path> pages;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".md") pages.push_back(entry.path());
  }
  std::sort(pages.begin(), pages.end());
  return pages;
}

std::vector<std::string> commands_of(const fs::path& page) {
  std::vector<std::string> commands;
  std::ifstream stream(page);
  bool inside = false;
  for (std::string line; std::getline(stream, line);) {
    if (line.rfind("```", 0) == 0) {
      inside = !inside && line == "```sh";
    } else if (inside && !line.empty()) {
      commands.push_back(line);
    }
  }
  return commands;
}

class Guide : public testing::TestWithParam<fs::path> {};

TEST_P(Guide, EveryCommandRuns) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "minutes under the sanitizer; other tests run these commands small";
#endif
  std::string pattern = (fs::temp_directory_path() / "lacuna_docs_XXXXXX").string();
  ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
  const fs::path folder(pattern);
  for (const char* name : {"hw_configs", "models", "traces", "experiments"}) {
    fs::create_symlink(fs::path(LACUNA_SOURCE_DIR) / name, folder / name);
  }
  const std::string path = fs::path(LACUNA_PROGRAM).parent_path().string();
  for (const std::string& command : commands_of(GetParam())) {
    const std::string all =
        "cd '" + folder.string() + "' && PATH='" + path + "':$PATH; (" + command + "\n) >out 2>err";
    const int status = std::system(all.c_str());
    EXPECT_EQ(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0) << command << '\n'
                                                               << read(folder / "err");
  }
  fs::remove_all(folder);
}

INSTANTIATE_TEST_SUITE_P(Pages, Guide,
                         testing::ValuesIn(pages_of(fs::path(LACUNA_SOURCE_DIR) / "docs")),
                         [](const testing::TestParamInfo<fs::path>& page) {
                           return page.param.stem().string();
                         });

TEST(Guide, HasCommands) {
  std::size_t commands = 0;
  for (const fs::path& page : pages_of(fs::path(LACUNA_SOURCE_DIR) / "docs")) {
    commands += commands_of(page).size();
  }
  EXPECT_GT(commands, 20U);
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
    const std::string text = read(page);
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
