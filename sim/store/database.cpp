#include "store/database.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>
#include <utility>

#include "base/error.hpp"
#include "base/temporary.hpp"

namespace lacuna::store {

namespace {

bool is_control(char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }

/// SQLite quotes what a file holds: on one line and cut.
std::string error_text(sqlite3* handle) {
  constexpr std::size_t kMostBytes = 300;
  std::string text = std::string(sqlite3_errmsg(handle)).substr(0, kMostBytes);
  std::replace_if(text.begin(), text.end(), is_control, ' ');
  return text;
}

}  // namespace

void Database::create(const std::string& path, const std::function<void(const Database&)>& fill) {
  if (std::filesystem::exists(path)) {
    throw base::InputError({path, 0, ""}, "exists already",
                           "'resume' goes on with it; a new one needs a new name");
  }
  const std::string temporary = path + ".tmp." + std::to_string(::getpid());
  std::filesystem::remove(temporary);
  const base::TemporaryName journal(temporary + "-journal");  // SQLite's, while it writes
  base::TemporaryName file(temporary);
  {
    Database database(temporary);
    database.open(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    database.transaction([&] { fill(database); });
  }
  std::filesystem::rename(temporary, path);
  file.forget();
}

std::unique_ptr<Database> Database::open_to_write(const std::string& path) {
  std::unique_ptr<Database> database(new Database(path));
  if (!std::filesystem::is_regular_file(path)) database->fail("is no store");
  database->take_lock();
  database->open(SQLITE_OPEN_READWRITE);
  return database;
}

std::unique_ptr<Database> Database::open_to_read(const std::string& path) {
  std::unique_ptr<Database> database(new Database(path));
  if (!std::filesystem::is_regular_file(path)) database->fail("is no store");
  database->open(SQLITE_OPEN_READWRITE);  // a reader of a WAL file takes part in its index
  return database;
}

Database::~Database() {
  sqlite3_close(handle_);
  if (lock_ >= 0) ::close(lock_);
}

void Database::fail(const std::string& what) const {
  throw base::InputError(
      {path_, 0, ""},
      what + ": " + (handle_ != nullptr ? error_text(handle_) : std::strerror(errno)));
}

void Database::open(int flags) {
  if (sqlite3_open_v2(path_.c_str(), &handle_, flags, nullptr) != SQLITE_OK) {
    fail("cannot be opened");
  }
  constexpr int kPatienceMs = 10'000;
  sqlite3_busy_timeout(handle_, kPatienceMs);
  // A file may come from anybody (https://sqlite.org/security.html): what it says is data, so its
  // schema runs no code, and one value cannot fill the memory.
  for (const int option : {SQLITE_DBCONFIG_TRUSTED_SCHEMA, SQLITE_DBCONFIG_ENABLE_TRIGGER,
                           SQLITE_DBCONFIG_ENABLE_VIEW}) {
    sqlite3_db_config(handle_, option, 0, nullptr);
  }
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  constexpr int kMaxValueBytes = 1 << 26;
  sqlite3_limit(handle_, SQLITE_LIMIT_LENGTH, kMaxValueBytes);
}

void Database::run(const char* sql) const {
  if (sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail("cannot be written");
}

std::string Database::header(const std::string& key) const {
  Statement query(*this, "SELECT value FROM header WHERE key = ?");
  query.bind(key);
  return query.step() ? query.text(0) : std::string();
}

void Database::expect_schema(const std::string& schema) const {
  const std::string found = header("schema");
  if (found == schema) return;
  constexpr std::size_t kLongest = 40;
  const bool is_name =
      found.size() < kLongest &&
      found.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789./") == std::string::npos;
  throw base::InputError({path_, 0, "schema"},
                         is_name ? "is '" + found + "'" : "is none of this program's",
                         schema + " is read");
}

void Database::transaction(const std::function<void()>& work) const {
  run("BEGIN IMMEDIATE");
  try {
    work();
    run("COMMIT");
  } catch (...) {
    sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
    throw;
  }
}

// A lock that the system drops when its holder dies, however it dies.
void Database::take_lock() {
  lock_ = ::open(path_.c_str(), O_RDWR | O_CLOEXEC);
  if (lock_ < 0) fail("cannot be written");
  constexpr int kTries = 20;  // workers of a killed writer take a moment to follow it
  for (int i = 0; ::flock(lock_, LOCK_EX | LOCK_NB) != 0; ++i) {
    if (i == kTries) {
      throw base::InputError({path_, 0, ""}, "another process is writing it",
                             "one writer at a time");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

Statement::Statement(const Database& database, const std::string& sql) : database_(database) {
  if (sqlite3_prepare_v2(database.handle(), sql.c_str(), -1, &handle_, nullptr) != SQLITE_OK) {
    fail("is not a store of this program");
  }
}

Statement::~Statement() { sqlite3_finalize(handle_); }

void Statement::fail(const std::string& what) const {
  throw base::InputError({database_.path(), 0, ""}, what + ": " + error_text(database_.handle()));
}

Statement& Statement::bind(std::int64_t value) {
  sqlite3_bind_int64(handle_, ++bound_, value);
  return *this;
}

Statement& Statement::bind(double value) {
  sqlite3_bind_double(handle_, ++bound_, value);
  return *this;
}

Statement& Statement::bind(const std::string& value) {
  sqlite3_bind_text(handle_, ++bound_, value.c_str(), static_cast<int>(value.size()),
                    SQLITE_TRANSIENT);
  return *this;
}

Statement& Statement::bind_null() {
  sqlite3_bind_null(handle_, ++bound_);
  return *this;
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}

bool Statement::step() {
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) fail("cannot be read or written");
  sqlite3_reset(handle_);
  bound_ = 0;
  return false;
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(handle_, column); }

double Statement::real(int column) const { return sqlite3_column_double(handle_, column); }

std::string Statement::text(int column) const {
  const unsigned char* text = sqlite3_column_text(handle_, column);
  return text == nullptr ? "" : reinterpret_cast<const char*>(text);
}

std::string Statement::column(int column) const {
  const char* name = sqlite3_column_name(handle_, column);
  return name == nullptr ? "" : name;
}

std::string Statement::name(int column) const {
  std::string name = text(column);
  if (std::any_of(name.begin(), name.end(), is_control)) {
    throw base::InputError({path(), 0, this->column(column)}, "holds control characters");
  }
  return name;
}

}  // namespace lacuna::store
