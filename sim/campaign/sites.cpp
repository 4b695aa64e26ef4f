#include "campaign/sites.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "base/error.hpp"
#include "base/printable.hpp"

namespace lacuna::campaign {
namespace {

constexpr const char* kSeveral = "several";
constexpr const char* kNone = StratumLabel::kNoLayer;

fault::MemoryGeometry geometry_of(const run::Job& job, memory::MemoryId memory) {
  const fault::Memories memories = run::memories(job);
  if (memories.has(memory)) return memories[memory];
  throw base::InputError({job.spec.file, 0, "single_faults"},
                         "there is no " + std::string(memory::memory_name(memory)),
                         memories.why_absent(memory));
}

/// Bits of the codes that a word of the memory is made of.
int code_bits(const arch::AcceleratorSpec& spec, const fault::MemoryGeometry& memory) {
  switch (memory.memory) {
    case memory::MemoryId::kWeightSram:
    case memory::MemoryId::kPeWeights:
      return spec.precision.weight_bits;
    case memory::MemoryId::kActivationSram:
    case memory::MemoryId::kLookupTables:
      return spec.precision.activation_bits;
    case memory::MemoryId::kActivationBitmap:
      return 1;
    case memory::MemoryId::kAccumulatorSram:
    case memory::MemoryId::kPeAccumulators:
    case memory::MemoryId::kPsumFifos:
      break;
  }
  return memory.word_bits;
}

bool holds(const std::optional<std::vector<config::IntegerRange>>& ranges, std::int64_t value) {
  return ranges && std::any_of(ranges->begin(), ranges->end(), [&](const auto& range) {
           return range.first <= value && value <= range.last;
         });
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

/// What strata differ in.
struct SiteTable::Cut {
  /// The layer of a strike is a matter of its time, not of its site.
  Cut(const SitePlan& plan, std::int64_t rows)
      : layer(plan.has(StratumKey::kLayer) && !plan.strikes()),
        bit(plan.has(StratumKey::kBit)),
        bank(plan.has(StratumKey::kBank)),
        row(plan.has(StratumKey::kRow)),
        rows_a_group(rows) {}
  bool layer;
  bool bit;
  bool bank;
  bool row;
  std::int64_t rows_a_group;
};

/// The layer of the value that was asked for last: all bits of a value hold the same weights.
struct SiteTable::LastValue {
  memory::CellPosition value{-1, -1, -1};
  std::size_t layer = 0;
};

SiteTable::SiteTable(const run::Job& job, const run::JobWeightCells& weights,
                     const schedule::ResidencyMap& residency, const SitePlan& plan,
                     memory::MemoryId memory, const Shape& shape)
    : job_(job),
      weights_(weights),
      residency_(residency),
      shape_(shape),
      of_weights_(plan.sites == SitePlan::Sites::kWeights),
      scope_(plan.scope),
      memory_(geometry_of(job, memory)),
      code_bits_(code_bits(job.spec, memory_)) {
  if (plan.strikes()) scope_.layers.clear();
  if (shape.kind == Shape::Kind::kCluster && shape.rows > 1 && !memory_.has_neighbouring_rows()) {
    throw base::InputError(
        {job.spec.file, 0, "single_faults"},
        "shape " + shape.name() + " has neighbouring rows; " + memory_.describe(),
        "in registers along bits only: 1xN");
  }
  const std::int64_t bits = list_layers();
  const std::int64_t count = of_weights_ ? bits : count_sites();
  constexpr std::int64_t kMostSites = std::int64_t{1} << 26;
  if (count < 1 || count > kMostSites) {
    throw base::InputError({job.spec.file, 0, "single_faults"},
                           "there are " + std::to_string(count) + " sites of shape " +
                               shape.name() + "; " + memory_.describe(),
                           "from 1 to " + std::to_string(kMostSites) + " can be sampled");
  }
  check_scope();
  const Cut cut(plan, base::ceil_div(memory_.rows(), plan.row_groups));
  std::map<Key, std::vector<std::uint32_t>> found;
  LastValue last;
  for (std::int64_t number = 0; number < count; ++number) {
    const auto site = static_cast<std::uint32_t>(number);
    if (of_weights_) {
      if (weight_in_scope(site)) found[weight_key(site, cut)].push_back(site);
    } else if (const memory::CellPosition cell = cell_of(site); fits(cell) && in_scope(cell)) {
      found[cell_key(cell, cut, last)].push_back(site);
    }
  }
  for (auto& [key, sites] : found) strata_.push_back({label_of(key, cut), std::move(sites)});
  if (strata_.empty()) {
    throw base::InputError(
        {job.spec.file, 0, "single_faults"},
        "shape " + shape.name() + " fits nowhere in the scope: " + memory_.describe());
  }
}

void SiteTable::check_scope() const {
  const std::vector<std::string> known = weights_.layers();
  for (const std::string& layer : scope_.layers) {
    if (std::find(known.begin(), known.end(), layer) != known.end()) continue;
    throw base::InputError({job_.spec.file, 0, "single_faults.scope.layers"},
                           base::shown(layer) + " has no weights in " + job_.source.network,
                           base::join(known), base::nearest_name(layer, known));
  }
}

bool SiteTable::bit_in_scope(std::int64_t code_bit, int bits) const {
  if (!scope_.bits && !scope_.msb) return true;
  return holds(scope_.bits, code_bit) || (scope_.msb && code_bit == bits - 1);
}

bool SiteTable::in_scope(const memory::CellPosition& cell) const {
  if (scope_.banks && !holds(scope_.banks, cell.bank)) return false;
  if (scope_.rows && !holds(scope_.rows, cell.row)) return false;
  const bool bits = scope_.bits || scope_.msb;
  if (bits && (left_over(cell.bit) || !bit_in_scope(cell.bit % code_bits_, code_bits_))) {
    return false;
  }
  if (scope_.layers.empty()) return true;
  const std::string layer = layer_at(cell);
  return std::find(scope_.layers.begin(), scope_.layers.end(), layer) != scope_.layers.end();
}

bool SiteTable::weight_in_scope(std::uint32_t number) const {
  const LayerBits& layer = layer_of(number);
  const bool named =
      std::find(scope_.layers.begin(), scope_.layers.end(), layer.name) != scope_.layers.end();
  return (scope_.layers.empty() || named) &&
         bit_in_scope((number - layer.first) % layer.shape.bits, layer.shape.bits);
}

// Returns the bits of all weights.
std::int64_t SiteTable::list_layers() {
  std::int64_t bits = 0;
  for (const std::string& name : weights_.layers()) {
    LayerBits layer;
    layer.name = name;
    layer.first = bits;
    layer.shape = *weights_.shape(name);
    layer.count = layer.shape.values() * layer.shape.bits;
    bits += layer.count;
    layers_.push_back(std::move(layer));
  }
  return bits;
}

// Whether a cluster that begins at the cell lies inside the memory.
bool SiteTable::fits(const memory::CellPosition& cell) const {
  return shape_.kind != Shape::Kind::kCluster ||
         (cell.bit + shape_.bits <= memory_.word_bits &&
          memory_.contains({cell.bank, cell.row + shape_.rows - 1, cell.bit}));
}

SiteTable::Key SiteTable::weight_key(std::uint32_t number, const Cut& cut) const {
  const LayerBits& layer = layer_of(number);
  Key key;
  if (cut.layer) key.layer = static_cast<std::size_t>(&layer - layers_.data());
  if (cut.bit) key.bit = (number - layer.first) % layer.shape.bits;
  return key;
}

SiteTable::Key SiteTable::cell_key(const memory::CellPosition& cell, const Cut& cut,
                                   LastValue& last) const {
  const memory::CellPosition value{cell.bank, cell.row, cell.bit / code_bits_};
  Key key;
  if (cut.bit) key.bit = left_over(cell.bit) ? StratumLabel::kLeftOver : cell.bit % code_bits_;
  if (cut.bank) key.bank = cell.bank;
  if (cut.row) key.row_group = cell.row / cut.rows_a_group;
  if (!cut.layer) return key;
  if (value.bank != last.value.bank || value.row != last.value.row || value.bit != last.value.bit) {
    const std::string name = layer_at(cell);
    const auto place = std::find_if(layers_.begin(), layers_.end(),
                                    [&](const LayerBits& layer) { return layer.name == name; });
    last.layer = static_cast<std::size_t>(place - layers_.begin());
    if (place == layers_.end() && name == kNone) ++last.layer;
    last.value = value;
  }
  key.layer = last.layer;
  return key;
}

StratumLabel SiteTable::label_of(const Key& key, const Cut& cut) const {
  StratumLabel label;
  if (cut.layer) {
    label.layer = key.layer < layers_.size()    ? layers_[key.layer].name
                  : key.layer == layers_.size() ? kSeveral
                                                : kNone;
  }
  label.bit = key.bit;
  label.bank = key.bank;
  if (key.row_group >= 0) {
    label.first_row = key.row_group * cut.rows_a_group;
    label.last_row = std::min(memory_.rows(), (key.row_group + 1) * cut.rows_a_group) - 1;
  }
  return label;
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
  const std::int64_t place = number;
  switch (shape_.kind) {
    case Shape::Kind::kCluster: {
      const std::int64_t word = place / memory_.word_bits;
      return {word % memory_.banks, word / memory_.banks, place % memory_.word_bits};
    }
    case Shape::Kind::kRow:
      return {place % memory_.banks, place / memory_.banks, -1};
    case Shape::Kind::kColumn:
      return {place / memory_.word_bits, -1, place % memory_.word_bits};
    case Shape::Kind::kBank:
      return {place, -1, -1};
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

std::optional<std::int64_t> SiteTable::lane(std::uint32_t number) const {
  const memory::CellPosition cell = cell_of(number);
  if (left_over(cell.bit)) return std::nullopt;
  const std::int64_t lanes = memory_.word_bits / code_bits_;
  return memory_.word(cell.bank, cell.row) * lanes + cell.bit / code_bits_;
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
  if (memory_.memory != memory::MemoryId::kWeightSram) {
    if (!left_over(site.cell.bit)) site.code_bit = site.cell.bit % code_bits_;
    return site;
  }
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
