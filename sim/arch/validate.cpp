#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <string>
#include <utility>

#include "arch/fields.hpp"
#include "arch/relations.hpp"
#include "base/error.hpp"

namespace lacuna::arch {
namespace {

using base::InputError;

/// Visitor that compares every number with its range.
class RangeChecker {
 public:
  explicit RangeChecker(const PlaceOf& place_of) : place_of_(place_of) {}

  void text(const FieldName& name, const std::string& value) {
    if (value.empty()) throw InputError(place_of_(dotted(name)), "is empty", "a text");
  }
  void integer(const FieldName& name, std::int64_t value, std::int64_t min, std::int64_t max,
               std::optional<int> /*fallback*/ = {}) {
    if (value >= min && value <= max) return;
    throw InputError(place_of_(dotted(name)), std::to_string(value) + " is out of range",
                     "an integer from " + std::to_string(min) + " to " + std::to_string(max));
  }
  void limit(const FieldName& name, const Limit& value, std::int64_t min, std::int64_t max,
             const std::optional<Limit>& /*fallback*/ = {}) {
    if (value) integer(name, *value, min, max);
  }
  void rate(const FieldName& cycle, const FieldName& second, const Rate& a_cycle,
            const Rate& a_second) {
    if (a_second) {
      decimal(second, *a_second);
    } else if (a_cycle) {
      decimal(cycle, *a_cycle);
    }
  }
  void flag(const FieldName& /*name*/, bool /*value*/, std::optional<bool> /*fallback*/ = {}) {}
  template <class Enum>
  void choice(const FieldName& name, Enum value,
              std::initializer_list<std::pair<const char*, Enum>> names,
              Default<Enum> /*fallback*/ = {}) {
    const auto same = [&](const auto& entry) { return entry.second == value; };
    if (std::none_of(names.begin(), names.end(), same)) {
      throw InputError(place_of_(dotted(name)), "is none of its values");
    }
  }

 private:
  void decimal(const FieldName& name, const base::Ratio& value) {
    constexpr std::int64_t kMillion = 1'000'000;
    if (value.over() > 0 && !(value < kMinRate) && !(kMaxRate < value) &&
        kMillion % value.under() == 0) {
      return;
    }
    throw InputError(place_of_(dotted(name)), fmt::format("{} is not allowed", value.real()),
                     rate_range() + ", in millionths");
  }

  const PlaceOf& place_of_;
};

/// A memory of whole words, the same number in each bank, each of them holding a value.
void check_memory(const std::string& memory, const Limit& capacity_bytes, int word_bits, int banks,
                  int value_bits, const PlaceOf& place_of) {
  if (word_bits < value_bits) {
    throw InputError(place_of(memory + ".word_bits"),
                     "a word of " + std::to_string(word_bits) + " bits holds no value",
                     "at least the " + std::to_string(value_bits) + " bits of a value");
  }
  const std::int64_t row_bits = std::int64_t{word_bits} * banks;
  if (capacity_bytes && *capacity_bytes * 8 % row_bits != 0) {
    throw InputError(place_of(memory + ".capacity_bytes"),
                     std::to_string(*capacity_bytes) + " bytes are not a whole number of rows",
                     "a multiple of " + std::to_string(banks) + " banks x " +
                         std::to_string(word_bits) + " bits");
  }
}

/// A rate a second makes one a cycle that could be given as such.
void check_dram(const AcceleratorSpec& spec, const PlaceOf& place_of) {
  const Rate& a_second = spec.dram.gigabytes_per_second;
  if (!a_second) return;
  const base::Ratio a_cycle = bytes_per_cycle(*a_second, spec.clock_mhz);
  const base::Place place = place_of("dram.gigabytes_per_second");
  if (a_cycle < kMinRate || kMaxRate < a_cycle) {
    throw InputError(place,
                     fmt::format("{} at {} MHz is {} bytes a cycle", a_second->real(),
                                 spec.clock_mhz, a_cycle.real()),
                     rate_range() + " bytes a cycle");
  }
  if (spec.dram.bytes_per_cycle != a_cycle) {
    throw InputError(place, "is not what dram.bytes_per_cycle is");
  }
}

}  // namespace

void check_relations(const AcceleratorSpec& spec, const PlaceOf& place_of) {
  const PrecisionSpec& precision = spec.precision;
  const WeightSramSpec& weights = spec.weight_sram;
  const ActivationSramSpec& activations = spec.activation_sram;
  check_memory("weight_sram", weights.capacity_bytes, weights.word_bits, weights.banks,
               precision.weight_bits, place_of);
  check_memory("activation_sram", activations.capacity_bytes, activations.word_bits,
               activations.banks, precision.activation_bits, place_of);

  check_dram(spec, place_of);

  const std::int64_t pe_weights =
      std::int64_t{spec.array.rows} * spec.array.cols * spec.array.weights_per_pe;
  if (pe_weights > kMaxPeWeights) {
    throw InputError(place_of("array.weights_per_pe"),
                     "rows x cols x weights_per_pe is " + std::to_string(pe_weights),
                     "at most " + std::to_string(kMaxPeWeights));
  }

  // A PE load takes one reduction index, so `cols` weights, a cycle. No weight straddles two words,
  // so it needs this many words at once, each from a bank of its own.
  const int weights_per_word = spec.weights_per_word();
  const std::int64_t need = base::ceil_div(spec.array.cols, weights_per_word);
  if (need > weights.banks) {
    throw InputError(place_of("weight_sram.banks"),
                     std::to_string(weights.banks) + " banks cannot deliver " +
                         std::to_string(spec.array.cols) + " weights a cycle",
                     "at least " + std::to_string(need) + ": a word of " +
                         std::to_string(weights.word_bits) + " bits holds " +
                         std::to_string(weights_per_word) + " weights of " +
                         std::to_string(precision.weight_bits) + " bits");
  }

  if (spec.post.lanes && *spec.post.lanes > spec.array.cols) {
    throw InputError(
        place_of("post.lanes"),
        std::to_string(*spec.post.lanes) + " lanes are more than the array has columns",
        "at most " + std::to_string(spec.array.cols) + ", or unlimited");
  }
  const Limit& entries = spec.accumulators.entries_per_lane;
  if (entries && *entries * spec.array.cols > kMaxEntries) {
    throw InputError(
        place_of("accumulator_sram.entries_per_lane"),
        std::to_string(*entries) + " entries x " + std::to_string(spec.array.cols) +
            " columns are too many",
        "at most " + std::to_string(kMaxEntries) + " accumulators in all, or unlimited");
  }
}

void validate(const AcceleratorSpec& spec) {
  const PlaceOf place_of = [&](const std::string& key) { return base::Place{spec.file, 0, key}; };
  RangeChecker checker(place_of);
  visit_fields(spec, checker);
  check_relations(spec, place_of);
}

}  // namespace lacuna::arch
