#include "reference/naive_batch.hpp"

#include <algorithm>

#include "tensor/encoding.hpp"

namespace lacuna::reference {
namespace {

using memory::MemoryId;
using schedule::Resource;
using schedule::Step;
using schedule::StepKind;

std::size_t at(std::int64_t index) { return static_cast<std::size_t>(index); }
std::int64_t ceil_of(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

std::int64_t lane_bits(MemoryId id, const arch::AcceleratorSpec& spec) {
  switch (id) {
    case MemoryId::kWeightSram:
    case MemoryId::kPeWeights:
      return spec.precision.weight_bits;
    case MemoryId::kActivationSram:
    case MemoryId::kLookupTables:
      return spec.precision.activation_bits;
    case MemoryId::kActivationBitmap:
      return 1;
    default:
      return 32;
  }
}

int zero_point(const network::Layer& layer, std::int64_t channel) {
  return layer.weight_code.zero_points.empty() ? 0 : layer.weight_code.zero_points[at(channel)];
}

}  // namespace

NaiveBatch::NaiveBatch(const NaiveMachine& machine, const schedule::Schedule& schedule,
                       const std::vector<std::vector<std::uint8_t>>& images,
                       const BatchNumber& batch)
    : first_step_(batch.first_step),
      network_(machine.network),
      spec_(machine.spec),
      schedule_(schedule) {
  for (const memory::MemoryKind& kind : memory::kMemories) {
    if (!machine.memories.has(kind.id)) continue;
    memories_[memory::index_of(kind.id)] = std::make_unique<NaiveMemory>(
        machine.memories[kind.id], lane_bits(kind.id, spec_), machine.plan, batch);
  }
  macs_.resize(network_.layers.size());
  written_.resize(network_.maps.size(), 0);
  nonzeros_.resize(network_.maps.size(), 0);
  for (const network::Map& map : network_.maps) {
    dram_.emplace_back(images.size(), Map(at(map.shape.values())));
  }
  for (std::size_t i = 0; i < images.size(); ++i) {
    for (std::size_t v = 0; v < images[i].size(); ++v) {
      const tensor::Code& code = network_.maps[0].code;
      const int number = images[i][v] - (code.is_signed() && images[i][v] >= 128 ? 256 : 0);
      dram_[0][i][v] = pattern_of(0, number - code.zero_point);
      ++written_[0];
      if (number != code.zero_point) ++nonzeros_[0];
    }
  }
  for (const network::Layer& layer : network_.layers) {
    sums_.emplace_back(images.size(),
                       std::vector<std::int32_t>(layer.is_gemm() ? at(layer.out.values()) : 0));
  }
}

const network::Layer& NaiveBatch::layer_of(const Step& step) const {
  return network_.layers[at(step.layer)];
}

void NaiveBatch::set_up() {
  for (const Step& step : schedule_.setup) write_weights(step, {});
  std::int64_t entry = 0;
  for (const network::Layer& layer : network_.layers) {
    for (const auto& table : layer.tables) {
      for (const int operand : table) {
        memory(MemoryId::kLookupTables).write(entry++, pattern_of(layer.output, operand), {});
      }
    }
  }
}

void NaiveBatch::run(std::vector<measure::FaultOutcome>& outcomes) {
  set_up();
  for (std::size_t id = 0; id < schedule_.steps.size(); ++id) {
    const Step& step = schedule_.steps[id];
    StepTime time = start_of(step);
    StepTime& before = last_[at(static_cast<int>(schedule::resource_of(step.kind)))];
    Moment now;
    now.step = first_step_ + static_cast<std::int64_t>(id);
    switch (schedule::resource_of(step.kind)) {
      case Resource::kDma:
        time.end = std::max(time.start + spec_.dram.latency_cycles, before.end) + dma_cycles(step);
        now.cycle = time.end;
        if (step.kind == StepKind::kLoadWeights) {
          write_weights(step, now);
        } else if (step.kind == StepKind::kLoadActivations) {
          load_activations(step, now);
        } else {
          store_activations(step, now);
        }
        break;
      case Resource::kLoader:
        now.cycle = time.start;
        time.end = time.start + load_pe(step, now);
        break;
      case Resource::kArray:
        now.cycle = time.start;
        time.end = time.start + stream(step, now);
        break;
      case Resource::kPost: {
        const std::int64_t first =
            spec_.post.lanes ? std::max(time.start + spec_.post.latency_cycles, before.end)
                             : time.start;
        now.cycle = first;
        time.end = step.kind == StepKind::kPost   ? post(step, now, first)
                   : step.kind == StepKind::kPool ? pool(step, now, first)
                                                  : transform(step, now, first);
        break;
      }
    }
    before = time;
    times_.push_back(time);
  }
  for (const auto& own : memories_) {
    if (own) own->judge(outcomes);
  }
}

NaiveBatch::StepTime NaiveBatch::start_of(const Step& step) const {
  StepTime time;
  for (const schedule::StepId wait : step.waits) {
    if (wait >= 0) time.start = std::max(time.start, times_[at(wait)].end);
  }
  if (step.after_start >= 0) {
    time.start = std::max(time.start, times_[at(step.after_start)].start);
  }
  const Resource resource = schedule::resource_of(step.kind);
  const StepTime& before = last_[at(static_cast<int>(resource))];
  const bool whole = resource == Resource::kLoader || resource == Resource::kArray;
  time.start = std::max(time.start, whole ? before.end : before.start);
  return time;
}

// DMA

std::int64_t NaiveBatch::dma_cycles(const Step& step) const {
  if (!spec_.dram.bytes_per_cycle) return 0;
  std::int64_t bits = 0;
  if (step.kind == StepKind::kLoadWeights) {
    const schedule::Block& block = schedule_.blocks[at(step.block)];
    bits = block.k_count * block.n_count * spec_.precision.weight_bits;
  } else {
    const schedule::MapRows& rows = step.rows;
    const network::Map& map = network_.maps[at(rows.map)];
    bits = rows.image_count * rows.row_count * map.shape.width * rows.channel_count *
           (map.sums ? 32 : spec_.precision.activation_bits);
  }
  // Cycle by cycle, in parts of a byte.
  std::int64_t cycles = 0;
  for (std::int64_t left = ceil_of(bits, 8) * spec_.dram.bytes_per_cycle->under(); left > 0;
       left -= spec_.dram.bytes_per_cycle->over()) {
    ++cycles;
  }
  return cycles;
}

void NaiveBatch::write_weights(const Step& step, const Moment& now) {
  const schedule::Block& block = schedule_.blocks[at(step.block)];
  const network::Layer& layer = network_.layers[at(block.layer)];
  const int bits = spec_.precision.weight_bits;
  const std::int64_t per_word = spec_.weight_sram.word_bits / bits;
  for (std::int64_t k = 0; k < block.k_count; ++k) {
    for (std::int64_t n = 0; n < block.n_count; ++n) {
      const std::int64_t channel = block.group * layer.n() + block.n_begin + n;
      const int code = layer.operand(channel, block.k_begin + k) + zero_point(layer, channel);
      const std::uint32_t pattern = layer.weight_code.is_signed
                                        ? tensor::encode(code, bits, spec_.weight_sram.encoding)
                                        : static_cast<std::uint32_t>(code);
      const std::int64_t word = step.address + k * ceil_of(block.n_count, per_word) + n / per_word;
      memory(MemoryId::kWeightSram).write(word * per_word + n % per_word, pattern, now);
    }
  }
}

std::uint32_t& NaiveBatch::in_dram(std::int32_t map, const Place& place) {
  const network::MapShape& shape = network_.maps[at(map)].shape;
  return dram_[at(map)][at(place.image)].at(
      at((place.y * shape.width + place.x) * shape.channels + place.channel));
}

namespace {

template <class Visit>
void for_values(const schedule::MapRows& rows, std::int64_t width, Visit visit) {
  for (std::int64_t image = rows.image_begin; image < rows.image_begin + rows.image_count;
       ++image) {
    for (std::int64_t y = rows.row_begin; y < rows.row_begin + rows.row_count; ++y) {
      for (std::int64_t x = 0; x < width; ++x) {
        for (std::int64_t c = rows.channel_begin; c < rows.channel_begin + rows.channel_count;
             ++c) {
          visit(image, y, x, c);
        }
      }
    }
  }
}

}  // namespace

void NaiveBatch::load_activations(const Step& step, const Moment& now) {
  const schedule::Region& region = schedule_.regions[at(step.output)];
  const std::int64_t width = network_.maps[at(step.rows.map)].shape.width;
  for_values(step.rows, width, [&](auto image, auto y, auto x, auto c) {
    const Place place{image, y, x, c};
    write_pattern(region, place, in_dram(region.map, place), now);
  });
}

void NaiveBatch::store_activations(const Step& step, const Moment& now) {
  const schedule::Region& region = schedule_.regions[at(step.input)];
  const std::int64_t width = network_.maps[at(step.rows.map)].shape.width;
  Moment own = now;
  for_values(step.rows, width, [&](auto image, auto y, auto x, auto c) {
    const Place place{image, y, x, c};
    in_dram(region.map, place) = read_pattern(region, place, own);
    ++own.index;
  });
}

// Values in the activation SRAM

std::uint32_t NaiveBatch::pattern_of(std::int32_t map, int operand) const {
  const int number = operand + network_.maps[at(map)].code.zero_point;
  return static_cast<std::uint32_t>(number) & ((1U << spec_.precision.activation_bits) - 1);
}

int NaiveBatch::operand_of(std::int32_t map, std::uint32_t pattern) const {
  const tensor::Code& code = network_.maps[at(map)].code;
  const int size = 1 << spec_.precision.activation_bits;
  const auto number = static_cast<int>(pattern);
  return number - (code.is_signed() && number >= size / 2 ? size : 0) - code.zero_point;
}

std::int64_t NaiveBatch::slot(const schedule::Region& region, const Place& place) const {
  const network::Map& map = network_.maps[at(region.map)];
  const std::int64_t slots = map.sums ? ceil_of(32, spec_.precision.activation_bits) : 1;
  const std::int64_t row =
      (place.image - region.image_begin) * region.row_count + place.y - region.row_begin;
  return region.base + ((row * map.shape.width + place.x) * region.channel_count + place.channel -
                        region.channel_begin) *
                           slots;
}

std::uint32_t NaiveBatch::read_pattern(const schedule::Region& region, const Place& place,
                                       const Moment& now) {
  const std::int64_t first = slot(region, place);
  NaiveMemory& sram = memory(MemoryId::kActivationSram);
  if (!network_.maps[at(region.map)].sums) return sram.read(first, now);
  std::uint32_t sum = 0;
  const int bits = spec_.precision.activation_bits;
  for (int i = 0; i * bits < 32; ++i) sum |= sram.read(first + i, now) << (i * bits);
  return sum;
}

int NaiveBatch::read_value(const schedule::Region& region, const Place& place, const Moment& now) {
  const std::uint32_t pattern = read_pattern(region, place, now);
  if (network_.maps[at(region.map)].sums) return static_cast<std::int32_t>(pattern);
  return operand_of(region.map, pattern);
}

void NaiveBatch::write_pattern(const schedule::Region& region, const Place& place,
                               std::uint32_t pattern, const Moment& now) {
  const std::int64_t first = slot(region, place);
  NaiveMemory& sram = memory(MemoryId::kActivationSram);
  const bool bitmap = has(MemoryId::kActivationBitmap);
  if (!network_.maps[at(region.map)].sums) {
    sram.write(first, pattern, now);
    if (bitmap) {
      const bool is_zero = operand_of(region.map, pattern) == 0;
      memory(MemoryId::kActivationBitmap).write(first, is_zero ? 0 : 1, now);
    }
    return;
  }
  const int bits = spec_.precision.activation_bits;
  for (int i = 0; i * bits < 32; ++i) {
    sram.write(first + i, (pattern >> (i * bits)) & ((1U << bits) - 1), now);
    if (bitmap) memory(MemoryId::kActivationBitmap).write(first + i, 0, now);
  }
}

void NaiveBatch::write_value(const schedule::Region& region, const Place& place, int value,
                             const Moment& now) {
  const bool is_sum = network_.maps[at(region.map)].sums;
  ++written_[at(region.map)];
  if (value != 0) ++nonzeros_[at(region.map)];
  write_pattern(region, place,
                is_sum ? static_cast<std::uint32_t>(value) : pattern_of(region.map, value), now);
}

// Loader and array

std::int64_t NaiveBatch::pe_bank(std::int64_t row, std::int64_t column) const {
  return row * spec_.array.cols + column;
}

std::int64_t NaiveBatch::pe_weight(std::int64_t row, std::int64_t column, std::int64_t set,
                                   std::int64_t slot) const {
  const std::int64_t banks = std::int64_t{spec_.array.rows} * spec_.array.cols;
  return (set * spec_.array.weights_per_pe + slot) * banks + pe_bank(row, column);
}

// The pass's indices in each row's slots.
std::vector<std::vector<std::int64_t>> NaiveBatch::indices_of_rows(
    const schedule::Block& block) const {
  const std::int64_t used = std::min<std::int64_t>(spec_.array.rows, block.k_count);
  std::vector<std::vector<std::int64_t>> rows(at(used));
  std::int64_t v = 0;
  if (spec_.array.k_order == arch::KOrder::kInterleaved) {
    for (; v < block.k_count; ++v) rows[at(v % used)].push_back(v);
  }
  for (std::int64_t r = 0; v < block.k_count; ++r) {
    const std::int64_t share = block.k_count / used + (r < block.k_count % used ? 1 : 0);
    for (std::int64_t i = 0; i < share; ++i) rows[at(r)].push_back(v++);
  }
  if (spec_.array.whole_folds) rows.resize(at(spec_.array.rows));
  return rows;
}

std::int64_t NaiveBatch::load_pe(const Step& step, Moment now) {
  const schedule::Block& block = schedule_.blocks[at(step.block)];
  const std::int64_t start = now.cycle;
  const std::int64_t per_word = spec_.weight_sram.word_bits / spec_.precision.weight_bits;
  const auto rows = indices_of_rows(block);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t i = 0; i < rows[r].size(); ++i) {
      const std::int64_t v = rows[r][i];
      now.cycle = start + 1 + v;
      now.index = v;
      for (std::int64_t n = 0; n < block.n_count; ++n) {
        const std::int64_t word =
            step.address + v * ceil_of(block.n_count, per_word) + n / per_word;
        const std::uint32_t pattern =
            memory(MemoryId::kWeightSram).read(word * per_word + n % per_word, now);
        memory(MemoryId::kPeWeights)
            .write(
                pe_weight(static_cast<std::int64_t>(r), n, step.set, static_cast<std::int64_t>(i)),
                pattern, now);
      }
    }
  }
  return spec_.array.whole_folds ? std::int64_t{spec_.array.rows} * spec_.array.weights_per_pe
                                 : block.k_count;
}

