#include "report/json/record_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/file_limits.hpp"
#include "base/printable.hpp"
#include "report/json/record_machine.hpp"
#include "run/figures.hpp"

namespace lacuna::report {
namespace {

using run::Figure;

constexpr std::size_t kMaxTextBytes = 4096;
constexpr std::size_t kMaxCommandBytes = std::size_t{1} << 22;  // beyond any system's command line
constexpr const char* kSchema = "lacuna.run/1";
constexpr const char* kAllowed = "a record as lacuna run --json writes it is allowed";

enum class Kind : std::uint8_t { kText, kCommand, kCount, kPositive, kRatio, kFraction, kLevel };

struct Field {
  std::string key;
  Kind kind = Kind::kText;
  bool measured = false;
  bool may_be_null = false;
  bool may_be_absent = false;
  bool whole_group = false;        ///< absent only with all of its group
  bool added = false;              ///< since 0.1.0
  const Figure* figure = nullptr;  ///< what it is a figure of; null: it names what was run
};

Field what_was_run(const char* key, Kind kind, bool may_be_null = false,
                   bool may_be_absent = false) {
  Field field;
  field.key = key;
  field.kind = kind;
  field.may_be_null = may_be_null;
  field.may_be_absent = may_be_absent;
  return field;
}

Kind kind_of(const Figure& figure) {
  switch (figure.kind) {
    case run::FigureKind::kCount:
      return Kind::kCount;
    case run::FigureKind::kRatio:
      return Kind::kRatio;
    case run::FigureKind::kFraction:
      return Kind::kFraction;
    case run::FigureKind::kLevel:
      return Kind::kLevel;
  }
  return Kind::kCount;
}

/// What a run or a layer may hold, found by key.
class Fields {
 public:
  void add(Field field) {
    const std::size_t place = list_.size();
    for (std::size_t dot = field.key.find('.'); dot != std::string::npos;
         dot = field.key.find('.', dot + 1)) {
      objects_.insert(field.key.substr(0, dot));
    }
    places_.emplace(field.key, place);
    list_.push_back(std::move(field));
  }
  void add_figures(run::FigureScope not_of) {
    for (const Figure& figure : run::figures()) {
      if (figure.scope == not_of) continue;
      Field field;
      field.key = figure.key;
      field.kind = kind_of(figure);
      field.measured = figure.measured;
      field.may_be_null = figure.may_be_null;
      field.may_be_absent = figure.may_be_absent || figure.added;
      field.whole_group = figure.may_be_absent && !figure.added;
      field.added = figure.added;
      field.figure = &figure;
      add(std::move(field));
    }
  }

  const std::vector<Field>& list() const { return list_; }
  /// list().size() where there is none.
  std::size_t find(const std::string& key) const {
    const auto found = places_.find(key);
    return found == places_.end() ? list_.size() : found->second;
  }
  bool is_object(const std::string& key) const { return objects_.count(key) > 0; }

 private:
  std::vector<Field> list_;
  std::unordered_map<std::string, std::size_t> places_;
  std::unordered_set<std::string> objects_;
};

const Fields& run_fields() {
  static const Fields kFields = [] {
    Fields fields;
    fields.add(what_was_run("schema", Kind::kText));
    fields.add(what_was_run("program.name", Kind::kText));
    fields.add(what_was_run("program.version", Kind::kText));
    fields.add(what_was_run("command", Kind::kCommand, false, true));
    fields.add(what_was_run("hashes.hardware", Kind::kText));
    fields.add(what_was_run("hashes.model", Kind::kText, false, true));
    fields.add(what_was_run("hashes.workload", Kind::kText, false, true));
    fields.add(what_was_run("hashes.data", Kind::kText, true));
    Field faults = what_was_run("hashes.faults", Kind::kText, true, true);
    faults.added = true;
    fields.add(std::move(faults));
    fields.add(what_was_run("hardware", Kind::kText));
    fields.add(what_was_run("network", Kind::kText));
    Field input = what_was_run("input", Kind::kText, false, true);
    input.added = true;
    fields.add(std::move(input));
    fields.add(what_was_run("engine", Kind::kText));
    fields.add(what_was_run("images", Kind::kPositive));
    fields.add(what_was_run("batch", Kind::kPositive));
    fields.add(what_was_run("seed", Kind::kCount, true));
    fields.add(what_was_run("clock_mhz", Kind::kPositive));
    fields.add(what_was_run("faults.origin", Kind::kText));
    fields.add_figures(run::FigureScope::kLayers);
    for (const char* key : {"energy.table", "energy.sha256"}) {
      Field field = what_was_run(key, Kind::kText, false, true);
      field.whole_group = true;
      fields.add(std::move(field));
    }
    fields.add(what_was_run("logits_sha256", Kind::kText));
    return fields;
  }();
  return kFields;
}

const Fields& layer_fields() {
  static const Fields kFields = [] {
    Fields fields;
    fields.add(what_was_run("name", Kind::kText));
    for (const char* size : {"M", "N", "K"}) fields.add(what_was_run(size, Kind::kCount));
    fields.add(what_was_run("groups", Kind::kPositive));
    fields.add_figures(run::FigureScope::kRun);
    return fields;
  }();
  return kFields;
}

std::string group_of(const std::string& key) { return key.substr(0, key.find('.')); }

std::string shown(const RecordValue& value) {
  if (const auto* count = std::get_if<std::int64_t>(&value)) return std::to_string(*count);
  if (const auto* ratio = std::get_if<double>(&value)) return fmt::format("{}", *ratio);
  if (const auto* text = std::get_if<std::string>(&value)) return base::shown(*text);
  return "null";
}

/// The values of one run or layer while they are read.
class Row {
 public:
  Row(const Fields& fields, const std::string& path, std::string prefix)
      : fields_(fields), path_(path), prefix_(std::move(prefix)), values_(fields.list().size()) {}

