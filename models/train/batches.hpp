// Batches of a data set as tensors of image codes: shuffled and augmented, or in order.
#pragma once

#include <torch/types.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "data.hpp"
#include "recipe.hpp"

namespace lacuna::train {

struct Batch {
  torch::Tensor codes;   // float32 [n, 1, rows, columns], integers 0 to 2^bits - 1
  torch::Tensor labels;  // int64 [n]
};

/// Images [begin, end) as they are.
Batch plain_batch(const Images& images, std::size_t begin, std::size_t end, int bits);

/// A source of augmented batches that visits every image once an epoch. The order and the
/// augmentation depend on the seed and the epoch only, so that a resumed run sees what an
/// uninterrupted one sees; a last, smaller batch of an epoch is dropped.
class BatchSource {
 public:
  BatchSource(const Images& images, const Augmentation& augmentation, int batch, int bits,
              std::uint64_t seed);

  std::size_t batches_per_epoch() const { return images_.count / batch_; }
  /// Before the first next() of each epoch; they may come in any order.
  void begin_epoch(int epoch);
  Batch next();

 private:
  std::size_t below(std::size_t bound);

  const Images& images_;
  Augmentation augmentation_;
  std::size_t batch_;
  std::vector<float> code_of_pixel_;
  std::uint64_t seed_;
  std::mt19937_64 random_;
  std::vector<std::size_t> order_;
  std::size_t at_;
};

}  // namespace lacuna::train
