#include "campaign/plan.hpp"

#include <limits>

#include "base/error.hpp"
#include "base/file.hpp"
#include "config/document.hpp"
#include "network/data_set.hpp"

namespace lacuna::campaign {
namespace {

constexpr std::int64_t kMaxPlanBytes = std::int64_t{1} << 20;
constexpr std::int64_t kMaxImages = 10'000'000;
constexpr std::int64_t kMaxBatch = 4096;
constexpr std::int64_t kMaxMaps = 1'000'000;
constexpr std::int64_t kMaxTrials = 100'000'000;
constexpr std::int64_t kMaxSeconds = 86'400;

memory::FaultKind kind_of(const std::string& name, const base::Place& place) {
  std::vector<std::string> names;
  for (const auto kind :
       {memory::FaultKind::kFlip, memory::FaultKind::kStuckAt0, memory::FaultKind::kStuckAt1}) {
    if (name == memory::fault_kind_name(kind)) return kind;
    names.emplace_back(memory::fault_kind_name(kind));
  }
  throw base::InputError(place, "'" + name + "' is not known", base::join(names) + " are allowed",
                         base::nearest_name(name, names));
}

template <class T>
void refuse_repeats(const std::vector<T>& list, const base::Place& place) {
  if (list.empty()) throw base::InputError(place, "the list is empty", "at least one entry");
  for (std::size_t i = 0; i < list.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (list[i] == list[j]) throw base::InputError(place, "an entry stands there twice");
    }
  }
}

}  // namespace

Plan load_plan(const std::string& path) {
  return parse_plan(path, base::read_file(path, kMaxPlanBytes));
}

Plan parse_plan(const std::string& name, const std::string& text) {
  const config::Document document = config::Document::parse(name, text);
  const config::Section root = document.root();
  Plan plan;
  plan.name = root.required<std::string>("name");
  plan.machines = root.strings("machines");
  plan.models = root.strings("models");
  plan.data = root.optional<std::string>("data").value_or(network::kDefaultDataDir);
  plan.images = root.required<std::int64_t>("images", 1, kMaxImages);
  plan.batch = root.optional<std::int64_t>("batch", 1, kMaxBatch).value_or(1);
  plan.seed = static_cast<std::uint64_t>(
      root.optional<std::int64_t>("seed", 0, config::kAnyInteger).value_or(1));
  plan.confidence = root.optional<double>("confidence", 0.5, 0.9999).value_or(plan.confidence);
  plan.seconds_a_trial =
      root.optional<std::int64_t>("seconds_a_trial", 1, kMaxSeconds).value_or(plan.seconds_a_trial);
  const config::Section maps = root.section("random_maps");
  const std::vector<std::string> kinds = maps.strings("kinds");
  plan.maps.rates = maps.reals("rates", 0, 1);
  plan.maps.maps = maps.required<std::int64_t>("maps", 1, kMaxMaps);
  document.done();

  for (const std::string& kind : kinds) {
    plan.maps.kinds.push_back(kind_of(kind, maps.place("kinds")));
  }
  refuse_repeats(plan.machines, root.place("machines"));
  refuse_repeats(plan.models, root.place("models"));
  refuse_repeats(plan.maps.kinds, maps.place("kinds"));
  refuse_repeats(plan.maps.rates, maps.place("rates"));
  plan.text = text;
  plan.sha256 = document.sha256();
  if (trial_count(plan) > kMaxTrials) {
    throw base::InputError(root.place(),
                           "the campaign has " + std::to_string(trial_count(plan)) + " trials",
                           "at most " + std::to_string(kMaxTrials));
  }
  return plan;
}

std::int64_t trial_count(const Plan& plan) {
  const auto count =
      static_cast<double>(plan.machines.size()) * static_cast<double>(plan.models.size()) *
      static_cast<double>(plan.maps.kinds.size()) * static_cast<double>(plan.maps.rates.size()) *
      static_cast<double>(plan.maps.maps);
  constexpr double kBeyondAnyLimit = 1e18;
  if (count > kBeyondAnyLimit) return std::numeric_limits<std::int64_t>::max();
  return static_cast<std::int64_t>(count);
}

Trial trial_of(const Plan& plan, std::int64_t number) {
  SIM_CHECK(number >= 0 && number < trial_count(plan), "campaign", -1, "no such trial");
  Trial trial;
  trial.number = number;
  const auto next = [&](std::size_t size) {
    const std::int64_t digit = number % static_cast<std::int64_t>(size);
    number /= static_cast<std::int64_t>(size);
    return static_cast<std::size_t>(digit);
  };
  trial.map = static_cast<std::int64_t>(next(static_cast<std::size_t>(plan.maps.maps)));
  trial.rate = plan.maps.rates[next(plan.maps.rates.size())];
  trial.kind = plan.maps.kinds[next(plan.maps.kinds.size())];
  trial.model = next(plan.models.size());
  trial.machine = next(plan.machines.size());
  trial.map_seed = plan.seed + static_cast<std::uint64_t>(trial.map);
  return trial;
}

}  // namespace lacuna::campaign
