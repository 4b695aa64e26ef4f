#include "config/document.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/file.hpp"
#include "base/file_limits.hpp"
#include "base/printable.hpp"
#include "base/sha256.hpp"
#include "config/node.hpp"
#include "config/parse.hpp"
#include "config/text.hpp"
#include "config/yaml_text.hpp"

namespace lacuna::config {

using base::InputError;
using base::Place;

/// What all handles of one document share.
struct Section::Root {
  struct Missing {
    Place place;
    std::string allowed;
  };

  std::string file;
  std::string bytes;
  std::string sha256;
  Node tree;
  Node absent;                     ///< the empty map that a missing section is read as
  std::optional<Missing> missing;  ///< the first required key that was not there
};

namespace {

constexpr const char* kUnlimited = "unlimited";
constexpr const char* kAll = "all";
constexpr const char* kSection = "a section with keys of its own";

/// Gives every node its dotted path, for messages. Long ones would take the square of the file.
void set_paths(const std::string& file, Node& node) {
  constexpr std::size_t kMaxPathBytes = 2 * kMaxKeyBytes;
  if (node.path.size() > kMaxPathBytes) {
    throw InputError({file, node.line, ""},
                     "stands below keys of " + std::to_string(node.path.size()) + " bytes",
                     "at most " + std::to_string(kMaxPathBytes) + " in all");
  }
  for (Node::Entry& entry : node.map) {
    entry.value.path = node.path.empty() ? entry.key : node.path + "." + entry.key;
    set_paths(file, entry.value);
  }
  for (std::size_t i = 0; i < node.list.size(); ++i) {
    node.list[i].path = node.path + "[" + std::to_string(i) + "]";
    set_paths(file, node.list[i]);
  }
}

Place place_of(const std::string& file, const Node& node) {
  if (!node.origin.empty()) return {node.origin, 0, ""};
  return {file, node.line, node.path};
}

std::string bounds(std::int64_t min, std::int64_t max) {
  if (min == max) return "only " + std::to_string(min) + " is supported";
  if (max >= kAnyInteger) return "an integer of at least " + std::to_string(min);
  return "an integer from " + std::to_string(min) + " to " + std::to_string(max);
}

std::string short_number(double value) {
  // What six digits behind the point do not show, or nobody would count.
  const double size = std::abs(value);
  if ((size != 0.0 && size < 1e-6) || size >= 1e15) return yaml_text(value);
  std::string text = std::to_string(value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string bounds(double min, double max) {
  return "a number from " + short_number(min) + " to " + short_number(max);
}

std::string bounds(const base::Ratio& min, const base::Ratio& max) {
  return bounds(min.real(), max.real()) + " of at most 6 decimals";
}

/// "is a map", "is 'x', in quotes", ...: what a value is instead of the wanted.
std::string description(const Node& node) {
  switch (node.kind) {
    case NodeKind::kNull:
      return "has no value";
    case NodeKind::kMap:
      return "is a map";
    case NodeKind::kList:
      return "is a list";
    case NodeKind::kScalar:
      break;
  }
  return "is " + base::shown(node.text) + (node.quoted ? " in quotes" : "");
}

bool is_plain(const Node& node, std::string_view word) {
  return node.kind == NodeKind::kScalar && !node.quoted && node.text == word;
}

/// Sets the scalar at a dotted path, making the maps on the way; `number` counts overrides from 1.
void apply(Node& root, const Override& override, int number) {
  const Place place{"--set " + override.key.substr(0, kMaxKeyBytes), 0, ""};
  if (base::find_bad_utf8(override.key + override.value) != std::string_view::npos ||
      override.value.find('\0') != std::string::npos) {
    throw InputError(place, "is not UTF-8 text");
  }
  if (override.key.size() > kMaxKeyBytes ||
      static_cast<std::int64_t>(override.value.size()) > base::kMaxYamlBytes) {
    throw InputError(place, "is too long");
  }
  if (static_cast<std::size_t>(std::count(override.key.begin(), override.key.end(), '.')) >=
      kMaxDepth) {
    throw InputError(place, "has too many parts", "at most " + std::to_string(kMaxDepth));
  }
  Node* node = &root;
  for (std::size_t begin = 0; begin <= override.key.size();) {
    const std::size_t dot = std::min(override.key.find('.', begin), override.key.size());
    const std::string key = override.key.substr(begin, dot - begin);
    begin = dot + 1;
    if (key.empty()) {
      throw InputError(place, "is not a key", "a dotted path, as array.rows");
    }
    if (node->kind != NodeKind::kMap) {
      throw InputError(
          place, base::shown(node->path) + " is not a section: it has no key " + base::shown(key));
    }
    if (Node::Entry* entry = node->find(key)) {
      node = &entry->value;
    } else {
      Node child;
      child.kind = NodeKind::kMap;
      child.origin = place.file;
      child.path = node->path.empty() ? key : node->path + "." + key;
      node->map.push_back({key, 0, false, std::move(child)});
      node = &node->map.back().value;
    }
  }
  if (node->kind == NodeKind::kMap && !node->map.empty()) {
    throw InputError(place, "is a section and not a value",
                     "one of its keys, as " + node->map.front().value.path);
  }
  Node scalar;
  scalar.kind = override.value.empty() ? NodeKind::kNull : NodeKind::kScalar;
  scalar.text = override.value;
  scalar.origin = place.file;
  scalar.set = number;
  scalar.path = node->path;
  *node = std::move(scalar);
}

std::string hash_of(const std::string& bytes, const std::vector<Override>& overrides) {
  std::string all = bytes;
  for (const Override& override : overrides) {
    // NUL cannot occur in a file or a key, so two different inputs never look alike.
    all += '\0' + override.key + '\0' + override.value;
  }
  return base::sha256_hex(all);
}

/// Throws for the first key in `node` that was not read.
void check_read(const std::string& file, const Node& node) {
  for (const Node::Entry& entry : node.map) {
    if (!entry.read) {
      const Node::Asked* asked = node.asked_or_null();
      const std::vector<std::string> known =
          asked != nullptr ? asked->keys : std::vector<std::string>();
      std::vector<std::string> absent;  // what the user may have meant
      std::copy_if(known.begin(), known.end(), std::back_inserter(absent),
                   [&](const std::string& key) { return node.find(key) == nullptr; });
      std::string suggestion = base::nearest_name(entry.key, absent);
      if (suggestion.empty()) suggestion = base::nearest_name(entry.key, known);
      Place place = place_of(file, entry.value);
      if (entry.value.origin.empty()) {
        place.line = entry.line;
      } else if (!suggestion.empty() && !node.path.empty()) {
        suggestion.insert(0, node.path + ".");
      }
      throw InputError(
          place, "unknown key",
          (node.path.empty() ? std::string("known here: ") : "known in " + node.path + ": ") +
              base::join(known),
          suggestion);
    }
    check_read(file, entry.value);
  }
  for (const Node& item : node.list) check_read(file, item);
}

}  // namespace

void Section::note_asked(const std::string& key) const { node_->asked().note(key); }

bool Section::falls_back(const std::string& key, const std::string& yaml) const {
  note_asked(key);
  if (node_->find(key) != nullptr) return false;
  node_->asked().defaults.emplace(key, yaml);
  return true;
}

Node* Section::find(const std::string& key) const {
  note_asked(key);
  Node::Entry* entry = node_->find(key);
  if (entry == nullptr) return nullptr;
  entry->read = true;
  return &entry->value;
}

void Section::note_missing(const std::string& key, const std::string& allowed) const {
  if (root_->missing || node_ == &root_->absent) return;
  root_->missing =
      node_->left_out ? Root::Missing{place(), kSection} : Root::Missing{place(key), allowed};
}

Node* Section::find_required(const std::string& key, const std::string& allowed) const {
  Node* node = find(key);
  if (node == nullptr) note_missing(key, allowed);
  return node;
}

Node* Section::find_list(const std::string& key, const std::string& allowed) const {
  Node* node = find_required(key, allowed);
  if (node != nullptr && node->kind != NodeKind::kList) fail(*node, description(*node), allowed);
  return node;
}

void Section::fail(const Node& node, const std::string& wrong, const std::string& allowed) const {
  throw InputError(place_of(root_->file, node), wrong, allowed);
}

std::int64_t Section::to_integer(const Node& node, std::int64_t min, std::int64_t max) const {
  if (node.kind != NodeKind::kScalar || node.quoted) {
    fail(node, description(node), bounds(min, max));
  }
  return to_integer(node, node.text, min, max);
}

std::int64_t Section::to_integer(const Node& node, const std::string& text, std::int64_t min,
                                 std::int64_t max) const {
  std::int64_t value = 0;
  const Number result = parse_integer(text, &value);
  if (result == Number::kMalformed) {
    fail(node, base::shown(text) + " is not a decimal integer", bounds(min, max));
  }
  if (result == Number::kTooLarge || value < min || value > max) {
    fail(node, base::shown(text) + " is out of range", bounds(min, max));
  }
  return value;
}

IntegerRange Section::to_range(const Node& node, std::int64_t min, std::int64_t max) const {
  if (node.kind == NodeKind::kScalar && !node.quoted) {
    const std::size_t dash = node.text.find('-', 1);
    if (dash != std::string::npos) {
      const IntegerRange range{to_integer(node, node.text.substr(0, dash), min, max),
                               to_integer(node, node.text.substr(dash + 1), min, max)};
      if (range.first > range.last) {
        fail(node, base::shown(node.text) + " runs backwards", "the lower number first");
      }
      return range;
    }
  }
  const std::int64_t value = to_integer(node, min, max);
  return {value, value};
}

double Section::to_real(const Node& node, double min, double max) const {
  double value = 0.0;
  if (node.kind != NodeKind::kScalar || node.quoted) {
    fail(node, description(node), bounds(min, max));
  }
  const Number result = parse_real(node.text, &value);
  if (result == Number::kMalformed) {
    fail(node, base::shown(node.text) + " is not a number", bounds(min, max));
  }
  if (result == Number::kTooLarge || value < min || value > max) {
    fail(node, base::shown(node.text) + " is out of range", bounds(min, max));
  }
  return value;
}

base::Ratio Section::to_decimal(const Node& node, const base::Ratio& min, const base::Ratio& max,
                                const std::string& allowed) const {
  std::int64_t millionths = 0;
  const Number result = node.kind == NodeKind::kScalar && !node.quoted
                            ? parse_decimal(node.text, &millionths)
                            : Number::kMalformed;
  if (result == Number::kMalformed) fail(node, description(node), allowed);
  constexpr std::int64_t kMillion = 1'000'000;
  if (result == Number::kOk && millionths > 0) {
    const base::Ratio value(millionths, kMillion);
    if (!(value < min) && !(max < value)) return value;
  }
  fail(node, base::shown(node.text) + " is out of range", allowed);
}

bool Section::to_bool(const Node& node) const {
  if (is_plain(node, "true")) return true;
  if (!is_plain(node, "false")) fail(node, description(node), "true or false");
  return false;
}

std::string Section::to_text(const Node& node) const {
  if (node.kind != NodeKind::kScalar || node.text.empty()) {
    fail(node, node.kind == NodeKind::kScalar ? "is empty" : description(node), "a text");
  }
  if (node.text.size() > kMaxTextBytes) {
    fail(node, "has " + std::to_string(node.text.size()) + " bytes",
         "a text of at most " + std::to_string(kMaxTextBytes) + " bytes");
  }
  // Texts are printed: one must not move the cursor or colour the terminal.
  if (base::has_control(node.text)) {
    fail(node, "holds a control character", "a text of one line");
  }
  return node.text;
}

bool Section::has(const std::string& key) const {
  note_asked(key);
  return node_->find(key) != nullptr;
}

std::int64_t Section::required_integer(const std::string& key, std::int64_t min,
                                       std::int64_t max) const {
  const Node* node = find_required(key, bounds(min, max));
  return node == nullptr ? min : to_integer(*node, min, max);
}

double Section::required_real(const std::string& key, double min, double max) const {
  const Node* node = find_required(key, bounds(min, max));
  return node == nullptr ? min : to_real(*node, min, max);
}

bool Section::required_bool(const std::string& key) const {
  const Node* node = find_required(key, "true or false");
  return node != nullptr && to_bool(*node);
}

std::string Section::required_text(const std::string& key) const {
  const Node* node = find_required(key, "a text");
  return node == nullptr ? std::string() : to_text(*node);
}

std::size_t Section::choice_index(const std::string& key,
                                  const std::vector<std::string>& names) const {
  const auto allowed = [&] { return "one of " + base::join(names); };
  const Node* node = find(key);
  if (node == nullptr) {
    if (!root_->missing) find_required(key, allowed());
    return 0;
  }
  if (node->kind != NodeKind::kScalar) fail(*node, description(*node), allowed());
  const auto found = std::find(names.begin(), names.end(), node->text);
  if (found == names.end()) {
    throw InputError(place_of(root_->file, *node), description(*node), allowed(),
                     base::nearest_name(node->text, names));
  }
  return static_cast<std::size_t>(found - names.begin());
}

std::size_t Section::choice_index_with_default(const std::string& key,
                                               const std::vector<std::string>& names,
                                               std::size_t fallback) const {
  return falls_back(key, names[fallback]) ? fallback : choice_index(key, names);
}

std::optional<std::int64_t> Section::limit(const std::string& key, std::int64_t min,
                                           std::int64_t max) const {
  const std::string allowed = bounds(min, max) + ", or " + kUnlimited;
  const Node* node = find_required(key, allowed);
  if (node == nullptr || is_plain(*node, kUnlimited)) return std::nullopt;
  std::int64_t value = 0;
  const Number result = node->kind == NodeKind::kScalar && !node->quoted
                            ? parse_integer(node->text, &value)
                            : Number::kMalformed;
  if (result == Number::kMalformed) fail(*node, description(*node), allowed);
  if (result == Number::kTooLarge || value < min || value > max) {
    fail(*node, base::shown(node->text) + " is out of range", allowed);
  }
  return value;
}

std::optional<std::int64_t> Section::limit_with_default(
    const std::string& key, std::int64_t min, std::int64_t max,
    std::optional<std::int64_t> fallback) const {
  const std::string yaml = fallback ? yaml_text(*fallback) : kUnlimited;
  return falls_back(key, yaml) ? fallback : limit(key, min, max);
}

base::Ratio Section::decimal(const std::string& key, const base::Ratio& min,
                             const base::Ratio& max) const {
  const std::string allowed = bounds(min, max);
  const Node* node = find_required(key, allowed);
  return node == nullptr ? min : to_decimal(*node, min, max, allowed);
}

std::optional<base::Ratio> Section::decimal_limit(const std::string& key, const base::Ratio& min,
                                                  const base::Ratio& max) const {
  const std::string allowed = bounds(min, max) + ", or " + kUnlimited;
  const Node* node = find_required(key, allowed);
  if (node == nullptr || is_plain(*node, kUnlimited)) return std::nullopt;
  return to_decimal(*node, min, max, allowed);
}

std::string Section::one_of(const std::string& key, const std::string& other) const {
  note_asked(key);
  note_asked(other);
  Node::Entry* first = node_->find(key);
  Node::Entry* second = node_->find(other);
  if (first == nullptr && second == nullptr) {
    note_missing(key, "it or " + place(other).key + " is required");
  }
  if (first == nullptr || second == nullptr) return second == nullptr ? key : other;
  if (first->value.set == second->value.set) {
    fail(second->value, "stands beside " + first->value.path, "one of the two");
  }
  Node::Entry* loser = first->value.set < second->value.set ? first : second;
  loser->read = true;
  loser->replaced = true;
  return loser == first ? other : key;
}

std::optional<std::vector<IntegerRange>> Section::selection(const std::string& key,
                                                            std::int64_t min,
                                                            std::int64_t max) const {
  const std::string allowed = bounds(min, max) + ", a range as 0-3, a list of these, or " + kAll;
  if (falls_back(key, kAll)) return std::nullopt;
  const Node* node = find(key);
  if (is_plain(*node, kAll)) return std::nullopt;
  if (node->kind != NodeKind::kList) {
    if (node->kind != NodeKind::kScalar || node->quoted) fail(*node, description(*node), allowed);
    return std::vector<IntegerRange>{to_range(*node, min, max)};
  }
  if (node->list.empty()) fail(*node, "is an empty list", allowed);
  std::vector<IntegerRange> result;
  result.reserve(node->list.size());
  for (const Node& item : node->list) result.push_back(to_range(item, min, max));
  return result;
}

std::vector<std::int64_t> Section::integers(const std::string& key, std::int64_t min,
                                            std::int64_t max) const {
  std::vector<std::int64_t> result;
  if (const Node* node = find_list(key, "a list of integers")) {
    for (const Node& item : node->list) result.push_back(to_integer(item, min, max));
  }
  return result;
}

std::vector<double> Section::reals(const std::string& key, double min, double max) const {
  std::vector<double> result;
  if (const Node* node = find_list(key, "a list of numbers")) {
    for (const Node& item : node->list) result.push_back(to_real(item, min, max));
  }
  return result;
}

std::vector<std::string> Section::strings(const std::string& key) const {
  std::vector<std::string> result;
  if (const Node* node = find_list(key, "a list of texts")) {
    for (const Node& item : node->list) result.push_back(to_text(item));
  }
  return result;
}

std::vector<std::string> Section::strings_with_default(
    const std::string& key, const std::vector<std::string>& fallback) const {
  return falls_back(key, yaml_text(fallback)) ? fallback : strings(key);
}

std::vector<std::pair<std::string, std::optional<double>>> Section::names_with_reals(
    const std::string& key, double min, double max,
    const std::vector<std::string>& fallback) const {
  std::vector<std::pair<std::string, std::optional<double>>> result;
  if (falls_back(key, yaml_text(fallback))) {
    for (const std::string& name : fallback) result.emplace_back(name, std::nullopt);
    return result;
  }
  Node* node = find_list(key, "a list of names");
  if (node == nullptr) return result;
  for (Node& item : node->list) {
    if (item.kind != NodeKind::kMap) {
      result.emplace_back(to_text(item), std::nullopt);
      continue;
    }
    const Section own(root_, &item);
    const std::vector<std::string> names = own.keys();
    if (names.size() != 1) {
      fail(item, "has " + std::to_string(names.size()) + " keys", "a name, or {name: number}");
    }
    result.emplace_back(names.front(), own.required<double>(names.front(), min, max));
  }
  return result;
}

std::vector<Section> Section::sections(const std::string& key) const {
  std::vector<Section> result;
  if (Node* node = find_list(key, "a list of maps")) {
    for (Node& item : node->list) {
      if (item.kind != NodeKind::kMap) fail(item, description(item), "a map");
      result.push_back(Section(root_, &item));
    }
  }
  return result;
}

Section Section::section(const std::string& key) const {
  Node* node = find_required(key, kSection);
  if (node == nullptr) return Section(root_, &root_->absent);
  if (node->kind != NodeKind::kMap) {
    fail(*node, description(*node), kSection);
  }
  return Section(root_, node);
}

std::optional<Section> Section::optional_section(const std::string& key) const {
  if (find(key) == nullptr) return std::nullopt;
  return section(key);
}

Section Section::section_or_defaults(const std::string& key) const {
  if (find(key) != nullptr) return section(key);
  std::unique_ptr<Node>& node = node_->asked().left_out[key];
  if (node == nullptr) {
    node = std::make_unique<Node>();
    node->kind = NodeKind::kMap;
    node->left_out = true;
    node->line = node_->line;
    node->path = node_->path.empty() ? key : node_->path + "." + key;
  }
  return Section(root_, node.get());
}

bool Section::is_section(const std::string& key) const {
  note_asked(key);
  const Node::Entry* entry = node_->find(key);
  return entry != nullptr && entry->value.kind == NodeKind::kMap;
}

std::vector<std::string> Section::keys() const {
  std::vector<std::string> result;
  for (const Node::Entry& entry : node_->map) result.push_back(entry.key);
  return result;
}

Place Section::place() const { return place_of(root_->file, *node_); }

Place Section::place(const std::string& key) const {
  if (const Node::Entry* entry = node_->find(key)) return place_of(root_->file, entry->value);
  return {root_->file, node_->line, node_->path.empty() ? key : node_->path + "." + key};
}

Document Document::load(const std::string& path, const std::vector<Override>& overrides) {
  return parse(path, base::read_file(path, base::kMaxYamlBytes), overrides);
}

Document Document::parse(const std::string& name, const std::string& bytes,
                         const std::vector<Override>& overrides) {
  auto root = std::make_shared<Section::Root>();
  root->file = name;
  root->bytes = bytes;
  root->sha256 = hash_of(bytes, overrides);
  root->tree = parse_yaml(name, bytes);
  root->absent.kind = NodeKind::kMap;
  set_paths(name, root->tree);
  int number = 0;
  for (const Override& override : overrides) apply(root->tree, override, ++number);
  Node* tree = &root->tree;
  return Document(Section(std::move(root), tree));
}

void Document::done() const {
  const Section::Root& root = *root_.root_;
  check_read(root.file, root.tree);
  if (root.missing) throw InputError(root.missing->place, "is missing", root.missing->allowed);
}

std::string Document::to_yaml() const { return write_yaml(root_.root_->tree); }

const std::string& Document::text() const { return root_.root_->bytes; }

const std::string& Document::file() const { return root_.root_->file; }

std::string Document::sha256() const { return root_.root_->sha256; }

}  // namespace lacuna::config
