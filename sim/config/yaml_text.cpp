#include "config/yaml_text.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "config/document.hpp"
#include "config/node.hpp"

namespace lacuna::config {
namespace {

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '/';
}

/// Whether it may stand without quotes: letters, digits and a few signs, which mean nothing in YAML
/// wherever they stand here.
bool is_harmless(std::string_view text) {
  if (text.empty() || !is_word(text.back())) return false;
  const bool sign = text[0] == '-' || text[0] == '.';
  if (!is_word(text[sign ? 1 : 0])) return false;
  if (!std::all_of(text.begin(), text.end(), [](char c) {
        return is_word(c) || c == '.' || c == '-' || c == '+' || c == ' ';
      })) {
    return false;
  }
  constexpr std::array<std::string_view, 3> kNulls{"null", "Null", "NULL"};
  return std::find(kNulls.begin(), kNulls.end(), text) == kNulls.end();
}

std::string flow(const Node& node);

template <class List, class Text>
std::string bracketed(const List& list, const Text& text) {
  std::string all = "[";
  for (const auto& item : list) {
    if (all.size() > 1) all += ", ";
    all += text(item);
  }
  return all + "]";
}

/// A value on one line.
std::string flow(const Node& node) {
  if (node.kind == NodeKind::kScalar) return yaml_text(node.text);
  if (node.kind == NodeKind::kList) return bracketed(node.list, flow);
  return node.kind == NodeKind::kMap ? "{}" : "";
}

/// Writes the maps of a document, a key a line.
class Writer {
 public:
  std::string text(const Node& root) {
    map(root, 0);
    return std::move(text_);
  }

 private:
  static bool empty(const Node& node) {
    const Node::Asked* asked = node.asked_or_null();
    if (!node.map.empty()) return false;
    if (asked == nullptr) return true;
    return asked->defaults.empty() &&
           std::all_of(asked->left_out.begin(), asked->left_out.end(),
                       [](const auto& section) { return empty(*section.second); });
  }

  void line(std::size_t indent, const std::string& key, const std::string& value) {
    text_ +=
        std::string(indent, ' ') + yaml_text(key) + (value.empty() ? ":" : ": ") + value + "\n";
  }

  void map(const Node& node, std::size_t indent) {
    const Node::Asked* asked = node.asked_or_null();
    if (asked == nullptr) return;
    for (const std::string& key : asked->keys) {
      if (const Node::Entry* entry = node.find(key)) {
        value(key, entry->value, indent);
      } else if (const auto fallback = asked->defaults.find(key);
                 fallback != asked->defaults.end()) {
        line(indent, key, fallback->second);
      } else if (const auto section = asked->left_out.find(key);
                 section != asked->left_out.end() && !empty(*section->second)) {
        value(key, *section->second, indent);
      }
    }
  }

  void value(const std::string& key, const Node& node, std::size_t indent) {
    constexpr std::size_t kStep = 2;
    const bool maps = node.kind == NodeKind::kList && !node.list.empty() &&
                      node.list.front().kind == NodeKind::kMap;
    if (node.kind == NodeKind::kMap && !empty(node)) {
      line(indent, key, "");
      map(node, indent + kStep);
    } else if (maps) {
      line(indent, key, "");
      for (const Node& item : node.list) {
        const std::size_t begin = text_.size();
        map(item, indent + 2 * kStep);
        if (text_.size() == begin) {
          text_ += std::string(indent + kStep, ' ') + "- {}\n";
        } else {
          text_[begin + indent + kStep] = '-';
        }
      }
    } else {
      line(indent, key, flow(node));
    }
  }

  std::string text_;
};

}  // namespace

std::string yaml_text(const std::string& text) {
  if (is_harmless(text)) return text;
  std::string quoted = "'";
  for (const char c : text) {
    quoted += c;
    if (c == '\'') quoted += c;
  }
  return quoted + "'";
}

std::string yaml_text(const std::vector<std::string>& texts) {
  return bracketed(texts, [](const std::string& text) { return yaml_text(text); });
}

std::string yaml_text(double value) {
  constexpr std::size_t kLongest = 32;
  std::array<char, kLongest> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  return {digits.data(), end.ptr};
}

std::string write_yaml(const Node& root) { return Writer().text(root); }

}  // namespace lacuna::config
