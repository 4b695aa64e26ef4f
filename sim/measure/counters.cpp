#include "measure/counters.hpp"

namespace lacuna::measure {

CycleClasses& CycleClasses::operator+=(const CycleClasses& other) {
  for (const CycleClass& own : kCycleClasses) this->*own.member += other.*own.member;
  return *this;
}

LayerCounters& LayerCounters::add(const LayerCounters& other, std::int64_t times) {
  for (const Counter& own : kCounters) own.in(*this) += times * own.of(other);
  return *this;
}

}  // namespace lacuna::measure
