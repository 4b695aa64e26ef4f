#include "recipe.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "config/document.hpp"

namespace lacuna::train {
namespace {

// Above zero, and a number that a message about the range shows in full.
constexpr double kSmallestRate = 1e-6;

// One less than "no bound", so that a message names it.
constexpr std::uint64_t kLargestSeed = config::kAnyInteger - 1;

constexpr double kPi = 3.14159265358979323846;

void read_schedule(const config::Section& section, Stage& stage) {
  stage.schedule = section.choice<Schedule>(
      "schedule", {{"cosine", Schedule::kCosine}, {"step", Schedule::kStep}});
  if (stage.schedule == Schedule::kCosine) return;
  stage.drop_at = section.reals("drop_at", 0.0, 1.0);
  stage.drop_to = section.required<double>("drop_to", kSmallestRate, 1.0);
  if (!std::is_sorted(stage.drop_at.begin(), stage.drop_at.end())) {
    throw base::InputError(section.place("drop_at"), "falls", "rising fractions of the stage");
  }
}

Stage read_stage(const config::Section& section) {
  Stage stage{};
  stage.place = section.place();
  stage.epochs = section.required<int>("epochs", 1, 10000);
  stage.batch = section.required<int>("batch", 1, 4096);
  stage.learning_rate = section.required<double>("learning_rate", kSmallestRate, 10.0);
  stage.momentum = section.required<double>("momentum", 0.0, 0.9999);
  stage.nesterov = section.required<bool>("nesterov");
  stage.weight_decay = section.required<double>("weight_decay", 0.0, 1.0);
  read_schedule(section, stage);
  if (stage.nesterov && stage.momentum == 0.0) {
    throw base::InputError(section.place("nesterov"), "is true without momentum",
                           "false, or a momentum above 0");
  }
  return stage;
}

Augmentation read_augmentation(const config::Section& section) {
  Augmentation augmentation{};
  augmentation.shift = section.required<int>("shift", 0, 8);
  augmentation.flip = section.required<bool>("flip");
  return augmentation;
}

ResidualShape read_resnet(const config::Section& section) {
  ResidualShape shape{};
  shape.depth = section.required<int>("depth", 8, 110);
  shape.width = section.required<int>("width", 1, 64);
  if (shape.depth % 6 != 2) {
    throw base::InputError(section.place("depth"), fmt::format("is {}", shape.depth),
                           "6 n + 2, as 8, 14 or 20");
  }
  return shape;
}

Sparsity read_sparsity(const config::Section& section) {
  Sparsity sparsity{};
  sparsity.penalty =
      section.choice<Penalty>("penalty", {{"l1", Penalty::kL1}, {"hoyer", Penalty::kHoyer}});
  sparsity.lambda = section.required<double>("lambda", 0.0, 1000.0);
  sparsity.none_until = section.required<double>("none_until", 0.0, 1.0);
  sparsity.full_from = section.required<double>("full_from", 0.0, 1.0);
  return sparsity;
}

// What a look at single values cannot find. The recipe is complete here.
void check(const config::Section& root, const Recipe& recipe) {
  // The name becomes a folder's name.
  const bool plain = std::all_of(recipe.name.begin(), recipe.name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-';
  });
  if (!plain) {
    throw base::InputError(root.place("name"), "is not a folder's name",
                           "only letters, digits, '_' and '-'");
  }
  if (recipe.sparsity.full_from <= recipe.sparsity.none_until) {
    throw base::InputError(root.section("sparsity").place("full_from"),
                           fmt::format("is {}", recipe.sparsity.full_from),
                           fmt::format("more than none_until, {}", recipe.sparsity.none_until));
  }
}

// Shortest text that reads back as the same double.
std::string number(double value) { return fmt::format("{}", value); }

void emit_stage(YAML::Emitter& out, const Stage& stage) {
  out << YAML::BeginMap;
  out << YAML::Key << "epochs" << YAML::Value << stage.epochs;
  out << YAML::Key << "batch" << YAML::Value << stage.batch;
  out << YAML::Key << "learning_rate" << YAML::Value << number(stage.learning_rate);
  out << YAML::Key << "momentum" << YAML::Value << number(stage.momentum);
  out << YAML::Key << "nesterov" << YAML::Value << stage.nesterov;
  out << YAML::Key << "weight_decay" << YAML::Value << number(stage.weight_decay);
  out << YAML::Key << "schedule" << YAML::Value
      << (stage.schedule == Schedule::kCosine ? "cosine" : "step");
  if (stage.schedule == Schedule::kStep) {
    out << YAML::Key << "drop_at" << YAML::Value << YAML::Flow << YAML::BeginSeq;
    for (const double fraction : stage.drop_at) out << number(fraction);
    out << YAML::EndSeq;
    out << YAML::Key << "drop_to" << YAML::Value << number(stage.drop_to);
  }
  out << YAML::EndMap;
}

void emit_augmentation(YAML::Emitter& out, const Augmentation& augmentation) {
  out << YAML::BeginMap;
  out << YAML::Key << "shift" << YAML::Value << augmentation.shift;
  out << YAML::Key << "flip" << YAML::Value << augmentation.flip;
  out << YAML::EndMap;
}

void emit_architecture(YAML::Emitter& out, const Recipe& recipe) {
  const bool residual = recipe.architecture == Architecture::kResnet;
  out << YAML::Key << "architecture" << YAML::Value << (residual ? "resnet" : "lenet5");
  if (!residual) return;
  out << YAML::Key << "resnet" << YAML::Value << YAML::BeginMap;
  out << YAML::Key << "depth" << YAML::Value << recipe.resnet.depth;
  out << YAML::Key << "width" << YAML::Value << recipe.resnet.width;
  out << YAML::EndMap;
}

Recipe read(const config::Document& document) {
  const config::Section root = document.root();
  Recipe recipe{};
  recipe.name = root.required<std::string>("name");
  recipe.architecture = root.choice<Architecture>(
      "architecture", {{"lenet5", Architecture::kLenet5}, {"resnet", Architecture::kResnet}});
  if (recipe.architecture == Architecture::kResnet) {
    recipe.resnet = read_resnet(root.section("resnet"));
  }
  recipe.dataset = root.choice<std::string>("dataset", {{"fashion-mnist", "fashion-mnist"}});
  recipe.seed = root.required<std::uint64_t>("seed", 0, kLargestSeed);
  recipe.held_out = root.required<int>("held_out", 1, 30000);
  recipe.weight_bits = root.required<int>("weight_bits", 2, 8);
  recipe.activation_bits = root.required<int>("activation_bits", 1, 8);
  recipe.augmentation = read_augmentation(root.section("augmentation"));
  recipe.float_stage = read_stage(root.section("float_stage"));
  recipe.quantised_stage = read_stage(root.section("quantised_stage"));
  recipe.sparsity = read_sparsity(root.section("sparsity"));
  recipe.sharpness.rho = root.section("sharpness").required<double>("rho", 0.0, 100.0);
  document.done();
  check(root, recipe);
  return recipe;
}

std::string text_of(const YAML::Emitter& out) { return std::string(out.c_str()) + "\n"; }

}  // namespace

