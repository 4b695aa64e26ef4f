#include "card.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

namespace lacuna::train {
namespace {

double ratio(std::uint64_t part, std::uint64_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

std::string fixed(double value) { return fmt::format("{:.4f}", value); }

void emit_accuracy(YAML::Emitter& out, std::size_t correct, std::size_t images) {
  out << YAML::BeginMap;
  out << YAML::Key << "correct" << YAML::Value << correct;
  out << YAML::Key << "images" << YAML::Value << images;
  out << YAML::Key << "accuracy" << YAML::Value << fixed(ratio(correct, images));
  out << YAML::EndMap;
}

void emit_density(YAML::Emitter& out, const IntegerNetwork& network,
                  const IntegerEvaluation& test) {
  out << YAML::Comment("non-zero / all values that a layer reads, over the test images");
  out << YAML::BeginMap;
  out << YAML::Key << "inputs" << YAML::Value << YAML::BeginMap;
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    out << YAML::Key << network.layers[i].shape.name << YAML::Value
        << fixed(ratio(test.inputs[i].nonzero, test.inputs[i].values));
  }
  out << YAML::EndMap;
  out << YAML::Key << "overall_after_first" << YAML::Value << fixed(density_after_first(test));
  out << YAML::EndMap;
}

std::string architecture_name(const Recipe& recipe) {
  if (recipe.architecture == Architecture::kLenet5) return "lenet5";
  return fmt::format("resnet{} of width {}", recipe.resnet.depth, recipe.resnet.width);
}

}  // namespace

double density_after_first(const IntegerEvaluation& evaluation) {
  InputCount all;
  for (std::size_t i = 1; i < evaluation.inputs.size(); ++i) {
    all.nonzero += evaluation.inputs[i].nonzero;
    all.values += evaluation.inputs[i].values;
  }
  return ratio(all.nonzero, all.values);
}

std::string card(const Recipe& recipe, const IntegerNetwork& network, const IntegerEvaluation& test,
                 const CardFacts& facts) {
  YAML::Emitter out;
  out << YAML::BeginMap;
  out << YAML::Key << "name" << YAML::Value << network.name;
  out << YAML::Key << "architecture" << YAML::Value << architecture_name(recipe);
  out << YAML::Key << "origin" << YAML::Value << "trained from scratch by lacuna-train";
  out << YAML::Key << "bits" << YAML::Value << YAML::BeginMap;
  out << YAML::Key << "weights" << YAML::Value << network.weight_bits;
  out << YAML::Key << "activations" << YAML::Value << network.activation_bits;
  out << YAML::EndMap;
  out << YAML::Key << "dataset" << YAML::Value << recipe.dataset;
  out << YAML::Key << "seed" << YAML::Value << recipe.seed;
  out << YAML::Key << "test" << YAML::Value;
  emit_accuracy(out, test.correct, facts.test_images);
  out << YAML::Key << "held_out" << YAML::Value;
  emit_accuracy(out, facts.held_out_correct, static_cast<std::size_t>(recipe.held_out));
  out << YAML::Key << "density" << YAML::Value;
  emit_density(out, network, test);
  out << YAML::Key << "recipe" << YAML::Value;
  emit_recipe(out, recipe);
  out << YAML::Key << "onnx_sha256" << YAML::Value << facts.onnx_sha256;
  out << YAML::EndMap;
  return std::string(out.c_str()) + "\n";
}

}  // namespace lacuna::train
