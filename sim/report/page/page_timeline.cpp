#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "report/page/packed.hpp"
#include "report/page/page_sections.hpp"

namespace lacuna::report {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostEvents = 200'000;  ///< that a page shows, the first ones
constexpr std::size_t kMostDetail = 400;      ///< characters of an event's arguments

/// An event as it is drawn, in whole units of the trace's time.
struct Span {
  std::size_t lane = 0;
  std::int64_t begin = 0;
  std::int64_t length = 0;
  std::size_t name = 0;
  std::string detail;
};

/// A counter's levels, each from its time on.
struct Counter {
  std::string name;
  std::vector<std::pair<std::int64_t, double>> levels;
};

/// "weight SRAM words" -> "weight_sram_words", as capacities are called in otherData.
std::string capacity_key(const std::string& name) {
  std::string key;
  for (const char c : name) {
    key += c == ' ' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return key;
}

/// Numbers texts by first appearance.
class Names {
 public:
  std::size_t number(const std::string& name) {
    const auto [place, added] = numbers_.emplace(name, list_.size());
    if (added) list_.push_back(name);
    return place->second;
  }
  const std::vector<std::string>& list() const { return list_; }

 private:
  std::map<std::string, std::size_t> numbers_;
  std::vector<std::string> list_;
};

using ThreadId = std::pair<std::string, std::string>;

std::string id_text(const JsonInput& event, const char* key) {
  if (!event.has(key)) return "0";
  const JsonInput id = event.at(key);
  return id.raw().is_string() ? id.text() : std::to_string(id.count());
}

std::int64_t time_of(const JsonInput& value) {
  constexpr double kMost = 9007199254740992.0;  // 2^53
  const double time = value.number();
  if (time < 0 || time > kMost) value.fail("is no time", "0 to 2^53 are allowed");
  return static_cast<std::int64_t>(time);
}

std::string detail_of(const JsonInput& event) {
  if (!event.has("args")) return "";
  const Json& arguments = event.at("args").raw();
  if (!arguments.is_object()) return "";
  std::string text;
  for (const auto& [key, value] : arguments.items()) {
    const std::string shown = value.is_string()
                                  ? value.get<std::string>()
                                  : value.dump(-1, ' ', false, Json::error_handler_t::replace);
    if (!text.empty()) text += ", ";
    text += key;
    text += ' ';
    text += shown;
    if (text.size() > kMostDetail) {
      text.resize(kMostDetail);
      return text + " ...";
    }
  }
  return text;
}

class Reader {
 public:
  void add(const JsonInput& event) {
    const std::string phase = event.at("ph").text();
    const ThreadId thread{id_text(event, "pid"), id_text(event, "tid")};
    if (phase == "M") {
      read_name(event, thread);
      return;
    }
    if (phase == "X") {
      const std::int64_t length = event.has("dur") ? time_of(event.at("dur")) : 0;
      put({lane_of(thread), time_of(event.at("ts")), length, names_.number(event.at("name").text()),
           detail_of(event)});
    } else if (phase == "C") {
      read_counter(event, thread.first);
    } else if (phase == "B") {
      open_[thread].push_back({lane_of(thread), time_of(event.at("ts")), 0,
                               names_.number(event.at("name").text()), detail_of(event)});
    } else if (phase == "E") {
      std::vector<Span>& open = open_[thread];
      if (open.empty()) event.fail("ends what has not begun");
      Span span = std::move(open.back());
      open.pop_back();
      const std::int64_t end = time_of(event.at("ts"));
      if (end < span.begin) event.at("ts").fail("is before the beginning");
      span.length = end - span.begin;
      put(std::move(span));
    }
  }

  Json section() {
    std::stable_sort(spans_.begin(), spans_.end(),
                     [](const Span& a, const Span& b) { return a.begin < b.begin; });
    std::vector<std::int64_t> lanes, begins, lengths, names, details;
    Names texts;
    for (const Span& span : spans_) {
      lanes.push_back(static_cast<std::int64_t>(span.lane));
      begins.push_back(span.begin);
      lengths.push_back(span.length);
      names.push_back(static_cast<std::int64_t>(span.name));
      details.push_back(static_cast<std::int64_t>(texts.number(span.detail)));
    }
    Json json;
    json["events"] = spans_.size();
    json["left_out"] = left_out_;
    json["levels_left_out"] = levels_left_out_;
    json["lanes"] = Json::array();
    json["of_first"] = Json::array();  // lanes of the first process, the batch
    for (const ThreadId& thread : threads_) {
      json["lanes"].push_back(lane_name(thread));
      json["of_first"].push_back(thread.first == threads_.front().first);
    }
    json["names"] = names_.list();
    json["lane"] = packed_column(lanes);
    json["begin"] = packed_column(begins, Coding::kDifferences);
    json["length"] = packed_column(lengths);
    json["name"] = packed_column(names);
    json["detail"] = packed_column(details);
    json["details"] = packed_json(texts.list());
    return json;
  }

  /// `capacity` may be null.
  Json counters(const Json& capacity) const {
    Json list = Json::array();
    for (Counter counter : counters_) {
      std::stable_sort(counter.levels.begin(), counter.levels.end(),
                       [](const auto& a, const auto& b) { return a.first < b.first; });
      std::vector<std::int64_t> times;
      std::vector<std::optional<double>> values;
      for (const auto& [time, value] : counter.levels) {
        times.push_back(time);
        values.emplace_back(value);
      }
      const std::string key = capacity_key(counter.name);
      const bool known =
          capacity.is_object() && capacity.contains(key) && capacity[key].is_number();
      list.push_back({{"name", counter.name},
                      {"capacity", known ? capacity[key] : Json(nullptr)},
                      {"cycle", packed_column(times, Coding::kDifferences)},
                      {"used", packed_reals(values)}});
    }
    return list;
  }

 private:
  /// Series of a counter are counters of their own.
  void read_counter(const JsonInput& event, const std::string& process) {
    const std::string name = event.at("name").text();
    const std::int64_t time = time_of(event.at("ts"));
    const JsonInput arguments = event.at("args");
    if (!arguments.raw().is_object()) arguments.fail("is no object");
    for (const auto& [series, value] : arguments.raw().items()) {
      const auto [place, added] =
          counter_places_.emplace(std::tuple{process, name, series}, counters_.size());
      if (added) {
        std::string own = name;
        if (arguments.raw().size() > 1) {
          own += ' ';
          own += series;
        }
        counters_.push_back({std::move(own), {}});
      }
      const double level = arguments.at(series).number();
      if (levels_ < kMostEvents) {
        counters_[place->second].levels.emplace_back(time, level);
        ++levels_;
      } else {
        ++levels_left_out_;
      }
    }
  }
  void read_name(const JsonInput& event, const ThreadId& thread) {
    if (!event.has("args") || !event.at("args").has("name")) return;
    const std::string what = event.at("name").text();
    if (what == "process_name") process_names_[thread.first] = event.at("args").at("name").text();
    if (what != "thread_name") return;
    thread_names_[thread] = event.at("args").at("name").text();
    lane_of(thread);
  }
  /// Threads of processes after the first are told apart by the process.
  std::string lane_name(const ThreadId& thread) const {
    const auto found = thread_names_.find(thread);
    const std::string name =
        found == thread_names_.end() ? "thread " + thread.second : found->second;
    const auto process = process_names_.find(thread.first);
    const bool first = thread.first == threads_.front().first;
    return first || process == process_names_.end() ? name : name + ", " + process->second;
  }
  std::size_t lane_of(const ThreadId& thread) {
    const auto [place, added] = lanes_.emplace(thread, threads_.size());
    if (added) threads_.push_back(thread);
    return place->second;
  }
  void put(Span span) {
    if (spans_.size() < kMostEvents) {
      spans_.push_back(std::move(span));
    } else {
      ++left_out_;
    }
  }

  std::vector<Counter> counters_;
  std::size_t levels_ = 0;
  std::int64_t levels_left_out_ = 0;
  std::map<std::tuple<std::string, std::string, std::string>, std::size_t> counter_places_;
  std::vector<Span> spans_;
  std::int64_t left_out_ = 0;
  Names names_;
  std::map<ThreadId, std::size_t> lanes_;
  std::vector<ThreadId> threads_;
  std::map<ThreadId, std::string> thread_names_;
  std::map<std::string, std::string> process_names_;
  std::map<ThreadId, std::vector<Span>> open_;
};

}  // namespace

Json timeline_section(const JsonInput& trace) {
  const bool bare = trace.raw().is_array();
  const JsonInput events = bare ? trace : trace.at("traceEvents");
  Reader reader;
  for (std::size_t i = 0; i < events.size(); ++i) reader.add(events.at(i));
  Json json = reader.section();
  json["counters"] =
      reader.counters(!bare && trace.has("otherData") && trace.at("otherData").has("capacity")
                          ? trace.at("otherData").at("capacity").raw()
                          : Json());
  json["about"] = Json::object();
  if (!bare && trace.has("otherData")) {
    for (const auto& [key, value] : trace.at("otherData").raw().items()) {
      if (value.is_string() || value.is_number()) json["about"][key] = value;
    }
  }
  return json;
}

}  // namespace lacuna::report
