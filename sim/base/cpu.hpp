// Which instructions to run: functions that are compiled twice, for AVX2 and for any processor of
// the family, and the choice between the two.
#pragma once

namespace lacuna::base {

/// Whether the processor has AVX2 and the environment does not forbid it: with
/// LACUNA_FORCE_PORTABLE=1 the portable code runs, with 0 or without it the fastest one. Throws
/// InputError for another value.
bool detect_avx2();

/// The same, asked once a process.
inline bool use_avx2() {
  static const bool kUse = detect_avx2();
  return kUse;
}

/// Inlined into both variants, to be compiled for the instructions of each.
#define LACUNA_INLINE inline __attribute__((always_inline))
#define LACUNA_INLINE_LAMBDA __attribute__((always_inline))
#define LACUNA_AVX2 __attribute__((target("avx2")))

template <class Body, class... Arguments>
LACUNA_AVX2 auto run_avx2(Arguments... arguments) {
  return Body::run(arguments...);
}

template <class Body, class... Arguments>
auto run_portable(Arguments... arguments) {
  return Body::run(arguments...);
}

/// Body::run(arguments...), a LACUNA_INLINE function, in the variant for this processor. Arguments
/// are copied: pointers and numbers.
template <class Body, class... Arguments>
inline auto run_vector(Arguments... arguments) {
  return use_avx2() ? run_avx2<Body>(arguments...) : run_portable<Body>(arguments...);
}

}  // namespace lacuna::base
