// lacuna-train sharpness: the loss around a trained network, as CSV.
#pragma once

namespace lacuna::train {

/// `argv[0]` is the word "sharpness". Throws what the training command throws.
void run_sharpness(int argc, char** argv);

}  // namespace lacuna::train
