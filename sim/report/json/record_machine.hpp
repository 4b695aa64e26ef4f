// The machine in a run record: every key of a hardware file with its value, held to what the reader
// of those files holds. A key that the record's program did not know yet has its default.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "arch/spec.hpp"
#include "report/json/record_file.hpp"

namespace lacuna::report {

class RecordMachine {
 public:
  using Value = arch::FieldValue;

  /// `path` is of the record, for messages.
  explicit RecordMachine(std::string path) : path_(std::move(path)) {}

  /// `key` is dotted, below "machine". Throws base::InputError for one that no machine has.
  void set(const std::string& key, Value value);
  /// Throws base::InputError where no key has this section.
  void check_section(const std::string& key) const;
  /// The figures "machine.array.rows", ... of a machine that is one: all keys, each with a value
  /// but those that another is given instead of.
  std::vector<RecordFigure> finish() const;

 private:
  [[noreturn]] void fail_unknown(const std::string& key) const;

  std::string path_;
  std::vector<std::pair<std::string, Value>> values_;
};

}  // namespace lacuna::report
