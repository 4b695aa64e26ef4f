// The program. Commands are listed here once; errors become exit codes here and nowhere else:
// 2 for the user's, 70 for ours. (3, of a campaign with lost trials, is no error: command.hpp.)
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <new>
#include <systemc>

#include "base/error.hpp"
#include "cli/command.hpp"
#include "cli/interrupt.hpp"
#include "run/version.hpp"

namespace {

using lacuna::cli::CommandFunction;

struct Command {
  const char* name;
  const char* summary;
  CommandFunction function;
};

constexpr Command kCommands[] = {
    {"run", "simulate a network or a workload on a machine", lacuna::cli::run_command},
    {"map", "show how a network is cut and scheduled, and which weight lies in which cell",
     lacuna::cli::map_command},
    {"campaign", "run many fault trials into a store, and look at what came out",
     lacuna::cli::campaign_command},
    {"replay", "run one trial of a campaign again and compare", lacuna::cli::replay_command},
    {"sweep", "run a grid of machines, and find the best of them", lacuna::cli::sweep_command},
    {"compare", "show what differs between two run records, and by how much",
     lacuna::cli::compare_command},
    {"report", "make one HTML page of run records, campaigns, sweeps and timelines",
     lacuna::cli::report_command},
    {"check", "validate files: machines, fault plans and maps, networks, workloads",
     lacuna::cli::check_command},
};

constexpr int kUserError = 2;
constexpr int kOurError = 70;

void print_help() {
  std::cout << "lacuna " << lacuna::run::kVersion
            << ": cycles and faults of DNN accelerators, cycle by cycle\n\n"
               "usage: lacuna COMMAND [options]\n\n";
  for (const Command& command : kCommands) {
    std::cout << "  " << command.name << std::string(10 - std::string(command.name).size(), ' ')
              << command.summary << '\n';
  }
  std::cout << "\nlacuna COMMAND --help lists a command's options.\n";
}

int dispatch(const std::vector<std::string>& arguments) {
  if (arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h" ||
      arguments[0] == "help") {
    print_help();
    return arguments.empty() ? kUserError : 0;
  }
  if (arguments[0] == "--version") {
    std::cout << "lacuna " << lacuna::run::kVersion << '\n';
    return 0;
  }
  std::vector<std::string> names;
  for (const Command& command : kCommands) {
    if (arguments[0] != command.name) {
      names.emplace_back(command.name);
      continue;
    }
    const std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
    if (rest.size() == 1 && rest[0] == "--version") return dispatch(rest);
    return command.function(rest);
  }
  throw lacuna::base::InputError({"", 0, arguments[0]}, "is not a command",
                                 lacuna::base::join(names) + " are known",
                                 lacuna::base::nearest_name(arguments[0], names));
}

}  // namespace

int sc_main(int argc, char** argv) {
  lacuna::cli::handle_interrupts();
  try {
    const int code = dispatch(std::vector<std::string>(argv + 1, argv + argc));
    std::cout.flush();
    if (!std::cout) {
      std::cerr << "lacuna: standard output cannot be written\n";
      return kUserError;
    }
    return code;
  } catch (const lacuna::base::InputError& error) {
    std::cerr << "lacuna: " << error.what() << '\n';
    return kUserError;
  } catch (const lacuna::cli::Interrupted& interrupted) {
    lacuna::cli::end_interrupted(interrupted);
  } catch (const std::filesystem::filesystem_error& error) {
    std::cerr << "lacuna: " << error.path1().string() << ": " << error.code().message() << '\n';
    return kUserError;
  } catch (const std::bad_alloc&) {
    std::cerr << "lacuna: out of memory: the network, machine, batch or number of images is larger "
                 "than this computer can hold\n";
    return kUserError;
  } catch (const std::exception& error) {
    std::cerr << "lacuna: internal error: " << error.what()
              << "\nThis is a bug of lacuna; please report it with the command.\n";
    return kOurError;
  }
}

// libsystemc has a main of its own, which greets; ours silences it first.
int main(int argc, char** argv) {
  constexpr int kOverwrite = 1;
  ::setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", kOverwrite);
  return sc_core::sc_elab_and_sim(argc, argv);
}
