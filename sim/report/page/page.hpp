// One self-contained HTML page of run records, campaigns, sweeps and timelines.
#pragma once

#include <string>
#include <vector>

#include "report/text/campaign_text.hpp"

namespace lacuna::report {

struct PageRequest {
  std::vector<std::string> inputs;
  std::string command;        ///< as it was called
  std::string chart_library;  ///< path of echarts.min.js
};

/// Throws base::InputError naming the file when an input cannot be used or the library is missing.
void html_page(const PageRequest& request, const Sink& sink);

}  // namespace lacuna::report
