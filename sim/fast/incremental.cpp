#include "fast/incremental.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/error.hpp"
#include "fast/index.hpp"

namespace lacuna::fast {
namespace {

WeightReads as_trained(const schedule::Schedule& schedule) {
  WeightReads reads;
  reads.changed.resize(schedule.steps.size());
  return reads;
}

}  // namespace

Savings& Savings::operator+=(const Savings& other) {
  computed += other.computed;
  residency += other.residency;
  prefix += other.prefix;
  channel += other.channel;
  early_stop += other.early_stop;
  return *this;
}

IncrementalEngine::IncrementalEngine(const network::Network& network,
                                     const schedule::Schedule& schedule,
                                     const arch::AcceleratorSpec& spec)
    : network_(network),
      schedule_(schedule),
      spec_(spec),
      residency_(schedule, network, spec),
      work_(network, schedule, spec, as_trained(schedule)),
      strikes_(network, schedule, spec, work_, residency_),
      struck_(network, schedule, work_) {
  for (const LayerProgram& layer : work_.layers()) batch_macs_ += layer.counters.macs.total;
  for (std::size_t map = 0; map < network.maps.size(); ++map) {
    is_sliced_.push_back(network.slices(static_cast<int>(map)).size() > 1);
  }
  index_loads();
}

IncrementalEngine::~IncrementalEngine() = default;

std::unique_ptr<IncrementalEngine> IncrementalEngine::make(const network::Network& network,
                                                           const schedule::Schedule& schedule,
                                                           const arch::AcceleratorSpec& spec,
                                                           const std::vector<BatchImages>& batches,
                                                           std::int64_t most_bytes) {
  for (const network::Layer& layer : network.layers) {
    if (layer.report_sums) return nullptr;
  }
  if (network.outputs.empty() || batches.empty()) return nullptr;
  std::unique_ptr<IncrementalEngine> engine(new IncrementalEngine(network, schedule, spec));
  if (engine->work_.one_lane()) return nullptr;
  std::vector<std::int64_t> longest(engine->work_.steps().streams().size());
  for (std::size_t index = 0; index < engine->work_.layers().size(); ++index) {
    for (const StreamRef& stream : engine->work_.layers()[index].streams) {
      longest[stream.stream] =
          engine->work_.dense_times(index)[stream.front].commit[0] + stream.drain;
    }
  }
  if (!engine->work_.steps().fits_lanes(longest)) return nullptr;
  const auto groups = (static_cast<std::int64_t>(batches.size()) + kLanes - 1) / kLanes;
  if (engine->group_bytes() > most_bytes / groups) return nullptr;
  engine->keep(batches);
  return engine;
}

std::int64_t IncrementalEngine::group_bytes() const {
  std::int64_t bytes = static_cast<std::int64_t>(
      (work_.steps().streams().size() + 2 * schedule_.steps.size()) * kLanes * 4);
  for (const PaddedMap& layout : work_.layouts()) {
    bytes += (schedule_.batch * layout.image_values() + 1) * kLanes * 2;
  }
  for (const network::Layer& layer : network_.layers) {
    if (layer.is_gemm()) bytes += schedule_.batch * layer.out.values() * kLanes * 4;
  }
  return bytes;
}

// The PE loads of the passes of each job, as the compiler numbers jobs.
void IncrementalEngine::index_loads() {
  jobs_of_load_.resize(schedule_.steps.size());
  std::vector<std::size_t> jobs(network_.layers.size());
  schedule::StepId in_set[2] = {schedule::kNoStep, schedule::kNoStep};
  std::vector<schedule::StepId> open;
  for (std::size_t id = 0; id < schedule_.steps.size(); ++id) {
    const schedule::Step& step = schedule_.steps[id];
    if (step.kind == schedule::StepKind::kLoadPe) in_set[step.set] = static_cast<std::int32_t>(id);
    if (step.kind == schedule::StepKind::kStream) open.push_back(in_set[step.set]);
    if (step.kind != schedule::StepKind::kPost) continue;
    const std::size_t job = jobs[at(step.layer)]++;
    for (const schedule::StepId load : open) jobs_of_load_[at(load)].push_back(job);
    open.clear();
  }
}

void IncrementalEngine::keep(const std::vector<BatchImages>& batches) {
  work_.keep_sums(true);
  const std::size_t streams = work_.steps().streams().size();
  for (std::size_t first = 0; first < batches.size(); first += kLanes) {
    Group group;
    group.batches =
        static_cast<std::int64_t>(std::min<std::size_t>(kLanes, batches.size() - first));
    std::vector<const BatchImages*> images;
    for (std::int64_t lane = 0; lane < kLanes; ++lane) {
      images.push_back(&batches[first + at(std::min(lane, group.batches - 1))]);
    }
    const std::vector<measure::BatchResult>& results = work_.run(images);
    group.maps = work_.maps();
    for (std::size_t index = 0; index < network_.layers.size(); ++index) {
      // Of a map that is pooled on the way nothing is ever stored.
      const network::Layer& layer = network_.layers[index];
      if (!layer.logits && output_map(index) != at(layer.output)) group.maps[at(layer.output)] = {};
    }
    group.sums = work_.kept_sums();
    group.stream_cycles.resize(streams * kLanes);
    for (std::size_t stream = 0; stream < streams; ++stream) {
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        group.stream_cycles[stream * kLanes + lane] =
            static_cast<std::int32_t>(work_.stream_cycles()[lane][stream]);
      }
    }
    group.times = work_.steps().place_all(group.stream_cycles.data());
    for (std::int64_t lane = 0; lane < kLanes; ++lane) {
      const measure::BatchResult& batch = results[at(lane)];
      group.logits.push_back(batch.logits);
      if (lane >= group.batches) continue;
      golden_.logits.insert(golden_.logits.end(), batch.logits.begin(), batch.logits.end());
      golden_.cycles.push_back(batch.cycles.value);
    }
    groups_.push_back(std::move(group));
  }
  work_.keep_sums(false);
  stream_cycles_.resize(streams * kLanes);
  for (const std::vector<std::int16_t>& map : work_.maps()) {
    Difference difference;
    difference.values.resize(map.size());
    difference.changed.resize(map.size() / kLanes + 1);
    differences_.push_back(std::move(difference));
  }
  whole_.resize(work_.maps().size());
}

