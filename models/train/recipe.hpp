// A training recipe: everything that decides the resulting network, read from strict YAML.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.hpp"

namespace YAML {
class Emitter;
}

namespace lacuna::train {

/// One pass of training: float pre-training or quantisation-aware fine-tuning. The learning rate
/// falls from `learning_rate` to zero along half a cosine.
struct Stage {
  base::Place place;  // in the recipe, for errors
  int epochs;
  int batch;
  double learning_rate;
  double momentum;  // Nesterov
  double weight_decay;
};

struct Augmentation {
  int shift;  // pixels, drawn uniformly from [-shift, shift] in x and y
  bool flip;  // left to right, with probability one half
};

/// lambda * mean(|activation|), as a function of the fraction of the stage's steps that are done:
/// nothing up to `none_until`, then linear, the whole of it from `full_from` on.
struct Sparsity {
  double lambda;
  double none_until;
  double full_from;
};

struct Recipe {
  std::string name;
  std::string architecture;
  std::string dataset;
  std::uint64_t seed;
  int held_out;  // last images of the training set, kept for choosing hyper-parameters
  int weight_bits;
  int activation_bits;
  Augmentation augmentation;
  Stage float_stage;
  Stage quantised_stage;
  Sparsity sparsity;
};

/// Throws base::InputError with file:line and key for unknown, missing, repeated or out-of-range
/// entries.
Recipe read_recipe(const std::string& file);

/// Writes the recipe as a YAML map with the same keys as a recipe file.
void emit_recipe(YAML::Emitter& out, const Recipe& recipe);

/// The part of the recipe that decides the float network, as text: equal text, equal network.
std::string float_fingerprint(const Recipe& recipe);

}  // namespace lacuna::train
