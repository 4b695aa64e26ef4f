#include "schedule/residency.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

#include "base/error.hpp"

namespace lacuna::schedule {

ResidencyMap::ResidencyMap(const Schedule& schedule, const network::Network& network,
                           const arch::AcceleratorSpec& spec)
    : schedule_(schedule),
      network_(network),
      spec_(spec),
      values_per_word_(spec.weights_per_word()),
      of_block_(schedule.blocks.size()) {
  follow_steps();
  index_pieces();
  index_blocks();
}

void ResidencyMap::follow_steps() {
  std::map<std::int64_t, Piece> live;  // by first word
  const auto words = [&](const Step& s) {
    const Block& block = schedule_.blocks[static_cast<std::size_t>(s.block)];
    return block.k_count * words_per_index(block, spec_);
  };
  // Cuts a live piece in two at a word, so that no piece crosses it.
  const auto cut = [&](std::int64_t word) {
    auto it = live.lower_bound(word);
    if (it == live.begin()) return;
    --it;
    if (it->second.end <= word) return;
    Piece right = it->second;
    right.begin = word;
    it->second.end = word;
    live.emplace(word, std::move(right));
  };
  const auto load = [&](const Step& s, StepId id) {
    const std::int64_t end = s.address + words(s);
    cut(s.address);
    cut(end);
    for (auto it = live.lower_bound(s.address); it != live.end() && it->first < end;) {
      it->second.stay.until = id;
      pieces_.push_back(std::move(it->second));
      it = live.erase(it);
    }
    live.emplace(s.address, Piece{s.address, end, s.block, s.address, {id, 0, {}}});
  };
  for (const Step& s : schedule_.setup) load(s, kSetup);
  for (std::size_t i = 0; i < schedule_.steps.size(); ++i) {
    const Step& s = schedule_.steps[i];
    const auto id = static_cast<StepId>(i);
    if (s.kind == StepKind::kLoadWeights) load(s, id);
    if (s.kind != StepKind::kLoadPe) continue;
    const std::int64_t end = s.address + words(s);
    for (auto it = live.lower_bound(s.address); it != live.end() && it->first < end; ++it) {
      it->second.stay.reads.push_back(id);
    }
  }
  for (auto& entry : live) {
    entry.second.stay.until = static_cast<StepId>(schedule_.steps.size());
    pieces_.push_back(std::move(entry.second));
  }
}

void ResidencyMap::index_pieces() {
  std::sort(pieces_.begin(), pieces_.end(), [](const Piece& a, const Piece& b) {
    return std::tie(a.begin, a.stay.from) < std::tie(b.begin, b.stay.from);
  });
  reach_.resize(pieces_.size());
  fill_reach(0, pieces_.size());
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    of_block_[static_cast<std::size_t>(pieces_[i].block)].push_back(i);
  }
  for (std::vector<std::size_t>& list : of_block_) {
    std::sort(list.begin(), list.end(), [&](std::size_t a, std::size_t b) {
      return std::tie(pieces_[a].stay.from, a) < std::tie(pieces_[b].stay.from, b);
    });
  }
}

// The sorted pieces are a balanced tree: the root of [first, last) is its middle, and reach_ there
// is the greatest end of all of them.
std::int64_t ResidencyMap::fill_reach(std::size_t first, std::size_t last) {
  if (first == last) return 0;
  const std::size_t middle = first + (last - first) / 2;
  reach_[middle] =
      std::max({pieces_[middle].end, fill_reach(first, middle), fill_reach(middle + 1, last)});
  return reach_[middle];
}

void ResidencyMap::find(std::size_t first, std::size_t last, std::int64_t word,
                        std::vector<const Piece*>& found) const {
  if (first == last) return;
  const std::size_t middle = first + (last - first) / 2;
  if (reach_[middle] <= word) return;
  find(first, middle, word, found);
  if (pieces_[middle].begin > word) return;
  if (pieces_[middle].end > word) found.push_back(&pieces_[middle]);
  find(middle + 1, last, word, found);
}

ResidencyMap::CellPlace ResidencyMap::place_of(const memory::CellPosition& cell) const {
  const int bits = spec_.precision.weight_bits;
  CellPlace place;
  place.word = cell.row * spec_.weight_sram.banks + cell.bank;
  place.lane = cell.bit / bits;
  place.code_bit = static_cast<int>(cell.bit % bits);
  place.used = cell.bank >= 0 && cell.bank < spec_.weight_sram.banks && cell.row >= 0 &&
               cell.bit >= 0 && place.lane < values_per_word_;
  return place;
}

// Pieces with a weight in the cell, by step.
std::vector<const ResidencyMap::Piece*> ResidencyMap::pieces_at(const CellPlace& place) const {
  std::vector<const Piece*> found;
  if (!place.used) return found;
  find(0, pieces_.size(), place.word, found);
  // An index's last word may have more lanes than the block has channels left.
  const auto holds_nothing = [&](const Piece* piece) {
    const Block& block = schedule_.blocks[static_cast<std::size_t>(piece->block)];
    const std::int64_t word_of_index =
        (place.word - piece->address) % words_per_index(block, spec_);
    return word_of_index * values_per_word_ + place.lane >= block.n_count;
  };
  found.erase(std::remove_if(found.begin(), found.end(), holds_nothing), found.end());
  std::sort(found.begin(), found.end(),
            [](const Piece* a, const Piece* b) { return a->stay.from < b->stay.from; });
  return found;
}

