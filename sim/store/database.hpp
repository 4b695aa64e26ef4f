// SQLite files as stores: one writer, readers beside it, errors that name the file.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

#include "store/store_file.hpp"

// The library's own types, so that its header stays in this room.
struct sqlite3;
struct sqlite3_stmt;

namespace lacuna::store {

/// What a store says of itself in its table `header`.
struct Header {
  std::string schema;
  std::string version;  ///< of the program that began it
  std::string plan;     ///< as read
  std::string plan_sha256;
  std::string inputs_sha256;
  std::string command;  ///< that began it
  std::string folder;   ///< in which it was begun; of a new one without: the one that is current
};

/// A connection, and with it the right to write where it was asked for. Throws base::InputError
/// naming the file.
class Database {
 public:
  /// A new file with `header` and what `fill` writes, open to write. A file of that name is a whole
  /// store from its first moment on, and never takes the place of another one; where `fill` throws
  /// or the program is killed there is none.
  static std::unique_ptr<Database> create(const std::string& path, const Header& header,
                                          const std::function<void(const Database&)>& fill);
  /// An existing file, to write; another writer is an error.
  static std::unique_ptr<Database> open_to_write(const std::string& path);
  /// An existing file, to look at; also while it is written, and where nothing can be written. It
  /// is left as it is.
  static std::unique_ptr<Database> open_to_read(const std::string& path);
  /// The same of one that nobody writes as long as this is open; a writer is an error.
  static std::unique_ptr<Database> open_at_rest(const std::string& path);

  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  /// Writes the log back into the file, which then is all of the store; where somebody reads it at
  /// this moment the log stays beside it.
  ~Database();

  const std::string& path() const { return path_; }
  sqlite3* handle() const { return handle_; }
  /// After all checks of a file that is open to write: from here on it has a log (WAL), so that
  /// readers do not wait.
  void begin_writing();
  void run(const std::string& sql) const;
  /// Of a store with this schema; throws where the file has another.
  Header header(const std::string& schema) const;
  std::string header_value(const std::string& key) const;  ///< "" where there is none
  void set_header_value(const std::string& key, const std::string& value) const;
  bool has_table(const std::string& name) const;
  /// Names of a table's columns.
  std::set<std::string> columns_of(const std::string& table) const;
  /// `work` as one transaction: all of it, or nothing where it throws.
  void transaction(const std::function<void()>& work) const;

 private:
  explicit Database(std::string path) : path_(std::move(path)) {}
  [[noreturn]] void fail(const std::string& what) const;
  void open(const std::string& file, int flags);
  void check_log(const std::string& file, std::int32_t life) const;
  void check_tables() const;
  std::int32_t life() const;
  void set_life(std::int32_t life) const;
  std::string set_journal_mode(const std::string& mode) const;  ///< the one it has then
  friend class Statement;
  void write_log_back_on_close(bool asked) const;

  std::string path_;
  std::optional<PrivateCopy> copy_;
  WriterLock lock_;  ///< closed after the connection: a close drops all of SQLite's locks
  sqlite3* handle_ = nullptr;
  /// Prepared, by their text, and in nobody's hands: half of a reader's time went into preparing.
  mutable std::unordered_map<std::string, sqlite3_stmt*> idle_;
  std::int32_t life_ = 0;
  bool writing_ = false;
};

/// A prepared statement. One thread at a time uses a database and its statements.
class Statement {
 public:
  Statement(const Database& database, std::string sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  /// The next parameter's value.
  Statement& bind(std::int64_t value);
  Statement& bind(double value);
  Statement& bind(const std::string& value);
  Statement& bind_null();
  /// True while there are rows; after the last one it can be bound again.
  bool step();
  std::int64_t integer(int column) const;
  double real(int column) const;
  std::string text(int column) const;
  /// Text that is shown as it is: InputError where it has control characters.
  std::string name(int column) const;
  bool is_null(int column) const;
  std::string column(int column) const;  ///< its name
  const std::string& path() const { return database_.path(); }

 private:
  [[noreturn]] void fail(const std::string& what) const;

  const Database& database_;
  std::string sql_;
  sqlite3_stmt* handle_ = nullptr;
  int bound_ = 0;
};

}  // namespace lacuna::store
