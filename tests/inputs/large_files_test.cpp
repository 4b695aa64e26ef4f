// Files of up to 1 MiB that once took minutes or gigabytes: each is read or refused within a second
// of one core.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <ctime>
#include <functional>

#include "base/error.hpp"
#include "inputs/input_files.hpp"
#include "share.hpp"

namespace lacuna {
namespace {

using config::FileKind;

#if defined(LACUNA_SANITIZED)
constexpr std::size_t kBytes = 100'000;  // for memory errors; the time is another build's
#else
constexpr std::size_t kBytes = std::size_t{1} << 20;
constexpr long kMostKib = 1 << 20;
#endif
constexpr std::size_t kLongName = kBytes / 3;

/// `head`, then item(0), item(1), ... as far as a file may be long, then `tail`.
std::string long_file(const std::string& head, const std::function<std::string(int)>& item,
                      const std::string& tail = "") {
  std::string text = head;
  for (int i = 0;; ++i) {
    const std::string next = item(i);
    if (text.size() + next.size() + tail.size() > kBytes) return text + tail;
    text += next;
  }
}

std::function<std::string(int)> same(const std::string& text) {
  return [text](int) { return text; };
}

std::string number(int i) { return std::to_string(i); }

struct LargeFile {
  const char* what;
  FileKind kind;
  std::string text;
  bool refused = true;
};

void expect_fast(const LargeFile& file) {
  SCOPED_TRACE(file.what);
  ASSERT_GE(file.text.size(), kLongName);
  ASSERT_LE(file.text.size(), kBytes);
  std::string message;
  double seconds = test::kMostErrorSeconds;
  // A core that others use, too, is slower: once of three times must do.
  for (int attempt = 0; attempt < 3 && seconds >= test::kMostErrorSeconds; ++attempt) {
    const std::clock_t start = std::clock();
    try {
      const auto document = config::Document::parse("f.yaml", file.text);
      config::kind_of(document);
      test::read_as(file.kind, document);
      document.to_yaml();
    } catch (const base::InputError& error) {
      message = error.what();
    }
    seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  }
  EXPECT_LT(seconds, test::kMostErrorSeconds) << message.substr(0, 300);
  EXPECT_EQ(!message.empty(), file.refused) << message.substr(0, 300);
  EXPECT_LT(message.size(), 2'500U) << message.substr(0, 300);
#if !defined(LACUNA_SANITIZED)
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  EXPECT_LT(usage.ru_maxrss, kMostKib);
#endif
}

TEST(LargeFiles, OfAnyKind) {
  const std::string machine = test::source_text("tests/inputs/v0_1_0/hw_configs/edge_16x16.yaml");
  const auto keys = [](const std::string& indent) {
    return [indent](int i) { return indent + "k" + number(i) + ": 1\n"; };
  };
  for (const FileKind kind : {FileKind::kHardware, FileKind::kEnergyTable, FileKind::kFaultPlan,
                              FileKind::kCampaign, FileKind::kSweep}) {
    expect_fast({"unknown keys", kind, long_file("", keys(""))});
  }
  for (const LargeFile& file : std::vector<LargeFile>{
           {"near misses", {}, long_file("", [](int i) { return "nam" + number(i) + ": 1\n"; })},
           {"a long unknown key", {}, std::string(kLongName, 'k') + ": 1\n"},
           {"a long name", {}, "name: " + std::string(kLongName, 'n') + "\n"},
           {"a long schema", {}, "schema: " + std::string(kLongName, 'n') + "\n"},
           {"nested lists", {}, long_file("name: ", same("["))},
           {"nested maps", {}, long_file("name: ", same("{a: "))},
           {"nested blocks", {}, long_file("", same("- "))},
           {"a long list", {}, long_file("name: [", same("1,"), "1]\n")},
           {"comments", {}, long_file("", same("#\n"))},
           {"quotes", {}, long_file("name: ", same("''"), "\n")},
       }) {
    expect_fast(file);
  }
  std::string deep = "a:\n";
  for (int level = 1; level < 30; ++level) {
    deep += std::string(static_cast<std::size_t>(level), ' ') + std::string(200, 'k') + ":\n";
  }
  expect_fast({"a list below long keys", FileKind::kHardware,
               long_file(deep + std::string(30, ' ') + "k: [", same("1,"), "1]\n")});
  expect_fast({"keys in a section", FileKind::kHardware,
               long_file("array:\n", keys("  "), machine.substr(machine.find("zero_skipping:")))});
}

const std::string kCampaign = "name: c\nmachines: [m]\nmodels: [n]\nimages: 1\n";

TEST(LargeFiles, OfCampaigns) {
  const auto entry = [](int i) { return "e" + number(i) + ", "; };
  const std::string maps = "random_maps:\n  kinds: [flip]\n  maps: 1\n  rates: [";
  const std::string sites = "single_faults:\n  samples: 100\n  kinds: [flip]\n  ";
  for (const LargeFile& file : std::vector<LargeFile>{
           {"a rate repeated", {}, long_file(kCampaign + maps, same("0.5, "), "0.5]\n")},
           {"rates",
            {},
            long_file(
                kCampaign + maps, [](int i) { return "0." + number(i + 1) + ", "; }, "1]\n")},
           {"kinds",
            {},
            long_file(kCampaign + "random_maps:\n  maps: 1\n  rates: [0]\n  kinds: [",
                      same("flip, "), "flip]\n")},
           {"unknown kinds",
            {},
            long_file(kCampaign + "random_maps:\n  maps: 1\n  rates: [0]\n  kinds: [", entry,
                      "flip]\n")},
           {"networks",
            {},
            long_file("name: c\nmachines: [m]\nimages: 1\nfault_files: [f]\nmodels: [", entry,
                      "e]\n")},
           {"machines",
            {},
            long_file("name: c\nmodels: [m]\nimages: 1\nfault_files: [f]\nmachines: [", entry,
                      "e]\n")},
           {"fault files", {}, long_file(kCampaign + "fault_files: [", entry, "e]\n"), false},
           {"fault files repeated",
            {},
            long_file(kCampaign + "fault_files: [", same("e, "), "e]\n")},
           {"cluster shapes",
            {},
            long_file(
                kCampaign + sites + "shapes: [",
                [](int i) { return number(i / 1000 + 1) + "x" + number(i % 1000 + 1) + ", "; },
                "1x1]\n")},
           {"what is no shape", {}, long_file(kCampaign + sites + "shapes: [", entry, "cell]\n")},
           {"strata",
            {},
            long_file(kCampaign + sites + "shapes: [row, bank, column]\n  strata: [",
                      same("layer, "), "bit]\n")},
           {"contrasts",
            {},
            long_file(kCampaign + maps + "0]\ncontrasts:\n",
                      same("- {name: a, first: [n], second: [n]}\n"))},
           {"contrasts of unknown networks",
            {},
            long_file(kCampaign + maps + "0]\ncontrasts:\n- name: a\n  second: [n]\n  first: [",
                      entry, "e]\n")},
           {"a long name in a contrast",
            {},
            kCampaign + maps + "0]\ncontrasts:\n- name: a\n  second: [n]\n  first: [" +
                std::string(kLongName, 'n') + "]\n"},
           {"near misses of 300 networks",
            {},
            long_file(
                [&] {
                  std::string text = "name: c\nmachines: [m]\nimages: 1\nmodels: [x";
                  for (int i = 0; i < 300; ++i)
                    text += ", models/" + std::string(150, 'm') + number(i);
                  return text + "]\n" + maps +
                         "0]\ncontrasts:\n- name: b\n  second: [x]\n  first: [";
                }(),
                same("models/" + std::string(150, 'm') + "x, "), "x]\n")},
       }) {
    expect_fast({file.what, FileKind::kCampaign, file.text, file.refused});
  }
}

const std::string kSweep = "name: s\nmachine: m\nworkloads: [w]\n";

TEST(LargeFiles, OfSweeps) {
  const auto entry = [](int i) { return "e" + number(i) + ", "; };
  const std::string grid = "grid:\n  batch: [1]\n";
  for (const LargeFile& file : std::vector<LargeFile>{
           {"ranges",
            {},
            long_file(
                kSweep + "grid:\n",
                [](int i) { return "  k" + number(i) + ": {from: 1, to: 10000, step: 1}\n"; })},
           {"axes",
            {},
            long_file(kSweep + "grid:\n", [](int i) { return "  k" + number(i) + ": [1]\n"; })},
           {"values",
            {},
            long_file(
                kSweep + "grid:\n  batch: [", [](int i) { return number(i) + ", "; }, "0]\n")},
           {"a value repeated", {}, long_file(kSweep + "grid:\n  batch: [", same("1, "), "1]\n")},
           {"networks",
            {},
            long_file("name: s\nmachine: m\nimages: 1\n" + grid + "models: [", entry, "e]\n"),
            false},
           {"networks and values",
            {},
            long_file("name: s\nmachine: m\nimages: 1\ngrid:\n  batch: {from: 1, to: 9999, step: "
                      "1}\nmodels: [",
                      entry, "e]\n")},
           {"keys that are set",
            {},
            long_file(kSweep + grid + "set:\n", [](int i) { return "  k" + number(i) + ": 1\n"; })},
           {"constraints", {}, long_file(kSweep + grid + "where: [", same("1, "), "1]\n")},
           {"a long constraint",
            {},
            kSweep + grid + "where: [" + std::string(kLongName, '(') + "]\n"},
           {"columns", {}, long_file(kSweep + grid + "pareto: [", same("cycles, "), "cycles]\n")},
           {"unknown columns", {}, long_file(kSweep + grid + "pareto: [", entry, "cycles]\n")},
           {"rates",
            {},
            long_file(kSweep + grid + "faults:\n  maps: 2\n  rates: [", same("0.5, "), "1]\n")},
           {"cells",
            {},
            long_file(kSweep + grid + "faults:\n  maps: 2\n  cells: [", same("7, "), "1]\n")},
       }) {
    expect_fast({file.what, FileKind::kSweep, file.text, file.refused});
  }
}

TEST(LargeFiles, OfFaultPlansAndEnergyTables) {
  const std::string rule = "- {where: {memory: weight_sram}, what: flip}\n";
  const std::string table = test::source_text("tests/inputs/v0_1_0/energy/published_45nm.yaml");
  const std::string bytes = "  bytes: [8192, 32768, 1048576]\n";
  const std::size_t at = table.find(bytes);
  const auto file_of = [&](const std::function<std::string(int)>& item) {
    return long_file(table.substr(0, at) + "  bytes: [", item,
                     "1]\n" + table.substr(at + bytes.size()));
  };
  for (const LargeFile& file : std::vector<LargeFile>{
           {"rules", FileKind::kFaultPlan, long_file("faults:\n", same(rule)), false},
           {"no rules", FileKind::kFaultPlan, long_file("faults:\n", same("- 1\n"))},
           {"rules of nothing", FileKind::kFaultPlan, long_file("faults:\n", same("- {}\n"))},
           {"clusters", FileKind::kFaultPlan,
            long_file(
                "faults:\n",
                same("- {where: {memory: weight_sram, cluster: [4096, 4096]}, what: flip}\n")),
            false},
           {"bits", FileKind::kFaultPlan,
            long_file("faults:\n- what: flip\n  where:\n    memory: weight_sram\n    bit: [",
                      same("0-9, "), "1]\n"),
            false},
           {"memories", FileKind::kFaultPlan,
            long_file("faults:\n", same("- {where: {memory: w}, what: flip}\n"))},
           {"capacities", FileKind::kEnergyTable,
            file_of([](int i) { return number(i + 1) + ", "; })},
           {"energies", FileKind::kEnergyTable, file_of(same("1, "))},
       }) {
    expect_fast(file);
  }
}

}  // namespace
}  // namespace lacuna