struct NaiveBatch::Stream {
  const Step& step;
  const schedule::Block& block;
  const network::Layer& layer;
  const schedule::Region& input;
  std::vector<std::vector<std::int64_t>> indices;  ///< [row]
  std::int64_t image = 0;                          ///< of the pixel
  std::int64_t y = 0;
  std::int64_t x = 0;
};

// What a row's feeder hands to the array for a pixel.
std::vector<NaiveBatch::Token> NaiveBatch::feed(const Stream& s, std::int64_t row,
                                                const Moment& now) {
  struct Operand {
    Token token;
    bool inside = false;
    bool bit = true;
    Place place;
  };
  const bool skip = spec_.zero_skipping == arch::ZeroSkipping::kSkip;
  const network::Window& w = s.layer.window;
  std::vector<Operand> operands;
  for (const std::int64_t v : s.indices[at(row)]) {
    Operand own;
    own.token.v = v;
    own.token.slot = static_cast<std::int64_t>(operands.size());
    const std::int64_t k = s.block.k_begin + v;
    const std::int64_t position = k / s.layer.group_in();
    const std::int64_t up = s.y * w.stride_h - w.pad_top + position / w.kernel_w * w.dilation_h;
    const std::int64_t left = s.x * w.stride_w - w.pad_left + position % w.kernel_w * w.dilation_w;
    own.place = {s.image, up / w.insert_h, left / w.insert_w,
                 s.block.group * s.layer.group_in() + k % s.layer.group_in()};
    own.inside = up >= 0 && left >= 0 && up % w.insert_h == 0 && left % w.insert_w == 0 &&
                 own.place.y < s.layer.in.height && own.place.x < s.layer.in.width;
    operands.push_back(own);
  }
  Moment moment = now;
  if (skip) {
    for (Operand& own : operands) {
      moment.index = own.token.v;
      own.bit = own.inside &&
                memory(MemoryId::kActivationBitmap).read(slot(s.input, own.place), moment) != 0;
    }
  }
  std::vector<Token> tokens;
  for (Operand& own : operands) {
    if (skip && !own.bit) continue;
    moment.index = own.token.v;
    if (own.inside) own.token.operand = read_value(s.input, own.place, moment);
    own.token.turn = static_cast<std::int64_t>(tokens.size());
    tokens.push_back(own.token);
  }
  return tokens;
}

