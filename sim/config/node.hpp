// The tree behind a Document: what the YAML library's events leave behind. Private to the room.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace lacuna::config {

enum class NodeKind : std::uint8_t { kNull, kScalar, kMap, kList };

struct Node {
  struct Entry;
  struct Asked;

  Node();
  ~Node();
  Node(Node&& other) noexcept;
  Node& operator=(Node&& other) noexcept;

  NodeKind kind = NodeKind::kNull;
  bool quoted = false;     ///< kScalar: written in quotes, hence a text and never a number
  bool left_out = false;   ///< kMap: is not in the file; its keys have defaults
  int line = 0;            ///< 1-based; 0 for a value from an override
  std::string text;        ///< kScalar
  std::string origin;      ///< "--set array.rows" for a value from an override
  int set = 0;             ///< which override it is from, from 1; 0: none
  std::string path;        ///< dotted path from the root, empty for the root
  std::vector<Entry> map;  ///< kMap, in file order
  std::vector<Node> list;  ///< kList

  /// nullptr also for an entry that another one stands in for.
  Entry* find(const std::string& key);
  const Entry* find(const std::string& key) const;
  /// What readers asked of this map so far.
  Asked& asked();
  const Asked* asked_or_null() const { return asked_.get(); }

 private:
  using Places = std::unordered_map<std::string, std::size_t>;
  // Of maps of many keys. No entry is ever taken out: it is whole where it is as large as the map.
  mutable std::unique_ptr<Places> places_;
  std::unique_ptr<Asked> asked_;
};

struct Node::Entry {
  std::string key;
  int line = 0;  ///< of the key
  bool read = false;
  Node value;
  bool replaced = false;  ///< by an override of another key
};

struct Node::Asked {
  std::vector<std::string> keys;          ///< there or not, in the order of asking, each once
  std::unordered_set<std::string> known;  ///< the same, to look up
  std::unordered_map<std::string, std::string> defaults;  ///< of absent keys: YAML, as in a file
  std::map<std::string, std::unique_ptr<Node>> left_out;  ///< absent sections

  void note(const std::string& key) {
    if (known.insert(key).second) keys.push_back(key);
  }
};

/// The document with the defaults that were asked for, in the order of asking.
std::string write_yaml(const Node& root);

}  // namespace lacuna::config
