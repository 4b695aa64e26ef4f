#include "report/json/json_input.hpp"

#include <array>
#include <cmath>

#include "base/error.hpp"

namespace lacuna::report {

using Json = nlohmann::ordered_json;

namespace {

/// The parser's words, without its own numbering.
base::InputError no_json(const std::string& path, std::string what) {
  const std::size_t name = what.find("] ");
  if (name != std::string::npos) what.erase(0, name + 2);
  return base::InputError({path, 0, ""}, "is no JSON: " + what);
}

/// Looks at the keys of the root until one says what the file is.
class KindFinder : public nlohmann::json_sax<nlohmann::json> {
 public:
  KindFinder(const std::string& path, JsonKind& kind) : path_(path), kind_(kind) {}

  bool null() override { return value("null"); }
  bool boolean(bool /*value*/) override { return value("no text"); }
  bool number_integer(number_integer_t /*value*/) override { return value("no text"); }
  bool number_unsigned(number_unsigned_t /*value*/) override { return value("no text"); }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override {
    return value("no text");
  }
  bool string(string_t& text) override {
    if (!of_schema()) return true;
    kind_.schema = text;
    return false;
  }
  bool binary(binary_t& /*value*/) override { return true; }
  bool start_object(std::size_t /*size*/) override {
    if (!value("no text")) return false;
    ++depth_;
    return true;
  }
  bool key(string_t& text) override {
    if (depth_ != 1) return true;
    key_ = text;
    kind_.timeline = key_ == "traceEvents";
    return !kind_.timeline;
  }
  bool end_object() override {
    --depth_;
    return true;
  }
  bool start_array(std::size_t size) override {
    kind_.timeline = depth_ == 0;
    return !kind_.timeline && start_object(size);
  }
  bool end_array() override { return end_object(); }
  bool parse_error(std::size_t /*position*/, const std::string& /*token*/,
                   const nlohmann::detail::exception& error) override {
    throw no_json(path_, error.what());
  }

 private:
  bool of_schema() const { return depth_ == 1 && key_ == "schema"; }
  bool value(const char* is) const {
    if (of_schema()) throw base::InputError({path_, 0, "schema"}, std::string("is ") + is);
    return true;
  }

  const std::string& path_;
  JsonKind& kind_;
  int depth_ = 0;
  std::string key_;  ///< of the root
};

}  // namespace

JsonKind json_kind(const std::string& path, const std::string& text) {
  JsonKind kind;
  KindFinder finder(path, kind);
  nlohmann::json::sax_parse(text, &finder);
  return kind;
}

Json parse_json(const std::string& path, const std::string& text) {
  constexpr int kMostLevels = 64;
  constexpr int kMostKeys = 256;
  std::array<int, kMostLevels + 2> keys{};  // so far, of the object at each level
  if (text.find('\0') != std::string::npos) throw no_json(path, "it holds a NUL byte");
  try {
    return Json::parse(text, [&](int depth, Json::parse_event_t event, Json&) {
      if (depth > kMostLevels) {
        throw base::InputError({path, 0, ""}, "is nested too deeply",
                               std::to_string(kMostLevels) + " levels are allowed");
      }
      const auto level = static_cast<std::size_t>(depth);
      if (event == Json::parse_event_t::object_start) keys[level + 1] = 0;
      if (event == Json::parse_event_t::key && ++keys[level] > kMostKeys) {
        throw base::InputError({path, 0, ""}, "has an object of too many keys",
                               std::to_string(kMostKeys) + " are allowed");
      }
      return true;
    });
  } catch (const Json::exception& error) {
    throw no_json(path, error.what());
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
