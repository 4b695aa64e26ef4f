// What stands in the way of a model: collected, so that the user sees all of it at once.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "network/read/graph.hpp"

namespace lacuna::network {

/// "node 'conv1' (Conv)".
base::Place place_of(const std::string& file, const Node& node);

/// One thing that the simulator cannot do with a node. Caught where obstacles are collected, so it
/// never leaves the import.
struct Obstacle {
  base::Place place;
  std::string wrong;
  std::string supported;
};

[[noreturn]] void fail_node(const std::string& file, const Node& node, const std::string& wrong,
                            const std::string& supported = "");

class Obstacles {
 public:
  void add(Obstacle obstacle) { all_.push_back(std::move(obstacle)); }
  /// Does `step`; an obstacle that it throws is added, and false returned.
  bool collect(const std::function<void()>& step);
  bool empty() const { return all_.empty(); }
  /// Throws InputError with all of them, each on a line of its own, and what the network is; with
  /// one alone, just that. Does nothing where there are none.
  void throw_all(const std::string& file, const std::string& kind) const;

 private:
  std::vector<Obstacle> all_;
};

}  // namespace lacuna::network