  [[noreturn]] void fail(const std::string& key, const std::string& wrong,
                         const std::string& allowed = kAllowed) const {
    const std::string name =
        key.empty() && !prefix_.empty() ? prefix_.substr(0, prefix_.size() - 1) : prefix_ + key;
    throw base::InputError({path_, 0, name}, wrong, allowed);
  }

  /// Fails unless some field lies in the object.
  void check_object(const std::string& key) const {
    if (!fields_.is_object(key)) fail_as(key, "is an object");
  }
  /// At a key whose value is of a kind that it cannot have.
  [[noreturn]] void fail_as(const std::string& key, const std::string& wrong) const {
    if (fields_.is_object(key)) fail(key, wrong, "an object is required");
    const std::size_t place = fields_.find(key);
    if (place < values_.size()) fail(key, wrong, allowed(fields_.list()[place]));
    fail_unknown(key);
  }

  void set(const std::string& key, RecordValue value) {
    const std::size_t place = fields_.find(key);
    if (place < values_.size()) {
      const Field& field = fields_.list()[place];
      if (!fits(field, value)) fail(key, "is " + shown(value), allowed(field));
      if (const auto* count = std::get_if<std::int64_t>(&value);
          count != nullptr && is_ratio(field)) {
        value = static_cast<double>(*count);
      }
      values_[place] = std::move(value);
      return;
    }
    if (!fields_.is_object(key)) fail_unknown(key);
    // The only objects that may be null: there was no dense run, or no energy table.
    const bool null = std::holds_alternative<std::monostate>(value);
    if (null && (key == "dense" || key == "energy")) return;
    fail(key, "is " + shown(value), "an object is required");
  }

  std::vector<RecordFigure> finish() {
    std::set<std::string> groups;  // that are there, and so have all that they always had
    for (std::size_t i = 0; i < values_.size(); ++i) {
      const Field& field = fields_.list()[i];
      if (values_[i] && field.whole_group) groups.insert(group_of(field.key));
    }
    std::vector<RecordFigure> figures;
    figures.reserve(values_.size());
    for (std::size_t i = 0; i < values_.size(); ++i) {
      const Field& field = fields_.list()[i];
      const bool missing =
          !field.may_be_absent || (field.whole_group && groups.count(group_of(field.key)) > 0);
      if (!values_[i] && missing) fail(field.key, "is missing");
      figures.push_back({field.key.c_str(), field.measured, values_[i].value_or(RecordValue()),
                         field.added && !values_[i]});
    }
    return figures;
  }

 private:
  static bool is_ratio(const Field& field) {
    return field.kind == Kind::kRatio || field.kind == Kind::kFraction ||
           field.kind == Kind::kLevel;
  }

  /// Of a text; 0 where none is allowed.
  static std::size_t most_bytes(const Field& field) {
    return field.kind == Kind::kText      ? kMaxTextBytes
           : field.kind == Kind::kCommand ? kMaxCommandBytes
                                          : 0;
  }

