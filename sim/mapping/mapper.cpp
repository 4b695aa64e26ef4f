#include "mapping/mapper.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "base/error.hpp"
#include "mapping/cost_memo.hpp"
#include "mapping/least_cost.hpp"
#include "mapping/on_chip_maps.hpp"
#include "mapping/refusal.hpp"
#include "mapping/schedule_builder.hpp"
#include "mapping/timeline.hpp"

namespace lacuna::mapping {
namespace {

using base::ceil_div;

/// Parts of a weight buffer of so many words that are tried: 2^k and 3 x 2^k words.
std::vector<std::int64_t> parts_of(std::int64_t words) {
  std::vector<std::int64_t> parts;
  for (std::int64_t size = 2; size < words; size *= 2) {
    for (const std::int64_t part : {size, size + size / 2}) {
      if (part < words) parts.push_back(part);
    }
  }
  return parts;
}

/// A way to map a network, and what it costs a machine that skips nothing.
struct Plan {
  WalkSetting setting;
  std::vector<PlannedLayer> layers;
  std::vector<std::string> reasons;  ///< why each was cut so
  Estimate estimate;                 ///< of all
};

class Mapper {
 public:
  Mapper(const network::Network& network, const arch::AcceleratorSpec& spec,
         const MapOptions& options, CostMemo& memo,
         std::optional<base::Cycles> bound = std::nullopt)
      : network_(network),
        spec_(spec),
        options_(options),
        memo_(memo),
        bound_(bound),
        maps_(network.maps.size()) {}

  /// Nothing where `bound` was given, and more cycles than that are certain before all layers are
  /// looked at.
  std::optional<Plan> plan() {
    check_precision(network_, spec_);
    list_layers();
    size_memories();
    resident_ =
        options_.may_be_resident &&
        options_.first_weight_word + resident_words(network_, spec_) <= capacities_.weight_words;
    while (!choose_all()) {
    }
    if (is_beyond_) return std::nullopt;
    const WalkSetting setting = walk_setting();
    const Estimate estimate = exact_cost(setting, planned_);
    return Plan{setting, planned_, reasons_, estimate};
  }

 private:
  void list_layers() {
    for (std::int32_t i = 0; i < static_cast<std::int32_t>(network_.layers.size()); ++i) {
      PlannedLayer planned;
      planned.layer = i;
      planned.fused_pool = fusible_pool(network_, i);
      planned_.push_back(planned);
      if (planned.fused_pool >= 0) ++i;
    }
    reasons_.resize(planned_.size());
    first_writer_.assign(network_.maps.size(), planned_.size());
    for (std::size_t i = 0; i < planned_.size(); ++i) {
      output_maps_.push_back(shape(i).output_map());
      if (output_map(i) == network::kNoMap) continue;
      std::size_t& first = first_writer_[static_cast<std::size_t>(output_map(i))];
      first = std::min(first, i);
    }
    for (std::size_t i = 0; i < planned_.size(); ++i) {
      std::size_t first = 0;
      while (first < i && !are_alike(first, i)) ++first;
      shape_numbers_.push_back(static_cast<std::int64_t>(first));
    }
    for (std::size_t i = 0; i < planned_.size(); ++i) {
      const network::Layer& layer = shape(i).layer();
      maps_.note_use(layer.input(), i);
      if (layer.residual() >= 0) maps_.note_use(layer.residual(), i);
      // A map is there until the last of several writers, at least.
      if (!layer.logits && is_begun(i)) maps_.note_use(output_map(i), i);
      is_chain_ =
          is_chain_ && layer.residual() < 0 && (i == 0 || layer.input() == output_map(i - 1));
    }
  }

