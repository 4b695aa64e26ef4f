#include "fast/engine.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "fast/batch_group.hpp"
#include "fast/index.hpp"
#include "mapping/timeline.hpp"

namespace lacuna::fast {
namespace {

// Every map with the padding of the layers that read it.
std::vector<PaddedMap> lay_out_maps(const network::Network& network) {
  std::vector<network::Window> most(network.layers.size() + 1);
  for (const network::Layer& reader : network.layers) {
    network::Window& window = most[at(reader.input)];
    window.pad_top = std::max(window.pad_top, reader.window.pad_top);
    window.pad_left = std::max(window.pad_left, reader.window.pad_left);
    window.pad_bottom = std::max(window.pad_bottom, reader.window.pad_bottom);
    window.pad_right = std::max(window.pad_right, reader.window.pad_right);
  }
  std::vector<PaddedMap> maps;
  for (std::size_t map = 0; map < most.size(); ++map) {
    maps.emplace_back(network.map(static_cast<int>(map)), most[map]);
  }
  return maps;
}

}  // namespace

BatchGroup::BatchGroup(const network::Network& n, const schedule::Schedule& s,
                       const arch::AcceleratorSpec& a, const WeightReads& reads)
    : network(n),
      schedule(s),
      spec(a),
      layouts(lay_out_maps(n)),
      layers(compile_layers(s, n, a, layouts, reads)),
      steps(s, n, a),
      timing{a.array.psum_fifo_depth, a.array.local_accumulators} {
  for (const LayerProgram& layer : layers) {
    std::vector<StreamTimes> times;
    for (const Front& front : layer.fronts) {
      const PassRows& pass = layer.passes[front.pass];
      // A row whose bitmap words are its indices takes that long whatever the values are.
      const auto pixels = static_cast<std::int64_t>(layer.corners[at(front.range)].size());
      one_lane = one_lane || !fits_lanes(pass, pixels);
      times.push_back(dense_stream_times(pass, pixels, timing));
    }
    fixed.push_back(std::move(times));
  }
}

void BatchGroup::begin(int lane_count) {
  if (lane_count != lanes || maps.empty()) {
    lanes = lane_count;
    maps.clear();
    for (const PaddedMap& layout : layouts) {
      // One value more: kernels load pairs.
      maps.emplace_back(at((schedule.batch * layout.image_values() + 1) * lanes));
    }
    sums.resize(at(std::int64_t{spec.array.cols} * lanes));
  }
  stream_cycles.assign(at(lanes), std::vector<std::int64_t>(steps.streams().size()));
  measure::BatchResult fresh;
  for (const LayerProgram& layer : layers) fresh.layers.push_back(layer.counters);
  const network::Layer& last = network.layers.back();
  if (last.logits) fresh.logits.resize(at(schedule.batch * last.out.values()));
  fresh.sums.resize(network.layers.size());
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    if (network.layers[i].report_sums) {
      fresh.sums[i].resize(at(schedule.batch * network.layers[i].out.values()));
    }
  }
  results.assign(at(lanes), fresh);
}

void BatchGroup::load_images(const std::vector<const BatchImages*>& batches) {
  const network::MapShape& shape = network.input;
  for (std::int64_t image = 0; image < schedule.batch; ++image) {
    for (std::int64_t y = 0; y < shape.height; ++y) {
      const std::int64_t to = layouts[0].index(image, y, 0);
      const std::int64_t from = y * shape.width * shape.channels;
      for (std::int64_t v = 0; v < shape.width * shape.channels; ++v) {
        for (int lane = 0; lane < lanes; ++lane) {
          maps[0][at((to + v) * lanes + lane)] = (*batches[at(lane)])[at(image)][from + v];
        }
      }
    }
  }
}

