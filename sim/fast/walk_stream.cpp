// The walk's passes through the array: docs/timing.md, "Weight-stationary array" and "Feeders".
#include <algorithm>

#include "base/cpu.hpp"
#include "base/error.hpp"
#include "fast/index.hpp"
#include "fast/memory_walk.hpp"

namespace lacuna::fast {
namespace {

std::int32_t wrapped(std::int32_t a, std::int32_t b) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(a) + static_cast<std::uint32_t>(b));
}

struct AddProducts {
  static LACUNA_INLINE void run(std::int32_t* __restrict sums,
                                const std::int16_t* __restrict weights, std::int32_t operand,
                                std::int64_t columns) {
    for (std::int64_t c = 0; c < columns; ++c) {
      sums[c] = static_cast<std::int32_t>(static_cast<std::uint32_t>(sums[c]) +
                                          static_cast<std::uint32_t>(operand * weights[c]));
    }
  }
};

}  // namespace

/// A pass of a block over a range of pixels, and the pixel that is in hand.
struct MemoryWalk::Pass {
  const schedule::Step& step;
  const schedule::Block& block;
  const network::Layer& layer;
  const schedule::Region& region;
  tensor::Code code;
  std::vector<std::vector<RowIndex>> rows;  ///< that take part in time
  std::vector<std::int64_t> bitmap_words;   ///< [row]
  std::int64_t pixels = 0;
  std::int64_t pixel = 0;
  std::int64_t image = 0;
  std::int64_t y = 0;
  std::int64_t x = 0;
  std::vector<std::int32_t> own;    ///< [col] local accumulators of the row in hand
  std::vector<std::int32_t> fifos;  ///< [row][place][col]

  std::int32_t* fifo(int row, int depth, std::int64_t cols) {
    return fifos.data() + (row * depth + pixel % depth) * cols;
  }
};

void MemoryWalk::list_rows(Pass& pass) const {
  const int used = schedule::used_rows(pass.block, spec_);
  pass.rows.resize(at(spec_.array.whole_folds ? spec_.array.rows : used));
  pass.bitmap_words.assign(pass.rows.size(), 0);
  std::vector<std::int64_t> last_word(pass.rows.size(), -1);
  const std::int64_t group_in = pass.layer.group_in();
  for (std::int64_t v = 0; v < pass.block.k_count; ++v) {
    const schedule::IndexPlace place = schedule::place_index(pass.block, v, spec_);
    const std::int64_t k = pass.block.k_begin + v;
    const std::int64_t position = k / group_in;
    const std::int64_t channel = pass.block.group * group_in + k % group_in;
    const auto row = static_cast<std::size_t>(place.row);
    const network::Window& window = pass.layer.window;
    const std::int64_t y = position / window.kernel_w;
    const std::int64_t x = position % window.kernel_w;
    pass.rows[row].push_back(
        {v, y, x, channel, place.slot,
         (y * window.dilation_h * pass.layer.in.width + x * window.dilation_w) *
                 pass.region.channel_count +
             channel - pass.region.channel_begin});
    // A word is one position and D aligned channels; indices rise, so words repeat in runs only.
    const std::int64_t word =
        position * base::ceil_div(pass.layer.in.channels, std::int64_t{spec_.bitmap_word_bits()}) +
        channel / spec_.bitmap_word_bits();
    if (word != last_word[row]) ++pass.bitmap_words[row];
    last_word[row] = word;
  }
  if (spec_.zero_skipping != arch::ZeroSkipping::kSkip) {
    std::fill(pass.bitmap_words.begin(), pass.bitmap_words.end(), 0);
  }
}

// What a row issues for the pixel in hand, read at its start. A gated operand is counted as issued
// in time, and is no product.
void MemoryWalk::gather(Pass& pass, int row, std::int64_t start, std::vector<Issue>& issues) {
  issues.clear();
  const bool skip = spec_.zero_skipping == arch::ZeroSkipping::kSkip;
  const network::Window& window = pass.layer.window;
  measure::LayerCounters& counts = counters(pass.step);
  // Where no part of the window lies in the padding, or between pixels, slots follow from its
  // corner.
  const std::int64_t top = pass.y * window.stride_h - window.pad_top;
  const std::int64_t left = pass.x * window.stride_w - window.pad_left;
  const bool inside = window.insert_h == 1 && window.insert_w == 1 && top >= 0 && left >= 0 &&
                      top + (window.kernel_h - 1) * window.dilation_h < pass.layer.in.height &&
                      left + (window.kernel_w - 1) * window.dilation_w < pass.layer.in.width;
  const std::int64_t corner =
      inside ? slot_of(pass.region, {pass.image, top, left, pass.region.channel_begin}) : 0;
  for (const RowIndex& index : pass.rows[at(row)]) {
    const std::int64_t y = inside ? 0 : window.input_row(pass.y, index.y, pass.layer.in.height);
    const std::int64_t x = inside ? 0 : window.input_column(pass.x, index.x, pass.layer.in.width);
    std::int16_t operand = 0;
    if (y >= 0 && x >= 0) {
      const memory::Access now = access(start_ + start, pass.pixel, index.number);
      const std::int64_t slot =
          inside ? corner + index.offset : slot_of(pass.region, {pass.image, y, x, index.channel});
      if (skip) {
        std::uint32_t bit = bitmap_[at(slot)];
        if (bitmap_faults_.armed() && bitmap_faults_.marks(slot)) {
          bit = bitmap_faults_.read(slot, bit, now);
        }
        if (bit == 0) continue;
      }
      operand = pass.code.operand(read_slot(slot, now), bits_);
      ++counts.activation_sram.reads;
    } else if (skip) {
      continue;
    }
    issues.push_back({operand, index.slot, index.number});
  }
  const auto indices = static_cast<std::int64_t>(pass.rows[at(row)].size());
  const auto issued = static_cast<std::int64_t>(issues.size());
  if (!skip) return;
  counts.bitmap.reads += pass.bitmap_words[at(row)];
  counts.macs.skipped += (indices - issued) * pass.block.n_count;
}

