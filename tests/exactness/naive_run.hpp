// A job's batches by the naive evaluation of reference/naive_batch.hpp.
#pragma once

#include "run/simulate.hpp"

namespace lacuna::test {

/// What of a Measurement the naive evaluation gives: logits, their hash, the cycles of each batch,
/// MACs and densities of each layer, and what every fault did.
run::Measurement run_naively(const run::Job& job);

/// Which of these figures differs from an engine's, or "".
std::string difference_from_naive(const run::Measurement& naive, const run::Measurement& engine);

}  // namespace lacuna::test
