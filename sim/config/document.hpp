// Strict YAML: every value is asked for by key, type and range, and what nobody asked for is an
// error. The reader of all of the program's own files; nothing else touches the YAML library.
//
// Limits: 1 MiB a file, 32 levels, 4096 bytes a text, one document, UTF-8, no anchors, no aliases,
// no tags, no duplicate keys. Integers are decimal digits only (no 1e3, 0x10, 16.0, 007). Whatever
// a file holds, reading it takes time in proportion to its size.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/ratio.hpp"
#include "config/yaml_text.hpp"

namespace lacuna::config {

struct Node;

/// One `--set` of the command line.
struct Override {
  std::string key;    ///< dotted path, as array.rows
  std::string value;  ///< the scalar's text, as it would stand in the file
};

/// Integers first..last, both included.
struct IntegerRange {
  std::int64_t first = 0;
  std::int64_t last = 0;
};

inline constexpr std::int64_t kAnyInteger = std::int64_t{1} << 53;  ///< "no bound" for a range

/// One map of a document. A cheap handle; the document's content lives as long as any handle.
///
/// All readers throw base::InputError with file, line and key for a value of the wrong type or
/// range. A *missing* required key is noted and answered with a placeholder (the range's minimum,
/// an empty text, the first choice): Document::done() throws for it, unless an unknown key, most
/// likely the same one mistyped, explains it better. So nothing read may be used before done().
class Section {
 public:
  /// Whether the key is there. Asking makes the key a known one, but does not mark it as read.
  bool has(const std::string& key) const;

  /// Integer types with a range, double with a range, bool, std::string (not empty).
  template <class T>
  T required(const std::string& key) const;
  template <class T>
  T required(const std::string& key, T min, T max) const;
  /// nullopt where the key is absent.
  template <class T>
  std::optional<T> optional(const std::string& key) const;
  template <class T>
  std::optional<T> optional(const std::string& key, T min, T max) const;

  /// `fallback` where the key is absent. It then stands in Document::to_yaml() as if written.
  template <class T>
  T with_default(const std::string& key, const T& fallback) const;
  template <class T>
  T with_default(const std::string& key, T min, T max, T fallback) const;

  /// One of a list of names.
  template <class Enum>
  Enum choice(const std::string& key,
              std::initializer_list<std::pair<const char*, Enum>> names) const;
  template <class Enum>
  std::optional<Enum> optional_choice(
      const std::string& key, std::initializer_list<std::pair<const char*, Enum>> names) const;
  template <class Enum>
  Enum choice_with_default(const std::string& key,
                           std::initializer_list<std::pair<const char*, Enum>> names,
                           Enum fallback) const;

  /// The same of a list that is made while the program runs: the place of the name in it.
  std::size_t choice_index(const std::string& key, const std::vector<std::string>& names) const;
  std::size_t choice_index_with_default(const std::string& key,
                                        const std::vector<std::string>& names,
                                        std::size_t fallback) const;

  /// An integer, or nullopt for the word `unlimited`.
  std::optional<std::int64_t> limit(const std::string& key, std::int64_t min,
                                    std::int64_t max) const;
  std::optional<std::int64_t> limit_with_default(const std::string& key, std::int64_t min,
                                                 std::int64_t max,
                                                 std::optional<std::int64_t> fallback) const;

  /// A decimal number of up to six places, exactly; or, too, nullopt for the word `unlimited`.
  base::Ratio decimal(const std::string& key, const base::Ratio& min, const base::Ratio& max) const;
  std::optional<base::Ratio> decimal_limit(const std::string& key, const base::Ratio& min,
                                           const base::Ratio& max) const;

  /// The one that is there of two keys that say the same: the one of the last override, if any is
  /// from one. Both in the file are an error, and so is neither, in which case the answer is `key`.
  std::string one_of(const std::string& key, const std::string& other) const;

  /// A choice of integers: one, a range as 0-3, a list of both, or `all`, the default. nullopt for
  /// `all`; else not empty, as written: neither sorted nor merged.
  std::optional<std::vector<IntegerRange>> selection(const std::string& key, std::int64_t min,
                                                     std::int64_t max) const;

  /// A list; a missing one is an error, an empty one is empty.
  std::vector<std::int64_t> integers(const std::string& key, std::int64_t min,
                                     std::int64_t max) const;
  std::vector<double> reals(const std::string& key, double min, double max) const;
  std::vector<std::string> strings(const std::string& key) const;
  std::vector<std::string> strings_with_default(const std::string& key,
                                                const std::vector<std::string>& fallback) const;
  /// A list of names, each alone or as the key of a map with a number of its own: [a, {b: 0.1}].
  std::vector<std::pair<std::string, std::optional<double>>> names_with_reals(
      const std::string& key, double min, double max,
      const std::vector<std::string>& fallback) const;
  /// A list of maps.
  std::vector<Section> sections(const std::string& key) const;

  /// A nested map; a missing one is an error.
  Section section(const std::string& key) const;
  std::optional<Section> optional_section(const std::string& key) const;
  /// A nested map that may be left out as long as all its keys have defaults.
  Section section_or_defaults(const std::string& key) const;
  /// The key is there and holds a map; for keys that take a word or a map. Does not mark it as
  /// read.
  bool is_section(const std::string& key) const;

