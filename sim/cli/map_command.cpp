#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <sstream>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "cli/command.hpp"
#include "cli/inputs.hpp"
#include "cli/options.hpp"
#include "cli/print.hpp"
#include "report/text/schedule_text.hpp"
#include "schedule/activation_residency.hpp"
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
  std::string stay_text(const schedule::Stay& stay) const {
    std::string reads;
    for (const schedule::StepId step : stay.reads) {
      reads += fmt::format(" {}", part.step_offset + step);
    }
    return fmt::format("from {} to {}, read by steps{}", from_text(stay.from),
                       until_text(stay.until), reads.empty() ? " -" : reads);
  }
};

std::vector<View> views_of(const run::Part& part) {
  std::vector<View> views{{part, *part.schedule, ""}};
  if (part.remainder) {
    views.push_back(
        {part, *part.remainder, fmt::format("last batch, of {}: ", part.remainder->batch)});
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
      for (const View& view : views_of(part)) {
        const schedule::ResidencyMap map(view.schedule, part.network, job.spec);
        for (const schedule::WeightStay& held : map.stays(weight)) {
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

// A memory whose cells can be asked for.
struct Cells {
  const char* name;  ///< in front of BANK,ROW,BIT
  memory::MemoryId memory;
  const char* content;
  /// What lies in a cell over time, a line each, without the cell.
  std::vector<std::string> (*lines)(const run::Job&, const View&, const memory::CellPosition&);
};

std::vector<std::string> weight_lines(const run::Job& job, const View& view,
                                      const memory::CellPosition& cell) {
  std::vector<std::string> lines;
  const schedule::ResidencyMap map(view.schedule, view.part.network, job.spec);
  for (const schedule::CellStay& tenant : map.stays(cell)) {
    const schedule::WeightIndex& w = tenant.weight;
    lines.push_back(fmt::format("bit {} of {}:{},{},{},{} {}", tenant.code_bit,
                                view.part.network.layers[static_cast<std::size_t>(w.layer)].name,
                                w.out, w.ky, w.kx, w.in, view.stay_text(tenant.stay)));
  }
  return lines;
}

// LAYER:CHANNEL,Y,X of what that layer writes; input:CHANNEL,Y,X of the network's.
std::string value_name(const network::Network& network, const schedule::MapValue& value) {
  std::string writer = "input";
  std::int64_t first = 0;
  for (const network::Layer& layer : network.layers) {
    if (layer.output != value.map || layer.output_channel > value.channel ||
        layer.output_channel + layer.out.channels <= value.channel) {
      continue;
    }
    writer = layer.name;
    first = layer.output_channel;
  }
  return fmt::format("{}:{},{},{} of image {} of the batch", writer, value.channel - first, value.y,
                     value.x, value.image);
}

std::vector<std::string> activation_lines(const run::Job& job, const View& view,
                                          const memory::CellPosition& cell) {
  std::vector<std::string> lines;
  const network::Network& network = view.part.network;
  const schedule::ActivationResidency map(view.schedule, network, job.spec,
                                          memory::MemoryId::kActivationSram);
  for (const schedule::ValueStay& held : map.stays(cell)) {
    lines.push_back(fmt::format("bit {} of {}{} {}", held.bit,
                                network.map(held.value.map).sums ? "the sum " : "",
                                value_name(network, held.value), view.stay_text(held.stay)));
  }
  return lines;
}

std::vector<std::string> bitmap_lines(const run::Job& job, const View& view,
                                      const memory::CellPosition& cell) {
  std::vector<std::string> lines;
  const schedule::ActivationResidency map(view.schedule, view.part.network, job.spec,
                                          memory::MemoryId::kActivationBitmap);
  for (const schedule::ValueStay& held : map.stays(cell)) {
    lines.push_back(fmt::format("whether {} is zero {}", value_name(view.part.network, held.value),
                                view.stay_text(held.stay)));
  }
  return lines;
}

constexpr Cells kCells[] = {
    {"weight", memory::MemoryId::kWeightSram, "weight", weight_lines},
    {"activation_sram", memory::MemoryId::kActivationSram, "value", activation_lines},
    {"activation_bitmap", memory::MemoryId::kActivationBitmap, "value", bitmap_lines},
};

// MEMORY:BANK,ROW,BIT
void show_cell(const run::Job& job, const std::string& text) {
  const std::vector<std::string> parts = split(text, ':');
  const std::vector<std::string> site =
      parts.size() == 2 ? split(parts[1], ',') : std::vector<std::string>{};
  const std::string name = parts.empty() ? "" : parts.front();
  const auto* cells = std::find_if(std::begin(kCells), std::end(kCells),
                                   [&](const Cells& own) { return name == own.name; });
  if (site.size() != 3 || cells == std::end(kCells)) {
    throw base::InputError({"", 0, "--cell"}, fmt::format("'{}' names no cell", text),
                           "weight:BANK,ROW,BIT, activation_sram:BANK,ROW,BIT or "
                           "activation_bitmap:BANK,ROW,BIT is allowed, as weight:0,17,5");
  }
  const fault::Memories memories = run::memories(job);
  if (!memories.has(cells->memory)) {
    throw base::InputError({"", 0, "--cell"},
                           fmt::format("there is no {}", memory_name(cells->memory)),
                           memories.why_absent(cells->memory));
  }
  const fault::MemoryGeometry& memory = memories[cells->memory];
  const memory::CellPosition cell{parse_integer("--cell: bank", site[0], 0, memory.banks - 1),
                                  parse_integer("--cell: row", site[1], 0, memory.rows() - 1),
                                  parse_integer("--cell: bit", site[2], 0, memory.word_bits - 1)};
  bool any = false;
  for (const run::Part& part : job.parts) {
    for (const View& view : views_of(part)) {
      for (const std::string& line : cells->lines(job, view, cell)) {
        any = true;
        print(fmt::format("{}{}: {}\n", view.which, text, line));
      }
    }
  }
  if (!any) print(fmt::format("{}: no {} ever lies in this cell\n", text, cells->content));
}

}  // namespace

int map_command(const std::vector<std::string>& arguments) {
  Options options(
      "lacuna map --hw FILE (--model DIR | --workload FILE) [options]\n\n"
      "Shows how the layers are cut and why, what the buffers hold, and where weights\n"
      "and activations lie. It needs no images: --data is random here unless given.");
  add_job_options(options);
  options.flag("steps", "list every step of the schedule")
      .values("weight", "LAYER:OUT,KY,KX,IN", "the cells that hold a weight; repeatable")
      .values("cell", "MEMORY:BANK,ROW,BIT",
              "what lives in a cell of weight, activation_sram or activation_bitmap; repeatable");
  if (!options.parse(arguments)) return 0;
  const run::Job job = load_job(options, "random", true);
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
