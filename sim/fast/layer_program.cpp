#include "fast/layer_program.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "fast/index.hpp"
#include "schedule/durations.hpp"

namespace lacuna::fast {
namespace {

using schedule::Step;
using schedule::StepKind;

class Compiler {
 public:
  Compiler(const schedule::Schedule& schedule, const network::Network& network,
           const arch::AcceleratorSpec& spec, const MapLayouts& maps, const WeightReads& reads,
           Look look)
      : schedule_(schedule),
        network_(network),
        spec_(spec),
        maps_(maps),
        reads_(reads),
        look_(look) {}

  std::vector<LayerProgram> compile() {
    layers_.resize(network_.layers.size());
    std::int32_t in_set[2] = {-1, -1};  // PE load that filled each register set
    std::size_t stream = 0;
    for (std::size_t id = 0; id < schedule_.steps.size(); ++id) {
      const Step& step = schedule_.steps[id];
      LayerProgram& layer = layers_[at(step.layer)];
      switch (step.kind) {
        case StepKind::kLoadWeights:
          layer.counters.weight_sram.writes += schedule_.blocks[at(step.block)].values();
          layer.counters.dram_read += bytes(step);
          break;
        case StepKind::kLoadActivations:
          layer.counters.activation_sram.writes += slots(step.rows);
          layer.counters.dram_read += bytes(step);
          break;
        case StepKind::kStoreActivations:
          layer.counters.activation_sram.reads += slots(step.rows);
          layer.counters.dram_written += bytes(step);
          break;
        case StepKind::kLoadPe:
          layer.counters.weight_sram.reads += schedule_.blocks[at(step.block)].values();
          in_set[step.set] = static_cast<std::int32_t>(id);
          break;
        case StepKind::kStream:
          add_stream(step, stream++, in_set[step.set]);
          break;
        case StepKind::kPost:
          add_job(step);
          break;
        case StepKind::kPool:
          count_pool(step);
          break;
        case StepKind::kTransform:
          count_transform(step);
          break;
      }
    }
    return std::move(layers_);
  }

 private:
  base::Bytes bytes(const Step& step) const {
    return schedule::transfer_bytes(step, schedule_, network_, spec_);
  }

  std::int64_t slots(const schedule::MapRows& rows) const {
    return rows.image_count * rows.row_count * network_.map(rows.map).shape.width *
           rows.channel_count * value_slots(rows.map);
  }
  std::int64_t value_slots(int map) const {
    return schedule::slots_per_value(network_.map(map), spec_);
  }

  const network::Layer& layer_of(const Step& step) const { return network_.layers[at(step.layer)]; }

  // Ranges of a layer are consecutive in the schedule.
  std::int32_t range_of(const Step& step) {
    LayerProgram& program = layers_[at(step.layer)];
    const auto [found, fresh] = range_index_.try_emplace(
        {step.layer, step.range}, static_cast<std::int32_t>(program.ranges.size()));
    if (fresh) {
      const network::Layer& layer = layer_of(step);
      const PaddedMap& map = maps_.of_input(at(step.layer));
      const schedule::PixelRange& range = schedule_.ranges[at(step.range)];
      program.ranges.push_back(range);
      program.pixels.push_back(range.row_count * layer.out.width);
      program.corners.push_back(look_ == Look::kNothing ? Corners()
                                                        : corners_of(layer, map, range));
    }
    return found->second;
  }

  static Corners corners_of(const network::Layer& layer, const PaddedMap& map,
                            const schedule::PixelRange& range) {
    Corners corners;
    for (std::int64_t row = range.row_begin; row < range.row_begin + range.row_count; ++row) {
      for (std::int64_t x = 0; x < layer.out.width; ++x) {
        corners.push_back(
            map.corner(layer.window, row / layer.out.height, row % layer.out.height, x));
      }
    }
    return corners;
  }

  std::int64_t offset(std::size_t index, std::int64_t group, std::int64_t k) const {
    const network::Layer& layer = network_.layers[index];
    return value_offset(layer, maps_.of_input(index), group, k);
  }

  static void extend(std::vector<Span>& spans, std::int64_t place) {
    if (!spans.empty() && spans.back().begin + spans.back().length == place &&
        spans.back().length < kMaxSpan) {
      ++spans.back().length;
    } else {
      spans.push_back({place, 1});
    }
  }

