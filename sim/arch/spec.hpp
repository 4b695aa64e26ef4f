// The accelerator that is simulated: sizes, widths and policies of every block, as read from a
// file in hw_configs/. Plain data; docs/hardware.md explains each key.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ratio.hpp"
#include "base/units.hpp"
#include "config/document.hpp"
#include "tensor/encoding.hpp"

namespace lacuna::arch {

/// A size, or whole things a cycle; nullopt is `unlimited`: no limit, and no cycles.
using Limit = std::optional<std::int64_t>;

/// So much a cycle; nullopt as above.
using Rate = std::optional<base::Ratio>;

enum class Dataflow : std::uint8_t { kWeightStationary };
enum class WeightLoad : std::uint8_t { kSerial, kShadowed };
enum class KOrder : std::uint8_t { kBlocked, kInterleaved };
enum class ZeroSkipping : std::uint8_t { kNone, kGate, kSkip };

struct ArraySpec {
  int rows = 0;
  int cols = 0;
  int weights_per_pe = 1;  ///< D
  Dataflow dataflow{};
  WeightLoad weight_load{};
  int psum_fifo_depth = 0;     ///< F, at least 2
  int local_accumulators = 0;  ///< 1 or 2
  KOrder k_order{};
  bool whole_folds{};  ///< time counts unused rows and columns, too
};

struct WeightSramSpec {
  Limit capacity_bytes;
  int word_bits = 0;
  int banks = 0;
  tensor::Encoding encoding = tensor::Encoding::kTwosComplement;
};

struct ActivationSramSpec {
  Limit capacity_bytes;  ///< of the values; the bitmap's cells come on top
  int word_bits = 0;
  int banks = 0;
};

struct AccumulatorSpec {
  Limit entries_per_lane;
};

struct PostSpec {
  Limit lanes;             ///< channels a cycle, at most the array's columns
  int latency_cycles = 0;  ///< from the drain of the last pass to the first entry taken
};

struct DramSpec {
  int latency_cycles = 0;
  Rate bytes_per_cycle;
  /// Where the file says this instead: 10^9 bytes. bytes_per_cycle follows from it and the clock.
  std::optional<base::Ratio> gigabytes_per_second;
};

/// A rate of DRAM in bytes a cycle, exactly.
base::Ratio bytes_per_cycle(const base::Ratio& gigabytes_per_second, int clock_mhz);

struct PrecisionSpec {
  int weight_bits = 8;      ///< 2..8, width of a stored weight
  int activation_bits = 8;  ///< 2..8, width of a stored activation
  int accumulator_bits = 0;
};

struct AcceleratorSpec {
  /// What has a default (arch/fields.hpp) has it; the rest is to be set.
  AcceleratorSpec();

  std::string name;
  ArraySpec array;
  ZeroSkipping zero_skipping = ZeroSkipping::kNone;
  WeightSramSpec weight_sram;
  ActivationSramSpec activation_sram;
  AccumulatorSpec accumulators;
  PostSpec post;
  DramSpec dram;
  PrecisionSpec precision;
  int clock_mhz = 0;  ///< for seconds: of leakage, and of DRAM where its rate is said in them

  std::string file;    ///< where it was read from
  std::string sha256;  ///< of the file's bytes and the overrides

  /// Values of `bits` bits that one word holds; none straddles two words.
  static int values_per_word(int word_bits, int bits) { return word_bits / bits; }
  int weights_per_word() const {
    return values_per_word(weight_sram.word_bits, precision.weight_bits);
  }
  int activations_per_word() const {
    return values_per_word(activation_sram.word_bits, precision.activation_bits);
  }

  /// Words of the weight SRAM.
  Limit weight_words() const;
  /// Values that the activation SRAM holds.
  Limit activation_values() const;
  /// Width of a bitmap word: a feeder asks for as many values at once as a PE has weights for.
  int bitmap_word_bits() const { return array.weights_per_pe; }
};

/// One `--set` of the command line: dotted path (as array.rows) and value.
using Override = config::Override;

/// Reads and validates a hardware file. Throws base::InputError with file, line and key for an
/// unknown, missing, ill-typed or impossible value.
AcceleratorSpec load_spec(const std::string& path, const std::vector<Override>& overrides = {});
/// The same of a file that has been read; `path` is for messages.
AcceleratorSpec parse_spec(const std::string& path, const std::string& text,
                           const std::vector<Override>& overrides = {});

/// The same of a document that is loaded.
AcceleratorSpec read_spec(const config::Document& document);

/// `unlimited` and choices are texts, fractions the nearest double. Nothing: `instead` is given.
using FieldValue = std::variant<std::monostate, std::int64_t, bool, double, std::string>;

/// One key of a hardware file: what docs/hardware.md says of it, and what a machine has there.
struct Field {
  std::string section;  ///< empty: the file's top level
  std::string key;
  std::string unit;      ///< empty where it has none
  std::string meaning;   ///< one line of Markdown
  std::string values;    ///< that are allowed, as Markdown
  std::string fallback;  ///< the default as it would stand in the file; empty: the key is required
  FieldValue value;
  std::string instead{};  ///< path of the key that may be given in place of this one; empty: none

  std::string path() const { return section.empty() ? key : section + "." + key; }
  /// The value as it would stand in a file; empty where there is none.
  std::string text() const;
};

/// Every key in the order of the file.
std::vector<Field> fields(const AcceleratorSpec& spec);

/// Checks sizes and relations between blocks (also for specs built in code). Throws
/// base::InputError.
void validate(const AcceleratorSpec& spec);

}  // namespace lacuna::arch
