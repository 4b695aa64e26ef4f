#include "report/json_input.hpp"

#include <cmath>

#include "base/error.hpp"

namespace lacuna::report {

using Json = nlohmann::ordered_json;

Json parse_json(const std::string& path, const std::string& text) {
  constexpr int kMostLevels = 64;
  try {
    return Json::parse(text, [&](int depth, Json::parse_event_t, Json&) {
      if (depth > kMostLevels) {
        throw base::InputError({path, 0, ""}, "is nested too deeply",
                               std::to_string(kMostLevels) + " levels are allowed");
      }
      return true;
    });
  } catch (const Json::exception& error) {
    std::string what = error.what();
    const std::size_t name = what.find("] ");
    if (name != std::string::npos) what.erase(0, name + 2);
    throw base::InputError({path, 0, ""}, "is no JSON: " + what);
  }
}

void JsonInput::fail(const std::string& wrong, const std::string& allowed) const {
  throw base::InputError({file_, 0, key_}, wrong, allowed);
}

JsonInput JsonInput::at(const std::string& key) const {
  if (!value_->is_object()) fail("is no object");
  const auto found = value_->find(key);
  const std::string path = key_.empty() ? key : key_ + "." + key;
  if (found == value_->end()) throw base::InputError({file_, 0, path}, "is missing");
  return {file_, path, *found};
}

JsonInput JsonInput::at(std::size_t index) const {
  return {file_, key_ + "[" + std::to_string(index) + "]", (*value_)[index]};
}

std::size_t JsonInput::size() const {
  if (!value_->is_array()) fail("is no list");
  return value_->size();
}

bool JsonInput::has(const std::string& key) const {
  return value_->is_object() && value_->contains(key) && !(*value_)[key].is_null();
}

std::string JsonInput::text() const {
  if (!value_->is_string()) fail("is no text");
  return value_->get<std::string>();
}

double JsonInput::number() const {
  if (!value_->is_number() || !std::isfinite(value_->get<double>())) fail("is no number");
  return value_->get<double>();
}

std::int64_t JsonInput::count() const {
  constexpr std::int64_t kMost = std::int64_t{1} << 53;
  const bool fits = value_->is_number_integer() &&
                    (!value_->is_number_unsigned() ||
                     value_->get<std::uint64_t>() <= static_cast<std::uint64_t>(kMost)) &&
                    value_->get<std::int64_t>() >= 0;
  if (!fits) fail("is no count", "0 to 2^53 are allowed");
  return value_->get<std::int64_t>();
}

Json JsonInput::count_or_null() const { return value_->is_null() ? Json() : Json(count()); }

Json JsonInput::number_or_null() const { return value_->is_null() ? Json() : Json(number()); }

}  // namespace lacuna::report
