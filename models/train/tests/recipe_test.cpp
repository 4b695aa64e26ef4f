// Recipes: what they may say, and what a wrong one is told.
#include "recipe.hpp"

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace lacuna::train {
namespace {

namespace fs = std::filesystem;

const char* const kRecipe = R"(name: tiny
architecture: lenet5
dataset: fashion-mnist
seed: 1
held_out: 100
weight_bits: 4
activation_bits: 4
augmentation: {shift: 1, flip: true}
float_stage: {epochs: 2, batch: 8, learning_rate: 0.1, momentum: 0.9, nesterov: true,
              weight_decay: 0, schedule: cosine}
quantised_stage: {epochs: 2, batch: 8, learning_rate: 0.1, momentum: 0.9, nesterov: true,
                  weight_decay: 0, schedule: cosine}
sparsity: {penalty: l1, lambda: 0.1, none_until: 0.15, full_from: 0.55}
sharpness: {rho: 0.1}
)";

std::string error_of(const std::vector<config::Override>& overrides) {
  try {
    parse_recipe("r.yaml", kRecipe, overrides);
  } catch (const base::InputError& error) {
    return error.what();
  }
  return "";
}

TEST(Recipe, SaysWhatIsWrong) {
  struct Case {
    config::Override change;
    const char* message;
  };
  const std::vector<Case> cases = {
      {{"sharpness.rho", "-0.1"}, "sharpness.rho"},
      {{"sharpness.rho", "nan"}, "sharpness.rho"},
      {{"sharpness.roh", "0.1"}, "rho"},
      {{"sparsity.lambda", "-1"}, "sparsity.lambda"},
      {{"sparsity.full_from", "0.1"}, "more than none_until"},
      {{"weight_bits", "1"}, "weight_bits"},
      {{"weight_bits", "9"}, "weight_bits"},
      {{"activation_bits", "0"}, "activation_bits"},
      {{"quantised_stage.epochs", "0"}, "quantised_stage.epochs"},
      {{"quantised_stage.schedule", "linear"}, "cosine"},
      {{"float_stage.schedule", "step"}, "drop_at"},
      {{"float_stage.momentum", "0"}, "nesterov"},
      {{"architecture", "lenet"}, "lenet5"},
      {{"architecture", "resnet"}, "resnet"},
      {{"resnet.depth", "8"}, "resnet"},
      {{"seed", "1.5"}, "seed"},
      {{"name", "../up"}, "name"},
      {{"colour", "red"}, "colour"},
  };
  for (const Case& c : cases) {
    const std::string text = error_of({c.change});
    EXPECT_NE(text.find(c.message), std::string::npos)
        << c.change.key << "=" << c.change.value << " says '" << text << "'";
  }
}

TEST(Recipe, IsReadBackAsItWasWritten) {
  const Recipe recipe = parse_recipe("r.yaml", kRecipe, {{"sharpness.rho", "0.35"}});
  YAML::Emitter out;
  emit_recipe(out, recipe);
  const Recipe again = parse_recipe("again.yaml", out.c_str());
  EXPECT_EQ(fingerprint(again), fingerprint(recipe));
  EXPECT_EQ(again.sharpness.rho, 0.35);
}

TEST(Recipe, TakesResidualNetworksOfTheFamily) {
  const auto with_depth = [](const char* depth) {
    return parse_recipe(
        "r.yaml", kRecipe,
        {{"architecture", "resnet"}, {"resnet.depth", depth}, {"resnet.width", "8"}});
  };
  EXPECT_EQ(layers_of(with_depth("8")).size(), 10U);
  EXPECT_EQ(layers_of(with_depth("20")).size(), 22U);
  EXPECT_THROW(with_depth("10"), base::InputError);
}

TEST(Recipe, SharesItsFloatStageUnlessTheFloatPartDiffers) {
  const std::string plain = float_fingerprint(parse_recipe("r.yaml", kRecipe));
  const auto with = [](const char* key, const char* value) {
    return float_fingerprint(parse_recipe("r.yaml", kRecipe, {{key, value}}));
  };
  EXPECT_EQ(with("name", "other"), plain);
  EXPECT_EQ(with("sharpness.rho", "0"), plain);
  EXPECT_EQ(with("sparsity.lambda", "2"), plain);
  EXPECT_EQ(with("weight_bits", "2"), plain);
  EXPECT_EQ(with("quantised_stage.epochs", "9"), plain);
  EXPECT_NE(with("seed", "2"), plain);
  EXPECT_NE(with("float_stage.epochs", "9"), plain);
  EXPECT_NE(with("held_out", "200"), plain);
}

TEST(Recipe, LearningRateFollowsItsSchedule) {
  Stage stage{};
  stage.learning_rate = 0.4;
  stage.schedule = Schedule::kCosine;
  EXPECT_DOUBLE_EQ(learning_rate(stage, 0.0), 0.4);
  EXPECT_NEAR(learning_rate(stage, 0.5), 0.2, 1e-12);
  EXPECT_NEAR(learning_rate(stage, 1.0), 0.0, 1e-12);
  stage.schedule = Schedule::kStep;
  stage.drop_at = {0.5, 0.75};
  stage.drop_to = 0.1;
  EXPECT_DOUBLE_EQ(learning_rate(stage, 0.49), 0.4);
  EXPECT_DOUBLE_EQ(learning_rate(stage, 0.5), 0.04);
  EXPECT_NEAR(learning_rate(stage, 0.9), 0.004, 1e-15);
}

TEST(Recipe, EveryShippedOneCanBeRead) {
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator(LACUNA_SOURCE_DIR "/models/train/recipes")) {
    const Recipe recipe = read_recipe(entry.path().string());
    EXPECT_EQ(recipe.name, entry.path().stem().string());
    ++count;
  }
  EXPECT_GE(count, 2U);
}

}  // namespace
}  // namespace lacuna::train
