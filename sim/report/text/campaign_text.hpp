// A campaign's results as people and programs read them.
#pragma once

#include <functional>
#include <string>

#include "campaign/store.hpp"
#include "campaign/trial.hpp"

namespace lacuna::report {

/// What a store holds so far: fault-free runs, accuracy against the error rate, paired differences
/// between networks, vulnerability of sites by stratum, the worst faults, and what the shortcuts
/// saved.
std::string campaign_tables(const campaign::Store& store);

/// A line a trial that is lost, with the reason; "" where none is.
std::string lost_trials(const campaign::Store& store);

/// Where the text of a file goes, piece by piece.
using Sink = std::function<void(const std::string&)>;

/// CSV, a row a trial, ordered by trial.
void campaign_csv(const campaign::Store& store, const Sink& sink);

/// JSON, schema "lacuna.campaign/2": plan, hashes, fault-free runs, populations, trials and rows.
void campaign_json(const campaign::Store& store, const Sink& sink);

/// CSV, the figures of the tables, one a row: fault-free figures, means over maps with
/// their intervals, and contrasts over maps and over pairs of networks.
void campaign_summary_csv(const campaign::Store& store, const Sink& sink);

/// CSV, a line a row of each bank of the weight SRAM: the faults that struck it and what they did.
void campaign_rows_csv(const campaign::Store& store, const Sink& sink);

/// CSV, a row an image of each recorded trial from `first` to `last`: the trials are run again.
/// Throws base::InternalError where one differs from what the store holds.
void campaign_images_csv(const campaign::Store& store, const campaign::TrialRunner& runner,
                         std::int64_t first, std::int64_t last, const Sink& sink);

/// One line: what a trial's faults are.
std::string describe_trial(const campaign::Population& population,
                           const campaign::TrialFaults& faults, std::int64_t draw);

}  // namespace lacuna::report
