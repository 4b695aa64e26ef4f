#include <algorithm>
#include <set>

#include "exactness/reference_run.hpp"
#include "reference/pass_recurrence.hpp"

namespace lacuna::reference {
namespace {

using schedule::Resource;
using schedule::Step;
using schedule::StepId;
using schedule::StepKind;

std::size_t at(std::int64_t index) { return static_cast<std::size_t>(index); }

struct StepTime {
  std::int64_t start = 0;
  std::int64_t end = 0;
};

class TimeEvaluation {
 public:
  TimeEvaluation(const schedule::Schedule& schedule, const network::Network& network,
                 const arch::AcceleratorSpec& spec, const Values& values)
      : schedule_(schedule), network_(network), spec_(spec), values_(values) {}

  Times run() {
    Times times;
    times.layers.resize(network_.layers.size());
    times.splits.resize(network_.layers.size());
    place_steps(times);
    for (const StepTime& step : steps_) times.total = std::max(times.total, step.end);
    for (std::int64_t cycle = 0; cycle < times.total; ++cycle) classify(cycle, times);
    return times;
  }

 private:
  const Step& step(StepId id) const { return schedule_.steps[at(id)]; }

  std::int64_t bytes_of(const Step& s) const {
    std::int64_t bits = 0;
    if (s.kind == StepKind::kLoadWeights) {
      const schedule::Block& block = schedule_.blocks[at(s.block)];
      bits = block.k_count * block.n_count * spec_.precision.weight_bits;
    } else {
      const network::Map& map = network_.map(s.rows.map);
      bits = s.rows.image_count * s.rows.row_count * map.shape.width * s.rows.channel_count *
             (map.sums ? 32 : spec_.precision.activation_bits);
    }
    return (bits + 7) / 8;
  }

  // s(m, r) of a stream from the codes that the layer reads.
  std::vector<std::vector<std::int64_t>> slots_of_stream(const Step& s) const {
    const schedule::Block& block = schedule_.blocks[at(s.block)];
    const schedule::PixelRange& range = schedule_.ranges[at(s.range)];
    const network::Layer& layer = network_.layers[at(s.layer)];
    const int used = static_cast<int>(std::min<std::int64_t>(spec_.array.rows, block.k_count));
    const int rows = spec_.array.whole_folds ? spec_.array.rows : used;
    const bool skip = spec_.zero_skipping == arch::ZeroSkipping::kSkip;
    std::vector<std::vector<std::int64_t>> slots;
    for (std::int64_t row = range.row_begin; row < range.row_begin + range.row_count; ++row) {
      for (std::int64_t x = 0; x < layer.out.width; ++x) {
        std::vector<RowWork> work(at(rows));
        std::vector<std::set<std::pair<std::int64_t, std::int64_t>>> words(at(rows));
        for (std::int64_t v = 0; v < block.k_count; ++v) {
          const std::size_t r = at(row_of(v, block.k_count, used));
          const std::int64_t k = block.k_begin + v;
          const std::int64_t position = k / layer.group_in();
          const std::int64_t channel = block.group * layer.group_in() + k % layer.group_in();
          const network::Window& w = layer.window;
          const std::int64_t up = row % layer.out.height * w.stride_h - w.pad_top +
                                  position / w.kernel_w * w.dilation_h;
          const std::int64_t left =
              x * w.stride_w - w.pad_left + position % w.kernel_w * w.dilation_w;
          const bool inside = up >= 0 && up % w.insert_h == 0 &&
                              up / w.insert_h < layer.in.height && left >= 0 &&
                              left % w.insert_w == 0 && left / w.insert_w < layer.in.width;
          const Operands& map = values_.maps[at(layer.inputs[0])][at(row / layer.out.height)];
          const std::int64_t pixel_at = up / w.insert_h * layer.in.width + left / w.insert_w;
          const int operand = inside ? map[at(pixel_at * layer.in.channels + channel)] : 0;
          if (!skip || operand != 0) ++work[r].activations;
          if (skip) words[r].insert({position, channel / spec_.array.weights_per_pe});
        }
        std::vector<std::int64_t> pixel;
        for (std::size_t r = 0; r < work.size(); ++r) {
          work[r].bitmap_words = static_cast<std::int64_t>(words[r].size());
          pixel.push_back(slots_of(work[r]));
        }
        slots.push_back(std::move(pixel));
      }
    }
    return slots;
  }

