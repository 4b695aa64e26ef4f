#include "report/text/campaign_sites.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/text/campaign_text.hpp"
#include "report/text/sdc_text.hpp"
#include "report/text/share_text.hpp"
#include "report/text/text_parts.hpp"
#include "statistics/strata.hpp"

namespace lacuna::report {
namespace {

constexpr std::size_t kWorst = 100;

double ratio(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::string bit_name(std::int64_t bit) {
  return bit == campaign::StratumLabel::kLeftOver ? "left over" : fmt::format("bit {}", bit);
}

void append_once(std::vector<std::string>& list, const std::string& name) {
  if (std::find(list.begin(), list.end(), name) == list.end()) list.push_back(name);
}

}  // namespace

SiteTables::SiteTables(const campaign::Store& store)
    : store_(store), sums_(store.populations().size()), rows_(store) {}

void SiteTables::add(const campaign::TrialRow& row) {
  rows_.add(row);
  const campaign::Population& population = store_.populations()[row.trial.population];
  if (population.source != campaign::Population::Source::kSites) return;
  const auto& golden = store_.golden_of(population);
  const campaign::TrialOutcome& outcome = row.outcome;
  const double change = static_cast<double>(outcome.cycles - golden.outcome.cycles) /
                        static_cast<double>(golden.outcome.cycles);
  const auto count = [&](Sums& sums) {
    sums.tally.add(outcome, store_.critical_images());
    if (outcome.status != campaign::TrialStatus::kDone) return;
    sums.masked += outcome.masked == store_.plan().images ? 1 : 0;
    sums.sdc += outcome.sdc;
    sums.lost_top1 += golden.outcome.correct - outcome.correct;
    sums.slower += change > 0 ? 1 : 0;
    sums.faster += change < 0 ? 1 : 0;
    sums.cycles += change;
    sums.least_cycles = std::min(sums.least_cycles, change);
    sums.most_cycles = std::max(sums.most_cycles, change);
    const double rmse = outcome.rmse.value_or(0);
    sums.knows_rmse = sums.knows_rmse && outcome.rmse;
    sums.rmse += rmse;
    sums.squared_rmse += rmse * rmse;
    sums.most_rmse = std::max(sums.most_rmse, rmse);
  };
  count(sums_[row.trial.population]);
  count(totals_[site_key(population)]);
  if (outcome.status != campaign::TrialStatus::kDone) return;

  const campaign::Site& site = row.faults.site;
  const std::string layer = site.weight.substr(0, site.weight.find(':'));
  if (store_.plan().sites->exhaustive && site.cell.bit >= 0 && !layer.empty()) {
    count(by_weight_[site_key(population)][{layer, bit_name(site.code_bit)}]);
  }
  note_worst(row);
}

void SiteTables::note_worst(const campaign::TrialRow& row) {
  const campaign::TrialOutcome& outcome = row.outcome;
  if (outcome.masked == store_.plan().images) return;
  if (outcome.sdc == 0 && outcome.rmse && *outcome.rmse == 0) return;
  const auto& golden = store_.golden_of(store_.populations()[row.trial.population]);
  const Worst worst{golden.outcome.correct - outcome.correct, outcome.sdc, outcome.rmse.value_or(0),
                    row};
  const auto before = [](const Worst& a, const Worst& b) {
    return std::make_tuple(-a.lost_top1, -a.sdc, -a.rmse, a.row.trial.number) <
           std::make_tuple(-b.lost_top1, -b.sdc, -b.rmse, b.row.trial.number);
  };
  const auto place = std::upper_bound(worst_.begin(), worst_.end(), worst, before);
  if (place == worst_.end() && worst_.size() == kWorst) return;
  worst_.insert(place, worst);
  if (worst_.size() > kWorst) worst_.pop_back();
}

std::string SiteTables::worst_text() const {
  if (worst_.empty()) return "";
  const auto images = static_cast<double>(store_.plan().images);
  // A figure has a column where some network has it, or has nothing better.
  const auto& golden_rows = store_.golden();
  const auto has_labels = [](const campaign::GoldenRow& own) { return own.outcome.has_labels(); };
  const bool labels = std::any_of(golden_rows.begin(), golden_rows.end(), has_labels);
  const bool errors = !std::all_of(golden_rows.begin(), golden_rows.end(), has_labels);
  const auto columns = [&](const std::string& top1, const std::string& sdc,
                           const std::string& rmse) {
    return (labels ? fmt::format(" {:>8}", top1) : "") + fmt::format(" {:>8}", sdc) +
           (errors ? fmt::format(" {:>10}", rmse) : "");
  };
  std::string text =
      fmt::format("\nthe worst {} faults\n({}{}{})\n{:>9} {:<14} {:<18} {:<48}{} {:>9}\n",
                  worst_.size(), labels ? "top-1: change against fault-free; " : "",
                  sdc_text(store_), errors ? ";\nRMSE: of the outputs' values" : "", "trial",
                  "machine", "network", "fault", columns("top-1", "SDC", "RMSE"), "cycles");
  for (const Worst& worst : worst_) {
    const campaign::Population& population = store_.populations()[worst.row.trial.population];
    const auto& golden = store_.golden_of(population);
    text += fmt::format(
        "{:>9} {:<14} {:<18} {:<48}{} {:>+8.2f}%\n", worst.row.trial.number,
        golden.machine.substr(0, 14), golden.model.substr(0, 18),
        describe_trial(population, worst.row.faults, worst.row.trial.draw).substr(0, 48),
        columns(golden.outcome.has_labels()
                    ? fmt::format("{:+.2f}", 100 * static_cast<double>(-worst.lost_top1) / images)
                    : "-",
                percent(static_cast<double>(worst.sdc) / images),
                worst.row.outcome.rmse ? fmt::format("{:.4g}", worst.rmse) : "-"),
        100 * static_cast<double>(worst.row.outcome.cycles - golden.outcome.cycles) /
            static_cast<double>(golden.outcome.cycles));
  }
  return text;
}

// Over the faults that were struck, each counted once, as SDC.
std::string SiteTables::outputs_text(const Sums& all, const campaign::GoldenRow& golden) const {
  if (!all.knows_rmse || !golden.output_rms || !std::isfinite(all.rmse)) return "";
  const auto faults = static_cast<double>(all.tally.done);
  const double error = std::sqrt(all.squared_rmse / faults);
  return fmt::format(
      "  outputs    RMSE {:.4g} under a fault, on average, {:.4g} at most;\n"
      "             SQNR of the mean squared error {}\n",
      all.rmse / faults, all.most_rmse, decibels(run::sqnr_db(*golden.output_rms, error), error));
}

// A matrix of strata: the first of layer and bank that they differ in by rows, the rest by columns.
std::string SiteTables::matrix_text(const std::vector<std::size_t>& populations) const {
  std::vector<std::string> rows;
  std::vector<std::string> columns;
  Matrix cells;
  for (const std::size_t i : populations) {
    const campaign::Population& population = store_.populations()[i];
    const campaign::StratumLabel& label = population.label;
    campaign::StratumLabel row;
    campaign::StratumLabel column = label;
    if (!label.layer.empty()) {
      std::swap(row.layer, column.layer);
    } else if (label.bank >= 0) {
      std::swap(row.bank, column.bank);
    } else if (label.first_row >= 0) {
      std::swap(row.first_row, column.first_row);
      std::swap(row.last_row, column.last_row);
    }
    append_once(rows, row.describe());
    append_once(columns, column.describe());
    cells[{row.describe(), column.describe()}] =
        share_text(sums_[i].tally, population.finite_sites().value_or(0), store_.plan().confidence,
                   population.candidate_share());
  }
  constexpr std::size_t kMostColumns = 9;
  if (columns.size() <= kMostColumns) return report::matrix_text("", rows, columns, cells);
  Matrix turned;
  for (const auto& [cell, share] : cells) turned[{cell.second, cell.first}] = share;
  return report::matrix_text("", columns, rows, turned);
}

std::string SiteTables::weight_matrix_text(const SiteKey& key, bool complete) const {
  const auto found = by_weight_.find(key);
  if (found == by_weight_.end()) return "";
  std::vector<std::string> rows;
  std::vector<std::string> columns;
  Matrix cells;
  for (const auto& [cell, own] : found->second) {
    append_once(rows, cell.first);
    append_once(columns, cell.second);
    cells[cell] = share_text(own.tally, complete ? own.tally.done : 0, store_.plan().confidence);
  }
  std::sort(columns.begin(), columns.end());
  return report::matrix_text("layer", rows, columns, cells);
}

std::string SiteTables::table_text(const SiteKey& key, const Sums& all) const {
  const campaign::Plan& plan = store_.plan();
  std::vector<std::size_t> populations;
  std::vector<statistics::Stratum> strata;
  std::int64_t sites = 0;
  double outside = 0;
  for (std::size_t i = 0; i < sums_.size(); ++i) {
    const campaign::Population& population = store_.populations()[i];
    if (population.source != campaign::Population::Source::kSites || site_key(population) != key) {
      continue;
    }
    populations.push_back(i);
    strata.push_back({population.sites, sums_[i].tally.done, sums_[i].tally.critical,
                      population.with_replacement()});
    sites += population.sites;
    outside += static_cast<double>(population.outside);
  }
  const campaign::Population& first = store_.populations()[populations.front()];
  const auto& golden = store_.golden_of(first);
  auto total = statistics::stratified_proportion(strata, plan.confidence);
  const double of_all =
      outside > 0 ? static_cast<double>(sites) / (static_cast<double>(sites) + outside) : 1;
  if (total.proportion) *total.proportion *= of_all;
  total.interval = {total.interval.lower * of_all, total.interval.upper * of_all};
  const auto faults = static_cast<double>(all.tally.done);
  std::string text =
      fmt::format("\n{} on {}, {} of a {}{}: {} faults of {} {}{}\n", golden.model, golden.machine,
                  first.form.name(), first.shape.name(),
                  first.memory == memory::MemoryId::kWeightSram
                      ? ""
                      : std::string(" of ") + memory::memory_name(first.memory),
                  all.tally.done, sites,
                  outside > 0 ? fmt::format("candidates, {} of cells x cycles", percent(of_all))
                  : first.with_replacement() ? "cells x cycles"
                                             : "sites",
                  all.tally.failed > 0 ? fmt::format(", {} failed", all.tally.failed) : "");
  if (all.tally.done == 0) return text;
  const bool complete = !first.with_replacement() && all.tally.done == sites;
  text += fmt::format("  critical   {}", percent(total.proportion.value_or(0)));
  if (!complete) {
    text += fmt::format(", {:.4g}% interval {} to {}{}", 100 * plan.confidence,
                        percent(total.interval.lower), percent(total.interval.upper),
                        populations.size() > 1 ? ", weighed by the sizes of the strata" : "");
  }
  text += '\n';
  if (!complete && populations.size() > 1) {
    text += "  (below, each fault struck counts once, whatever the size of its stratum)\n";
  }
  text += fmt::format(
      "  masked     {} of the faults struck change no output of any image\n"
      "  SDC        {} of the images of a fault, on average{}\n"
      "  cycles     {} of the faults change them: {} slower, {} faster;\n"
      "             mean {:+.4f}%, from {:+.2f}% to {:+.2f}%\n",
      percent(ratio(all.masked, all.tally.done)),
      percent(static_cast<double>(all.sdc) / faults / static_cast<double>(plan.images)),
      golden.outcome.has_labels()
          ? fmt::format("; top-1 {:+.3f} points", 100 * static_cast<double>(-all.lost_top1) /
                                                      faults / static_cast<double>(plan.images))
          : "",
      percent(ratio(all.slower + all.faster, all.tally.done)), all.slower, all.faster,
      100 * all.cycles / faults, 100 * all.least_cycles, 100 * all.most_cycles);
  text += outputs_text(all, golden);
  if (populations.size() > 1) text += matrix_text(populations);
  text += weight_matrix_text(key, complete);
  const auto by_row = rows_.tables().find(key);
  if (plan.sites->exhaustive && by_row != rows_.tables().end()) {
    text += by_row->second.text(plan.confidence, complete);
  }
  return text;
}

std::string SiteTables::text() const {
  if (totals_.empty()) return "";
  const campaign::Plan& plan = store_.plan();
  std::string text = worst_text();
  text += fmt::format(
      "\nshare of critical faults: under one, {}\nof more than {} of the {} images changes\n"
      "(+- half-width of the {:.4g}% Wilson interval over faults; none where every site was "
      "struck)\n",
      sdc_subject(store_), percent(plan.sites->critical_share), plan.images, 100 * plan.confidence);
  for (const auto& [key, sums] : totals_) text += table_text(key, sums);
  return text;
}

}  // namespace lacuna::report
