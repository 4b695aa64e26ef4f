#include <fmt/format.h>

#include <iostream>

#include "base/error.hpp"
#include "cli/command.hpp"
#include "cli/inputs.hpp"
#include "cli/options.hpp"
#include "report/schedule_text.hpp"

namespace lacuna::cli {

int map_command(const std::vector<std::string>& arguments) {
  Options options(
      "lacuna map --hw FILE (--model DIR | --workload FILE) [options]\n\n"
      "Shows how the layers are cut and why, what the buffers hold, and where weights lie.");
  add_job_options(options);
  options.flag("steps", "list every step of the schedule");
  if (!options.parse(arguments)) return 0;
  const LoadedJob loaded = load_job(options);
  std::cout << report::schedule_text(loaded.job);
  if (options.has("steps")) std::cout << '\n' << report::steps_text(loaded.job);
  return 0;
}

}  // namespace lacuna::cli
