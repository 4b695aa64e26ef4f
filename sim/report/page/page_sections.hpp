// What a page holds of each kind of input. A new kind is a function here, a line in page.cpp and a
// file in web/ that draws it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "campaign/store.hpp"
#include "campaign/vulnerability.hpp"
#include "explore/sweep_store.hpp"
#include "report/json/json_input.hpp"
#include "report/json/record_file.hpp"

namespace lacuna::report {

/// A run record, "lacuna.run/1", as it stands there. Throws base::InputError for counts that a
/// page cannot show exactly.
nlohmann::ordered_json run_section(const RecordFile& record);

/// What the figures of runs are called, with units and meanings.
nlohmann::ordered_json run_figures();

/// Steps of a run in Trace Event JSON: complete events (X) and pairs (B, E), by thread.
nlohmann::ordered_json timeline_section(const JsonInput& trace);

/// A campaign: fault-free runs, points over maps, layers x bits, and the cells of the memory.
/// `path` is the store's, for errors.
nlohmann::ordered_json campaign_section(const campaign::Store& store, const std::string& path);

/// What of that is about the vulnerability of sites: lists by their keys.
nlohmann::ordered_json vulnerability_section(const campaign::Store& store,
                                             const campaign::Vulnerability& found);

/// A sweep: its grid, and every point with its figures or the reason that it has none.
nlohmann::ordered_json sweep_section(const explore::SweepStore& store);

}  // namespace lacuna::report
