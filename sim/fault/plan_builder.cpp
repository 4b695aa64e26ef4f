#include "fault/plan_builder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/printable.hpp"

namespace lacuna::fault {
namespace {

auto site(const Fault& fault) {
  return std::make_tuple(fault.memory, fault.cell.bank, fault.cell.row, fault.cell.bit, fault.step,
                         fault.cycle, fault.until, fault.batch, fault.part);
}

}  // namespace

FaultPlan build_plan(std::vector<SourcedFault> faults,
                     const std::function<base::Place(std::int32_t)>& place_of,
                     const std::string& origin) {
  std::sort(faults.begin(), faults.end(), [](const SourcedFault& a, const SourcedFault& b) {
    const auto first = site(a.fault);
    const auto second = site(b.fault);
    return first != second ? first < second : a.source < b.source;
  });
  FaultPlan plan;
  plan.origin = base::printable(origin);
  plan.faults.reserve(faults.size());
  const SourcedFault* previous = nullptr;
  for (const SourcedFault& entry : faults) {
    const Fault& fault = entry.fault;
    if (previous == nullptr || site(previous->fault) != site(fault)) {
      plan.faults.push_back(fault);
      previous = &entry;
    } else if (previous->fault.kind != fault.kind) {
      const base::Place first = place_of(previous->source);
      throw base::InputError(
          place_of(entry.source),
          fmt::format("{} in {} bank {} row {} bit {}", memory::fault_kind_name(fault.kind),
                      memory_name(fault.memory), fault.cell.bank, fault.cell.row, fault.cell.bit),
          fmt::format("line {} makes the same cell {}", first.line,
                      memory::fault_kind_name(previous->fault.kind)));
    }
  }
  return plan;
}

}  // namespace lacuna::fault
