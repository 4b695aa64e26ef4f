#include "schedule/activation_residency.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "base/error.hpp"

namespace lacuna::schedule {
namespace {

/// Whether some output in [begin, end) has its window's position `kernel` on row `row`.
bool is_under(std::int64_t row, std::int64_t kernel, int stride, int pad, int dilation, int insert,
              std::int64_t begin, std::int64_t end) {
  const std::int64_t at = row * insert + pad - kernel * dilation;
  return at >= 0 && at % stride == 0 && at / stride >= begin && at / stride < end;
}

/// Whether some output in [begin, end) is made of row `row`.
bool is_sampled(std::int64_t row, const std::vector<network::Sample>& samples, std::int64_t begin,
                std::int64_t end) {
  return std::any_of(
      samples.begin() + begin, samples.begin() + end,
      [&](const network::Sample& own) { return own.first == row || own.second == row; });
}

}  // namespace

ActivationResidency::ActivationResidency(const Schedule& schedule, const network::Network& network,
                                         const arch::AcceleratorSpec& spec, MemoryId memory)
    : schedule_(schedule),
      network_(network),
      spec_(spec),
      banks_(spec.activation_sram.banks),
      slot_bits_(memory == MemoryId::kActivationSram ? spec.precision.activation_bits : 1),
      slots_per_word_(memory == MemoryId::kActivationSram ? spec.activations_per_word()
                                                          : spec.bitmap_word_bits()) {
  SIM_CHECK(memory == MemoryId::kActivationSram || memory == MemoryId::kActivationBitmap,
            "residency", -1, "a memory that holds no map");
  std::vector<RowAccess> accesses;
  for_each_access(schedule, network, spec, memory, [&](const Access& access) {
    accesses.push_back({access.first, access.end(), accesses.size(), access});
  });
  accesses_.build(std::move(accesses));
  regions_.resize(network.maps.size());
  for (std::size_t i = 0; i < schedule.regions.size(); ++i) {
    regions_[static_cast<std::size_t>(schedule.regions[i].map)].push_back(i);
  }
}

std::vector<ValueStay> ActivationResidency::stays_in(std::int64_t slot) const {
  std::vector<ValueStay> list;
  const auto in_order = [](const RowAccess& a, const RowAccess& b) { return a.number < b.number; };
  for (const RowAccess* found : accesses_.at(slot, in_order)) {
    const Access& access = found->access;
    const Region& own = region(access.region);
    const SlotPlace place = place_of_slot(slot, own, map_view(network_, spec_, own.map));
    if (!touches(access, place.value)) continue;
    if (access.kind == AccessKind::kWrite) {
      if (!list.empty()) list.back().stay.until = access.step;
      list.push_back({place.value,
                      place.part * slot_bits_,
                      {access.step, static_cast<StepId>(schedule_.steps.size()), {}}});
      continue;
    }
    SIM_CHECK(!list.empty() && list.back().value == place.value, "residency", access.step,
              "a step reads a value that does not lie there");
    std::vector<StepId>& reads = list.back().stay.reads;
    if (reads.empty() || reads.back() != access.step) reads.push_back(access.step);
  }
  return list;
}

bool ActivationResidency::touches(const Access& access, const MapValue& value) const {
  const std::int64_t channel = value.channel - access.channels.begin;
  if (channel < 0 || channel >= access.channels.count) return false;
  if (access.kind == AccessKind::kWrite) return true;
  const network::Layer& layer = network_.layers[static_cast<std::size_t>(access.layer)];
  if (access.by == StepKind::kStream || access.by == StepKind::kPool) {
    return windows_cover(access, value);
  }
  if (access.by == StepKind::kTransform && layer.kind == network::LayerKind::kResize) {
    return is_sampled(value.y, layer.sample_rows, access.outputs.begin, access.outputs.end) &&
           is_sampled(value.x, layer.sample_columns, 0, layer.out.width);
  }
  return true;
}

// A stream's pass has some of a group's indices, by window position and in it by channel.
bool ActivationResidency::windows_cover(const Access& access, const MapValue& value) const {
  const network::Layer& layer = network_.layers[static_cast<std::size_t>(access.layer)];
  const network::Window& w = layer.window;
  const auto in_pass = [&](std::int64_t position) {
    if (access.by != StepKind::kStream) return true;
    const Block& block = schedule_.blocks[static_cast<std::size_t>(access.block)];
    const std::int64_t k =
        position * layer.group_in() + value.channel - block.group * layer.group_in();
    return k >= block.k_begin && k < block.k_begin + block.k_count;
  };
  for (std::int64_t ky = 0; ky < w.kernel_h; ++ky) {
    if (!is_under(value.y, ky, w.stride_h, w.pad_top, w.dilation_h, w.insert_h,
                  access.outputs.begin, access.outputs.end)) {
      continue;
    }
    for (std::int64_t kx = 0; kx < w.kernel_w; ++kx) {
      if (in_pass(ky * w.kernel_w + kx) && is_under(value.x, kx, w.stride_w, w.pad_left,
                                                    w.dilation_w, w.insert_w, 0, layer.out.width)) {
        return true;
      }
    }
  }
  return false;
}

std::vector<ValueStay> ActivationResidency::stays(const memory::CellPosition& cell) const {
  const std::int64_t place = cell.bit / slot_bits_;
  if (cell.bank < 0 || cell.bank >= banks_ || cell.row < 0 || cell.bit < 0 ||
      place >= slots_per_word_) {
    return {};
  }
  std::vector<ValueStay> list = stays_in((cell.row * banks_ + cell.bank) * slots_per_word_ + place);
  for (ValueStay& held : list) held.bit += cell.bit % slot_bits_;
  return list;
}

std::vector<ValueHome> ActivationResidency::homes(const MapValue& value) const {
  SIM_CHECK(value.map >= 0 && static_cast<std::size_t>(value.map) < regions_.size(), "residency",
            -1, "no such map");
  const MapView view = map_view(network_, spec_, value.map);
  std::set<std::int64_t> slots;
  for (const std::size_t i : regions_[static_cast<std::size_t>(value.map)]) {
    if (const auto slot = slot_of(value, schedule_.regions[i], view)) slots.insert(*slot);
  }
  std::vector<ValueHome> list;
  for (const std::int64_t slot : slots) {
    const std::int64_t word = slot / slots_per_word_;
    const memory::CellPosition first{word % banks_, word / banks_,
                                     slot % slots_per_word_ * slot_bits_};
    for (ValueStay& held : stays_in(slot)) {
      if (held.value == value) list.push_back({slot, first, std::move(held.stay)});
    }
  }
  std::stable_sort(list.begin(), list.end(), [](const ValueHome& a, const ValueHome& b) {
    return a.stay.from < b.stay.from;
  });
  return list;
}

}  // namespace lacuna::schedule
