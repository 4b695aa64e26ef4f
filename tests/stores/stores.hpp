// What the tests of stores share: plans, what a store holds, and another user.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "program/program.hpp"

namespace lacuna {

/// A folder of its own that anybody may enter, and plans in it.
class Stores : public Program {
 protected:
  void SetUp() override;
  void TearDown() override;

  /// Chips under flips on a small machine.
  std::string chips(int images, int maps, int seed = 1, const std::string& more = "") const;
  std::string sweep(int images, int seed = 1) const;  ///< 16 points
  /// What is there, in bytes that equal stores share.
  std::string exported(const std::string& store) const;
  std::string swept(const std::string& store) const;
  std::int64_t points_in(const std::string& store) const;
  std::int64_t trials_in(const std::string& store) const;
  /// Waits until a store holds as many whole results, beside the program that writes it.
  void wait_for_results(const std::string& store, std::int64_t count, bool of_sweep = false) const;
  /// Names in the folder that begin with `start`.
  std::vector<std::string> names(const std::string& start) const;
  /// `of`: campaign or sweep; `out`: a name in the folder.
  Output merge(const std::string& of, const std::vector<std::string>& stores,
               const std::string& out) const;
  /// That a merge fails with this error, and writes nothing.
  void expect_merge_refused(const std::string& of, const std::vector<std::string>& stores,
                            const std::string& error) const;
};

/// Of a sanitized program: options of its sanitizer, which else takes signals for its own or looks
/// for leaks by a process more.
void leave_to_the_system(const char* options);

constexpr unsigned kNobody = 54'321;

/// Gives up all rights, where there are some: to be another user who owns nothing here. Limits of a
/// user's processes want a user of their own.
void become_nobody(unsigned user = kNobody);

}  // namespace lacuna
