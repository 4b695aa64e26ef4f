#include "schedule/residency.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

#include "base/error.hpp"
#include "schedule/live_cells.hpp"

namespace lacuna::schedule {

ResidencyMap::ResidencyMap(const Schedule& schedule, const network::Network& network,
                           const arch::AcceleratorSpec& spec)
    : schedule_(schedule),
      network_(network),
      spec_(spec),
      values_per_word_(spec.weights_per_word()),
      of_block_(schedule.blocks.size()) {
  follow_steps();
  index_blocks();
}

void ResidencyMap::follow_steps() {
  struct Held {
    std::int32_t block = 0;
    std::int64_t address = 0;
    Stay stay;
  };
  LiveCells<Held> live;
  std::vector<Piece> pieces;
  StepId now = kSetup;
  const auto end_stay = [&](std::int64_t begin, std::int64_t end, Held held) {
    held.stay.until = now;
    pieces.push_back({begin, end, held.block, held.address, std::move(held.stay)});
  };
  const auto replaced = [](const Held& /*held*/) { return false; };
  for_each_access(schedule_, network_, spec_, MemoryId::kWeightSram, [&](const Access& access) {
    now = access.step;
    if (access.kind == AccessKind::kWrite) {
      const Held fresh{access.block, access.first, {now, 0, {}}};
      live.write(access.first, access.end(), fresh, replaced, end_stay);
    } else {
      live.visit(access.first, access.end(), [&](Held& held) { held.stay.reads.push_back(now); });
    }
  });
  now = static_cast<StepId>(schedule_.steps.size());
  live.finish(end_stay);
  pieces_.build(std::move(pieces));
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    of_block_[static_cast<std::size_t>(pieces_[i].block)].push_back(i);
  }
  for (std::vector<std::size_t>& list : of_block_) {
    std::sort(list.begin(), list.end(), [&](std::size_t a, std::size_t b) {
      return std::tie(pieces_[a].stay.from, a) < std::tie(pieces_[b].stay.from, b);
    });
  }
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
  if (!place.used) return {};
  std::vector<const Piece*> found = pieces_.at(
      place.word, [](const Piece& a, const Piece& b) { return a.stay.from < b.stay.from; });
  // An index's last word may have more lanes than the block has channels left.
  const auto holds_nothing = [&](const Piece* piece) {
    const Block& block = schedule_.blocks[static_cast<std::size_t>(piece->block)];
    const std::int64_t word_of_index =
        (place.word - piece->address) % words_per_index(block, spec_);
    return word_of_index * values_per_word_ + place.lane >= block.n_count;
  };
  found.erase(std::remove_if(found.begin(), found.end(), holds_nothing), found.end());
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