  /// Whether two planned layers cost the same, whatever they are cut into: plain products alone.
  bool are_alike(std::size_t a, std::size_t b) const {
    const auto is_plain = [&](std::size_t i) {
      const network::Layer& layer = shape(i).layer();
      return layer.is_gemm() && !layer.logits && layer.residual() < 0 &&
             planned_[i].fused_pool < 0 && shape(i).slices(layer.input()) == 1 &&
             !network_.map(layer.input()).sums && !network_.map(layer.output).sums &&
             network_.map(layer.output).shape == layer.out;
    };
    const network::Layer& x = shape(a).layer();
    const network::Layer& y = shape(b).layer();
    return is_plain(a) && is_plain(b) && x.in == y.in && x.out == y.out && x.window == y.window &&
           x.groups == y.groups;
  }

  std::int32_t output_map(std::size_t i) const { return output_maps_[i]; }
  /// Whether an earlier layer writes a slice of the same map.
  bool is_begun(std::size_t i) const {
    return first_writer_[static_cast<std::size_t>(output_map(i))] < i;
  }
  /// Whether what the layer writes goes to DRAM even where it stays on chip.
  bool is_stored(std::size_t i) const {
    return i + 1 == planned_.size() || network_.is_output(output_map(i));
  }

  /// Chooses layer after layer. false: one did not fit, and a map that was to stay on chip is now
  /// to go to DRAM; begin again.
  bool choose_all() {
    maps_.clear();
    array_ = base::Cycles();
    for (std::size_t i = 0; i < planned_.size(); ++i) {
      maps_.drop_used_before(i);
      const LayerShape own = shape(i);
      if (!choose(i)) {
        // In a chain there is no choice: what a layer's input leaves for the next was looked at
        // before.
        if (is_chain_ || !maps_.spill_one(own.layer())) refuse(own);
        return false;
      }
      if (is_beyond_) return true;
      const LayerCut& cut = planned_[i].cut;
      if (cut.output_whole && !own.layer().logits && !maps_.holds(own.output_map())) {
        maps_.add({own.output_map(), cut.output_base, own.output_slots()});
      }
    }
    return true;
  }

  LayerShape shape(std::size_t i) const {
    return {network_, spec_, planned_[i].layer, planned_[i].fused_pool, options_.batch};
  }

  void size_memories() {
    // Unlimited: as large as could be of use, so that addresses stay small.
    std::int64_t slots = 0;
    std::int64_t entries = 0;
    for (std::size_t i = 0; i < planned_.size(); ++i) {
      const LayerShape own = shape(i);
      const network::Layer& layer = own.layer();
      std::int64_t together = own.input_slots() + own.residual_slots() + own.output_slots();
      std::set<std::int32_t> counted{layer.input(), layer.residual(), own.output_map()};
      for (std::size_t before = 0; !is_chain_ && before < i; ++before) {
        const std::int32_t map = output_map(before);
        const bool stays = map != network::kNoMap && maps_.is_used_from(map, i);
        if (stays && counted.insert(map).second) together += own.map_slots(map);
      }
      // Maps that come and go in another order than that of a stack leave gaps.
      slots = std::max(slots, is_chain_ ? together : 2 * together);
      if (layer.is_gemm()) {
        entries =
            std::max(entries, options_.batch * layer.m() * ceil_div(layer.n(), spec_.array.cols));
      }
    }
    capacities_.weight_words =
        spec_.weight_words().value_or(options_.first_weight_word + resident_words(network_, spec_));
    if (options_.weight_word_limit) {
      capacities_.weight_words = std::min(capacities_.weight_words, *options_.weight_word_limit);
    }
    capacities_.activation_slots = spec_.activation_values().value_or(slots);
    capacities_.accumulator_half =
        spec_.accumulators.entries_per_lane ? *spec_.accumulators.entries_per_lane / 2 : entries;
  }

