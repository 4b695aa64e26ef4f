// card.yaml: where a network comes from and what was measured on it.
#pragma once

#include <string>

#include "integer_network.hpp"
#include "recipe.hpp"

namespace lacuna::train {

struct CardFacts {
  std::size_t held_out_correct;
  std::size_t test_images;
  std::string onnx_sha256;
};

/// The same text for the same network: no date, no machine, no time.
std::string card(const Recipe& recipe, const IntegerNetwork& network, const IntegerEvaluation& test,
                 const CardFacts& facts);

/// Non-zero / all values over the inputs of the layers after the first.
double density_after_first(const IntegerEvaluation& evaluation);

}  // namespace lacuna::train
