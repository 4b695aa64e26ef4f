#include "fast/activation_faults.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "base/error.hpp"
#include "fast/index.hpp"
#include "memory/fault_kinds.hpp"
#include "memory/fault_overlay.hpp"
#include "schedule/rows.hpp"

namespace lacuna::fast {
namespace {

using schedule::StepKind;

/// How many outputs in [begin, end) have position `kernel` of their window on `at`.
bool is_read_by(std::int64_t at, std::int64_t kernel, int stride, int pad, int dilation, int insert,
                std::int64_t begin, std::int64_t end) {
  const std::int64_t place = at * insert + pad - kernel * dilation;
  return place >= 0 && place % stride == 0 && place / stride >= begin && place / stride < end;
}

}  // namespace

bool is_lasting_value_fault(const fault::Fault& fault) {
  return fault.memory == memory::MemoryId::kActivationSram && fault.is_permanent() &&
         !memory::fault_kind(fault.kind).by_chance;
}

class ActivationFaults::Compiler {
 public:
  Compiler(const network::Network& network, const schedule::Schedule& schedule,
           const arch::AcceleratorSpec& spec, const MapLayouts& layouts,
           std::map<std::int64_t, Slot>& slots)
      : network_(network), schedule_(schedule), spec_(spec), layouts_(layouts), slots_(slots) {}

  /// Whether all visits can be said so.
  bool compile(const fault::FaultPlan& plan, ActivationFaults& faults) {
    // Under gate, counts of gated products depend on what is read.
    if (spec_.zero_skipping == arch::ZeroSkipping::kGate) return false;
    list_cells(plan);
    faults.bits_ = spec_.precision.activation_bits;
    faults.visits_.resize(network_.layers.size());
    std::vector<const schedule::Step*> streams;  // since the last post step
    for (const schedule::Step& step : schedule_.steps) {
      auto& visits = faults.visits_[at(step.layer)];
      switch (step.kind) {
        case StepKind::kStream:
          streams.push_back(&step);
          break;
        case StepKind::kPost:
          if (!add_job(step, streams, visits.emplace_back())) return false;
          streams.clear();
          break;
        case StepKind::kPool:
          if (!add_pool(step, visits)) return false;
          break;
        case StepKind::kTransform:
          if (has_faults(step.input) || has_faults(step.residual)) return false;
          if (visits.empty()) visits.emplace_back();
          break;
        case StepKind::kStoreActivations:
          if (has_faults(step.input)) return false;
          break;
        case StepKind::kLoadWeights:
        case StepKind::kLoadActivations:
        case StepKind::kLoadPe:
          break;
      }
    }
    return true;
  }

 private:
  void list_cells(const fault::FaultPlan& plan) {
    const int bits = spec_.precision.activation_bits;
    const std::int64_t values = spec_.activations_per_word();
    for (std::size_t f = 0; f < plan.faults.size(); ++f) {
      const fault::Fault& fault = plan.faults[f];
      if (!is_lasting_value_fault(fault)) continue;
      const memory::CellPosition& cell = fault.cell;
      if (cell.bit / bits >= values) continue;  // a left-over cell, which nothing reads
      const std::int64_t word = cell.row * spec_.activation_sram.banks + cell.bank;
      slots_[word * values + cell.bit / bits].faults.push_back(f);
    }
    for (auto& [number, slot] : slots_) ask(plan, slot);
  }

  // What every pattern is read as, and by which fault.
  void ask(const fault::FaultPlan& plan, Slot& slot) const {
    const int bits = spec_.precision.activation_bits;
    memory::FaultOverlay overlay({1, bits, 1}, bits);
    std::vector<measure::FaultOutcome> outcomes(slot.faults.size());
    for (std::size_t i = 0; i < slot.faults.size(); ++i) {
      fault::Fault fault = plan.faults[slot.faults[i]];
      fault.cell = {0, 0, fault.cell.bit % bits};
      overlay.arm(fault, plan.seed, &outcomes[i]);
    }
    overlay.begin_batch({});
    slot.changed.resize(slot.faults.size());
    for (std::uint32_t pattern = 0; pattern < std::uint32_t{1} << bits; ++pattern) {
      slot.read.push_back(static_cast<std::uint8_t>(overlay.read(0, pattern, {})));
      for (std::size_t i = 0; i < slot.faults.size(); ++i) {
        slot.changed[i].push_back(static_cast<std::uint8_t>(outcomes[i].reads_changed));
        outcomes[i].reads_changed = 0;
      }
    }
  }

