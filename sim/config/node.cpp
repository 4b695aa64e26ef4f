#include "config/node.hpp"

namespace lacuna::config {

Node::Node() = default;
Node::~Node() = default;
Node::Node(Node&& other) noexcept = default;
Node& Node::operator=(Node&& other) noexcept = default;

const Node::Entry* Node::find(const std::string& key) const {
  constexpr std::size_t kFewKeys = 16;  // are looked through
  if (map.size() <= kFewKeys) {
    for (const Entry& entry : map) {
      if (entry.key == key) return entry.replaced ? nullptr : &entry;
    }
    return nullptr;
  }
  if (!places_) places_ = std::make_unique<Places>();
  for (std::size_t i = places_->size(); i < map.size(); ++i) places_->emplace(map[i].key, i);
  const auto found = places_->find(key);
  return found == places_->end() || map[found->second].replaced ? nullptr : &map[found->second];
}

Node::Entry* Node::find(const std::string& key) {
  return const_cast<Entry*>(static_cast<const Node*>(this)->find(key));
}

Node::Asked& Node::asked() {
  if (!asked_) asked_ = std::make_unique<Asked>();
  return *asked_;
}

}  // namespace lacuna::config