IncrementalEngine::Deltas IncrementalEngine::deltas_of(
    const std::vector<WeightChange>& changes) const {
  Deltas deltas;
  for (const WeightChange& change : changes) {
    const schedule::Step& step = schedule_.steps[at(change.load)];
    const schedule::Block& block = schedule_.blocks[at(step.block)];
    const std::size_t index = at(step.layer);
    const network::Layer& layer = network_.layers[index];
    Delta delta;
    delta.layer = at(step.layer);
    delta.channel = static_cast<int>(change.n);
    delta.offset =
        value_offset(layer, work_.layouts().of_input(index), block.group, block.k_begin + change.k);
    delta.delta = change.delta;
    for (const std::size_t job : jobs_of_load_[at(change.load)]) {
      delta.job = job;
      deltas.push_back(delta);
    }
  }
  std::sort(deltas.begin(), deltas.end(), [](const Delta& a, const Delta& b) {
    return std::tie(a.layer, a.job, a.channel, a.offset) <
           std::tie(b.layer, b.job, b.channel, b.offset);
  });
  return deltas;
}

PlanResult IncrementalEngine::run(const fault::FaultPlan& plan, std::int64_t weight_words,
                                  const Shortcuts& shortcuts) {
  PlanResult result = golden_;
  WeightChanges changes =
      shortcuts.residency
          ? replay_faulty_cells(residency_, schedule_, network_, spec_, plan)
          : changes_of(replay_weight_sram(schedule_, network_, spec_, plan, weight_words, 0),
                       schedule_, network_);
  const auto batches = static_cast<std::int64_t>(golden_.cycles.size());
  result.faults = std::move(changes.outcomes);
  for (measure::FaultOutcome& outcome : result.faults) outcome.reads_changed *= batches;
  if (shortcuts.residency && changes.list.empty()) {
    result.savings.residency = batch_macs_ * batches;
    return result;
  }
  const Deltas deltas = deltas_of(changes.list);
  std::size_t first_batch = 0;
  for (const Group& group : groups_) {
    run_group(group, deltas, shortcuts, first_batch, result);
    first_batch += at(group.batches);
  }
  return result;
}