// Products j = 0, 1, ... at start + 1 + j; their weights are read at the start.
void MemoryWalk::multiply(Pass& pass, int row, std::int64_t start,
                          const std::vector<Issue>& issues) {
  const std::int64_t columns = pass.block.n_count;
  const int slots = spec_.array.weights_per_pe;
  const bool gate = spec_.zero_skipping == arch::ZeroSkipping::kGate;
  Registers& weights = registers_.weights;
  Registers& sums = registers_.accumulators;
  const int own_place = static_cast<int>(pass.pixel % spec_.array.local_accumulators);
  std::fill_n(pass.own.begin(), columns, 0);
  const std::vector<int>* faulty = nullptr;
  if (sums.armed()) {
    faulty = &sums.columns(own_place, row);
    for (const int column : *faulty) {
      if (column >= columns) continue;
      sums.faults().write(sums.lane(own_place, row, column),
                          access(start_ + start + column, pass.pixel));
    }
  }
  std::vector<std::int16_t> as_read;
  std::int64_t edge = start;
  for (const Issue& issue : issues) {
    ++edge;
    if (gate && issue.operand == 0) {
      counters(pass.step).macs.gated += columns;
      continue;
    }
    counters(pass.step).macs.issued += columns;
    const int place = pass.step.set * slots + issue.slot;
    const std::int64_t from =
        ((std::int64_t{pass.step.set} * spec_.array.rows + row) * slots + issue.slot) *
        spec_.array.cols;
    const std::int16_t* operands = pe_operands_.data() + from;
    if (weights.armed() && !weights.columns(place, row).empty()) {
      as_read.assign(operands, operands + columns);
      for (const int column : weights.columns(place, row)) {
        if (column >= columns) continue;
        const auto code = static_cast<std::uint8_t>(
            weights.faults().read(weights.lane(place, row, column), pe_codes_[at(from + column)],
                                  access(start_ + start + column, pass.pixel, issue.slot)));
        as_read[at(column)] = pass.layer.weight_code.operand(
            code, pass.block.group * pass.layer.n() + pass.block.n_begin + column,
            spec_.precision.weight_bits, spec_.weight_sram.encoding);
      }
      operands = as_read.data();
    }
    if (faulty != nullptr) {
      for (const int column : *faulty) {
        if (column >= columns) continue;
        const std::int64_t lane = sums.lane(own_place, row, column);
        const memory::Access now = access(start_ + edge + column, pass.pixel, issue.number);
        std::int32_t& sum = pass.own[at(column)];
        sum = static_cast<std::int32_t>(
            sums.faults().read(lane, static_cast<std::uint32_t>(sum), now));
        sums.faults().write(lane, now);
      }
    }
    base::run_vector<AddProducts>(pass.own.data(), operands, std::int32_t{issue.operand}, columns);
  }
}

