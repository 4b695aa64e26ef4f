#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <tuple>

#include "base/error.hpp"
#include "campaign/map_summaries.hpp"
#include "campaign/vulnerability.hpp"
#include "campaign/weights_behind.hpp"
#include "report/page/packed.hpp"
#include "report/page/page_sections.hpp"
#include "report/text/campaign_maps.hpp"
#include "report/text/site_key.hpp"
#include "statistics/proportion.hpp"

namespace lacuna::report {
namespace {

using Json = nlohmann::ordered_json;
using campaign::StratumLabel;
using Source = campaign::Population::Source;

constexpr std::size_t kMostCells = 4'000'000;  ///< of a map that a page carries cell by cell

constexpr std::size_t kMostWeightsBehind = 16'000'000;  ///< of all cells of a map

/// Of a count that may be none, and of a number that may be none or infinite.
Json or_null(std::int64_t count) { return count < 0 ? Json() : Json(count); }
Json or_null(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? Json(*value) : Json();
}

/// Null where there is none.
Json mean_json(const statistics::MeanSummary& summary) {
  if (!summary.mean) return nullptr;
  const auto& interval = summary.interval;
  return {{"mean", *summary.mean},
          {"lower", interval ? Json(interval->lower) : Json()},
          {"upper", interval ? Json(interval->upper) : Json()}};
}

/// A struck cell and what came out.
struct Cell {
  std::int64_t bank = 0;
  std::int64_t row = 0;
  std::int64_t bit = 0;
  std::int64_t code_bit = 0;
  std::int64_t weight = 0;  ///< place in the list of weights
  std::int64_t trial = 0;
  std::int64_t masked = 0;
  std::int64_t sdc = 0;
  std::int64_t correct = 0;
  std::int64_t cycles = 0;  ///< more than without the fault
};

struct Sites {
  campaign::Tally tally;
  std::vector<std::size_t> populations;
  std::map<std::pair<std::string, std::int64_t>, campaign::Tally> by_weight_bit;  ///< layer, bit
  std::map<std::string, std::tuple<std::int64_t, std::int64_t, std::int64_t>> first_cell;
  std::vector<Cell> cells;
  std::map<std::string, std::size_t> weight_numbers;
  std::vector<std::string> weights;
  std::int64_t left_out = 0;  ///< cells that are not carried
  std::int64_t masked = 0;    ///< faults that change no output of any image
  std::int64_t sdc = 0;       ///< images that are SDC, of all faults
};

class Gatherer {
 public:
  Gatherer(const campaign::Store& store, std::string path)
      : store_(store), path_(std::move(path)), maps_(store), vulnerability_(store) {
    tallies_.resize(store.populations().size());
    for (std::size_t i = 0; i < store.populations().size(); ++i) {
      const campaign::Population& own = store.populations()[i];
      if (own.source == Source::kSites) sites_[site_key(own)].populations.push_back(i);
    }
  }

  void add(const campaign::TrialRow& row) {
    ++trials_;
    maps_.add(row);
    vulnerability_.add(row);
    const campaign::Population& own = store_.populations()[row.trial.population];
    const campaign::TrialOutcome& outcome = row.outcome;
    for (const std::int64_t images : {outcome.masked, outcome.benign, outcome.sdc}) {
      check(images, 0, store_.plan().images, row, "images");
    }
    if (outcome.has_labels()) check(outcome.correct, 0, store_.plan().images, row, "images");
    check(outcome.cycles, 0, std::int64_t{1} << 53, row, "cycles");
    if (own.source == Source::kFile) add_file(row);
    if (own.source == Source::kSites) add_site(row);
  }

  Json section() const;

 private:
  void check(std::int64_t value, std::int64_t low, std::int64_t high, const campaign::TrialRow& row,
             const char* what) const {
    if (value >= low && value <= high) return;
    throw base::InputError(
        {path_, 0, "trials"},
        "trial " + std::to_string(row.trial.number) + ": " + what + " " + std::to_string(value),
        std::to_string(low) + " to " + std::to_string(high) + " are allowed");
  }
  void add_file(const campaign::TrialRow& row);
  void add_site(const campaign::TrialRow& row);
  void add_cell(Sites& sites, const campaign::TrialRow& row);
  Json golden_json() const;
  Json points_json() const;
  Json matrix_json(const Sites& sites) const;
  Json strata_matrix_json(const Sites& sites) const;
  Json entry_json(const campaign::Tally& tally, std::int64_t of, std::size_t row,
                  std::size_t column, double of_all = 1) const;
  Json sites_json(const SiteKey& key, const Sites& sites) const;

