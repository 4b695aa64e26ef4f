#include "fast/batch_group.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.hpp"
#include "fast/index.hpp"
#include "network/outputs.hpp"
#include "network/post.hpp"

namespace lacuna::fast {
BatchGroup::BatchGroup(const network::Network& n, const schedule::Schedule& s,
                       const arch::AcceleratorSpec& a, const WeightReads& reads, const Looks& looks)
    : network_(n),
      schedule_(s),
      spec_(a),
      looks_(looks),
      layouts_(n),
      map_layers_(n, layouts_, s.batch),
      layers_(compile_layers(s, n, a, layouts_, reads, looks.at)),
      steps_(s, n, a),
      timing_{a.array.psum_fifo_depth, a.array.local_accumulators},
      output_values_(n.output_values()) {
  SIM_CHECK(looks.at != Look::kNothing || a.zero_skipping != arch::ZeroSkipping::kSkip, "fast", -1,
            "what is skipped depends on values");
  output_places_.resize(n.layers.size());
  for (std::size_t o = 0; o < n.outputs.size(); ++o) {
    const int layer = n.outputs[o].layer;
    if (layer >= 0) output_places_[at(layer)].push_back(network::output_offset(n, o));
  }
  for (const LayerProgram& layer : layers_) {
    std::vector<StreamTimes> times;
    for (const Front& front : layer.fronts) {
      const PassRows& pass = layer.passes[front.pass];
      // A row whose bitmap words are its indices takes that long whatever the values are.
      const std::int64_t pixels = layer.pixels[at(front.range)];
      one_lane_ = one_lane_ || !fits_lanes(pass, pixels);
      times.push_back(dense_stream_times(pass, pixels, timing_));
    }
    dense_times_.push_back(std::move(times));
  }
}

void BatchGroup::begin(int lane_count) {
  if (lane_count != lanes_ || maps_.empty()) {
    lanes_ = lane_count;
    maps_.clear();
    for (const PaddedMap& layout : layouts_) {
      // One value more: kernels load pairs.
      const std::int64_t values = schedule_.batch * layout.image_values() + 1;
      maps_.emplace_back(looks_.at == Look::kNothing ? 0 : at(values * lanes_));
    }
  }
  sums_.resize(at(std::int64_t{spec_.array.cols} * lanes_));
  stream_cycles_.assign(at(lanes_), std::vector<std::int64_t>(steps_.streams().size()));
  measure::BatchResult fresh;
  for (const LayerProgram& layer : layers_) fresh.layers.push_back(layer.counters);
  if (looks_.at == Look::kValues) fresh.logits.resize(at(schedule_.batch * output_values_));
  fresh.sums.resize(network_.layers.size());
  for (std::size_t i = 0; i < network_.layers.size(); ++i) {
    if (network_.layers[i].report_sums && looks_.at == Look::kValues) {
      fresh.sums[i].resize(at(schedule_.batch * network_.layers[i].out.values()));
    }
  }
  results_.assign(at(lanes_), fresh);
}

void BatchGroup::load_image(std::size_t map, std::int64_t image, int lane,
                            const std::uint8_t* codes) {
  const network::MapShape& shape = network_.maps[map].shape;
  const tensor::Code code = network_.maps[map].code;
  for (std::int64_t y = 0; y < shape.height; ++y) {
    const std::int64_t to = layouts_[map].index(image, y, 0);
    const std::int64_t from = y * shape.width * shape.channels;
    for (std::int64_t v = 0; v < shape.width * shape.channels; ++v) {
      maps_[map][at((to + v) * lanes_ + lane)] = code.operand(codes[from + v], 8);
    }
  }
}

void BatchGroup::load_images(const std::vector<const BatchImages*>& batches) {
  for (std::int64_t image = 0; image < schedule_.batch; ++image) {
    for (int lane = 0; lane < lanes_; ++lane) {
      load_image(0, image, lane, (*batches[at(lane)])[at(image)]);
    }
  }
}

void BatchGroup::draw_input(std::size_t layer) {
  for (std::int64_t image = 0; image < schedule_.batch; ++image) {
    const std::vector<std::uint8_t> codes = looks_.draw(layer, image);
    for (int lane = 0; lane < lanes_; ++lane) {
      load_image(at(network_.layers[layer].input()), image, lane, codes.data());
    }
  }
}

// Padding is operand 0, so non-zeros of the padded map are those of the map. The counts wrap at
// 2^16.
void BatchGroup::count_inputs(std::size_t index, const std::uint16_t* prefix) {
  const network::Layer& layer = network_.layers[index];
  const std::int64_t values = schedule_.batch * layouts_.of_input(index).image_values();
  constexpr std::int64_t kPiece = 1 << 15;
  for (std::int64_t v = 0; v < values; v += kPiece) {
    const std::int64_t end = std::min(values, v + kPiece);
    for (int lane = 0; lane < lanes_; ++lane) {
      results_[at(lane)].layers[index].input_nonzeros +=
          static_cast<std::uint16_t>(prefix[end * lanes_ + lane] - prefix[v * lanes_ + lane]);
    }
  }
  for (measure::BatchResult& result : results_) {
    result.layers[index].input_values = schedule_.batch * layer.in.values();
  }
}

// Times of the fronts whose times depend on values, and what becomes of the MACs.
void BatchGroup::time_fronts(std::size_t index, const std::uint16_t* prefix,
                             std::vector<StreamTimes>& times) {
  const LayerProgram& program = layers_[index];
  const bool skip = spec_.zero_skipping == arch::ZeroSkipping::kSkip;
  const bool gate = spec_.zero_skipping == arch::ZeroSkipping::kGate;
  for (std::size_t f = 0; f < program.fronts.size(); ++f) {
    const Front& front = program.fronts[f];
    const PassRows& pass = program.passes[front.pass];
    const Corners& corners = program.corners[at(front.range)];
    if (program.data_dependent[front.pass]) {
      stream_times(pass, corners, prefix, lanes_, timing_, times[f]);
    }
    if (!skip && !gate) continue;
    std::int64_t* nonzeros = times[f].nonzeros;
    if (!program.data_dependent[front.pass]) {
      count_nonzeros(pass, corners, prefix, lanes_, nonzeros);
    }
    std::int64_t indices = 0;
    for (const PassRow& row : pass.rows) indices += row.indices;
    const std::int64_t all = indices * static_cast<std::int64_t>(corners.size());
    for (int lane = 0; lane < lanes_; ++lane) {
      measure::LayerCounters& counters = results_[at(lane)].layers[index];
      counters.macs.issued += nonzeros[lane] * front.channels;
      const std::int64_t zeros = (all - nonzeros[lane]) * front.channels;
      (skip ? counters.macs.skipped : counters.macs.gated) += zeros;
      // What is skipped is not read.
      if (skip) counters.activation_sram.reads += nonzeros[lane] * front.streams;
    }
  }
  if (skip || gate) return;
  for (measure::BatchResult& result : results_) {
    result.layers[index].macs.issued = result.layers[index].macs.total;
  }
}

void BatchGroup::time_layer(std::size_t index) {
  const std::uint16_t* prefix = count_values(layouts_.input_place(index));
  count_inputs(index, prefix);
  if (!network_.layers[index].is_gemm()) return;
  std::vector<StreamTimes> times = dense_times_[index];
  time_fronts(index, prefix, times);
  time_streams(index, times);
}

void BatchGroup::time_unseen(std::size_t index) {
  const network::Layer& layer = network_.layers[index];
  const auto expected = [&](std::int64_t values) {
    return static_cast<std::int64_t>(
        std::llround(looks_.densities[index] * static_cast<double>(values)));
  };
  std::int64_t inside = 0;  // products of which neither factor is padding
  for (const Front& front : layers_[index].fronts) inside += front.inside * front.channels;
  const bool gate = spec_.zero_skipping == arch::ZeroSkipping::kGate;
  const bool is_known = !looks_.densities.empty();
  for (measure::BatchResult& result : results_) {
    measure::LayerCounters& counters = result.layers[index];
    if (is_known) {
      counters.input_values = schedule_.batch * layer.in.values();
      counters.input_nonzeros = expected(counters.input_values);
    }
    counters.macs.issued = gate && is_known ? expected(inside) : counters.macs.total;
    counters.macs.gated = counters.macs.total - counters.macs.issued;
  }
  time_streams(index, dense_times_[index]);
}

void BatchGroup::time_streams(std::size_t index, const std::vector<StreamTimes>& times) {
  const LayerProgram& program = layers_[index];
  for (int lane = 0; lane < lanes_; ++lane) {
    measure::LayerCounters& counters = results_[at(lane)].layers[index];
    for (const StreamRef& stream : program.streams) {
      const StreamTimes& own = times[stream.front];
      const Front& front = program.fronts[stream.front];
      const auto rows = static_cast<std::int64_t>(program.passes[front.pass].rows.size());
      const std::int64_t total = own.commit[lane] + stream.drain;
      const std::int64_t fill_drain = rows - 1 - own.longest[lane] + stream.drain;
      stream_cycles_[at(lane)][stream.stream] = total;
      counters.stream.work += base::Cycles{own.work[lane]};
      counters.stream.fill_drain += base::Cycles{fill_drain};
      counters.stream.imbalance += base::Cycles{total - own.work[lane] - fill_drain};
    }
  }
}

void BatchGroup::report_sums(std::size_t index, std::int64_t row, std::int64_t x,
                             const TileJob& job, int channels) {
  const network::Layer& layer = network_.layers[index];
  const std::int64_t image = row / layer.out.height;
  const std::int64_t y = row % layer.out.height;
  const std::int64_t pixel = (y * layer.out.width + x) * layer.out.channels + job.first_channel;
  const std::int64_t first = image * layer.out.values() + pixel;
  for (int c = 0; c < channels; ++c) {
    const auto bias = static_cast<std::uint32_t>(layer.bias[at(job.first_channel + c)]);
    for (int lane = 0; lane < lanes_; ++lane) {
      const auto sum = static_cast<std::int32_t>(
          static_cast<std::uint32_t>(sums_[at(std::int64_t{c} * lanes_ + lane)]) + bias);
      measure::BatchResult& result = results_[at(lane)];
      for (const std::int64_t offset : output_places_[index]) {
        result.logits[at(image * output_values_ + offset + pixel + c)] = sum;
      }
      if (layer.report_sums) result.sums[index][at(first + c)] = sum;
    }
  }
}

void BatchGroup::store_outputs(std::size_t index, std::int64_t row, std::int64_t x,
                               const TileJob& job, int channels) {
  const network::Layer& layer = network_.layers[index];
  const std::int64_t image = row / layer.out.height;
  const std::int64_t y = row % layer.out.height;
  if (layer.logits || layer.report_sums) report_sums(index, row, x, job, channels);
  if (layer.logits) return;
  if (network_.map(layer.output).sums) return keep_outputs(index, row, x, job, channels);
  const std::int32_t pool = schedule_.layers[index].fused_pool;
  std::size_t output = at(layer.output);
  std::int64_t first_channel = layer.output_channel + job.first_channel;
  std::int64_t out_y = y;
  std::int64_t out_x = x;
  bool keep_maximum = false;
  if (pool >= 0) {
    const network::Layer& pooling = network_.layers[at(pool)];
    output = at(pooling.output);
    first_channel = pooling.output_channel + job.first_channel;
    out_y = y / pooling.window.kernel_h;
    out_x = x / pooling.window.kernel_w;
    if (out_y >= pooling.out.height || out_x >= pooling.out.width) return;
    keep_maximum = y % pooling.window.kernel_h != 0 || x % pooling.window.kernel_w != 0;
  }
  std::int16_t* out =
      maps_[output].data() + (layouts_[output].index(image, out_y, out_x) + first_channel) * lanes_;
  const std::int16_t* second = nullptr;
  const bool of_sums = layer.residual() >= 0 && network_.map(layer.residual()).sums;
  if (layer.residual() >= 0) {
    const std::size_t map = at(layer.residual());
    const std::int64_t channel = job.first_channel * (of_sums ? 2 : 1);
    second = maps_[map].data() + (layouts_[map].index(image, y, x) + channel) * lanes_;
  }
  // Of value `v` of the job, where there is a second operand.
  const auto operand_of = [&](std::int64_t v) -> std::int32_t {
    if (!of_sums) return second[v];
    const std::int16_t* low = second + v / lanes_ * 2 * lanes_ + v % lanes_;
    return whole_sum(low[0], low[lanes_]);
  };
  const bool adds =
      layer.combine == network::Combine::kAdd && !of_sums && layer.operand_scale.size() == 1;
  for (int c = 0; c < channels; ++c) {
    const std::int64_t channel = job.first_channel + c;
    const std::int32_t bias = layer.bias[at(channel)];
    const float scale = layer.scale[at(channel)];
    const std::int64_t first = std::int64_t{c} * lanes_;
    if (layer.combine == network::Combine::kNone) {
      post_lanes(sums_.data() + first, bias, scale, layer.bounds, lanes_, keep_maximum,
                 out + first);
    } else if (adds) {
      post_sum_lanes(sums_.data() + first, bias, scale, second + first, layer.operand_scale.front(),
                     layer.bounds, lanes_, keep_maximum, out + first);
    } else {
      for (std::int64_t lane = first; lane < first + lanes_; ++lane) {
        const auto sum = static_cast<std::int32_t>(static_cast<std::uint32_t>(sums_[at(lane)]) +
                                                   static_cast<std::uint32_t>(bias));
        const std::int16_t operand = network::post_operand(
            network_, layer, channel, sum, second != nullptr ? operand_of(lane) : 0);
        out[lane] = keep_maximum ? std::max(out[lane], operand) : operand;
      }
    }
  }
}

void BatchGroup::keep_outputs(std::size_t index, std::int64_t row, std::int64_t x,
                              const TileJob& job, int channels) {
  const network::Layer& layer = network_.layers[index];
  const std::size_t map = at(layer.output);
  std::int16_t* out =
      maps_[map].data() + (layouts_[map].index(row / layer.out.height, row % layer.out.height, x) +
                           2 * job.first_channel) *
                              lanes_;
  for (std::int64_t v = 0; v < std::int64_t{channels} * lanes_; ++v) {
    const auto bias = static_cast<std::uint32_t>(layer.bias[at(job.first_channel + v / lanes_)]);
    const auto sum = static_cast<std::int32_t>(static_cast<std::uint32_t>(sums_[at(v)]) + bias);
    std::int16_t* low = out + v / lanes_ * 2 * lanes_ + v % lanes_;
    low[0] = low_half(sum);
    low[lanes_] = high_half(sum);
  }
}

void BatchGroup::compute_job(std::size_t index, const TileJob& job) {
  const network::Layer& layer = network_.layers[index];
  const LayerProgram& program = layers_[index];
  const TileWeights& tile = program.weights[job.weights];
  const schedule::PixelRange& range = program.ranges[at(job.range)];
  const Corners& corners = program.corners[at(job.range)];
  const std::int16_t* map = maps_[layouts_.input_place(index)].data();
  std::size_t pixel = 0;
  for (std::int64_t row = range.row_begin; row < range.row_begin + range.row_count; ++row) {
    for (std::int64_t x = 0; x < layer.out.width; ++x, ++pixel) {
      multiply_tile(tile, map + corners[pixel] * lanes_, lanes_, sums_.data());
      if (!kept_sums_.empty()) {
        const std::int64_t first =
            ((row * layer.out.width + x) * layer.out.channels + job.first_channel) * lanes_;
        std::copy_n(sums_.data(), std::int64_t{tile.channels} * lanes_,
                    kept_sums_[index].data() + first);
      }
      store_outputs(index, row, x, job, tile.channels);
    }
  }
}

void BatchGroup::run_map_layer(std::size_t index) { map_layers_.run(index, lanes_, maps_); }

void BatchGroup::spread_input(std::size_t index) {
  const network::Layer& layer = network_.layers[index];
  const PaddedMap& from = layouts_[at(layer.input())];
  const PaddedMap& to = layouts_.of_input(index);
  const std::int16_t* values = maps_[at(layer.input())].data();
  std::int16_t* copy = maps_[layouts_.input_place(index)].data();
  const std::int64_t pixel = layer.in.channels * lanes_;
  for (std::int64_t image = 0; image < schedule_.batch; ++image) {
    for (std::int64_t y = 0; y < layer.in.height; ++y) {
      for (std::int64_t x = 0; x < layer.in.width; ++x) {
        std::copy_n(
            values + from.index(image, y, x) * lanes_, pixel,
            copy + to.index(image, y * layer.window.insert_h, x * layer.window.insert_w) * lanes_);
      }
    }
  }
}

bool BatchGroup::is_fused(std::size_t index) const {
  return !network_.layers[index].is_gemm() && index > 0 &&
         schedule_.layers[index - 1].fused_pool == static_cast<std::int32_t>(index);
}

void BatchGroup::run_layer(std::size_t index) {
  if (is_fused(index)) return;  // done with the layer before; nothing of it was ever stored
  if (looks_.at == Look::kNothing) return time_unseen(index);
  if (looks_.at == Look::kZeros) draw_input(index);
  if (layouts_.is_spread(index)) spread_input(index);
  time_layer(index);
  if (looks_.at == Look::kZeros) return;
  if (!network_.layers[index].is_gemm()) {
    visit(index, 0, [&] { run_map_layer(index); });
    return;
  }
  const std::vector<TileJob>& jobs = layers_[index].jobs;
  for (std::size_t job = 0; job < jobs.size(); ++job) {
    visit(index, job, [&] { compute_job(index, jobs[job]); });
  }
}

// What is computed while faulty values stand in the maps.
template <class Work>
void BatchGroup::visit(std::size_t layer, std::size_t job, Work work) {
  if (faults_ == nullptr) return work();
  faults_->begin_visit(layer, job, lanes_, counted_, maps_, *outcomes_);
  work();
  faults_->end_visit(lanes_, maps_);
}

void BatchGroup::set_faults(std::unique_ptr<ActivationFaults> faults,
                            std::vector<measure::FaultOutcome>& outcomes) {
  faults_ = std::move(faults);
  outcomes_ = &outcomes;
}

const std::vector<measure::BatchResult>& BatchGroup::run(
    const std::vector<const BatchImages*>& batches, measure::BatchTrace* trace, int counted) {
  SIM_CHECK(batches.size() == 1 || (batches.size() == kLanes && !one_lane_), "fast", -1,
            "a group has one batch or one a lane");
  for (const BatchImages* batch : batches) {
    SIM_CHECK(static_cast<std::int64_t>(batch->size()) == schedule_.batch, "fast", -1,
              "a batch has as many images as its schedule");
  }
  counted_ = counted;
  begin(static_cast<int>(batches.size()));
  if (looks_.at == Look::kValues) load_images(batches);
  for (std::size_t index = 0; index < layers_.size(); ++index) run_layer(index);
  for (std::size_t map = 0; map < maps_.size() && looks_.at == Look::kValues; ++map) {
    take_outputs_of(map);
  }
  for (int lane = 0; lane < lanes_; ++lane) {
    measure::BatchResult& result = results_[at(lane)];
    result.cycles = base::Cycles{steps_.run(stream_cycles_[at(lane)], result.layers, trace)};
  }
  return results_;
}

void BatchGroup::take_outputs_of(std::size_t map) {
  for (std::size_t o = 0; o < network_.outputs.size(); ++o) {
    if (network_.outputs[o].map != static_cast<int>(map)) continue;
    const network::MapShape& shape = network_.maps[map].shape;
    const std::int64_t offset = network::output_offset(network_, o);
    for (std::int64_t image = 0; image < schedule_.batch; ++image) {
      for (std::int64_t v = 0; v < shape.values(); ++v) {
        const std::int64_t pixel = v / shape.channels;
        const std::int64_t place =
            layouts_[map].index(image, pixel / shape.width, pixel % shape.width) +
            v % shape.channels;
        for (int lane = 0; lane < lanes_; ++lane) {
          results_[at(lane)].logits[at(image * output_values_ + offset + v)] =
              maps_[map][at(place * lanes_ + lane)];
        }
      }
    }
  }
}

void BatchGroup::keep_sums(bool keep) {
  kept_sums_.clear();
  if (!keep) return;
  kept_sums_.resize(network_.layers.size());
  for (std::size_t index = 0; index < network_.layers.size(); ++index) {
    const network::Layer& layer = network_.layers[index];
    if (layer.is_gemm()) {
      kept_sums_[index].resize(at(schedule_.batch * layer.out.values() * kLanes));
    }
  }
}

const std::uint16_t* BatchGroup::count_values(std::size_t map) {
  const auto values = static_cast<std::int64_t>(maps_[map].size()) / lanes_ - 1;
  prefix_.resize(at((values + 1) * lanes_));
  prefix_counts(maps_[map].data(), values, lanes_, prefix_.data());
  return prefix_.data();
}

}  // namespace lacuna::fast
