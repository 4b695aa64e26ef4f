#include <algorithm>
#include <tuple>

#include "base/error.hpp"
#include "fast/index.hpp"
#include "fast/strike_query.hpp"
#include "schedule/durations.hpp"

namespace lacuna::fast {
namespace {

using memory::MemoryId;
using schedule::StepId;
using schedule::StepKind;

constexpr int kStruckSumBits = 32;
/// Before any cycle of a batch.
constexpr std::int64_t kBeforeAll = -1;

}  // namespace

Strikes::Strikes(const network::Network& network, const schedule::Schedule& schedule,
                 const arch::AcceleratorSpec& spec, const BatchGroup& program,
                 const schedule::ResidencyMap& weights)
    : network_(network),
      schedule_(schedule),
      spec_(spec),
      program_(program),
      weights_(weights),
      values_(schedule, network, spec, MemoryId::kActivationSram),
      bitmap_(schedule, network, spec, MemoryId::kActivationBitmap),
      skips_(spec.zero_skipping == arch::ZeroSkipping::kSkip) {
  for (auto& slots : stays_) slots.resize(at(schedule.activation_slots));
  index_steps();
}

// Streams, jobs and loads as the compiler numbers them.
void Strikes::index_steps() {
  number_of_step_.resize(schedule_.steps.size());
  std::vector<std::size_t> jobs(network_.layers.size());
  std::vector<std::size_t> streams(network_.layers.size());
  std::size_t open = 0;
  StepId id = 0;
  for (const schedule::Step& own : schedule_.steps) {
    const std::size_t index = at(own.layer);
    if (own.kind == StepKind::kLoadPe) {
      number_of_step_[at(id)] = loads_[own.set].size();
      loads_[own.set].push_back({id, {}});
    }
    if (own.kind == StepKind::kStream) {
      const StreamRef& ref = program_.layers()[index].streams[streams[index]++];
      SIM_CHECK(!loads_[own.set].empty() && ref.stream == streams_.size(), "fast", -1,
                "a stream is not where it was compiled");
      Load& load = loads_[own.set].back();
      load.streams.push_back(streams_.size());
      number_of_step_[at(id)] = streams_.size();
      streams_.push_back({id, load.step, index, jobs[index], ref.front, ref.drain});
    }
    if (own.kind == StepKind::kPost) {
      jobs_.push_back({index, jobs[index]++, open, streams_.size() - open, id, own.address});
      open = streams_.size();
    }
    ++id;
  }
}

const schedule::PixelRange& Strikes::range(const Stream& stream) const {
  const LayerProgram& own = program(stream);
  return own.ranges[at(own.fronts[stream.front].range)];
}

const Corners& Strikes::corners(const Stream& stream) const {
  const LayerProgram& own = program(stream);
  return own.corners[at(own.fronts[stream.front].range)];
}

const PassRows& Strikes::pass(const Stream& stream) const {
  const LayerProgram& own = program(stream);
  return own.passes[own.fronts[stream.front].pass];
}

std::int64_t Strikes::start(const Query& query, StepId id) const {
  return query.batch.times.start[at(id) * kLanes + query.batch.lane];
}

std::int64_t Strikes::end(const Query& query, StepId id) const {
  return query.batch.times.end[at(id) * kLanes + query.batch.lane];
}

StreamTrace Strikes::make_trace(const Query& query, const Stream& stream,
                                const std::vector<IssueChange>& changes) {
  std::vector<std::uint16_t> prefix;
  if (skips_) {
    const std::vector<std::int16_t>& map =
        query.batch.maps[program_.layouts().input_place(stream.layer)];
    const std::size_t values = map.size() / kLanes - 1;
    prefix.resize(values + 1);
    const std::int16_t* own = map.data() + query.batch.lane;
    std::uint16_t count = 0;
    for (std::size_t v = 0; v < values; ++v) {
      prefix[v] = count;
      count = static_cast<std::uint16_t>(count + (own[v * kLanes] != 0 ? 1 : 0));
    }
    prefix[values] = count;
  }
  return {pass(stream), corners(stream), skips_, prefix.data(), program_.timing(), changes};
}

const StreamTrace& Strikes::trace(const Query& query, const Stream& stream) {
  const auto fronts = static_cast<std::int64_t>(streams_.size());
  // Fronts are numbered within their layer, and there are fewer than streams.
  const std::int64_t key = (query.batch.number * static_cast<std::int64_t>(network_.layers.size()) +
                            static_cast<std::int64_t>(stream.layer)) *
                               fronts +
                           static_cast<std::int64_t>(stream.front);
  if (const auto found = traces_.find(key); found != traces_.end()) return found->second;
  constexpr std::int64_t kMostTraceBytes = std::int64_t{1} << 28;
  if (trace_bytes_ > kMostTraceBytes) {
    traces_.clear();
    trace_bytes_ = 0;
  }
  const StreamTrace& fresh = traces_.emplace(key, make_trace(query, stream, {})).first->second;
  trace_bytes_ += fresh.bytes();
  return fresh;
}

Strikes::Pixel Strikes::pixel(const Stream& stream, std::int64_t number) const {
  const std::int64_t width = layer(stream).out.width;
  return {number, range(stream).row_begin + number / width, number % width};
}

std::int16_t Strikes::operand(const Query& query, const Stream& stream, std::int64_t pixel_number,
                              std::int64_t index) const {
  const std::size_t place = program_.layouts().input_place(stream.layer);
  const schedule::Block& own = block(stream);
  const std::int64_t value =
      corners(stream)[at(pixel_number)] +
      value_offset(layer(stream), program_.layouts()[place], own.group, own.k_begin + index);
  return query.batch.maps[place][at(value) * kLanes + query.batch.lane];
}

std::uint32_t Strikes::product(const Query& query, const Stream& stream, std::int64_t pixel_number,
                               std::int64_t index, std::int64_t channel) const {
  const std::int16_t value = operand(query, stream, pixel_number, index);
  if (value == 0) return 0;
  const schedule::Block& own = block(stream);
  return static_cast<std::uint32_t>(
      value * layer(stream).operand(own.group * layer(stream).n() + own.n_begin + channel,
                                    own.k_begin + index));
}

// Entry e of a post step, as in MemoryWalk.
std::int64_t Strikes::post_time(const Query& query, StepId post, std::int64_t entry) const {
  const schedule::Step& own = step(post);
  const schedule::PixelRange& rows = schedule_.ranges[at(own.range)];
  const std::int64_t entries = rows.row_count * network_.layers[at(own.layer)].out.width;
  const std::int64_t each =
      spec_.post.lanes
          ? base::ceil_div(schedule_.blocks[at(own.block)].n_count, *spec_.post.lanes) *
                (own.residual >= 0 ? 2 : 1)
          : 0;
  return end(query, post) - (entries - 1 - entry) * each;
}

// When the step that begins a stay writes the value.
std::int64_t Strikes::write_time(const Query& query, const schedule::ValueStay& held) const {
  const schedule::Step& own = step(held.stay.from);
  const network::Layer& of = network_.layers[at(own.layer)];
  if (own.kind == StepKind::kLoadActivations) return end(query, held.stay.from);
  const std::int64_t image_row = held.value.image * of.out.height;
  if (own.kind == StepKind::kPost) {
    const std::int32_t pool = schedule_.layers[at(own.layer)].fused_pool;
    std::int64_t y = held.value.y;
    std::int64_t x = held.value.x;
    if (pool >= 0) {  // with the last pixel of its window
      const network::Window& window = network_.layers[at(pool)].window;
      y = y * window.kernel_h + window.kernel_h - 1;
      x = x * window.kernel_w + window.kernel_w - 1;
    }
    const std::int64_t entry =
        (image_row + y - schedule_.ranges[at(own.range)].row_begin) * of.out.width + x;
    return post_time(query, held.stay.from, entry);
  }
  if (!spec_.post.lanes) return end(query, held.stay.from);
  // Pooling, functions and resizing: pixel by pixel, in it tile by tile.
  const schedule::Region& out = schedule_.regions[at(own.output)];
  const std::int64_t cols = spec_.array.cols;
  const std::int64_t positions = of.entries_a_pixel(network_.is_broadcast(of));
  const auto cost = [&](std::int64_t channels) {
    return channels / cols * base::ceil_div(cols, *spec_.post.lanes) +
           base::ceil_div(channels % cols, *spec_.post.lanes);
  };
  const std::int64_t whole = cost(of.out.channels) * positions;
  const std::int64_t pixels = out.image_count * out.row_count * of.out.width;
  const std::int64_t pixel =
      ((held.value.image - out.image_begin) * out.row_count + held.value.y - out.row_begin) *
          of.out.width +
      held.value.x;
  const std::int64_t channel = held.value.channel - of.output_channel;
  const std::int64_t through = std::min(of.out.channels, (channel / cols + 1) * cols);
  return end(query, held.stay.from) - (pixels - pixel) * whole + cost(through) * positions;
}

void Strikes::add_sum(Query& query, const Stream& stream, const Pixel& where, std::int64_t channel,
                      std::uint32_t delta) const {
  if (delta == 0) return;
  const TileJob& job = program(stream).jobs[stream.job];
  query.effects.sums.push_back(
      {stream.layer, where.row, where.x, job.first_channel + channel, delta});
}

void Strikes::note_read(Query& query, const Stream& stream, std::int64_t row) const {
  const StruckRead own{stream.layer, row / layer(stream).out.height};
  std::vector<StruckRead>& reads = query.effects.reads;
  if (std::find(reads.begin(), reads.end(), own) == reads.end()) reads.push_back(own);
}

int Strikes::wrong_by(const network::Layer& of, std::int64_t channel, std::int64_t k,
                      std::uint32_t mask) const {
  const int bits = spec_.precision.weight_bits;
  const std::int16_t trained = of.operand(channel, k);
  const std::uint8_t pattern =
      of.weight_code.pattern(trained, channel, bits, spec_.weight_sram.encoding);
  return of.weight_code.operand(static_cast<std::uint8_t>(pattern ^ mask), channel, bits,
                                spec_.weight_sram.encoding) -
         trained;
}

// Lanes are those of the memories' overlays in MemoryWalk.
std::optional<std::vector<Strikes::Struck>> Strikes::lanes_of(const fault::FaultPlan& plan) const {
  const fault::Fault& first = plan.faults.front();
  std::int64_t banks = 1;
  std::int64_t bits = kStruckSumBits;
  std::int64_t lanes = 1;  // of a word
  switch (first.memory) {
    case MemoryId::kWeightSram:
      banks = spec_.weight_sram.banks;
      bits = spec_.precision.weight_bits;
      lanes = spec_.weights_per_word();
      break;
    case MemoryId::kActivationSram:
      banks = spec_.activation_sram.banks;
      bits = spec_.precision.activation_bits;
      lanes = spec_.activations_per_word();
      break;
    case MemoryId::kActivationBitmap:
      banks = spec_.activation_sram.banks;
      bits = 1;
      lanes = spec_.bitmap_word_bits();
      break;
    case MemoryId::kAccumulatorSram:
      banks = spec_.array.cols;
      break;
    case MemoryId::kPeWeights:
      bits = spec_.precision.weight_bits;
      banks = std::int64_t{spec_.array.rows} * spec_.array.cols;
      break;
    case MemoryId::kPeAccumulators:
      banks = std::int64_t{spec_.array.rows} * spec_.array.cols;
      break;
    case MemoryId::kPsumFifos:
      banks = std::int64_t{spec_.array.rows - 1} * spec_.array.cols;
      break;
    case MemoryId::kLookupTables:
      return std::nullopt;
  }
  std::vector<Struck> list;
  for (std::size_t f = 0; f < plan.faults.size(); ++f) {
    const fault::Fault& fault = plan.faults[f];
    if (fault.memory != first.memory || !fault.is_upset() || fault.cycle == memory::kNoCycle ||
        fault.cycle != first.cycle) {
      return std::nullopt;
    }
    const memory::CellPosition& cell = fault.cell;
    if (cell.bank >= banks || cell.bit / bits >= lanes) continue;  // which nothing reads
    const std::int64_t lane = (cell.row * banks + cell.bank) * lanes + cell.bit / bits;
    const auto known =
        std::find_if(list.begin(), list.end(), [&](const Struck& own) { return own.lane == lane; });
    Struck& own = known != list.end() ? *known : list.emplace_back(Struck{cell, lane, 0, {}});
    const std::uint32_t bit = std::uint32_t{1} << (cell.bit % bits);
    if ((own.mask & bit) != 0) return std::nullopt;  // twice: each is read of its own
    own.mask |= bit;
    own.faults.push_back(f);
  }
  // What sums in registers hold depends on what strikes their other rows.
  const bool sums = first.memory == MemoryId::kAccumulatorSram ||
                    first.memory == MemoryId::kPeAccumulators ||
                    first.memory == MemoryId::kPsumFifos || first.memory == MemoryId::kPeWeights;
  if (sums && list.size() > 1) return std::nullopt;
  return list;
}

std::optional<StrikeEffects> Strikes::effects(const fault::FaultPlan& plan,
                                              const FaultFreeBatch& batch) {
  if (plan.faults.empty()) return std::nullopt;
  const std::optional<std::vector<Struck>> lanes = lanes_of(plan);
  if (!lanes) return std::nullopt;
  StrikeEffects found;
  found.outcomes.resize(plan.faults.size());
  const fault::Fault& first = plan.faults.front();
  Query query{batch, first.memory, first.cycle, found, {}};
  for (const Struck& struck : *lanes) {
    const std::optional<Reads> reads = strike(query, struck);
    if (!reads) return std::nullopt;
    for (const std::size_t f : struck.faults) {
      found.outcomes[f].reads_changed = reads->count;
      found.outcomes[f].overwritten = reads->overwritten;
    }
  }
  time_streams(query);
  std::stable_sort(found.sums.begin(), found.sums.end(),
                   [](const ValueChange& a, const ValueChange& b) { return a.layer < b.layer; });
  std::stable_sort(found.seconds.begin(), found.seconds.end(),
                   [](const ValueChange& a, const ValueChange& b) { return a.layer < b.layer; });
  return found;
}

std::optional<Strikes::Reads> Strikes::strike(Query& query, const Struck& struck) {
  switch (query.memory) {
    case MemoryId::kWeightSram:
      return strike_weight(query, struck);
    case MemoryId::kActivationSram:
    case MemoryId::kActivationBitmap:
      return strike_value(query, struck);
    case MemoryId::kAccumulatorSram:
      return strike_accumulator(query, struck);
    case MemoryId::kPeWeights:
      return strike_pe_weight(query, struck);
    case MemoryId::kPeAccumulators:
      return strike_pe_sum(query, struck);
    case MemoryId::kPsumFifos:
      return strike_fifo(query, struck);
    case MemoryId::kLookupTables:
      break;
  }
  return std::nullopt;
}

Strikes::Reads Strikes::strike_weight(Query& query, const Struck& struck) {
  const int bits = spec_.precision.weight_bits;
  memory::CellPosition first = struck.cell;
  first.bit -= first.bit % bits;
  const std::vector<schedule::CellStay> list = weights_.stays(first);
  const auto written = [&](const schedule::CellStay& held) {
    return held.stay.from == schedule::kSetup ? kBeforeAll : end(query, held.stay.from);
  };
  const schedule::CellStay* held = nullptr;
  bool later = false;
  for (const schedule::CellStay& own : list) {
    if (written(own) < query.cycle) {
      held = &own;
    } else {
      later = true;
    }
  }
  Reads reads;
  if (held != nullptr) {
    const network::Layer& of = network_.layers[at(held->weight.layer)];
    const std::int64_t k =
        (held->weight.ky * of.window.kernel_w + held->weight.kx) * of.group_in() + held->weight.in;
    const std::int64_t channel = held->weight.out;
    const int delta = wrong_by(of, channel, k, struck.mask);
    for (const StepId id : held->stay.reads) {
      const schedule::Block& own = schedule_.blocks[at(step(id).block)];
      if (start(query, id) + 1 + k - own.k_begin < query.cycle) continue;
      ++reads.count;
      // What is loaded for all images is read on behalf of all.
      for (std::int64_t image = 0; image < schedule_.batch; ++image) {
        const StruckRead note{at(held->weight.layer), image};
        std::vector<StruckRead>& notes = query.effects.reads;
        if (std::find(notes.begin(), notes.end(), note) == notes.end()) notes.push_back(note);
      }
      if (delta == 0) continue;
      const WrongWeight wrong{k - own.k_begin, channel - own.group * of.n() - own.n_begin, delta};
      for (const std::size_t stream : loads_[step(id).set][number_of_step_[at(id)]].streams) {
        weigh_wrong(query, streams_[stream], wrong, [](std::int64_t /*pixel*/) { return true; });
      }
    }
  }
  reads.overwritten = reads.count == 0 && later;
  return reads;
}

const std::vector<schedule::ValueStay>& Strikes::stays(const memory::CellPosition& cell,
                                                       std::int64_t lane, bool bitmap) {
  auto& slots = stays_[bitmap ? 1 : 0];
  static const std::vector<schedule::ValueStay> kNone;
  if (lane >= static_cast<std::int64_t>(slots.size())) return kNone;
  std::optional<std::vector<schedule::ValueStay>>& own = slots[at(lane)];
  if (!own) {
    memory::CellPosition first = cell;
    if (!bitmap) first.bit -= first.bit % spec_.precision.activation_bits;
    own = (bitmap ? bitmap_ : values_).stays(first);
  }
  return *own;
}

std::optional<Strikes::Reads> Strikes::strike_value(Query& query, const Struck& struck) {
  const bool bitmap = query.memory == MemoryId::kActivationBitmap;
  const schedule::ValueStay* held = nullptr;
  bool later = false;
  for (const schedule::ValueStay& own : stays(struck.cell, struck.lane, bitmap)) {
    if (write_time(query, own) < query.cycle) {
      held = &own;
    } else {
      later = true;
    }
  }
  Reads reads;
  if (held != nullptr) {
    for (const StepId id : held->stay.reads) {
      if (end(query, id) < query.cycle) continue;
      if (step(id).kind == StepKind::kStream) {
        strike_stream(query, streams_[number_of_step_[at(id)]], *held, struck, reads);
      } else if (step(id).kind == StepKind::kPost) {
        strike_second(query, id, *held, struck, reads);
      } else {
        return std::nullopt;
      }
    }
  }
  reads.overwritten = reads.count == 0 && later;
  return reads;
}

// The pixels whose windows have the value, each with the place of the value in its window.
void Strikes::strike_stream(Query& query, const Stream& stream, const schedule::ValueStay& held,
                            const Struck& struck, Reads& reads) {
  const bool bitmap = query.memory == MemoryId::kActivationBitmap;
  const schedule::MapValue& value = held.value;
  const network::Layer& of = layer(stream);
  const network::Window& window = of.window;
  const schedule::Block& own = block(stream);
  const schedule::PixelRange& rows = range(stream);
  const tensor::Code& code = network_.map(value.map).code;
  const int bits = spec_.precision.activation_bits;
  // The map itself, not a copy of it with zeros between.
  const std::int16_t stored =
      query.batch.maps[at(value.map)]
                      [at(program_.layouts()[at(value.map)].index(value.image, value.y, value.x) +
                          value.channel) *
                           kLanes +
                       query.batch.lane];
  if (!bitmap && skips_ && stored == 0) return;  // nobody asks for it
  const std::int16_t delta =
      bitmap ? static_cast<std::int16_t>(-stored)
             : static_cast<std::int16_t>(
                   code.operand(static_cast<std::uint8_t>(code.pattern(stored, bits) ^ struck.mask),
                                bits) -
                   stored);
  const std::int64_t begin = start(query, stream.step);
  // Where the strike lies within the stream, rows have reads before it and after.
  const bool within = begin < query.cycle;
  const StreamTrace* times = within ? &trace(query, stream) : nullptr;
  const int sign = stored != 0 ? -1 : 1;
  for (std::int64_t ky = 0; ky < window.kernel_h; ++ky) {
    const std::int64_t y = value.y * window.insert_h + window.pad_top - ky * window.dilation_h;
    if (y < 0 || y % window.stride_h != 0 || y / window.stride_h >= of.out.height) continue;
    const std::int64_t row = value.image * of.out.height + y / window.stride_h;
    if (row < rows.row_begin || row >= rows.row_begin + rows.row_count) continue;
    for (std::int64_t kx = 0; kx < window.kernel_w; ++kx) {
      const std::int64_t x = value.x * window.insert_w + window.pad_left - kx * window.dilation_w;
      if (x < 0 || x % window.stride_w != 0 || x / window.stride_w >= of.out.width) continue;
      const std::int64_t k =
          (ky * window.kernel_w + kx) * of.group_in() + value.channel - own.group * of.group_in();
      if (k < own.k_begin || k >= own.k_begin + own.k_count) continue;
      const std::int64_t number = (row - rows.row_begin) * of.out.width + x / window.stride_w;
      const int array_row = schedule::place_index(own, k - own.k_begin, spec_).row;
      if (within && begin + times->start(number, array_row) < query.cycle) continue;
      ++reads.count;
      note_read(query, stream, row);
      if (bitmap) {
        query.issues[number_of_step_[at(stream.step)]].push_back({number, array_row, sign});
      }
      if (delta == 0) continue;
      for (std::int64_t n = 0; n < own.n_count; ++n) {
        const int weight = of.operand(own.group * of.n() + own.n_begin + n, k);
        add_sum(query, stream, {number, row, x / window.stride_w}, n,
                static_cast<std::uint32_t>(weight * delta));
      }
    }
  }
}

// The post unit reads the value once, with its pixel.
void Strikes::strike_second(Query& query, StepId post, const schedule::ValueStay& held,
                            const Struck& struck, Reads& reads) {
  const schedule::Step& own = step(post);
  const network::Layer& of = network_.layers[at(own.layer)];
  const schedule::MapValue& value = held.value;
  const std::int64_t row = value.image * of.out.height + value.y;
  const std::int64_t entry =
      (row - schedule_.ranges[at(own.range)].row_begin) * of.out.width + value.x;
  if (post_time(query, post, entry) < query.cycle) return;
  const network::Map& map = network_.map(value.map);
  const std::size_t place =
      at(program_.layouts()[at(value.map)].index(value.image, value.y, value.x) +
         value.channel * (map.sums ? 2 : 1));
  const std::int16_t* stored = query.batch.maps[at(value.map)].data() + query.batch.lane;
  std::uint32_t delta = 0;
  if (map.sums) {
    if (held.bit < kStruckSumBits) {
      delta = flips_of(static_cast<std::uint32_t>(
                           whole_sum(stored[place * kLanes], stored[(place + 1) * kLanes])),
                       struck.mask << held.bit);
    }
  } else {
    const int bits = spec_.precision.activation_bits;
    const std::int16_t operand = stored[place * kLanes];
    delta = static_cast<std::uint32_t>(
        map.code.operand(static_cast<std::uint8_t>(map.code.pattern(operand, bits) ^ struck.mask),
                         bits) -
        operand);
  }
  ++reads.count;
  query.effects.reads.push_back({at(own.layer), value.image});
  if (delta != 0) {
    query.effects.seconds.push_back({at(own.layer), row, value.x, value.channel, delta});
  }
}

void Strikes::time_streams(Query& query) {
  // Tiles that see the same have the same time.
  const Stream* last = nullptr;
  const std::vector<IssueChange>* seen = nullptr;
  std::int64_t commit = 0;
  for (auto& [number, changes] : query.issues) {
    const Stream& stream = streams_[number];
    const LayerProgram& own = program(stream);
    if (!own.data_dependent[own.fronts[stream.front].pass]) continue;
    std::sort(changes.begin(), changes.end(), [](const IssueChange& a, const IssueChange& b) {
      return std::tie(a.pixel, a.row, a.more) < std::tie(b.pixel, b.row, b.more);
    });
    const auto same = [](const IssueChange& a, const IssueChange& b) {
      return a.pixel == b.pixel && a.row == b.row && a.more == b.more;
    };
    const bool known = last != nullptr && last->layer == stream.layer &&
                       last->front == stream.front &&
                       std::equal(changes.begin(), changes.end(), seen->begin(), seen->end(), same);
    if (!known) commit = make_trace(query, stream, changes).last_commit();
    last = &stream;
    seen = &changes;
    query.effects.streams.push_back({number, commit + stream.drain});
  }
}

}  // namespace lacuna::fast
