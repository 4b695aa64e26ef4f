// A campaign's results as people and programs read them.
#pragma once

#include <string>

#include "campaign/store.hpp"

namespace lacuna::report {

/// Accuracy, outcome classes and cycles by machine, network, fault kind and rate, over the maps
/// that the store holds; then the paired differences between networks.
std::string campaign_tables(const campaign::Store& store);

/// CSV, a row a trial, ordered by trial.
std::string campaign_csv(const campaign::Store& store);

/// JSON, schema "lacuna.campaign/1": plan, hashes, fault-free runs and trials.
std::string campaign_json(const campaign::Store& store);

}  // namespace lacuna::report