void NaiveBatch::multiply(const Stream& s, std::int64_t row, const std::vector<Token>& tokens,
                          Moment now) {
  const std::int64_t start = now.cycle;
  const int bits = spec_.precision.weight_bits;
  for (std::int64_t c = 0; c < s.block.n_count; ++c) {
    const std::int64_t lane = now.pixel % spec_.array.local_accumulators *
                                  (std::int64_t{spec_.array.rows} * spec_.array.cols) +
                              pe_bank(row, c);
    NaiveMemory& accumulators = memory(MemoryId::kPeAccumulators);
    const std::int64_t channel = s.block.group * s.layer.n() + s.block.n_begin + c;
    now.cycle = start + c;
    accumulators.write(lane, 0, now);
    measure::MacCounts& macs = macs_[at(s.step.layer)];
    macs.total += static_cast<std::int64_t>(s.indices[at(row)].size());
    macs.skipped += static_cast<std::int64_t>(s.indices[at(row)].size() - tokens.size());
    for (const Token& token : tokens) {
      if (spec_.zero_skipping == arch::ZeroSkipping::kGate && token.operand == 0) {
        ++macs.gated;
        continue;
      }
      ++macs.issued;
      now.cycle = start + c;
      now.index = token.slot;
      const std::uint32_t pattern =
          memory(MemoryId::kPeWeights).read(pe_weight(row, c, s.step.set, token.slot), now);
      const int code =
          s.layer.weight_code.is_signed
              ? tensor::decode(static_cast<std::uint8_t>(pattern), bits, spec_.weight_sram.encoding)
              : static_cast<int>(pattern);
      const int product = token.operand * (code - zero_point(s.layer, channel));
      now.cycle = start + 1 + token.turn + c;
      now.index = token.v;
      const std::uint32_t sum = accumulators.read(lane, now);
      accumulators.write(lane, sum + static_cast<std::uint32_t>(product), now);
    }
  }
}

