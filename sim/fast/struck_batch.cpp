#include "fast/struck_batch.hpp"

#include <algorithm>
#include <limits>

#include "fast/index.hpp"
#include "network/outputs.hpp"
#include "network/post.hpp"

namespace lacuna::fast {

void StruckBatch::Sparse::add(Place place, std::uint32_t delta) {
  if (listed[at(place)] == 0) {
    listed[at(place)] = 1;
    list.push_back(place);
  }
  std::int32_t& value = values[at(place)];
  value = static_cast<std::int32_t>(static_cast<std::uint32_t>(value) + delta);
}

void StruckBatch::Sparse::clear() {
  for (const Place place : list) {
    values[at(place)] = 0;
    listed[at(place)] = 0;
  }
  list.clear();
}

StruckBatch::StruckBatch(const network::Network& network, const schedule::Schedule& schedule,
                         const BatchGroup& program)
    : network_(network),
      schedule_(schedule),
      program_(program),
      map_layers_(network, program.layouts(), schedule.batch),
      output_places_(network.layers.size()),
      weights_(network.layers.size()),
      maps_(network.maps.size()),
      bitmaps_(network.maps.size()),
      sums_(network.layers.size()),
      changes_(at(schedule.batch), std::vector<LayerChange>(network.layers.size())),
      macs_(network.layers.size()),
      reached_(network.layers.size()),
      lane_maps_(program.layouts().size()) {
  for (std::size_t o = 0; o < network.outputs.size(); ++o) {
    const int layer = network.outputs[o].layer;
    if (layer >= 0) output_places_[at(layer)].push_back(network::output_offset(network, o));
  }
  const auto resize = [](Sparse& sparse, std::int64_t size) {
    sparse.values.resize(at(size));
    sparse.listed.resize(at(size));
  };
  std::int64_t most = 0;
  for (std::size_t i = 0; i < network.layers.size(); ++i) {
    const std::int64_t size = schedule.batch * layer_of(i).out.values();
    if (layer_of(i).is_gemm()) resize(sums_[i], size);
    most = std::max(most, size);
  }
  for (std::size_t map = 0; map < network.maps.size(); ++map) {
    const network::MapShape& shape = network.maps[map].shape;
    resize(maps_[map], schedule.batch * shape.values());
    std::vector<std::int64_t>& places = places_.emplace_back();
    for (std::int64_t pixel = 0; pixel < schedule.batch * shape.height * shape.width; ++pixel) {
      const std::int64_t first =
          program.layouts()[map].index(pixel / shape.width / shape.height,
                                       pixel / shape.width % shape.height, pixel % shape.width);
      for (std::int64_t c = 0; c < shape.channels; ++c) {
        places.push_back(first + c * (network.maps[map].sums ? 2 : 1));
      }
    }
  }
  resize(seconds_, most);
  unit_listed_.resize(at(most));
}

std::int16_t StruckBatch::golden_at(std::size_t layout, std::int64_t place) const {
  return batch_->maps[layout][at(place * kLanes) + batch_->lane];
}

std::int32_t StruckBatch::golden_value(int map, Place value) const {
  const std::int64_t place = places_[at(map)][at(value)];
  const std::int16_t low = golden_at(at(map), place);
  return network_.map(map).sums ? whole_sum(low, golden_at(at(map), place + 1)) : low;
}

// Biased, as the post unit makes something of it.
std::int32_t StruckBatch::golden_sum(std::size_t layer, Place sum) const {
  const auto bias =
      static_cast<std::uint32_t>(layer_of(layer).bias[at(sum % layer_of(layer).out.channels)]);
  return static_cast<std::int32_t>(
      static_cast<std::uint32_t>(batch_->sums[layer][at(sum * kLanes) + batch_->lane]) + bias);
}

std::int32_t StruckBatch::second(std::size_t layer, Place sum, bool now) const {
  const int map = layer_of(layer).residual();
  if (map == network::kNoMap) return 0;
  const network::MapShape& shape = network_.map(map).shape;
  const std::int64_t channels = layer_of(layer).out.channels;
  const Place value = sum / channels * shape.channels + sum % channels;
  const std::int32_t golden = golden_value(map, value);
  if (!now) return golden;
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(golden) +
                                   static_cast<std::uint32_t>(maps_[at(map)].values[at(value)]) +
                                   static_cast<std::uint32_t>(seconds_.values[at(sum)]));
}

std::int16_t StruckBatch::code(std::size_t layer, Place sum, bool now) const {
  std::int32_t own = golden_sum(layer, sum);
  if (now) {
    own = static_cast<std::int32_t>(static_cast<std::uint32_t>(own) +
                                    static_cast<std::uint32_t>(sums_[layer].values[at(sum)]));
  }
  return network::post_operand(network_, layer_of(layer), sum % layer_of(layer).out.channels, own,
                               second(layer, sum, now));
}