  static bool fits(const Field& field, const RecordValue& value) {
    if (std::holds_alternative<std::monostate>(value)) return field.may_be_null;
    const auto* text = std::get_if<std::string>(&value);
    const std::size_t most = most_bytes(field);
    if (most > 0 || text != nullptr) {
      return text != nullptr && text->size() <= most && !base::has_control(*text);
    }
    const auto* count = std::get_if<std::int64_t>(&value);
    if (field.kind == Kind::kCount) return count != nullptr && *count >= 0;
    if (field.kind == Kind::kPositive) return count != nullptr && *count >= 1;
    const double ratio =
        count != nullptr ? static_cast<double>(*count) : *std::get_if<double>(&value);
    if (field.kind == Kind::kLevel) return true;
    return ratio >= 0 && (field.kind == Kind::kRatio || ratio <= 1);
  }

  static std::string allowed(const Field& field) {
    std::string text;
    switch (field.kind) {
      case Kind::kText:
      case Kind::kCommand:
        text =
            fmt::format("text of at most {} bytes without control characters", most_bytes(field));
        break;
      case Kind::kCount:
        text = "an integer from 0 to 2^63 - 1";
        break;
      case Kind::kPositive:
        text = "an integer from 1 to 2^63 - 1";
        break;
      case Kind::kRatio:
        text = "a number from 0";
        break;
      case Kind::kLevel:
        text = "a number";
        break;
      case Kind::kFraction:
        text = "a number from 0 to 1";
        break;
    }
    return text + (field.may_be_null ? ", or null, is required" : " is required");
  }

  [[noreturn]] void fail_unknown(const std::string& key) const {
    if (key.empty()) fail(key, "is not an object");
    std::vector<std::string> known;
    for (const Field& field : fields_.list()) known.push_back(field.key);
    // What is longer than any key is near to none.
    constexpr std::size_t kMostLikely = 100;
    throw base::InputError({path_, 0, prefix_ + base::shown(key)},
                           fmt::format("is not a key of {}", kSchema), "",
                           key.size() > kMostLikely ? "" : base::nearest_name(key, known));
  }

  const Fields& fields_;
  const std::string& path_;
  std::string prefix_;  ///< "layers[3]."
  std::vector<std::optional<RecordValue>> values_;
};

/// Takes the file's values as the parser meets them, so that nothing is kept that is not known.
class Handler : public nlohmann::json_sax<nlohmann::json> {
 public:
  Handler(const std::string& bytes, const std::string& path)
      : bytes_(bytes), path_(path), run_(run_fields(), path, "") {
    file_.path = path;
  }

  RecordFile finish() {
    file_.figures = run_.finish();
    if (machine_) file_.machine = machine_->finish();
    return std::move(file_);
  }

  bool null() override { return leaf({}); }
  bool boolean(bool value) override {
    if (set_machine(value)) return true;
    fail_here(value ? "is true" : "is false", "no record holds a truth value");
  }
  bool number_integer(number_integer_t value) override { return leaf(value); }
  bool number_unsigned(number_unsigned_t value) override {
    if (value > static_cast<number_unsigned_t>(std::numeric_limits<std::int64_t>::max())) {
      return leaf(static_cast<double>(value));
    }
    return leaf(static_cast<std::int64_t>(value));
  }
  bool number_float(number_float_t value, const string_t& /*text*/) override { return leaf(value); }
  bool string(string_t& value) override { return leaf(value); }
  bool binary(binary_t& /*value*/) override { return false; }

  bool start_object(std::size_t /*size*/) override {
    if (in_layer_list()) {
      const std::size_t index = file_.layers.size();
      layer_.emplace(layer_fields(), path_, fmt::format("layers[{}].", index));
    } else if (!frames_.empty()) {
      if (frames_.size() == 1 && key_path() == "layers") fail_layers("an object");
      if (!enter_machine()) row().check_object(key_path());
    }
    frames_.push_back({});
    return true;
  }
  bool key(string_t& value) override {
    Frame& frame = frames_.back();
    frame.key = value;
    if (!frame.keys.insert(value).second) row().fail(key_path(), "is given twice");
    return true;
  }
  bool end_object() override {
    if (frames_.size() == 1) {
      // Lists, and an object that may be null, are no figures.
      for (const char* name : {"layers", "dense"}) {
        if (frames_[0].keys.count(name) == 0) run_.fail(name, "is missing");
      }
    }
    frames_.pop_back();
    if (!in_layer_list()) return true;
    RecordLayer layer;
    layer.figures = layer_->finish();
    layer.name = std::get<std::string>(value_of(layer.figures, "name"));
    file_.layers.push_back(std::move(layer));
    layer_.reset();
    return true;
  }
  bool start_array(std::size_t /*size*/) override {
    if (frames_.size() != 1 || key_path() != "layers") {
      if (frames_.empty()) fail_root();
      if (in_layer_list() || machine_key()) fail_here("is a list", "only layers is one");
      row().fail_as(key_path(), "is a list");
    }
    frames_.push_back({true, {}, {}});
    return true;
  }
  bool end_array() override {
    frames_.pop_back();
    return true;
  }
  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::detail::exception& /*error*/) override {
    refuse(position);
  }
  [[noreturn]] void refuse(std::size_t position) const {
    const std::size_t end = std::min(position, bytes_.size());
    const auto line =
        std::count(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(end), '\n');
    throw base::InputError({path_, static_cast<int>(line) + 1, ""}, "is not valid JSON", kAllowed);
  }

