#include "recipe.hpp"

#include <algorithm>
#include <cctype>

#include "strict_map.hpp"

namespace lacuna::train {
namespace {

std::string one_of(StrictMap& map, const std::string& key, const std::string& only) {
  auto value = map.required<std::string>(key);
  if (value != only) {
    map.fail(map.node()[key], fmt::format("'{}' is '{}', supported is: {}", key, value, only));
  }
  return value;
}

Stage read_stage(StrictMap map) {
  Stage stage{};
  stage.epochs = map.required_in("epochs", 1, 10000);
  stage.batch = map.required_in("batch", 1, 4096);
  stage.learning_rate = map.required_in("learning_rate", 1e-9, 10.0);
  stage.momentum = map.required_in("momentum", 1e-9, 0.9999);
  stage.weight_decay = map.required_in("weight_decay", 0.0, 1.0);
  map.done();
  return stage;
}

Augmentation read_augmentation(StrictMap map) {
  Augmentation augmentation{};
  augmentation.shift = map.required_in("shift", 0, 8);
  augmentation.flip = map.required<bool>("flip");
  map.done();
  return augmentation;
}

Sparsity read_sparsity(StrictMap map) {
  Sparsity sparsity{};
  sparsity.lambda = map.required_in("lambda", 0.0, 1000.0);
  sparsity.none_until = map.required_in("none_until", 0.0, 1.0);
  sparsity.full_from = map.required_in("full_from", 0.0, 1.0);
  if (sparsity.full_from <= sparsity.none_until) {
    map.fail(map.node(), "'full_from' must be greater than 'none_until'");
  }
  map.done();
  return sparsity;
}

std::string read_name(StrictMap& map) {
  auto name = map.required<std::string>("name");
  // It becomes a folder's name.
  const bool plain = std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-';
  });
  if (name.empty() || !plain) {
    map.fail(map.node()["name"], "'name' may hold only letters, digits, '_' and '-'");
  }
  return name;
}

// Shortest text that reads back as the same double.
std::string number(double value) { return fmt::format("{}", value); }

void emit_stage(YAML::Emitter& out, const Stage& stage) {
  out << YAML::BeginMap;
  out << YAML::Key << "epochs" << YAML::Value << stage.epochs;
  out << YAML::Key << "batch" << YAML::Value << stage.batch;
  out << YAML::Key << "learning_rate" << YAML::Value << number(stage.learning_rate);
  out << YAML::Key << "momentum" << YAML::Value << number(stage.momentum);
  out << YAML::Key << "weight_decay" << YAML::Value << number(stage.weight_decay);
  out << YAML::EndMap;
}

void emit_augmentation(YAML::Emitter& out, const Augmentation& augmentation) {
  out << YAML::BeginMap;
  out << YAML::Key << "shift" << YAML::Value << augmentation.shift;
  out << YAML::Key << "flip" << YAML::Value << augmentation.flip;
  out << YAML::EndMap;
}

}  // namespace

Recipe read_recipe(const std::filesystem::path& file) {
  YAML::Node root;
  try {
    root = YAML::LoadFile(file.string());
  } catch (const YAML::BadFile&) {
    throw TrainError(fmt::format("{}: cannot be read", file.string()));
  } catch (const YAML::Exception& e) {
    throw TrainError(fmt::format("{}:{}: {}", file.string(), e.mark.line + 1, e.msg));
  }
  StrictMap map(root, file, "the recipe");
  Recipe recipe{};
  recipe.name = read_name(map);
  recipe.architecture = one_of(map, "architecture", "lenet5");
  recipe.dataset = one_of(map, "dataset", "fashion-mnist");
  recipe.seed = map.required<std::uint64_t>("seed");
  recipe.held_out = map.required_in("held_out", 1, 30000);
  recipe.weight_bits = map.required_in("weight_bits", 2, 8);
  recipe.activation_bits = map.required_in("activation_bits", 1, 8);
  recipe.augmentation = read_augmentation(map.map("augmentation"));
  recipe.float_stage = read_stage(map.map("float_stage"));
  recipe.quantised_stage = read_stage(map.map("quantised_stage"));
  recipe.sparsity = read_sparsity(map.map("sparsity"));
  map.done();
  return recipe;
}

void emit_recipe(YAML::Emitter& out, const Recipe& recipe) {
  out << YAML::BeginMap;
  out << YAML::Key << "name" << YAML::Value << recipe.name;
  out << YAML::Key << "architecture" << YAML::Value << recipe.architecture;
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
  out << YAML::Key << "lambda" << YAML::Value << number(recipe.sparsity.lambda);
  out << YAML::Key << "none_until" << YAML::Value << number(recipe.sparsity.none_until);
  out << YAML::Key << "full_from" << YAML::Value << number(recipe.sparsity.full_from);
  out << YAML::EndMap << YAML::EndMap;
}

std::string float_fingerprint(const Recipe& recipe) {
  YAML::Emitter out;
  out << YAML::BeginMap;
  out << YAML::Key << "architecture" << YAML::Value << recipe.architecture;
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
  return std::string(out.c_str()) + "\n";
}

}  // namespace lacuna::train
