#include "fault/selector.hpp"

namespace lacuna::fault {

#define LACUNA_SELECTOR(name) SelectorKind name##_selector();
#include "fault/selectors/list.inc"
#undef LACUNA_SELECTOR

const std::vector<SelectorKind>& selector_kinds() {
  static const std::vector<SelectorKind> kKinds{
#define LACUNA_SELECTOR(name) name##_selector(),
#include "fault/selectors/list.inc"
#undef LACUNA_SELECTOR
  };
  return kKinds;
}

}  // namespace lacuna::fault