  bool has_faults(std::int32_t region) const {
    if (region < 0) return false;
    const schedule::Region& own = schedule_.regions[at(region)];
    const auto first = slots_.lower_bound(own.base);
    return first != slots_.end() && first->first < own.base + own.slots;
  }

  /// Adds the faulty values of a region of which `reads` says how often they are read.
  template <class Reads>
  void add_reading(std::int32_t region, std::size_t layout, int insert_h, int insert_w,
                   bool by_bitmap, Reads reads, std::vector<Reading>& to) const {
    if (!has_faults(region)) return;
    const schedule::Region& own = schedule_.regions[at(region)];
    Reading reading;
    reading.layout = layout;
    reading.code = network_.map(own.map).code;
    reading.by_bitmap = by_bitmap;
    const schedule::MapView view = schedule::map_view(network_, spec_, own.map);
    for (auto slot = slots_.lower_bound(own.base);
         slot != slots_.end() && slot->first < own.base + own.slots; ++slot) {
      const schedule::MapValue value = schedule::place_of_slot(slot->first, own, view).value;
      FaultyValue faulty;
      faulty.reads = reads(value);
      if (faulty.reads == 0) continue;
      faulty.place = layouts_[layout].index(value.image, value.y * insert_h, value.x * insert_w) +
                     value.channel;
      faulty.slot = &slot->second;
      reading.values.push_back(faulty);
    }
    if (!reading.values.empty()) to.push_back(std::move(reading));
  }

  /// Window positions of outputs in the rows of a range that lie on a value.
  static std::int64_t windows_on(const network::Layer& layer, const schedule::MapValue& value,
                                 std::int64_t begin, std::int64_t end) {
    const network::Window& w = layer.window;
    std::int64_t rows = 0;
    for (std::int64_t ky = 0; ky < w.kernel_h; ++ky) {
      rows += is_read_by(value.y, ky, w.stride_h, w.pad_top, w.dilation_h, w.insert_h, begin, end)
                  ? 1
                  : 0;
    }
    std::int64_t columns = 0;
    for (std::int64_t kx = 0; kx < w.kernel_w; ++kx) {
      columns += is_read_by(value.x, kx, w.stride_w, w.pad_left, w.dilation_w, w.insert_w, 0,
                            layer.out.width)
                     ? 1
                     : 0;
    }
    return rows * columns;
  }

  // All passes of a job read one region; the post unit may read another map's.
  bool add_job(const schedule::Step& post, const std::vector<const schedule::Step*>& streams,
               std::vector<Reading>& visit) const {
    const network::Layer& layer = network_.layers[at(post.layer)];
    const bool faulty = std::any_of(streams.begin(), streams.end(),
                                    [&](const auto* stream) { return has_faults(stream->input); });
    const std::int32_t input = streams.front()->input;
    if (faulty && std::any_of(streams.begin(), streams.end(),
                              [&](const auto* stream) { return stream->input != input; })) {
      return false;
    }
    const schedule::PixelRange& range = schedule_.ranges[at(post.range)];
    const schedule::Block& block = schedule_.blocks[at(post.block)];
    const std::int64_t first_channel = block.group * layer.group_in();
    if (faulty) {
      add_reading(
          input, layouts_.input_place(at(post.layer)), layer.window.insert_h, layer.window.insert_w,
          spec_.zero_skipping == arch::ZeroSkipping::kSkip,
          [&](const schedule::MapValue& value) {
            if (value.channel < first_channel ||
                value.channel >= first_channel + layer.group_in()) {
              return std::int64_t{0};
            }
            const std::int64_t first = value.image * layer.out.height;
            return windows_on(
                layer, value, std::max<std::int64_t>(0, range.row_begin - first),
                std::min(layer.out.height, range.row_begin + range.row_count - first));
          },
          visit);
    }
    const int second = layer.residual();
    const bool second_faulty = has_faults(post.residual);
    // One map cannot stand there as two regions answer.
    if ((faulty || second_faulty) && second == layer.input()) return false;
    if (!second_faulty) return true;
    if (network_.map(second).sums) return false;
    const std::int64_t out = block.group * layer.n() + block.n_begin;
    add_reading(
        post.residual, at(second), 1, 1, false,
        [&](const schedule::MapValue& value) {
          const std::int64_t row = value.image * layer.out.height + value.y;
          return std::int64_t{row >= range.row_begin && row < range.row_begin + range.row_count &&
                              value.channel >= out && value.channel < out + block.n_count};
        },
        visit);
    return true;
  }