void BatchGroup::time_layer(std::size_t index) {
  LayerProgram& program = layers[index];
  const network::Layer& layer = network.layers[index];
  const PaddedMap& layout = layouts[at(layer.input)];
  const std::vector<std::int16_t>& map = maps[at(layer.input)];
  const std::int64_t values = schedule.batch * layout.image_values();
  prefix.resize(at((values + 1) * lanes));
  prefix_counts(map.data(), values, lanes, prefix.data());

  // Padding is zero, so non-zeros of the padded map are those of the map. The counts wrap at 2^16.
  constexpr std::int64_t kPiece = 1 << 15;
  for (std::int64_t v = 0; v < values; v += kPiece) {
    const std::int64_t end = std::min(values, v + kPiece);
    for (int lane = 0; lane < lanes; ++lane) {
      results[at(lane)].layers[index].input_nonzeros +=
          static_cast<std::uint16_t>(prefix[at(end * lanes + lane)] - prefix[at(v * lanes + lane)]);
    }
  }
  for (measure::BatchResult& result : results) {
    result.layers[index].input_values = schedule.batch * layer.in.values();
  }
  if (!layer.is_gemm()) return;

  const bool skip = spec.zero_skipping == arch::ZeroSkipping::kSkip;
  const bool gate = spec.zero_skipping == arch::ZeroSkipping::kGate;
  std::vector<StreamTimes> times = fixed[index];
  for (std::size_t f = 0; f < program.fronts.size(); ++f) {
    const Front& front = program.fronts[f];
    const PassRows& pass = program.passes[front.pass];
    const Corners& corners = program.corners[at(front.range)];
    if (program.data_dependent[front.pass]) {
      stream_times(pass, corners, prefix.data(), lanes, timing, times[f]);
    }
    if (!skip && !gate) continue;
    std::int64_t* nonzeros = times[f].nonzeros;
    if (!program.data_dependent[front.pass]) {
      count_nonzeros(pass, corners, prefix.data(), lanes, nonzeros);
    }
    std::int64_t indices = 0;
    for (const PassRow& row : pass.rows) indices += row.indices;
    const std::int64_t all = indices * static_cast<std::int64_t>(corners.size());
    for (int lane = 0; lane < lanes; ++lane) {
      measure::LayerCounters& counters = results[at(lane)].layers[index];
      counters.macs.issued += nonzeros[lane] * front.channels;
      const std::int64_t zeros = (all - nonzeros[lane]) * front.channels;
      (skip ? counters.macs.skipped : counters.macs.gated) += zeros;
      // What is skipped is not read.
      if (skip) counters.activation_sram.reads += nonzeros[lane] * front.streams;
    }
  }
  for (int lane = 0; lane < lanes; ++lane) {
    measure::LayerCounters& counters = results[at(lane)].layers[index];
    if (!skip && !gate) counters.macs.issued = counters.macs.total;
    for (const StreamRef& stream : program.streams) {
      const StreamTimes& own = times[stream.front];
      const Front& front = program.fronts[stream.front];
      const auto rows = static_cast<std::int64_t>(program.passes[front.pass].rows.size());
      const std::int64_t total = own.commit[lane] + stream.drain;
      const std::int64_t fill_drain = rows - 1 - own.longest[lane] + stream.drain;
      stream_cycles[at(lane)][stream.stream] = total;
      counters.stream.work += base::Cycles{own.work[lane]};
      counters.stream.fill_drain += base::Cycles{fill_drain};
      counters.stream.imbalance += base::Cycles{total - own.work[lane] - fill_drain};
    }
  }
}

void BatchGroup::store_outputs(const network::Layer& layer, std::size_t index, std::int64_t row,
                               std::int64_t x, const TileJob& job, int channels) {
  const std::int64_t image = row / layer.out.height;
  const std::int64_t y = row % layer.out.height;
  if (layer.logits || layer.report_sums) {
    const std::int64_t first = image * layer.out.values() +
                               (y * layer.out.width + x) * layer.out.channels + job.first_channel;
    for (int c = 0; c < channels; ++c) {
      const auto bias = static_cast<std::uint32_t>(layer.bias[at(job.first_channel + c)]);
      for (int lane = 0; lane < lanes; ++lane) {
        const auto sum = static_cast<std::int32_t>(
            static_cast<std::uint32_t>(sums[at(std::int64_t{c} * lanes + lane)]) + bias);
        measure::BatchResult& result = results[at(lane)];
        if (layer.logits) result.logits[at(first + c)] = sum;
        if (layer.report_sums) result.sums[index][at(first + c)] = sum;
      }
    }
  }
  if (layer.logits) return;
  const std::int32_t pool = schedule.layers[index].fused_pool;
  std::size_t output = index + 1;
  std::int64_t out_y = y;
  std::int64_t out_x = x;
  bool keep_maximum = false;
  if (pool >= 0) {
    const network::Layer& pooling = network.layers[at(pool)];
    output = at(pool) + 1;
    out_y = y / pooling.window.kernel_h;
    out_x = x / pooling.window.kernel_w;
    if (out_y >= pooling.out.height || out_x >= pooling.out.width) return;
    keep_maximum = y % pooling.window.kernel_h != 0 || x % pooling.window.kernel_w != 0;
  }
  std::int16_t* out = maps[output].data() +
                      (layouts[output].index(image, out_y, out_x) + job.first_channel) * lanes;
  if (layer.residual >= 0) {
    const std::size_t map = at(layer.residual);
    const std::int16_t* residual =
        maps[map].data() + (layouts[map].index(image, y, x) + job.first_channel) * lanes;
    for (int c = 0; c < channels; ++c) {
      const std::size_t channel = at(job.first_channel + c);
      const std::int64_t first = std::int64_t{c} * lanes;
      post_sum_lanes(sums.data() + first, layer.bias[channel], layer.scale[channel],
                     residual + first, layer.residual_scale, network.activation_bits,
                     layer.threshold, lanes, keep_maximum, out + first);
    }
    return;
  }
  for (int c = 0; c < channels; ++c) {
    const std::size_t channel = at(job.first_channel + c);
    post_lanes(sums.data() + std::int64_t{c} * lanes, layer.bias[channel], layer.scale[channel],
               network.activation_bits, layer.threshold, lanes, keep_maximum,
               out + std::int64_t{c} * lanes);
  }
}

