// Tables of a campaign at error rates.
#pragma once

#include <string>

#include "campaign/map_summaries.hpp"
#include "report/text/campaign_text.hpp"

namespace lacuna::report {

/// "" where the campaign has no maps.
std::string maps_text(const campaign::MapSummaries& maps);

/// "weight_sram activation_sram=0.001": what is struck, with rates of its own.
std::string maps_memories(const campaign::Plan& plan);

/// One line a mean: of maps, and of contrasts (docs/campaigns.md).
void maps_csv(const campaign::MapSummaries& maps, const Sink& sink);

}  // namespace lacuna::report
