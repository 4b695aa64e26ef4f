// The state of a stage of training in one file, replaced as a whole after every epoch.
#pragma once

#include <torch/nn/module.h>
#include <torch/optim/optimizer.h>

#include <cstddef>
#include <string>
#include <vector>

namespace lacuna::train {

/// What an epoch came to. The held-out figures are those of the network after it.
struct EpochResult {
  int epoch;       // counted from 1
  double loss;     // cross entropy, mean over the epoch's batches
  double penalty;  // lambda * mean(|activation|) with its ramp, likewise
  double held_out_loss;
  std::size_t held_out_correct;
  double density;  // non-zero / all values that the layers after the first read
};

/// `fingerprint` says what the state belongs to.
void save_checkpoint(const std::string& file, const std::string& fingerprint,
                     const torch::nn::Module& network, const torch::optim::Optimizer& optimiser,
                     const std::vector<EpochResult>& epochs);

/// Puts the state back, and the finished epochs into `epochs`. False, and nothing is changed, where
/// there is no file, or it belongs to something else. Throws base::InputError for a damaged file.
bool load_checkpoint(const std::string& file, const std::string& fingerprint,
                     torch::nn::Module& network, torch::optim::Optimizer& optimiser,
                     std::vector<EpochResult>& epochs);

}  // namespace lacuna::train
