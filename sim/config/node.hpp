// The tree behind a Document: what the YAML library's events leave behind. Private to the room.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace lacuna::config {

enum class NodeKind : std::uint8_t { kNull, kScalar, kMap, kList };

struct Node {
  struct Entry;

  NodeKind kind = NodeKind::kNull;
  int line = 0;                    ///< 1-based; 0 for a value from an override
  std::string text;                ///< kScalar
  bool quoted = false;             ///< kScalar: written in quotes, hence a text and never a number
  std::string origin;              ///< "--set array.rows" for a value from an override
  std::string path;                ///< dotted path from the root, empty for the root
  std::vector<Entry> map;          ///< kMap, in file order
  std::vector<Node> list;          ///< kList
  std::vector<std::string> asked;  ///< kMap: keys that were asked for, present or not

  Entry* find(const std::string& key);
};

struct Node::Entry {
  std::string key;
  int line = 0;  ///< of the key
  bool read = false;
  Node value;
};

inline Node::Entry* Node::find(const std::string& key) {
  for (Entry& entry : map) {
    if (entry.key == key) return &entry;
  }
  return nullptr;
}

}  // namespace lacuna::config