LayerChange& StruckBatch::change(std::size_t layer, Place of_layer) {
  return changes_[at(of_layer / layer_of(layer).out.values())][layer];
}

void StruckBatch::change_value(int map, Place value, std::int32_t golden, std::int32_t now) {
  if (golden == now) return;
  maps_[at(map)].add(value, static_cast<std::uint32_t>(now) - static_cast<std::uint32_t>(golden));
  if ((golden == 0) != (now == 0)) bitmaps_[at(map)] = 1;
}

void StruckBatch::add_changes(const std::vector<ValueChange>& changes, std::size_t layer,
                              Sparse& to) const {
  const network::MapShape& out = layer_of(layer).out;
  const auto own = std::lower_bound(
      changes.begin(), changes.end(), layer,
      [](const ValueChange& change, std::size_t index) { return change.layer < index; });
  for (auto next = own; next != changes.end() && next->layer == layer; ++next) {
    to.add((next->row * out.width + next->x) * out.channels + next->channel, next->delta);
  }
}

void StruckBatch::run(const FaultFreeBatch& batch, const StrikeEffects& effects,
                      std::vector<std::int32_t>& logits) {
  batch_ = &batch;
  logits_ = &logits;
  streams_ = effects.streams;
  for (std::vector<LayerChange>& image : changes_) {
    std::fill(image.begin(), image.end(), LayerChange());
  }
  for (const StruckRead& read : effects.reads) changes_[at(read.image)][read.layer].read = true;
  std::fill(macs_.begin(), macs_.end(), 0);
  std::fill(reached_.begin(), reached_.end(), false);
  for (std::size_t index = 0; index < network_.layers.size(); ++index) {
    const network::Layer& own = layer_of(index);
    if (program_.is_fused(index)) continue;
    const bool input = !maps_[at(own.input())].list.empty();
    const bool second_map =
        own.residual() != network::kNoMap && !maps_[at(own.residual())].list.empty();
    if (!own.is_gemm()) {
      if (!input && !second_map) continue;
      reached_[index] = true;
      run_map_layer(index);
      continue;
    }
    if (input) {
      if (bitmaps_[at(own.input())] != 0) time_layer(index);
      spread_input(index);
    }
    add_changes(effects.sums, index, sums_[index]);
    add_changes(effects.seconds, index, seconds_);
    if (!input && !second_map && sums_[index].list.empty() && seconds_.list.empty()) continue;
    reached_[index] = true;
    store_layer(index);
    seconds_.clear();
  }
  put_maps_out();
  for (Sparse& map : maps_) map.clear();
  for (Sparse& sums : sums_) sums.clear();
  std::fill(bitmaps_.begin(), bitmaps_.end(), std::uint8_t{0});
}

void StruckBatch::spread_weights(std::size_t index) {
  std::vector<std::int16_t>& weights = weights_[index];
  if (!weights.empty()) return;
  const network::Layer& own = layer_of(index);
  weights.resize(at(own.groups * own.k() * own.n()));
  for (std::int64_t channel = 0; channel < own.out.channels; ++channel) {
    const std::int64_t group = channel / own.n();
    for (std::int64_t k = 0; k < own.k(); ++k) {
      weights[at((group * own.k() + k) * own.n() + channel % own.n())] = own.operand(channel, k);
    }
  }
}

// Each changed value goes into the sums of the pixels that have it under their windows.
void StruckBatch::spread_input(std::size_t index) {
  spread_weights(index);
  const network::Layer& own = layer_of(index);
  const network::Window& window = own.window;
  const network::MapShape& in = network_.map(own.input()).shape;
  const Sparse& input = maps_[at(own.input())];
  Sparse& sums = sums_[index];
  const std::int64_t n = own.n();
  for (const Place value : input.list) {
    const std::int32_t delta = input.values[at(value)];
    const std::int64_t channel = value % in.channels;
    const std::int64_t group = channel / own.group_in();
    const std::int64_t x = value / in.channels % in.width;
    const std::int64_t y = value / in.channels / in.width % in.height;
    const std::int64_t image = value / in.values();
    for (std::int64_t ky = 0; ky < window.kernel_h; ++ky) {
      const std::int64_t top = y * window.insert_h + window.pad_top - ky * window.dilation_h;
      if (top < 0 || top % window.stride_h != 0 || top / window.stride_h >= own.out.height) {
        continue;
      }
      const std::int64_t row = image * own.out.height + top / window.stride_h;
      for (std::int64_t kx = 0; kx < window.kernel_w; ++kx) {
        const std::int64_t left = x * window.insert_w + window.pad_left - kx * window.dilation_w;
        if (left < 0 || left % window.stride_w != 0 || left / window.stride_w >= own.out.width) {
          continue;
        }
        const std::int64_t k =
            (ky * window.kernel_w + kx) * own.group_in() + channel % own.group_in();
        const std::int16_t* weights = weights_[index].data() + (group * own.k() + k) * n;
        const Place first =
            (row * own.out.width + left / window.stride_w) * own.out.channels + group * n;
        if (sums.listed[at(first)] == 0) {
          // All of a pixel's channels at once.
          for (Place sum = first; sum < first + n; ++sum) sums.add(sum, 0);
        }
        std::int32_t* to = sums.values.data() + first;
        for (std::int64_t c = 0; c < n; ++c) {
          to[c] = static_cast<std::int32_t>(static_cast<std::uint32_t>(to[c]) +
                                            static_cast<std::uint32_t>(delta * weights[c]));
        }
        macs_[index] += n;
      }
    }
  }
}