const network::Layer& IncrementalEngine::writer(std::size_t index) const {
  const std::int32_t pool = schedule_.layers[index].fused_pool;
  return network_.layers[pool >= 0 ? at(pool) : index];
}

std::size_t IncrementalEngine::output_map(std::size_t index) const {
  return at(writer(index).output);
}

void IncrementalEngine::run_group(const Group& group, const Deltas& deltas,
                                  const Shortcuts& shortcuts, std::size_t first_batch,
                                  PlanResult& result) {
  begin_group();
  run_layers(group, deltas, shortcuts, result.savings);
  end_group(group);
  take_results(group, first_batch, result);
}

void IncrementalEngine::begin_group() {
  std::fill(whole_.begin(), whole_.end(), false);
  timed_ = false;
  logits_ = false;
}

void IncrementalEngine::run_layers(const Group& group, const Deltas& deltas,
                                   const Shortcuts& shortcuts, Savings& savings) {
  const std::size_t layers = network_.layers.size();
  const std::size_t first_changed = deltas.empty() ? layers : deltas.front().layer;
  auto next = deltas.begin();
  for (std::size_t index = 0; index < layers; ++index) {
    const auto begin = next;
    while (next != deltas.end() && next->layer == index) ++next;
    if (work_.is_fused(index)) continue;
    const std::int64_t macs = work_.layers()[index].counters.macs.total * group.batches;
    if (index < first_changed && shortcuts.prefix) {
      savings.prefix += macs;
    } else if (index >= first_changed && shortcuts.early_stop && begin == next &&
               !operands_changed(index)) {
      savings.early_stop += macs;
    } else {
      run_layer(index, group, {begin, next}, index >= first_changed, shortcuts, savings);
    }
  }
}

// Outputs that are maps; then nothing differs any more.
void IncrementalEngine::end_group(const Group& group) {
  for (const network::Output& output : network_.outputs) {
    if (output.map == network::kNoMap || !differences_[at(output.map)].any) continue;
    begin_logits(group);
    values(at(output.map), group);
    work_.take_outputs_of(at(output.map));
  }
  for (std::size_t map = 0; map < differences_.size(); ++map) forget(map);
}

// Fault-free, before the first layer or map that changes them.
void IncrementalEngine::begin_logits(const Group& group) {
  if (logits_) return;
  logits_ = true;
  for (std::size_t lane = 0; lane < kLanes; ++lane) work_.logits(lane) = group.logits[lane];
}

bool IncrementalEngine::operands_changed(std::size_t index) const {
  const network::Layer& layer = network_.layers[index];
  return differences_[at(layer.input())].any ||
         (layer.residual() >= 0 && differences_[at(layer.residual())].any);
}

// `below_change`: weights of this layer or of one before have changed.
void IncrementalEngine::run_layer(std::size_t index, const Group& group, DeltaRange deltas,
                                  bool below_change, const Shortcuts& shortcuts, Savings& savings) {
  const network::Layer& layer = network_.layers[index];
  const std::int64_t macs = work_.layers()[index].counters.macs.total * group.batches;
  const std::size_t place = work_.layouts().input_place(index);
  if (work_.layouts().is_spread(index) && differences_[at(layer.input())].any) {
    values(at(layer.input()), group);
    values(place, group);
    work_.spread_input(index);
    compare_all(place, group);
  }
  if (differences_[place].bitmap || !shortcuts.early_stop) {
    values(place, group);
    if (layer.is_gemm()) time_layer(index, group);
  }
  if (layer.logits) begin_logits(group);
  if (layer.residual() >= 0) values(at(layer.residual()), group);  // read when outputs are stored
  // Other layers' slices of the map are to stay what they are.
  if (!layer.logits && is_sliced_[output_map(index)]) values(output_map(index), group);
  if (!(shortcuts.channel && layer.is_gemm() && below_change)) {
    compute_again(index, group, deltas);
    savings.computed += macs;
  } else {
    // Where nothing is known to be equal, all of the sums are gone through; where only the
    // residual operand changed, they are as they were, but all outputs are stored again.
    const bool all = operands_changed(index) || !shortcuts.early_stop;
    const std::int64_t done =
        std::min(macs, group.batches * (all ? correct_inputs(index, group, deltas)
                                            : correct_weights(index, group, deltas)));
    savings.computed += done;
    savings.channel += macs - done;
    if (!all) return;  // compared on the way
  }
  if (layer.logits) return;
  whole_[output_map(index)] = true;
  compare_outputs(index, group);
}

