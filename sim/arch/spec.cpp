#include "arch/spec.hpp"

#include <initializer_list>
#include <map>
#include <utility>

#include "arch/fields.hpp"
#include "arch/relations.hpp"
#include "base/printable.hpp"
#include "config/schema.hpp"

namespace lacuna::arch {
namespace {

constexpr std::int64_t kBitsPerByte = 8;

template <class Enum>
using Names = std::initializer_list<std::pair<const char*, Enum>>;

/// Visitor that sets what has a default.
class DefaultSetter {
 public:
  void text(const FieldName& /*name*/, const std::string& /*value*/) {}
  void integer(const FieldName& /*name*/, int& value, int /*min*/, int /*max*/,
               std::optional<int> fallback = {}) {
    value = fallback.value_or(value);
  }
  void limit(const FieldName& /*name*/, Limit& value, std::int64_t /*min*/, std::int64_t /*max*/,
             std::optional<Limit> fallback = {}) {
    value = fallback.value_or(value);
  }
  void rate(const FieldName& /*cycle*/, const FieldName& /*second*/, const Rate& /*a_cycle*/,
            const Rate& /*a_second*/) {}
  void flag(const FieldName& /*name*/, bool& value, std::optional<bool> fallback = {}) {
    value = fallback.value_or(value);
  }
  template <class Enum>
  void choice(const FieldName& /*name*/, Enum& value, Names<Enum> /*names*/,
              Default<Enum> fallback = {}) {
    value = fallback.value_or(value);
  }
};

/// Visitor that fills every field from the file.
class FieldReader {
 public:
  explicit FieldReader(const config::Document& document) : document_(document) {}

  void text(const FieldName& name, std::string& value) {
    value = base::printable(in(name.section).required<std::string>(name.key));
  }
  void integer(const FieldName& name, int& value, int min, int max,
               std::optional<int> fallback = {}) {
    const config::Section section = in(name.section);
    value = fallback ? section.with_default<int>(name.key, min, max, *fallback)
                     : section.required<int>(name.key, min, max);
  }
  void limit(const FieldName& name, Limit& value, std::int64_t min, std::int64_t max,
             std::optional<Limit> fallback = {}) {
    const config::Section section = in(name.section);
    value = fallback ? section.limit_with_default(name.key, min, max, *fallback)
                     : section.limit(name.key, min, max);
  }
  void rate(const FieldName& cycle, const FieldName& second, Rate& a_cycle, Rate& a_second) {
    const config::Section section = in(cycle.section);
    if (section.one_of(cycle.key, second.key) == cycle.key) {
      a_cycle = section.decimal_limit(cycle.key, kMinRate, kMaxRate);
    } else {
      a_second = section.decimal(second.key, kMinRate, kMaxRate);
    }
  }
  void flag(const FieldName& name, bool& value, std::optional<bool> fallback = {}) {
    const config::Section section = in(name.section);
    value = fallback ? section.with_default<bool>(name.key, *fallback)
                     : section.required<bool>(name.key);
  }
  template <class Enum>
  void choice(const FieldName& name, Enum& value, Names<Enum> names, Default<Enum> fallback = {}) {
    const config::Section section = in(name.section);
    value = fallback ? section.choice_with_default<Enum>(name.key, names, *fallback)
                     : section.choice<Enum>(name.key, names);
  }

  config::Section in(const std::string& section) {
    if (section.empty()) return document_.root();
    const auto found = sections_.find(section);
    if (found != sections_.end()) return found->second;
    return sections_.emplace(section, document_.root().section_or_defaults(section)).first->second;
  }

 private:
  const config::Document& document_;
  std::map<std::string, config::Section> sections_;
};

}  // namespace

AcceleratorSpec::AcceleratorSpec() {
  DefaultSetter setter;
  visit_fields(*this, setter);
}

AcceleratorSpec load_spec(const std::string& path, const std::vector<Override>& overrides) {
  return read_spec(config::Document::load(path, overrides));
}

AcceleratorSpec read_spec(const config::Document& document) {
  read_schema(document.root(), config::FileKind::kHardware);
  AcceleratorSpec spec;
  FieldReader reader(document);
  visit_fields(spec, reader);
  document.done();
  if (spec.dram.gigabytes_per_second) {
    spec.dram.bytes_per_cycle = bytes_per_cycle(*spec.dram.gigabytes_per_second, spec.clock_mhz);
  }
  spec.file = document.file();
  spec.sha256 = document.sha256();
  check_relations(spec, [&](const std::string& key) {
    const std::size_t dot = key.find('.');
    if (dot == std::string::npos) return document.root().place(key);
    return reader.in(key.substr(0, dot)).place(key.substr(dot + 1));
  });
  return spec;
}

base::Ratio bytes_per_cycle(const base::Ratio& gigabytes_per_second, int clock_mhz) {
  constexpr std::int64_t kMegaInGiga = 1000;
  return {gigabytes_per_second.over() * kMegaInGiga, gigabytes_per_second.under() * clock_mhz};
}

Limit AcceleratorSpec::weight_words() const {
  if (!weight_sram.capacity_bytes) return std::nullopt;
  return *weight_sram.capacity_bytes * kBitsPerByte / weight_sram.word_bits;
}

Limit AcceleratorSpec::activation_values() const {
  if (!activation_sram.capacity_bytes) return std::nullopt;
  return *activation_sram.capacity_bytes * kBitsPerByte / activation_sram.word_bits *
         activations_per_word();
}

AcceleratorSpec parse_spec(const std::string& path, const std::string& text,
                           const std::vector<Override>& overrides) {
  return read_spec(config::Document::parse(path, text, overrides));
}

}  // namespace lacuna::arch