void StruckBatch::store_layer(std::size_t index) {
  const network::Layer& own = layer_of(index);
  // Sums that are as they were may have another second operand.
  if (own.residual() != network::kNoMap) {
    const network::MapShape& shape = network_.map(own.residual()).shape;
    for (const Place value : maps_[at(own.residual())].list) {
      if (value % shape.channels < own.out.channels) {
        sums_[index].add(value / shape.channels * own.out.channels + value % shape.channels, 0);
      }
    }
    for (const Place sum : seconds_.list) sums_[index].add(sum, 0);
  }
  const bool pooled = schedule_.layers[index].fused_pool >= 0;
  for (const Place sum : sums_[index].list) {
    if (sums_[index].values[at(sum)] != 0) change(index, sum).sums = true;
    if (pooled) {
      store_pooled(index, sum);
    } else {
      store_value(index, sum);
    }
  }
  for (const Place unit : units_) unit_listed_[at(unit)] = 0;
  units_.clear();
}

void StruckBatch::store_value(std::size_t index, Place sum) {
  const network::Layer& own = layer_of(index);
  const std::int32_t delta = sums_[index].values[at(sum)];
  if (own.logits) {
    if (delta == 0) return;
    const Place image = sum / own.out.values();
    for (const std::int64_t offset : output_places_[index]) {
      std::int32_t& logit =
          (*logits_)[at(image * network_.output_values() + offset + sum % own.out.values())];
      logit = static_cast<std::int32_t>(static_cast<std::uint32_t>(logit) +
                                        static_cast<std::uint32_t>(delta));
    }
    return;
  }
  const network::MapShape& shape = network_.map(own.output).shape;
  const Place value =
      sum / own.out.channels * shape.channels + own.output_channel + sum % own.out.channels;
  if (network_.map(own.output).sums) {
    if (delta == 0) return;
    maps_[at(own.output)].add(value, static_cast<std::uint32_t>(delta));
    change(index, sum).codes = true;
    return;
  }
  const std::int32_t golden = golden_value(own.output, value);
  const std::int32_t now = code(index, sum, true);
  if (golden != now) change(index, sum).codes = true;
  change_value(own.output, value, golden, now);
}

// Of a layer whose outputs are pooled on the way: the window of the sum, once.
void StruckBatch::store_pooled(std::size_t index, Place sum) {
  const network::Layer& own = layer_of(index);
  const std::size_t pool = at(schedule_.layers[index].fused_pool);
  const network::Layer& pooling = layer_of(pool);
  if (code(index, sum, false) == code(index, sum, true)) return;
  change(index, sum).codes = true;
  const std::int64_t channel = sum % own.out.channels;
  const std::int64_t pixel = sum / own.out.channels;
  const std::int64_t x = pixel % own.out.width / pooling.window.kernel_w;
  const std::int64_t y = pixel / own.out.width % own.out.height / pooling.window.kernel_h;
  const std::int64_t image = pixel / own.out.width / own.out.height;
  if (y >= pooling.out.height || x >= pooling.out.width) return;  // fills no window
  const Place first = ((image * own.out.height + y * pooling.window.kernel_h) * own.out.width +
                       x * pooling.window.kernel_w) *
                          own.out.channels +
                      channel;
  if (unit_listed_[at(first)] != 0) return;
  unit_listed_[at(first)] = 1;
  units_.push_back(first);
  std::int16_t maximum = std::numeric_limits<std::int16_t>::min();
  for (std::int64_t ky = 0; ky < pooling.window.kernel_h; ++ky) {
    for (std::int64_t kx = 0; kx < pooling.window.kernel_w; ++kx) {
      maximum = std::max(maximum,
                         code(index, first + (ky * own.out.width + kx) * own.out.channels, true));
    }
  }
  const network::MapShape& shape = network_.map(pooling.output).shape;
  const Place value = ((image * shape.height + y) * shape.width + x) * shape.channels +
                      pooling.output_channel + channel;
  const std::int32_t golden = golden_value(pooling.output, value);
  if (golden != maximum) changes_[at(image)][pool].codes = true;
  change_value(pooling.output, value, golden, maximum);
}

