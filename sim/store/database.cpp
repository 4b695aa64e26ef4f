#include "store/database.hpp"

#include <sqlite3.h>
#include <sys/resource.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <random>
#include <thread>
#include <utility>

#include "base/error.hpp"
#include "base/file_target.hpp"
#include "base/limits.hpp"
#include "base/printable.hpp"

namespace lacuna::store {

namespace {

/// SQLite quotes what a file holds: cut. Where a limit is the reason, that.
std::string error_text(sqlite3* handle) {
  const int error = sqlite3_system_errno(handle);
  if (error == EMFILE || error == ENFILE || error == ENOMEM) return base::system_error(error);
  constexpr std::size_t kMostBytes = 300;
  std::string text = std::string(sqlite3_errmsg(handle)).substr(0, kMostBytes);
  // Which of the system's errors it met SQLite does not keep.
  rlimit limit{};
  if ((sqlite3_errcode(handle) & 0xFF) == SQLITE_IOERR && ::getrlimit(RLIMIT_FSIZE, &limit) == 0 &&
      limit.rlim_cur != RLIM_INFINITY) {
    text += ": " + base::system_error(EFBIG);
  }
  return text;
}

constexpr std::pair<const char*, std::string Header::*> kHeaderKeys[] = {
    {"schema", &Header::schema},
    {"version", &Header::version},
    {"plan", &Header::plan},
    {"plan_sha256", &Header::plan_sha256},
    {"inputs_sha256", &Header::inputs_sha256},
    {"command", &Header::command},
    {"folder", &Header::folder}};

constexpr const char* kWal = "wal";
/// For the change from and to a log, which is of one page: a journal on the disk, left by a kill,
/// would lie beside a store that is whole.
constexpr const char* kInMemory = "memory";

/// Rows need not come in the order in which they will lie.
constexpr int kDraftCacheKib = 1 << 18;

/// Any number but 0. No result depends on it.
std::int32_t draw_life() {
  std::random_device device;
  std::int32_t life = 0;
  while (life == 0) life = static_cast<std::int32_t>(device());
  return life;
}

}  // namespace

std::unique_ptr<Database> Database::create(const std::string& path, const Header& header,
                                           const std::function<void(const Database&)>& fill) {
  NewFile file(path);
  {
    Database draft(path);
    draft.open(file.name(), SQLITE_OPEN_READWRITE);
    draft.set_journal_mode(kInMemory);
    draft.run("PRAGMA synchronous = OFF");  // until it has its name nobody misses it
    draft.run("PRAGMA cache_size = " + std::to_string(-kDraftCacheKib));
    draft.set_life(draw_life());
    draft.transaction([&] {
      draft.run("CREATE TABLE header (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID");
      for (const auto& [key, member] : kHeaderKeys) {
        const std::string& value = header.*member;
        draft.set_header_value(key, member == &Header::folder && value.empty()
                                        ? std::filesystem::current_path().string()
                                        : value);
      }
      fill(draft);
    });
  }
  std::unique_ptr<Database> database(new Database(path));
  database->lock_ = file.publish();
  database->open(path, SQLITE_OPEN_READWRITE);
  return database;
}

std::unique_ptr<Database> Database::open_to_write(const std::string& path) {
  std::unique_ptr<Database> database(new Database(path));
  database->lock_ = WriterLock::take(path);
  remove_dead_temporaries(path);
  database->open(path, SQLITE_OPEN_READWRITE);
  return database;
}

std::unique_ptr<Database> Database::open_to_read(const std::string& path) {
  std::unique_ptr<Database> database(new Database(path));
  const bool has_log = std::filesystem::exists(wal_of(path));
  const std::optional<FileHead> head = read_head(path);
  const bool in_wal_mode = has_log || (head && head->in_wal_mode);
  if (in_wal_mode && !may_write(path)) {
    // SQLite reads a log by an index beside it. A living writer's is there; else none can be made.
    if (std::filesystem::exists(real_path(path) + "-shm") && has_log) {
      database->open(path, SQLITE_OPEN_READONLY);
    } else {
      database->copy_.emplace(path);
      database->open(database->copy_->path(), SQLITE_OPEN_READWRITE);
    }
    return database;
  }
  database->open(path, SQLITE_OPEN_READWRITE);
  // A log stays as it is for its writer; one that this reader made goes with it.
  database->write_log_back_on_close(!has_log);
  return database;
}

std::unique_ptr<Database> Database::open_at_rest(const std::string& path) {
  WriterLock lock = WriterLock::keep_out(path);
  std::unique_ptr<Database> database = open_to_read(path);
  database->lock_ = std::move(lock);
  return database;
}

Database::~Database() {
  for (const auto& [sql, statement] : idle_) sqlite3_finalize(statement);
  idle_.clear();
  // Of a file that has lost its name, what has its name is not ours to touch.
  if (writing_ && lock_.is_named(path_)) {
    // Fails while somebody reads; a reader is soon done.
    constexpr int kTries = 40;
    for (int i = 0; i < kTries; ++i) {
      if (sqlite3_exec(handle_, "PRAGMA journal_mode = memory", nullptr, nullptr, nullptr) ==
          SQLITE_OK) {
        break;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }
  sqlite3_close(handle_);
}

void Database::fail(const std::string& what) const {
  throw base::InputError({path_, 0, ""}, what + ": " + error_text(handle_));
}

void Database::open(const std::string& file, int flags) {
  const std::optional<FileHead> head = read_head(file);
  if (head) check_journal(file, head->life);
  // By its whole path: SQLite takes :memory: and file:... for something else than files.
  const std::string name = real_path(file);
  if (sqlite3_open_v2(name.c_str(), &handle_, flags, nullptr) != SQLITE_OK) {
    fail("cannot be opened");
  }
  constexpr int kPatienceMs = 10'000;
  sqlite3_busy_timeout(handle_, kPatienceMs);
  // A file may come from anybody (https://sqlite.org/security.html): what it says is data, so its
  // schema runs no code, one value cannot fill the memory, and a column that it lacks is no text.
  for (const int option : {SQLITE_DBCONFIG_TRUSTED_SCHEMA, SQLITE_DBCONFIG_ENABLE_TRIGGER,
                           SQLITE_DBCONFIG_ENABLE_VIEW, SQLITE_DBCONFIG_DQS_DML}) {
    sqlite3_db_config(handle_, option, 0, nullptr);
  }
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  constexpr int kMaxValueBytes = 1 << 26;
  sqlite3_limit(handle_, SQLITE_LIMIT_LENGTH, kMaxValueBytes);
  write_log_back_on_close(false);
  if (copy_) run("PRAGMA locking_mode = EXCLUSIVE");  // nobody else: the log's index in memory
  if (head) check_log(file, head->life);
  check_tables();
}

// What is read is what was written: an expression in a column can take any time for each value.
void Database::check_tables() const {
  Statement query(*this,
                  "SELECT 1 FROM sqlite_master WHERE rootpage IS NULL OR rootpage = 0 UNION ALL "
                  "SELECT 1 FROM sqlite_master AS one, pragma_table_xinfo(one.name) AS its "
                  "WHERE one.type = 'table' AND one.rootpage <> 0 AND its.hidden <> 0 LIMIT 1");
  if (!query.step()) return;
  throw base::InputError({path_, 0, ""}, "holds a view, a trigger or computed columns",
                         "a store as the program wrote it");
}

void Database::write_log_back_on_close(bool asked) const {
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, asked ? 0 : 1, nullptr);
}

// SQLite reads any log that lies there under the right name. Every transaction writes the life of
// its store into the log, so what is read through it tells whose it is.
void Database::check_log(const std::string& file, std::int32_t life) const {
  if (!std::filesystem::exists(wal_of(file))) return;
  if (this->life() == life) return;
  throw base::InputError({wal_of(path_), 0, ""}, "is the log of another store that had this name",
                         "move it to that store, or remove it");
}

std::int32_t Database::life() const {
  Statement query(*this, "PRAGMA user_version");
  return query.step() ? static_cast<std::int32_t>(query.integer(0)) : 0;
}

void Database::set_life(std::int32_t life) const {
  run("PRAGMA user_version = " + std::to_string(life));
}

std::string Database::set_journal_mode(const std::string& mode) const {
  Statement query(*this, "PRAGMA journal_mode" + (mode.empty() ? "" : " = " + mode));
  std::string now;
  while (query.step()) now = query.text(0);
  return now;
}

void Database::begin_writing() {
  writing_ = true;
  write_log_back_on_close(true);
  life_ = life();
  if (set_journal_mode("") != kWal) {
    set_journal_mode(kInMemory);
    if (life_ == 0) set_life(life_ = draw_life());
    // A file system without shared memory has no such log: readers wait there.
    if (set_journal_mode(kWal) != kWal) set_journal_mode("delete");
  }
}

void Database::run(const std::string& sql) const {
  if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    fail("cannot be written");
  }
}

std::string Database::header_value(const std::string& key) const {
  Statement query(*this, "SELECT value FROM header WHERE key = ?");
  query.bind(key);
  return query.step() ? query.text(0) : std::string();
}

void Database::set_header_value(const std::string& key, const std::string& value) const {
  Statement(*this, "INSERT INTO header VALUES (?, ?)").bind(key).bind(value).step();
}

Header Database::header(const std::string& schema) const {
  Header header;
  for (const auto& [key, member] : kHeaderKeys) header.*member = header_value(key);
  if (header.schema == schema) return header;
  constexpr std::size_t kLongest = 40;
  const bool is_name = header.schema.size() < kLongest &&
                       header.schema.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789./") ==
                           std::string::npos;
  throw base::InputError({path_, 0, "schema"},
                         is_name ? "is '" + header.schema + "'" : "is none of this program's",
                         schema + " is read");
}

bool Database::has_table(const std::string& name) const {
  Statement query(*this, "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?");
  return query.bind(name).step();
}

std::set<std::string> Database::columns_of(const std::string& table) const {
  std::set<std::string> names;
  Statement query(*this, "SELECT name FROM pragma_table_info(?)");
  query.bind(table);
  while (query.step()) names.insert(query.text(0));
  return names;
}

void Database::transaction(const std::function<void()>& work) const {
  if (lock_ && !lock_.is_named(path_)) {
    throw base::InputError({path_, 0, ""}, "was removed, moved or replaced while it was written",
                           "the store and its -wal under their names, and 'resume'");
  }
  run("BEGIN IMMEDIATE");
  try {
    work();
    if (life_ != 0) set_life(life_);
    run("COMMIT");
  } catch (...) {
    sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
    throw;
  }
}

Statement::Statement(const Database& database, std::string sql)
    : database_(database), sql_(std::move(sql)) {
  if (const auto idle = database.idle_.find(sql_); idle != database.idle_.end()) {
    handle_ = idle->second;
    database.idle_.erase(idle);
  } else if (sqlite3_prepare_v2(database.handle(), sql_.c_str(), -1, &handle_, nullptr) !=
             SQLITE_OK) {
    fail("is not a store of this program");
  }
}

Statement::~Statement() {
  sqlite3_reset(handle_);  // says again what step() has said
  sqlite3_clear_bindings(handle_);
  constexpr std::size_t kMostIdle = 64;
  if (database_.idle_.size() >= kMostIdle || !database_.idle_.emplace(sql_, handle_).second) {
    sqlite3_finalize(handle_);
  }
}

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
  if (base::has_control(name)) {
    throw base::InputError({path(), 0, this->column(column)}, "holds control characters");
  }
  return name;
}

}  // namespace lacuna::store