  const campaign::Store& store_;
  std::string path_;
  campaign::MapSummaries maps_;
  campaign::Vulnerability vulnerability_;
  std::vector<campaign::Tally> tallies_;  ///< [population]
  std::map<SiteKey, Sites> sites_;
  Json files_ = Json::array();
  std::int64_t trials_ = 0;
};

void Gatherer::add_file(const campaign::TrialRow& row) {
  const campaign::Population& own = store_.populations()[row.trial.population];
  const auto& golden = store_.golden_of(own);
  files_.push_back({{"file", own.file},
                    {"machine", golden.machine},
                    {"network", golden.model},
                    {"status", campaign::trial_status_name(row.outcome.status)},
                    {"armed", row.outcome.armed},
                    {"fired", row.outcome.fired},
                    {"correct", or_null(row.outcome.correct)},
                    {"sdc", row.outcome.sdc},
                    {"cycles", row.outcome.cycles},
                    {"rmse", or_null(row.outcome.rmse)},
                    {"sqnr_db", or_null(row.sqnr_db(golden))}});
}

void Gatherer::add_site(const campaign::TrialRow& row) {
  const campaign::Population& own = store_.populations()[row.trial.population];
  Sites& sites = sites_[site_key(own)];
  const double critical = store_.critical_images();
  sites.tally.add(row.outcome, critical);
  tallies_[row.trial.population].add(row.outcome, critical);
  if (row.outcome.status != campaign::TrialStatus::kDone) return;
  sites.masked += row.outcome.masked == store_.plan().images ? 1 : 0;
  sites.sdc += row.outcome.sdc;

  const campaign::Site& site = row.faults.site;
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  for (const std::int64_t place : {site.cell.bank, site.cell.row, site.cell.bit, site.code_bit}) {
    check(place, -1, kMost, row, "place");
  }
  const std::string layer = site.weight.substr(0, site.weight.find(':'));
  if (!layer.empty() && site.code_bit >= 0) {
    sites.by_weight_bit[{layer, site.code_bit}].add(row.outcome, critical);
    const std::tuple place{site.cell.bank, site.cell.row, site.cell.bit};
    const auto [first, added] = sites.first_cell.emplace(layer, place);
    if (!added) first->second = std::min(first->second, place);
  }
  const bool cells =
      store_.plan().sites && store_.plan().sites->sites == campaign::SitePlan::Sites::kCells;
  // A map of the weight SRAM's cells, each struck once.
  const bool once = own.memory == memory::MemoryId::kWeightSram && !own.with_replacement();
  if (cells && once && own.shape.name() == "cell" && site.cell.bank >= 0 && site.cell.row >= 0 &&
      site.cell.bit >= 0) {
    add_cell(sites, row);
  }
}

void Gatherer::add_cell(Sites& sites, const campaign::TrialRow& row) {
  if (sites.cells.size() == kMostCells) {
    ++sites.left_out;
    return;
  }
  const auto& golden = store_.golden_of(store_.populations()[row.trial.population]);
  const campaign::Site& site = row.faults.site;
  std::int64_t weight = -1;
  if (!site.weight.empty()) {
    const auto [place, added] = sites.weight_numbers.emplace(site.weight, sites.weights.size());
    if (added) sites.weights.push_back(site.weight);
    weight = static_cast<std::int64_t>(place->second);
  }
  sites.cells.push_back({site.cell.bank, site.cell.row, site.cell.bit, site.code_bit, weight,
                         row.trial.number, row.outcome.masked, row.outcome.sdc, row.outcome.correct,
                         row.outcome.cycles - golden.outcome.cycles});
}

Json Gatherer::golden_json() const {
  Json list = Json::array();
  for (const auto& row : store_.golden()) {
    list.push_back({{"machine", row.machine},
                    {"network", row.model},
                    {"correct", or_null(row.outcome.correct)},
                    {"cycles", row.outcome.cycles},
                    {"dense_cycles", row.dense_cycles},
                    {"classes", row.classes},
                    {"output_rms", or_null(row.output_rms)}});
  }
  return list;
}

Json Gatherer::points_json() const {
  Json list = Json::array();
  const std::size_t models = store_.plan().models.size();
  for (const campaign::MapSummaries::Point& point : maps_.points()) {
    const auto& golden = store_.golden()[point.machine * models + point.model];
    Json json = {{"machine", golden.machine}, {"network", golden.model},
                 {"kind", point.form.name()}, {"rate", point.rate},
                 {"maps", point.maps},        {"failed", point.failed}};
    if (point.top1.mean) {
      const auto& interval = point.top1.interval;
      json["top1"] = *point.top1.mean;
      json["lower"] = interval ? Json(interval->lower) : Json();
      json["upper"] = interval ? Json(interval->upper) : Json();
      json["least"] = point.least;
      json["most"] = point.most;
    }
    if (point.maps > 0) {
      json["sdc"] = point.sdc;
      json["cycles_an_image"] = point.cycles_an_image;
      json["speedup"] = mean_json(point.speedup);
      json["agreement"] = mean_json(point.outputs.agreement);
      json["rmse"] = mean_json(point.outputs.rmse);
      const campaign::NoiseLevel& level = point.outputs.sqnr;
      json["sqnr_db"] = level.mean ? Json({{"mean", *level.mean},
                                           {"lower", or_null(level.lower)},
                                           {"upper", or_null(level.upper)}})
                                   : Json();
    }
    list.push_back(std::move(json));
  }
  return list;
}

// Exact where all of `of` sites were struck; of = 0: their number is not known.
Json Gatherer::entry_json(const campaign::Tally& tally, std::int64_t of, std::size_t row,
                          std::size_t column, double of_all) const {
  const auto sites = of >= tally.done && of > 0 ? std::optional<std::int64_t>(of) : std::nullopt;
  const auto interval =
      statistics::wilson_interval(tally.critical, tally.done, store_.plan().confidence, sites);
  return {{"row", row},
          {"column", column},
          {"faults", tally.done},
          {"critical", tally.critical},
          {"of_all", of_all},
          {"lower", of_all * interval.lower},
          {"upper", of_all * interval.upper}};
}

std::size_t place_of(Json& list, const std::string& name) {
  const auto found = std::find(list.begin(), list.end(), Json(name));
  if (found != list.end()) return static_cast<std::size_t>(found - list.begin());
  list.push_back(name);
  return list.size() - 1;
}

Json Gatherer::strata_matrix_json(const Sites& sites) const {
  Json by = Json::array();
  for (const campaign::StratumKey key : store_.plan().sites->strata) {
    constexpr const char* kNames[] = {"layer", "bit", "bank", "row"};
    by.push_back(kNames[static_cast<std::size_t>(key)]);
  }
  Json rows = Json::array();
  Json columns = Json::array();
  Json entries = Json::array();
  for (const std::size_t i : sites.populations) {
    if (tallies_[i].done == 0) continue;
    StratumLabel row;
    StratumLabel column = store_.populations()[i].label;
    if (!column.layer.empty()) {
      std::swap(row.layer, column.layer);
    } else if (column.bank >= 0) {
      std::swap(row.bank, column.bank);
    } else {
      std::swap(row.first_row, column.first_row);
      std::swap(row.last_row, column.last_row);
    }
    const std::size_t row_place = place_of(rows, row.describe());
    const std::size_t column_place = place_of(columns, column.describe());
    entries.push_back(entry_json(tallies_[i], store_.populations()[i].finite_sites().value_or(0),
                                 row_place, column_place,
                                 store_.populations()[i].candidate_share()));
  }
  return {{"by", by}, {"strata", true}, {"rows", rows}, {"columns", columns}, {"entries", entries}};
}

Json Gatherer::matrix_json(const Sites& sites) const {
  const campaign::Plan& plan = store_.plan();
  const bool stratified = plan.sites && !plan.sites->strata.empty();
  const bool exhaustive = plan.sites && plan.sites->exhaustive;
  if (stratified && !exhaustive) return strata_matrix_json(sites);
  if (sites.by_weight_bit.empty()) return nullptr;
  // Layers in the order in which they lie in the memory.
  std::vector<std::string> layers;
  for (const auto& entry : sites.first_cell) layers.push_back(entry.first);
  std::sort(layers.begin(), layers.end(), [&](const std::string& a, const std::string& b) {
    return sites.first_cell.at(a) < sites.first_cell.at(b);
  });
  Json rows = layers;
  std::map<std::int64_t, std::size_t> bits;
  for (const auto& entry : sites.by_weight_bit) bits.emplace(entry.first.second, 0);
  Json columns = Json::array();
  for (auto& [bit, place] : bits) {
    place = columns.size();
    columns.push_back("bit " + std::to_string(bit));
  }
  std::int64_t all = 0;
  for (const std::size_t i : sites.populations) all += store_.populations()[i].sites;
  const bool complete = exhaustive && sites.tally.done == all;
  Json entries = Json::array();
  for (const auto& [key, tally] : sites.by_weight_bit) {
    entries.push_back(entry_json(tally, complete ? tally.done : 0, place_of(rows, key.first),
                                 bits.at(key.second)));
  }
  return {{"by", {"layer", "bit"}},
          {"strata", false},
          {"rows", rows},
          {"columns", columns},
          {"entries", entries}};
}

/// The weights behind each cell, one cell after another: `count` of them, then as numbers.
struct Behind {
  std::vector<std::int64_t> count;
  std::vector<std::int64_t> weights;
};

/// Numbers names by first appearance.
class Numbers {
 public:
  std::int64_t of(const std::string& name) {
    const auto [place, added] = numbers_.emplace(name, names_.size());
    if (added) names_.push_back(name);
    return static_cast<std::int64_t>(place->second);
  }
  const Json& names() const { return names_; }

