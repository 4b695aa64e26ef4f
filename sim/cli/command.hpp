// The program's commands. A command is one .cpp with a function and one line in the table of
// main.cpp.
#pragma once

#include <string>
#include <vector>

namespace lacuna::cli {

/// Exit code of a campaign that ran to its end but for trials that are lost.
constexpr int kLostTrials = 3;

/// Arguments after the command's name. Returns the exit code.
using CommandFunction = int (*)(const std::vector<std::string>& arguments);

int run_command(const std::vector<std::string>& arguments);
int map_command(const std::vector<std::string>& arguments);
int campaign_command(const std::vector<std::string>& arguments);
int replay_command(const std::vector<std::string>& arguments);
int sweep_command(const std::vector<std::string>& arguments);
int compare_command(const std::vector<std::string>& arguments);
int report_command(const std::vector<std::string>& arguments);
int check_command(const std::vector<std::string>& arguments);

}  // namespace lacuna::cli