void NaiveBatch::commit(const Stream& s, std::int64_t row, Moment now) {
  const std::int64_t time = now.cycle;
  const std::int64_t cols = spec_.array.cols;
  now.index = s.block.k_count;
  for (std::int64_t c = 0; c < s.block.n_count; ++c) {
    now.cycle = time + c;
    std::uint32_t sum =
        memory(MemoryId::kPeAccumulators)
            .read(now.pixel % spec_.array.local_accumulators * (spec_.array.rows * cols) +
                      pe_bank(row, c),
                  now);
    // Row 0 has no FIFO.
    const auto place = [&](std::int64_t r) {
      return now.pixel % spec_.array.psum_fifo_depth * ((spec_.array.rows - 1) * cols) +
             (r - 1) * cols + c;
    };
    if (row > 0) sum += memory(MemoryId::kPsumFifos).read(place(row), now);
    if (row + 1 < static_cast<std::int64_t>(s.indices.size())) {
      memory(MemoryId::kPsumFifos).write(place(row + 1), sum, now);
      continue;
    }
    NaiveMemory& accumulators = memory(MemoryId::kAccumulatorSram);
    const std::int64_t entry = (s.step.address + now.pixel) * cols + c;
    if (!s.step.first_pass) sum += accumulators.read(entry, now);
    accumulators.write(entry, sum, now);
  }
}

