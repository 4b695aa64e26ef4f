#include "campaign/sites.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include "base/error.hpp"

namespace lacuna::campaign {
namespace {

constexpr const char* kSeveral = "several";
constexpr const char* kNone = "none";

bool has(const std::vector<StratumKey>& keys, StratumKey key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

std::string weight_text(const std::string& layer, const fault::WeightIndex& index) {
  return layer + ":" + std::to_string(index.out) + "," + std::to_string(index.ky) + "," +
         std::to_string(index.kx) + "," + std::to_string(index.in);
}

}  // namespace

/// Strata in order; layers by their place in the network.
struct SiteTable::Key {
  std::size_t layer = 0;
  std::int64_t bit = -1;
  std::int64_t bank = -1;
  std::int64_t row_group = -1;
  friend bool operator<(const Key& a, const Key& b) {
    return std::tie(a.layer, a.bit, a.bank, a.row_group) <
           std::tie(b.layer, b.bit, b.bank, b.row_group);
  }
};

SiteTable::SiteTable(const run::Job& job, const run::JobWeightCells& weights,
                     const schedule::ResidencyMap& residency, const SitePlan& plan,
                     const Shape& shape)
    : job_(job),
      weights_(weights),
      residency_(residency),
      shape_(shape),
      of_weights_(plan.sites == SitePlan::Sites::kWeights),
      memory_(run::weight_sram(job)) {
  std::int64_t bits = 0;
  for (const std::string& name : weights.layers()) {
    LayerBits layer;
    layer.name = name;
    layer.first = bits;
    layer.shape = *weights.shape(name);
    layer.count = layer.shape.values() * layer.shape.bits;
    bits += layer.count;
    layers_.push_back(std::move(layer));
  }
  const std::int64_t count = of_weights_ ? bits : count_sites();
  constexpr std::int64_t kMostSites = std::int64_t{1} << 26;
  if (count < 1 || count > kMostSites) {
    throw base::InputError({job.spec.file, 0, "single_faults"},
                           "there are " + std::to_string(count) + " sites of shape " +
                               shape.name() + "; " + memory_.describe(),
                           "from 1 to " + std::to_string(kMostSites) + " can be sampled");
  }

  const int code_bits = job.spec.precision.weight_bits;
  const std::int64_t lanes = memory_.word_bits / code_bits;
  const std::int64_t rows_a_group = base::ceil_div(memory_.rows(), plan.row_groups);
  const auto& keys = plan.strata;
  std::map<Key, std::vector<std::uint32_t>> found;
  memory::CellPosition last_value{-1, -1, -1};
  std::size_t last_layer = 0;
  for (std::int64_t number = 0; number < count; ++number) {
    const auto site = static_cast<std::uint32_t>(number);
    Key key;
    if (of_weights_) {
      const LayerBits& layer = layer_of(site);
      if (has(keys, StratumKey::kLayer))
        key.layer = static_cast<std::size_t>(&layer - layers_.data());
      if (has(keys, StratumKey::kBit)) key.bit = (number - layer.first) % layer.shape.bits;
    } else {
      const memory::CellPosition cell = cell_of(site);
      if (shape_.kind == Shape::Kind::kCluster) {
        if (cell.bit + shape_.bits > memory_.word_bits) continue;
        if (!memory_.contains({cell.bank, cell.row + shape_.rows - 1, cell.bit})) continue;
      }
      const bool left_over = cell.bit / code_bits >= lanes;
      if (has(keys, StratumKey::kBit)) {
        key.bit = left_over ? StratumLabel::kLeftOver : cell.bit % code_bits;
      }
      if (has(keys, StratumKey::kBank)) key.bank = cell.bank;
      if (has(keys, StratumKey::kRow)) key.row_group = cell.row / rows_a_group;
      if (has(keys, StratumKey::kLayer)) {
        // All bits of a value hold the same weights.
        const memory::CellPosition value{cell.bank, cell.row, cell.bit / code_bits};
        if (value.bank != last_value.bank || value.row != last_value.row ||
            value.bit != last_value.bit) {
          const std::string name = layer_at(cell);
          const auto place =
              std::find_if(layers_.begin(), layers_.end(),
                           [&](const LayerBits& layer) { return layer.name == name; });
          last_layer = static_cast<std::size_t>(place - layers_.begin());
          if (place == layers_.end() && name == kNone) ++last_layer;
          last_value = value;
        }
        key.layer = last_layer;
      }
    }
    found[key].push_back(site);
  }
  for (auto& [key, sites] : found) {
    Stratum stratum;
    if (has(keys, StratumKey::kLayer)) {
      stratum.label.layer = key.layer < layers_.size()    ? layers_[key.layer].name
                            : key.layer == layers_.size() ? kSeveral
                                                          : kNone;
    }
    stratum.label.bit = key.bit;
    stratum.label.bank = key.bank;
    if (key.row_group >= 0) {
      stratum.label.first_row = key.row_group * rows_a_group;
      stratum.label.last_row = std::min(memory_.rows(), (key.row_group + 1) * rows_a_group) - 1;
    }
    stratum.sites = std::move(sites);
    strata_.push_back(std::move(stratum));
  }
  if (strata_.empty()) {
    throw base::InputError({job.spec.file, 0, "single_faults"},
                           "shape " + shape.name() + " fits nowhere: " + memory_.describe());
  }
}

// Cells are numbered by word, then bit; columns by bank, then bit.
std::int64_t SiteTable::count_sites() const {
  switch (shape_.kind) {
    case Shape::Kind::kCluster:
      return memory_.cells();
    case Shape::Kind::kRow:
      return memory_.words;
    case Shape::Kind::kColumn:
      return std::int64_t{memory_.banks} * memory_.word_bits;
    case Shape::Kind::kBank:
      return memory_.banks;
  }
  return 0;
}

memory::CellPosition SiteTable::cell_of(std::uint32_t number) const {
  switch (shape_.kind) {
    case Shape::Kind::kCluster: {
      const std::int64_t word = number / memory_.word_bits;
      return {word % memory_.banks, word / memory_.banks, number % memory_.word_bits};
    }
    case Shape::Kind::kRow:
      return {number % memory_.banks, number / memory_.banks, -1};
    case Shape::Kind::kColumn:
      return {number / memory_.word_bits, -1, number % memory_.word_bits};
    case Shape::Kind::kBank:
      return {number, -1, -1};
  }
  return {};
}

// Layers whose weights pass through a cell.
std::string SiteTable::layer_at(const memory::CellPosition& cell) const {
  std::string name = kNone;
  for (const schedule::CellStay& held : residency_.stays(cell)) {
    const std::string& layer =
        job_.parts.front().network.layers[static_cast<std::size_t>(held.weight.layer)].name;
    if (name == kNone) name = layer;
    if (name != layer) return kSeveral;
  }
  return name;
}

const SiteTable::LayerBits& SiteTable::layer_of(std::uint32_t number) const {
  const auto after = std::upper_bound(
      layers_.begin(), layers_.end(), std::int64_t{number},
      [](std::int64_t value, const LayerBits& layer) { return value < layer.first; });
  return *std::prev(after);
}

fault::WeightIndex SiteTable::weight_of(std::uint32_t number) const {
  const LayerBits& layer = layer_of(number);
  const fault::WeightShape& shape = layer.shape;
  std::int64_t value = (number - layer.first) / shape.bits;
  fault::WeightIndex index;
  index.in = value % shape.in;
  value /= shape.in;
  index.kx = value % shape.kernel_w;
  value /= shape.kernel_w;
  index.ky = value % shape.kernel_h;
  index.out = value / shape.kernel_h;
  return index;
}

Site SiteTable::site(std::uint32_t number) const {
  Site site;
  if (of_weights_) {
    const LayerBits& layer = layer_of(number);
    site.code_bit = (number - layer.first) % layer.shape.bits;
    site.weight = weight_text(layer.name, weight_of(number));
    const std::vector<memory::CellPosition> struck = cells(number, memory::kPermanent);
    if (!struck.empty()) site.cell = struck.front();
    return site;
  }
  site.cell = cell_of(number);
  if (shape_.kind != Shape::Kind::kCluster) return site;
  const std::vector<schedule::CellStay> stays = residency_.stays(site.cell);
  if (stays.empty()) return site;
  const schedule::WeightIndex& held = stays.front().weight;
  site.code_bit = stays.front().code_bit;
  site.weight =
      weight_text(job_.parts.front().network.layers[static_cast<std::size_t>(held.layer)].name,
                  {held.out, held.ky, held.kx, held.in});
  return site;
}

std::vector<memory::CellPosition> SiteTable::cells(std::uint32_t number, std::int64_t step) const {
  std::vector<memory::CellPosition> list;
  if (of_weights_) {
    const LayerBits& layer = layer_of(number);
    weights_.append_cells(layer.name, weight_of(number),
                          static_cast<int>((number - layer.first) % layer.shape.bits), step, &list);
    return list;
  }
  const memory::CellPosition first = cell_of(number);
  const bool rows = first.row < 0;
  const bool bits = first.bit < 0;
  const std::int64_t row_count = rows ? memory_.rows() : shape_.rows;
  const std::int64_t bit_count = bits ? memory_.word_bits : shape_.bits;
  for (std::int64_t row = 0; row < row_count; ++row) {
    for (std::int64_t bit = 0; bit < bit_count; ++bit) {
      const memory::CellPosition cell{first.bank, (rows ? 0 : first.row) + row,
                                      (bits ? 0 : first.bit) + bit};
      if (memory_.contains(cell)) list.push_back(cell);
    }
  }
  return list;
}

}  // namespace lacuna::campaign
