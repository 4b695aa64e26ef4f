#include "report/text/sdc_text.hpp"

#include <algorithm>

namespace lacuna::report {
namespace {

enum class Classes { kAll, kSome, kNone };

Classes classes_of(const campaign::Store& store) {
  const auto& golden = store.golden();
  const auto count = std::count_if(golden.begin(), golden.end(),
                                   [](const campaign::GoldenRow& own) { return own.classes; });
  if (count == 0) return Classes::kNone;
  return count == static_cast<std::ptrdiff_t>(golden.size()) ? Classes::kAll : Classes::kSome;
}

}  // namespace

std::string sdc_subject(const campaign::Store& store) {
  switch (classes_of(store)) {
    case Classes::kAll:
      return "the top-1";
    case Classes::kSome:
      return "the top-1 (without classes any output value)";
    case Classes::kNone:
      return "any output value";
  }
  return "";
}

std::string sdc_text(const campaign::Store& store) {
  switch (classes_of(store)) {
    case Classes::kAll:
      return "SDC: images whose top-1 differs from the fault-free one";
    case Classes::kSome:
      return "SDC: images whose top-1 (without classes any output value) differs from the "
             "fault-free one";
    case Classes::kNone:
      return "SDC: images of which any output value differs from the fault-free one";
  }
  return "";
}

}  // namespace lacuna::report
