#include <fmt/format.h>

#include <sstream>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "cli/command.hpp"
#include "cli/inputs.hpp"
#include "cli/options.hpp"
#include "cli/print.hpp"
#include "report/text/schedule_text.hpp"
#include "schedule/residency.hpp"

namespace lacuna::cli {
namespace {

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> fields;
  std::stringstream stream(text);
  for (std::string field; std::getline(stream, field, separator);) fields.push_back(field);
  return fields;
}

/// One schedule of a part: a last, smaller batch has its own, with other steps and other cells.
struct View {
  const run::Part& part;
  const schedule::Schedule& schedule;
  schedule::ResidencyMap map;
  std::string which;  ///< begins its lines; empty for the schedule of full batches

  // Steps are numbered through all parts, as `map --steps` lists them and fault plans name them.
  std::string until_text(schedule::StepId until) const {
    return until == static_cast<schedule::StepId>(schedule.steps.size())
               ? "the end"
               : fmt::format("step {}", part.step_offset + until);
  }
  std::string from_text(schedule::StepId from) const {
    return from == schedule::kSetup ? "set-up" : fmt::format("step {}", part.step_offset + from);
  }
};

std::vector<View> views_of(const run::Part& part, const arch::AcceleratorSpec& spec) {
  const auto view = [&](const schedule::Schedule& schedule, std::string which) -> View {
    return {part, schedule, {schedule, part.network, spec}, std::move(which)};
  };
  std::vector<View> views;
  views.push_back(view(part.schedule, ""));
  if (part.remainder) {
    views.push_back(
        view(*part.remainder, fmt::format("last batch, of {}: ", part.remainder->batch)));
  }
  return views;
}

// LAYER:OUT,KY,KX,IN
void show_weight(const run::Job& job, const std::string& text) {
  const base::Place place{"", 0, "--weight"};
  const char* form = "LAYER:OUT,KY,KX,IN is allowed, as conv1:3,0,1,2";
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) {
    throw base::InputError(place, fmt::format("'{}' names no weight", text), form);
  }
  const std::string layer_name = text.substr(0, colon);
  const std::vector<std::string> index = split(text.substr(colon + 1), ',');
  if (index.size() != 4) {
    throw base::InputError(place, fmt::format("'{}' names no weight", text), form);
  }
  std::vector<std::string> names;
  for (const run::Part& part : job.parts) {
    for (std::size_t i = 0; i < part.network.layers.size(); ++i) {
      const network::Layer& layer = part.network.layers[i];
      if (!layer.is_gemm()) continue;
      names.push_back(layer.name);
      if (layer.name != layer_name) continue;
      schedule::WeightIndex weight;
      weight.layer = static_cast<std::int32_t>(i);
      weight.out = parse_integer("--weight: out channel", index[0], 0, layer.out.channels - 1);
      weight.ky = parse_integer("--weight: kernel row", index[1], 0, layer.window.kernel_h - 1);
      weight.kx = parse_integer("--weight: kernel column", index[2], 0, layer.window.kernel_w - 1);
      weight.in = parse_integer("--weight: input channel", index[3], 0, layer.group_in() - 1);
      for (const View& view : views_of(part, job.spec)) {
        for (const schedule::WeightStay& held : view.map.stays(weight)) {
          const memory::CellPosition& cell = held.first_cell;
          print(fmt::format("{}{}: weight_sram bank {}, row {}, bits {}-{}, from {} to {}\n",
                            view.which, text, cell.bank, cell.row, cell.bit,
                            cell.bit + job.spec.precision.weight_bits - 1,
                            view.from_text(held.stay.from), view.until_text(held.stay.until)));
        }
      }
      return;
    }
  }
  throw base::InputError(place,
                         fmt::format("the network has no layer '{}' with weights", layer_name),
                         base::join(names) + " are known", base::nearest_name(layer_name, names));
}

// weight:BANK,ROW,BIT
void show_cell(const run::Job& job, const std::string& text) {
  const std::vector<std::string> parts = split(text, ':');
  const std::vector<std::string> site =
      parts.size() == 2 ? split(parts[1], ',') : std::vector<std::string>{};
  if (site.size() != 3 || parts[0] != "weight") {
    throw base::InputError({"", 0, "--cell"}, fmt::format("'{}' names no cell", text),
                           "weight:BANK,ROW,BIT is allowed, as weight:0,17,5");
  }
  const fault::MemoryGeometry memory = run::weight_sram(job);
  const memory::CellPosition cell{parse_integer("--cell: bank", site[0], 0, memory.banks - 1),
                                  parse_integer("--cell: row", site[1], 0, memory.rows() - 1),
                                  parse_integer("--cell: bit", site[2], 0, memory.word_bits - 1)};
  bool any = false;
  for (const run::Part& part : job.parts) {
    for (const View& view : views_of(part, job.spec)) {
      for (const schedule::CellStay& tenant : view.map.stays(cell)) {
        any = true;
        const schedule::WeightIndex& w = tenant.weight;
        std::string reads;
        for (const schedule::StepId step : tenant.stay.reads) {
          reads += fmt::format(" {}", part.step_offset + step);
        }
        print(fmt::format("{}{}: bit {} of {}:{},{},{},{} from {} to {}, read by steps{}\n",
                          view.which, text, tenant.code_bit,
                          part.network.layers[static_cast<std::size_t>(w.layer)].name, w.out, w.ky,
                          w.kx, w.in, view.from_text(tenant.stay.from),
                          view.until_text(tenant.stay.until), reads.empty() ? " -" : reads));
      }
    }
  }
  if (!any) print(text + ": no weight ever lies in this cell\n");
}

}  // namespace

int map_command(const std::vector<std::string>& arguments) {
  Options options(
      "lacuna map --hw FILE (--model DIR | --workload FILE) [options]\n\n"
      "Shows how the layers are cut and why, what the buffers hold, and where weights\n"
      "lie. It needs no images: --data is random here unless it is given.");
  add_job_options(options);
  options.flag("steps", "list every step of the schedule")
      .values("weight", "LAYER:OUT,KY,KX,IN", "the cells that hold a weight; repeatable")
      .values("cell", "weight:BANK,ROW,BIT", "the weights that live in a cell; repeatable");
  if (!options.parse(arguments)) return 0;
  const run::Job job = load_job(options, "random");
  for (const std::string& text : options.texts("weight")) show_weight(job, text);
  for (const std::string& text : options.texts("cell")) show_cell(job, text);
  if (options.has("weight") || options.has("cell")) return 0;
  print(report::schedule_text(job));
  for (const run::Part& part : job.parts) {
    if (!part.remainder) continue;
    print(fmt::format(
        "\nthe last batch (images: {}) has a schedule of its own: see it with --batch {}\n",
        part.remainder->batch, part.remainder->batch));
  }
  if (options.has("steps")) print("\n" + report::steps_text(job));
  return 0;
}

}  // namespace lacuna::cli
