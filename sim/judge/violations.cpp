#include "judge/violations.hpp"

#include <fmt/format.h>

namespace lacuna::judge {

std::string step_name(const schedule::Schedule& schedule, const network::Network& network,
                      schedule::StepId step) {
  const schedule::Step& s = schedule.steps[static_cast<std::size_t>(step)];
  const bool known = s.layer >= 0 && static_cast<std::size_t>(s.layer) < network.layers.size();
  return fmt::format("step {} ({} of {})", step, schedule::step_kind_name(s.kind),
                     known ? network.layers[static_cast<std::size_t>(s.layer)].name
                           : fmt::format("layer {}", s.layer));
}

std::string interval_name(std::int64_t begin, std::int64_t end) {
  return end - begin == 1 ? fmt::format("{}", begin) : fmt::format("{}..{}", begin, end - 1);
}

}  // namespace lacuna::judge
