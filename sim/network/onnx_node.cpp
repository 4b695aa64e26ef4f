#include "network/onnx_node.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/printable.hpp"
#include "network/limits.hpp"

namespace lacuna::network {

using onnx::AttributeProto;

std::string OnnxNode::name() const {
  return proto_.name().empty() ? op() + std::to_string(index_) : proto_.name();
}

base::Place OnnxNode::place() const {
  const std::string op_shown = base::shown(op());
  return {
      file_, 0,
      fmt::format("node {} ({})", base::shown(name()), op_shown.substr(1, op_shown.size() - 2))};
}

void OnnxNode::fail(const std::string& wrong, const std::string& supported) const {
  throw base::InputError(place(), wrong, supported.empty() ? "" : "supported: " + supported);
}

void OnnxNode::expect_inputs(int least, int most) const {
  const int count = proto_.input_size();
  if (count > most) {
    fail(fmt::format("has {} inputs", count), fmt::format("at most {}", most));
  }
  for (int i = 0; i < least; ++i) {
    if (!has_input(i))
      fail(fmt::format("input {} is missing", i),
           fmt::format("{} input{}", least, least == 1 ? "" : "s"));
  }
  if (proto_.output_size() != 1 || proto_.output(0).empty()) {
    fail(fmt::format("has {} outputs", proto_.output_size()), "one output, with a name");
  }
}

void OnnxNode::expect_attributes(std::initializer_list<const char*> names) const {
  std::vector<std::string> seen;
  for (const AttributeProto& attribute : proto_.attribute()) {
    const std::string& name = attribute.name();
    const bool known =
        std::any_of(names.begin(), names.end(), [&](const char* n) { return name == n; });
    if (!known) {
      const std::string list = base::join({names.begin(), names.end()});
      fail("has the attribute " + base::shown(name), list.empty() ? "no attributes" : list);
    }
    if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
      fail("has the attribute " + base::shown(name) + " twice");
    }
    seen.push_back(name);
  }
}

const AttributeProto* OnnxNode::find(const char* name, AttributeProto::AttributeType type,
                                     const char* type_name) const {
  for (const AttributeProto& attribute : proto_.attribute()) {
    if (attribute.name() != name) continue;
    if (attribute.type() != type || !attribute.ref_attr_name().empty()) {
      fail(fmt::format("attribute '{}' is of a wrong type", name), type_name);
    }
    return &attribute;
  }
  return nullptr;
}

std::int64_t OnnxNode::integer(const char* name, std::int64_t otherwise) const {
  const AttributeProto* attribute = find(name, AttributeProto::INT, "an integer");
  return attribute == nullptr ? otherwise : attribute->i();
}

float OnnxNode::real(const char* name, float otherwise) const {
  const AttributeProto* attribute = find(name, AttributeProto::FLOAT, "a float");
  return attribute == nullptr ? otherwise : attribute->f();
}

std::string OnnxNode::text(const char* name, const char* otherwise) const {
  const AttributeProto* attribute = find(name, AttributeProto::STRING, "a string");
  return attribute == nullptr ? otherwise : attribute->s();
}

std::vector<std::int64_t> OnnxNode::integers(const char* name,
                                             std::vector<std::int64_t> otherwise) const {
  const AttributeProto* attribute = find(name, AttributeProto::INTS, "integers");
  if (attribute == nullptr) return otherwise;
  if (attribute->ints_size() != static_cast<int>(otherwise.size())) {
    fail(fmt::format("attribute '{}' has {} values", name, attribute->ints_size()),
         fmt::format("{} values", otherwise.size()));
  }
  return {attribute->ints().begin(), attribute->ints().end()};
}

}  // namespace lacuna::network
