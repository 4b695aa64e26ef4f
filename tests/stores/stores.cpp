#include "stores/stores.hpp"

#include <grp.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

namespace lacuna {
namespace {

constexpr int kMostTries = 20'000;

}  // namespace

void Stores::SetUp() {
  Program::SetUp();
  std::filesystem::permissions(folder_, std::filesystem::perms(0755));
}

void Stores::TearDown() {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_)) {
    if (entry.is_directory()) std::filesystem::permissions(entry, std::filesystem::perms(0755));
  }
  Program::TearDown();
}

std::string Stores::chips(int images, int maps, int seed, const std::string& more) const {
  const std::string name = path("chips" + std::to_string(seed) + ".yaml");
  std::ofstream(name) << "name: chips\nmachines: [hw_configs/tiny_8x8.yaml]\n"
                      << "models: [models/lenet5_qdnn]\nimages: " << images << "\nseed: " << seed
                      << "\n"
                      << more
                      << "random_maps:\n  kinds: [flip]\n  rates: [0.001, 0.02]\n  maps: " << maps
                      << "\n";
  return name;
}

std::string Stores::sweep(int images, int seed) const {
  const std::string name = path("sweep" + std::to_string(seed) + ".yaml");
  std::ofstream(name) << "name: sweep\nmachine: hw_configs/edge_16x16.yaml\n"
                      << "models: [models/lenet5_as]\nimages: " << images << "\nseed: " << seed
                      << "\ngrid:\n  weight_sram.capacity_bytes: [1024, 2048, 4096, 65536]\n"
                      << "  array.weights_per_pe: [4, 16]\n  dram.bytes_per_cycle: [1, 8]\n"
                      << "faults:\n  rates: [0.01]\n  maps: 4\n";
  return name;
}

std::string Stores::exported(const std::string& store) const {
  const Output run =
      lacuna({"campaign", "export", store, "--csv", path("x.csv"), "--json", path("x.json")});
  EXPECT_EQ(run.code, 0) << run.error;
  return read(path("x.csv")) + read(path("x.json"));
}

std::string Stores::swept(const std::string& store) const {
  const Output run = lacuna({"sweep", store, "--csv", path("y.csv")});
  EXPECT_EQ(run.code, 0) << run.error;
  return read(path("y.csv"));
}

std::int64_t Stores::points_in(const std::string& store) const {
  if (lacuna({"sweep", store, "--json", path("n.json")}).code != 0) return 0;
  const auto record = nlohmann::json::parse(read(path("n.json")));
  return static_cast<std::int64_t>(record.at("points").size());
}

std::int64_t Stores::trials_in(const std::string& store) const {
  if (lacuna({"campaign", "export", store, "--csv", path("n.csv")}).code != 0) return 0;
  const std::string text = read(path("n.csv"));
  return std::count(text.begin(), text.end(), '\n') - 1;
}

void Stores::wait_for_results(const std::string& store, std::int64_t count, bool of_sweep) const {
  for (int i = 0; i < kMostTries; ++i) {
    if (std::filesystem::exists(store) &&
        (of_sweep ? points_in(store) : trials_in(store)) >= count) {
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  FAIL() << "no results in " << store;
}

std::vector<std::string> Stores::names(const std::string& start) const {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind(start, 0) == 0) found.push_back(name);
  }
  std::sort(found.begin(), found.end());
  return found;
}

void leave_to_the_system(const char* options) { ::setenv("ASAN_OPTIONS", options, 1); }

void become_nobody(unsigned user) {
  leave_to_the_system("detect_leaks=0");
  if (::geteuid() != 0) return;
  if (::setgroups(0, nullptr) != 0 || ::setgid(user) != 0 || ::setuid(user) != 0) ::_exit(98);
}

Output Stores::merge(const std::string& of, const std::vector<std::string>& stores,
                     const std::string& out) const {
  std::vector<std::string> command{of, "merge"};
  command.insert(command.end(), stores.begin(), stores.end());
  command.insert(command.end(), {"--out", path(out)});
  return lacuna(command);
}

void Stores::expect_merge_refused(const std::string& of, const std::vector<std::string>& stores,
                                  const std::string& error) const {
  const Output run = merge(of, stores, "refused");
  EXPECT_EQ(run.code, 2) << run.out;
  EXPECT_EQ(run.error, "lacuna: " + error + "\n");
  EXPECT_EQ(names("refused"), std::vector<std::string>{});
}

}  // namespace lacuna
