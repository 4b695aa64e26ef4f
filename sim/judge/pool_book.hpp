// The judge's book of pooling layers: every row of their outputs is computed once.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "judge/violations.hpp"
#include "network/network.hpp"
#include "schedule/rows.hpp"
#include "schedule/schedule.hpp"

namespace lacuna::judge {

class PoolBook {
 public:
  PoolBook(const schedule::Schedule& schedule, const network::Network& network,
           Violations& violations)
      : schedule_(schedule), network_(network), violations_(violations) {}

  /// A step computes output rows of a pooling layer.
  void add(std::int32_t layer, schedule::StepId step, const schedule::ImageRows& rows);
  /// After the last step. A layer that the post unit fuses has no steps of its own.
  void finish();

 private:
  struct Done {
    schedule::StepId step = schedule::kNoStep;
    schedule::ImageRows rows;
  };
  void finish(std::int32_t index);

  const schedule::Schedule& schedule_;
  const network::Network& network_;
  Violations& violations_;
  std::unordered_map<std::int32_t, std::vector<Done>> done_;  ///< by layer
};

}  // namespace lacuna::judge