  std::size_t pass_of(const Step& step) {
    const schedule::Block& block = schedule_.blocks[at(step.block)];
    LayerProgram& program = layers_[at(step.layer)];
    const auto [found, fresh] =
        pass_index_.try_emplace({step.layer, block.group, block.pass}, program.passes.size());
    if (!fresh) return found->second;
    const network::Layer& layer = layer_of(step);
    const int used = schedule::used_rows(block, spec_);
    const std::int64_t word = spec_.bitmap_word_bits();
    PassRows pass;
    pass.rows.resize(at(spec_.array.whole_folds ? spec_.array.rows : used));
    std::vector<std::int64_t> last_word(pass.rows.size(), -1);
    for (std::int64_t v = 0; v < block.k_count; ++v) {
      const std::int64_t k = block.k_begin + v;
      const std::size_t r = at(schedule::place_index(block, v, spec_).row);
      const std::int64_t place = offset(at(block.layer), block.group, k);
      extend(pass.rows[r].spans, place);
      extend(pass.spans, place);
      ++pass.rows[r].indices;
      const std::int64_t channel = block.group * layer.group_in() + k % layer.group_in();
      const std::int64_t own_word = k / layer.group_in() * layer.in.channels + channel / word;
      if (own_word != last_word[r]) ++pass.rows[r].bitmap_words;
      last_word[r] = own_word;
    }
    const bool skip = spec_.zero_skipping == arch::ZeroSkipping::kSkip;
    program.data_dependent.push_back(
        skip && std::any_of(pass.rows.begin(), pass.rows.end(),
                            [](const PassRow& row) { return row.bitmap_words < row.indices; }));
    program.passes.push_back(std::move(pass));
    return found->second;
  }

  void add_stream(const Step& step, std::size_t stream, std::int32_t pe_load) {
    LayerProgram& program = layers_[at(step.layer)];
    const network::Layer& layer = layer_of(step);
    const schedule::Block& block = schedule_.blocks[at(step.block)];
    const std::int32_t range = range_of(step);
    const std::size_t pass = pass_of(step);
    const std::int64_t pixels = program.pixels[at(range)];

    const auto [front, fresh] =
        front_index_.try_emplace({step.layer, pass, range}, program.fronts.size());
    if (fresh) {
      program.fronts.push_back({pass, range});
      program.fronts.back().inside = inside(layer, block, schedule_.ranges[at(step.range)]);
    }
    ++program.fronts[front->second].streams;
    program.fronts[front->second].channels += block.n_count;
    const std::int64_t cols = spec_.array.whole_folds ? spec_.array.cols : block.n_count;
    program.streams.push_back({stream, front->second, cols - 1});

    measure::LayerCounters& counters = program.counters;
    counters.macs.total += pixels * block.k_count * block.n_count;
    counters.accumulators.writes += pixels * block.n_count;
    if (!step.first_pass) counters.accumulators.reads += pixels * block.n_count;
    if (spec_.zero_skipping == arch::ZeroSkipping::kSkip) {
      for (const PassRow& row : program.passes[pass].rows) {
        counters.bitmap.reads += pixels * row.bitmap_words;
      }
    } else {
      counters.activation_sram.reads += program.fronts[front->second].inside;
    }
    open_.push_back({step.block, pe_load});
  }

  // Activations of a block that lie inside the map, over all pixels of a range.
  std::int64_t inside(const network::Layer& layer, const schedule::Block& block,
                      const schedule::PixelRange& range) const {
    // Where all windows lie inside, nobody needs to count.
    const network::Window& w = layer.window;
    const auto ends_inside = [](std::int64_t outputs, std::int64_t stride, std::int64_t kernel,
                                std::int64_t dilation, std::int64_t side) {
      return (outputs - 1) * stride + (kernel - 1) * dilation < side;
    };
    if (w.pad_top == 0 && w.pad_left == 0 && w.insert_h == 1 && w.insert_w == 1 &&
        ends_inside(layer.out.height, w.stride_h, w.kernel_h, w.dilation_h, layer.in.height) &&
        ends_inside(layer.out.width, w.stride_w, w.kernel_w, w.dilation_w, layer.in.width)) {
      return block.k_count * range.row_count * layer.out.width;
    }
    std::int64_t count = 0;
    for (std::int64_t k = block.k_begin; k < block.k_begin + block.k_count;) {
      const std::int64_t position = k / layer.group_in();
      const std::int64_t next =
          std::min((position + 1) * layer.group_in(), block.k_begin + block.k_count);
      std::int64_t rows = 0;
      for (std::int64_t row = range.row_begin; row < range.row_begin + range.row_count; ++row) {
        const std::int64_t y = layer.window.input_row(
            row % layer.out.height, position / layer.window.kernel_w, layer.in.height);
        rows += y >= 0 ? 1 : 0;
      }
      std::int64_t columns = 0;
      for (std::int64_t x = 0; x < layer.out.width; ++x) {
        const std::int64_t in_x =
            layer.window.input_column(x, position % layer.window.kernel_w, layer.in.width);
        columns += in_x >= 0 ? 1 : 0;
      }
      count += (next - k) * rows * columns;
      k = next;
    }
    return count;
  }

