#include "campaign/plan.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <tuple>
#include <utility>

#include "base/error.hpp"
#include "base/file_target.hpp"
#include "base/printable.hpp"
#include "config/schema.hpp"
#include "config/text.hpp"
#include "network/data_set.hpp"
#include "network/onnx_import.hpp"

namespace lacuna::campaign {
namespace {

constexpr std::int64_t kMaxImages = 10'000'000;
constexpr std::int64_t kMaxBatch = 4096;
constexpr std::int64_t kMaxMaps = 1'000'000;
constexpr std::int64_t kMaxSeconds = 86'400;
constexpr std::int64_t kMaxRowGroups = 4096;
constexpr std::int64_t kMaxClusterSide = 1024;
// Each entry of these costs work or memory for every machine and network.
constexpr std::size_t kMaxFiles = 1000;  ///< machines, networks
constexpr std::size_t kMaxRates = 1000;
constexpr std::size_t kMaxShapes = 100;
constexpr std::size_t kMaxContrasts = 1000;

const std::vector<std::string> kWeightsAlone{memory::memory_name(memory::MemoryId::kWeightSram)};

/// What is wrong with values that can be read. Raised after Document::done(): an unknown key
/// explains more than what it leaves wrong.
class Complaints {
 public:
  void add(const base::Place& place, const std::string& what, const std::string& allowed = "",
           const std::string& nearest = "") {
    if (!first_) first_.emplace(place, what, allowed, nearest);
  }
  /// Nothing more needs to be looked at.
  bool any() const { return first_.has_value(); }
  void raise() const {
    if (first_) throw *first_;
  }