 private:
  std::map<std::string, std::size_t> numbers_;
  Json names_ = Json::array();
};

// Nothing where a cell holds another weight first than was recorded: the files have changed.
// Nothing, too, where there are too many to carry.
std::optional<Behind> behind_of(const std::vector<Cell>& cells,
                                const std::vector<std::string>& recorded,
                                const campaign::WeightsBehind& weights, Numbers& numbers) {
  Behind behind;
  for (const Cell& cell : cells) {
    const campaign::WeightsBehind::InCell here = weights.at({cell.bank, cell.row, cell.bit});
    const std::string first = here.weights.empty() ? "" : here.weights.front();
    const std::string known =
        cell.weight < 0 ? "" : recorded[static_cast<std::size_t>(cell.weight)];
    if (first != known || here.code_bit != cell.code_bit) return std::nullopt;
    behind.count.push_back(static_cast<std::int64_t>(here.weights.size()));
    for (const std::string& name : here.weights) behind.weights.push_back(numbers.of(name));
    if (behind.weights.size() > kMostWeightsBehind) return std::nullopt;
  }
  return behind;
}

Json cells_json(std::vector<Cell> cells, const std::vector<std::string>& recorded,
                const campaign::WeightsBehind* weights) {
  std::sort(cells.begin(), cells.end(), [](const Cell& a, const Cell& b) {
    return std::tie(a.bank, a.row, a.bit, a.trial) < std::tie(b.bank, b.row, b.bit, b.trial);
  });
  // Weights are numbered in the order of their cells, so that neighbours have near numbers.
  auto numbers = std::make_unique<Numbers>();
  std::optional<Behind> behind;
  if (weights != nullptr) behind = behind_of(cells, recorded, *weights, *numbers);
  const bool complete = behind.has_value();
  if (!complete) {
    numbers = std::make_unique<Numbers>();
    behind.emplace();
    for (const Cell& cell : cells) {
      behind->count.push_back(cell.weight < 0 ? 0 : 1);
      if (cell.weight < 0) continue;
      behind->weights.push_back(numbers->of(recorded[static_cast<std::size_t>(cell.weight)]));
    }
  }
  const auto column = [&](std::int64_t Cell::*member, Coding coding) {
    std::vector<std::int64_t> values;
    values.reserve(cells.size());
    for (const Cell& cell : cells) values.push_back(cell.*member);
    return packed_column(values, coding);
  };
  return {{"count", cells.size()},
          {"all_weights", complete},
          {"bank", column(&Cell::bank, Coding::kDifferences)},
          {"row", column(&Cell::row, Coding::kDifferences)},
          {"bit", column(&Cell::bit, Coding::kDifferences)},
          {"code_bit", column(&Cell::code_bit, Coding::kDifferences)},
          {"weight_count", packed_column(behind->count)},
          {"weight", packed_column(behind->weights, Coding::kDifferences)},
          {"trial", column(&Cell::trial, Coding::kPlain)},
          {"masked", column(&Cell::masked, Coding::kPlain)},
          {"sdc", column(&Cell::sdc, Coding::kPlain)},
          {"correct", column(&Cell::correct, Coding::kPlain)},
          {"cycles", column(&Cell::cycles, Coding::kPlain)},
          {"weights", packed_json(numbers->names())}};
}

Json Gatherer::sites_json(const SiteKey& key, const Sites& sites) const {
  const auto& [machine, model, form, shape, memory] = key;
  const auto& golden = store_.golden()[machine * store_.plan().models.size() + model];
  std::int64_t all = 0;
  for (const std::size_t i : sites.populations) all += store_.populations()[i].sites;
  Json json = {{"machine", golden.machine},
               {"network", golden.model},
               {"kind", form.name()},
               {"shape", shape},
               {"memory", memory::memory_name(memory)},
               {"of", store_.plan().sites &&
                              store_.plan().sites->sites == campaign::SitePlan::Sites::kWeights
                          ? "weights"
                          : "cells"},
               {"sites", all},
               {"faults", sites.tally.done},
               {"failed", sites.tally.failed},
               {"critical", sites.tally.critical},
               {"masked", sites.masked},
               {"sdc", sites.sdc},
               {"golden_correct", or_null(golden.outcome.correct)},
               {"golden_cycles", golden.outcome.cycles},
               {"matrix", matrix_json(sites)},
               {"left_out", sites.left_out}};
  json["cells"] = nullptr;
  if (!sites.cells.empty() && sites.left_out == 0) {
    std::unique_ptr<campaign::WeightsBehind> weights;
    try {
      weights = std::make_unique<campaign::WeightsBehind>(store_.plan(), machine, model);
    } catch (const base::InputError&) {
      weights = nullptr;  // without the files a cell has the weight that the store names
    }
    json["cells"] = cells_json(sites.cells, sites.weights, weights.get());
  }
  return json;
}

Json Gatherer::section() const {
  const campaign::Plan& plan = store_.plan();
  std::string replay = store_.replay_command(0);
  replay.pop_back();  // the trial's number
  Json json = {{"name", plan.name},
               {"version", store_.program_version()},
               {"command", store_.command()},
               {"replay", replay},
               {"hashes", {{"plan", plan.sha256}, {"inputs", store_.inputs_sha256()}}},
               {"trials", trials_},
               {"lost", store_.lost().size()},
               {"images", plan.images},
               {"batch", plan.batch},
               {"confidence", plan.confidence},
               {"critical_share", plan.sites ? plan.sites->critical_share : 0},
               {"exhaustive", plan.sites && plan.sites->exhaustive},
               {"golden", golden_json()},
               {"points", points_json()},
               {"memories", plan.maps ? maps_memories(plan) : std::string()},
               {"sites", Json::array()},
               {"files", files_}};
  json.update(vulnerability_section(store_, vulnerability_));
  for (const auto& [key, sites] : sites_) {
    if (sites.tally.done + sites.tally.failed > 0) json["sites"].push_back(sites_json(key, sites));
  }
  return json;
}

}  // namespace

Json campaign_section(const campaign::Store& store, const std::string& path) {
  store.expect_whole();
  Gatherer gatherer(store, path);
  store.for_each([&](const campaign::TrialRow& row) { gatherer.add(row); });
  return gatherer.section();
}

}  // namespace lacuna::report