  // The streams since the last post step are the passes of one tile over one range.
  void add_job(const Step& step) {
    LayerProgram& program = layers_[at(step.layer)];
    const network::Layer& layer = layer_of(step);
    const schedule::Block& block = schedule_.blocks[at(step.block)];
    if (look_ == Look::kValues) {
      TileJob job;
      job.range = range_of(step);
      job.first_channel = block.group * layer.n() + block.n_begin;
      job.weights = weights_of(step);
      program.jobs.push_back(job);
    }
    open_.clear();

    measure::LayerCounters& counters = program.counters;
    const schedule::PixelRange& range = schedule_.ranges[at(step.range)];
    counters.accumulators.reads += range.row_count * layer.out.width * block.n_count;
    if (layer.residual() >= 0) {
      counters.activation_sram.reads +=
          range.row_count * layer.out.width * block.n_count * value_slots(layer.residual());
    }
    if (layer.logits) return;
    const std::int32_t pool = schedule_.layers[at(step.layer)].fused_pool;
    std::int64_t written = range.row_count * layer.out.width;
    if (pool >= 0) {
      // Rows end in whole windows; what fills no window is dropped.
      const network::Layer& pooling = network_.layers[at(pool)];
      written = 0;
      for (std::int64_t row = range.row_begin; row < range.row_begin + range.row_count; ++row) {
        const std::int64_t y = row % layer.out.height;
        const bool closes = y % pooling.window.kernel_h == pooling.window.kernel_h - 1 &&
                            y / pooling.window.kernel_h < pooling.out.height;
        written += closes ? pooling.out.width : 0;
      }
    }
    counters.activation_sram.writes += written * block.n_count * value_slots(layer.output);
  }

  std::size_t weights_of(const Step& step) {
    LayerProgram& program = layers_[at(step.layer)];
    const schedule::Block& block = schedule_.blocks[at(step.block)];
    BlockWeights content;  // empty where all passes read what was trained
    const bool changed = std::any_of(open_.begin(), open_.end(), [&](const Open& open) {
      return !reads_.changed[at(open.pe_load)].empty();
    });
    BlockWeights weights;  // [k][channel]
    if (changed) {
      weights = tile_weights();
      content = weights;
    }
    const auto [found, fresh] = weight_index_.try_emplace(
        {step.layer, block.group, block.n_begin, content}, program.weights.size());
    if (fresh) {
      if (!changed) weights = tile_weights();
      program.weights.push_back(pair_up(weights, block, layer_of(step)));
    }
    return found->second;
  }

  BlockWeights tile_weights() const {
    std::vector<Open> passes = open_;
    std::sort(passes.begin(), passes.end(), [&](const Open& a, const Open& b) {
      return schedule_.blocks[at(a.block)].k_begin < schedule_.blocks[at(b.block)].k_begin;
    });
    BlockWeights weights;
    for (const Open& open : passes) {
      const BlockWeights& read = reads_.changed[at(open.pe_load)];
      const BlockWeights own =
          read.empty() ? trained_weights(schedule_.blocks[at(open.block)], network_) : read;
      weights.insert(weights.end(), own.begin(), own.end());
    }
    return weights;
  }

