#include "network/read/node_view.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/printable.hpp"

namespace lacuna::network {

void NodeView::expect_inputs(int least, int most) const {
  const int count = static_cast<int>(node_.inputs.size());
  if (count > most) fail(fmt::format("has {} inputs", count), fmt::format("at most {}", most));
  for (int i = 0; i < least; ++i) {
    if (node_.has_input(static_cast<std::size_t>(i))) continue;
    fail(fmt::format("input {} is missing", i),
         fmt::format("{} input{}", least, least == 1 ? "" : "s"));
  }
  if (node_.outputs.size() != 1 || node_.output().empty()) {
    fail(fmt::format("has {} outputs", node_.outputs.size()), "one output, with a name");
  }
}

void NodeView::expect_attributes(const std::vector<const char*>& names) const {
  for (const auto& attribute : node_.attributes) {
    if (std::find(names.begin(), names.end(), attribute.first) != names.end()) continue;
    const std::string list = base::join({names.begin(), names.end()});
    fail("has the attribute " + base::shown(attribute.first),
         list.empty() ? "no attributes" : list);
  }
}

const Attribute* NodeView::find(const char* name, Attribute::Kind kind,
                                const char* kind_name) const {
  const auto found = node_.attributes.find(name);
  if (found == node_.attributes.end()) return nullptr;
  if (found->second.kind != kind) {
    fail(fmt::format("attribute '{}' is of a wrong type", name), kind_name);
  }
  return &found->second;
}

std::int64_t NodeView::integer(const char* name, std::int64_t otherwise) const {
  const Attribute* own = find(name, Attribute::Kind::kInteger, "an integer");
  return own == nullptr ? otherwise : own->integer;
}

float NodeView::real(const char* name, float otherwise) const {
  const Attribute* own = find(name, Attribute::Kind::kFloat, "a float");
  return own == nullptr ? otherwise : own->real;
}

std::string NodeView::text(const char* name, const char* otherwise) const {
  const Attribute* own = find(name, Attribute::Kind::kText, "a string");
  return own == nullptr ? otherwise : own->text;
}

std::vector<std::int64_t> NodeView::integers(const char* name,
                                             const std::vector<std::int64_t>& otherwise) const {
  const Attribute* own = find(name, Attribute::Kind::kIntegers, "integers");
  return own == nullptr ? otherwise : own->integers;
}

const Constant& NodeView::constant(std::size_t input) const {
  const Constant* own = graph_.constant(node_, input);
  if (own == nullptr) {
    fail(fmt::format("input {} is no constant",
                     node_.has_input(input) ? base::shown(node_.inputs[input]) : "''"),
         "constants of the graph");
  }
  return *own;
}

float NodeView::float_input(std::size_t input) const {
  const std::vector<float> values = floats_input(input);
  if (values.size() != 1) {
    fail(fmt::format("input {} has size {}", base::shown(node_.inputs[input]),
                     sizes_text(constant(input).sizes)),
         "one value");
  }
  return values.front();
}

std::vector<float> NodeView::floats_input(std::size_t input) const {
  const Constant& own = constant(input);
  if (own.element != Element::kFloat && !own.quantisation) {
    fail(fmt::format("input {} is {}", base::shown(node_.inputs[input]), element_name(own.element)),
         "float");
  }
  const std::vector<double> values = own.reals();
  return {values.begin(), values.end()};
}

std::vector<std::int64_t> NodeView::integers_input(std::size_t input) const {
  const Constant& own = constant(input);
  if (own.element == Element::kFloat || own.element == Element::kOther || own.quantisation) {
    fail(fmt::format("input {} is {}", base::shown(node_.inputs[input]), element_name(own.element)),
         "integers");
  }
  return own.integers();
}

}  // namespace lacuna::network
