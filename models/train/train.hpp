// The two stages of training, and the trained network's evaluation with libtorch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "checkpoint.hpp"
#include "data.hpp"
#include "model.hpp"
#include "recipe.hpp"

namespace lacuna::train {

/// The recipe was followed, and no usable network came out: exit code 3.
class TrainingFailed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Where a stage keeps its state, and who hears of it.
struct StageRun {
  std::string checkpoint;   // file; written after every epoch, read at the start
  std::string fingerprint;  // of what the state belongs to
  // For every finished epoch, in order; those read from the checkpoint too.
  std::function<void(const EpochResult&)> epoch;
  // After every step: the fraction of the stage that is done. May be empty.
  std::function<void(double done)> progress;
};

/// Each goes on from its checkpoint, and ends at once where that is of a finished stage; a resumed
/// stage gives the same bits as an uninterrupted one. Throws TrainingFailed if the network dies:
/// the loss is not finite or beyond all bounds, or after an epoch a layer's activations are all
/// zero or the held-out accuracy is that of guessing.
void train_float(Network& network, const Recipe& recipe, const Images& training,
                 const Images& held_out, const StageRun& run);
void train_quantised(Network& network, const Recipe& recipe, const Images& training,
                     const Images& held_out, const StageRun& run);

struct Evaluation {
  std::vector<std::uint8_t> top1;  // the lowest index wins a tie
  std::size_t correct = 0;
  double loss = 0.0;               // cross entropy, mean over the images
  std::vector<InputCount> inputs;  // of the layers after the first; empty in float

  double density() const;  // non-zero / all values that they read
};

Evaluation evaluate_float(Network& network, const Images& images, int activation_bits);
/// With `offsets` added to the quantised weights, as Network::forward_quantised does.
Evaluation evaluate_quantised(Network& network, const Images& images, int activation_bits,
                              const std::vector<torch::Tensor>& offsets = {});

}  // namespace lacuna::train
