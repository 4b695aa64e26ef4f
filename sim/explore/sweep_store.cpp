#include "explore/sweep_store.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <exception>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>
#include <thread>

#include "base/error.hpp"
#include "base/limits.hpp"
#include "run/version.hpp"

namespace lacuna::explore {
namespace {

constexpr const char* kSchema = "lacuna.sweep/2";

using store::Database;
using store::Statement;

constexpr const char* kPoints = "points";
/// Of shards: the points that it is to hold.
constexpr const char* kWantedTable = "CREATE TABLE wanted (point INTEGER PRIMARY KEY)";

std::string quoted(const Column& column) { return std::string("\"") + column.key + "\""; }

std::string faults_text(const std::vector<FaultFigures>& faults) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const FaultFigures& f : faults) list.push_back(faults_json(f));
  return list.dump();
}

FaultMean read_mean(const nlohmann::ordered_json& item) {
  return {item.at("mean").get<double>(), item.at("sd").get<double>(),
          item.at("lower").get<double>(), item.at("upper").get<double>()};
}

std::vector<FaultFigures> read_faults(const std::string& text, const std::string& path) {
  std::vector<FaultFigures> faults;
  try {
    for (const auto& item : nlohmann::ordered_json::parse(text)) {
      FaultFigures f;
      f.measure = item.at("measure").get<std::string>();
      f.value = item.at("value").get<double>();
      f.maps = item.at("maps").get<std::int64_t>();
      if (item.contains("mean")) f.top1 = read_mean(item);
      if (item.contains("agreement")) f.agreement = read_mean(item.at("agreement"));
      if (item.contains("rmse")) f.rmse = read_mean(item.at("rmse"));
      if (item.contains("sqnr_db")) f.sqnr_db = item.at("sqnr_db").get<double>();
      faults.push_back(std::move(f));
    }
  } catch (const nlohmann::ordered_json::exception& error) {
    throw base::InputError({path, 0, "points.faults"}, error.what());
  }
  return faults;
}

}  // namespace

nlohmann::ordered_json faults_json(const FaultFigures& f) {
  nlohmann::ordered_json json = {{"measure", f.measure}, {"value", f.value}, {"maps", f.maps}};
  const auto put = [](nlohmann::ordered_json& place, const FaultMean& own) {
    place["mean"] = own.mean;
    place["sd"] = own.deviation;
    place["lower"] = own.lower;
    place["upper"] = own.upper;
  };
  if (f.top1) put(json, *f.top1);
  if (f.agreement) put(json["agreement"], *f.agreement);
  if (f.rmse) put(json["rmse"], *f.rmse);
  if (f.sqnr_db) json["sqnr_db"] = *f.sqnr_db;
  return json;
}

SweepStore::SweepStore(std::unique_ptr<Database> database)
    : database_(std::move(database)),
      header_(database_->header(kSchema)),
      plan_(parse_sweep(database_->path() + " (plan)", header_.plan)) {
  note_named(plan_, header_.folder);
  Statement count(*database_, "SELECT CAST(value AS INTEGER) FROM header WHERE key = 'points'");
  points_of_all_ = count.step() ? count.integer(0) : 0;
  points_ = points_of_all_;
  read_shard();
}

void SweepStore::read_shard() {
  const std::string text = database_->header_value("shard");
  if (text.empty()) return;
  shard_ = store::parse_shard(text);
  if (!shard_) {
    throw base::InputError({path(), 0, "shard"}, "is none", "a store as the program wrote it");
  }
  points_ = static_cast<std::int64_t>(wanted().size());
}

void SweepStore::expect_whole() const {
  if (!shard_) return;
  throw base::InputError({path(), 0, "shard"},
                         "is shard " + shard_->text() + " of a sweep, not all of it",
                         "what 'lacuna sweep merge' makes of its shards");
}

void SweepStore::expect_same_sweep(const SweepStore& other) const {
  const auto differs = [&](const char* key, const std::string& what) {
    throw base::InputError({path(), 0, key}, what + " " + other.path(),
                           "stores of one sweep, one version of the program and the same files");
  };
  if (header_.plan_sha256 != other.header_.plan_sha256) differs("plan", "is not that of");
  if (header_.version != other.header_.version) {
    differs("version", "is " + header_.version + ", and " + other.header_.version + " is that of");
  }
  if (header_.inputs_sha256 != other.header_.inputs_sha256) {
    differs("inputs_sha256", "machines, networks, workloads or data files are not those of");
  }
  if (points_of_all_ != other.points_of_all_) differs("points", "are not as many as in");
}

void SweepStore::expect_all_columns() const {
  const std::set<std::string> own = database_->columns_of(kPoints);
  for (const Column& column : columns()) {
    if (own.count(column.key) != 0) continue;
    throw base::InputError(
        {path(), 0, column.key},
        "is not measured by version " + program_version() + ", which began the sweep",
        "a new store, or that version");
  }
}