 private:
  struct Frame {
    bool list = false;
    std::string key;
    std::set<std::string> keys;
  };

  bool in_layer_list() const { return !frames_.empty() && frames_.back().list; }
  Row& row() { return layer_ ? *layer_ : run_; }

  /// Dotted, from the run or the layer on.
  std::string key_path() const {
    std::string path;
    for (std::size_t i = layer_ ? 2 : 0; i < frames_.size(); ++i) {
      if (!path.empty()) path += '.';
      path += frames_[i].key;
    }
    return path;
  }

  [[noreturn]] void fail_root() const {
    throw base::InputError({path_, 0, ""}, "is not a JSON object", kAllowed);
  }
  /// At the value that is being read.
  [[noreturn]] void fail_here(const std::string& wrong, const std::string& allowed) {
    if (in_layer_list()) {
      run_.fail(fmt::format("layers[{}]", file_.layers.size()), wrong, "an object is required");
    }
    row().fail(key_path(), wrong, allowed);
  }
  [[noreturn]] void fail_layers(const std::string& what) const {
    run_.fail("layers", "is " + what, "a list is required");
  }

  /// The key below "machine", where the parser is in there or at it (then empty).
  std::optional<std::string> machine_key() const {
    constexpr std::string_view kMachine = "machine";
    if (layer_ || frames_.empty() || frames_[0].key != kMachine) return std::nullopt;
    return frames_.size() == 1 ? std::string() : key_path().substr(kMachine.size() + 1);
  }
  bool enter_machine() {
    const std::optional<std::string> key = machine_key();
    if (!key) return false;
    if (key->empty()) {
      machine_.emplace(path_);
    } else {
      machine_->check_section(*key);
    }
    return true;
  }
  bool set_machine(RecordMachine::Value value) {
    const std::optional<std::string> key = machine_key();
    if (!key || in_layer_list()) return false;
    if (key->empty()) run_.fail("machine", "is a value", "an object is required");
    machine_->set(*key, std::move(value));
    return true;
  }

  bool leaf(RecordValue value) {
    if (const auto* count = std::get_if<std::int64_t>(&value); count != nullptr) {
      if (set_machine(*count)) return true;
    } else if (const auto* text = std::get_if<std::string>(&value); text != nullptr) {
      if (set_machine(*text)) return true;
    } else if (const std::optional<std::string> key = machine_key()) {
      run_.fail(
          key_path(), "is " + shown(value),
          key->empty() ? "an object is required" : "an integer, truth value or text is required");
    }
    if (frames_.empty()) fail_root();
    if (in_layer_list()) fail_here("is " + shown(value), "");
    const std::string key = key_path();
    if (!layer_ && key == "layers") fail_layers(shown(value));
    if (!layer_ && key == "schema" && value != RecordValue(std::string(kSchema))) {
      run_.fail(key, "is " + shown(value), fmt::format("'{}' is required", kSchema));
    }
    row().set(key, std::move(value));
    return true;
  }

  const std::string& bytes_;
  const std::string& path_;
  RecordFile file_;
  Row run_;
  std::optional<Row> layer_;  ///< while one is read
  std::optional<RecordMachine> machine_;
  std::vector<Frame> frames_;
};

/// Fails where a whole is not the sum of its parts, or a run not that of its layers.
class Sums {
 public:
  explicit Sums(const RecordFile& file) : file_(file) {}