// Cycles and logits of the group's batches, where they may have changed.
void IncrementalEngine::take_results(const Group& group, std::size_t first_batch,
                                     PlanResult& result) {
  const auto batches = at(group.batches);
  std::int32_t totals[kLanes];
  if (total_cycles(group, totals)) {
    std::copy_n(totals, batches, result.cycles.begin() + static_cast<std::ptrdiff_t>(first_batch));
  }
  if (!logits_) return;
  const std::size_t size = group.logits[0].size();
  for (std::size_t lane = 0; lane < batches; ++lane) {
    std::copy_n(work_.logits(lane).begin(), size,
                result.logits.begin() + static_cast<std::ptrdiff_t>((first_batch + lane) * size));
  }
}

/// Whether any stream takes another time; then the cycles of all lanes.
bool IncrementalEngine::total_cycles(const Group& group, std::int32_t* totals) {
  if (!timed_) return false;
  const auto differs =
      std::mismatch(stream_cycles_.begin(), stream_cycles_.end(), group.stream_cycles.begin())
          .first;
  if (differs == stream_cycles_.end()) return false;
  work_.steps().totals(stream_cycles_.data(),
                       static_cast<std::size_t>(differs - stream_cycles_.begin()) / kLanes,
                       group.times, totals);
  return true;
}

void IncrementalEngine::begin_streams(const Group& group) {
  if (!timed_) stream_cycles_ = group.stream_cycles;
  timed_ = true;
}

void IncrementalEngine::time_layer(std::size_t index, const Group& group) {
  const LayerProgram& program = work_.layers()[index];
  if (std::none_of(program.data_dependent.begin(), program.data_dependent.end(),
                   [](bool depends) { return depends; })) {
    return;
  }
  begin_streams(group);
  const std::uint16_t* prefix = work_.count_values(work_.layouts().input_place(index));
  std::vector<StreamTimes> times = work_.dense_times(index);
  for (std::size_t f = 0; f < program.fronts.size(); ++f) {
    const Front& front = program.fronts[f];
    if (!program.data_dependent[front.pass]) continue;
    stream_times(program.passes[front.pass], program.corners[at(front.range)], prefix, kLanes,
                 work_.timing(), times[f]);
  }
  for (const StreamRef& stream : program.streams) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      stream_cycles_[stream.stream * kLanes + lane] =
          static_cast<std::int32_t>(times[stream.front].commit[lane] + stream.drain);
    }
  }
}

void IncrementalEngine::add_deltas(DeltaRange deltas, std::int64_t corner,
                                   const std::int16_t* map) {
  for (auto delta = deltas.first; delta != deltas.second; ++delta) {
    add_scaled(map + (corner + delta->offset) * kLanes, delta->delta,
               work_.sums() + delta->channel * kLanes);
  }
}

