#include "report/json/record_fields.hpp"

#include <utility>

namespace lacuna::report {
namespace {

RecordField what_was_run(const char* key, RecordKind kind, bool may_be_null = false,
                         bool may_be_absent = false) {
  RecordField field;
  field.key = key;
  field.kind = kind;
  field.may_be_null = may_be_null;
  field.may_be_absent = may_be_absent;
  return field;
}

RecordKind kind_of(run::FigureKind kind) {
  switch (kind) {
    case run::FigureKind::kCount:
      return RecordKind::kCount;
    case run::FigureKind::kRatio:
      return RecordKind::kRatio;
    case run::FigureKind::kFraction:
      return RecordKind::kFraction;
    case run::FigureKind::kLevel:
      return RecordKind::kLevel;
  }
  return RecordKind::kCount;
}

/// Names that keys had in older records.
constexpr std::pair<const char*, const char*> kRenamed[] = {
    {"memory.bitmap", "memory.activation_bitmap"}};

std::string key_today(const std::string& key) {
  for (const auto& [old, today] : kRenamed) {
    const std::string name = old;
    const bool starts = key.compare(0, name.size(), name) == 0;
    if (starts && (key.size() == name.size() || key[name.size()] == '.')) {
      return today + key.substr(name.size());
    }
  }
  return key;
}

}  // namespace

void RecordFields::add(RecordField field) {
  const std::size_t place = list_.size();
  for (std::size_t dot = field.key.find('.'); dot != std::string::npos;
       dot = field.key.find('.', dot + 1)) {
    objects_.insert(field.key.substr(0, dot));
  }
  places_.emplace(field.key, place);
  list_.push_back(std::move(field));
}

void RecordFields::add_figures(run::FigureScope not_of) {
  for (const run::Figure& figure : run::figures()) {
    if (figure.scope == not_of) continue;
    RecordField field;
    field.key = figure.key;
    field.kind = kind_of(figure.kind);
    field.measured = figure.measured;
    field.may_be_null = figure.may_be_null;
    field.may_be_absent = figure.may_be_absent || figure.added;
    field.whole_group = figure.may_be_absent && !figure.added;
    field.added = figure.added;
    field.figure = &figure;
    add(std::move(field));
  }
}

bool RecordFields::is_object(const std::string& key) const {
  return objects_.count(key_today(key)) > 0;
}

std::size_t RecordFields::find(const std::string& key) const {
  const auto found = places_.find(key_today(key));
  return found == places_.end() ? list_.size() : found->second;
}

const RecordFields& run_record_fields() {
  static const RecordFields kFields = [] {
    RecordFields fields;
    fields.add(what_was_run("schema", RecordKind::kText));
    fields.add(what_was_run("program.name", RecordKind::kText));
    fields.add(what_was_run("program.version", RecordKind::kText));
    fields.add(what_was_run("command", RecordKind::kCommand, false, true));
    fields.add(what_was_run("hashes.hardware", RecordKind::kText));
    fields.add(what_was_run("hashes.model", RecordKind::kText, false, true));
    fields.add(what_was_run("hashes.workload", RecordKind::kText, false, true));
    fields.add(what_was_run("hashes.data", RecordKind::kText, true));
    RecordField faults = what_was_run("hashes.faults", RecordKind::kText, true, true);
    faults.added = true;
    fields.add(std::move(faults));
    fields.add(what_was_run("hardware", RecordKind::kText));
    fields.add(what_was_run("network", RecordKind::kText));
    RecordField input = what_was_run("input", RecordKind::kText, false, true);
    input.added = true;
    fields.add(std::move(input));
    fields.add(what_was_run("engine", RecordKind::kText));
    fields.add(what_was_run("images", RecordKind::kPositive));
    fields.add(what_was_run("batch", RecordKind::kPositive));
    fields.add(what_was_run("seed", RecordKind::kCount, true));
    fields.add(what_was_run("clock_mhz", RecordKind::kPositive));
    fields.add(what_was_run("faults.origin", RecordKind::kText));
    fields.add_figures(run::FigureScope::kLayers);
    for (const char* key : {"energy.table", "energy.sha256"}) {
      RecordField field = what_was_run(key, RecordKind::kText, false, true);
      field.whole_group = true;
      fields.add(std::move(field));
    }
    fields.add(what_was_run("logits_sha256", RecordKind::kText, true));
    return fields;
  }();
  return kFields;
}

const RecordFields& layer_record_fields() {
  static const RecordFields kFields = [] {
    RecordFields fields;
    fields.add(what_was_run("name", RecordKind::kText));
    for (const char* size : {"M", "N", "K"}) fields.add(what_was_run(size, RecordKind::kCount));
    fields.add(what_was_run("groups", RecordKind::kPositive));
    fields.add_figures(run::FigureScope::kRun);
    return fields;
  }();
  return kFields;
}

const RecordFields& output_record_fields() {
  static const RecordFields kFields = [] {
    RecordFields fields;
    fields.add(what_was_run("name", RecordKind::kText));
    for (const run::DeviationFigure& figure : run::deviation_figures()) {
      RecordField field = what_was_run(figure.key, kind_of(figure.kind), true);
      field.measured = true;
      fields.add(std::move(field));
    }
    return fields;
  }();
  return kFields;
}

}  // namespace lacuna::report
