#include "sharpness_command.hpp"

#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/file.hpp"
#include "data.hpp"
#include "network/data_set.hpp"
#include "onnx_import.hpp"
#include "recipe.hpp"
#include "sharpness.hpp"

namespace lacuna::train {
namespace {

namespace fs = std::filesystem;
namespace options = boost::program_options;

constexpr std::int64_t kMaxBytes = std::int64_t{1} << 26;

struct Arguments {
  fs::path model;
  fs::path out;
  fs::path data;
  std::size_t images = 0;
  int directions = 0;
  int points = 0;
  double span = 0.0;
  std::uint64_t seed = 0;
  std::vector<double> radii;
  std::vector<double> rates;
  int maps = 0;
};

bool parse(int argc, char** argv, Arguments& arguments) {
  std::string model;
  std::string out;
  std::string data;
  options::options_description known("Options");
  known.add_options()("help", "this text")(
      "model", options::value(&model)->required(),
      "folder of a network, with .onnx and card.yaml; may come without name")(
      "out", options::value(&out)->required(), "folder for radius.csv, faults.csv and slice.csv")(
      "data", options::value(&data)->default_value(network::kDefaultDataDir),
      "folder with the IDX files")(
      "images", options::value(&arguments.images)->default_value(1000),
      "how many of the held-out training images, from the first; 0 is all")(
      "radius", options::value(&arguments.radii)->multitoken()->composing(),
      "lengths of the random steps, as a share of each layer's weights (0.05 to 0.5)")(
      "rate", options::value(&arguments.rates)->multitoken()->composing(),
      "bit error rates of flips in the weights (0.001 to 0.03)")(
      "maps", options::value(&arguments.maps)->default_value(20), "fault maps of each rate")(
      "directions", options::value(&arguments.directions)->default_value(20),
      "random steps of each length")("points", options::value(&arguments.points)->default_value(21),
                                     "of the slice along each of its two directions; 0 is none")(
      "span", options::value(&arguments.span)->default_value(1.0),
      "the slice goes from -span to span, as a share of each filter's weights")(
      "seed", options::value(&arguments.seed)->default_value(1), "of the directions");
  options::positional_options_description positional;
  positional.add("model", 1);
  options::variables_map values;
  options::store(
      options::command_line_parser(argc, argv).options(known).positional(positional).run(), values);
  if (values.count("help") != 0) {
    std::cout << "Usage: lacuna-train sharpness MODEL --out DIR [options]\n" << known;
    return false;
  }
  options::notify(values);
  arguments.model = model;
  arguments.out = out;
  arguments.data = data;
  if (arguments.radii.empty()) arguments.radii = {0.05, 0.1, 0.2, 0.3, 0.4, 0.5};
  if (arguments.rates.empty()) arguments.rates = {0.001, 0.003, 0.01, 0.03};
  if (arguments.directions < 1 || arguments.points < 0 || arguments.points == 1) {
    throw base::InputError({"", 0, "--directions, --points"}, "cannot be used",
                           "at least 1 direction, and 0 or at least 2 points");
  }
  const bool rates_fit = std::all_of(arguments.rates.begin(), arguments.rates.end(),
                                     [](double rate) { return rate >= 0.0 && rate <= 1.0; });
  if (arguments.maps < 1 || !rates_fit) {
    throw base::InputError({"", 0, "--rate, --maps"}, "cannot be used",
                           "rates from 0 to 1, and at least 1 map");
  }
  return true;
}

Recipe recipe_of(const fs::path& card) {
  const std::string bytes = base::read_file(card.string(), kMaxBytes);
  try {
    YAML::Emitter out;
    out << YAML::Load(bytes)["recipe"];
    return parse_recipe(card.string(), out.c_str());
  } catch (const YAML::Exception& error) {
    throw base::InputError({card.string(), 0, "recipe"}, error.what(), "a card of lacuna-train");
  }
}

/// Mean loss and accuracy of `network` moved by each of `offsets`; a line each goes to `text`.
void measure(const IntegerNetwork& network, const Images& images, const char* what, double size,
             const std::vector<Direction>& offsets, std::string& text) {
  double loss = 0.0;
  double accuracy = 0.0;
  for (std::size_t i = 0; i < offsets.size(); ++i) {
    const LossPoint point = loss_at(network, offsets[i], images);
    text += fmt::format("{},{},{:.6f},{:.4f}\n", size, i, point.loss, point.accuracy);
    loss += point.loss / static_cast<double>(offsets.size());
    accuracy += point.accuracy / static_cast<double>(offsets.size());
  }
  std::cout << fmt::format("{} {}: mean loss {:.4f}, mean accuracy {:.4f}", what, size, loss,
                           accuracy)
            << std::endl;
}

void write_radii(const Arguments& arguments, const IntegerNetwork& network, const Images& images) {
  std::string text = "radius,direction,loss,accuracy\n";
  std::vector<Direction> directions;
  directions.reserve(static_cast<std::size_t>(arguments.directions));
  for (int i = 0; i < arguments.directions; ++i) {
    directions.push_back(layer_normalised_direction(
        network, arguments.seed * 1000003 + static_cast<std::uint64_t>(i)));
  }
  const Direction& any = directions.front();
  measure(network, images, "radius", 0.0, {combine(0.0, any, 0.0, any)}, text);
  for (const double radius : arguments.radii) {
    std::vector<Direction> offsets;
    offsets.reserve(directions.size());
    for (const Direction& way : directions) offsets.push_back(combine(radius, way, 0.0, way));
    measure(network, images, "radius", radius, offsets, text);
  }
  base::write_file((arguments.out / "radius.csv").string(), text);
}

void write_faults(const Arguments& arguments, const IntegerNetwork& network, const Images& images) {
  std::string text = "rate,map,loss,accuracy\n";
  measure(network, images, "bit error rate", 0.0, {fault_offset(network, 0.0, 0)}, text);
  for (const double rate : arguments.rates) {
    std::vector<Direction> offsets;
    for (int map = 0; map < arguments.maps; ++map) {
      offsets.push_back(
          fault_offset(network, rate, arguments.seed + static_cast<std::uint64_t>(map)));
    }
    measure(network, images, "bit error rate", rate, offsets, text);
  }
  base::write_file((arguments.out / "faults.csv").string(), text);
}

void write_slice(const Arguments& arguments, const IntegerNetwork& network, const Images& images) {
  if (arguments.points == 0) return;
  const Direction x = filter_normalised_direction(network, arguments.seed * 1000003 + 500001);
  const Direction y = filter_normalised_direction(network, arguments.seed * 1000003 + 500002);
  std::string text = "x,y,loss,accuracy\n";
  const auto place = [&](int i) { return arguments.span * (2.0 * i / (arguments.points - 1) - 1); };
  for (int i = 0; i < arguments.points; ++i) {
    for (int j = 0; j < arguments.points; ++j) {
      const LossPoint point = loss_at(network, combine(place(i), x, place(j), y), images);
      text += fmt::format("{:.4f},{:.4f},{:.6f},{:.4f}\n", place(i), place(j), point.loss,
                          point.accuracy);
    }
  }
  base::write_file((arguments.out / "slice.csv").string(), text);
}

}  // namespace

void run_sharpness(int argc, char** argv) {
  at::set_num_threads(1);
  Arguments arguments;
  if (!parse(argc, argv, arguments)) return;
  // "models/x/" has no file name.
  const fs::path folder = fs::weakly_canonical(arguments.model);
  const Recipe recipe = recipe_of(folder / "card.yaml");
  const std::string file = (folder / (folder.filename().string() + ".onnx")).string();
  const IntegerNetwork network =
      from_onnx(file, base::read_file(file, kMaxBytes), layers_of(recipe));
  const Images all = read_images(arguments.data, "train");
  const auto held_out = static_cast<std::size_t>(recipe.held_out);
  if (held_out >= all.count) {
    throw base::InputError({file, 0, "held_out"}, "leaves no training images",
                           fmt::format("less than {}", all.count));
  }
  const std::size_t begin = all.count - held_out;
  const std::size_t count = arguments.images == 0 ? held_out : std::min(arguments.images, held_out);
  const Images images = slice(all, begin, begin + count);
  fs::create_directories(arguments.out);
  write_radii(arguments, network, images);
  write_faults(arguments, network, images);
  write_slice(arguments, network, images);
}

}  // namespace lacuna::train