  std::int64_t row_of(std::int64_t v, std::int64_t count, std::int64_t used) const {
    if (spec_.array.k_order == arch::KOrder::kInterleaved) return v % used;
    std::int64_t row = 0;  // deal out shares until v is reached
    for (std::int64_t first = 0;; ++row) {
      const std::int64_t share = count / used + (row < count % used ? 1 : 0);
      if (v < first + share) return row;
      first += share;
    }
  }

  std::int64_t duration(const Step& s, Times& times) const {
    const network::Layer& layer = network_.layers[at(s.layer)];
    if (s.kind == StepKind::kPool || s.kind == StepKind::kTransform) {
      const schedule::Region& out = schedule_.regions[at(s.output)];
      std::int64_t a_tap = 0;
      for (std::int64_t c = 0; c < layer.out.channels; c += spec_.array.cols) {
        const std::int64_t tile = std::min<std::int64_t>(spec_.array.cols, layer.out.channels - c);
        a_tap += (tile + *spec_.post.lanes - 1) / *spec_.post.lanes;
      }
      const std::int64_t pixels = out.image_count * out.row_count * layer.out.width;
      if (s.kind == StepKind::kPool) {
        return pixels * layer.window.kernel_h * layer.window.kernel_w * a_tap;
      }
      if (layer.kind == network::LayerKind::kResize) return pixels * (layer.linear ? 4 : 1) * a_tap;
      if (layer.inputs.size() < 2) return pixels * a_tap;
      // Each operand of a pixel takes an entry a tile; a map of one pixel one an image and tile.
      const network::MapShape& second = network_.maps[at(layer.inputs[1])].shape;
      const bool once = second.height * second.width == 1 && layer.out.height * layer.out.width > 1;
      return (pixels + (once ? out.image_count : pixels)) * a_tap;
    }
    const schedule::Block& block = schedule_.blocks[at(s.block)];
    if (s.kind == StepKind::kLoadPe) {
      return spec_.array.whole_folds ? std::int64_t{spec_.array.rows} * spec_.array.weights_per_pe
                                     : block.k_count;
    }
    if (s.kind == StepKind::kPost) {
      const std::int64_t pixels = schedule_.ranges[at(s.range)].row_count * layer.out.width;
      const std::int64_t entry = (block.n_count + *spec_.post.lanes - 1) / *spec_.post.lanes;
      return layer.inputs.size() > 1 ? pixels * entry + pixels * entry : pixels * entry;
    }
    PassShape shape;
    shape.cols = spec_.array.whole_folds ? spec_.array.cols : static_cast<int>(block.n_count);
    shape.psum_fifo_depth = spec_.array.psum_fifo_depth;
    shape.local_accumulators = spec_.array.local_accumulators;
    const auto slots = slots_of_stream(s);
    const PassSplit split = pass_split(slots, shape);
    measure::StreamSplit& sum = times.splits[at(s.layer)];
    sum.work += base::Cycles{split.work};
    sum.fill_drain += base::Cycles{split.fill_drain};
    sum.imbalance += base::Cycles{split.imbalance};
    return pass_times(slots, shape).cycles;
  }

