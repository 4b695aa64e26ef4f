#include "campaign/trial.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/error.hpp"
#include "base/printable.hpp"
#include "base/sha256.hpp"
#include "campaign/candidates.hpp"
#include "fault/fault_file.hpp"
#include "fault/plan_builder.hpp"
#include "fault/sampler.hpp"
#include "run/load.hpp"
#include "run/phases.hpp"
#include "run/run_record.hpp"
#include "statistics/site_order.hpp"

namespace lacuna::campaign {
namespace {

/// So that sums over strata stay below 2^63.
constexpr std::int64_t kMostStrikes = std::int64_t{1} << 56;

/// [image of the struck batch], none where no batch was.
std::vector<measure::Fate> image_fates(const run::PlanOutcome& measured,
                                       const run::OutputChange& change) {
  std::vector<measure::Fate> fates = measured.fates;
  for (std::size_t i = 0; i < fates.size(); ++i) {
    const auto image = static_cast<std::size_t>(measured.first_image) + i;
    if (change.images[image] == run::ImageChange::kSdc) {
      fates[i].stage = measure::FateStage::kTop1Changed;
    }
  }
  return fates;
}

/// "" where there is none.
std::string layer_name(const run::Job& job, std::int32_t layer) {
  return layer == measure::Fate::kNoLayer
             ? std::string()
             : job.parts.front().network.layers[static_cast<std::size_t>(layer)].name;
}

}  // namespace

const char* trial_status_name(TrialStatus status) {
  switch (status) {
    case TrialStatus::kDone:
      return "done";
    case TrialStatus::kCrashed:
      return "crashed";
    case TrialStatus::kTimedOut:
      return "timed_out";
  }
  return "";
}

/// Times of strikes, and the layer that they are of.
struct TrialRunner::Moments {
  std::string layer;
  StrikeTimes times;
};

struct TrialRunner::Pair {
  explicit Pair(run::Job loaded)
      : job(std::move(loaded)),
        run(job),
        weights(job),
        memories(run::memories(job)),
        residency(*job.parts.front().schedule, job.parts.front().network, job.spec),
        fault_free(job.parts.front().network, run.golden().logits) {}

