// The program. Commands are listed here once; errors become exit codes here and nowhere else:
// 2 for the user's, 70 for ours. (3, of a campaign with lost trials, is no error: command.hpp.)
#include <malloc.h>

#include <cstdlib>
#include <exception>
#include <filesystem>
#include <limits>
#include <new>
#include <systemc>

#include "base/error.hpp"
#include "base/file_target.hpp"
#include "base/limits.hpp"
#include "cli/command.hpp"
#include "cli/interrupt.hpp"
#include "cli/print.hpp"
#include "run/version.hpp"

namespace {

using lacuna::cli::CommandFunction;
using lacuna::cli::print;
using lacuna::cli::print_error;

struct Command {
  const char* name;
  const char* summary;
  CommandFunction function;
};

constexpr Command kCommands[] = {
    {"run", "simulate a network or a workload on a machine", lacuna::cli::run_command},
    {"map", "show how a network is cut and scheduled, and where its weights lie",
     lacuna::cli::map_command},
    {"campaign", "run many fault trials into a store, and look at what came out",
     lacuna::cli::campaign_command},
    {"replay", "run one trial of a campaign again and compare", lacuna::cli::replay_command},
    {"sweep", "run a grid of machines, and find the best of them", lacuna::cli::sweep_command},
    {"compare", "show what differs between two run records, and by how much",
     lacuna::cli::compare_command},
    {"report", "make one HTML page of run records, campaigns, sweeps and timelines",
     lacuna::cli::report_command},
    {"check", "validate files of every kind that people write, and run records",
     lacuna::cli::check_command},
};

constexpr int kUserError = 2;
constexpr int kOurError = 70;

void print_help() {
  std::string text = std::string("lacuna ") + lacuna::run::kVersion +
                     ": cycles and faults of DNN accelerators, cycle by cycle\n\n"
                     "usage: lacuna COMMAND [options]\n\n";
  for (const Command& command : kCommands) {
    std::string name = command.name;
    name.resize(10, ' ');
    text += "  " + name + command.summary + "\n";
  }
  print(text + "\nlacuna COMMAND --help lists a command's options.\n");
}

int dispatch(const std::vector<std::string>& arguments) {
  if (arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h" ||
      arguments[0] == "help") {
    print_help();
    return arguments.empty() ? kUserError : 0;
  }
  if (arguments[0] == "--version") {
    print(std::string("lacuna ") + lacuna::run::kVersion + "\n");
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

// Maps of a layer are freed before the next ones are made: kept, they need not be got from the
// system and cleared again, which is 15% of the time of large layers.
void keep_freed_memory() {
#ifdef __GLIBC__
  constexpr int kNever = 0;
  ::mallopt(M_MMAP_MAX, kNever);
  ::mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
#endif
}

}  // namespace

int sc_main(int argc, char** argv) {
  lacuna::cli::handle_interrupts();
  try {
    const int code = dispatch(std::vector<std::string>(argv + 1, argv + argc));
    if (const auto error = lacuna::cli::flush_output()) {
      print_error("standard output " + *error);
      return kUserError;
    }
    return code;
  } catch (const lacuna::base::InputError& error) {
    print_error(error.text());
    return kUserError;
  } catch (const lacuna::cli::Interrupted& interrupted) {
    lacuna::cli::end_interrupted(interrupted);
  } catch (const std::filesystem::filesystem_error& error) {
    print_error(error.path1().string() + ": " + error.code().message());
    return kUserError;
  } catch (const std::bad_alloc&) {
    print_error(
        "out of memory: the network, machine, batch or number of images is larger than this "
        "computer can hold");
    return kUserError;
  } catch (const std::exception& error) {
    print_error(std::string("internal error: ") + error.what() +
                "\nThis is a bug of lacuna; please report it with the command.");
    return kOurError;
  }
}

// libsystemc has a main of its own, which greets; ours silences it first.
int main(int argc, char** argv) {
  keep_freed_memory();
  lacuna::base::note_descriptors();
  constexpr int kOverwrite = 1;
  ::setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", kOverwrite);
  return sc_core::sc_elab_and_sim(argc, argv);
}
