// Values as YAML text that this room reads back as the same.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace lacuna::config {

/// In quotes where it would else be read as something else.
std::string yaml_text(const std::string& text);
std::string yaml_text(const std::vector<std::string>& texts);
/// The shortest decimal number that is read as the same.
std::string yaml_text(double value);

template <class T, class = std::enable_if_t<std::is_integral_v<T>>>
std::string yaml_text(T value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value ? "true" : "false";
  } else {
    return std::to_string(value);
  }
}

}  // namespace lacuna::config