  TileWeights pair_up(const BlockWeights& weights, const schedule::Block& block,
                      const network::Layer& layer) const {
    TileWeights tile;
    tile.channels = static_cast<int>(block.n_count);
    for (std::int64_t k = 0; k < layer.k();) {
      const std::int64_t place = offset(at(block.layer), block.group, k);
      const bool pair =
          k + 1 < layer.k() && offset(at(block.layer), block.group, k + 1) == place + 1;
      tile.offsets.push_back(place);
      for (std::int64_t n = 0; n < block.n_count; ++n) {
        tile.weights.push_back(weights[at(k * block.n_count + n)]);
        tile.weights.push_back(pair ? weights[at((k + 1) * block.n_count + n)] : std::int16_t{0});
      }
      k += pair ? 2 : 1;
    }
    return tile;
  }

  void count_pool(const Step& step) {
    const network::Layer& layer = layer_of(step);
    const schedule::Region& out = schedule_.regions[at(step.output)];
    measure::LayerCounters& counters = layers_[at(step.layer)].counters;
    std::int64_t rows = 0;
    for (std::int64_t y = out.row_begin; y < out.row_begin + out.row_count; ++y) {
      for (int ky = 0; ky < layer.window.kernel_h; ++ky) {
        rows += layer.window.input_row(y, ky, layer.in.height) >= 0 ? 1 : 0;
      }
    }
    std::int64_t columns = 0;
    for (std::int64_t x = 0; x < layer.out.width; ++x) {
      for (int kx = 0; kx < layer.window.kernel_w; ++kx) {
        columns += layer.window.input_column(x, kx, layer.in.width) >= 0 ? 1 : 0;
      }
    }
    counters.activation_sram.reads += out.image_count * rows * columns * layer.out.channels;
    counters.activation_sram.writes +=
        out.image_count * out.row_count * layer.out.width * layer.out.channels;
  }

  void count_transform(const Step& step) {
    const network::Layer& layer = layer_of(step);
    const schedule::Region& out = schedule_.regions[at(step.output)];
    measure::AccessCounts& counts = layers_[at(step.layer)].counters.activation_sram;
    const std::int64_t pixels = out.image_count * out.row_count * layer.out.width;
    counts.writes += pixels * layer.out.channels;
    if (layer.residual() < 0) {
      counts.reads += pixels * layer.out.channels * layer.entries_a_pixel(false);
      return;
    }
    counts.reads += pixels * layer.out.channels;
    if (network_.is_broadcast(layer)) {
      counts.reads += out.image_count * layer.out.channels;
    } else if (network_.map(layer.residual()).shape.channels == 1) {
      // One value serves the lanes of a channel tile.
      counts.reads += pixels * base::ceil_div(layer.out.channels, spec_.array.cols);
    } else {
      counts.reads += pixels * layer.out.channels;
    }
  }

  struct Open {
    std::int32_t block;
    std::int32_t pe_load;
  };

  const schedule::Schedule& schedule_;
  const network::Network& network_;
  const arch::AcceleratorSpec& spec_;
  const MapLayouts& maps_;
  const WeightReads& reads_;
  Look look_;
  std::vector<LayerProgram> layers_;
  std::vector<Open> open_;  ///< streams since the last post step
  std::map<std::pair<std::int32_t, std::int32_t>, std::int32_t> range_index_;
  std::map<std::tuple<std::int32_t, std::int32_t, std::int32_t>, std::size_t> pass_index_;
  std::map<std::tuple<std::int32_t, std::size_t, std::int32_t>, std::size_t> front_index_;
  std::map<std::tuple<std::int32_t, std::int32_t, std::int64_t, BlockWeights>, std::size_t>
      weight_index_;
};

}  // namespace

std::int64_t value_offset(const network::Layer& layer, const PaddedMap& map, std::int64_t group,
                          std::int64_t k) {
  const std::int64_t position = k / layer.group_in();
  const network::Window& window = layer.window;
  return (position / window.kernel_w * window.dilation_h * map.width +
          position % window.kernel_w * window.dilation_w) *
             map.channels +
         group * layer.group_in() + k % layer.group_in();
}

std::vector<LayerProgram> compile_layers(const schedule::Schedule& schedule,
                                         const network::Network& network,
                                         const arch::AcceleratorSpec& spec, const MapLayouts& maps,
                                         const WeightReads& reads, Look look) {
  return Compiler(schedule, network, spec, maps, reads, look).compile();
}

}  // namespace lacuna::fast