// The local accumulator and what came from above go to the row below, or to the accumulator SRAM.
void MemoryWalk::commit(Pass& pass, int row, std::int64_t edge) {
  const std::int64_t columns = pass.block.n_count;
  const int depth = spec_.array.psum_fifo_depth;
  const auto number = [&](std::int64_t column) {
    return access(start_ + edge + column, pass.pixel, pass.block.k_count);
  };
  const auto answer = [&](Registers& memory, int place, std::int32_t* values) {
    if (!memory.armed()) return;
    for (const int column : memory.columns(place, row)) {
      if (column >= columns) continue;
      values[column] = static_cast<std::int32_t>(
          memory.faults().read(memory.lane(place, row, column),
                               static_cast<std::uint32_t>(values[column]), number(column)));
    }
  };
  std::int32_t* own = pass.own.data();
  answer(registers_.accumulators, static_cast<int>(pass.pixel % spec_.array.local_accumulators),
         own);
  const int place = static_cast<int>(pass.pixel % depth);
  if (row > 0) {
    // It is read once: what it answers may stand in its place.
    std::int32_t* above = pass.fifo(row, depth, spec_.array.cols);
    answer(registers_.fifos, place, above);
    for (std::int64_t c = 0; c < columns; ++c) own[c] = wrapped(own[c], above[c]);
  }
  if (row + 1 < static_cast<int>(pass.rows.size())) {
    std::copy_n(own, columns, pass.fifo(row + 1, depth, spec_.array.cols));
    if (!registers_.fifos.armed()) return;
    for (const int column : registers_.fifos.columns(place, row + 1)) {
      if (column >= columns) continue;
      registers_.fifos.faults().write(registers_.fifos.lane(place, row + 1, column),
                                      number(column));
    }
    return;
  }
  const std::int64_t entry = (pass.step.address + pass.pixel) * spec_.array.cols;
  std::int32_t* sums = accumulators_.data() + entry;
  measure::AccessCounts& counts = counters(pass.step).accumulators;
  counts.writes += columns;
  if (!pass.step.first_pass) counts.reads += columns;
  for (std::int64_t c = 0; c < columns; ++c) {
    std::int32_t before = pass.step.first_pass ? 0 : sums[c];
    if (accumulator_faults_.armed() && accumulator_faults_.marks(entry + c)) {
      if (!pass.step.first_pass) {
        before = static_cast<std::int32_t>(
            accumulator_faults_.read(entry + c, static_cast<std::uint32_t>(before), number(c)));
      }
      accumulator_faults_.write(entry + c, number(c));
    }
    sums[c] = wrapped(before, own[c]);
  }
}

void MemoryWalk::stream(const schedule::Step& step) {
  const schedule::Region& from = region(step.input);
  Pass pass{step,
            block(step),
            layer(step.layer),
            from,
            network_.map(from.map).code,
            {},
            {},
            0,
            0,
            0,
            0,
            0,
            {},
            {}};
  list_rows(pass);
  const auto rows = static_cast<int>(pass.rows.size());
  const int fifo = spec_.array.psum_fifo_depth;
  const bool two = spec_.array.local_accumulators == 2;
  const std::int64_t row_begin = range(step).row_begin;
  pass.pixels = range(step).row_count * pass.layer.out.width;
  pass.own.resize(at(spec_.array.cols));
  pass.fifos.resize(at(std::int64_t{rows} * fifo * spec_.array.cols));
  counters(step).macs.total += pass.pixels * pass.block.k_count * pass.block.n_count;
  // commit() of the last few pixels, [pixel mod depth][row]; done() of the last one.
  const std::int64_t depth = std::max(fifo, 2) + 1;
  std::vector<std::int64_t> commits(at(depth * rows));
  const auto committed = [&](std::int64_t pixel, int row) -> std::int64_t& {
    return commits[at(pixel % depth * rows + row)];
  };
  std::vector<std::int64_t> done(at(rows));
  std::vector<std::int64_t> busy(at(rows));
  std::vector<Issue> issues;
  for (std::int64_t m = 0; m < pass.pixels; ++m) {
    const std::int64_t row_of_batch = row_begin + m / pass.layer.out.width;
    pass.pixel = m;
    pass.image = row_of_batch / pass.layer.out.height;
    pass.y = row_of_batch % pass.layer.out.height;
    pass.x = m % pass.layer.out.width;
    for (int r = 0; r < rows; ++r) {
      std::int64_t start = 0;
      if (two) {
        start = m >= 1 ? done[at(r)] : 0;
        if (m >= 2) start = std::max(start, committed(m - 2, r));
      } else if (m >= 1) {
        start = committed(m - 1, r);
      }
      gather(pass, r, start, issues);
      multiply(pass, r, start, issues);
      const std::int64_t slots = std::max(
          {std::int64_t{1}, static_cast<std::int64_t>(issues.size()), pass.bitmap_words[at(r)]});
      done[at(r)] = start + slots;
      busy[at(r)] += slots;
      std::int64_t edge = done[at(r)];
      if (r > 0) edge = std::max(edge, committed(m, r - 1) + 1);
      if (r + 1 < rows && m >= fifo) edge = std::max(edge, committed(m - fifo, r + 1) + 1);
      committed(m, r) = edge;
      commit(pass, r, edge);
    }
    note_reads(step.layer, pass.image);
  }
  const std::int64_t columns = spec_.array.whole_folds ? spec_.array.cols : pass.block.n_count;
  const std::int64_t total = committed(pass.pixels - 1, rows - 1) + columns - 1;
  stream_cycles_.push_back(total);
  const auto longest = std::max_element(busy.begin(), busy.end());
  const std::int64_t fill_drain = (rows - 1 - (longest - busy.begin())) + (columns - 1);
  measure::StreamSplit& split = counters(step).stream;
  split.work += base::Cycles{*longest};
  split.fill_drain += base::Cycles{fill_drain};
  split.imbalance += base::Cycles{total - *longest - fill_drain};
}

}  // namespace lacuna::fast
