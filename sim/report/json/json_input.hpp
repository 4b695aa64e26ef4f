// JSON files of unknown origin: every access checks, and errors name the file and the key.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace lacuna::report {

/// Throws base::InputError for what is no JSON, for more than 64 levels of nesting, and for more
/// than 256 keys in an object: what is parsed looks for each key among those before it.
nlohmann::ordered_json parse_json(const std::string& path, const std::string& text);

/// What a file of JSON is, by the first key of its root that says so; nothing of it is kept.
struct JsonKind {
  bool timeline = false;  ///< a list, or an object with traceEvents
  std::string schema;
};
/// Throws base::InputError for what is no JSON before such a key.
JsonKind json_kind(const std::string& path, const std::string& text);

/// A value and the way to it. Refers to the parsed document.
class JsonInput {
 public:
  JsonInput(std::string file, const nlohmann::ordered_json& document)
      : file_(std::move(file)), value_(&document) {}

  /// All throw base::InputError where the value is missing or of another kind.
  JsonInput at(const std::string& key) const;
  JsonInput at(std::size_t index) const;
  std::size_t size() const;  ///< of an array
  bool has(const std::string& key) const;
  std::string text() const;
  double number() const;       ///< finite
  std::int64_t count() const;  ///< 0 to 2^53
  nlohmann::ordered_json count_or_null() const;
  nlohmann::ordered_json number_or_null() const;

  [[noreturn]] void fail(const std::string& wrong, const std::string& allowed = "") const;
  const nlohmann::ordered_json& raw() const { return *value_; }

 private:
  JsonInput(std::string file, std::string key, const nlohmann::ordered_json& value)
      : file_(std::move(file)), key_(std::move(key)), value_(&value) {}

  std::string file_;
  std::string key_;
  const nlohmann::ordered_json* value_;
};

}  // namespace lacuna::report
