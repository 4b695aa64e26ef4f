#include "base/cpu.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>
#include <string>

#include "base/error.hpp"

namespace lacuna::base {
namespace {

constexpr const char* kVariable = "LACUNA_FORCE_PORTABLE";

/// Sets the variable, or takes it away, and puts back what was there.
class Environment {
 public:
  explicit Environment(const char* value) {
    if (const char* before = std::getenv(kVariable)) before_ = before;
    set(value);
  }
  ~Environment() { set(before_ ? before_->c_str() : nullptr); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  static void set(const char* value) {
    if (value == nullptr) {
      ::unsetenv(kVariable);
    } else {
      ::setenv(kVariable, value, 1);
    }
  }
  std::optional<std::string> before_;
};

TEST(Cpu, GivenTheVariableThenPortableCodeRunsWhateverTheProcessorHas) {
  const Environment set("1");
  EXPECT_FALSE(detect_avx2());
}

TEST(Cpu, GivenNoVariableOrZeroThenTheProcessorDecides) {
  for (const char* value : {static_cast<const char*>(nullptr), "0"}) {
    const Environment set(value);
    EXPECT_EQ(detect_avx2(), __builtin_cpu_supports("avx2") != 0);
  }
}

TEST(Cpu, GivenAnotherValueThenItIsRefused) {
  for (const char* value : {"yes", "", "2"}) {
    const Environment set(value);
    EXPECT_THROW(detect_avx2(), InputError) << value;
  }
}

// With LACUNA_FORCE_PORTABLE=1 in the environment of the whole process this is what the portable
// runs of other tests rest on.
TEST(Cpu, GivenWhatTheProcessStartedWithThenItIsKept) {
  const bool at_start = detect_avx2();
  EXPECT_EQ(use_avx2(), at_start);
  const Environment set(at_start ? "1" : nullptr);
  EXPECT_EQ(use_avx2(), at_start);
}

}  // namespace
}  // namespace lacuna::base
