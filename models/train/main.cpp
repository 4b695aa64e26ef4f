// lacuna-train: one recipe in, one network's folder out.
//
// Float training, quantisation-aware fine-tuning, then export. The folder given by --work gets
// float-<hash>.pt, the float stage's state, which recipes that agree up to there share, and in a
// folder for each recipe's name quantised.pt, the log train.csv, and result.csv with its last line.
// The network's folder is written only when all of it is there.

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/utils.h>
#include <unistd.h>

#include <boost/program_options.hpp>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/sha256.hpp"
#include "card.hpp"
#include "data.hpp"
#include "integer_network.hpp"
#include "model.hpp"
#include "network/data_set.hpp"
#include "onnx_export.hpp"
#include "recipe.hpp"
#include "sharpness_command.hpp"
#include "train.hpp"

namespace lacuna::train {
namespace {

namespace fs = std::filesystem;
namespace options = boost::program_options;

// Part of every fingerprint: counts changes of what the same recipe gives.
constexpr int kArithmetic = 3;

constexpr int kUserError = 2;
constexpr int kTrainingFailed = 3;
constexpr int kOurError = 70;

struct Arguments {
  std::string recipe;
  std::vector<config::Override> overrides;
  fs::path work;
  fs::path models;
  fs::path data;
  bool trial;
};

config::Override parse_override(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw base::InputError({"--set " + text, 0, ""}, "has no value",
                           "KEY=VALUE is allowed, as sharpness.rho=0.1");
  }
  return {text.substr(0, equals), text.substr(equals + 1)};
}

std::optional<Arguments> parse_arguments(int argc, char** argv) {
  Arguments arguments{};
  std::vector<std::string> set;
  std::string work;
  std::string models;
  std::string data;
  options::options_description known("Options");
  known.add_options()("help", "this text")("recipe", options::value(&arguments.recipe)->required(),
                                           "what to train (YAML); may come without name")(
      "set", options::value(&set)->composing(),
      "KEY=VALUE: another value in the recipe, as seed=2; repeatable")(
      "work", options::value(&work)->required(),
      "folder for logs and checkpoints; one for all recipes lets them share float stages")(
      "models", options::value(&models)->default_value("models"),
      "folder that gets <name>/<name>.onnx and <name>/card.yaml")(
      "data", options::value(&data)->default_value(network::kDefaultDataDir),
      "folder with the IDX files")(
      "trial", options::bool_switch(&arguments.trial),
      "for choosing hyper-parameters: no test images, no exported network");
  options::positional_options_description positional;
  positional.add("recipe", 1);
  options::variables_map values;
  options::store(
      options::command_line_parser(argc, argv).options(known).positional(positional).run(), values);
  if (values.count("help") != 0) {
    std::cout << "Usage: lacuna-train RECIPE.yaml --work DIR [options]\n"
                 "       lacuna-train sharpness MODEL --out DIR [options]\n"
              << known;
    return std::nullopt;
  }
  options::notify(values);
  for (const std::string& text : set) arguments.overrides.push_back(parse_override(text));
  arguments.work = work;
  arguments.models = models;
  arguments.data = data;
  return arguments;
}

void say(const std::string& line) {
  if (::isatty(STDERR_FILENO) == 1) std::cerr << "\r\033[K" << std::flush;
  std::cout << line << std::endl;
}

/// On a terminal: how far the stage is and when it ends, from the pace of this process.
class ProgressLine {
 public:
  explicit ProgressLine(const char* stage) : stage_(stage) {}

  void operator()(double done) {
    if (::isatty(STDERR_FILENO) != 1) return;
    const auto now = Clock::now();
    if (first_ < 0.0) {
      first_ = done;
      start_ = now;
    }
    if (done <= first_ || now - shown_ < std::chrono::milliseconds(500)) return;
    shown_ = now;
    const double seconds = std::chrono::duration<double>(now - start_).count();
    const auto left = std::lround(seconds / (done - first_) * (1.0 - done));
    std::cerr << fmt::format("\r\033[K{} {:.1f} %, {} min {:02} s left", stage_, 100.0 * done,
                             left / 60, left % 60)
              << std::flush;
  }

 private:
  using Clock = std::chrono::steady_clock;
  const char* stage_;
  double first_ = -1.0;
  Clock::time_point start_;
  Clock::time_point shown_;
};

/// The log, written anew after every epoch: a resumed run leaves the same one.
class Journal {
 public:
  Journal(const Recipe& recipe, fs::path folder, std::size_t held_out)
      : recipe_(recipe), folder_(std::move(folder)), held_out_(static_cast<double>(held_out)) {}

  void add(const char* stage, const EpochResult& row) {
    const double accuracy = static_cast<double>(row.held_out_correct) / held_out_;
    text_ += fmt::format("{},{},{:.6f},{:.6f},{:.6f},{:.4f},{:.4f}\n", stage, row.epoch, row.loss,
                         row.penalty, row.held_out_loss, accuracy, row.density);
    base::write_file((folder_ / "train.csv").string(), text_);
    say(fmt::format("{} {}: loss {:.4f}, held-out {:.2f} %, density {:.3f}", stage, row.epoch,
                    row.loss, 100.0 * accuracy, row.density));
    last_ =
        fmt::format("{},{},{},{},{},{},{:.4f},{:.4f},{:.4f}", recipe_.name, recipe_.sharpness.rho,
                    recipe_.sparsity.lambda, recipe_.quantised_stage.learning_rate, recipe_.seed,
                    row.epoch, accuracy, row.density, row.held_out_loss);
  }

  void result() const {
    base::write_file((folder_ / "result.csv").string(),
                     "recipe,rho,lambda,learning_rate,seed,epochs,held_out_accuracy,density,"
                     "held_out_loss\n" +
                         last_ + "\n");
  }

