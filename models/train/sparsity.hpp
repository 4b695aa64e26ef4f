// What pulls activations towards zero: a penalty on the maps as the next layer reads them.
#pragma once

#include <vector>

#include "layers.hpp"
#include "quantise.hpp"
#include "recipe.hpp"

namespace lacuna::train {

/// The recipe's penalty over all `maps` of a batch, a scalar with a gradient to the codes and none
/// to the steps: it would shrink them rather than make zeros. Maps of more values weigh more, as
/// their reading takes more time.
///
///   l1     sum |a| / count(a)                            (Georgiadis, "Accelerating CNNs via
///          Activation Map Compression", CVPR 2019)
///   hoyer  sum over maps of (sum |a|)^2 / (sum a^2), / count(a)   (Kurtz et al., "Inducing and
///          Exploiting Activation Sparsity for Fast Neural Network Inference", ICML 2020).
///          Between 0 and 1: k equal non-zeros among n values give k / n, whatever their size.
torch::Tensor sparsity_penalty(Penalty penalty, const std::vector<Codes>& maps);

/// The share of the penalty in force at fraction `done` of the stage: 0, then rising to 1.
double ramp(const Sparsity& sparsity, double done);

}  // namespace lacuna::train
