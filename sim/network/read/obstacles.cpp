#include "network/read/obstacles.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/printable.hpp"

namespace lacuna::network {
namespace {

constexpr std::size_t kShownObstacles = 40;
constexpr std::size_t kShownText = 400;  // of one; a file may say things of any length

std::string obstacle_text(const Obstacle& obstacle) {
  std::string text = obstacle.place.key.empty() ? "" : obstacle.place.key + ": ";
  text += obstacle.wrong.size() <= kShownText ? obstacle.wrong
                                              : obstacle.wrong.substr(0, kShownText) + "...";
  return obstacle.supported.empty() ? text : text + "; supported: " + obstacle.supported;
}

}  // namespace

base::Place place_of(const std::string& file, const Node& node) {
  const std::string op_shown = base::shown(node.op);
  return {
      file, 0,
      fmt::format("node {} ({})", base::shown(node.name), op_shown.substr(1, op_shown.size() - 2))};
}

void fail_node(const std::string& file, const Node& node, const std::string& wrong,
               const std::string& supported) {
  throw Obstacle{place_of(file, node), wrong, supported};
}

bool Obstacles::collect(const std::function<void()>& step) {
  try {
    step();
    return true;
  } catch (Obstacle& obstacle) {
    add(std::move(obstacle));
    return false;
  }
}

void Obstacles::throw_all(const std::string& file, const std::string& kind) const {
  if (all_.empty()) return;
  if (all_.size() == 1) throw base::InputError({file, 0, ""}, obstacle_text(all_.front()), kind);
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < all_.size() && i < kShownObstacles; ++i) {
    Obstacle own = all_[i];
    // Long lists of what is supported are said once.
    const auto same =
        std::find_if(all_.begin(), all_.begin() + static_cast<std::ptrdiff_t>(i),
                     [&](const Obstacle& other) { return other.supported == own.supported; });
    if (!own.supported.empty() && same != all_.begin() + static_cast<std::ptrdiff_t>(i)) {
      own.supported = fmt::format("as in ({})", same - all_.begin() + 1);
    }
    lines.push_back(fmt::format("({}) {}", i + 1, obstacle_text(own)));
  }
  if (all_.size() > kShownObstacles) {
    lines.push_back(fmt::format("and {} more", all_.size() - kShownObstacles));
  }
  throw base::InputError({file, 0, ""}, fmt::format("{} things stand in the way", all_.size()),
                         lines, kind);
}

}  // namespace lacuna::network