void ResidencyMap::index_blocks() {
  block_order_.resize(schedule_.blocks.size());
  std::iota(block_order_.begin(), block_order_.end(), std::size_t{0});
  const auto place = [&](std::size_t i) {
    const Block& b = schedule_.blocks[i];
    return std::make_tuple(b.layer, b.group, b.n_begin, b.k_begin);
  };
  std::sort(block_order_.begin(), block_order_.end(),
            [&](std::size_t a, std::size_t b) { return place(a) < place(b); });
}

std::size_t ResidencyMap::block_of(std::int32_t layer, std::int64_t group, std::int64_t k,
                                   std::int64_t n) const {
  // The last block that begins at or before a place.
  const auto last = [&](std::int64_t n_place, std::int64_t k_place) {
    const auto after = std::upper_bound(
        block_order_.begin(), block_order_.end(),
        std::make_tuple(std::int64_t{layer}, group, n_place, k_place),
        [&](const auto& wanted, std::size_t i) {
          const Block& b = schedule_.blocks[i];
          return wanted < std::make_tuple(std::int64_t{b.layer}, std::int64_t{b.group}, b.n_begin,
                                          b.k_begin);
        });
    SIM_CHECK(after != block_order_.begin(), "residency", -1, "no block holds the weight");
    return *std::prev(after);
  };
  const network::Layer& l = network_.layers[static_cast<std::size_t>(layer)];
  const std::size_t tile = last(n, l.k());
  return last(schedule_.blocks[tile].n_begin, k);
}

std::vector<WeightStay> ResidencyMap::stays(const WeightIndex& w) const {
  SIM_CHECK(w.layer >= 0 && static_cast<std::size_t>(w.layer) < network_.layers.size(), "residency",
            -1, "no such layer");
  const network::Layer& layer = network_.layers[static_cast<std::size_t>(w.layer)];
  SIM_CHECK(layer.is_gemm() && w.out >= 0 && w.out < layer.out.channels && w.ky >= 0 &&
                w.ky < layer.window.kernel_h && w.kx >= 0 && w.kx < layer.window.kernel_w &&
                w.in >= 0 && w.in < layer.group_in(),
            "residency", -1, "the layer has no such weight");
  const std::int64_t k = (w.ky * layer.window.kernel_w + w.kx) * layer.group_in() + w.in;
  const std::int64_t n = w.out % layer.n();
  const std::size_t index = block_of(w.layer, w.out / layer.n(), k, n);
  const Block& block = schedule_.blocks[index];
  std::vector<WeightStay> list;
  for (const std::size_t i : of_block_[index]) {
    const Piece& piece = pieces_[i];
    const std::int64_t slot = weight_slot(block, piece.address, k, n, spec_);
    const std::int64_t word = slot / values_per_word_;
    if (word < piece.begin || word >= piece.end) continue;
    const std::int64_t lane = slot % values_per_word_;
    list.push_back({slot,
                    {word % spec_.weight_sram.banks, word / spec_.weight_sram.banks,
                     lane * spec_.precision.weight_bits},
                    piece.stay});
  }
  return list;
}

std::vector<CellStay> ResidencyMap::stays(const memory::CellPosition& cell) const {
  const CellPlace place = place_of(cell);
  std::vector<CellStay> list;
  for (const Piece* piece : pieces_at(place)) {
    const Block& block = schedule_.blocks[static_cast<std::size_t>(piece->block)];
    const network::Layer& layer = network_.layers[static_cast<std::size_t>(block.layer)];
    const std::int64_t words = words_per_index(block, spec_);
    const std::int64_t offset = place.word - piece->address;
    const std::int64_t k = block.k_begin + offset / words;
    const std::int64_t n = block.n_begin + offset % words * values_per_word_ + place.lane;
    const std::int64_t tap = k / layer.group_in();
    list.push_back({{block.layer, block.group * layer.n() + n, tap / layer.window.kernel_w,
                     tap % layer.window.kernel_w, k % layer.group_in()},
                    place.code_bit,
                    piece->stay});
  }
  return list;
}

StepId ResidencyMap::next_read(const memory::CellPosition& cell, StepId from) const {
  for (const Piece* piece : pieces_at(place_of(cell))) {
    const std::vector<StepId>& reads = piece->stay.reads;
    const auto next = std::lower_bound(reads.begin(), reads.end(), from);
    if (next != reads.end()) return *next;
  }
  return kNoStep;
}

bool ResidencyMap::masked(const memory::CellPosition& cell, std::int64_t step) const {
  const auto from = static_cast<StepId>(std::max<std::int64_t>(step, 0));
  const StepId read = next_read(cell, from);
  if (read == kNoStep) return true;
  if (step == memory::kPermanent) return false;
  // The weight that is read was written by its load; a load at or after the upset removes it.
  for (const Piece* piece : pieces_at(place_of(cell))) {
    if (piece->stay.from >= from && piece->stay.from < read) return true;
  }
  return false;
}

}  // namespace lacuna::schedule
