// Strikes of the array's registers and of the accumulators: what a sum holds at a cycle.
#include <algorithm>

#include "fast/index.hpp"
#include "fast/strike_query.hpp"
#include "schedule/durations.hpp"

namespace lacuna::fast {

using schedule::StepId;

Strikes::Reads Strikes::strike_accumulator(Query& query, const Struck& struck) {
  const std::int64_t entry = struck.lane / spec_.array.cols;
  const std::int64_t column = struck.lane % spec_.array.cols;
  Reads reads;
  for (const Job& own : jobs_) {
    if (end(query, own.post) < query.cycle) continue;  // over, and written at the latest then
    const Stream& first = streams_[own.first_stream];
    const std::int64_t number = entry - own.entry;
    if (number < 0 || number >= static_cast<std::int64_t>(corners(first).size()) ||
        column >= block(first).n_count) {
      continue;
    }
    const std::int64_t read = post_time(query, own.post, number);
    if (read < query.cycle) continue;
    // The passes that were committed before the strike.
    std::size_t passes = 0;
    for (; passes < own.streams; ++passes) {
      const Stream& stream = streams_[own.first_stream + passes];
      const std::int64_t begin = start(query, stream.step);
      if (begin >= query.cycle) break;
      if (end(query, stream.step) < query.cycle) continue;
      const StreamTrace& times = trace(query, stream);
      if (begin + times.commit(number, times.rows() - 1) + column >= query.cycle) break;
    }
    if (passes == 0) {
      reads.overwritten = true;
      return reads;
    }
    std::uint32_t sum = 0;
    for (std::size_t p = 0; p < passes; ++p) {
      const Stream& stream = streams_[own.first_stream + p];
      for (std::int64_t v = 0; v < block(stream).k_count; ++v) {
        sum += product(query, stream, number, v, column);
      }
    }
    reads.count = 1;
    note_read(query, first, pixel(first, number).row);
    add_sum(query, first, pixel(first, number), column, flips_of(sum, struck.mask));
    return reads;
  }
  return reads;
}

bool Strikes::written_later(std::size_t stream, int row, std::int64_t column,
                            std::int64_t places) const {
  for (++stream; stream < streams_.size(); ++stream) {
    const Stream& own = streams_[stream];
    if (column < block(own).n_count && row < static_cast<int>(pass(own).rows.size()) &&
        places <= static_cast<std::int64_t>(corners(own).size())) {
      return true;
    }
  }
  return false;
}

namespace {

/// Number of streams that have started before a cycle, by a function of their start.
template <class Start>
std::size_t started_before(std::size_t streams, std::int64_t cycle, Start start_of) {
  std::size_t low = 0;
  std::size_t high = streams;
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (start_of(middle) < cycle) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

}  // namespace

// The register of a set and slot is written by loads, and read by products of the streams that use
// the load.
Strikes::Reads Strikes::strike_pe_weight(Query& query, const Struck& struck) {
  const std::int64_t pe = struck.cell.bank;
  const auto row = static_cast<int>(pe / spec_.array.cols);
  const std::int64_t column = pe % spec_.array.cols;
  const int slots = spec_.array.weights_per_pe;
  const auto set = static_cast<std::size_t>(struck.cell.row / slots);
  const auto slot = static_cast<int>(struck.cell.row % slots);
  Reads reads;
  const Load* held = nullptr;
  std::int64_t held_index = 0;
  bool later = false;
  for (const Load& load : loads_[set]) {
    const schedule::Block& own = schedule_.blocks[at(step(load.step).block)];
    if (column >= own.n_count) continue;
    // Indices are spread evenly over the rows: those of this row, one after the other.
    std::int64_t index = -1;
    for (std::int64_t v = 0; v < own.k_count && index < 0; ++v) {
      const schedule::IndexPlace place = schedule::place_index(own, v, spec_);
      if (place.row == row && place.slot == slot) index = v;
    }
    if (index < 0) continue;
    if (start(query, load.step) + 1 + index < query.cycle) {
      held = &load;
      held_index = index;
    } else {
      later = true;
      break;
    }
  }
  if (held != nullptr) {
    for (const std::size_t number : held->streams) {
      const Stream& stream = streams_[number];
      if (end(query, stream.step) < query.cycle) continue;
      const schedule::Block& own = block(stream);
      const std::int64_t channel = own.group * layer(stream).n() + own.n_begin + column;
      const WrongWeight wrong{
          held_index, column,
          wrong_by(layer(stream), channel, own.k_begin + held_index, struck.mask)};
      const std::int64_t begin = start(query, stream.step);
      const StreamTrace* times = begin < query.cycle ? &trace(query, stream) : nullptr;
      reads.count += weigh_wrong(query, stream, wrong, [&](std::int64_t m) {
        return times == nullptr || begin + times->start(m, row) + column >= query.cycle;
      });
    }
  }
  reads.overwritten = reads.count == 0 && later;
  return reads;
}

Strikes::Reads Strikes::strike_pe_sum(Query& query, const Struck& struck) {
  const std::int64_t pe = struck.cell.bank;
  const auto row = static_cast<int>(pe / spec_.array.cols);
  const std::int64_t column = pe % spec_.array.cols;
  const std::int64_t index = struck.cell.row;
  const std::int64_t locals = spec_.array.local_accumulators;
  Reads reads;
  const std::size_t started = started_before(
      streams_.size(), query.cycle, [&](std::size_t s) { return start(query, streams_[s].step); });
  if (started == 0) {
    reads.overwritten = written_later(static_cast<std::size_t>(-1), row, column, index + 1);
    return reads;
  }
  const Stream& stream = streams_[started - 1];
  const schedule::Block& own = block(stream);
  if (end(query, stream.step) >= query.cycle && column < own.n_count &&
      row < static_cast<int>(pass(stream).rows.size())) {
    const StreamTrace& times = trace(query, stream);
    const std::int64_t now = query.cycle - start(query, stream.step) - column;
    for (std::int64_t m = index; m < times.pixels(); m += locals) {
      if (times.commit(m, row) < now) continue;
      if (times.start(m, row) >= now) {
        reads.overwritten = true;
        return reads;
      }
      // Products that were added before the strike: one an issued activation and cycle.
      std::int64_t left = now - times.start(m, row) - 1;
      std::uint32_t sum = 0;
      for (std::int64_t v = 0; v < own.k_count && left > 0; ++v) {
        if (schedule::place_index(own, v, spec_).row != row) continue;
        const bool issued = !skips_ || operand(query, stream, m, v) != 0;
        if (!issued) continue;
        --left;
        sum += product(query, stream, m, v, column);
      }
      reads.count = 1;
      note_read(query, stream, pixel(stream, m).row);
      add_sum(query, stream, pixel(stream, m), column, flips_of(sum, struck.mask));
      return reads;
    }
  }
  reads.overwritten = written_later(started - 1, row, column, index + 1);
  return reads;
}

Strikes::Reads Strikes::strike_fifo(Query& query, const Struck& struck) {
  const std::int64_t pe = struck.cell.bank;
  const auto row = static_cast<int>(pe / spec_.array.cols) + 1;
  const std::int64_t column = pe % spec_.array.cols;
  const std::int64_t place = struck.cell.row;
  const std::int64_t depth = spec_.array.psum_fifo_depth;
  Reads reads;
  const std::size_t started = started_before(
      streams_.size(), query.cycle, [&](std::size_t s) { return start(query, streams_[s].step); });
  if (started == 0) {
    reads.overwritten = written_later(static_cast<std::size_t>(-1), row, column, place + 1);
    return reads;
  }
  const Stream& stream = streams_[started - 1];
  const schedule::Block& own = block(stream);
  if (end(query, stream.step) >= query.cycle && column < own.n_count &&
      row < static_cast<int>(pass(stream).rows.size())) {
    const StreamTrace& times = trace(query, stream);
    const std::int64_t now = query.cycle - start(query, stream.step) - column;
    for (std::int64_t m = place; m < times.pixels(); m += depth) {
      if (times.commit(m, row) < now) continue;
      if (times.commit(m, row - 1) >= now) {
        reads.overwritten = true;
        return reads;
      }
      std::uint32_t sum = 0;
      for (std::int64_t v = 0; v < own.k_count; ++v) {
        if (schedule::place_index(own, v, spec_).row >= row) continue;
        sum += product(query, stream, m, v, column);
      }
      reads.count = 1;
      note_read(query, stream, pixel(stream, m).row);
      add_sum(query, stream, pixel(stream, m), column, flips_of(sum, struck.mask));
      return reads;
    }
  }
  reads.overwritten = written_later(started - 1, row, column, place + 1);
  return reads;
}

}  // namespace lacuna::fast
