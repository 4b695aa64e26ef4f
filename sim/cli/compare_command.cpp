#include <fmt/format.h>

#include <utility>

#include "base/error.hpp"
#include "cli/command.hpp"
#include "cli/options.hpp"
#include "cli/outputs.hpp"
#include "cli/print.hpp"
#include "report/json/comparison.hpp"

namespace lacuna::cli {

int compare_command(const std::vector<std::string>& arguments) {
  Options options(
      "lacuna compare A.json B.json [options]\n\n"
      "Shows what differs between two run records (lacuna run --json), layer by layer,\n"
      "and by how much.");
  options.flag("all", "what is equal, too")
      .value("json", "FILE", "write the comparison")
      .flag("exit-code", "exit with 1 when anything differs")
      .positional("file", "the records");
  if (!options.parse(arguments)) return 0;
  const std::vector<std::string> files = options.texts("file");
  if (files.size() != 2) {
    throw base::InputError(
        {"", 0, "compare"},
        fmt::format("{} record{} named", files.size(), files.size() == 1 ? " is" : "s are"),
        "two are required");
  }
  Outputs outputs;
  outputs.claim(options, "json");
  for (const std::string& file : files) base::note_input(file);
  outputs.refuse_inputs();
  // One after the other: of arguments a compiler may evaluate the second first.
  report::RecordFile first = report::read_record(files[0]);
  report::RecordFile second = report::read_record(files[1]);
  const report::Comparison comparison =
      report::compare_records(std::move(first), std::move(second));
  const bool all = options.has("all");
  outputs.write("json", report::comparison_json(comparison, all));
  print(report::comparison_text(comparison, all));
  return options.has("exit-code") && comparison.differs() ? 1 : 0;
}

}  // namespace lacuna::cli