 private:
  std::optional<base::InputError> first_;
};

template <class T>
T one_of(const std::string& name, const std::vector<std::pair<std::string, T>>& all,
         const base::Place& place, Complaints& complaints) {
  std::vector<std::string> names;
  for (const auto& [known, value] : all) {
    if (name == known) return value;
    names.push_back(known);
  }
  complaints.add(place, base::shown(name) + " is not known", base::join(names) + " are allowed",
                 base::nearest_name(name, names));
  return all.front().second;
}

std::vector<FaultForm> read_forms(const config::Section& section, bool upsets,
                                  Complaints& complaints) {
  std::vector<std::pair<std::string, FaultForm>> all;
  for (const FaultForm& form : fault_forms()) {
    const bool upset = upsets && form.when == FaultTime::kStep;
    if (upset || form.when == FaultTime::kPermanent) all.emplace_back(form.name(), form);
  }
  std::vector<FaultForm> forms;
  for (const std::string& name : section.strings("kinds")) {
    forms.push_back(one_of(name, all, section.place("kinds"), complaints));
  }
  return forms;
}

memory::MemoryId read_memory(const std::string& name, const base::Place& place,
                             Complaints& complaints) {
  std::vector<std::pair<std::string, memory::MemoryId>> all;
  all.reserve(memory::kMemoryCount);
  for (const memory::MemoryKind& kind : memory::kMemories) all.emplace_back(kind.name, kind.id);
  return one_of(name, all, place, complaints);
}

// The kinds of single faults, each at the time that `when` asks for; without it the kind `upset`
// says that it is at a step.
std::vector<FaultForm> read_timed_forms(const config::Section& section, SitePlan& sites,
                                        Complaints& complaints) {
  if (!section.has("when")) return read_forms(section, true, complaints);
  FaultTime when = FaultTime::kCycle;
  if (section.is_section("when")) {
    const config::Section own = section.section("when");
    const auto cycles = own.selection("cycles", 0, config::kAnyInteger);
    if (!cycles || cycles->size() != 1) {
      complaints.add(section.place("when"), "is no range of cycles", "as {cycles: 100-199}");
    } else {
      sites.cycles = cycles->front();
    }
  } else {
    when = section.choice<FaultTime>("when", {{"permanent", FaultTime::kPermanent},
                                              {"uniform_step", FaultTime::kStep},
                                              {"uniform_cycle", FaultTime::kCycle}});
  }
  if (when == FaultTime::kPermanent) return read_forms(section, false, complaints);
  const FaultForm once{memory::FaultKind::kFlip, when};
  if (!section.has("kinds")) return {once};
  std::vector<FaultForm> forms;
  for (const FaultForm& form : read_forms(section, when == FaultTime::kStep, complaints)) {
    if (form.kind != memory::FaultKind::kFlip) {
      complaints.add(section.place("kinds"),
                     base::shown(form.name()) + " is a fault that stays, and strikes at no time",
                     "flip, or when: permanent");
    }
    forms.push_back(once);
  }
  return forms;
}

// "cell", "row", "column", "bank", or rows x bits as "2x3".
Shape read_shape(const std::string& text, const base::Place& place, Complaints& complaints) {
  Shape shape;
  const std::size_t cross = text.find('x');
  const auto number = [](const std::string& digits) -> std::int64_t {
    if (digits.empty() || digits.size() > 4 ||
        digits.find_first_not_of("0123456789") != std::string::npos) {
      return 0;
    }
    return std::stoll(digits);
  };
  if (cross != std::string::npos) {
    shape.rows = number(text.substr(0, cross));
    shape.bits = number(text.substr(cross + 1));
    if (shape.rows >= 1 && shape.bits >= 1 && shape.rows <= kMaxClusterSide &&
        shape.bits <= kMaxClusterSide) {
      return shape;
    }
  }
  const std::vector<std::pair<std::string, Shape::Kind>> all = {{"cell", Shape::Kind::kCluster},
                                                                {"row", Shape::Kind::kRow},
                                                                {"column", Shape::Kind::kColumn},
                                                                {"bank", Shape::Kind::kBank}};
  for (const auto& [name, kind] : all) {
    if (text == name) return {kind, 1, 1};
  }
  complaints.add(place, base::shown(text) + " is not a shape",
                 "cell, row, column, bank, or rows x bits of neighbours as 2x3");
  return {};
}

template <class T>
const T& sort_key(const T& entry) {
  return entry;
}
std::tuple<Shape::Kind, std::int64_t, std::int64_t> sort_key(const Shape& shape) {
  return {shape.kind, shape.rows, shape.bits};
}

template <class T>
void refuse_repeats(std::vector<T> list, const base::Place& place, Complaints& complaints) {
  if (list.empty()) complaints.add(place, "the list is empty", "at least one entry");
  std::sort(list.begin(), list.end(),
            [](const T& a, const T& b) { return sort_key(a) < sort_key(b); });
  if (std::adjacent_find(list.begin(), list.end()) != list.end()) {
    complaints.add(place, "an entry stands there twice");
  }
}

void refuse_more(std::size_t size, std::size_t most, const base::Place& place,
                 Complaints& complaints) {
  if (size <= most) return;
  complaints.add(place, "has " + std::to_string(size) + " entries",
                 "at most " + std::to_string(most));
}

/// Sample sizes of a stop rule, which two kinds of plans have.
struct Sizes {
  std::int64_t least = 0;
  std::int64_t most = 0;
  std::optional<double> half_width;
};

Sizes read_sizes(const config::Section& section, const char* least, std::int64_t least_allowed,
                 Complaints& complaints) {
  Sizes sizes;
  sizes.least = section.required<std::int64_t>(least, 1, kMaxTrials);
  sizes.half_width = section.optional<double>("half_width", 1e-6, 0.499);
  const auto most = section.optional<std::int64_t>("at_most", 1, kMaxTrials);
  if (sizes.half_width && !most) {
    complaints.add(section.place("half_width"), "a stop rule needs an end",
                   std::string("at_most, a number of ") + least);
  }
  if (most && !sizes.half_width) {
    complaints.add(section.place("at_most"), "there is no stop rule",
                   "half_width, the half-width of an interval to be reached");
  }
  if (most && *most < sizes.least) {
    complaints.add(section.place("at_most"), "is less than " + std::string(least),
                   "at least " + std::to_string(sizes.least));
  }
  if (sizes.half_width && sizes.least < least_allowed) {
    complaints.add(section.place(least), "an interval of so few says too little to stop by",
                   "at least " + std::to_string(least_allowed) + " with a half_width");
  }
  sizes.most = most.value_or(sizes.least);
  return sizes;
}

MapPlan read_maps(const config::Section& section, Complaints& complaints) {
  MapPlan maps;
  maps.forms = read_forms(section, false, complaints);
  maps.rates = section.reals("rates", 0, 1);
  const base::Place place = section.place("memories");
  std::vector<memory::MemoryId> ids;
  for (const auto& [name, rate] : section.names_with_reals("memories", 0, 1, kWeightsAlone)) {
    ids.push_back(read_memory(name, place, complaints));
    maps.memories.push_back({ids.back(), rate});
  }
  refuse_repeats(ids, place, complaints);
  constexpr std::int64_t kLeastMaps = 10;
  const Sizes sizes = read_sizes(section, "maps", kLeastMaps, complaints);
  maps.maps = sizes.least;
  maps.most = sizes.most;
  maps.half_width = sizes.half_width;
  if (maps.most > kMaxMaps) {
    complaints.add(section.place("maps"), std::to_string(maps.most) + " maps",
                   "at most " + std::to_string(kMaxMaps));
  }
  return maps;
}

void check_keys(const config::Section& section, const SitePlan& sites, Complaints& complaints) {
  const auto refuse = [&](const std::string& what, const std::string& allowed) {
    complaints.add(section.place("strata"), what, allowed);
  };
  for (const Shape& shape : sites.shapes) {
    for (const StratumKey key : sites.strata) {
      const bool place = key == StratumKey::kBank || key == StratumKey::kRow;
      const bool phase = key == StratumKey::kLayer && sites.strikes();
      if (sites.sites == SitePlan::Sites::kWeights && place) {
        refuse("a weight may lie in several places", "layer and bit, or sites: cells");
      }
      switch (shape.kind) {
        case Shape::Kind::kCluster:
          break;
        case Shape::Kind::kRow:
          if (!place && !phase) refuse("a row has many bits and weights", "bank and row");
          break;
        case Shape::Kind::kColumn:
          if (key == StratumKey::kRow || (key == StratumKey::kLayer && !phase)) {
            refuse("a column runs through all rows", "bank and bit");
          }
          break;
        case Shape::Kind::kBank:
          if (key != StratumKey::kBank && !phase) refuse("a bank has all rows and bits", "bank");
          break;
      }
    }
    const bool cell = shape == Shape{};
    if (sites.sites == SitePlan::Sites::kWeights && !cell) {
      complaints.add(section.place("shapes"), "a weight's bit has no neighbours to strike",
                     "cell, or sites: cells");
    }
  }
}

/// What goes together of memories, times, strata and scope.
void check_memories(const config::Section& section, const SitePlan& sites, Complaints& complaints) {
  using memory::MemoryId;
  const auto strikes_at_step = [](const FaultForm& form) { return form.when == FaultTime::kStep; };
  const bool steps = std::any_of(sites.forms.begin(), sites.forms.end(), strikes_at_step);
  bool others = false;
  for (const MemoryId id : sites.memories) {
    others = others || id != MemoryId::kWeightSram;
    if (steps && (id == MemoryId::kPeAccumulators || id == MemoryId::kPsumFifos)) {
      complaints.add(
          section.place("memories"),
          std::string("an upset at a step is always overwritten in ") + memory::memory_name(id),
          "when: uniform_cycle");
    }
  }
  const bool weights = sites.sites == SitePlan::Sites::kWeights;
  if (weights && others) {
    complaints.add(section.place("memories"), "weights are in the weight SRAM",
                   "memories: [weight_sram], or sites: cells");
  }
  if (weights && sites.strikes()) {
    complaints.add(section.place("when"), "a weight lies in other cells at other times",
                   "permanent or uniform_step, or sites: cells");
  }
  if (sites.candidates && !sites.strikes()) {
    complaints.add(section.place("candidates"), "candidates are of strikes", "when: uniform_cycle");
  }
  const bool cells = std::all_of(sites.shapes.begin(), sites.shapes.end(),
                                 [](const Shape& shape) { return shape == Shape{}; });
  if (sites.candidates && !cells) {
    complaints.add(section.place("candidates"), "candidates are single cells", "shapes: [cell]");
  }
  if (sites.exhaustive && sites.strikes()) {
    complaints.add(section.place("exhaustive"), "there is no end of strikes", "samples");
  }
  if (others && !sites.strikes()) {
    const char* allowed = "weight_sram alone, or when: uniform_cycle (the layer that runs then)";
    if (sites.has(StratumKey::kLayer)) {
      complaints.add(section.place("strata"), "cells of such memories serve all layers", allowed);
    }
    if (!sites.scope.layers.empty()) {
      complaints.add(section.place("scope"), "cells of such memories serve all layers", allowed);
    }
  }
  const SiteScope& scope = sites.scope;
  if (weights && (scope.banks || scope.rows)) {
    complaints.add(section.place("scope"), "a weight may lie in several places",
                   "layers and bits, or sites: cells");
  }
  for (const Shape& shape : sites.shapes) {
    const bool many_bits = shape.kind == Shape::Kind::kRow || shape.kind == Shape::Kind::kBank;
    const bool many_rows = shape.kind == Shape::Kind::kColumn || shape.kind == Shape::Kind::kBank;
    if ((many_bits && (scope.bits || scope.msb)) || (many_rows && scope.rows) ||
        (shape.kind != Shape::Kind::kCluster && !scope.layers.empty() && !sites.strikes())) {
      complaints.add(section.place("scope"), "cuts through shape " + shape.name(),
                     "what a shape has one of");
    }
  }
}

SiteScope read_scope(const config::Section& section, Complaints& complaints) {
  SiteScope scope;
  if (section.has("layers")) scope.layers = section.strings("layers");
  constexpr std::int64_t kMostBits = 31;
  if (section.has("bits")) {
    for (const std::string& text : section.strings("bits")) {
      if (text == "msb") {
        scope.msb = true;
        continue;
      }
      const std::size_t dash = text.find('-');
      config::IntegerRange range;
      const bool valid =
          config::parse_integer(text.substr(0, dash), &range.first) == config::Number::kOk &&
          config::parse_integer(dash == std::string::npos ? text : text.substr(dash + 1),
                                &range.last) == config::Number::kOk;
      if (!valid || range.first < 0 || range.last < range.first || range.last > kMostBits) {
        complaints.add(section.place("bits"), base::shown(text) + " is no bit of a code",
                       "msb, a bit as 0, or a range as 0-2");
        continue;
      }
      if (!scope.bits) scope.bits.emplace();
      scope.bits->push_back(range);
    }
  }
  if (section.has("banks")) scope.banks = section.selection("banks", 0, config::kAnyInteger);
  if (section.has("rows")) scope.rows = section.selection("rows", 0, config::kAnyInteger);
  return scope;
}

Contrast read_contrast(const config::Section& section, const std::vector<std::string>& models,
                       const std::map<std::string, std::size_t>& places, Complaints& complaints) {
  Contrast contrast;
  contrast.name = base::printable(section.required<std::string>("name"));
  const auto indices = [&](const char* key) {
    std::vector<std::size_t> list;
    for (const std::string& model : section.strings(key)) {
      const auto found = places.find(model);
      if (found != places.end()) {
        list.push_back(found->second);
      } else if (!complaints.any()) {
        complaints.add(section.place(key), base::shown(model) + " is none of the models",
                       base::join(models) + " are", base::nearest_name(model, models));
      }
    }
    return list;
  };
  contrast.first = indices("first");
  contrast.second = indices("second");
  if (contrast.first.empty() || contrast.first.size() != contrast.second.size()) {
    complaints.add(section.place("second"), "networks are compared in pairs",
                   "as many as in first, and at least one");
  }
  return contrast;
}

SitePlan read_sites(const config::Section& section, Complaints& complaints) {
  SitePlan sites;
  sites.forms = read_timed_forms(section, sites, complaints);
  for (const std::string& name : section.strings_with_default("memories", kWeightsAlone)) {
    sites.memories.push_back(read_memory(name, section.place("memories"), complaints));
  }
  refuse_repeats(sites.memories, section.place("memories"), complaints);
  sites.sites = section.choice_with_default<SitePlan::Sites>(
      "sites", {{"cells", SitePlan::Sites::kCells}, {"weights", SitePlan::Sites::kWeights}},
      sites.sites);
  for (const std::string& text : section.strings_with_default("shapes", {Shape().name()})) {
    sites.shapes.push_back(read_shape(text, section.place("shapes"), complaints));
  }
  if (section.has("strata")) {
    for (const std::string& name : section.strings("strata")) {
      sites.strata.push_back(one_of<StratumKey>(name,
                                                {{"layer", StratumKey::kLayer},
                                                 {"bit", StratumKey::kBit},
                                                 {"bank", StratumKey::kBank},
                                                 {"row", StratumKey::kRow}},
                                                section.place("strata"), complaints));
    }
    refuse_repeats(sites.strata, section.place("strata"), complaints);
  }
  if (const auto scope = section.optional_section("scope")) {
    sites.scope = read_scope(*scope, complaints);
  }
  sites.outcome =
      section.choice_with_default<SitePlan::Outcome>("outcome",
                                                     {{"answers", SitePlan::Outcome::kAnswers},
                                                      {"outputs", SitePlan::Outcome::kOutputs},
                                                      {"cycles", SitePlan::Outcome::kCycles}},
                                                     sites.outcome);
  constexpr double kMostFit = 1e12;
  sites.fit_per_mbit = section.optional<double>("fit_per_mbit", 0, kMostFit);
  const auto refuse_without_strikes = [&](const char* key, bool asked) {
    if (!asked || sites.strikes()) return;
    complaints.add(section.place(key), "soft errors are strikes", "when: uniform_cycle");
  };
  // As a default it stands in files that are written with all of theirs.
  refuse_without_strikes("outcome", sites.outcome != SitePlan::Outcome::kAnswers);
  refuse_without_strikes("fit_per_mbit", sites.fit_per_mbit.has_value());
  sites.candidates = section.with_default<bool>("candidates", sites.candidates);
  sites.row_groups =
      section.with_default<std::int64_t>("row_groups", 1, kMaxRowGroups, sites.row_groups);
  sites.critical_share =
      section.with_default<double>("critical_share", 0, 0.999, sites.critical_share);
  sites.exhaustive = section.with_default<bool>("exhaustive", sites.exhaustive);
  if (sites.exhaustive) {
    for (const char* key : {"samples", "half_width", "at_most"}) {
      if (section.optional<double>(key, 0, 1e18)) {
        complaints.add(section.place(key), "an exhaustive campaign strikes every site",
                       std::string("exhaustive, or ") + key);
      }
    }
  } else {
    constexpr std::int64_t kLeastSamples = 100;  // of 40 the total covers 0.924, not 0.95
    const Sizes sizes = read_sizes(section, "samples", kLeastSamples, complaints);
    sites.samples = sizes.least;
    sites.most = sizes.most;
    sites.half_width = sizes.half_width;
  }
  refuse_repeats(sites.forms, section.place("kinds"), complaints);
  refuse_more(sites.shapes.size(), kMaxShapes, section.place("shapes"), complaints);
  refuse_repeats(sites.shapes, section.place("shapes"), complaints);
  if (!complaints.any()) check_keys(section, sites, complaints);
  if (!complaints.any()) check_memories(section, sites, complaints);
  return sites;
}

}  // namespace

std::vector<fault::MemoryRate> MapPlan::at(double rate) const {
  std::vector<fault::MemoryRate> list;
  for (const Memory& own : memories) list.push_back({own.id, own.rate.value_or(rate)});
  return list;
}

bool SitePlan::has(StratumKey key) const {
  return std::find(strata.begin(), strata.end(), key) != strata.end();
}

void note_named(const Plan& plan, const std::string& folder) {
  const auto in = [&](const std::string& path) {
    return (std::filesystem::path(folder) / path).string();
  };
  for (const std::string& path : plan.machines) base::note_input(in(path));
  for (const std::string& path : plan.models) network::note_model_data(in(path));
  for (const std::string& path : plan.fault_files) base::note_input(in(path));
  network::note_data(in(plan.data));
}

Plan load_plan(const std::string& path) { return read_plan(config::Document::load(path)); }

Plan parse_plan(const std::string& name, const std::string& text) {
  return read_plan(config::Document::parse(name, text));
}

Plan read_plan(const config::Document& document) {
  const config::Section root = document.root();
  config::read_schema(root, config::FileKind::kCampaign);
  Plan plan;
  plan.name = base::printable(root.required<std::string>("name"));
  plan.machines = root.strings("machines");
  plan.models = root.strings("models");
  plan.data = root.with_default<std::string>("data", network::kDefaultDataDir);
  plan.images = root.required<std::int64_t>("images", 1, kMaxImages);
  plan.batch = root.with_default<std::int64_t>("batch", 1, kMaxBatch, plan.batch);
  plan.seed = static_cast<std::uint64_t>(root.with_default<std::int64_t>(
      "seed", 0, config::kAnyInteger, static_cast<std::int64_t>(plan.seed)));
  plan.confidence = root.with_default<double>("confidence", 0.5, 0.9999, plan.confidence);
  plan.seconds_a_trial =
      root.with_default<std::int64_t>("seconds_a_trial", 1, kMaxSeconds, plan.seconds_a_trial);
  plan.deadline_cycles = root.optional<std::int64_t>("deadline_cycles", 1, config::kAnyInteger);
  const auto maps = root.optional_section("random_maps");
  const auto sites = root.optional_section("single_faults");
  if (root.has("fault_files")) plan.fault_files = root.strings("fault_files");
  Complaints complaints;
  refuse_more(plan.machines.size(), kMaxFiles, root.place("machines"), complaints);
  refuse_more(plan.models.size(), kMaxFiles, root.place("models"), complaints);
  if (root.has("contrasts")) {
    std::map<std::string, std::size_t> places;
    for (std::size_t i = 0; i < plan.models.size(); ++i) places.emplace(plan.models[i], i);
    for (const config::Section& section : root.sections("contrasts")) {
      plan.contrasts.push_back(read_contrast(section, plan.models, places, complaints));
    }
    refuse_more(plan.contrasts.size(), kMaxContrasts, root.place("contrasts"), complaints);
    if (!maps)
      complaints.add(root.place("contrasts"), "there are no maps to compare on",
                     "contrasts go with random_maps");
  }
  if (maps) plan.maps = read_maps(*maps, complaints);
  if (sites) plan.sites = read_sites(*sites, complaints);
  document.done();

  refuse_repeats(plan.machines, root.place("machines"), complaints);
  refuse_repeats(plan.models, root.place("models"), complaints);
  if (plan.maps) {
    refuse_repeats(plan.maps->forms, maps->place("kinds"), complaints);
    refuse_more(plan.maps->rates.size(), kMaxRates, maps->place("rates"), complaints);
    refuse_repeats(plan.maps->rates, maps->place("rates"), complaints);
  }
  if (root.has("fault_files"))
    refuse_repeats(plan.fault_files, root.place("fault_files"), complaints);
  if (!plan.maps && !plan.sites && plan.fault_files.empty()) {
    complaints.add(root.place(), "the campaign has no faults",
                   "random_maps, single_faults or fault_files");
  }
  if (plan.contrasts.empty()) {
    for (std::size_t model = 1; model < plan.models.size(); ++model) {
      plan.contrasts.push_back({"", {model}, {0}});
    }
  }
  complaints.raise();
  plan.text = document.text();
  plan.sha256 = document.sha256();
  note_named(plan, "");
  return plan;
}

}  // namespace lacuna::campaign
