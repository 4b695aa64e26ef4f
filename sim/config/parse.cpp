#include "config/parse.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <sstream>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/file_limits.hpp"
#include "base/printable.hpp"
#include "config/text.hpp"

namespace lacuna::config {
namespace {

using base::InputError;

/// Builds the tree from the library's events. Its own node type resolves aliases and merges
/// duplicate keys silently; events show both.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(std::string file) : file_(std::move(file)) {}

  Node take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    begin(mark, anchor, "?", NodeKind::kNull);
    end();
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t /*anchor*/) override {
    fail(mark, "an alias is not supported", "write the value out");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node& node = begin(mark, anchor, tag, NodeKind::kScalar);
    node.text = value;
    node.quoted = tag == "!";
    end();
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    begin(mark, anchor, tag, NodeKind::kList);
  }
  void OnSequenceEnd() override { end(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    begin(mark, anchor, tag, NodeKind::kMap);
  }
  void OnMapEnd() override { end(); }

 private:
  /// A container that is being filled. Children are built in place of their own frame and moved
  /// into the parent when complete, so no pointer into a growing vector is kept.
  struct Frame {
    Node node;
    bool has_key = false;  ///< kMap: a key waits for its value
    std::string key;
    int key_line = 0;
    std::unordered_set<std::string> keys;
  };

  [[noreturn]] void fail(const YAML::Mark& mark, const std::string& wrong,
                         const std::string& allowed) const {
    throw InputError({file_, mark.line + 1, ""}, wrong, allowed);
  }

  Node& begin(const YAML::Mark& mark, YAML::anchor_t anchor, const std::string& tag,
              NodeKind kind) {
    if (anchor != YAML::NullAnchor) fail(mark, "an anchor is not supported", "");
    if (!tag.empty() && tag != "?" && tag != "!") {
      fail(mark, "a type tag is not supported: " + base::shown(tag), "");
    }
    if (stack_.size() >= kMaxDepth) {
      fail(mark, "nested too deeply", "at most " + std::to_string(kMaxDepth) + " levels");
    }
    if (!stack_.empty() && stack_.back().node.kind == NodeKind::kMap && !stack_.back().has_key &&
        kind != NodeKind::kScalar) {
      fail(mark, "a key must be a plain name", "");
    }
    Frame frame;
    frame.node.kind = kind;
    frame.node.line = mark.line + 1;
    stack_.push_back(std::move(frame));
    return stack_.back().node;
  }

  void end() {
    Node node = std::move(stack_.back().node);
    stack_.pop_back();
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& parent = stack_.back();
    if (parent.node.kind == NodeKind::kList) {
      parent.node.list.push_back(std::move(node));
    } else if (parent.has_key) {
      // A map or list stands where its key does, not where its first content does.
      if (node.kind != NodeKind::kScalar) node.line = parent.key_line;
      parent.node.map.push_back({parent.key, parent.key_line, false, std::move(node)});
      parent.has_key = false;
    } else {
      take_key(parent, node);
    }
  }

  void take_key(Frame& parent, const Node& node) {
    if (node.text.empty() || node.text.size() > kMaxKeyBytes) {
      throw InputError({file_, node.line, ""}, "not a key: " + base::shown(node.text),
                       "1 to " + std::to_string(kMaxKeyBytes) + " bytes");
    }
    if (!parent.keys.insert(node.text).second) {
      const auto same = [&](const Node::Entry& entry) { return entry.key == node.text; };
      const auto first = std::find_if(parent.node.map.begin(), parent.node.map.end(), same);
      throw InputError({file_, node.line, ""},
                       "the key " + base::shown(node.text) + " is given twice",
                       "first in line " + std::to_string(first->line));
    }
    parent.key = node.text;
    parent.key_line = node.line;
    parent.has_key = true;
  }

  std::string file_;
  std::vector<Frame> stack_;
  Node root_;
};

int line_of(const std::string& bytes, std::size_t offset) {
  const auto end = bytes.begin() + static_cast<std::ptrdiff_t>(offset);
  return 1 + static_cast<int>(std::count(bytes.begin(), end, '\n'));
}

void check_bytes(const std::string& file, const std::string& bytes) {
  if (static_cast<std::int64_t>(bytes.size()) > base::kMaxYamlBytes) {
    throw InputError({file, 0, ""}, "has " + std::to_string(bytes.size()) + " bytes",
                     "at most " + std::to_string(base::kMaxYamlBytes) + " are read");
  }
  if (const std::size_t at = bytes.find('\0'); at != std::string::npos) {
    throw InputError({file, line_of(bytes, at), ""}, "holds a NUL byte", "YAML is text");
  }
  if (const std::size_t at = base::find_bad_utf8(bytes); at != std::string::npos) {
    throw InputError({file, line_of(bytes, at), ""}, "holds a byte that is not UTF-8", "");
  }
}

}  // namespace

Node parse_yaml(const std::string& file, const std::string& bytes) {
  check_bytes(file, bytes);
  TreeBuilder builder(file);
  try {
    std::istringstream stream(bytes);
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) throw InputError({file, 0, ""}, "is empty");
    Node root = builder.take_root();
    TreeBuilder second(file);
    if (parser.HandleNextDocument(second)) {
      throw InputError({file, 0, ""}, "holds more than one YAML document");
    }
    if (root.kind == NodeKind::kNull) throw InputError({file, 0, ""}, "is empty");
    if (root.kind != NodeKind::kMap) {
      throw InputError({file, root.line, ""}, "is not a map", "lines of the form 'key: value'");
    }
    return root;
  } catch (const YAML::Exception& error) {
    throw InputError({file, error.mark.is_null() ? 0 : error.mark.line + 1, ""},
                     "is not valid YAML: " + error.msg);
  }
}

}  // namespace lacuna::config
