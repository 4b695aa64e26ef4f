// The two stages of training, and the trained network's evaluation with libtorch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "data.hpp"
#include "model.hpp"
#include "recipe.hpp"

namespace lacuna::train {

using Report = std::function<void(const std::string& line)>;

/// Each throws base::InputError if the network dies: the loss is not finite, or after an epoch the
/// held-out accuracy is that of guessing. `report` gets one line an epoch.
void train_float(Network& network, const Recipe& recipe, const Images& training,
                 const Images& held_out, const Report& report);
void train_quantised(Network& network, const Recipe& recipe, const Images& training,
                     const Images& held_out, const Report& report);

struct Evaluation {
  std::vector<std::uint8_t> top1;  // the lowest index wins a tie
  std::size_t correct = 0;
  double density = 1.0;  // non-zero / all values that the layers after the first read
};

Evaluation evaluate_float(Network& network, const Images& images, int activation_bits);
Evaluation evaluate_quantised(Network& network, const Images& images, int activation_bits);

}  // namespace lacuna::train
