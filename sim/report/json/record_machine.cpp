#include "report/json/record_machine.hpp"

#include <algorithm>

#include "arch/spec.hpp"
#include "base/error.hpp"
#include "base/printable.hpp"
#include "config/text.hpp"

namespace lacuna::report {
namespace {

constexpr const char* kMachineKey = "machine";

/// Of any machine: names, not values.
const std::vector<arch::Field>& hardware_fields() {
  static const std::vector<arch::Field> kFields = arch::fields(arch::AcceleratorSpec());
  return kFields;
}

/// Live as long as the program, since figures point to them.
const std::vector<std::string>& machine_keys() {
  static const std::vector<std::string> kKeys = [] {
    std::vector<std::string> keys;
    for (const arch::Field& field : hardware_fields()) {
      keys.push_back(std::string(kMachineKey) + "." + field.path());
    }
    return keys;
  }();
  return kKeys;
}

std::string machine_path(const std::string& key) { return std::string(kMachineKey) + "." + key; }

}  // namespace

void RecordMachine::fail_unknown(const std::string& key) const {
  std::vector<std::string> known;
  for (const arch::Field& field : hardware_fields()) known.push_back(field.path());
  throw base::InputError({path_, 0, std::string(kMachineKey) + "." + base::shown(key)},
                         "is not a key of machines", "", base::nearest_name(key, known));
}

void RecordMachine::set(const std::string& key, Value value) {
  const auto& all = hardware_fields();
  if (std::none_of(all.begin(), all.end(),
                   [&](const arch::Field& field) { return field.path() == key; })) {
    fail_unknown(key);
  }
  values_.emplace_back(key, std::move(value));
}

void RecordMachine::check_section(const std::string& key) const {
  const auto& all = hardware_fields();
  if (std::none_of(all.begin(), all.end(),
                   [&](const arch::Field& field) { return field.section == key; })) {
    fail_unknown(key);
  }
}

std::vector<RecordFigure> RecordMachine::finish() const {
  std::string yaml = "schema: lacuna.hardware/1\n";
  std::string section;
  for (arch::Field field : hardware_fields()) {
    const auto own = std::find_if(values_.begin(), values_.end(),
                                  [&](const auto& entry) { return entry.first == field.path(); });
    if (own == values_.end()) continue;
    if (field.section != section && !field.section.empty()) yaml += field.section + ":\n";
    section = field.section;
    field.value = own->second;
    yaml += (section.empty() ? "" : "  ") + field.key + ": " + field.text() + "\n";
  }
  const std::string name = path_ + " (" + kMachineKey + ")";
  const std::vector<arch::Field> fields =
      arch::fields(arch::read_spec(config::Document::parse(name, yaml)));
  std::vector<RecordFigure> figures;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const Value& value = fields[i].value;
    for (const auto& [key, given] : values_) {
      if (key != fields[i].path() || given == value) continue;
      throw base::InputError({path_, 0, machine_path(key)}, "is of another type",
                             fields[i].text() + " is meant");
    }
    RecordValue shown;
    if (const auto* count = std::get_if<std::int64_t>(&value)) {
      shown = *count;
    } else if (const auto* real = std::get_if<double>(&value)) {
      shown = *real;
    } else if (value.index() != 0) {
      const auto* text = std::get_if<std::string>(&value);
      shown = text != nullptr ? *text : fields[i].text();
    }
    figures.push_back({machine_keys()[i].c_str(), false, std::move(shown)});
  }
  return figures;
}

}  // namespace lacuna::report
