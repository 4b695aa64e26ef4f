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

// A pixel's sum lies in its register, number pixel mod `places`, from the time `written` in its row
// to the row's commit; `held` is what lies there at `now`, a time of the stream in the row's column
// 0.
template <class Written, class Held>
Strikes::Reads Strikes::strike_sum(Query& query, const Struck& struck, const SumRegister& own,
                                   Written written, Held held) {
  Reads reads;
  const std::size_t started = started_before(
      streams_.size(), query.cycle, [&](std::size_t s) { return start(query, streams_[s].step); });
  const std::size_t last = started - 1;  // of none: before the first
  if (started > 0) {
    const Stream& stream = streams_[last];
    if (end(query, stream.step) >= query.cycle && own.column < block(stream).n_count &&
        own.row < static_cast<int>(pass(stream).rows.size())) {
      const StreamTrace& times = trace(query, stream);
      const std::int64_t now = query.cycle - start(query, stream.step) - own.column;
      for (std::int64_t m = own.place; m < times.pixels(); m += own.places) {
        if (times.commit(m, own.row) < now) continue;
        if (written(times, m) >= now) {
          reads.overwritten = true;
          return reads;
        }
        reads.count = 1;
        note_read(query, stream, pixel(stream, m).row);
        add_sum(query, stream, pixel(stream, m), own.column,
                flips_of(held(stream, m, now - written(times, m)), struck.mask));
        return reads;
      }
    }
  }
  reads.overwritten = written_later(last, own.row, own.column, own.place + 1);
  return reads;
}

// Set to 0 at the pixel's start; then a product an issued activation and cycle.
Strikes::Reads Strikes::strike_pe_sum(Query& query, const Struck& struck) {
  const std::int64_t cols = spec_.array.cols;
  const SumRegister own{static_cast<int>(struck.cell.bank / cols), struck.cell.bank % cols,
                        struck.cell.row, spec_.array.local_accumulators};
  return strike_sum(
      query, struck, own,
      [&](const StreamTrace& times, std::int64_t m) { return times.start(m, own.row); },
      [&](const Stream& stream, std::int64_t m, std::int64_t since) {
        std::int64_t left = since - 1;
        std::uint32_t sum = 0;
        for (std::int64_t v = 0; v < block(stream).k_count && left > 0; ++v) {
          if (schedule::place_index(block(stream), v, spec_).row != own.row) continue;
          if (skips_ && operand(query, stream, m, v) == 0) continue;
          --left;
          sum += product(query, stream, m, v, own.column);
        }
        return sum;
      });
}

// Written at the commit of the row above: what all rows above have added.
Strikes::Reads Strikes::strike_fifo(Query& query, const Struck& struck) {
  const std::int64_t cols = spec_.array.cols;
  const SumRegister own{static_cast<int>(struck.cell.bank / cols) + 1, struck.cell.bank % cols,
                        struck.cell.row, spec_.array.psum_fifo_depth};
  return strike_sum(
      query, struck, own,
      [&](const StreamTrace& times, std::int64_t m) { return times.commit(m, own.row - 1); },
      [&](const Stream& stream, std::int64_t m, std::int64_t /*since*/) {
        std::uint32_t sum = 0;
        for (std::int64_t v = 0; v < block(stream).k_count; ++v) {
          if (schedule::place_index(block(stream), v, spec_).row >= own.row) continue;
          sum += product(query, stream, m, v, own.column);
        }
        return sum;
      });
}

}  // namespace lacuna::fast