SweepStore SweepStore::create(const std::string& path, const store::Header& header,
                              std::int64_t points,
                              const std::function<void(const Database&)>& fill) {
  SweepStore store(Database::create(path, header, [&](const Database& database) {
    database.set_header_value("points", std::to_string(points));
    std::string figures;
    for (const Column& column : columns()) figures += ", " + quoted(column) + " REAL";
    database.run(
        "CREATE TABLE points (point INTEGER PRIMARY KEY, status TEXT NOT NULL, "
        "reason TEXT NOT NULL, faults TEXT NOT NULL" +
        figures + ")");
    fill(database);
  }));
  store.database_->begin_writing();
  return store;
}

SweepStore SweepStore::create(const std::string& path, const SweepRunner& runner,
                              const std::string& command,
                              const std::optional<store::Shard>& shard) {
  const SweepPlan& plan = runner.plan();
  const store::Header header{
      kSchema, run::kVersion, plan.text, plan.sha256, runner.inputs_sha256(), command, ""};
  const auto points = static_cast<std::int64_t>(runner.points().size());
  return create(path, header, points, [&](const Database& database) {
    if (!shard) return;
    database.set_header_value("shard", shard->text());
    database.run(kWantedTable);
    Statement wanted(database, "INSERT INTO wanted VALUES (?)");
    for (const std::int64_t point : runner.points()) {
      if (shard->holds(point)) wanted.bind(point).step();
    }
  });
}

SweepStore SweepStore::create_of(const std::vector<std::string>& files, const std::string& path,
                                 const SweepStore& like, const std::string& command) {
  store::Header header = like.header_;
  header.command = command;
  return create(path, header, like.points_of_all_, [&](const Database& database) {
    std::int64_t copied = 0;
    for (const std::string& file : files) {
      const SweepStore from = open_at_rest(file);
      from.expect_same_sweep(like);
      std::vector<Row> rows;
      for (SweepRow& row : from.rows()) rows.emplace_back(row.point.number, std::move(row.result));
      insert(database, rows);
      copied += static_cast<std::int64_t>(rows.size());
    }
    if (copied == like.points_of_all_) return;
    throw base::InputError({path, 0, "merge"},
                           "a store has changed while it was read: " + std::to_string(copied) +
                               " points instead of " + std::to_string(like.points_of_all_),
                           "stores that nobody writes");
  });
}

SweepStore SweepStore::open_to_write(const std::string& path) {
  SweepStore store(Database::open_to_write(path));
  store.expect_all_columns();
  store.rows();  // what it holds is counted on, so it is checked first
  store.database_->begin_writing();
  return store;
}

SweepStore SweepStore::open_to_read(const std::string& path) {
  return SweepStore(Database::open_to_read(path));
}

SweepStore SweepStore::open_at_rest(const std::string& path) {
  SweepStore store(Database::open_at_rest(path));
  store.expect_all_columns();
  return store;
}

void SweepStore::record(const std::vector<Row>& rows) {
  if (rows.empty()) return;
  database_->transaction([&] { insert(*database_, rows); });
}

void SweepStore::insert(const Database& database, const std::vector<Row>& rows) {
  std::string figures;
  std::string marks;
  for (const Column& column : columns()) {
    figures += ", " + quoted(column);
    marks += ", ?";
  }
  Statement insert(database, "INSERT INTO points (point, status, reason, faults" + figures +
                                 ") VALUES (?, ?, ?, ?" + marks + ")");
  for (const auto& [number, result] : rows) {
    insert.bind(number)
        .bind(std::string(result.mapped ? "done" : "unmappable"))
        .bind(result.reason)
        .bind(faults_text(result.faults));
    for (const std::optional<double>& value : result.values) {
      value ? insert.bind(*value) : insert.bind_null();
    }
    insert.step();
  }
}

std::vector<std::int64_t> SweepStore::wanted() const {
  std::vector<std::int64_t> numbers;
  if (!shard_) return numbers;
  Statement query(*database_, "SELECT point FROM wanted ORDER BY point");
  while (query.step()) {
    const std::int64_t number = query.integer(0);
    if (number < 0 || number >= point_count(plan_) || !shard_->holds(number) ||
        (!numbers.empty() && number <= numbers.back())) {
      throw base::InputError({path(), 0, "wanted"},
                             "point " + std::to_string(number) + " is not of this shard",
                             "a store as the program wrote it");
    }
    numbers.push_back(number);
  }
  return numbers;
}

std::vector<std::int64_t> SweepStore::recorded() const {
  std::vector<std::int64_t> numbers;
  Statement query(*database_, "SELECT point FROM points ORDER BY point");
  while (query.step()) numbers.push_back(query.integer(0));
  return numbers;
}