 private:
  const Recipe& recipe_;
  fs::path folder_;
  double held_out_;
  std::string text_ = "stage,epoch,loss,penalty,held_out_loss,held_out_accuracy,density\n";
  std::string last_;
};

std::string hash_of(const Images& images) {
  base::Sha256 hash;
  hash.update(images.pixels.data(), images.pixels.size());
  hash.update(images.labels.data(), images.labels.size());
  return hash.hex();
}

/// One line an image, for comparing other runtimes with the integer evaluation.
std::string top1_lines(const std::vector<std::uint8_t>& top1) {
  return fmt::format("{}\n", fmt::join(top1, "\n"));
}

std::size_t differing(const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < a.size(); ++i) count += a[i] != b[i] ? 1 : 0;
  return count;
}

void export_network(Network& network, const Recipe& recipe, const Arguments& arguments,
                    const Images& held_out) {
  const Images test = read_images(arguments.data, "t10k");
  const IntegerNetwork integers = network.freeze(recipe.name);
  const IntegerEvaluation measured = evaluate_integer(integers, test);
  base::write_file((arguments.work / recipe.name / "test_top1.txt").string(),
                   top1_lines(measured.top1));
  const Evaluation trained = evaluate_quantised(network, test, recipe.activation_bits);
  const std::size_t differences = differing(measured.top1, trained.top1);
  say(fmt::format("test: {} of {} correct (integer evaluation), {} (trainer), {} images differ",
                  measured.correct, test.count, trained.correct, differences));
  SIM_CHECK(differences == 0, "lacuna-train", -1,
            "the integer network is not the trained one; nothing was saved");
  for (std::size_t i = 0; i < integers.layers.size(); ++i) {
    const InputCount& counted = measured.inputs[i];
    say(fmt::format("density of {}'s input: {:.4f}", integers.layers[i].shape.name,
                    static_cast<double>(counted.nonzero) / static_cast<double>(counted.values)));
  }
  say(fmt::format("density after the first layer: {:.4f}", density_after_first(measured)));

  const std::string onnx =
      to_onnx(integers, static_cast<int>(test.rows), static_cast<int>(test.columns));
  const CardFacts facts{evaluate_integer(integers, held_out).correct, test.count,
                        base::sha256_hex(onnx)};
  const fs::path folder = arguments.models / recipe.name;
  fs::create_directories(folder);
  const fs::path onnx_file = folder / (recipe.name + ".onnx");
  // The card holds the network's hash, so a kill between the two files shows.
  base::write_file(onnx_file.string(), onnx);
  base::write_file((folder / "card.yaml").string(), card(recipe, integers, measured, facts));
  say(fmt::format("wrote {}", onnx_file.string()));
}

void run(const Arguments& arguments) {
  // One thread: the order of float sums, and with it the network, must not depend on the machine.
  at::set_num_threads(1);
  const Recipe recipe = read_recipe(arguments.recipe, arguments.overrides);
  const Images all = read_images(arguments.data, "train");
  const auto held_out_count = static_cast<std::size_t>(recipe.held_out);
  if (held_out_count >= all.count) {
    throw base::InputError({arguments.recipe, 0, "held_out"},
                           fmt::format("{} leaves no training images", held_out_count),
                           fmt::format("less than {}", all.count));
  }
  const Images training = slice(all, 0, all.count - held_out_count);
  const Images held_out = slice(all, all.count - held_out_count, all.count);

  const fs::path folder = arguments.work / recipe.name;
  fs::create_directories(folder);
  torch::manual_seed(recipe.seed);
  const auto network =
      std::make_shared<Network>(layers_of(recipe), recipe.weight_bits, recipe.activation_bits);
  say(fmt::format("{}: {} training images, {} held out", recipe.name, training.count,
                  held_out.count));

  Journal journal(recipe, folder, held_out.count);
  const std::string origin = fmt::format("arithmetic: {}\ndata: {}\n", kArithmetic, hash_of(all));
  const std::string float_print = origin + float_fingerprint(recipe);
  const std::string float_file =
      fmt::format("float-{}.pt", base::sha256_hex(float_print).substr(0, 16));
  const auto stage = [&](const char* name, const fs::path& file, const std::string& print) {
    return StageRun{file.string(), print,
                    [&journal, name](const EpochResult& row) { journal.add(name, row); },
                    ProgressLine(name)};
  };
  train_float(*network, recipe, training, held_out,
              stage("float", arguments.work / float_file, float_print));
  train_quantised(*network, recipe, training, held_out,
                  stage("quantised", folder / "quantised.pt", origin + fingerprint(recipe)));
  journal.result();
  if (!arguments.trial) export_network(*network, recipe, arguments, held_out);
}

int report_error(const std::string& text, int code) {
  std::cerr << "lacuna-train: " << text << "\n";
  return code;
}

int run_program(int argc, char** argv) {
  try {
    if (argc > 1 && std::string(argv[1]) == "sharpness") {
      run_sharpness(argc - 1, argv + 1);
      return 0;
    }
    const auto arguments = parse_arguments(argc, argv);
    if (arguments) run(*arguments);
    return 0;
  } catch (const base::InputError& error) {
    return report_error(error.what(), kUserError);
  } catch (const TrainingFailed& error) {
    return report_error(error.what(), kTrainingFailed);
  } catch (const options::error& error) {
    return report_error(error.what(), kUserError);
  } catch (const fs::filesystem_error& error) {
    return report_error(error.what(), kUserError);
  } catch (const std::exception& error) {
    return report_error(fmt::format("internal error: {}", error.what()), kOurError);
  }
}

}  // namespace
}  // namespace lacuna::train

int main(int argc, char** argv) { return lacuna::train::run_program(argc, argv); }
