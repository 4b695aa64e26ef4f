#include "layering/includes.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "layering/rules.hpp"

namespace lacuna::layering {
namespace {

/// Lowest first, as sim/CMakeLists.txt builds them.
const std::vector<std::string> kRooms{
    "base",     "config",  "tensor",     "measure",  "memory",  "arch",   "network",
    "schedule", "judge",   "mapping",    "fault",    "systemc", "fast",   "run",
    "store",    "cluster", "statistics", "campaign", "explore", "report", "cli"};

/// Of two such rooms neither includes the other, whichever is lower.
struct Strangers {
  const char* one;
  const char* other;
  const char* why;
};
constexpr Strangers kStrangers[] = {
    {"systemc", "fast", "is the other engine"},
    {"judge", "mapping", "stands apart: the judge knows nothing of the mapper"},
    {"systemc", "mapping", "stands apart: an engine runs any schedule, whoever wrote it"},
    {"fast", "mapping", "stands apart: an engine runs any schedule, whoever wrote it"},
    {"campaign", "explore", "is beside, not below"},
};

constexpr std::ptrdiff_t kNoRoom = -1;

std::ptrdiff_t level_of(const std::string& room) {
  const auto found = std::find(kRooms.begin(), kRooms.end(), room);
  return found == kRooms.end() ? kNoRoom : found - kRooms.begin();
}

bool is_engine(const std::string& room) { return room == "systemc" || room == "fast"; }

/// What is wrong with `room` including `name`, or "".
std::string edge_error(const std::string& room, const std::string& name,
                       const std::set<std::string>& paths) {
  const std::string target = room_of(name);
  if (level_of(target) == kNoRoom) return "is in no room";
  if (paths.count(name) == 0 && paths.count(name + ".in") == 0) return "does not exist";
  if (target == room) return "";
  if (level_of(target) > level_of(room)) return "is above " + room;
  for (const Strangers& pair : kStrangers) {
    if ((room == pair.one && target == pair.other) || (room == pair.other && target == pair.one)) {
      return pair.why;
    }
  }
  if (is_engine(room) && target == "fault" && name != "fault/plan.hpp") {
    return "is more of fault than its plan";
  }
  return "";
}

/// Depth-first walk that remembers the path it is on.
class CircleFinder {
 public:
  explicit CircleFinder(const std::map<std::string, std::vector<std::string>>& edges)
      : edges_(edges) {}

  std::vector<std::string> run() {
    for (const auto& [path, targets] : edges_) visit(path);
    return circles_;
  }

 private:
  void visit(const std::string& path) {
    const auto open = std::find(trail_.begin(), trail_.end(), path);
    if (open != trail_.end()) {
      std::string circle;
      for (auto step = open; step != trail_.end(); ++step) circle += *step + " -> ";
      circles_.push_back(circle + path);
      return;
    }
    if (!visited_.insert(path).second) return;
    trail_.push_back(path);
    const auto found = edges_.find(path);
    if (found != edges_.end()) {
      for (const std::string& target : found->second) visit(target);
    }
    trail_.pop_back();
  }

  const std::map<std::string, std::vector<std::string>>& edges_;
  std::set<std::string> visited_;
  std::vector<std::string> trail_;
  std::vector<std::string> circles_;
};

}  // namespace

const std::vector<std::string>& rooms() { return kRooms; }

std::vector<std::string> find_bad_edges(const std::vector<SourceFile>& files) {
  std::set<std::string> paths;
  for (const SourceFile& file : files) paths.insert(file.path);
  std::vector<std::string> found;
  for (const SourceFile& file : files) {
    const std::string room = room_of(file.path);
    if (level_of(room) == kNoRoom) found.push_back(file.path + ":0: is in no room");
    for (const Include& include : includes_of(file.text)) {
      if (include.angle) continue;
      const std::string error = edge_error(room, include.name, paths);
      if (error.empty()) continue;
      found.push_back(file.path + ":" + std::to_string(include.line) + ": \"" + include.name +
                      "\" " + error);
    }
  }
  return found;
}

std::vector<std::string> find_circles(const std::vector<SourceFile>& files) {
  std::map<std::string, std::vector<std::string>> edges;
  for (const SourceFile& file : files) {
    for (const Include& include : includes_of(file.text)) {
      if (!include.angle) edges[file.path].push_back(include.name);
    }
  }
  return CircleFinder(edges).run();
}

}  // namespace lacuna::layering
