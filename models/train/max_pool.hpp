// The maximum over windows of 2 x 2 of a batch's maps: what torch::max_pool2d gives, in a fraction
// of its time (libtorch 1.13 walks windows one by one: half of LeNet-5's training).
#pragma once

#include <torch/types.h>

namespace lacuna::train {

/// x is float32 [n][channels][height][width], height and width even and contiguous; the result is
/// half as high and as wide. The gradient goes to the first largest value of a window, row by row.
torch::Tensor max_pool(const torch::Tensor& x);

}  // namespace lacuna::train