  /// The least that layer i, whose input `there` is whole on chip, needs besides it: the other maps
  /// that are to be on chip then, its output and what is not on chip of its operands, by ranges.
  std::int64_t least_besides(std::size_t i, std::int32_t there) const {
    const LayerShape own(network_, spec_, planned_[i].layer, planned_[i].fused_pool, 1);
    const network::Layer& layer = own.layer();
    const std::int64_t others = maps_.slots_used_from(i);
    const auto is_there = [&](std::int32_t map) { return map == there || maps_.holds(map); };
    const bool load_input = !is_there(layer.input());
    const bool load_residual = layer.residual() >= 0 && !is_there(layer.residual());
    const bool make_output = !layer.logits && !is_there(own.output_map());
    std::int64_t least = 0;
    if (!make_output && !load_input && !load_residual) return others;
    for (const schedule::PixelRange& range : own.ranges(1, true)) {
      std::int64_t needs = make_output ? own.slots(own.output_rows(range)) : 0;
      if (load_input) needs += own.slots(own.input_rows(range));
      if (load_residual) needs += own.slots(own.residual_rows(range));
      least = std::max(least, needs);
    }
    return others + least;
  }

  struct Candidate {
    LayerCut cut;
    CostMemo::Known* known = nullptr;
    Estimate estimate;  ///< at the least, until it is exact
    base::Cycles array;
    bool is_exact = false;
  };

  LayerSetting setting(std::size_t i) const {
    const network::Layer& layer = shape(i).layer();
    LayerSetting setting;
    setting.weight_words = capacities_.weight_words;
    setting.weights_resident = resident_;
    setting.input_there = maps_.holds(layer.input());
    setting.residual_there = maps_.holds(layer.residual());
    setting.stores_output = is_stored(i);
    return setting;
  }

  WalkSetting walk_setting() const {
    WalkSetting setting;
    setting.capacities = capacities_;
    setting.batch = options_.batch;
    if (resident_) setting.resident_at = options_.first_weight_word;
    return setting;
  }

  Estimate exact_cost(const WalkSetting& setting, const std::vector<PlannedLayer>& layers) const {
    const Estimate exact = cost(network_, spec_, setting, layers);
    if (options_.check_every_cut) {
      const Estimate built =
          estimate_dense(build_schedule(network_, spec_, setting, layers), network_, spec_);
      SIM_CHECK(exact.cycles == built.cycles && exact.dram == built.dram, "mapper", -1,
                "a cut costs something else than the schedule that it becomes");
    }
    return exact;
  }

  void find_cost(std::size_t i, Candidate& candidate) const {
    if (candidate.is_exact) return;
    candidate.is_exact = true;
    std::optional<Estimate>& known = candidate.known->exact;
    if (known && !options_.check_every_cut) {
      candidate.estimate = *known;
      return;
    }
    PlannedLayer alone = planned_[i];
    alone.cut = candidate.cut;
    WalkSetting setting = walk_setting();
    setting.stores_last_output = is_stored(i);
    setting.present = maps_.all();
    const Estimate exact = exact_cost(setting, {alone});
    SIM_CHECK(candidate.estimate.cycles <= exact.cycles && candidate.estimate.dram <= exact.dram,
              "mapper", -1, "a cut costs less than its least");
    SIM_CHECK(!known || (known->cycles == exact.cycles && known->dram == exact.dram), "mapper", -1,
              "a cut costs something else than one that is alike");
    candidate.estimate = exact;
    known = exact;
  }

  /// The candidate with the least `cost` of its estimate, the first in the list of those that have
  /// it; nullptr where none is eligible. Promising ones are looked at first, until what the others
  /// cost at the least is no less.
  template <class Eligible, class Cost>
  const Candidate* cheapest(std::size_t i, std::vector<Candidate>& candidates, Eligible is_eligible,
                            Cost cost) const {
    const auto key = [&](std::size_t c) { return std::make_pair(cost(candidates[c].estimate), c); };
    std::vector<decltype(key(0))> order;
    for (std::size_t c = 0; c < candidates.size(); ++c) {
      if (is_eligible(candidates[c].cut)) order.push_back(key(c));
    }
    std::sort(order.begin(), order.end());
    std::optional<decltype(key(0))> best;
    for (const auto& least : order) {
      if (best && *best < least && !options_.check_every_cut) break;
      find_cost(i, candidates[least.second]);
      const auto exact = key(least.second);
      if (!best || exact < *best) best = exact;
    }
    return best ? &candidates[best->second] : nullptr;
  }