// Fault-free sums, corrected by the changed inputs and weights.
std::int64_t IncrementalEngine::correct_inputs(std::size_t index, const Group& group,
                                               DeltaRange deltas) {
  const network::Layer& layer = network_.layers[index];
  const LayerProgram& program = work_.layers()[index];
  const std::size_t place = work_.layouts().input_place(index);
  const Difference& input = differences_[place];
  const std::int16_t* map = deltas.first != deltas.second ? values(place, group) : nullptr;
  std::int64_t macs = 0;
  auto next = deltas.first;
  for (std::size_t j = 0; j < program.jobs.size(); ++j) {
    const TileJob& job = program.jobs[j];
    const auto begin = next;
    while (next != deltas.second && next->job == j) ++next;
    const TileWeights& tile = program.weights[job.weights];
    const schedule::PixelRange& range = program.ranges[at(job.range)];
    const Corners& corners = program.corners[at(job.range)];
    std::size_t pixel = 0;
    for (std::int64_t row = range.row_begin; row < range.row_begin + range.row_count; ++row) {
      for (std::int64_t x = 0; x < layer.out.width; ++x, ++pixel) {
        const std::int64_t corner = corners[pixel];
        pairs_.clear();
        if (input.any) {
          for (std::size_t pair = 0; pair < tile.offsets.size(); ++pair) {
            const std::uint8_t* changed = input.changed.data() + corner + tile.offsets[pair];
            if ((changed[0] | changed[1]) != 0) pairs_.push_back(static_cast<std::uint32_t>(pair));
          }
        }
        const std::int32_t* base =
            group.sums[index].data() +
            ((row * layer.out.width + x) * layer.out.channels + job.first_channel) * kLanes;
        add_pairs(tile, pairs_, input.values.data() + corner * kLanes, base, work_.sums());
        add_deltas({begin, next}, corner, map);
        work_.store_outputs(index, row, x, job, tile.channels);
        macs += static_cast<std::int64_t>(pairs_.size()) * 2 * tile.channels + (next - begin);
      }
    }
  }
  return macs;
}

// The same where the input is as it was: only the channels with changed weights are gone through.
std::int64_t IncrementalEngine::correct_weights(std::size_t index, const Group& group,
                                                DeltaRange deltas) {
  const network::Layer& layer = network_.layers[index];
  const LayerProgram& program = work_.layers()[index];
  const std::int16_t* map = group.maps[work_.layouts().input_place(index)].data();
  std::int64_t macs = 0;
  for (auto next = deltas.first; next != deltas.second;) {
    const auto begin = next;
    while (next != deltas.second && next->job == begin->job && next->channel == begin->channel) {
      ++next;
    }
    TileJob job = program.jobs[begin->job];
    job.first_channel += begin->channel;
    const schedule::PixelRange& range = program.ranges[at(job.range)];
    const Corners& corners = program.corners[at(job.range)];
    std::size_t pixel = 0;
    for (std::int64_t row = range.row_begin; row < range.row_begin + range.row_count; ++row) {
      for (std::int64_t x = 0; x < layer.out.width; ++x, ++pixel) {
        std::copy_n(
            group.sums[index].data() +
                ((row * layer.out.width + x) * layer.out.channels + job.first_channel) * kLanes,
            kLanes, work_.sums());
        for (auto delta = begin; delta != next; ++delta) {
          add_scaled(map + (corners[pixel] + delta->offset) * kLanes, delta->delta, work_.sums());
        }
        work_.store_outputs(index, row, x, job, 1);
        macs += next - begin;
      }
    }
    compare_channel(index, group, job);
  }
  return macs;
}

// Without help of the fault-free sums.
void IncrementalEngine::compute_again(std::size_t index, const Group& group, DeltaRange deltas) {
  const network::Layer& layer = network_.layers[index];
  const std::int16_t* map = values(work_.layouts().input_place(index), group);
  if (!layer.is_gemm()) {
    work_.run_map_layer(index);
    return;
  }
  const LayerProgram& program = work_.layers()[index];
  auto next = deltas.first;
  for (std::size_t j = 0; j < program.jobs.size(); ++j) {
    const TileJob& job = program.jobs[j];
    const auto begin = next;
    while (next != deltas.second && next->job == j) ++next;
    if (begin == next) {
      work_.compute_job(index, job);
      continue;
    }
    const TileWeights& tile = program.weights[job.weights];
    const schedule::PixelRange& range = program.ranges[at(job.range)];
    const Corners& corners = program.corners[at(job.range)];
    std::size_t pixel = 0;
    for (std::int64_t row = range.row_begin; row < range.row_begin + range.row_count; ++row) {
      for (std::int64_t x = 0; x < layer.out.width; ++x, ++pixel) {
        multiply_tile(tile, map + corners[pixel] * kLanes, kLanes, work_.sums());
        add_deltas({begin, next}, corners[pixel], map);
        work_.store_outputs(index, row, x, job, tile.channels);
      }
    }
  }
}

