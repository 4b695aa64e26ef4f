// SQLite files as stores: one writer, readers beside it, errors that name the file.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

// The library's own types, so that its header stays in this room.
struct sqlite3;
struct sqlite3_stmt;

namespace lacuna::store {

/// A connection, and with it the right to write where it was asked for. Throws base::InputError
/// naming the file.
class Database {
 public:
  /// A new file, filled by `fill` in one transaction. It is written under another name first: a
  /// file of that name is a whole store from its first moment on.
  static void create(const std::string& path, const std::function<void(const Database&)>& fill);
  /// An existing file, to write; another writer is an error. Journal: WAL.
  static std::unique_ptr<Database> open_to_write(const std::string& path);
  /// An existing file, to look at; also while it is written.
  static std::unique_ptr<Database> open_to_read(const std::string& path);

  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  const std::string& path() const { return path_; }
  sqlite3* handle() const { return handle_; }
  void run(const char* sql) const;
  /// A store's `header` table: the value of `key`, "" where there is none.
  std::string header(const std::string& key) const;
  /// Throws where the header's schema is another.
  void expect_schema(const std::string& schema) const;
  /// `work` as one transaction: all of it, or nothing where it throws.
  void transaction(const std::function<void()>& work) const;

 private:
  explicit Database(std::string path) : path_(std::move(path)) {}
  [[noreturn]] void fail(const std::string& what) const;
  void open(int flags);
  void take_lock();

  std::string path_;
  sqlite3* handle_ = nullptr;
  int lock_ = -1;
};

/// A prepared statement.
class Statement {
 public:
  Statement(const Database& database, const std::string& sql);
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
  sqlite3_stmt* handle_ = nullptr;
  int bound_ = 0;
};

}  // namespace lacuna::store