  /// Keys in file order, for maps whose keys are the user's names. Does not mark them as read.
  std::vector<std::string> keys() const;

  /// Where this map, or the value of `key`, stands; for errors that the reader of a file finds.
  base::Place place() const;
  base::Place place(const std::string& key) const;

 private:
  friend class Document;
  struct Root;
  Section(std::shared_ptr<Root> root, Node* node) : root_(std::move(root)), node_(node) {}

  void note_asked(const std::string& key) const;
  /// Notes the default of an absent key, as it would stand in the file. Whether it is absent.
  bool falls_back(const std::string& key, const std::string& yaml) const;
  Node* find(const std::string& key) const;
  void note_missing(const std::string& key, const std::string& allowed) const;
  Node* find_required(const std::string& key, const std::string& allowed) const;
  Node* find_list(const std::string& key, const std::string& allowed) const;
  [[noreturn]] void fail(const Node& node, const std::string& wrong,
                         const std::string& allowed) const;
  std::int64_t to_integer(const Node& node, std::int64_t min, std::int64_t max) const;
  std::int64_t to_integer(const Node& node, const std::string& text, std::int64_t min,
                          std::int64_t max) const;
  IntegerRange to_range(const Node& node, std::int64_t min, std::int64_t max) const;
  double to_real(const Node& node, double min, double max) const;
  base::Ratio to_decimal(const Node& node, const base::Ratio& min, const base::Ratio& max,
                         const std::string& allowed) const;
  bool to_bool(const Node& node) const;
  std::string to_text(const Node& node) const;

  std::int64_t required_integer(const std::string& key, std::int64_t min, std::int64_t max) const;
  double required_real(const std::string& key, double min, double max) const;
  bool required_bool(const std::string& key) const;
  std::string required_text(const std::string& key) const;
  std::shared_ptr<Root> root_;
  Node* node_;
};

/// A parsed file: its root map.
class Document {
 public:
  /// Reads `path`, then lets each override replace or add the scalar at its dotted path (the last
  /// of two for one key wins). Throws base::InputError for anything that is not one well-formed
  /// map within the limits above.
  static Document load(const std::string& path, const std::vector<Override>& overrides = {});
  /// The same from bytes; `name` stands for the file in errors.
  static Document parse(const std::string& name, const std::string& bytes,
                        const std::vector<Override>& overrides = {});

  Section root() const { return root_; }
  Section section(const std::string& key) const { return root_.section(key); }

  /// Throws base::InputError for the first key of the whole file that nobody asked for, naming the
  /// nearest one that somebody did; else for the first missing one.
  void done() const;

  /// The file with overrides and defaults filled in, keys in the order in which they were asked
  /// for, without comments. Reading it gives the same, and printing that the same bytes. After
  /// done().
  std::string to_yaml() const;

  /// The bytes as read, without overrides.
  const std::string& text() const;
  const std::string& file() const;

  /// SHA-256 of the file's bytes and the overrides, lower-case hex.
  std::string sha256() const;

 private:
  explicit Document(Section root) : root_(std::move(root)) {}
  Section root_;
};

template <class T>
T Section::required(const std::string& key) const {
  static_assert(std::is_same_v<T, bool> || std::is_same_v<T, std::string>,
                "numbers need a range: required<T>(key, min, max)");
  if constexpr (std::is_same_v<T, bool>) {
    return required_bool(key);
  } else {
    return required_text(key);
  }
}

template <class T>
T Section::required(const std::string& key, T min, T max) const {
  if constexpr (std::is_integral_v<T>) {
    return static_cast<T>(required_integer(key, min, max));
  } else {
    static_assert(std::is_same_v<T, double>, "an integer type or double");
    return required_real(key, min, max);
  }
}

template <class T>
std::optional<T> Section::optional(const std::string& key) const {
  if (find(key) == nullptr) return std::nullopt;
  return required<T>(key);
}

template <class T>
std::optional<T> Section::optional(const std::string& key, T min, T max) const {
  if (find(key) == nullptr) return std::nullopt;
  return required<T>(key, min, max);
}

template <class T>
T Section::with_default(const std::string& key, const T& fallback) const {
  return falls_back(key, yaml_text(fallback)) ? fallback : required<T>(key);
}

template <class T>
T Section::with_default(const std::string& key, T min, T max, T fallback) const {
  return falls_back(key, yaml_text(fallback)) ? fallback : required<T>(key, min, max);
}

template <class Enum>
Enum Section::choice_with_default(const std::string& key,
                                  std::initializer_list<std::pair<const char*, Enum>> names,
                                  Enum fallback) const {
  for (const auto& [name, value] : names) {
    if (value == fallback && falls_back(key, name)) return fallback;
  }
  return choice(key, names);
}

template <class Enum>
Enum Section::choice(const std::string& key,
                     std::initializer_list<std::pair<const char*, Enum>> names) const {
  std::vector<std::string> texts;
  for (const auto& entry : names) texts.emplace_back(entry.first);
  return (names.begin() + choice_index(key, texts))->second;
}

template <class Enum>
std::optional<Enum> Section::optional_choice(
    const std::string& key, std::initializer_list<std::pair<const char*, Enum>> names) const {
  if (find(key) == nullptr) return std::nullopt;
  return choice(key, names);
}

}  // namespace lacuna::config
