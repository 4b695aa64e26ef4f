#include "batches.hpp"

#include <cmath>
#include <numeric>
#include <utility>

#include "base/error.hpp"
#include "integer_network.hpp"

namespace lacuna::train {
namespace {

std::vector<float> code_table(int bits) {
  std::vector<float> table(256);
  for (std::size_t pixel = 0; pixel < table.size(); ++pixel) {
    table[pixel] = image_code(static_cast<std::uint8_t>(pixel), bits);
  }
  return table;
}

Batch empty_batch(const Images& images, std::size_t count) {
  const auto n = static_cast<std::int64_t>(count);
  const auto rows = static_cast<std::int64_t>(images.rows);
  const auto columns = static_cast<std::int64_t>(images.columns);
  return {torch::zeros({n, 1, rows, columns}), torch::empty({n}, torch::kInt64)};
}

}  // namespace

Batch plain_batch(const Images& images, std::size_t begin, std::size_t end, int bits) {
  const std::vector<float> table = code_table(bits);
  Batch batch = empty_batch(images, end - begin);
  float* code = batch.codes.data_ptr<float>();
  std::int64_t* label = batch.labels.data_ptr<std::int64_t>();
  for (std::size_t i = begin; i < end; ++i) {
    const std::uint8_t* image = images.image(i);
    for (std::size_t p = 0; p < images.pixels_per_image(); ++p) *code++ = table[image[p]];
    *label++ = images.labels[i];
  }
  return batch;
}

BatchSource::BatchSource(const Images& images, const Augmentation& augmentation, int batch,
                         int bits, std::uint64_t seed)
    : images_(images),
      augmentation_(augmentation),
      batch_(static_cast<std::size_t>(batch)),
      code_of_pixel_(code_table(bits)),
      seed_(seed),
      order_(images.count),
      at_(images.count) {}

// Own shuffle and own range reduction: those of the standard library differ between libraries.
void BatchSource::begin_epoch(int epoch) {
  // The generator's own seeding spreads seeds that differ in a bit.
  random_.seed(seed_ * 1000003 + static_cast<std::uint64_t>(epoch));
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  for (std::size_t i = order_.size() - 1; i > 0; --i) std::swap(order_[i], order_[below(i + 1)]);
  at_ = 0;
}

Batch BatchSource::next() {
  SIM_CHECK(at_ + batch_ <= order_.size(), "batches", -1, "the epoch has no more batches");
  Batch batch = empty_batch(images_, batch_);
  const auto rows = static_cast<int>(images_.rows);
  const auto columns = static_cast<int>(images_.columns);
  const auto spread = 2 * static_cast<std::size_t>(augmentation_.shift) + 1;
  float* code = batch.codes.data_ptr<float>();
  std::int64_t* label = batch.labels.data_ptr<std::int64_t>();
  for (std::size_t i = 0; i < batch_; ++i) {
    const std::size_t index = order_[at_++];
    const std::uint8_t* image = images_.image(index);
    const int down = static_cast<int>(below(spread)) - augmentation_.shift;
    const int right = static_cast<int>(below(spread)) - augmentation_.shift;
    const bool flip = augmentation_.flip && below(2) == 1;
    for (int y = 0; y < rows; ++y) {
      for (int x = 0; x < columns; ++x, ++code) {
        const int from_y = y - down;
        const int shifted_x = x - right;
        const int from_x = flip ? columns - 1 - shifted_x : shifted_x;
        if (from_y < 0 || from_y >= rows || from_x < 0 || from_x >= columns) continue;
        *code = code_of_pixel_[image[from_y * columns + from_x]];
      }
    }
    *label++ = images_.labels[index];
  }
  return batch;
}

// The bias of the remainder is below 2^-44 for any bound used here.
std::size_t BatchSource::below(std::size_t bound) { return random_() % bound; }

}  // namespace lacuna::train
