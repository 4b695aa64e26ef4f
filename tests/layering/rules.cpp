#include "layering/rules.hpp"

#include <algorithm>
#include <cctype>
#include <initializer_list>
#include <set>
#include <sstream>

namespace lacuna::layering {
namespace {

struct Home {
  const char* header;                        ///< beginning of its name
  std::initializer_list<const char*> rooms;  ///< none: no room of sim/
  bool sources_only = false;                 ///< not even in headers of its home
};

const Home kHomes[] = {
    {"yaml-cpp/", {"config"}, true},
    {"onnx/", {"network"}},
    {"google/protobuf/", {"network"}},
    {"zlib.h", {"network", "report"}, true},
    {"zip.h", {"network"}, true},
    {"png.h", {"network"}, true},
    {"jpeglib.h", {"network"}, true},
    {"openssl/", {"base"}, true},
    {"systemc", {"systemc"}},
    {"sysc/", {"systemc"}},
    {"tlm", {"systemc"}},
    {"sqlite3", {"store"}, true},
    {"nlohmann/", {"explore", "report"}},
    {"muParser", {"explore"}},
    {"boost/math/", {"statistics"}, true},
    {"boost/program_options", {"cli"}},
    {"torch/", {}},
    {"ATen/", {}},
    {"c10/", {}},
    {"gtest/", {}},
};

/// libsystemc brings a main that calls sc_main, so the program's entry point starts its kernel.
constexpr const char* kEntryPoint = "cli/main.cpp";
constexpr const char* kEntryHeader = "systemc";

/// The campaign forks its workers there, and a forked worker ends by _exit: what the parent has
/// open is not its own to close.
constexpr const char* kForkingSource = "campaign/workers.cpp";
constexpr const char* kWorkerExit = "_exit";

struct Detour {
  const char* home;  ///< the source in which it is no detour
  std::initializer_list<const char*> names;
};

const Detour kDetours[] = {
    {"cli/print.cpp", {"std::cout", "std::cerr", "std::clog"}},
    {"cli/outputs.cpp", {"write_file(", "base::OutputFile file(", "std::ofstream"}},
};

bool begins_with(const std::string& text, const std::string& start) {
  return text.compare(0, start.size(), start) == 0;
}

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

std::string at(const SourceFile& file, int line) {
  return file.path + ":" + std::to_string(line) + ": ";
}

/// The first name in a line of code that prints or ends the program, or "".
std::string find_print_or_exit(const std::string& line) {
  static const std::set<std::string> kStreams{"cout", "cerr", "clog"};
  static const std::set<std::string> kCalls{"printf",     "fprintf", "vprintf", "vfprintf", "puts",
                                            "fputs",      "putchar", "perror",  "exit",     "_exit",
                                            "quick_exit", "abort",   "_Exit",   "terminate"};
  const auto in_name = [](char c) { return std::isalnum(c) != 0 || c == '_'; };
  for (auto begin = line.begin(); begin != line.end();) {
    begin = std::find_if(begin, line.end(), in_name);
    const auto end = std::find_if_not(begin, line.end(), in_name);
    const std::string name(begin, end);
    const auto next = std::find_if_not(end, line.end(), [](char c) { return c == ' '; });
    const bool called = next != line.end() && *next == '(';
    const bool of_fmt = ends_with(std::string(line.begin(), begin), "fmt::");
    if (kStreams.count(name) > 0 || (called && kCalls.count(name) > 0) ||
        (called && of_fmt && name == "print")) {
      return name;
    }
    begin = end;
  }
  return "";
}

}  // namespace

std::string room_of(const std::string& path) {
  const std::size_t slash = path.find('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

std::vector<std::string> find_homeless_headers(const std::vector<SourceFile>& files) {
  std::vector<std::string> found;
  for (const SourceFile& file : files) {
    const std::string room = room_of(file.path);
    for (const Include& include : includes_of(file.text)) {
      // "systemc/..." in quotes is our own folder.
      if (!include.angle && room_of(include.name) == "systemc") continue;
      if (file.path == kEntryPoint && include.name == kEntryHeader) continue;
      for (const Home& home : kHomes) {
        if (!begins_with(include.name, home.header)) continue;
        if (std::find(home.rooms.begin(), home.rooms.end(), room) == home.rooms.end()) {
          std::string belongs;
          for (const char* own : home.rooms)
            belongs += (belongs.empty() ? "" : " or ") + std::string(own);
          found.push_back(at(file, include.line) + "<" + include.name + "> belongs to " +
                          (belongs.empty() ? "no room" : belongs));
        } else if (home.sources_only && !ends_with(file.path, ".cpp")) {
          found.push_back(at(file, include.line) + "<" + include.name + "> belongs to sources");
        }
      }
    }
  }
  return found;
}

std::vector<std::string> find_prints_and_exits(const std::vector<SourceFile>& files) {
  std::vector<std::string> found;
  for (const SourceFile& file : files) {
    if (room_of(file.path) == "cli") continue;
    std::istringstream lines(code_only(file.text));
    std::string line;
    for (int number = 1; std::getline(lines, line); ++number) {
      const std::string name = find_print_or_exit(line);
      if (file.path == kForkingSource && name == kWorkerExit) continue;
      if (!name.empty()) found.push_back(at(file, number) + "only cli prints or exits: " + name);
    }
  }
  return found;
}

std::vector<std::string> find_detours(const std::vector<SourceFile>& files) {
  std::vector<std::string> found;
  for (const SourceFile& file : files) {
    if (room_of(file.path) != "cli") continue;
    std::istringstream lines(code_only(file.text));
    std::string line;
    for (int number = 1; std::getline(lines, line); ++number) {
      for (const Detour& detour : kDetours) {
        for (const char* name : detour.names) {
          if (file.path == detour.home || line.find(name) == std::string::npos) continue;
          found.push_back(at(file, number) + name + " belongs to " + detour.home);
        }
      }
    }
  }
  return found;
}

}  // namespace lacuna::layering