double learning_rate(const Stage& stage, double done) {
  if (stage.schedule == Schedule::kCosine) {
    return stage.learning_rate * 0.5 * (1.0 + std::cos(kPi * done));
  }
  const auto drops = std::count_if(stage.drop_at.begin(), stage.drop_at.end(),
                                   [done](double fraction) { return done >= fraction; });
  return stage.learning_rate * std::pow(stage.drop_to, static_cast<double>(drops));
}

std::vector<LayerShape> layers_of(const Recipe& recipe) {
  if (recipe.architecture == Architecture::kLenet5) return lenet5_layers();
  return resnet_layers(recipe.resnet.depth, recipe.resnet.width);
}

Recipe read_recipe(const std::string& file, const std::vector<config::Override>& overrides) {
  return read(config::Document::load(file, overrides));
}

Recipe parse_recipe(const std::string& name, const std::string& bytes,
                    const std::vector<config::Override>& overrides) {
  return read(config::Document::parse(name, bytes, overrides));
}

void emit_recipe(YAML::Emitter& out, const Recipe& recipe) {
  out << YAML::BeginMap;
  out << YAML::Key << "name" << YAML::Value << recipe.name;
  emit_architecture(out, recipe);
  out << YAML::Key << "dataset" << YAML::Value << recipe.dataset;
  out << YAML::Key << "seed" << YAML::Value << recipe.seed;
  out << YAML::Key << "held_out" << YAML::Value << recipe.held_out;
  out << YAML::Key << "weight_bits" << YAML::Value << recipe.weight_bits;
  out << YAML::Key << "activation_bits" << YAML::Value << recipe.activation_bits;
  out << YAML::Key << "augmentation" << YAML::Value;
  emit_augmentation(out, recipe.augmentation);
  out << YAML::Key << "float_stage" << YAML::Value;
  emit_stage(out, recipe.float_stage);
  out << YAML::Key << "quantised_stage" << YAML::Value;
  emit_stage(out, recipe.quantised_stage);
  out << YAML::Key << "sparsity" << YAML::Value << YAML::BeginMap;
  out << YAML::Key << "penalty" << YAML::Value
      << (recipe.sparsity.penalty == Penalty::kL1 ? "l1" : "hoyer");
  out << YAML::Key << "lambda" << YAML::Value << number(recipe.sparsity.lambda);
  out << YAML::Key << "none_until" << YAML::Value << number(recipe.sparsity.none_until);
  out << YAML::Key << "full_from" << YAML::Value << number(recipe.sparsity.full_from);
  out << YAML::EndMap;
  out << YAML::Key << "sharpness" << YAML::Value << YAML::BeginMap;
  out << YAML::Key << "rho" << YAML::Value << number(recipe.sharpness.rho);
  out << YAML::EndMap << YAML::EndMap;
}

std::string fingerprint(const Recipe& recipe) {
  YAML::Emitter out;
  emit_recipe(out, recipe);
  return text_of(out);
}

std::string float_fingerprint(const Recipe& recipe) {
  YAML::Emitter out;
  out << YAML::BeginMap;
  emit_architecture(out, recipe);
  out << YAML::Key << "dataset" << YAML::Value << recipe.dataset;
  out << YAML::Key << "seed" << YAML::Value << recipe.seed;
  out << YAML::Key << "held_out" << YAML::Value << recipe.held_out;
  // The image is quantised in the float stage as well.
  out << YAML::Key << "activation_bits" << YAML::Value << recipe.activation_bits;
  out << YAML::Key << "augmentation" << YAML::Value;
  emit_augmentation(out, recipe.augmentation);
  out << YAML::Key << "float_stage" << YAML::Value;
  emit_stage(out, recipe.float_stage);
  out << YAML::EndMap;
  return text_of(out);
}

}  // namespace lacuna::train
