#include "measure/batch_trace.hpp"

namespace lacuna::measure {

void BatchTrace::add(std::int64_t start, std::int64_t end, std::size_t layer,
                     base::Cycles CycleClasses::*spent_as) {
  if (!classes.empty() && classes.back().layer == layer && classes.back().spent_as == spent_as) {
    classes.back().end = end;
  } else {
    classes.push_back({start, end, layer, spent_as});
  }
}

}  // namespace lacuna::measure
