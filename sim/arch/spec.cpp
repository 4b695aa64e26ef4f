#include "arch/spec.hpp"

#include <initializer_list>
#include <map>
#include <utility>

#include "arch/fields.hpp"
#include "arch/relations.hpp"
#include "base/printable.hpp"

namespace lacuna::arch {
namespace {

constexpr std::int64_t kBitsPerByte = 8;

/// Visitor that fills every field from the file.
class FieldReader {
 public:
  explicit FieldReader(const config::Document& document) : document_(document) {}

  void text(const std::string& section, const std::string& key, std::string& value) {
    value = base::printable(in(section).required<std::string>(key));
  }
  void integer(const std::string& section, const std::string& key, int& value, int min, int max) {
    value = in(section).required<int>(key, min, max);
  }
  void limit(const std::string& section, const std::string& key, Limit& value, std::int64_t min,
             std::int64_t max) {
    value = in(section).limit(key, min, max);
  }
  void flag(const std::string& section, const std::string& key, bool& value) {
    value = in(section).required<bool>(key);
  }
  template <class Enum>
  void choice(const std::string& section, const std::string& key, Enum& value,
              std::initializer_list<std::pair<const char*, Enum>> names) {
    value = in(section).choice(key, names);
  }

  config::Section in(const std::string& section) {
    if (section.empty()) return document_.root();
    const auto found = sections_.find(section);
    if (found != sections_.end()) return found->second;
    return sections_.emplace(section, document_.section(section)).first->second;
  }

 private:
  const config::Document& document_;
  std::map<std::string, config::Section> sections_;
};

AcceleratorSpec read_spec(const std::string& path, const config::Document& document) {
  AcceleratorSpec spec;
  FieldReader reader(document);
  visit_fields(spec, reader);
  document.done();
  spec.file = path;
  spec.sha256 = document.sha256();
  check_relations(spec, [&](const std::string& key) {
    const std::size_t dot = key.find('.');
    if (dot == std::string::npos) return document.root().place(key);
    return reader.in(key.substr(0, dot)).place(key.substr(dot + 1));
  });
  return spec;
}

}  // namespace

Limit AcceleratorSpec::weight_words() const {
  if (!weight_sram.capacity_bytes) return std::nullopt;
  return *weight_sram.capacity_bytes * kBitsPerByte / weight_sram.word_bits;
}

Limit AcceleratorSpec::activation_values() const {
  if (!activation_sram.capacity_bytes) return std::nullopt;
  return *activation_sram.capacity_bytes * kBitsPerByte / activation_sram.word_bits *
         activations_per_word();
}

AcceleratorSpec load_spec(const std::string& path, const std::vector<Override>& overrides) {
  return read_spec(path, config::Document::load(path, overrides));
}

AcceleratorSpec parse_spec(const std::string& path, const std::string& text,
                           const std::vector<Override>& overrides) {
  return read_spec(path, config::Document::parse(path, text, overrides));
}

}  // namespace lacuna::arch
