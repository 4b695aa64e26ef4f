#include "campaign/population.hpp"

#include <algorithm>

namespace lacuna::campaign {

const char* FaultForm::name() const {
  switch (when) {
    case FaultTime::kPermanent:
      break;
    case FaultTime::kStep:
      return "upset";
    case FaultTime::kCycle:
      return "strike";
  }
  return memory::fault_kind_name(kind);
}

std::vector<FaultForm> fault_forms() {
  std::vector<FaultForm> forms;
  for (const memory::FaultKind kind : memory::fault_kinds(memory::kPermanently)) {
    forms.push_back({kind, FaultTime::kPermanent});
  }
  forms.push_back({memory::FaultKind::kFlip, FaultTime::kStep});
  forms.push_back({memory::FaultKind::kFlip, FaultTime::kCycle});
  std::sort(forms.begin(), forms.end());
  return forms;
}

std::string Shape::name() const {
  switch (kind) {
    case Kind::kRow:
      return "row";
    case Kind::kColumn:
      return "column";
    case Kind::kBank:
      return "bank";
    case Kind::kCluster:
      break;
  }
  if (rows == 1 && bits == 1) return "cell";
  return std::to_string(rows) + "x" + std::to_string(bits);
}

std::string StratumLabel::describe() const {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : " ") + part; };
  if (!layer.empty()) add(layer);
  if (bit == kLeftOver) {
    add("left over");
  } else if (bit >= 0) {
    add("bit " + std::to_string(bit));
  }
  if (bank >= 0) add("bank " + std::to_string(bank));
  if (first_row >= 0) add("rows " + std::to_string(first_row) + "-" + std::to_string(last_row));
  return text.empty() ? "all" : text;
}

const char* source_name(Population::Source source) {
  switch (source) {
    case Population::Source::kMaps:
      return "map";
    case Population::Source::kSites:
      return "site";
    case Population::Source::kFile:
      return "file";
  }
  return "";
}

}  // namespace lacuna::campaign
