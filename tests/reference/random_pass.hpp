// Random small passes for tests of the array.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>

#include "reference/pass_recurrence.hpp"
#include "reference/per_pe_array.hpp"

namespace lacuna::reference {

/// Sizes that passes of one machine share.
struct RandomMachine {
  int rows = 1;
  int cols = 1;
  int weights_per_pe = 1;
  int local_accumulators = 1;
  int psum_fifo_depth = 2;
};

inline int draw(std::mt19937& random, int low, int high) {
  return std::uniform_int_distribution<int>(low, high)(random);
}

inline RandomMachine random_machine(std::mt19937& random) {
  return {draw(random, 1, 5), draw(random, 1, 5), draw(random, 1, 6), draw(random, 1, 2),
          draw(random, 2, 4)};
}

/// A pass over the lowest rows of the machine: dense or with zeros skipped, even or uneven rows,
/// sometimes slowed down by bitmap words.
inline PassInput random_pass(const RandomMachine& machine, std::mt19937& random) {
  PassInput pass;
  pass.rows = draw(random, 1, machine.rows);
  pass.cols = machine.cols;
  pass.local_accumulators = machine.local_accumulators;
  pass.psum_fifo_depth = machine.psum_fifo_depth;
  for (int r = 0; r < pass.rows; ++r) {
    auto& row = pass.weights.emplace_back();
    for (int s = 0; s < machine.weights_per_pe; ++s) {
      auto& slot = row.emplace_back();
      for (int c = 0; c < pass.cols; ++c) {
        slot.push_back(static_cast<std::int16_t>(draw(random, -255, 255)));
      }
    }
  }
  const int pixels = draw(random, 1, 14);
  const int style = draw(random, 0, 3);  // 0 dense, 1 even zeros, 2 uneven rows, 3 bursts
  const int bitmap_words = draw(random, 0, 1) * draw(random, 1, 4);
  for (int m = 0; m < pixels; ++m) {
    auto& pixel = pass.pixels.emplace_back();
    for (int r = 0; r < pass.rows; ++r) {
      int density = 100;
      if (style == 1) density = 40;
      if (style == 2) density = 100 - 90 * r / std::max(1, pass.rows - 1);
      if (style == 3) density = draw(random, 0, 1) * 100;
      RowPixel work;
      for (int s = 0; s < machine.weights_per_pe; ++s) {
        if (draw(random, 1, 100) > density) continue;
        work.issue.push_back({s, static_cast<std::uint8_t>(draw(random, 0, 255))});
      }
      work.min_slots = bitmap_words;
      pixel.push_back(std::move(work));
    }
  }
  return pass;
}

/// s(m, r) of the pass, [pixel][row].
inline std::vector<std::vector<std::int64_t>> slots_of_pass(const PassInput& pass) {
  std::vector<std::vector<std::int64_t>> slots;
  for (const std::vector<RowPixel>& pixel : pass.pixels) {
    auto& row = slots.emplace_back();
    for (const RowPixel& work : pixel) {
      row.push_back(slots_of({static_cast<std::int64_t>(work.issue.size()), work.min_slots}));
    }
  }
  return slots;
}

/// The sum of all products of a pixel in a lane: what the pass has to deliver.
inline std::int32_t pixel_sum(const PassInput& pass, std::size_t pixel, std::size_t lane) {
  std::int32_t sum = 0;
  for (std::size_t r = 0; r < pass.pixels[pixel].size(); ++r) {
    for (const IssueSlot& issue : pass.pixels[pixel][r].issue) {
      sum += pass.weights[r][static_cast<std::size_t>(issue.slot)][lane] * issue.activation;
    }
  }
  return sum;
}

}  // namespace lacuna::reference