  run::Job job;
  run::RepeatedRun run;
  run::JobWeightCells weights;
  fault::Memories memories;
  schedule::ResidencyMap residency;
  run::FaultFree fault_free;
  TrialOutcome golden;
  std::int64_t dense_cycles = 0;
  std::vector<SiteTable> tables;                ///< one a memory and shape of the plan
  std::vector<run::BatchTimes> times;           ///< of strikes
  std::vector<Moments> moments;                 ///< of strikes; one, or one a layer
  std::vector<std::vector<run::Phase>> phases;  ///< of strikes
  std::vector<Candidates> candidates;           ///< of strikes on single cells, one a table
  std::vector<fault::FaultPlan> files;          ///< one a fault file of the plan
};

TrialRunner::TrialRunner(TrialRunner&& other) noexcept = default;
TrialRunner::~TrialRunner() = default;

TrialRunner::TrialRunner(const Plan& plan) : plan_(plan) {
  base::Sha256 inputs;
  const auto depend_on = [&](const std::string& sha256) {
    inputs.update(sha256.data(), sha256.size());
  };
  const std::vector<run::Model> models = run::load_models(plan.models, plan.data, plan.images);
  depend_on(models.front().data_sha256);
  depend_on(models.front().labels_sha256);
  for (const run::Model& model : models) {
    model_names_.push_back(model.network.name);
    depend_on(model.network.sha256);
    depend_on(model.card.text);
  }
  for (const std::string& path : plan.machines) {
    const arch::AcceleratorSpec spec = arch::load_spec(path);
    machine_names_.push_back(spec.name);
    depend_on(spec.sha256);
    for (const run::Model& model : models) {
      pairs_.push_back(std::make_unique<Pair>(run::model_job(spec, model, plan.batch)));
    }
  }
  std::vector<fault::FaultFile> fault_files;
  for (const std::string& path : plan.fault_files) {
    fault_files.emplace_back(path);
    depend_on(fault_files.back().sha256());
  }
  inputs_sha256_ = inputs.hex();
  for (std::size_t machine = 0; machine < plan.machines.size(); ++machine) {
    for (std::size_t model = 0; model < plan.models.size(); ++model) {
      Pair& own = *pairs_[machine * plan.models.size() + model];
      const run::PlanOutcome& golden = own.run.golden();
      own.golden.logits_sha256 = run::sums_sha256(golden.logits);
      own.golden = summarise(own, golden.logits, golden.cycles, {});
      for (const measure::LayerCounters& layer :
           run::simulate_dense(own.job, run::EngineKind::kFast)) {
        own.dense_cycles += layer.cycles.total().value;
      }
      add_populations(machine, model);
      add_fault_files(machine, model, fault_files);
    }
  }
}

const TrialOutcome& TrialRunner::golden(std::size_t machine, std::size_t model) const {
  return pair(machine, model).golden;
}

const run::FaultFree& TrialRunner::fault_free(std::size_t machine, std::size_t model) const {
  return pair(machine, model).fault_free;
}

std::int64_t TrialRunner::dense_cycles(std::size_t machine, std::size_t model) const {
  return pair(machine, model).dense_cycles;
}

void TrialRunner::add_population(Population population) {
  population.first_trial = trial_count();
  if (population.most > kMaxTrials - population.first_trial) {
    throw base::InputError({plan_.name, 0, ""}, "the campaign has too many trials",
                           "at most " + std::to_string(kMaxTrials));
  }
  populations_.push_back(std::move(population));
  site_strata_.emplace_back();
}

void TrialRunner::add_populations(std::size_t machine, std::size_t model) {
  Pair& own = *pairs_[machine * plan_.models.size() + model];
  Population population;
  population.machine = machine;
  population.model = model;
  if (plan_.maps) {
    for (const MapPlan::Memory& memory : plan_.maps->memories) {
      if (own.memories.has(memory.id)) continue;
      throw base::InputError({own.job.spec.file, 0, "random_maps"},
                             std::string("there is no ") + memory::memory_name(memory.id),
                             own.memories.why_absent(memory.id));
    }
    population.source = Population::Source::kMaps;
    population.first = plan_.maps->maps;
    population.most = plan_.maps->most;
    for (const FaultForm& form : plan_.maps->forms) {
      for (const double rate : plan_.maps->rates) {
        population.form = form;
        population.rate = rate;
        add_population(population);
      }
    }
  }
  if (plan_.sites) add_site_populations(own, population);
}

// The times of strikes: those of all layers together, or of each one.
void TrialRunner::add_moments(Pair& own) const {
  const SitePlan& sites = *plan_.sites;
  const config::IntegerRange asked =
      sites.cycles.value_or(config::IntegerRange{0, config::kAnyInteger});
  const auto add = [&](Moments& moments, std::size_t batch, std::int64_t from, std::int64_t until) {
    moments.times.add(static_cast<std::int64_t>(batch), std::max(from, asked.first),
                      std::min(until, asked.last + 1));
  };
  if (sites.has(StratumKey::kLayer) || !sites.scope.layers.empty()) {
    const std::vector<network::Layer>& layers = own.job.parts.front().network.layers;
    std::vector<Moments> by_layer(layers.size() + 1);
    std::vector<std::string> names;
    for (std::size_t i = 0; i < layers.size(); ++i) {
      by_layer[i].layer = layers[i].name;
      names.push_back(layers[i].name);
    }
    by_layer.back().layer = StratumLabel::kNoLayer;
    names.emplace_back(StratumLabel::kNoLayer);
    for (std::size_t batch = 0; batch < own.phases.size(); ++batch) {
      std::int64_t from = 0;
      for (const run::Phase& phase : own.phases[batch]) {
        const bool after = phase.layer == run::Phase::kAfterStreams;
        add(after ? by_layer.back() : by_layer[static_cast<std::size_t>(phase.layer)], batch, from,
            phase.until);
        from = phase.until;
      }
    }
    for (const std::string& layer : sites.scope.layers) {
      if (std::find(names.begin(), names.end(), layer) != names.end()) continue;
      throw base::InputError({plan_.name, 0, "single_faults.scope.layers"},
                             base::shown(layer) + " is no layer of " + own.job.source.network,
                             base::join(names), base::nearest_name(layer, names));
    }
    const auto in_scope = [&](const Moments& moments) {
      const std::vector<std::string>& asked_for = sites.scope.layers;
      return asked_for.empty() ||
             std::find(asked_for.begin(), asked_for.end(), moments.layer) != asked_for.end();
    };
    for (Moments& moments : by_layer) {
      if (in_scope(moments) && moments.times.count() > 0) own.moments.push_back(std::move(moments));
    }
    if (!sites.has(StratumKey::kLayer)) {
      // One stratum over the layers in scope, batch after batch.
      Moments all;
      for (const Moments& moments : own.moments) all.times.add(moments.times);
      own.moments.assign(all.times.count() > 0 ? 1 : 0, all);
    }
  } else {
    own.moments.emplace_back();
    const std::vector<std::int64_t>& cycles = own.run.golden().cycles;
    for (std::size_t batch = 0; batch < cycles.size(); ++batch) {
      add(own.moments.front(), batch, 0, cycles[batch]);
    }
    if (own.moments.front().times.count() == 0) own.moments.clear();
  }
  if (own.moments.empty()) {
    const std::vector<std::int64_t>& cycles = own.run.golden().cycles;
    throw base::InputError(
        {plan_.name, 0, "single_faults.when"}, "no batch has such a cycle",
        "the longest one has " + std::to_string(*std::max_element(cycles.begin(), cycles.end())));
  }
}

void TrialRunner::add_site_populations(Pair& own, Population population) {
  const SitePlan& sites = *plan_.sites;
  population.source = Population::Source::kSites;
  population.rate = 0;
  for (const memory::MemoryId memory : sites.memories) {
    for (const Shape& shape : sites.shapes) {
      own.tables.emplace_back(own.job, own.weights, own.residency, sites, memory, shape);
    }
  }
  if (sites.strikes()) {
    own.times = run::batch_times(own.job);
    own.phases = run::phases(own.times);
    add_moments(own);
  }
  const bool cells = std::all_of(sites.shapes.begin(), sites.shapes.end(),
                                 [](const Shape& shape) { return shape == Shape{}; });
  if (sites.strikes() && cells) {
    for (const SiteTable& table : own.tables)
      own.candidates.emplace_back(own.job, own.times, table);
  }
  for (const FaultForm& form : sites.forms) {
    const bool upsets = form.when == FaultTime::kStep;
    if (upsets && own.job.parts.front().remainder) {
      throw base::InputError({plan_.name, 0, "batch"},
                             "upsets strike a step of every batch, but the last one is smaller",
                             "a batch that divides the number of images");
    }
    population.form = form;
    const std::size_t moments = sites.strikes() ? own.moments.size() : 1;
    for (std::size_t table = 0; table < own.tables.size(); ++table) {
      const auto& strata = own.tables[table].strata();
      std::vector<std::vector<std::int64_t>> cycles;  // [moment], of candidates
      for (std::size_t moment = 0; sites.candidates && moment < moments; ++moment) {
        cycles.push_back(own.candidates[table].cycles(own.moments[moment].times));
      }
      population.memory = own.tables[table].memory();
      population.shape = own.tables[table].shape();
      for (std::size_t stratum = 0; stratum < strata.size(); ++stratum) {
        for (std::size_t moment = 0; moment < moments; ++moment) {
          population.label = strata[stratum].label;
          const auto cells = static_cast<std::int64_t>(strata[stratum].sites.size());
          if (sites.strikes()) {
            const Moments& times = own.moments[moment];
            if (sites.has(StratumKey::kLayer)) population.label.layer = times.layer;
            if (times.times.count() > kMostStrikes / cells) {
              throw base::InputError({plan_.name, 0, "single_faults"},
                                     "cells x cycles are more than 2^56", "fewer images");
            }
            population.sites = cells * times.times.count();
            population.cells = cells;
            if (sites.candidates) {
              const std::int64_t all = population.sites;
              population.sites = own.candidates[table].count(stratum, cycles[moment]);
              population.outside = all - population.sites;
            }
            population.first = population.sites > 0 ? sites.samples : 0;
            population.most = population.sites > 0 ? sites.most : 0;
          } else {
            population.sites = cells * (upsets ? own.job.steps() : 1);
            population.first =
                sites.exhaustive ? population.sites : std::min(sites.samples, population.sites);
            population.most =
                sites.exhaustive ? population.sites : std::min(sites.most, population.sites);
          }
          add_population(population);
          site_strata_.back() = {table, stratum, moment};
        }
      }
    }
  }
}

void TrialRunner::add_fault_files(std::size_t machine, std::size_t model,
                                  const std::vector<fault::FaultFile>& files) {
  Pair& own = *pairs_[machine * plan_.models.size() + model];
  Population population;
  population.machine = machine;
  population.model = model;
  population.source = Population::Source::kFile;
  population.first = population.most = 1;
  for (const fault::FaultFile& file : files) {
    own.files.push_back(run::tie_faults(file, own.job));
    run::check_plan(own.job, own.files.back());
    population.file = file.path();
    add_population(population);
  }
}

std::int64_t TrialRunner::trial_count() const {
  return populations_.empty() ? 0 : populations_.back().first_trial + populations_.back().most;
}

Trial TrialRunner::trial(std::int64_t number) const {
  SIM_CHECK(number >= 0 && number < trial_count(), "campaign", -1, "no such trial");
  const auto after = std::upper_bound(
      populations_.begin(), populations_.end(), number,
      [](std::int64_t value, const Population& own) { return value < own.first_trial; });
  const auto own = std::prev(after);
  return {number, static_cast<std::size_t>(own - populations_.begin()), number - own->first_trial};
}

// Strata of different memories and moments have unrelated draws.
std::uint64_t TrialRunner::stream_of(const SiteStratum& place, const SiteTable& table) const {
  constexpr int kMemoryAt = 24;
  constexpr int kMomentAt = 32;
  SIM_CHECK(place.stratum >> kMemoryAt == 0, "campaign", -1, "too many strata");
  return place.stratum | (memory::index_of(table.memory()) << kMemoryAt) |
         (place.moment << kMomentAt);
}

// Sites x steps in one order; networks and machines whose strata are of one size are struck at the
// same ones.
std::uint32_t TrialRunner::site_number(const Trial& trial) const {
  const Population& own = populations_[trial.population];
  if (own.with_replacement()) return strike(trial).site;
  const SiteStratum& place = site_strata_[trial.population];
  const auto& sites = pair(trial).tables[place.table].strata()[place.stratum].sites;
  const statistics::SiteOrder order(
      plan_.seed, static_cast<std::uint32_t>(stream_of(place, pair(trial).tables[place.table])),
      own.sites);
  return sites[static_cast<std::size_t>(order.site(trial.draw) %
                                        static_cast<std::int64_t>(sites.size()))];
}

// Of cells x cycles until one is a candidate, so that all of these are equally likely.
TrialRunner::Strike TrialRunner::strike(const Trial& trial) const {
  const Pair& own = pair(trial);
  const SiteStratum& place = site_strata_[trial.population];
  const SiteTable& table = own.tables[place.table];
  const Candidates* candidates = plan_.sites->candidates ? &own.candidates[place.table] : nullptr;
  const auto& sites = candidates != nullptr ? candidates->sites(place.stratum)
                                            : table.strata()[place.stratum].sites;
  const StrikeTimes& times = own.moments[place.moment].times;
  const std::uint64_t stream = stream_of(place, table);
  const auto below = [&](std::int64_t count, DrawOf what, std::uint64_t attempt) {
    return draw_below(count, plan_.seed, stream, trial.draw, what, attempt);
  };
  for (std::uint64_t attempt = 0;; ++attempt) {
    Strike strike;
    strike.site = sites[static_cast<std::size_t>(
        below(static_cast<std::int64_t>(sites.size()), DrawOf::kSite, attempt))];
    strike.time = times.at(below(times.count(), DrawOf::kTime, attempt));
    if (candidates == nullptr || candidates->has(strike.site, strike.time)) return strike;
  }
}

std::int64_t TrialRunner::step_of(const Trial& trial) const {
  const Population& own = populations_[trial.population];
  if (own.form.when != FaultTime::kStep) return memory::kPermanent;
  const SiteStratum& place = site_strata_[trial.population];
  const SiteTable& table = pair(trial).tables[place.table];
  const auto& sites = table.strata()[place.stratum].sites;
  const statistics::SiteOrder order(plan_.seed, static_cast<std::uint32_t>(stream_of(place, table)),
                                    own.sites);
  return order.site(trial.draw) / static_cast<std::int64_t>(sites.size());
}

void TrialRunner::name_layers(const Trial& trial, std::uint32_t site, const StrikeTime& time,
                              TrialFaults& faults) const {
  const Pair& own = pair(trial);
  const std::vector<run::Phase>& phases = own.phases[static_cast<std::size_t>(time.batch)];
  const auto phase = std::find_if(phases.begin(), phases.end(), [&](const run::Phase& other) {
    return time.cycle < other.until;
  });
  faults.phase = phase == phases.end() || phase->layer == run::Phase::kAfterStreams
                     ? StratumLabel::kNoLayer
                     : layer_name(own.job, phase->layer);
  if (own.candidates.empty()) return;
  const std::optional<std::int32_t> held =
      own.candidates[site_strata_[trial.population].table].held(site, time);
  faults.holds = !held                                  ? StratumLabel::kNoLayer
                 : *held == schedule::UseSpan::kInput   ? "input"
                 : *held == schedule::UseSpan::kSeveral ? "several"
                                                        : layer_name(own.job, *held);
}

TrialFaults TrialRunner::faults(const Trial& trial) const {
  const Population& own = populations_[trial.population];
  TrialFaults faults;
  switch (own.source) {
    case Population::Source::kMaps:
      faults.map_seed = plan_.seed + static_cast<std::uint64_t>(trial.draw);
      break;
    case Population::Source::kSites:
      faults.step = step_of(trial);
      if (own.with_replacement()) {
        const auto [site, time] = strike(trial);
        const std::size_t table = site_strata_[trial.population].table;
        faults.site = pair(trial).tables[table].site(site);
        name_layers(trial, site, time, faults);
        faults.cycle = time.cycle;
        faults.batch = time.batch;
        faults.batch_cycles = pair(trial).run.golden().cycles[static_cast<std::size_t>(time.batch)];
      } else {
        faults.site =
            pair(trial).tables[site_strata_[trial.population].table].site(site_number(trial));
      }
      break;
    case Population::Source::kFile:
      break;
  }
  return faults;
}

fault::FaultPlan TrialRunner::fault_plan(const Trial& trial) const {
  const Population& own = populations_[trial.population];
  const Pair& where = pair(trial);
  switch (own.source) {
    case Population::Source::kMaps:
      return fault::sample_maps(where.memories, plan_.maps->at(own.rate),
                                plan_.seed + static_cast<std::uint64_t>(trial.draw), own.form.kind);
    case Population::Source::kFile: {
      const auto file = std::find(plan_.fault_files.begin(), plan_.fault_files.end(), own.file);
      return where.files[static_cast<std::size_t>(file - plan_.fault_files.begin())];
    }
    case Population::Source::kSites:
      break;
  }
  const std::int64_t step = step_of(trial);
  Strike struck{0, {memory::kEvery, memory::kNoCycle}};
  if (own.with_replacement()) {
    struck = strike(trial);
  } else {
    struck.site = site_number(trial);
  }
  std::vector<fault::SourcedFault> faults;
  const SiteTable& table = where.tables[site_strata_[trial.population].table];
  for (const memory::CellPosition& cell : table.cells(struck.site, step)) {
    fault::SourcedFault fault;
    fault.fault.memory = own.memory;
    fault.fault.cell = cell;
    fault.fault.kind = own.form.kind;
    fault.fault.step = step;
    fault.fault.cycle = struck.time.cycle;
    fault.fault.batch = static_cast<std::int32_t>(struck.time.batch);
    faults.push_back(fault);
  }
  return fault::build_plan(
      std::move(faults), [](std::int32_t) { return base::Place(); },
      "trial " + std::to_string(trial.number));
}

TrialOutcome TrialRunner::summarise(const Pair& pair, const std::vector<std::int32_t>& logits,
                                    const std::vector<std::int64_t>& cycles,
                                    const std::vector<measure::FaultOutcome>& faults,
                                    const run::PlanOutcome* measured) const {
  TrialOutcome outcome;
  outcome.armed = static_cast<std::int64_t>(faults.size());
  outcome.fired =
      std::count_if(faults.begin(), faults.end(),
                    [](const measure::FaultOutcome& fault) { return fault.reads_changed > 0; });
  const std::int64_t a_batch = pair.job.parts.front().schedule->batch;
  for (std::size_t i = 0; i < cycles.size(); ++i) {
    outcome.cycles += cycles[i];
    if (plan_.deadline_cycles && cycles[i] > *plan_.deadline_cycles) {
      outcome.late += std::min(a_batch, plan_.images - static_cast<std::int64_t>(i) * a_batch);
    }
  }
  const run::OutputChange change = pair.fault_free.compare(logits);
  outcome.masked = change.masked;
  outcome.benign = change.benign;
  outcome.sdc = change.sdc;
  if (!change.outside_top5.empty()) {
    outcome.sdc5 = std::count(change.outside_top5.begin(), change.outside_top5.end(), true);
  }
  outcome.rmse = change.all().rmse();
  if (measured != nullptr && !measured->fates.empty()) {
    const std::vector<measure::Fate> fates = image_fates(*measured, change);
    const auto farthest = *std::max_element(
        fates.begin(), fates.end(), [](const measure::Fate& a, const measure::Fate& b) {
          return std::tie(a.stage, a.layer) < std::tie(b.stage, b.layer);
        });
    outcome.ended = farthest.stage;
    outcome.ended_in = layer_name(pair.job, farthest.layer);
  }
  const std::vector<int>& labels = pair.job.source.labels;
  outcome.correct = labels.empty() ? TrialOutcome::kNone : run::correct_images(change.top1, labels);
  outcome.logits_sha256 =
      outcome.masked == plan_.images ? pair.golden.logits_sha256 : run::sums_sha256(logits);
  return outcome;
}

TrialOutcome TrialRunner::run(const Trial& trial, const fast::Shortcuts& shortcuts) const {
  const Pair& own = pair(trial);
  const run::PlanOutcome measured = own.run.run(fault_plan(trial), shortcuts);
  TrialOutcome outcome =
      summarise(own, measured.logits, measured.cycles, measured.faults, &measured);
  outcome.savings = measured.savings;
  return outcome;
}

std::vector<std::string> TrialRunner::layer_names(const Trial& trial) const {
  std::vector<std::string> names;
  for (const network::Layer& layer : pair(trial).job.parts.front().network.layers) {
    names.push_back(layer.name);
  }
  return names;
}

TrialOutcome TrialRunner::run_whole(const Trial& trial, run::EngineKind kind,
                                    const std::string& vcd_path) const {
  const Pair& own = pair(trial);
  const run::Measurement measured = run::simulate(own.job, fault_plan(trial), kind, {}, vcd_path);
  return summarise(own, measured.logits, measured.batch_cycles, measured.faults);
}

std::vector<ImageOutcome> TrialRunner::run_images(const Trial& trial) const {
  const Pair& own = pair(trial);
  const run::PlanOutcome measured = own.run.run(fault_plan(trial));
  const run::PlanOutcome& golden = own.run.golden();
  const run::OutputChange change = own.fault_free.compare(measured.logits);
  const std::vector<int>& labels = own.job.source.labels;
  const std::vector<measure::Fate> fates = image_fates(measured, change);
  std::vector<ImageOutcome> images;
  for (std::size_t image = 0; image < change.images.size(); ++image) {
    const std::size_t batch =
        image / static_cast<std::size_t>(own.job.parts.front().schedule->batch);
    ImageOutcome outcome;
    if (!labels.empty()) outcome.label = labels[image];
    if (change.classes) {
      outcome.golden_top1 = own.fault_free.top1()[image];
      outcome.top1 = change.top1[image];
    }
    outcome.change = change.images[image];
    if (!change.outside_top5.empty()) outcome.outside_top5 = change.outside_top5[image];
    outcome.rmse = change.image_rmse[image];
    const auto first = static_cast<std::size_t>(measured.first_image);
    if (image >= first && image - first < fates.size()) {
      outcome.ended = fates[image - first].stage;
      outcome.ended_in = layer_name(own.job, fates[image - first].layer);
    }
    outcome.golden_cycles = golden.cycles[batch];
    outcome.cycles = measured.cycles[batch];
    images.push_back(outcome);
  }
  return images;
}

}  // namespace lacuna::campaign
