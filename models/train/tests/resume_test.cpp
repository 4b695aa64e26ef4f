// A run that is killed and resumed gives the same bytes, and a dying network gives none.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <torch/optim/sgd.h>
#include <torch/utils.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/file.hpp"
#include "model.hpp"
#include "onnx_export.hpp"
#include "toy_images.hpp"
#include "train.hpp"

extern char** environ;

namespace lacuna::train {
namespace {

namespace fs = std::filesystem;

// All there is to the tiny recipe: two float and three quantised epochs, both techniques on.
const char* const kRecipe = R"(name: tiny
architecture: lenet5
dataset: fashion-mnist
seed: 5
held_out: 50
weight_bits: 4
activation_bits: 4
augmentation: {shift: 1, flip: true}
float_stage: {epochs: 2, batch: 10, learning_rate: 0.05, momentum: 0.9, nesterov: true,
              weight_decay: 0.0005, schedule: cosine}
quantised_stage: {epochs: 3, batch: 10, learning_rate: 0.01, momentum: 0.9, nesterov: true,
                  weight_decay: 0.0001, schedule: cosine}
sparsity: {penalty: l1, lambda: 0.05, none_until: 0.15, full_from: 0.55}
sharpness: {rho: 0.05}
)";

class Folder {
 public:
  explicit Folder(const char* name)
      : path_(fs::temp_directory_path() / fmt::format("lacuna_{}_{}", name, ::getpid())) {
    fs::remove_all(path_);
    fs::create_directories(path_);
  }
  ~Folder() { fs::remove_all(path_); }
  fs::path operator/(const std::string& name) const { return path_ / name; }

