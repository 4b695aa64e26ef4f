#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/error.hpp"
#include "campaign/outcome_counts.hpp"
#include "report/text/campaign_maps.hpp"
#include "report/text/campaign_text.hpp"
#include "report/text/row_table.hpp"
#include "report/text/text_parts.hpp"

namespace lacuna::report {
namespace {

using Json = nlohmann::ordered_json;
using Source = campaign::Population::Source;
using campaign::OutcomeCount;
using campaign::Since;

/// -1 stands for "does not apply".
std::string number_or_nothing(std::int64_t value) { return value < 0 ? "" : std::to_string(value); }
Json known_text(const std::string& text) { return text.empty() ? Json() : Json(text); }
Json number_or_null(std::int64_t value) { return value < 0 ? Json() : Json(value); }

/// Whether a network does not have a count: without labels none is correct.
bool is_none(const OutcomeCount& own, const campaign::GoldenRow& golden,
             const campaign::TrialOutcome& outcome) {
  const bool correct = own.key == std::string_view("correct");
  return (correct && !golden.outcome.has_labels()) ||
         (campaign::may_be_none(own) && own.of(outcome) == campaign::TrialOutcome::kNone);
}

Json real_or_null(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? Json(*value) : Json();
}
std::string real_or_nothing(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? fmt::format("{}", *value) : std::string();
}

/// Of a trial with a result.
std::optional<double> agreement(const campaign::Plan& plan, const campaign::GoldenRow& golden,
                                const campaign::TrialOutcome& outcome) {
  if (!golden.classes || outcome.status != campaign::TrialStatus::kDone) return std::nullopt;
  return run::agreement(outcome.sdc, plan.images);
}

/// The counts of a result, each behind its text a comma.
template <class Text>
std::string count_fields(const Text& text_of, Since since = Since::kFirst) {
  std::string text;
  for (const OutcomeCount& own : campaign::kOutcomeCounts) {
    if (own.of_result && own.since == since) text += text_of(own) + ',';
  }
  return text;
}

/// The memories that a population strikes, with rates of their own.
std::string memories_text(const campaign::Plan& plan, const campaign::Population& own) {
  if (own.source == Source::kFile) return "";
  if (own.source == Source::kSites) return memory::memory_name(own.memory);
  return maps_memories(plan);
}

/// Of a strike in a stratum of a layer that one, else that of the weight in the cell.
std::string layer_of(const campaign::Population& own, const campaign::Site& site) {
  if (own.source != Source::kSites) return "";
  return own.label.layer.empty() ? site.weight.substr(0, site.weight.find(':')) : own.label.layer;
}

/// "" where there is none.
std::string stage_key(const std::optional<measure::FateStage>& stage) {
  return stage ? measure::fate_stage(*stage).key : "";
}

std::string optional_number(const std::optional<int>& value) {
  return value ? std::to_string(*value) : std::string();
}

const char* change_name(run::ImageChange change) {
  switch (change) {
    case run::ImageChange::kMasked:
      return "masked";
    case run::ImageChange::kBenign:
      return "benign";
    case run::ImageChange::kSdc:
      return "sdc";
  }
  return "";
}

void for_each_row(const campaign::Store& store, const RowTables& rows,
                  const std::function<void(const SiteKey&, const RowTable::Place&, const RowSums&,
                                           const campaign::GoldenRow&)>& visit) {
  for (const auto& [key, table] : rows.tables()) {
    const std::size_t run = std::get<0>(key) * store.plan().models.size() + std::get<1>(key);
    for (const auto& [place, sums] : table.rows()) visit(key, place, sums, store.golden()[run]);
  }
}

// All of the document but trials and rows.
Json head_json(const campaign::Store& store) {
  const campaign::Plan& plan = store.plan();
  Json json;
  json["schema"] = "lacuna.campaign/2";
  json["program"] = {{"name", "lacuna"}, {"version", store.program_version()}};
  json["plan"] = plan.text;
  json["hashes"] = {{"plan", plan.sha256}, {"inputs", store.inputs_sha256()}};
  json["images"] = plan.images;
  json["golden"] = Json::array();
  for (const auto& row : store.golden()) {
    json["golden"].push_back({{"machine", row.machine},
                              {"network", row.model},
                              {"correct", number_or_null(row.outcome.correct)},
                              {"cycles", row.outcome.cycles},
                              {"dense_cycles", row.dense_cycles},
                              {"logits_sha256", row.outcome.logits_sha256},
                              {"classes", row.classes},
                              {"output_rms", real_or_null(row.output_rms)}});
  }
  json["populations"] = Json::array();
  for (const campaign::Population& own : store.populations()) {
    const auto& golden = store.golden_of(own);
    Json population = {{"machine", golden.machine},
                       {"network", golden.model},
                       {"source", campaign::source_name(own.source)}};
    if (own.source == Source::kFile) {
      population["file"] = own.file;
    } else {
      population["kind"] = own.form.name();
    }
    if (own.source == Source::kMaps) {
      population["rate"] = own.rate;
      population["memories"] = memories_text(plan, own);
    }
    if (own.source == Source::kSites) {
      population["memory"] = memory::memory_name(own.memory);
      population["shape"] = own.shape.name();
      population["stratum"] = own.label.describe();
      population["sites"] = own.sites;
    }
    json["populations"].push_back(std::move(population));
  }
  return json;
}

Json trial_json(const campaign::Store& store, const campaign::TrialRow& row) {
  const campaign::Site& site = row.faults.site;
  const campaign::TrialOutcome& outcome = row.outcome;
  Json trial = {
      {"trial", row.trial.number}, {"population", row.trial.population}, {"draw", row.trial.draw}};
  const campaign::Population& own_population = store.populations()[row.trial.population];
  const std::string layer = layer_of(own_population, site);
  switch (own_population.source) {
    case Source::kMaps:
      trial["map_seed"] = row.faults.map_seed;
      break;
    case Source::kSites:
      trial["site"] = {{"bank", number_or_null(site.cell.bank)},
                       {"row", number_or_null(site.cell.row)},
                       {"bit", number_or_null(site.cell.bit)},
                       {"weight", site.weight.empty() ? Json() : Json(site.weight)},
                       {"code_bit", number_or_null(site.code_bit)},
                       {"step", number_or_null(row.faults.step)},
                       {"memory", memory::memory_name(own_population.memory)},
                       {"layer", layer.empty() ? Json() : Json(layer)},
                       {"cycle", number_or_null(row.faults.cycle)},
                       {"batch", number_or_null(row.faults.batch)},
                       {"holds", known_text(row.faults.holds)},
                       {"phase", known_text(row.faults.phase)}};
      break;
    case Source::kFile:
      break;
  }
  trial["status"] = campaign::trial_status_name(outcome.status);
  const campaign::GoldenRow& golden = store.golden_of(store.populations()[row.trial.population]);
  for (const OutcomeCount& own : campaign::kOutcomeCounts) {
    if (!own.of_result) continue;
    trial[own.key] = is_none(own, golden, outcome) ? Json() : Json(own.of(outcome));
  }
  trial["logits_sha256"] = outcome.logits_sha256;
  trial["agreement"] = real_or_null(agreement(store.plan(), golden, outcome));
  trial["rmse"] = real_or_null(outcome.rmse);
  trial["sqnr_db"] = real_or_null(row.sqnr_db(golden));
  if (outcome.ended) {
    trial["ended"] = {{"stage", stage_key(outcome.ended)},
                      {"layer", outcome.ended_in.empty() ? Json() : Json(outcome.ended_in)}};
  }
  return trial;
}

Json row_json(const SiteKey& key, const RowTable::Place& place, const RowSums& sums,
              const campaign::GoldenRow& golden) {
  return {{"machine", golden.machine},
          {"network", golden.model},
          {"kind", std::get<campaign::FaultForm>(key).name()},
          {"shape", std::get<std::string>(key)},
          {"bank", place.first},
          {"row", place.second},
          {"faults", sums.tally.done},
          {"lost", sums.tally.failed},
          {"critical", sums.tally.critical},
          {"masked", sums.masked},
          {"sdc", sums.sdc},
          {"correct_lost", golden.outcome.has_labels() ? Json(sums.correct_lost) : Json()},
          {"cycles_added", sums.cycles_added},
          {"memory", memory::memory_name(std::get<memory::MemoryId>(key))}};
}

/// Elements of a list, one a line.
class ListWriter {
 public:
  explicit ListWriter(const Sink& sink) : sink_(sink) {}
  void add(const Json& element) {
    sink_((first_ ? "\n  " : ",\n  ") +
          element.dump(-1, ' ', false, Json::error_handler_t::replace));
    first_ = false;
  }

