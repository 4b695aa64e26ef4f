// What a run record may hold: every key of a run, of a layer and of an output, with its kind.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "run/figures.hpp"

namespace lacuna::report {

enum class RecordKind : std::uint8_t {
  kText,
  kCommand,
  kCount,
  kPositive,
  kRatio,
  kFraction,
  kLevel
};

struct RecordField {
  std::string key;
  RecordKind kind = RecordKind::kText;
  bool measured = false;
  bool may_be_null = false;
  bool may_be_absent = false;
  bool whole_group = false;             ///< absent only with all of its group
  bool added = false;                   ///< since 0.1.0
  const run::Figure* figure = nullptr;  ///< what it is a figure of; null: it names what was run
};

/// What a run, a layer or an output may hold, found by key.
class RecordFields {
 public:
  void add(RecordField field);
  void add_figures(run::FigureScope not_of);

  const std::vector<RecordField>& list() const { return list_; }
  /// list().size() where there is none. By today's name, or one that older records have.
  std::size_t find(const std::string& key) const;
  bool is_object(const std::string& key) const;

 private:
  std::vector<RecordField> list_;
  std::unordered_map<std::string, std::size_t> places_;
  std::unordered_set<std::string> objects_;
};

const RecordFields& run_record_fields();
const RecordFields& layer_record_fields();
const RecordFields& output_record_fields();

}  // namespace lacuna::report
