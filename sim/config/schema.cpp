#include "config/schema.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/printable.hpp"
#include "config/text.hpp"

namespace lacuna::config {
namespace {

constexpr const char* kSchemaKey = "schema";

struct Kind {
  FileKind kind;
  const char* schema;   ///< without its number
  std::int64_t newest;  ///< number that is read
  const char* meaning;
  const char*
      only_here;  ///< a key that files of this kind have, and those of the kinds below do not
};

// A sweep may have `faults` as a fault plan has, hence the order.
constexpr std::array<Kind, 5> kKinds{{
    {FileKind::kSweep, "lacuna.sweep_plan", 1, "a sweep", "grid"},
    {FileKind::kFaultPlan, "lacuna.fault_plan", 1, "a fault plan", "faults"},
    {FileKind::kCampaign, "lacuna.campaign_plan", 1, "a campaign", "machines"},
    {FileKind::kEnergyTable, "lacuna.energy_table", 1, "an energy table", "multiply"},
    {FileKind::kHardware, "lacuna.hardware", 1, "a machine", "array"},
}};

const Kind& entry_of(FileKind kind) {
  return *std::find_if(kKinds.begin(), kKinds.end(),
                       [&](const Kind& entry) { return entry.kind == kind; });
}

std::string newest_schema(const Kind& kind) {
  return std::string(kind.schema) + "/" + std::to_string(kind.newest);
}

/// The kind that a schema names; its number is one that is read.
const Kind& kind_named(const std::string& text, const base::Place& place) {
  const std::size_t slash = text.rfind('/');
  std::int64_t number = 0;
  if (slash != std::string::npos &&
      parse_integer(std::string_view(text).substr(slash + 1), &number) == Number::kTooLarge) {
    number = kAnyInteger;
  }
  const bool numbered = slash != std::string::npos && number >= 1;
  std::vector<std::string> known;
  for (const Kind& kind : kKinds) {
    known.push_back(newest_schema(kind));
    if (!numbered || text.substr(0, slash) != kind.schema) continue;
    if (number <= kind.newest) return kind;
    throw base::InputError(place, base::shown(text) + " needs a newer lacuna",
                           "this one reads " + known.back());
  }
  throw base::InputError(place, base::shown(text) + " is not a schema", base::join(known) + " are",
                         base::nearest_name(text, known));
}

}  // namespace

void read_schema(const Section& root, FileKind kind) {
  const Kind& wanted = entry_of(kind);
  const auto text = root.with_default<std::string>(kSchemaKey, std::string(wanted.schema) + "/1");
  const Kind& found = kind_named(text, root.place(kSchemaKey));
  if (found.kind == kind) return;
  throw base::InputError(
      root.place(kSchemaKey),
      std::string("says that this is ") + found.meaning + ", not " + wanted.meaning,
      newest_schema(wanted));
}

FileKind kind_of(const Document& document) {
  const Section root = document.root();
  if (const auto text = root.optional<std::string>(kSchemaKey)) {
    return kind_named(*text, root.place(kSchemaKey)).kind;
  }
  for (const Kind& kind : kKinds) {
    const std::vector<std::string> keys = root.keys();
    if (std::find(keys.begin(), keys.end(), kind.only_here) != keys.end()) return kind.kind;
  }
  return FileKind::kHardware;
}

}  // namespace lacuna::config
