#include "fault/geometry.hpp"

#include <fmt/format.h>

namespace lacuna::fault {
namespace {

constexpr int kSumBits = 32;

std::string plural(const std::string& name) {
  if (name == "index") return "indices";
  if (name == "entry") return "entries";
  return name + "s";
}

std::string describe_axes(const std::vector<NamedAxis>& axes) {
  std::string text;
  for (const NamedAxis& axis : axes) {
    text += axis.first == 0 ? fmt::format("{} {} x ", axis.count, plural(axis.name))
                            : fmt::format("{} {} to {} x ", plural(axis.name), axis.first,
                                          axis.first + axis.count - 1);
  }
  return text;
}

std::string name_axes(const std::vector<NamedAxis>& axes, std::int64_t number) {
  std::int64_t below = 1;  // numbers of the axes inside
  for (const NamedAxis& axis : axes) below *= axis.count;
  std::string text;
  for (const NamedAxis& axis : axes) {
    below /= axis.count;
    text += fmt::format("{} {} ", axis.name, axis.first + number / below % axis.count);
  }
  return text;
}

MemoryGeometry sram(MemoryId memory, std::int64_t words, int word_bits, int banks) {
  return {memory, words, word_bits, banks, {}, {}};
}

/// Registers of `rows` rows of processing elements from `first_row` on.
MemoryGeometry registers(MemoryId memory, const arch::ArraySpec& array, int first_row,
                         const std::vector<std::int64_t>& counts, int bits) {
  const memory::MemoryKind& kind = memory::memory_kind(memory);
  MemoryGeometry geometry;
  geometry.memory = memory;
  geometry.word_bits = bits;
  geometry.bank_axes = {{kind.bank_names[0], first_row, array.rows - first_row},
                        {kind.bank_names[1], 0, array.cols}};
  geometry.banks = (array.rows - first_row) * array.cols;
  geometry.words = geometry.banks;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    geometry.row_axes.push_back({kind.row_names[i], 0, counts[i]});
    geometry.words *= counts[i];
  }
  return geometry;
}

}  // namespace

bool MemoryGeometry::contains(const memory::CellPosition& cell) const {
  return cell.bank >= 0 && cell.bank < banks && cell.bit >= 0 && cell.bit < word_bits &&
         cell.row >= 0 && cell.row < rows() && word(cell.bank, cell.row) < words;
}

std::string MemoryGeometry::describe() const {
  const bool named = !row_axes.empty();
  return fmt::format("{} has {}{} bits", memory_name(memory),
                     named ? describe_axes(bank_axes) + describe_axes(row_axes)
                           : fmt::format("{} banks x {} rows x ", banks, rows()),
                     word_bits);
}

std::string MemoryGeometry::name(const memory::CellPosition& cell) const {
  const bool named = !row_axes.empty();
  return fmt::format("{}bit {}",
                     named ? name_axes(bank_axes, cell.bank) + name_axes(row_axes, cell.row)
                           : fmt::format("bank {} row {} ", cell.bank, cell.row),
                     cell.bit);
}

Memories::Memories(const MemoryGeometry& only) {
  absent_.fill(fmt::format("only {}", memory_name(only.memory)));
  absent_[memory::index_of(only.memory)].clear();
  at(only.memory) = only;
}

Memories::Memories(const arch::AcceleratorSpec& spec, const MemorySizes& used) {
  const arch::ArraySpec& array = spec.array;
  const std::int64_t values_a_word = spec.activations_per_word();
  const std::int64_t slots = spec.activation_values().value_or(used.activation_slots);
  at(MemoryId::kWeightSram) =
      sram(MemoryId::kWeightSram, spec.weight_words().value_or(used.weight_words),
           spec.weight_sram.word_bits, spec.weight_sram.banks);
  at(MemoryId::kActivationSram) =
      sram(MemoryId::kActivationSram, base::ceil_div(slots, values_a_word),
           spec.activation_sram.word_bits, spec.activation_sram.banks);
  at(MemoryId::kActivationBitmap) =
      sram(MemoryId::kActivationBitmap,
           base::ceil_div(base::ceil_div(slots, values_a_word) * values_a_word,
                          std::int64_t{spec.bitmap_word_bits()}),
           spec.bitmap_word_bits(), spec.activation_sram.banks);
  if (spec.zero_skipping != arch::ZeroSkipping::kSkip) {
    absent_[memory::index_of(MemoryId::kActivationBitmap)] =
        "a machine with zero_skipping: skip reads one, no other";
  }
  const std::int64_t entries =
      spec.accumulators.entries_per_lane.value_or(used.accumulator_entries);
  at(MemoryId::kAccumulatorSram) =
      sram(MemoryId::kAccumulatorSram, entries * array.cols, kSumBits, array.cols);
  const std::int64_t sets = array.weight_load == arch::WeightLoad::kShadowed ? 2 : 1;
  at(MemoryId::kPeWeights) = registers(MemoryId::kPeWeights, array, 0, {sets, array.weights_per_pe},
                                       spec.precision.weight_bits);
  at(MemoryId::kPeAccumulators) =
      registers(MemoryId::kPeAccumulators, array, 0, {array.local_accumulators}, kSumBits);
  if (array.rows > 1) {
    at(MemoryId::kPsumFifos) =
        registers(MemoryId::kPsumFifos, array, 1, {array.psum_fifo_depth}, kSumBits);
  } else {
    absent_[memory::index_of(MemoryId::kPsumFifos)] = "an array of two rows or more has them";
  }
  MemoryGeometry& tables = at(MemoryId::kLookupTables);
  tables = sram(MemoryId::kLookupTables, used.table_entries, spec.precision.activation_bits, 1);
  tables.row_axes = {{"entry", 0, used.table_entries}};
  if (used.table_entries == 0) {
    absent_[memory::index_of(MemoryId::kLookupTables)] =
        "a network with element-wise layers of one map has them";
  }
}

}  // namespace lacuna::fault
