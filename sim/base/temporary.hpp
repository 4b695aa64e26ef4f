// Names of unfinished files, removed however the program ends; only kill -9 leaves them.
#pragma once

#include <string>

namespace lacuna::base {

/// A file's name until it has its final one. The file, if there is one, is removed when this goes.
class TemporaryName {
 public:
  TemporaryName() = default;
  explicit TemporaryName(std::string path);
  ~TemporaryName() { remove(); }
  TemporaryName(const TemporaryName&) = delete;
  TemporaryName& operator=(const TemporaryName&) = delete;

  /// Removes what it named before.
  void set(std::string path);
  /// "" where there is none.
  const std::string& path() const { return path_; }
  /// The file has been renamed: nothing is left to remove.
  void forget();

 private:
  void remove();

  std::string path_;
  int slot_ = -1;
};

/// For a signal's handler (it calls nothing but unlink): removes the files of all names there are.
void remove_temporaries() noexcept;

}  // namespace lacuna::base
