// A YAML map that must be used up: required<T>() for every known key, then done().
#pragma once

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <utility>

#include "error.hpp"
#include "nearest.hpp"

namespace lacuna::train {

class StrictMap {
 public:
  StrictMap(const YAML::Node& node, std::filesystem::path file, std::string name)
      : node_(node), file_(std::move(file)), name_(std::move(name)) {
    if (!node_.IsMap()) fail(node_, fmt::format("{} must be a map", name_));
    std::set<std::string> seen;
    for (const auto& entry : node_) {
      if (!seen.insert(entry.first.Scalar()).second) {
        fail(entry.first, fmt::format("'{}' is given twice", entry.first.Scalar()));
      }
    }
  }

  StrictMap map(const std::string& key) { return StrictMap(find(key), file_, key); }

  template <typename T>
  T required(const std::string& key) {
    const YAML::Node value = find(key);
    try {
      return value.as<T>();
    } catch (const YAML::Exception&) {
      fail(value, fmt::format("'{}' has a value of the wrong type", key));
    }
  }

  /// Both ends are allowed.
  template <typename T>
  T required_in(const std::string& key, T lowest, T highest) {
    const T value = required<T>(key);
    // Written so that NaN fails, too.
    if (!(value >= lowest && value <= highest)) {
      fail(find(key), fmt::format("'{}' is {}, allowed is {} to {}", key, value, lowest, highest));
    }
    return value;
  }

  /// Throws if the map holds a key that nobody asked for.
  void done() const {
    for (const auto& entry : node_) {
      const std::string& key = entry.first.Scalar();
      if (known_.count(key) != 0) continue;
      const std::string guess = nearest(key, known_);
      fail(entry.first,
           fmt::format("unknown key '{}' in {}; {}", key, name_,
                       guess.empty() ? fmt::format("known: {}", fmt::join(known_, ", "))
                                     : fmt::format("did you mean '{}'?", guess)));
    }
  }

  [[noreturn]] void fail(const YAML::Node& where, const std::string& what) const {
    throw TrainError(fmt::format("{}:{}: {}", file_.string(), line_of(where), what));
  }

  const YAML::Node& node() const { return node_; }

 private:
  YAML::Node find(const std::string& key) {
    known_.insert(key);
    // Through a const node: operator[] of a non-const one would insert the key.
    const YAML::Node& map = node_;
    const YAML::Node value = map[key];
    if (!value) missing(key);
    return value;
  }

  // A key that is missing may be there, but misspelt.
  [[noreturn]] void missing(const std::string& key) const {
    std::set<std::string> given;
    for (const auto& entry : node_) given.insert(entry.first.Scalar());
    const std::string guess = nearest(key, given);
    fail(node_, fmt::format("'{}' is missing in {}{}", key, name_,
                            guess.empty() ? "" : fmt::format("; is '{}' meant to be it?", guess)));
  }

  // An empty file has no line of its own.
  static int line_of(const YAML::Node& node) { return std::max(node.Mark().line, 0) + 1; }

  YAML::Node node_;
  std::filesystem::path file_;
  std::string name_;
  std::set<std::string> known_;
};

}  // namespace lacuna::train
