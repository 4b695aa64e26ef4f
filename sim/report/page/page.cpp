#include "report/page/page.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/file_limits.hpp"
#include "base/printable.hpp"
#include "campaign/store.hpp"
#include "explore/sweep_store.hpp"
#include "report/page/packed.hpp"
#include "report/page/page_sections.hpp"
#include "report/page/web_files.hpp"
#include "run/version.hpp"
#include "store/database.hpp"

namespace lacuna::report {
namespace {

using Json = nlohmann::ordered_json;

bool is_sqlite(const std::string& path) {
  constexpr std::string_view kMagic = "SQLite format 3";
  std::ifstream stream(path, std::ios::binary);
  std::string head(kMagic.size(), '\0');
  stream.read(head.data(), static_cast<std::streamsize>(head.size()));
  return stream.good() && head == kMagic;
}

/// Of a store of any kind; "" when it has none.
std::string stored_schema(const std::string& path) {
  return store::Database::open_to_read(path)->header_value("schema");
}

// {"kind", "file", "data"}. The kinds of input are told apart here and nowhere else.
Json section_of(const std::string& path) {
  const auto section = [&](const char* kind, Json data) {
    return Json{{"kind", kind}, {"file", base::printable(path)}, {"data", std::move(data)}};
  };
  if (std::filesystem::is_regular_file(path) && is_sqlite(path)) {
    if (stored_schema(path).rfind("lacuna.sweep/", 0) == 0) {
      return section("sweep", sweep_section(explore::SweepStore::open_to_read(path)));
    }
    return section("campaign", campaign_section(campaign::Store::open_to_read(path), path));
  }
  const std::string bytes = base::read_file(path, base::kMaxPageJsonBytes);
  const JsonKind kind = json_kind(path, bytes);
  if (kind.timeline) {
    const Json document = parse_json(path, bytes);
    return section("timeline", timeline_section({path, document}));
  }
  if (kind.schema == "lacuna.run/1") {
    return section("run", run_section(record_from_bytes(bytes, path)));
  }
  throw base::InputError({path, 0, "schema"}, "is '" + kind.schema + "'",
                         "run records (lacuna.run/1), campaigns and sweeps (SQLite) and timelines "
                         "(Trace Event JSON) are read");
}

std::string chart_library(const std::string& path) {
  std::error_code unknown;
  if (!std::filesystem::exists(path, unknown) && !unknown) {
    throw base::InputError({path, 0, ""}, "the chart library is not there",
                           "sim/report/web/fetch fetches it (Apache ECharts, from npm)");
  }
  std::string text = base::read_file(path, base::kMaxLibraryBytes);
  for (const char* end : {"</script", "<!--"}) {
    if (text.find(end) != std::string::npos) {
      throw base::InputError({path, 0, ""}, std::string("cannot stand in a page: it holds ") + end);
    }
  }
  return text;
}

}  // namespace

void html_page(const PageRequest& request, const Sink& sink) {
  const std::string library = chart_library(request.chart_library);
  Json data = {{"version", run::kVersion}, {"command", request.command}};
  data["figures"] = run_figures();
  data["sections"] = Json::array();
  for (const std::string& input : request.inputs) data["sections"].push_back(section_of(input));

  const auto put = [&](const std::string& mark) {
    if (mark == "style") {
      sink(web::kStyle);
    } else if (mark == "library") {
      sink(library);
    } else if (mark == "data") {
      sink(json_for_html(data));
    } else {
      SIM_CHECK(mark == "scripts", "report", -1, "unknown mark {{" + mark + "}}");
      sink(web::kScripts);
    }
  };
  std::string page = web::kPage;
  for (std::size_t from = 0;;) {
    const std::size_t mark = page.find("{{", from);
    if (mark == std::string::npos) {
      sink(page.substr(from));
      return;
    }
    const std::size_t end = page.find("}}", mark);
    SIM_CHECK(end != std::string::npos, "report", -1, "a mark of the page has no end");
    sink(page.substr(from, mark - from));
    put(page.substr(mark + 2, end - mark - 2));
    from = end + 2;
  }
}

}  // namespace lacuna::report
