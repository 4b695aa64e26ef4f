#include "fault/map_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/file_limits.hpp"
#include "base/printable.hpp"
#include "base/sha256.hpp"
#include "config/text.hpp"
#include "fault/plan_builder.hpp"

namespace lacuna::fault {
namespace {

using base::InputError;
using base::Place;
using memory::FaultKind;

constexpr std::string_view kHeader = "memory,bank,row,bit,kind";
constexpr std::array<const char*, 5> kColumns{"memory", "bank", "row", "bit", "kind"};

using Fields = std::array<std::string_view, kColumns.size()>;

/// nullopt when there are more or fewer fields than columns.
std::optional<Fields> split(std::string_view line) {
  Fields fields;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const std::size_t comma = line.find(',');
    const bool last = i + 1 == fields.size();
    if (last != (comma == std::string_view::npos)) return std::nullopt;
    fields[i] = line.substr(0, comma);
    if (!last) line.remove_prefix(comma + 1);
  }
  return fields;
}

/// Reads the rows of one file.
class RowReader {
 public:
  RowReader(const std::string& path, const Memories& memories) : path_(path), memories_(memories) {}

  Fault read(std::string_view text, int line) const {
    const std::optional<Fields> fields = split(text);
    if (!fields) {
      throw InputError(place(line, ""), "is not a row of five fields: " + base::shown(text),
                       std::string(kHeader));
    }
    Fault fault;
    fault.memory = memory((*fields)[0], line);
    const MemoryGeometry& geometry = memories_[fault.memory];
    fault.cell.bank = number((*fields)[1], line, kColumns[1], geometry, geometry.banks);
    fault.cell.row = number((*fields)[2], line, kColumns[2], geometry, geometry.rows());
    fault.cell.bit = number((*fields)[3], line, kColumns[3], geometry, geometry.word_bits);
    if (!geometry.contains(fault.cell)) {
      throw InputError(place(line, kColumns[2]), "lies in the last row, which is not full",
                       geometry.describe());
    }
    fault.kind = kind((*fields)[4], line);
    return fault;
  }

  Place place(int line, const char* column) const { return {path_, line, column}; }

 private:
  MemoryId memory(std::string_view text, int line) const {
    std::vector<std::string> names;
    for (const memory::MemoryKind& kind : memory::kMemories) {
      if (text == kind.name) {
        if (memories_.has(kind.id)) return kind.id;
        throw InputError(place(line, kColumns[0]), fmt::format("there is no {}", kind.name),
                         memories_.why_absent(kind.id));
      }
      if (memories_.has(kind.id)) names.emplace_back(kind.name);
    }
    throw InputError(place(line, kColumns[0]), base::shown(text) + " has no fault sites",
                     base::join(names), base::nearest_name(text.substr(0, 40), names));
  }

  std::int64_t number(std::string_view text, int line, const char* column,
                      const MemoryGeometry& geometry, std::int64_t count) const {
    std::int64_t value = -1;
    const bool valid = config::parse_integer(text, &value) == config::Number::kOk;
    if (!valid || value < 0 || value >= count) {
      throw InputError(place(line, column), base::shown(text) + " does not exist",
                       geometry.describe() + fmt::format(": 0 to {}", count - 1));
    }
    return value;
  }

  FaultKind kind(std::string_view text, int line) const {
    const std::vector<FaultKind> kinds = memory::fault_kinds(memory::kPermanently);
    for (const FaultKind kind : kinds) {
      if (text == memory::fault_kind_name(kind)) return kind;
    }
    const std::vector<std::string> names = memory::fault_kind_names(kinds);
    throw InputError(place(line, kColumns[4]), "is " + base::shown(text),
                     "one of " + base::join(names), base::nearest_name(text.substr(0, 40), names));
  }

  const std::string& path_;
  const Memories& memories_;
};

}  // namespace

std::string read_map_bytes(const std::string& path) {
  return base::read_file(path, base::kMaxFaultMapBytes);
}

FaultPlan read_map(const std::string& path, const Memories& memories) {
  const std::string bytes = read_map_bytes(path);
  FaultPlan plan = map_from_bytes(path, bytes, memories);
  plan.sha256 = base::sha256_hex(bytes);
  return plan;
}

FaultPlan map_from_bytes(const std::string& path, const std::string& whole,
                         const Memories& memories) {
  const std::string_view bytes = base::without_byte_order_mark(whole);
  const RowReader reader(path, memories);
  std::vector<SourcedFault> faults;
  int line = 0;
  for (std::size_t begin = 0; begin < bytes.size() || line == 0;) {
    const std::size_t end = std::min(bytes.find('\n', begin), bytes.size());
    std::string_view text(bytes.data() + begin, end - begin);
    if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
    ++line;
    begin = end + 1;
    if (line == 1) {
      if (text != kHeader) {
        throw InputError(reader.place(line, ""), "is not the header of a fault map",
                         std::string(kHeader));
      }
      continue;
    }
    faults.push_back({reader.read(text, line), line});
    if (static_cast<std::int64_t>(faults.size()) > kMaxFaults) {
      throw InputError(reader.place(line, ""), "is one fault too many",
                       fmt::format("at most {} are run", kMaxFaults));
    }
  }
  return build_plan(
      std::move(faults), [&](std::int32_t source) { return reader.place(source, ""); }, path);
}

void check_map(const std::string& path, const FaultPlan& plan) {
  for (const Fault& fault : plan.faults) {
    if (fault.is_permanent() && !memory::fault_kind(fault.kind).by_chance) continue;
    const std::string what =
        fault.step != memory::kPermanent ? fmt::format("the upset at step {}", fault.step)
        : fault.is_upset()               ? fmt::format("the upset at cycle {}", fault.cycle)
        : fault.is_window()
            ? fmt::format("the window from cycle {} to {}", fault.cycle, fault.until)
            : fmt::format("{}", memory::fault_kind_name(fault.kind));
    throw InputError({path, 0, ""}, fmt::format("cannot hold {} of {}", what, plan.origin),
                     "a map holds permanent faults only");
  }
}

void write_map(const std::string& path, const FaultPlan& plan) {
  check_map(path, plan);
  std::string text = std::string(kHeader) + "\n";
  for (const Fault& fault : plan.faults) {
    fmt::format_to(std::back_inserter(text), "{},{},{},{},{}\n", memory_name(fault.memory),
                   fault.cell.bank, fault.cell.row, fault.cell.bit,
                   memory::fault_kind_name(fault.kind));
  }
  base::write_file(path, text);
}

}  // namespace lacuna::fault
