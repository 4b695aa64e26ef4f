// The files that a command writes. All pass through here: none is an input of the command (what it
// reads, and what a file that it reads names), none is written by two options, and each can be
// written, which is known before anything is simulated. Files are told apart by what they are, not
// by how they are spelled: ./A and A, links and hard links are one file.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.hpp"
#include "cli/options.hpp"

namespace lacuna::cli {

class Outputs {
 public:
  /// The file that an option names, if it is given. A device may be claimed twice, as /dev/null.
  /// Throws base::InputError.
  void claim(const Options& options, const std::string& option);
  /// A store, and the files that SQLite keeps beside it.
  void claim_store(const Options& options, const std::string& option);

  /// Throws base::InputError when an output is an input: to be called when all inputs are known
  /// (base::note_input) and nothing is simulated yet.
  void refuse_inputs() const;

  /// What an option claimed, to be written by the caller; nothing where it is not given.
  std::optional<std::string> path(const std::string& option) const;
  /// Writes what an option claimed, if it is given.
  void write(const std::string& option, const std::function<void(base::OutputFile&)>& fill) const;
  void write(const std::string& option, std::string_view bytes) const;

 private:
  struct Claim {
    std::string option;
    std::string path;
    base::FileTarget target;
  };

  void add(const std::string& option, const std::string& path);
  const Claim* find(const std::string& option) const;

  std::vector<Claim> claims_;
};

/// Notes a store that is read, and the files that SQLite keeps beside it, as inputs.
void note_store(const std::string& path);

}  // namespace lacuna::cli
