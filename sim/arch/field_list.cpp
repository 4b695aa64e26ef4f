#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <utility>

#include "arch/fields.hpp"
#include "base/error.hpp"
#include "config/yaml_text.hpp"

namespace lacuna::arch {
namespace {

constexpr const char* kUnlimitedWord = "unlimited";

/// Powers of two as such where they are large, other numbers in groups of three digits.
std::string number_text(std::int64_t value) {
  constexpr std::int64_t kLarge = 100'000;
  if (value < kLarge) return std::to_string(value);
  if ((value & (value - 1)) == 0) {
    int power = 0;
    while ((std::int64_t{1} << power) != value) ++power;
    return fmt::format("2^{}", power);
  }
  std::string text = std::to_string(value);
  constexpr std::size_t kGroup = 3;
  for (std::size_t i = text.size(); i > kGroup;) {
    i -= kGroup;
    text.insert(i, ",");
  }
  return text;
}

std::string range_text(std::int64_t min, std::int64_t max) {
  return min == max ? number_text(min)
                    : fmt::format("{} to {}", number_text(min), number_text(max));
}

/// Visitor that lists every field with its value.
class FieldLister {
 public:
  void text(const FieldName& name, const std::string& value) { add(name, "text", "", value); }
  void integer(const FieldName& name, std::int64_t value, std::int64_t min, std::int64_t max,
               std::optional<int> fallback = {}) {
    add(name, range_text(min, max), fallback ? std::to_string(*fallback) : "", value);
  }
  void limit(const FieldName& name, const Limit& value, std::int64_t min, std::int64_t max,
             std::optional<Limit> fallback = {}) {
    const auto text = [](const Limit& limit) {
      return limit ? std::to_string(*limit) : kUnlimitedWord;
    };
    add(name, range_text(min, max) + fmt::format(", `{}`", kUnlimitedWord),
        fallback ? text(*fallback) : "", kUnlimitedWord);
    if (value) list_.back().value = *value;
  }
  void rate(const FieldName& cycle, const FieldName& second, const Rate& a_cycle,
            const Rate& a_second) {
    add(cycle, rate_range() + fmt::format(", `{}`", kUnlimitedWord), "",
        a_second  ? FieldValue()
        : a_cycle ? value_of(*a_cycle)
                  : std::string(kUnlimitedWord));
    list_.back().instead = dotted(second);
    add(second, rate_range(), "", a_second ? value_of(*a_second) : FieldValue());
    list_.back().instead = dotted(cycle);
  }
  void flag(const FieldName& name, bool value, std::optional<bool> fallback = {}) {
    add(name, "`true`, `false`", fallback ? config::yaml_text(*fallback) : "", value);
  }
  template <class Enum>
  void choice(const FieldName& name, Enum value,
              std::initializer_list<std::pair<const char*, Enum>> names,
              Default<Enum> fallback = {}) {
    std::vector<std::string> values;
    std::string own;
    std::string fallback_name;
    for (const auto& [text, known] : names) {
      values.push_back(fmt::format("`{}`", text));
      if (known == value) own = text;
      if (fallback && known == *fallback) fallback_name = text;
    }
    add(name, base::join(values), fallback_name, own);
  }

  std::vector<Field> take() { return std::move(list_); }

 private:
  static FieldValue value_of(const base::Ratio& ratio) {
    if (ratio.under() == 1) return ratio.over();
    return ratio.real();
  }

  template <class Value>
  void add(const FieldName& name, const std::string& values, const std::string& fallback,
           const Value& value) {
    Field field{name.section, name.key, name.unit, name.meaning, values, fallback, {}};
    if constexpr (std::is_convertible_v<Value, std::string>) {
      field.value = std::string(value);
    } else {
      field.value = value;
    }
    list_.push_back(std::move(field));
  }

  std::vector<Field> list_;
};

}  // namespace

std::string Field::text() const {
  return std::visit(
      [](const auto& own) {
        if constexpr (std::is_same_v<std::decay_t<decltype(own)>, std::monostate>) {
          return std::string();
        } else {
          return config::yaml_text(own);
        }
      },
      value);
}

std::vector<Field> fields(const AcceleratorSpec& spec) {
  FieldLister lister;
  visit_fields(spec, lister);
  return lister.take();
}

}  // namespace lacuna::arch