// All of it, from its maps as they are now.
void StruckBatch::run_map_layer(std::size_t index) {
  const network::Layer& own = layer_of(index);
  const auto fill = [&](int map) {
    const auto size = static_cast<std::int64_t>(batch_->maps[at(map)].size()) / kLanes;
    std::vector<std::int16_t>& lane = lane_maps_[at(map)];
    lane.resize(at(size));
    for (std::int64_t place = 0; place < size; ++place) {
      lane[at(place)] = golden_at(at(map), place);
    }
    for (const Place value : maps_[at(map)].list) {
      std::int16_t& to = lane[at(places_[at(map)][at(value)])];
      to = static_cast<std::int16_t>(to + maps_[at(map)].values[at(value)]);
    }
  };
  for (const int map : own.inputs) fill(map);
  fill(own.output);
  map_layers_.run(index, 1, lane_maps_);
  const network::MapShape& shape = network_.map(own.output).shape;
  for (std::int64_t pixel = 0; pixel < schedule_.batch * own.out.height * own.out.width; ++pixel) {
    for (std::int64_t c = 0; c < own.out.channels; ++c) {
      const Place value = pixel * shape.channels + own.output_channel + c;
      const std::int64_t place = places_[at(own.output)][at(value)];
      const std::int32_t golden = golden_at(at(own.output), place);
      const std::int32_t now = lane_maps_[at(own.output)][at(place)];
      if (golden != now) change(index, pixel * own.out.channels).codes = true;
      change_value(own.output, value, golden, now);
    }
  }
}

void StruckBatch::time_layer(std::size_t index) {
  const LayerProgram& program = program_.layers()[index];
  if (std::none_of(program.data_dependent.begin(), program.data_dependent.end(),
                   [](bool depends) { return depends; })) {
    return;
  }
  const network::Layer& own = layer_of(index);
  const std::size_t layout = program_.layouts().input_place(index);
  const PaddedMap& padded = program_.layouts()[layout];
  const auto values = static_cast<std::int64_t>(batch_->maps[layout].size()) / kLanes - 1;
  prefix_.resize(at(values + 1));
  // First whether a value is not zero, then how many of those before.
  for (std::int64_t place = 0; place < values; ++place) {
    prefix_[at(place)] = golden_at(layout, place) != 0 ? 1 : 0;
  }
  const network::MapShape& in = network_.map(own.input()).shape;
  for (const Place value : maps_[at(own.input())].list) {
    const std::int64_t pixel = value / in.channels;
    const std::int64_t place = padded.index(pixel / in.width / in.height,
                                            pixel / in.width % in.height * own.window.insert_h,
                                            pixel % in.width * own.window.insert_w) +
                               value % in.channels;
    const int now = golden_at(layout, place) + maps_[at(own.input())].values[at(value)];
    prefix_[at(place)] = now != 0 ? 1 : 0;
  }
  std::uint16_t count = 0;
  for (std::uint16_t& own_count : prefix_) {
    const std::uint16_t here = own_count;
    own_count = count;
    count = static_cast<std::uint16_t>(count + here);
  }
  std::vector<std::int64_t> commits(program.fronts.size(), -1);
  for (std::size_t f = 0; f < program.fronts.size(); ++f) {
    const Front& front = program.fronts[f];
    if (!program.data_dependent[front.pass]) continue;
    StreamTimes times;
    stream_times(program.passes[front.pass], program.corners[at(front.range)], prefix_.data(), 1,
                 program_.timing(), times);
    commits[f] = times.commit[0];
  }
  for (const StreamRef& stream : program.streams) {
    if (commits[stream.front] < 0) continue;
    streams_.push_back({stream.stream, commits[stream.front] + stream.drain});
  }
}

void StruckBatch::put_maps_out() {
  for (std::size_t o = 0; o < network_.outputs.size(); ++o) {
    const int map = network_.outputs[o].map;
    if (map == network::kNoMap) continue;
    const std::int64_t values = network_.map(map).shape.values();
    const std::int64_t offset = network::output_offset(network_, o);
    for (const Place value : maps_[at(map)].list) {
      (*logits_)[at(value / values * network_.output_values() + offset + value % values)] +=
          maps_[at(map)].values[at(value)];
    }
  }
}

}  // namespace lacuna::fast