  /// false: nothing fits.
  bool choose(std::size_t i) {
    const LayerShape own = shape(i);
    std::vector<Candidate> candidates;
    bool keep = false;
    for (const LayerCut& cut : list_cuts(i, own)) {
      CostMemo::Known& known = memo_[CostMemo::key(shape_numbers_[i], cut, setting(i))];
      if (!known.least) known.least = least_cost(own, cut, setting(i), spec_);
      candidates.push_back({cut, &known, known.least->estimate, known.least->array});
      keep = keep || (cut.output_whole && i + 1 < planned_.size());
    }
    // Keeping the output on chip spares the next layer its loads, which this layer's own figures
    // do not show: so only candidates that keep it are eligible, whatever they cost.
    const auto eligible = [&](const LayerCut& cut) { return cut.output_whole || !keep; };
    if (bound_ && !candidates.empty() && is_beyond(candidates, eligible)) {
      is_beyond_ = true;
      return true;
    }
    const Candidate* best = cheapest(i, candidates, eligible, [](const Estimate& estimate) {
      return std::make_pair(estimate.cycles.value, estimate.dram.value);
    });
    if (best == nullptr) return false;
    planned_[i].cut = best->cut;
    array_ += best->array;
    reasons_[i] = explain(i, candidates, *best);
    return true;
  }

  /// Whether the layers before take the array so long, or this one alone so long, that no candidate
  /// stays within the bound.
  template <class Eligible>
  bool is_beyond(const std::vector<Candidate>& candidates, Eligible is_eligible) const {
    return std::none_of(candidates.begin(), candidates.end(), [&](const Candidate& own) {
      return is_eligible(own.cut) && array_ + own.array <= *bound_ &&
             own.estimate.cycles <= *bound_;
    });
  }

  std::string explain(std::size_t i, std::vector<Candidate>& candidates,
                      const Candidate& best) const {
    const auto describe = [](const Candidate& c) {
      return fmt::format("{} with {} row units a range: {} cycles, {} DRAM bytes",
                         schedule::loop_order_name(c.cut.order), c.cut.units_per_range,
                         c.estimate.cycles.value, c.estimate.dram.value);
    };
    std::string text = describe(best);
    const Candidate* other = cheapest(
        i, candidates,
        [&](const LayerCut& cut) {
          return cut.order != best.cut.order || cut.output_whole != best.cut.output_whole;
        },
        [](const Estimate& estimate) { return estimate.cycles.value; });
    if (other != nullptr) text += "; best other order, " + describe(*other);
    text += fmt::format("; {} candidates, dense, layer alone", candidates.size());
    return text;
  }

  /// Everything of a layer that fits.
  std::vector<LayerCut> list_cuts(std::size_t i, const LayerShape& own) const {
    std::vector<LayerCut> cuts;
    const network::Layer& layer = own.layer();
    const bool more = i + 1 < planned_.size();
    const bool output_there = maps_.holds(own.output_map());
    const std::int64_t whole_needs = (output_there ? 0 : own.output_slots()) +
                                     (more ? least_besides(i + 1, own.output_map()) : 0);
    const bool input_there = maps_.holds(layer.input());
    const bool residual_there = layer.residual() < 0 || maps_.holds(layer.residual());
    for (const bool input_whole : {true, false}) {
      if (!input_whole && input_there) continue;
      for (const bool residual_whole : {true, false}) {
        if (!residual_whole && residual_there) continue;
        for (const bool output_whole : {true, false}) {
          if (output_whole && !layer.logits) {
            if (whole_needs > capacities_.activation_slots) continue;
            if (maps_.is_spilled(own.output_map())) continue;
            // Where an earlier writer's slice is, there are all of them.
            if (!output_there && is_begun(i)) continue;
          }
          if (!output_whole && (layer.logits || output_there)) continue;
          LayerCut cut;
          cut.input_whole = input_whole;
          cut.residual_whole = residual_whole;
          cut.output_whole = output_whole;
          list_orders(i, own, cut, cuts);
        }
      }
    }
    return cuts;
  }

