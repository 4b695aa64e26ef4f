#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "report/campaign_text.hpp"

namespace lacuna::report {

std::string campaign_csv(const campaign::Store& store) {
  const campaign::Plan& plan = store.plan();
  const std::vector<campaign::Store::GoldenRow> golden = store.golden();
  std::string text =
      "trial,machine,network,kind,rate,map,map_seed,status,images,armed,fired,correct,masked,"
      "benign,"
      "sdc,cycles,golden_correct,golden_cycles,logits_sha256\n";
  for (const auto& [number, outcome] : store.outcomes()) {
    const campaign::Trial trial = campaign::trial_of(plan, number);
    const auto& own = golden[trial.machine * plan.models.size() + trial.model];
    text += fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n", number,
                        own.machine, own.model, memory::fault_kind_name(trial.kind), trial.rate,
                        trial.map, trial.map_seed, campaign::trial_status_name(outcome.status),
                        plan.images, outcome.armed, outcome.fired, outcome.correct, outcome.masked,
                        outcome.benign, outcome.sdc, outcome.cycles, own.outcome.correct,
                        own.outcome.cycles, outcome.logits_sha256);
  }
  return text;
}

std::string campaign_json(const campaign::Store& store) {
  using Json = nlohmann::ordered_json;
  const campaign::Plan& plan = store.plan();
  const std::vector<campaign::Store::GoldenRow> golden = store.golden();
  Json json;
  json["schema"] = "lacuna.campaign/1";
  json["program"] = {{"name", "lacuna"}, {"version", store.program_version()}};
  json["plan"] = plan.text;
  json["hashes"] = {{"plan", plan.sha256}, {"inputs", store.inputs_sha256()}};
  json["images"] = plan.images;
  json["golden"] = Json::array();
  for (const auto& row : golden) {
    json["golden"].push_back({{"machine", row.machine},
                              {"network", row.model},
                              {"correct", row.outcome.correct},
                              {"cycles", row.outcome.cycles},
                              {"logits_sha256", row.outcome.logits_sha256}});
  }
  json["trials"] = Json::array();
  for (const auto& [number, outcome] : store.outcomes()) {
    const campaign::Trial trial = campaign::trial_of(plan, number);
    const auto& own = golden[trial.machine * plan.models.size() + trial.model];
    json["trials"].push_back({{"trial", number},
                              {"machine", own.machine},
                              {"network", own.model},
                              {"kind", memory::fault_kind_name(trial.kind)},
                              {"rate", trial.rate},
                              {"map", trial.map},
                              {"map_seed", trial.map_seed},
                              {"status", campaign::trial_status_name(outcome.status)},
                              {"armed", outcome.armed},
                              {"fired", outcome.fired},
                              {"correct", outcome.correct},
                              {"masked", outcome.masked},
                              {"benign", outcome.benign},
                              {"sdc", outcome.sdc},
                              {"cycles", outcome.cycles},
                              {"logits_sha256", outcome.logits_sha256}});
  }
  return json.dump(1) + "\n";
}

}  // namespace lacuna::report