  void place_steps(Times& times) {
    std::array<StepTime, schedule::kResources> last{};
    for (const Step& s : schedule_.steps) {
      std::int64_t ready = 0;
      for (const StepId wait : s.waits) {
        if (wait >= 0) ready = std::max(ready, steps_[at(wait)].end);
      }
      if (s.after_start >= 0) ready = std::max(ready, steps_[at(s.after_start)].start);
      StepTime& before = last[static_cast<std::size_t>(schedule::resource_of(s.kind))];
      StepTime own;
      switch (schedule::resource_of(s.kind)) {
        case Resource::kDma: {
          std::int64_t beats = 0;
          if (const auto& rate = spec_.dram.bytes_per_cycle) {
            beats = (bytes_of(s) * rate->under() + rate->over() - 1) / rate->over();
          }
          own.start = std::max(ready, before.start);
          own.end = std::max(own.start + spec_.dram.latency_cycles, before.end) + beats;
          break;
        }
        case Resource::kLoader:
        case Resource::kArray:
          own.start = std::max(ready, before.end);
          own.end = own.start + duration(s, times);
          break;
        case Resource::kPost:
          own.start = std::max(ready, before.start);
          own.end = spec_.post.lanes ? std::max(own.start + spec_.post.latency_cycles, before.end) +
                                           duration(s, times)
                                     : own.start;
          break;
      }
      before = own;
      steps_.push_back(own);
    }
  }

  bool runs(std::size_t id, std::int64_t cycle) const {
    return steps_[id].start <= cycle && cycle < steps_[id].end;
  }

  void blame(std::size_t id, std::int64_t cycle, std::set<std::size_t>& seen, bool& dma,
             bool& post) const {
    if (steps_[id].end <= cycle || !seen.insert(id).second) return;
    const Step& s = schedule_.steps[id];
    const Resource resource = schedule::resource_of(s.kind);
    if (runs(id, cycle)) {
      dma = dma || resource == Resource::kDma;
      post = post || resource == Resource::kPost;
    }
    for (const StepId wait : s.waits) {
      if (wait >= 0) blame(at(wait), cycle, seen, dma, post);
    }
    if (s.after_start >= 0 && steps_[at(s.after_start)].start > cycle) {
      blame(at(s.after_start), cycle, seen, dma, post);
    }
    for (std::size_t before = 0; before < id; ++before) {
      if (schedule::resource_of(schedule_.steps[before].kind) == resource) {
        blame(before, cycle, seen, dma, post);
      }
    }
  }

  void classify(std::int64_t cycle, Times& times) const {
    std::size_t next = steps_.size();
    bool loading = false;
    for (std::size_t id = steps_.size(); id-- > 0;) {
      const StepKind kind = schedule_.steps[id].kind;
      if (kind == StepKind::kStream && runs(id, cycle)) {
        times.layers[at(schedule_.steps[id].layer)].stream += base::Cycles{1};
        return;
      }
      if (kind == StepKind::kStream && steps_[id].start > cycle) next = id;
      loading = loading || (kind == StepKind::kLoadPe && runs(id, cycle));
    }
    const std::size_t layer =
        next < steps_.size() ? at(schedule_.steps[next].layer) : times.layers.size() - 1;
    measure::CycleClasses& classes = times.layers[layer];
    if (loading) {
      classes.weight_load += base::Cycles{1};
      return;
    }
    std::set<std::size_t> seen;
    bool dma = false;
    bool post = false;
    if (next < steps_.size()) {
      blame(next, cycle, seen, dma, post);
    } else {
      for (std::size_t id = 0; id < steps_.size(); ++id) blame(id, cycle, seen, dma, post);
    }
    (dma ? classes.memory_wait : post ? classes.post_wait : classes.idle) += base::Cycles{1};
  }

  const schedule::Schedule& schedule_;
  const network::Network& network_;
  const arch::AcceleratorSpec& spec_;
  const Values& values_;
  std::vector<StepTime> steps_;
};

}  // namespace

Times times_of(const schedule::Schedule& schedule, const network::Network& network,
               const arch::AcceleratorSpec& spec, const Values& values) {
  return TimeEvaluation(schedule, network, spec, values).run();
}

}  // namespace lacuna::reference
