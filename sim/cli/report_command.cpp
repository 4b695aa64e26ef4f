#include <filesystem>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/shell.hpp"
#include "cli/command.hpp"
#include "cli/options.hpp"
#include "cli/outputs.hpp"
#include "report/page/page.hpp"

namespace lacuna::cli {
namespace {

// Beside an installed program, else where this one was built.
std::string chart_library() {
  std::error_code unknown;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", unknown);
  const std::filesystem::path installed =
      program.parent_path().parent_path() / "share" / "lacuna" / "web" / "echarts.min.js";
  if (!unknown && std::filesystem::is_regular_file(installed, unknown)) return installed.string();
  return LACUNA_CHART_LIBRARY;
}

}  // namespace

int report_command(const std::vector<std::string>& arguments) {
  Options options(
      "lacuna report INPUT... --out FILE.html\n\n"
      "One self-contained page of run records (run --json), campaigns (campaign run\n"
      "--out), sweeps (sweep --out) and timelines (run --timeline).");
  options.positional("file", "the inputs").value("out,o", "FILE", "the page (required)");
  if (!options.parse(arguments)) return 0;
  options.required("out");
  Outputs outputs;
  outputs.claim(options, "out");
  report::PageRequest request;
  request.inputs = options.texts("file");
  if (request.inputs.empty()) {
    throw base::InputError({"", 0, "report"}, "no input is named", "at least one is required");
  }
  for (const std::string& input : request.inputs) {
    base::expect_regular_file(input);
    note_store(input);
  }
  outputs.refuse_inputs();
  request.command = base::shell_command("lacuna report", arguments);
  request.chart_library = chart_library();
  outputs.write("out", [&](base::OutputFile& file) {
    report::html_page(request, [&](const std::string& text) { file.write(text); });
  });
  return 0;
}

}  // namespace lacuna::cli
