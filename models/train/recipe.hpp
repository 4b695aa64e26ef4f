// A training recipe: everything that decides the resulting network, read from strict YAML.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "config/document.hpp"
#include "layers.hpp"

namespace YAML {
class Emitter;
}

namespace lacuna::train {

enum class Schedule {
  kCosine,  // from the learning rate to zero along half a cosine
  kStep,    // times `drop_to` at each of `drop_at`
};

/// One pass of training: float pre-training or quantisation-aware fine-tuning, by SGD.
struct Stage {
  base::Place place;  // in the recipe, for errors
  int epochs;
  int batch;
  double learning_rate;
  double momentum;
  bool nesterov;
  double weight_decay;
  Schedule schedule;
  std::vector<double> drop_at;  // fractions of the stage, rising; only with kStep
  double drop_to;               // only with kStep
};

/// The learning rate when the fraction `done` of the stage's steps is behind.
double learning_rate(const Stage& stage, double done);

struct Augmentation {
  int shift;  // pixels, drawn uniformly from [-shift, shift] in x and y
  bool flip;  // left to right, with probability one half
};

enum class Penalty {
  kL1,     // mean |activation|
  kHoyer,  // (sum |a|)^2 / sum a^2, a share of the values
};

/// lambda * penalty, as a function of the fraction of the stage's steps that are done: nothing up
/// to `none_until`, then linear, the whole of it from `full_from` on.
struct Sparsity {
  Penalty penalty;
  double lambda;
  double none_until;
  double full_from;
};

/// Sharpness-aware quantisation: length of the step uphill, in the weights' own unit; 0 is none.
struct Sharpness {
  double rho;
};

enum class Architecture { kLenet5, kResnet };

/// Only with kResnet.
struct ResidualShape {
  int depth;  // 6 n + 2
  int width;  // channels of the first group
};

struct Recipe {
  std::string name;
  Architecture architecture;
  ResidualShape resnet;
  std::string dataset;
  std::uint64_t seed;
  int held_out;  // last images of the training set, kept for choosing hyper-parameters
  int weight_bits;
  int activation_bits;
  Augmentation augmentation;
  Stage float_stage;
  Stage quantised_stage;
  Sparsity sparsity;
  Sharpness sharpness;
};

/// Throws base::InputError with file:line and key for unknown, missing, repeated or out-of-range
/// entries. An override replaces one value, as `lacuna run --set` does.
Recipe read_recipe(const std::string& file, const std::vector<config::Override>& overrides = {});
Recipe parse_recipe(const std::string& name, const std::string& bytes,
                    const std::vector<config::Override>& overrides = {});

std::vector<LayerShape> layers_of(const Recipe& recipe);

/// Writes the recipe as a YAML map with the same keys as a recipe file.
void emit_recipe(YAML::Emitter& out, const Recipe& recipe);

/// All that decides the network, and the part of it that decides the float network, as text: equal
/// text, equal network (on equal data).
std::string fingerprint(const Recipe& recipe);
std::string float_fingerprint(const Recipe& recipe);

}  // namespace lacuna::train