  void check() const {
    const std::string run_key = "dense_cycles";
    if (value_of(file_.figures, run_key) != value_of(file_.figures, "dense.total")) {
      fail(run_key, value_of(file_.figures, run_key), "dense.total");
    }
    check_row(file_.figures, run_fields(), "");
    for (std::size_t i = 0; i < file_.layers.size(); ++i) {
      check_row(file_.layers[i].figures, layer_fields(), fmt::format("layers[{}].", i));
    }
    for (std::size_t i = 0; i < run_fields().list().size(); ++i) {
      const Field& field = run_fields().list()[i];
      if (field.figure == nullptr || !field.figure->sums) continue;
      const std::size_t place = layer_fields().find(field.key);
      std::vector<const RecordValue*> parts;
      parts.reserve(file_.layers.size());
      for (const RecordLayer& layer : file_.layers) parts.push_back(&layer.figures[place].value);
      compare(field.key, file_.figures[i].value, parts, "the sum of the layers");
    }
  }

 private:
  void check_row(const std::vector<RecordFigure>& figures, const Fields& fields,
                 const std::string& prefix) const {
    for (const Whole& whole : wholes_of(fields)) {
      std::vector<const RecordValue*> parts;
      for (const std::size_t part : whole.parts) parts.push_back(&figures[part].value);
      compare(prefix + fields.list()[whole.place].key, figures[whole.place].value, parts,
              "the sum of " + base::join(whole.names));
    }
  }

  struct Whole {
    std::size_t place = 0;
    std::vector<std::size_t> parts;
    std::vector<std::string> names;
  };
  static std::vector<Whole> find_wholes(const Fields& fields) {
    std::vector<Whole> wholes;
    for (std::size_t i = 0; i < fields.list().size(); ++i) {
      Whole whole;
      whole.place = i;
      for (std::size_t part = 0; part < fields.list().size(); ++part) {
        const Field& field = fields.list()[part];
        if (field.figure == nullptr || field.figure->part_of != fields.list()[i].key) continue;
        whole.parts.push_back(part);
        whole.names.push_back(field.key);
      }
      if (!whole.parts.empty()) wholes.push_back(std::move(whole));
    }
    return wholes;
  }
  static const std::vector<Whole>& wholes_of(const Fields& fields) {
    static const std::vector<Whole> kOfRun = find_wholes(run_fields());
    static const std::vector<Whole> kOfLayer = find_wholes(layer_fields());
    return &fields == &run_fields() ? kOfRun : kOfLayer;
  }

  void compare(const std::string& key, const RecordValue& whole,
               const std::vector<const RecordValue*>& parts, const std::string& names) const {
    const auto* ratio = std::get_if<double>(&whole);
    std::int64_t sum = 0;
    double ratios = 0;
    for (const RecordValue* part : parts) {
      if (part->index() != whole.index()) fail(key, whole, names);
      if (ratio != nullptr) {
        ratios += std::get<double>(*part);
      } else if (const auto* count = std::get_if<std::int64_t>(part);
                 count != nullptr && __builtin_add_overflow(sum, *count, &sum)) {
        fail(key, whole, names);
      }
    }
    constexpr double kRounding = 1e-9;
    const auto* count = std::get_if<std::int64_t>(&whole);
    const bool equal = ratio != nullptr   ? std::abs(*ratio - ratios) <= kRounding * ratios
                       : count != nullptr ? *count == sum
                                          : true;
    if (!equal) fail(key, whole, names);
  }
  [[noreturn]] void fail(const std::string& key, const RecordValue& whole,
                         const std::string& names) const {
    throw base::InputError({file_.path, 0, key},
                           fmt::format("is {}, which is not {}", shown(whole), names), kAllowed);
  }

  const RecordFile& file_;
};

}  // namespace

const RecordValue& value_of(const std::vector<RecordFigure>& figures, const std::string& key) {
  const auto found = std::find_if(figures.begin(), figures.end(),
                                  [&](const RecordFigure& figure) { return figure.key == key; });
  SIM_CHECK(found != figures.end(), "record", -1, "there is no figure " + key);
  return found->value;
}

RecordFile record_from_bytes(const std::string& bytes, const std::string& path) {
  Handler handler(bytes, path);
  // The parser takes one for the end, whatever comes behind.
  if (const std::size_t nul = bytes.find('\0'); nul != std::string::npos) handler.refuse(nul);
  nlohmann::json::sax_parse(bytes, &handler);
  RecordFile file = handler.finish();
  const bool model = value_of(file.figures, "hashes.model").index() != 0;
  const bool workload = value_of(file.figures, "hashes.workload").index() != 0;
  if (model == workload) {
    throw base::InputError({path, 0, "hashes.model, hashes.workload"},
                           model ? "both are given" : "both are missing",
                           "exactly one is required");
  }
  Sums(file).check();
  return file;
}

RecordFile read_record(const std::string& path) {
  return record_from_bytes(base::read_file(path, base::kMaxRecordBytes), path);
}

}  // namespace lacuna::report