void BatchGroup::compute_job(const LayerProgram& program, const network::Layer& layer,
                             std::size_t index, const TileJob& job) {
  const TileWeights& tile = program.weights[job.weights];
  const schedule::PixelRange& range = program.ranges[at(job.range)];
  const Corners& corners = program.corners[at(job.range)];
  const std::int16_t* map = maps[at(layer.input)].data();
  std::size_t pixel = 0;
  for (std::int64_t row = range.row_begin; row < range.row_begin + range.row_count; ++row) {
    for (std::int64_t x = 0; x < layer.out.width; ++x, ++pixel) {
      multiply_tile(tile, map + corners[pixel] * lanes, lanes, sums.data());
      if (!kept_sums.empty()) {
        const std::int64_t first =
            ((row * layer.out.width + x) * layer.out.channels + job.first_channel) * lanes;
        std::copy_n(sums.data(), std::int64_t{tile.channels} * lanes,
                    kept_sums[index].data() + first);
      }
      store_outputs(layer, index, row, x, job, tile.channels);
    }
  }
}

void BatchGroup::average_layer(const network::Layer& layer, std::size_t index) {
  const PaddedMap& in = layouts[at(layer.input)];
  const std::int16_t* map = maps[at(layer.input)].data();
  const std::int64_t row = layer.out.channels * lanes;
  std::vector<std::int32_t> totals(at(row));
  for (std::int64_t image = 0; image < schedule.batch; ++image) {
    for (std::int64_t y = 0; y < layer.out.height; ++y) {
      for (std::int64_t x = 0; x < layer.out.width; ++x) {
        std::fill(totals.begin(), totals.end(), 0);
        const std::int16_t* corner = map + in.corner(layer.window, image, y, x) * lanes;
        for (int ky = 0; ky < layer.window.kernel_h; ++ky) {
          for (int kx = 0; kx < layer.window.kernel_w; ++kx) {
            const std::int16_t* tap = corner + (ky * in.width + kx) * row;
            for (std::int64_t v = 0; v < row; ++v) totals[at(v)] += tap[v];
          }
        }
        std::int16_t* out = maps[index + 1].data() + layouts[index + 1].index(image, y, x) * lanes;
        for (std::int64_t c = 0; c < layer.out.channels; ++c) {
          post_lanes(totals.data() + c * lanes, 0, layer.scale.front(), network.activation_bits,
                     layer.threshold, lanes, false, out + c * lanes);
        }
      }
    }
  }
}

