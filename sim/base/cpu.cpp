#include "base/cpu.hpp"

#include <cstdlib>
#include <string>

#include "base/error.hpp"

namespace lacuna::base {

bool detect_avx2() {
  constexpr const char* kVariable = "LACUNA_FORCE_PORTABLE";
  const char* set = std::getenv(kVariable);
  const std::string value = set == nullptr ? "0" : set;
  if (value != "0" && value != "1") {
    throw InputError({kVariable, 0, ""}, "'" + value + "' cannot be used",
                     "1 forces portable code, 0 does not");
  }
  return value == "0" && __builtin_cpu_supports("avx2") != 0;
}

}  // namespace lacuna::base