std::int64_t NaiveBatch::stream(const Step& step, const Moment& begin) {
  const schedule::Block& block = schedule_.blocks[at(step.block)];
  const schedule::PixelRange& range = schedule_.ranges[at(step.range)];
  const network::Layer& layer = layer_of(step);
  Stream s{step, block, layer, schedule_.regions[at(step.input)], indices_of_rows(block)};
  const auto rows = static_cast<std::int64_t>(s.indices.size());
  const bool skip = spec_.zero_skipping == arch::ZeroSkipping::kSkip;
  // b(r): pairs of a window position and D aligned channels.
  std::vector<std::int64_t> words(at(rows), 0);
  for (std::int64_t r = 0; skip && r < rows; ++r) {
    std::vector<std::pair<std::int64_t, std::int64_t>> seen;
    for (const std::int64_t v : s.indices[at(r)]) {
      const std::int64_t k = block.k_begin + v;
      const std::int64_t channel = block.group * layer.group_in() + k % layer.group_in();
      const std::pair word{k / layer.group_in(), channel / spec_.array.weights_per_pe};
      if (std::find(seen.begin(), seen.end(), word) == seen.end()) seen.push_back(word);
    }
    words[at(r)] = static_cast<std::int64_t>(seen.size());
  }
  std::vector<std::vector<std::int64_t>> done;
  std::vector<std::vector<std::int64_t>> committed;
  const std::int64_t pixels = range.row_count * layer.out.width;
  for (std::int64_t m = 0; m < pixels; ++m) {
    const std::int64_t out_row = range.row_begin + m / layer.out.width;
    s.image = out_row / layer.out.height;
    s.y = out_row % layer.out.height;
    s.x = m % layer.out.width;
    done.emplace_back(rows);
    committed.emplace_back(rows);
    for (std::int64_t r = 0; r < rows; ++r) {
      std::int64_t start = 0;
      if (m >= 1 && spec_.array.local_accumulators == 1) start = committed[at(m - 1)][at(r)];
      if (m >= 1 && spec_.array.local_accumulators == 2) start = done[at(m - 1)][at(r)];
      if (m >= 2) start = std::max(start, committed[at(m - 2)][at(r)]);
      Moment now{begin.step, begin.cycle + start, m, 0};
      const std::vector<Token> tokens = feed(s, r, now);
      multiply(s, r, tokens, now);
      const auto issued = static_cast<std::int64_t>(tokens.size());
      done[at(m)][at(r)] = start + std::max({std::int64_t{1}, issued, words[at(r)]});
      std::int64_t time = done[at(m)][at(r)];
      if (r >= 1) time = std::max(time, committed[at(m)][at(r - 1)] + 1);
      const std::int64_t depth = spec_.array.psum_fifo_depth;
      if (m >= depth && r + 1 < rows) {
        time = std::max(time, committed[at(m - depth)][at(r + 1)] + 1);
      }
      committed[at(m)][at(r)] = time;
      now.cycle = begin.cycle + time;
      commit(s, r, now);
    }
  }
  const std::int64_t columns = spec_.array.whole_folds ? spec_.array.cols : block.n_count;
  return committed.back().back() + columns - 1;
}