void BatchGroup::pool_layer(const network::Layer& layer, std::size_t index) {
  if (layer.kind == network::LayerKind::kAveragePool) return average_layer(layer, index);
  const PaddedMap& in = layouts[at(layer.input)];
  const std::int16_t* map = maps[at(layer.input)].data();
  const std::int64_t row = layer.out.channels * lanes;
  for (std::int64_t image = 0; image < schedule.batch; ++image) {
    for (std::int64_t y = 0; y < layer.out.height; ++y) {
      for (std::int64_t x = 0; x < layer.out.width; ++x) {
        std::int16_t* out = maps[index + 1].data() + layouts[index + 1].index(image, y, x) * lanes;
        std::fill_n(out, row, std::int16_t{0});
        const std::int16_t* corner = map + in.corner(layer.window, image, y, x) * lanes;
        for (int ky = 0; ky < layer.window.kernel_h; ++ky) {
          for (int kx = 0; kx < layer.window.kernel_w; ++kx) {
            const std::int16_t* tap = corner + (ky * in.width + kx) * row;
            for (std::int64_t c = 0; c < layer.out.channels; ++c) {
              maximum_lanes(tap + c * lanes, lanes, out + c * lanes);
            }
          }
        }
      }
    }
  }
}

bool BatchGroup::is_fused(std::size_t index) const {
  return !network.layers[index].is_gemm() && index > 0 &&
         schedule.layers[index - 1].fused_pool == static_cast<std::int32_t>(index);
}

void BatchGroup::run_layer(std::size_t index) {
  const network::Layer& layer = network.layers[index];
  if (is_fused(index)) return;  // done with the layer before; nothing of it was ever stored
  time_layer(index);
  if (!layer.is_gemm()) {
    pool_layer(layer, index);
    return;
  }
  for (const TileJob& job : layers[index].jobs) compute_job(layers[index], layer, index, job);
}

void BatchGroup::finish() {
  for (int lane = 0; lane < lanes; ++lane) {
    measure::BatchResult& result = results[at(lane)];
    result.cycles = base::Cycles{steps.run(stream_cycles[at(lane)], result.layers, trace)};
  }
}

Engine::Engine(const arch::AcceleratorSpec& spec, std::int64_t weight_words,
               const fault::FaultPlan& plan)
    : spec_(spec), weight_words_(weight_words), plan_(plan), outcomes_(plan.faults.size()) {}

Engine::~Engine() = default;

base::Cycles Engine::load(const network::Network& network, const schedule::Schedule& schedule,
                          std::int64_t step_offset) {
  WeightReads reads;
  reads.changed.resize(schedule.steps.size());
  if (!plan_.faults.empty()) {
    reads = replay_weight_sram(schedule, network, spec_, plan_, weight_words_, step_offset);
  }
  loaded_ = std::make_unique<BatchGroup>(network, schedule, spec_, reads);
  loaded_->batch_outcomes = reads.outcomes;
  // Set-up is weight loads only, one transfer after the other.
  std::int64_t end = 0;
  if (trace_ != nullptr) *trace_ = {};
  for (const schedule::Step& step : schedule.setup) {
    end = std::max<std::int64_t>(spec_.dram.latency_cycles, end) +
          mapping::step_cycles(step, schedule, network, spec_);
    if (trace_ != nullptr) trace_->steps.push_back({0, end});
  }
  return base::Cycles{end};
}

std::vector<measure::BatchResult> Engine::run(const std::vector<BatchImages>& batches) {
  BatchGroup& loaded = *loaded_;
  loaded.trace = trace_;
  std::vector<measure::BatchResult> results;
  const std::size_t most = loaded.one_lane ? 1 : kLanes;
  for (std::size_t first = 0; first < batches.size(); first += most) {
    const std::size_t count = std::min<std::size_t>(most, batches.size() - first);
    loaded.begin(count == 1 ? 1 : kLanes);
    std::vector<const BatchImages*> group;
    // Lanes that are left over repeat the last batch.
    for (std::size_t lane = 0; lane < at(loaded.lanes); ++lane) {
      group.push_back(&batches[first + std::min(lane, count - 1)]);
      SIM_CHECK(static_cast<std::int64_t>(group.back()->size()) == loaded.schedule.batch, "fast",
                -1, "a batch has as many images as its schedule");
    }
    loaded.load_images(group);
    for (std::size_t index = 0; index < loaded.layers.size(); ++index) loaded.run_layer(index);
    loaded.finish();
    for (std::size_t lane = 0; lane < count; ++lane) {
      results.push_back(std::move(loaded.results[lane]));
    }
  }
  for (std::size_t f = 0; f < outcomes_.size(); ++f) {
    outcomes_[f].reads_changed +=
        loaded.batch_outcomes[f].reads_changed * static_cast<std::int64_t>(batches.size());
    outcomes_[f].overwritten = outcomes_[f].overwritten || loaded.batch_outcomes[f].overwritten;
  }
  return results;
}

}  // namespace lacuna::fast
