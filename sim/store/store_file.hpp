// A store's file as the system sees it: how it gets its name, its writer's lock, and the files that
// SQLite keeps beside it. https://sqlite.org/fileformat2.html and https://sqlite.org/walformat.html
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/temporary.hpp"

namespace lacuna::store {

/// The path with links followed: SQLite names its files after it.
std::string real_path(const std::string& path);

/// The log of what is written and not yet in the file; of a writer that lives or was killed.
std::string wal_of(const std::string& path);

/// Throws base::InputError where a new store cannot have this name: something has it already, or a
/// journal of a store that had it lies there, which SQLite would take for the new one's.
void check_creatable(const std::string& path);

/// Removes `path`.tmp.*, unfinished files of creations that were killed; those of living ones are
/// locked and stay.
void remove_dead_temporaries(const std::string& path);

/// The right to write a store. The system drops it when its holder dies, however that dies.
class WriterLock {
 public:
  WriterLock() = default;
  /// Of an existing file. Throws base::InputError where another process has it.
  static WriterLock take(const std::string& path);
  /// That nobody has it while this lives: several may hold one such. Throws as `take`.
  static WriterLock keep_out(const std::string& path);
  WriterLock(WriterLock&& other) noexcept;
  WriterLock& operator=(WriterLock&& other) noexcept;
  ~WriterLock();

  explicit operator bool() const { return file_ >= 0; }
  /// False where `path` names another file by now, or none.
  bool is_named(const std::string& path) const;

 private:
  friend class NewFile;
  static WriterLock hold(const std::string& path, bool alone);

  int file_ = -1;
};

/// A store's file while it is made: empty, locked, and of a name beside its own. Removed with this
/// when it has not got its own; what is left by a kill the next creation removes.
class NewFile {
 public:
  /// Throws base::InputError where check_creatable does, or nothing can be written there.
  explicit NewFile(std::string path);

  const std::string& name() const { return temporary_.path(); }  ///< that it has so far
  /// Its own name, once all of it is on the disk, and only where nothing has that name. Throws
  /// base::InputError.
  WriterLock publish();

 private:
  std::string path_;
  WriterLock lock_;
  base::TemporaryName temporary_;
};

/// What the first bytes of a file say.
struct FileHead {
  bool in_wal_mode = false;
  /// Of the store's life: PRAGMA user_version, drawn when it was created. 0: none (0.1.0).
  std::int32_t life = 0;
};
/// Nothing where it is no SQLite file.
std::optional<FileHead> read_head(const std::string& path);

/// Throws base::InputError where a rollback journal lies beside the file, by which SQLite would go
/// back, and is not known to be of the store with this life.
void check_journal(const std::string& path, std::int32_t life);

/// A store and its log, copied for a reader who may not write where they lie: what SQLite needs to
/// read a log is a file beside it. Removed with this.
class PrivateCopy {
 public:
  /// Throws base::InputError where a writer is at it or there is no room.
  explicit PrivateCopy(const std::string& path);

  const std::string& path() const { return file_.path(); }

 private:
  base::TemporaryName file_;
  base::TemporaryName wal_;
};

/// Whether SQLite can keep its files beside the store.
bool may_write(const std::string& path);

}  // namespace lacuna::store