 private:
  const Sink& sink_;
  bool first_ = true;
};

}  // namespace

void campaign_csv(const campaign::Store& store, const Sink& sink) {
  const campaign::Plan& plan = store.plan();
  sink(std::string(
           "trial,machine,network,source,kind,rate,draw,map_seed,shape,stratum,bank,row,bit,weight,"
           "code_bit,step,file,status,images,") +
       count_fields([](const OutcomeCount& own) { return std::string(own.key); }) +
       "golden_correct,golden_cycles,logits_sha256,agreement,rmse,sqnr_db," +
       count_fields([](const OutcomeCount& own) { return std::string(own.key); }, Since::kStrikes) +
       "memory,layer,cycle,batch,batch_cycles," +
       count_fields([](const OutcomeCount& own) { return std::string(own.key); }, Since::kEndings) +
       "ended,ended_in,holds,phase\n");
  store.for_each([&](const campaign::TrialRow& row) {
    const campaign::Population& own = store.populations()[row.trial.population];
    const auto& golden = store.golden_of(own);
    const bool maps = own.source == Source::kMaps;
    const bool sites = own.source == Source::kSites;
    const campaign::TrialOutcome& outcome = row.outcome;
    const campaign::Site& site = row.faults.site;
    const auto count_text = [&](const OutcomeCount& count) {
      return is_none(count, golden, outcome) ? std::string() : std::to_string(count.of(outcome));
    };
    sink(fmt::format(
        "{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}{},{},{},{},{},{},{}{},{},{},{}"
        ",{},{}{},{},{},{}\n",
        row.trial.number, csv_field(golden.machine), csv_field(golden.model),
        campaign::source_name(own.source), own.source == Source::kFile ? "" : own.form.name(),
        maps ? fmt::format("{}", own.rate) : "", row.trial.draw,
        maps ? std::to_string(row.faults.map_seed) : "", sites ? own.shape.name() : "",
        sites ? csv_field(own.label.describe()) : "", number_or_nothing(site.cell.bank),
        number_or_nothing(site.cell.row), number_or_nothing(site.cell.bit), csv_field(site.weight),
        number_or_nothing(site.code_bit), number_or_nothing(row.faults.step), csv_field(own.file),
        campaign::trial_status_name(outcome.status), plan.images, count_fields(count_text),
        number_or_nothing(golden.outcome.correct), golden.outcome.cycles, outcome.logits_sha256,
        real_or_nothing(agreement(plan, golden, outcome)), real_or_nothing(outcome.rmse),
        real_or_nothing(row.sqnr_db(golden)), count_fields(count_text, Since::kStrikes),
        memories_text(plan, own), csv_field(layer_of(own, site)),
        number_or_nothing(row.faults.cycle), number_or_nothing(row.faults.batch),
        row.faults.batch_cycles > 0 ? std::to_string(row.faults.batch_cycles) : "",
        count_fields(count_text, Since::kEndings), stage_key(outcome.ended),
        csv_field(outcome.ended_in), csv_field(row.faults.holds), csv_field(row.faults.phase)));
  });
}

void campaign_json(const campaign::Store& store, const Sink& sink) {
  std::string head = head_json(store).dump(1, ' ', false, Json::error_handler_t::replace);
  head.erase(head.rfind('\n'));
  sink(head + ",\n \"trials\": [");
  // One a line, as they come: they need not fit into memory together.
  RowTables rows(store);
  ListWriter trials(sink);
  store.for_each([&](const campaign::TrialRow& row) {
    rows.add(row);
    trials.add(trial_json(store, row));
  });
  sink("\n ],\n \"rows\": [");
  ListWriter list(sink);
  for_each_row(
      store, rows,
      [&](const SiteKey& key, const RowTable::Place& place, const RowSums& sums,
          const campaign::GoldenRow& golden) { list.add(row_json(key, place, sums, golden)); });
  sink("\n ]\n}\n");
}

void campaign_rows_csv(const campaign::Store& store, const Sink& sink) {
  RowTables rows(store);
  store.for_each([&](const campaign::TrialRow& row) { rows.add(row); });
  sink(
      "machine,network,kind,shape,bank,row,faults,lost,critical,masked,sdc,correct_lost,"
      "cycles_added,memory\n");
  for_each_row(
      store, rows,
      [&](const SiteKey& key, const RowTable::Place& place, const RowSums& sums,
          const campaign::GoldenRow& golden) {
        sink(fmt::format(
            "{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n", csv_field(golden.machine),
            csv_field(golden.model), std::get<campaign::FaultForm>(key).name(),
            std::get<std::string>(key), place.first, place.second, sums.tally.done,
            sums.tally.failed, sums.tally.critical, sums.masked, sums.sdc,
            golden.outcome.has_labels() ? std::to_string(sums.correct_lost) : std::string(),
            sums.cycles_added, memory::memory_name(std::get<memory::MemoryId>(key))));
      });
}

void campaign_images_csv(const campaign::Store& store, const campaign::TrialRunner& runner,
                         std::int64_t first, std::int64_t last, const Sink& sink) {
  sink(
      "trial,image,label,golden_top1,top1,outcome,golden_batch_cycles,batch_cycles,rmse,"
      "ended,ended_in,outside_top5\n");
  store.for_each([&](const campaign::TrialRow& row) {
    const std::int64_t number = row.trial.number;
    if (number < first || number > last || row.outcome.status != campaign::TrialStatus::kDone) {
      return;
    }
    const std::vector<campaign::ImageOutcome> images = runner.run_images(row.trial);
    std::string text;
    std::int64_t sdc = 0;
    std::int64_t correct = 0;
    for (std::size_t i = 0; i < images.size(); ++i) {
      const campaign::ImageOutcome& image = images[i];
      sdc += image.change == run::ImageChange::kSdc ? 1 : 0;
      correct += image.label && image.label == image.top1 ? 1 : 0;
      text += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{}\n", number, i,
                          optional_number(image.label), optional_number(image.golden_top1),
                          optional_number(image.top1), change_name(image.change),
                          image.golden_cycles, image.cycles, real_or_nothing(image.rmse),
                          stage_key(image.ended), csv_field(image.ended_in),
                          image.outside_top5 ? std::to_string(*image.outside_top5 ? 1 : 0) : "");
    }
    const bool same =
        sdc == row.outcome.sdc && (!row.outcome.has_labels() || correct == row.outcome.correct);
    SIM_CHECK(same, "campaign", -1,
              fmt::format("trial {} differs from what the store holds", number));
    sink(text);
  });
}

}  // namespace lacuna::report
