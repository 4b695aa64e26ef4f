// The rules between the rooms of sim/, on the real tree; and that each rule catches a breach.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "layering/includes.hpp"
#include "layering/rules.hpp"
#include "layering/source_text.hpp"

namespace lacuna::layering {
namespace {

using Strings = std::vector<std::string>;

const std::vector<SourceFile>& real_tree() {
  static const std::vector<SourceFile> kFiles = [] {
    const std::filesystem::path root = std::string(LACUNA_SOURCE_DIR) + "/sim";
    std::vector<SourceFile> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
      const std::string extension = entry.path().extension();
      if (extension != ".hpp" && extension != ".cpp" && extension != ".inc" && extension != ".in") {
        continue;
      }
      std::ifstream stream(entry.path());
      std::stringstream text;
      text << stream.rdbuf();
      files.push_back({std::filesystem::relative(entry.path(), root), text.str()});
    }
    return files;
  }();
  return kFiles;
}

TEST(SourceTree, IsWalkedWhole) { EXPECT_GT(real_tree().size(), 50U); }
TEST(SourceTree, HasTheRoomsThatAreBuilt) {
  std::ifstream stream(std::string(LACUNA_SOURCE_DIR) + "/sim/CMakeLists.txt");
  std::stringstream text;
  text << stream.rdbuf();
  const std::string list = text.str();
  const std::string begin = "foreach(room ";
  ASSERT_NE(list.find(begin), std::string::npos);
  const std::size_t at = list.find(begin) + begin.size();
  std::istringstream names(list.substr(at, list.find(')', at) - at));
  EXPECT_EQ(Strings(std::istream_iterator<std::string>(names), {}), rooms());
  Strings folders;
  for (const auto& entry : std::filesystem::directory_iterator(LACUNA_SOURCE_DIR "/sim")) {
    if (entry.is_directory()) folders.push_back(entry.path().filename());
  }
  Strings sorted = rooms();
  std::sort(sorted.begin(), sorted.end());
  std::sort(folders.begin(), folders.end());
  EXPECT_EQ(folders, sorted);
}
TEST(SourceTree, IncludesOnlyDownTheRooms) { EXPECT_EQ(find_bad_edges(real_tree()), Strings{}); }
TEST(SourceTree, HasNoCircles) { EXPECT_EQ(find_circles(real_tree()), Strings{}); }
TEST(SourceTree, KeepsThirdPartyHeadersAtHome) {
  EXPECT_EQ(find_homeless_headers(real_tree()), Strings{});
}
TEST(SourceTree, PrintsAndExitsOnlyInCli) {
  EXPECT_EQ(find_prints_and_exits(real_tree()), Strings{});
  EXPECT_EQ(find_detours(real_tree()), Strings{});
}

TEST(BadEdges, AreFound) {
  const std::vector<SourceFile> files{
      {"base/units.hpp", ""},
      {"fault/plan.hpp", "#include \"base/units.hpp\"\n"},
      {"fault/sampler.hpp", "#include \"fault/plan.hpp\"\n"},
      {"base/error.hpp", "\n#include \"fault/plan.hpp\"\n"},
      {"systemc/engine.hpp", "#include \"fault/plan.hpp\"\n#include \"fault/sampler.hpp\"\n"},
      {"fast/engine.hpp", "#include \"systemc/engine.hpp\"\n"},
      {"run/simulate.hpp", "#include \"systemc/engine.hpp\"\n#include \"fault/sampler.hpp\"\n"},
      {"run/version.hpp.in", ""},
      {"cli/main.cpp",
       "#include \"run/version.hpp\"\n#include \"run.hpp\"\n"
       "#include \"run/gone.hpp\"\n// #include \"cli/comment.hpp\"\n"},
      {"mapping/mapper.hpp", "#include \"judge/judge.hpp\"\n"},
      {"systemc/controller.cpp", "#include \"mapping/mapper.hpp\"\n"},
      {"fast/step_times.cpp", "#include \"mapping/mapper.hpp\"\n"},
      {"judge/judge.hpp", ""},
      {"campaign/store.hpp", ""},
      {"explore/sweep.hpp", "#include \"campaign/store.hpp\"\n"},
      {"utils/misc.hpp", ""},
  };
  EXPECT_EQ(find_bad_edges(files),
            (Strings{"base/error.hpp:2: \"fault/plan.hpp\" is above base",
                     "systemc/engine.hpp:2: \"fault/sampler.hpp\" is more of fault than its plan",
                     "fast/engine.hpp:1: \"systemc/engine.hpp\" is the other engine",
                     "cli/main.cpp:2: \"run.hpp\" is in no room",
                     "cli/main.cpp:3: \"run/gone.hpp\" does not exist",
                     "mapping/mapper.hpp:1: \"judge/judge.hpp\" stands apart: the judge knows "
                     "nothing of the mapper",
                     "systemc/controller.cpp:1: \"mapping/mapper.hpp\" stands apart: an engine "
                     "runs any schedule, whoever wrote it",
                     "fast/step_times.cpp:1: \"mapping/mapper.hpp\" stands apart: an engine runs "
                     "any schedule, whoever wrote it",
                     "explore/sweep.hpp:1: \"campaign/store.hpp\" is beside, not below",
                     "utils/misc.hpp:0: is in no room"}));
}

TEST(Circles, AreFound) {
  const std::vector<SourceFile> files{
      {"base/a.hpp", "#include \"base/b.hpp\"\n"},
      {"base/b.hpp", "#include \"base/c.hpp\"\n"},
      {"base/c.hpp", "#include \"base/b.hpp\"\n#include \"base/d.hpp\"\n"},
      {"base/d.hpp", ""},
      {"base/self.hpp", "#include \"base/self.hpp\"\n"},
  };
  EXPECT_EQ(find_circles(files),
            (Strings{"base/b.hpp -> base/c.hpp -> base/b.hpp", "base/self.hpp -> base/self.hpp"}));
}

TEST(HomelessHeaders, AreFound) {
  const char* all =
      "#include <yaml-cpp/yaml.h>\n#include <onnx/onnx_pb.h>\n#include <systemc>\n#include <tlm>\n"
      "#include <boost/program_options.hpp>\n#include <torch/torch.h>\n"
      "#include <sqlite3.h>\n#include <nlohmann/json.hpp>\n#include <zlib.h>\n"
      "#include <openssl/evp.h>\n#include <vector>\n#include <fmt/format.h>\n";
  const auto count = [&](const char* path) { return find_homeless_headers({{path, all}}).size(); };
  EXPECT_EQ(count("base/x.cpp"), 9U);
  EXPECT_EQ(count("config/x.cpp"), 9U);
  EXPECT_EQ(count("network/x.cpp"), 8U);
  EXPECT_EQ(count("systemc/x.hpp"), 8U) << "systemc and tlm";
  EXPECT_EQ(count("fast/x.cpp"), 10U);
  EXPECT_EQ(count("cli/x.cpp"), 9U);
  EXPECT_EQ(count("store/x.cpp"), 9U);
  EXPECT_EQ(count("report/x.cpp"), 8U) << "JSON and zlib";
  EXPECT_EQ(find_homeless_headers({{"config/x.hpp", "\n#include <yaml-cpp/yaml.h>\n"}}),
            (Strings{"config/x.hpp:2: <yaml-cpp/yaml.h> belongs to sources"}));
  EXPECT_EQ(find_homeless_headers({{"run/x.cpp", "#include \"systemc/engine.hpp\"\n"}}), Strings{})
      << "our own folder";
  EXPECT_EQ(find_homeless_headers({{"cli/main.cpp", "#include <systemc>\n"}}), Strings{});
  EXPECT_EQ(find_homeless_headers({{"cli/main.cpp", "#include <tlm>\n"}}).size(), 1U);
  EXPECT_EQ(find_homeless_headers({{"run/x.cpp", "#include <systemc.h>\n"}}),
            (Strings{"run/x.cpp:1: <systemc.h> belongs to systemc"}));
}

TEST(PrintsAndExits, AreFound) {
  for (const char* line : {"std::cout << 1;", "std :: cerr << 1;", "printf(\"x\");",
                           "std::exit (2);", "fmt::print(x);", "::_exit(1);", "std::abort();",
                           "puts(x);", "std::terminate();", "perror(x);"}) {
    EXPECT_EQ(find_prints_and_exits({{"base/x.cpp", line}}).size(), 1U) << line;
    EXPECT_EQ(find_prints_and_exits({{"cli/x.cpp", line}}).size(), 0U) << line;
  }
  for (const char* line :
       {"// std::cout", "/* exit(1) */", "f(\"std::cout\");", "snprintf(x);", "on_exit(x);",
        "R\"(printf(1))\"", "fmt::format(x);", "exit_code = 2;", "x = 1'000; /*'*/ y = 'a';"}) {
    EXPECT_EQ(find_prints_and_exits({{"base/x.cpp", line}}), Strings{}) << line;
  }
  EXPECT_EQ(find_prints_and_exits({{"campaign/workers.cpp", "::_exit(0);"}}), Strings{})
      << "a forked worker";
  EXPECT_EQ(find_prints_and_exits({{"campaign/workers.cpp", "std::exit(0);"}}).size(), 1U);
  for (const char* line : {"std::cout << 1;", "base::write_file(a, b);", "std::ofstream x(a);"}) {
    EXPECT_EQ(find_detours({{"cli/x.cpp", line}}).size(), 1U) << line;
  }
  EXPECT_EQ(find_detours({{"cli/print.cpp", "std::cout << 1;"}, {"cli/x.cpp", "// std::cout"}}),
            Strings{});
  EXPECT_EQ(find_prints_and_exits({{"base/x.cpp", "a\n\nexit(1);"}}),
            (Strings{"base/x.cpp:3: only cli prints or exits: exit"}));
}

TEST(CodeOnly, KeepsLinesAndRemovesCommentsAndLiterals) {
  EXPECT_EQ(code_only("a // b\nc /* d\ne */ f"), "a     \nc     \n     f");
  EXPECT_EQ(code_only("f(\"a\\\"b\", 'c', 1'000)"), "f(      ,    , 1'000)");
  EXPECT_EQ(code_only("R\"x(a)\")x\" b"), "           b");
}

}  // namespace
}  // namespace lacuna::layering
