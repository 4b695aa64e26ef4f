// lacuna-train: one recipe in, one network's folder out.
//
// Float training, quantisation-aware fine-tuning, then export. Logs and checkpoints go to the
// folder given by --work; the network's folder is written only when all of it is there.

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <torch/serialize.h>
#include <torch/utils.h>

#include <boost/program_options.hpp>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
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
#include "train.hpp"

namespace lacuna::train {
namespace {

namespace fs = std::filesystem;
namespace options = boost::program_options;

constexpr std::int64_t kMaxCheckpointBytes = std::int64_t{1} << 30;
constexpr int kUserError = 2;
constexpr int kOurError = 70;

struct Arguments {
  std::string recipe;
  fs::path work;
  fs::path models;
  fs::path data;
  bool trial;
};

std::optional<Arguments> parse_arguments(int argc, char** argv) {
  Arguments arguments{};
  std::string work;
  std::string models;
  std::string data;
  options::options_description known("Options");
  known.add_options()("help", "this text")("recipe", options::value(&arguments.recipe)->required(),
                                           "what to train (YAML); may come without name")(
      "work", options::value(&work)->required(), "folder for the log and the checkpoints")(
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
    std::cout << "Usage: lacuna-train RECIPE.yaml --work DIR [options]\n" << known;
    return std::nullopt;
  }
  options::notify(values);
  arguments.work = work;
  arguments.models = models;
  arguments.data = data;
  return arguments;
}

std::string checkpoint_bytes(const std::shared_ptr<Network>& network) {
  std::ostringstream out;
  torch::save(network, out);
  return out.str();
}

/// The float network: from the work folder if an equal recipe left it there, else trained now.
void float_stage(const std::shared_ptr<Network>& network, const Recipe& recipe,
                 const fs::path& work, const Images& training, const Images& held_out,
                 const Report& report) {
  const fs::path checkpoint = work / "float.pt";
  const fs::path fingerprint = work / "float.yaml";
  if (fs::exists(checkpoint) && fs::exists(fingerprint) &&
      base::read_file(fingerprint.string(), kMaxCheckpointBytes) == float_fingerprint(recipe)) {
    std::istringstream in(base::read_file(checkpoint.string(), kMaxCheckpointBytes));
    std::shared_ptr<Network> loaded = network;
    torch::load(loaded, in);
    report(fmt::format("float network read from {}", checkpoint.string()));
    return;
  }
  // The fingerprint goes first and comes last: it must never stand beside another checkpoint.
  fs::remove(fingerprint);
  train_float(*network, recipe, training, held_out, report);
  base::write_file(checkpoint.string(), checkpoint_bytes(network));
  base::write_file(fingerprint.string(), float_fingerprint(recipe));
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
                    const Images& held_out, const Report& report) {
  const Images test = read_images(arguments.data, "t10k");
  const IntegerNetwork integers = network.freeze(recipe.name);
  const IntegerEvaluation measured = evaluate_integer(integers, test);
  base::write_file((arguments.work / "test_top1.txt").string(), top1_lines(measured.top1));
  const Evaluation trained = evaluate_quantised(network, test, recipe.activation_bits);
  const std::size_t differences = differing(measured.top1, trained.top1);
  report(fmt::format("test: {} of {} correct (integer evaluation), {} (trainer), {} images differ",
                     measured.correct, test.count, trained.correct, differences));
  SIM_CHECK(differences == 0, "lacuna-train", -1,
            "the integer network is not the trained one; nothing was saved");
  for (std::size_t i = 0; i < integers.layers.size(); ++i) {
    const InputCount& counted = measured.inputs[i];
    report(fmt::format("density of {}'s input: {:.4f}", integers.layers[i].shape.name,
                       static_cast<double>(counted.nonzero) / static_cast<double>(counted.values)));
  }
  report(fmt::format("density after the first layer: {:.4f}", density_after_first(measured)));

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
  report(fmt::format("wrote {}", onnx_file.string()));
}

void run(const Arguments& arguments) {
  // One thread: the order of float sums, and with it the network, must not depend on the machine.
  at::set_num_threads(1);
  const Recipe recipe = read_recipe(arguments.recipe);
  const Images all = read_images(arguments.data, "train");
  const auto held_out_count = static_cast<std::size_t>(recipe.held_out);
  if (held_out_count >= all.count) {
    throw base::InputError({arguments.recipe, 0, "held_out"},
                           fmt::format("{} leaves no training images", held_out_count),
                           fmt::format("less than {}", all.count));
  }
  const Images training = slice(all, 0, all.count - held_out_count);
  const Images held_out = slice(all, all.count - held_out_count, all.count);

  fs::create_directories(arguments.work);
  std::ofstream log(arguments.work / "train.log", std::ios::app);
  const Report report = [&log](const std::string& line) {
    std::cout << line << std::endl;
    log << line << std::endl;
  };
  torch::manual_seed(recipe.seed);
  const auto network =
      std::make_shared<Network>(lenet5_layers(), recipe.weight_bits, recipe.activation_bits);
  report(fmt::format("{}: {} training images, {} held out", recipe.name, training.count,
                     held_out.count));
  float_stage(network, recipe, arguments.work, training, held_out, report);
  train_quantised(*network, recipe, training, held_out, report);
  base::write_file((arguments.work / "quantised.pt").string(), checkpoint_bytes(network));
  if (!arguments.trial) export_network(*network, recipe, arguments, held_out, report);
}

int report_error(const std::string& text, int code) {
  std::cerr << "lacuna-train: " << text << "\n";
  return code;
}

int run_program(int argc, char** argv) {
  try {
    const auto arguments = parse_arguments(argc, argv);
    if (arguments) run(*arguments);
    return 0;
  } catch (const base::InputError& error) {
    return report_error(error.what(), kUserError);
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
