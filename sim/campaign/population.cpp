#include "campaign/population.hpp"

namespace lacuna::campaign {

const char* fault_type_name(FaultType type) {
  return type == FaultType::kUpset ? "upset" : memory::fault_kind_name(fault_kind(type));
}

memory::FaultKind fault_kind(FaultType type) {
  switch (type) {
    case FaultType::kStuckAt0:
      return memory::FaultKind::kStuckAt0;
    case FaultType::kStuckAt1:
      return memory::FaultKind::kStuckAt1;
    case FaultType::kFlip:
    case FaultType::kUpset:
      break;
  }
  return memory::FaultKind::kFlip;
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