  // All steps of a pooling that stands alone read one region.
  bool add_pool(const schedule::Step& step, std::vector<std::vector<Reading>>& visits) {
    const network::Layer& layer = network_.layers[at(step.layer)];
    const schedule::Region& out = schedule_.regions[at(step.output)];
    const bool whole = out.image_begin == 0 && out.image_count == schedule_.batch &&
                       out.row_begin == 0 && out.row_count == layer.out.height;
    if (!has_faults(step.input)) {
      if (visits.empty()) visits.emplace_back();
      return true;
    }
    if (!whole || !visits.empty()) return false;
    add_reading(
        step.input, layouts_.input_place(at(step.layer)), 1, 1, false,
        [&](const schedule::MapValue& value) {
          return windows_on(layer, value, 0, layer.out.height);
        },
        visits.emplace_back());
    return true;
  }

  const network::Network& network_;
  const schedule::Schedule& schedule_;
  const arch::AcceleratorSpec& spec_;
  const MapLayouts& layouts_;
  std::map<std::int64_t, Slot>& slots_;
};

std::unique_ptr<ActivationFaults> ActivationFaults::compile(const network::Network& network,
                                                            const schedule::Schedule& schedule,
                                                            const arch::AcceleratorSpec& spec,
                                                            const MapLayouts& layouts,
                                                            const fault::FaultPlan& plan) {
  std::unique_ptr<ActivationFaults> faults(new ActivationFaults());
  Compiler compiler(network, schedule, spec, layouts, faults->slots_);
  if (!compiler.compile(plan, *faults)) return nullptr;
  return faults;
}

void ActivationFaults::begin_visit(std::size_t layer, std::size_t job, int lanes, int counted,
                                   LaneMaps& maps, std::vector<measure::FaultOutcome>& outcomes) {
  open_ = &visits_[layer][job];
  kept_.clear();
  for (const Reading& reading : *open_) {
    std::vector<std::int16_t>& map = maps[reading.layout];
    for (const FaultyValue& value : reading.values) {
      std::int16_t* operands = map.data() + value.place * lanes;
      kept_.insert(kept_.end(), operands, operands + lanes);
      for (int lane = 0; lane < lanes; ++lane) {
        if (reading.by_bitmap && operands[lane] == 0) continue;
        const std::uint8_t stored = reading.code.pattern(operands[lane], bits_);
        const std::uint8_t read = value.slot->read[stored];
        if (read == stored) continue;
        operands[lane] = reading.code.operand(read, bits_);
        if (lane >= counted) continue;
        for (std::size_t i = 0; i < value.slot->faults.size(); ++i) {
          outcomes[value.slot->faults[i]].reads_changed +=
              value.reads * value.slot->changed[i][stored];
        }
      }
    }
  }
}

void ActivationFaults::end_visit(int lanes, LaneMaps& maps) {
  const std::int16_t* kept = kept_.data();
  for (const Reading& reading : *open_) {
    for (const FaultyValue& value : reading.values) {
      std::copy_n(kept, lanes, maps[reading.layout].data() + value.place * lanes);
      kept += lanes;
    }
  }
}

}  // namespace lacuna::fast