std::vector<SweepRow> SweepStore::rows() const {
  std::vector<SweepRow> rows;
  std::string figures;
  const std::set<std::string> own = database_->columns_of(kPoints);
  for (const Column& column : columns()) {
    // Earlier versions measured less.
    figures += ", " + (own.count(column.key) != 0 ? quoted(column) : "NULL");
  }
  Statement query(*database_,
                  "SELECT point, status, reason, faults" + figures + " FROM points ORDER BY point");
  while (query.step()) {
    SweepRow row;
    const std::int64_t number = query.integer(0);
    if (!rows.empty() && number <= rows.back().point.number) {
      throw base::InputError({database_->path(), 0, "points"},
                             "point " + std::to_string(number) + " stands there twice");
    }
    if (number < 0 || number >= point_count(plan_) || (shard_ && !shard_->holds(number))) {
      throw base::InputError({database_->path(), 0, "points"},
                             "point " + std::to_string(number) + " is not of this sweep");
    }
    row.point = point_of(plan_, number);
    const std::string status = query.name(1);
    if (status != "done" && status != "unmappable") {
      throw base::InputError({database_->path(), 0, "points.status"},
                             "'" + status.substr(0, 40) + "'", "done and unmappable are allowed");
    }
    row.result.mapped = status == "done";
    row.result.reason = query.name(2);
    row.result.faults = read_faults(query.text(3), database_->path());
    const std::size_t settings =
        plan_.faults ? plan_.faults->rates.size() + plan_.faults->cells.size() : 0;
    if (!row.result.faults.empty() && row.result.faults.size() != settings) {
      throw base::InputError({database_->path(), 0, "points.faults"},
                             "has " + std::to_string(row.result.faults.size()) + " entries",
                             "the plan asks for " + std::to_string(settings));
    }
    for (std::size_t i = 0; i < columns().size(); ++i) {
      const int column = static_cast<int>(i) + 4;
      row.result.values.push_back(
          query.is_null(column) ? std::nullopt : std::optional<double>(query.real(column)));
      if (!std::isfinite(row.result.values.back().value_or(0))) {
        throw base::InputError({database_->path(), 0, "points." + query.column(column)},
                               "is infinite");
      }
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

SweepProgress run_sweep(const SweepRunner& runner, SweepStore& store, int threads,
                        const std::function<void(const SweepProgress&)>& callback,
                        const std::function<bool()>& stop) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point began = Clock::now();
  const std::vector<std::int64_t> recorded = store.recorded();
  const std::vector<std::int64_t> wanted = store.shard() ? store.wanted() : runner.points();
  std::vector<std::int64_t> left;
  std::set_difference(wanted.begin(), wanted.end(), recorded.begin(), recorded.end(),
                      std::back_inserter(left));
  SweepProgress progress;
  progress.total = static_cast<std::int64_t>(wanted.size());
  progress.done = progress.total - static_cast<std::int64_t>(left.size());
  std::atomic<std::size_t> next{0};
  std::atomic<bool> given_up{false};
  std::mutex mutex;
  std::exception_ptr failure;
  const auto give_up = [&] {
    const std::lock_guard<std::mutex> lock(mutex);
    if (!failure) failure = std::current_exception();
    given_up = true;
  };
  const auto asked = [&] { return given_up || (stop && stop()); };
  const auto work = [&] {
    try {
      for (std::size_t i = next++; i < left.size(); i = next++) {
        std::optional<PointResult> result = runner.run(left[i], asked);
        const std::lock_guard<std::mutex> lock(mutex);
        if (!result) progress.stopped = true;
        if (failure || !result) return;
        store.record({{left[i], *std::move(result)}});
        ++progress.done;
        ++progress.now;
        progress.seconds = std::chrono::duration<double>(Clock::now() - began).count();
        if (callback) callback(progress);
      }
    } catch (...) {
      give_up();
    }
  };
  std::vector<std::thread> pool;
  const auto count = std::min(static_cast<std::size_t>(std::max(1, threads)), left.size());
  pool.reserve(count);
  try {
    for (std::size_t i = 0; i < count; ++i) {
      try {
        pool.emplace_back(work);
      } catch (const std::system_error& error) {
        throw base::InputError(
            {"", 0, "threads"},
            "thread " + std::to_string(i + 1) + " of " + std::to_string(count) +
                " cannot be started: " + base::system_error(error.code().value()),
            "a higher limit or fewer threads; the same command goes on");
      }
    }
  } catch (...) {
    give_up();
  }
  for (std::thread& thread : pool) thread.join();
  if (failure) std::rethrow_exception(failure);
  return progress;
}

}  // namespace lacuna::explore