  void list_orders(std::size_t i, const LayerShape& own, LayerCut cut,
                   std::vector<LayerCut>& cuts) const {
    const network::Layer& layer = own.layer();
    for (const LoopOrder order : {LoopOrder::kPixelOuter, LoopOrder::kChannelOuter}) {
      // A store moves whole pixels, so a spilled output needs all channels of a range at once.
      if (order == LoopOrder::kChannelOuter && (!cut.output_whole || !layer.is_gemm())) continue;
      cut.order = order;
      for (const std::int64_t indices : pass_sizes(layer)) {
        cut.indices_per_pass = indices;
        add_ranges(i, own, cut, cuts);
      }
    }
  }

  std::vector<std::int64_t> pass_sizes(const network::Layer& layer) const {
    if (!layer.is_gemm()) return {0};
    const std::int64_t full = std::min<std::int64_t>(
        layer.k(), std::int64_t{spec_.array.rows} * spec_.array.weights_per_pe);
    if (resident_) return {full};
    const std::int64_t words =
        ceil_div(std::min<std::int64_t>(layer.n(), spec_.array.cols), spec_.weights_per_word());
    std::set<std::int64_t> sizes;  // a block alone in the buffer, or two of them
    for (const std::int64_t blocks : {1, 2}) {
      const std::int64_t fits = capacities_.weight_words / (blocks * words);
      if (fits >= 1) sizes.insert(std::min(full, fits));
    }
    return {sizes.rbegin(), sizes.rend()};
  }

  void add_ranges(std::size_t i, const LayerShape& own, LayerCut cut,
                  std::vector<LayerCut>& cuts) const {
    const network::Layer& layer = own.layer();
    std::int64_t most = own.units();
    if (layer.is_gemm()) {
      cut.weights_stay = resident_ || layer_words(layer, spec_) <= capacities_.weight_words;
      const std::int64_t tiles =
          cut.order == LoopOrder::kPixelOuter ? ceil_div(layer.n(), spec_.array.cols) : 1;
      most = own.largest_range(capacities_.accumulator_half / tiles / layer.out.width);
    }
    std::set<std::int64_t> sizes;
    for (std::int64_t units = most; units > 0; units /= 2) {
      // As few ranges, but of equal size.
      sizes.insert(ceil_div(own.units(), ceil_div(own.units(), units)));
      if (sizes.size() >= 6) break;
    }
    if (most > 0) sizes.insert(1);
    for (const std::int64_t units : sizes) {
      cut.units_per_range = units;
      if (streams(own, cut) > kMaxStreams) continue;
      // Two regions of each operand, and where ranges have any also one: so everything that fits a
      // smaller activation SRAM is looked at in a larger one, too.
      for (const int turns : {2, 1}) {
        if (turns == 1 && !cut.per_range_regions()) continue;
        if (maps_.place(i, own, capacities_.activation_slots, turns, cut)) cuts.push_back(cut);
      }
    }
  }

  /// A schedule is a list in memory: layers that need more passes over ranges are refused.
  static constexpr std::int64_t kMaxStreams = std::int64_t{1} << 20;

  [[noreturn]] void refuse(const LayerShape& own) const {
    NoCut found;
    found.capacities = capacities_;
    found.has_pass = !pass_sizes(own.layer()).empty();
    found.input_there = maps_.holds(own.layer().input());
    found.most_streams = kMaxStreams;
    refuse_layer(network_, spec_, own, found);
  }