 private:
  fs::path path_;
};

struct Killed : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Trains in `folder` and gives the exported bytes; stops with Killed after `steps` steps.
std::string train_tiny(const Folder& folder, const Recipe& recipe, int steps,
                       std::vector<EpochResult>* log = nullptr) {
  const Images training = bars(200, 1);
  const Images held_out = bars(50, 2);
  torch::manual_seed(recipe.seed);
  Network network(layers_of(recipe), recipe.weight_bits, recipe.activation_bits);
  const auto run = [&](const char* file) {
    return StageRun{(folder / file).string(), file,
                    [log](const EpochResult& row) {
                      if (log != nullptr) log->push_back(row);
                    },
                    [&steps](double) {
                      if (--steps == 0) throw Killed("killed");
                    }};
  };
  train_float(network, recipe, training, held_out, run("float.pt"));
  train_quantised(network, recipe, training, held_out, run("quantised.pt"));
  return to_onnx(network.freeze(recipe.name), 28, 28);
}

Recipe tiny(const std::vector<config::Override>& overrides = {}) {
  return parse_recipe("tiny.yaml", kRecipe, overrides);
}

TEST(Resume, GivesTheSameBytesWhereverTheRunWasStopped) {
  const Folder whole("whole");
  std::vector<EpochResult> log;
  const std::string expected = train_tiny(whole, tiny(), 0, &log);
  ASSERT_EQ(log.size(), 5U);
  // 20 steps an epoch: stopped in each epoch, right after one, and twice in one run.
  for (const int steps : {5, 20, 21, 35, 45, 70, 99, 100}) {
    const Folder folder("resumed");
    EXPECT_THROW(train_tiny(folder, tiny(), steps), Killed);
    EXPECT_THROW(train_tiny(folder, tiny(), 10), Killed) << "after " << steps;
    std::vector<EpochResult> resumed;
    EXPECT_EQ(train_tiny(folder, tiny(), 0, &resumed), expected) << "after " << steps;
    ASSERT_EQ(resumed.size(), log.size());
    for (std::size_t i = 0; i < log.size(); ++i) {
      EXPECT_EQ(resumed[i].loss, log[i].loss);
      EXPECT_EQ(resumed[i].held_out_correct, log[i].held_out_correct);
    }
  }
}

TEST(Resume, KeepsTheStatisticsOfBatchNorms) {
  const Recipe recipe =
      tiny({{"architecture", "resnet"}, {"resnet.depth", "8"}, {"resnet.width", "2"}});
  const Folder whole("whole");
  const Folder folder("resumed");
  const std::string expected = train_tiny(whole, recipe, 0);
  EXPECT_THROW(train_tiny(folder, recipe, 25), Killed);
  EXPECT_THROW(train_tiny(folder, recipe, 55), Killed);
  EXPECT_EQ(train_tiny(folder, recipe, 0), expected);
}

TEST(Resume, GoesByTheSeed) {
  const Folder one("one");
  const Folder other("other");
  EXPECT_NE(train_tiny(one, tiny(), 0), train_tiny(other, tiny({{"seed", "6"}}), 0));
}

TEST(Resume, RefusesADamagedCheckpoint) {
  const Folder folder("damaged");
  base::write_file((folder / "float.pt").string(), "PK nothing of use");
  EXPECT_THROW(train_tiny(folder, tiny(), 0), base::InputError);
}

TEST(Resume, StartsAnewWhereTheCheckpointIsOfAnotherRecipe) {
  const Folder folder("foreign");
  Network network(lenet5_layers(), 4, 4);
  torch::optim::SGD optimiser(network.weights(), 0.1);
  save_checkpoint((folder / "float.pt").string(), "another", network, optimiser, {});
  std::vector<EpochResult> log;
  EXPECT_FALSE(load_checkpoint((folder / "float.pt").string(), "this", network, optimiser, log));
  EXPECT_FALSE(load_checkpoint((folder / "none.pt").string(), "this", network, optimiser, log));
}

std::string failure_of(const std::vector<config::Override>& overrides) {
  const Folder folder("failing");
  try {
    train_tiny(folder, tiny(overrides), 0);
  } catch (const TrainingFailed& error) {
    return error.what();
  }
  return "no failure";
}

TEST(Dying, IsToldApart) {
  const std::string sparse =
      failure_of({{"sparsity.lambda", "1000"}, {"quantised_stage.epochs", "10"}});
  EXPECT_NE(sparse.find("of the quantised stage"), std::string::npos) << sparse;
  const std::string blown = failure_of({{"float_stage.learning_rate", "10"}});
  EXPECT_NE(blown.find("the loss of a batch is"), std::string::npos) << blown;
  const std::string blind =
      failure_of({{"float_stage.learning_rate", "0.000001"}, {"float_stage.epochs", "1"}});
  EXPECT_NE(blind.find("which is guessing"), std::string::npos) << blind;
}

// The program itself, on IDX files.

void put_big_endian(std::string& bytes, std::size_t value) {
  for (const int shift : {24, 16, 8, 0}) bytes += static_cast<char>((value >> shift) & 255U);
}

void write_idx(const Folder& folder, const std::string& part, const Images& images) {
  std::string pixels;
  put_big_endian(pixels, 0x803);
  for (const std::size_t size : {images.count, images.rows, images.columns}) {
    put_big_endian(pixels, size);
  }
  pixels.append(images.pixels.begin(), images.pixels.end());
  std::string labels;
  put_big_endian(labels, 0x801);
  put_big_endian(labels, images.count);
  labels.append(images.labels.begin(), images.labels.end());
  base::write_file((folder / (part + "-images-idx3-ubyte")).string(), pixels);
  base::write_file((folder / (part + "-labels-idx1-ubyte")).string(), labels);
}

class Program : public testing::Test {
 protected:
  Program() : folder_("program") {
    write_idx(folder_, "train", bars(400, 1));
    write_idx(folder_, "t10k", bars(50, 2));
    base::write_file((folder_ / "tiny.yaml").string(), kRecipe);
  }

  pid_t start(const std::string& to, const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = {(folder_ / "tiny.yaml").string(),
                                      "--work",
                                      (folder_ / ("work_" + to)).string(),
                                      "--models",
                                      (folder_ / to).string(),
                                      "--data",
                                      (folder_ / "").string()};
    words.insert(words.end(), more.begin(), more.end());
    return spawn(words);
  }