void IncrementalEngine::compare_value(std::size_t map, const Group& group, std::int64_t value) {
  Difference& difference = differences_[map];
  const int what = subtract_lanes(work_.map(map).data() + value * kLanes,
                                  group.maps[map].data() + value * kLanes,
                                  difference.values.data() + value * kLanes);
  if (what == 0) return;
  difference.any = true;
  difference.bitmap = difference.bitmap || (what & 2) != 0;
  difference.changed[at(value)] = 1;
  difference.list.push_back(value);
}

void IncrementalEngine::compare_all(std::size_t map, const Group& group) {
  const auto count = static_cast<std::int64_t>(group.maps[map].size() / kLanes);
  for (std::int64_t value = 0; value < count; ++value) compare_value(map, group, value);
}

// All that a layer has stored.
void IncrementalEngine::compare_outputs(std::size_t index, const Group& group) {
  const std::size_t map = output_map(index);
  if (!is_sliced_[map]) return compare_all(map, group);
  const network::Layer& own = writer(index);
  for (std::int64_t image = 0; image < schedule_.batch; ++image) {
    for (std::int64_t y = 0; y < own.out.height; ++y) {
      for (std::int64_t x = 0; x < own.out.width; ++x) {
        const std::int64_t first = work_.layouts()[map].index(image, y, x) + own.output_channel;
        for (std::int64_t c = 0; c < own.out.channels; ++c) compare_value(map, group, first + c);
      }
    }
  }
}

// What a job has stored of one channel.
void IncrementalEngine::compare_channel(std::size_t index, const Group& group, const TileJob& job) {
  const network::Layer& layer = network_.layers[index];
  if (layer.logits) return;
  const std::size_t map = output_map(index);
  const network::MapShape& shape = network_.map(static_cast<int>(map)).shape;
  const std::int32_t pool = schedule_.layers[index].fused_pool;
  const std::int64_t step_y = pool >= 0 ? network_.layers[at(pool)].window.kernel_h : 1;
  const schedule::PixelRange& range = work_.layers()[index].ranges[at(job.range)];
  for (std::int64_t row = range.row_begin; row < range.row_begin + range.row_count; ++row) {
    const std::int64_t y = row % layer.out.height;
    if (y % step_y != 0 || y / step_y >= shape.height) continue;
    for (std::int64_t x = 0; x < shape.width; ++x) {
      compare_output(index, group,
                     work_.layouts()[map].index(row / layer.out.height, y / step_y, x),
                     job.first_channel);
    }
  }
}

// One output of a GEMM layer; `pixel` is the place of its pixel's channel 0.
void IncrementalEngine::compare_output(std::size_t index, const Group& group, std::int64_t pixel,
                                       std::int64_t channel) {
  const std::size_t map = output_map(index);
  if (network_.map(static_cast<int>(map)).sums) {
    compare_value(map, group, pixel + 2 * channel);
    compare_value(map, group, pixel + 2 * channel + 1);
  } else {
    compare_value(map, group, pixel + writer(index).output_channel + channel);
  }
}

// All values of a map as they are now.
const std::int16_t* IncrementalEngine::values(std::size_t map, const Group& group) {
  if (whole_[map]) return work_.map(map).data();
  std::vector<std::int16_t>& own = work_.map(map);
  std::copy(group.maps[map].begin(), group.maps[map].end(), own.begin());
  const Difference& difference = differences_[map];
  for (const std::int64_t value : difference.list) {
    for (std::int64_t lane = value * kLanes; lane < (value + 1) * kLanes; ++lane) {
      own[at(lane)] = static_cast<std::int16_t>(own[at(lane)] + difference.values[at(lane)]);
    }
  }
  whole_[map] = true;
  return own.data();
}

void IncrementalEngine::forget(std::size_t map) {
  Difference& difference = differences_[map];
  if (!difference.any) return;
  for (const std::int64_t value : difference.list) {
    difference.changed[at(value)] = 0;
    std::fill_n(difference.values.begin() + value * kLanes, kLanes, std::int16_t{0});
  }
  difference.list.clear();
  difference.any = false;
  difference.bitmap = false;
}

}  // namespace lacuna::fast
