// Random back-pressure on the array's commits (see Stalls in engine.hpp).
#pragma once

#include <cstdint>

#include "base/random.hpp"
#include "systemc/array_core.hpp"
#include "systemc/engine.hpp"

namespace lacuna::systemc {

class RandomCommitStall : public CommitStall {
 public:
  explicit RandomCommitStall(const Stalls& stalls) : stalls_(stalls) {}
  bool stalled(int /*row*/, std::int64_t /*edge*/) override {
    return base::random_uniform(stalls_.seed, base::RandomStream::kBackPressure, draw_++) <
           stalls_.commit_probability;
  }

 private:
  Stalls stalls_;
  std::uint64_t draw_ = 0;  // one process asks, in a fixed order: a count is a pure index here
};

}  // namespace lacuna::systemc