  pid_t spawn(std::vector<std::string> words) {
    words.insert(words.begin(), LACUNA_TRAIN);
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (const int stream : {STDOUT_FILENO, STDERR_FILENO}) {
      posix_spawn_file_actions_addopen(&actions, stream, (folder_ / "said").c_str(),
                                       O_WRONLY | O_CREAT | O_APPEND, 0600);
    }
    pid_t child = 0;
    EXPECT_EQ(posix_spawn(&child, LACUNA_TRAIN, &actions, nullptr, arguments.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    return child;
  }

  static int wait_for(pid_t child) {
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return status;
  }

  std::string bytes(const std::string& file) const {
    return base::read_file((folder_ / file).string(), 1 << 20);
  }

  Folder folder_;
};

TEST_F(Program, GivesTheSameFilesAfterAnyNumberOfKills) {
  ASSERT_EQ(wait_for(start("whole")), 0) << bytes("said");
  int kills = 0;
  int status = -1;
  // Ever longer lives, so that it ends; a new process each time.
  for (int milliseconds = 150; status != 0; milliseconds += 130) {
    const pid_t child = start("killed");
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
    ::kill(child, SIGKILL);
    status = wait_for(child);
    if (status == 0) break;
    ASSERT_TRUE(WIFSIGNALED(status)) << bytes("said");
    ++kills;
  }
  EXPECT_GE(kills, 1);
  EXPECT_EQ(bytes("killed/tiny/tiny.onnx"), bytes("whole/tiny/tiny.onnx"));
  EXPECT_EQ(bytes("killed/tiny/card.yaml"), bytes("whole/tiny/card.yaml"));
  EXPECT_EQ(bytes("work_killed/tiny/train.csv"), bytes("work_whole/tiny/train.csv"));
}

TEST_F(Program, MeasuresTheLossAroundAFinishedNetwork) {
  ASSERT_EQ(wait_for(start("whole")), 0) << bytes("said");
  const std::vector<std::string> words = {"sharpness",
                                          (folder_ / "whole/tiny/").string(),
                                          "--data",
                                          (folder_ / "").string(),
                                          "--directions",
                                          "2",
                                          "--radius",
                                          "0.1",
                                          "0.4",
                                          "--points",
                                          "3",
                                          "--out"};
  for (const char* const out : {"once", "again"}) {
    std::vector<std::string> all = words;
    all.push_back((folder_ / out).string());
    ASSERT_EQ(wait_for(spawn(all)), 0) << bytes("said");
  }
  const std::string radius = bytes("once/radius.csv");
  const std::string slice = bytes("once/slice.csv");
  EXPECT_EQ(radius.substr(0, radius.find('\n')), "radius,direction,loss,accuracy");
  EXPECT_EQ(std::count(radius.begin(), radius.end(), '\n'), 1 + 1 + 2 * 2);
  EXPECT_EQ(slice.substr(0, slice.find('\n')), "x,y,loss,accuracy");
  EXPECT_EQ(std::count(slice.begin(), slice.end(), '\n'), 1 + 3 * 3);
  EXPECT_EQ(bytes("again/radius.csv"), radius);
  EXPECT_EQ(bytes("again/slice.csv"), slice);
}

TEST_F(Program, SavesNoNetworkThatDied) {
  const int status = wait_for(start("dead", {"--set", "float_stage.learning_rate=10"}));
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 3);
  EXPECT_NE(bytes("said").find("the network died"), std::string::npos) << bytes("said");
  EXPECT_FALSE(fs::exists(folder_ / "dead/tiny"));
}

TEST_F(Program, TellsAWrongRecipe) {
  const int status = wait_for(start("wrong", {"--set", "sharpness.rho=-1"}));
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 2);
  EXPECT_NE(bytes("said").find("sharpness.rho"), std::string::npos) << bytes("said");
}

}  // namespace
}  // namespace lacuna::train
