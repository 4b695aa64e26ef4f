#include "campaign/store.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>

#include "base/error.hpp"
#include "engine/version.hpp"

namespace lacuna::campaign {
namespace {

constexpr const char* kSchema = "lacuna.campaign/1";

constexpr const char* kTables = R"(
CREATE TABLE header (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE golden (
  machine INTEGER NOT NULL, model INTEGER NOT NULL, machine_name TEXT NOT NULL,
  model_name TEXT NOT NULL, correct INTEGER NOT NULL, cycles INTEGER NOT NULL,
  logits_sha256 TEXT NOT NULL, PRIMARY KEY (machine, model)) WITHOUT ROWID;
CREATE TABLE trials (
  trial INTEGER PRIMARY KEY, machine INTEGER NOT NULL, model INTEGER NOT NULL,
  kind TEXT NOT NULL, rate REAL NOT NULL, map_seed INTEGER NOT NULL, status TEXT NOT NULL,
  armed INTEGER NOT NULL, fired INTEGER NOT NULL, correct INTEGER NOT NULL,
  masked INTEGER NOT NULL, benign INTEGER NOT NULL, sdc INTEGER NOT NULL,
  cycles INTEGER NOT NULL, logits_sha256 TEXT NOT NULL);
)";

}  // namespace

/// The connection, and with it the right to write.
struct Store::Database {
  Database() = default;
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database() {
    sqlite3_close(handle);
    if (lock >= 0) ::close(lock);
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw base::InputError(
        {path, 0, ""},
        what + ": " + (handle != nullptr ? sqlite3_errmsg(handle) : std::strerror(errno)));
  }
  void open(int flags) {
    if (sqlite3_open_v2(path.c_str(), &handle, flags, nullptr) != SQLITE_OK) {
      fail("cannot be opened");
    }
    constexpr int kPatienceMs = 10'000;
    sqlite3_busy_timeout(handle, kPatienceMs);
  }
  void run(const char* sql) {
    if (sqlite3_exec(handle, sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
      fail("cannot be written");
    }
  }
  // One writer: a lock that the system drops when its holder dies, however it dies.
  void take_lock() {
    lock = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (lock < 0) fail("cannot be written");
    constexpr int kTries = 20;  // workers of a killed writer take a moment to follow it
    for (int i = 0; ::flock(lock, LOCK_EX | LOCK_NB) != 0; ++i) {
      if (i == kTries) {
        throw base::InputError({path, 0, ""}, "another process is writing this campaign",
                               "one writer at a time");
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }

  std::string path;
  sqlite3* handle = nullptr;
  int lock = -1;
};

namespace {

/// A prepared statement.
class Statement {
 public:
  Statement(sqlite3* database, const std::string& path, const char* sql)
      : database_(database), path_(path) {
    if (sqlite3_prepare_v2(database, sql, -1, &handle_, nullptr) != SQLITE_OK) {
      fail("is not a campaign of this program");
    }
  }
  ~Statement() { sqlite3_finalize(handle_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& bind(std::int64_t value) {
    sqlite3_bind_int64(handle_, ++bound_, value);
    return *this;
  }
  Statement& bind(double value) {
    sqlite3_bind_double(handle_, ++bound_, value);
    return *this;
  }
  Statement& bind(const std::string& value) {
    sqlite3_bind_text(handle_, ++bound_, value.c_str(), static_cast<int>(value.size()),
                      SQLITE_TRANSIENT);
    return *this;
  }
  /// True while there are rows.
  bool step() {
    const int code = sqlite3_step(handle_);
    if (code == SQLITE_ROW) return true;
    if (code != SQLITE_DONE) fail("cannot be read or written");
    sqlite3_reset(handle_);
    bound_ = 0;
    return false;
  }
  std::int64_t integer(int column) const { return sqlite3_column_int64(handle_, column); }
  std::string text(int column) const {
    const unsigned char* text = sqlite3_column_text(handle_, column);
    return text == nullptr ? "" : reinterpret_cast<const char*>(text);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw base::InputError({path_, 0, ""}, what + ": " + sqlite3_errmsg(database_));
  }

  sqlite3* database_;
  std::string path_;
  sqlite3_stmt* handle_ = nullptr;
  int bound_ = 0;
};

TrialStatus status_of(const std::string& name) {
  for (const auto status : {TrialStatus::kCrashed, TrialStatus::kTimedOut}) {
    if (name == trial_status_name(status)) return status;
  }
  return TrialStatus::kDone;
}

}  // namespace

Store::Store(std::unique_ptr<Database> database) : database_(std::move(database)) {}
Store::Store(Store&& other) noexcept = default;
Store::~Store() = default;

void Store::write_header(const Database& database, const TrialRunner& runner) {
  const Plan& plan = runner.plan();
  Statement header(database.handle, database.path, "INSERT INTO header VALUES (?, ?)");
  const std::pair<const char*, std::string> rows[] = {{"schema", kSchema},
                                                      {"version", engine::kVersion},
                                                      {"plan", plan.text},
                                                      {"plan_sha256", plan.sha256},
                                                      {"inputs_sha256", runner.inputs_sha256()}};
  for (const auto& [key, value] : rows) header.bind(std::string(key)).bind(value).step();
  Statement golden(database.handle, database.path,
                   "INSERT INTO golden VALUES (?, ?, ?, ?, ?, ?, ?)");
  for (std::size_t machine = 0; machine < plan.machines.size(); ++machine) {
    for (std::size_t model = 0; model < plan.models.size(); ++model) {
      const TrialOutcome& outcome = runner.golden(machine, model).outcome;
      golden.bind(static_cast<std::int64_t>(machine))
          .bind(static_cast<std::int64_t>(model))
          .bind(runner.machine_name(machine))
          .bind(runner.model_name(model))
          .bind(outcome.correct)
          .bind(outcome.cycles)
          .bind(outcome.logits_sha256)
          .step();
    }
  }
}

Store Store::create(const std::string& path, const TrialRunner& runner) {
  if (std::filesystem::exists(path)) {
    throw base::InputError({path, 0, ""}, "exists already",
                           "'campaign resume' goes on with a campaign; a new one needs a new name");
  }
  // Written under another name first: a file of that name is a campaign from its first moment on.
  const std::string temporary = path + ".tmp." + std::to_string(::getpid());
  std::filesystem::remove(temporary);
  try {
    auto database = std::make_unique<Database>();
    database->path = temporary;
    database->open(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    database->run("BEGIN IMMEDIATE");
    database->run(kTables);
    write_header(*database, runner);
    database->run("COMMIT");
    database.reset();
    std::filesystem::rename(temporary, path);
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(temporary, ignored);
    throw;
  }
  return open_to_write(path);
}

Store Store::open_to_write(const std::string& path) {
  auto database = std::make_unique<Database>();
  database->path = path;
  if (!std::filesystem::is_regular_file(path)) database->fail("is no campaign");
  database->take_lock();
  database->open(SQLITE_OPEN_READWRITE);
  Store store(std::move(database));
  store.read_header();
  store.database_->run("PRAGMA journal_mode = WAL");
  return store;
}

Store Store::open_to_read(const std::string& path) {
  auto database = std::make_unique<Database>();
  database->path = path;
  if (!std::filesystem::is_regular_file(path)) database->fail("is no campaign");
  database->open(SQLITE_OPEN_READWRITE);  // a reader of a WAL file takes part in its index
  Store store(std::move(database));
  store.read_header();
  return store;
}

void Store::read_header() {
  const auto value = [&](const std::string& key) {
    Statement query(database_->handle, database_->path, "SELECT value FROM header WHERE key = ?");
    query.bind(key);
    return query.step() ? query.text(0) : std::string();
  };
  const std::string schema = value("schema");
  if (schema != kSchema) {
    throw base::InputError({database_->path, 0, "schema"}, "is '" + schema + "'",
                           std::string(kSchema) + " is read");
  }
  plan_ = parse_plan(database_->path + " (plan)", value("plan"));
  inputs_sha256_ = value("inputs_sha256");
  version_ = value("version");
}

void Store::record(const Plan& plan, const std::vector<NumberedOutcome>& outcomes) {
  if (outcomes.empty()) return;
  database_->run("BEGIN IMMEDIATE");
  try {
    Statement insert(database_->handle, database_->path,
                     "INSERT INTO trials VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    for (const auto& [number, outcome] : outcomes) {
      const Trial trial = trial_of(plan, number);
      insert.bind(number)
          .bind(static_cast<std::int64_t>(trial.machine))
          .bind(static_cast<std::int64_t>(trial.model))
          .bind(std::string(memory::fault_kind_name(trial.kind)))
          .bind(trial.rate)
          .bind(static_cast<std::int64_t>(trial.map_seed))
          .bind(std::string(trial_status_name(outcome.status)))
          .bind(outcome.armed)
          .bind(outcome.fired)
          .bind(outcome.correct)
          .bind(outcome.masked)
          .bind(outcome.benign)
          .bind(outcome.sdc)
          .bind(outcome.cycles)
          .bind(outcome.logits_sha256)
          .step();
    }
    database_->run("COMMIT");
  } catch (...) {
    sqlite3_exec(database_->handle, "ROLLBACK", nullptr, nullptr, nullptr);
    throw;
  }
}

std::vector<bool> Store::recorded() const {
  std::vector<bool> done(static_cast<std::size_t>(trial_count(plan_)));
  Statement query(database_->handle, database_->path, "SELECT trial FROM trials");
  while (query.step()) {
    const std::int64_t trial = query.integer(0);
    if (trial < 0 || trial >= trial_count(plan_)) {
      throw base::InputError({database_->path, 0, "trials"},
                             "trial " + std::to_string(trial) + " is not of this campaign");
    }
    done[static_cast<std::size_t>(trial)] = true;
  }
  return done;
}

std::vector<NumberedOutcome> Store::outcomes() const {
  std::vector<NumberedOutcome> rows;
  Statement query(database_->handle, database_->path,
                  "SELECT trial, status, armed, fired, correct, masked, benign, sdc, cycles, "
                  "logits_sha256 FROM trials ORDER BY trial");
  while (query.step()) {
    TrialOutcome outcome;
    outcome.status = status_of(query.text(1));
    outcome.armed = query.integer(2);
    outcome.fired = query.integer(3);
    outcome.correct = query.integer(4);
    outcome.masked = query.integer(5);
    outcome.benign = query.integer(6);
    outcome.sdc = query.integer(7);
    outcome.cycles = query.integer(8);
    outcome.logits_sha256 = query.text(9);
    rows.emplace_back(query.integer(0), std::move(outcome));
  }
  return rows;
}

std::vector<Store::GoldenRow> Store::golden() const {
  std::vector<GoldenRow> rows;
  Statement query(database_->handle, database_->path,
                  "SELECT machine_name, model_name, correct, cycles, logits_sha256 FROM golden "
                  "ORDER BY machine, model");
  while (query.step()) {
    GoldenRow row;
    row.machine = query.text(0);
    row.model = query.text(1);
    row.outcome.correct = query.integer(2);
    row.outcome.cycles = query.integer(3);
    row.outcome.logits_sha256 = query.text(4);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace lacuna::campaign