  std::int64_t streams(const LayerShape& own, const LayerCut& cut) const {
    const network::Layer& layer = own.layer();
    const std::int64_t ranges = ceil_div(own.units(), cut.units_per_range);
    if (!layer.is_gemm()) return ranges;
    return ranges * layer.groups * ceil_div(layer.n(), spec_.array.cols) *
           ceil_div(layer.k(), cut.indices_per_pass);
  }

  const network::Network& network_;
  const arch::AcceleratorSpec& spec_;
  MapOptions options_;
  CostMemo& memo_;
  std::optional<base::Cycles> bound_;
  bool is_beyond_ = false;
  base::Cycles array_;  ///< of the layers that are chosen, streaming
  Capacities capacities_;
  bool resident_ = false;
  bool is_chain_ = true;  ///< every layer reads the map of the layer before it, and no other
  std::vector<PlannedLayer> planned_;
  std::vector<std::int64_t> shape_numbers_;  ///< of each: the first that is alike
  std::vector<std::int32_t> output_maps_;    ///< of each, with its fused pooling
  std::vector<std::size_t> first_writer_;    ///< of each map, as number of a planned layer
  OnChipMaps maps_;                          ///< when the layer that is chosen now begins
  std::vector<std::string> reasons_;
};

// A layer whose weights just fit may leave no room to fetch the next ones ahead. So parts of the
// buffer are tried, too, and a smaller one is taken where it costs fewer cycles, or as many and
// fewer DRAM bytes: a larger buffer is then never worse than any of its parts.
Plan best_plan(const network::Network& network, const arch::AcceleratorSpec& spec,
               const MapOptions& options) {
  CostMemo memo;
  Plan best = *Mapper(network, spec, options, memo).plan();
  const auto capacity = spec.weight_words();
  if (best.setting.resident_at || !capacity) return best;
  const std::vector<std::int64_t> parts =
      parts_of(std::min(*capacity, 2 * resident_words(network, spec)));
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    MapOptions smaller = options;
    smaller.weight_word_limit = *part;
    try {
      std::optional<Plan> other = Mapper(network, spec, smaller, memo, best.estimate.cycles).plan();
      const auto cost = [](const Plan& plan) {
        return std::make_pair(plan.estimate.cycles, plan.estimate.dram);
      };
      if (other && cost(*other) < cost(best)) best = std::move(*other);
    } catch (const base::InputError&) {
      break;  // too small for some layer, and so are smaller ones
    }
  }
  return best;
}

/// That a plan uses a part of the weight SRAM; nothing where it uses all.
std::string part_text(const Plan& plan, const arch::AcceleratorSpec& spec) {
  const std::int64_t part = plan.setting.capacities.weight_words;
  const std::int64_t all = spec.weight_words().value_or(part);
  return part < all && !plan.setting.resident_at
             ? fmt::format("; a part of the weight SRAM, {} of {} words, costs least", part, all)
             : "";
}

}  // namespace

std::int64_t resident_words(const network::Network& network, const arch::AcceleratorSpec& spec) {
  std::int64_t words = 0;
  for (const network::Layer& layer : network.layers) {
    if (layer.is_gemm()) words += layer_words(layer, spec);
  }
  return words;
}

schedule::Schedule map_network(const network::Network& network, const arch::AcceleratorSpec& spec,
                               const MapOptions& options) {
  const Plan plan = best_plan(network, spec, options);
  schedule::Schedule schedule = build_schedule(network, spec, plan.setting, plan.layers);
  for (std::size_t i = 0; i < plan.layers.size(); ++i) {
    schedule.layers[static_cast<std::size_t>(plan.layers[i].layer)].reason =
        plan.reasons[i] + part_text(plan, spec);
  }
  return schedule;
}

}  // namespace lacuna::mapping