// Results

std::int64_t NaiveBatch::cycles() const {
  std::int64_t end = 0;
  for (const StepTime& time : times_) end = std::max(end, time.end);
  return end;
}

measure::LayerCounters NaiveBatch::counts(std::size_t layer) const {
  measure::LayerCounters counts;
  counts.macs = macs_[layer];
  const int input = network_.layers[layer].inputs[0];
  counts.input_values = written_[at(input)];
  counts.input_nonzeros = nonzeros_[at(input)];
  return counts;
}

std::vector<std::int32_t> NaiveBatch::sums(std::size_t layer) const {
  std::vector<std::int32_t> list;
  for (const auto& image : sums_[layer]) list.insert(list.end(), image.begin(), image.end());
  return list;
}

std::vector<std::int32_t> NaiveBatch::logits() const {
  std::vector<std::int32_t> list;
  for (std::size_t image = 0; image < dram_[0].size(); ++image) {
    for (const network::Output& output : network_.outputs) {
      if (output.layer >= 0) {
        const auto& sums = sums_[at(output.layer)][image];
        list.insert(list.end(), sums.begin(), sums.end());
        continue;
      }
      for (const std::uint32_t pattern : dram_[at(output.map)][image]) {
        list.push_back(operand_of(output.map, pattern));
      }
    }
  }
  return list;
}

}  // namespace lacuna::reference
