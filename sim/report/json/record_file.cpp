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
#include "report/json/record_fields.hpp"
#include "report/json/record_machine.hpp"

namespace lacuna::report {
namespace {

constexpr std::size_t kMaxTextBytes = 4096;
constexpr std::size_t kMaxCommandBytes = std::size_t{1} << 22;  // beyond any system's command line
constexpr const char* kSchema = "lacuna.run/1";
constexpr const char* kAllowed = "a record as lacuna run --json writes it is allowed";

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
  Row(const RecordFields& fields, const std::string& path, std::string prefix)
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
      const RecordField& field = fields_.list()[place];
      if (values_[place]) fail(key, "stands there under two names");
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
      const RecordField& field = fields_.list()[i];
      if (values_[i] && field.whole_group) groups.insert(group_of(field.key));
    }
    std::vector<RecordFigure> figures;
    figures.reserve(values_.size());
    for (std::size_t i = 0; i < values_.size(); ++i) {
      const RecordField& field = fields_.list()[i];
      const bool missing =
          !field.may_be_absent || (field.whole_group && groups.count(group_of(field.key)) > 0);
      if (!values_[i] && missing) fail(field.key, "is missing");
      figures.push_back({field.key.c_str(), field.measured, values_[i].value_or(RecordValue()),
                         field.added && !values_[i]});
    }
    return figures;
  }

 private:
  static bool is_ratio(const RecordField& field) {
    return field.kind == RecordKind::kRatio || field.kind == RecordKind::kFraction ||
           field.kind == RecordKind::kLevel;
  }

  /// Of a text; 0 where none is allowed.
  static std::size_t most_bytes(const RecordField& field) {
    return field.kind == RecordKind::kText      ? kMaxTextBytes
           : field.kind == RecordKind::kCommand ? kMaxCommandBytes
                                                : 0;
  }

  static bool fits(const RecordField& field, const RecordValue& value) {
    if (std::holds_alternative<std::monostate>(value)) return field.may_be_null;
    const auto* text = std::get_if<std::string>(&value);
    const std::size_t most = most_bytes(field);
    if (most > 0 || text != nullptr) {
      return text != nullptr && text->size() <= most && !base::has_control(*text);
    }
    const auto* count = std::get_if<std::int64_t>(&value);
    if (field.kind == RecordKind::kCount) return count != nullptr && *count >= 0;
    if (field.kind == RecordKind::kPositive) return count != nullptr && *count >= 1;
    const double ratio =
        count != nullptr ? static_cast<double>(*count) : *std::get_if<double>(&value);
    if (field.kind == RecordKind::kLevel) return true;
    return ratio >= 0 && (field.kind == RecordKind::kRatio || ratio <= 1);
  }

  static std::string allowed(const RecordField& field) {
    std::string text;
    switch (field.kind) {
      case RecordKind::kText:
      case RecordKind::kCommand:
        text =
            fmt::format("text of at most {} bytes without control characters", most_bytes(field));
        break;
      case RecordKind::kCount:
        text = "an integer from 0 to 2^63 - 1";
        break;
      case RecordKind::kPositive:
        text = "an integer from 1 to 2^63 - 1";
        break;
      case RecordKind::kRatio:
        text = "a number from 0";
        break;
      case RecordKind::kLevel:
        text = "a number";
        break;
      case RecordKind::kFraction:
        text = "a number from 0 to 1";
        break;
    }
    return text + (field.may_be_null ? ", or null, is required" : " is required");
  }

  [[noreturn]] void fail_unknown(const std::string& key) const {
    if (key.empty()) fail(key, "is not an object");
    std::vector<std::string> known;
    for (const RecordField& field : fields_.list()) known.push_back(field.key);
    // What is longer than any key is near to none.
    constexpr std::size_t kMostLikely = 100;
    throw base::InputError({path_, 0, prefix_ + base::shown(key)},
                           fmt::format("is not a key of {}", kSchema), "",
                           key.size() > kMostLikely ? "" : base::nearest_name(key, known));
  }

  const RecordFields& fields_;
  const std::string& path_;
  std::string prefix_;  ///< "layers[3]."
  std::vector<std::optional<RecordValue>> values_;
};

/// Takes the file's values as the parser meets them, so that nothing is kept that is not known.
class Handler : public nlohmann::json_sax<nlohmann::json> {
 public:
  Handler(const std::string& bytes, const std::string& path)
      : bytes_(bytes), path_(path), run_(run_record_fields(), path, "") {
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
    if (in_list()) {
      const bool of_layers = frames_[0].key == kLists[0];
      element_.emplace(of_layers ? layer_record_fields() : output_record_fields(), path_,
                       element_name() + ".");
    } else if (!frames_.empty()) {
      if (frames_.size() == 1 && is_list(key_path())) fail_list(key_path(), "an object");
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
    if (!in_list()) return true;
    RecordLayer element;
    element.figures = element_->finish();
    element.name = std::get<std::string>(value_of(element.figures, "name"));
    list().push_back(std::move(element));
    element_.reset();
    return true;
  }
  bool start_array(std::size_t /*size*/) override {
    if (frames_.size() != 1 || !is_list(key_path())) {
      if (frames_.empty()) fail_root();
      if (in_list() || machine_key()) {
        fail_here("is a list", std::string("only ") + kLists[0] + " and " + kLists[1] + " are");
      }
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

  static constexpr const char* kLists[] = {"layers", "outputs"};
  static bool is_list(const std::string& key) { return key == kLists[0] || key == kLists[1]; }
  bool in_list() const { return !frames_.empty() && frames_.back().list; }
  /// The one that the parser is in.
  std::vector<RecordLayer>& list() {
    return frames_[0].key == kLists[0] ? file_.layers : file_.outputs;
  }
  /// "layers[3]", of the one that is read next.
  std::string element_name() { return fmt::format("{}[{}]", frames_[0].key, list().size()); }
  Row& row() { return element_ ? *element_ : run_; }

  /// Dotted, from the run or the list's element on.
  std::string key_path() const {
    std::string path;
    for (std::size_t i = element_ ? 2 : 0; i < frames_.size(); ++i) {
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
    if (in_list()) run_.fail(element_name(), wrong, "an object is required");
    row().fail(key_path(), wrong, allowed);
  }
  [[noreturn]] void fail_list(const std::string& list, const std::string& what) const {
    run_.fail(list, "is " + what, "a list is required");
  }

  /// The key below "machine", where the parser is in there or at it (then empty).
  std::optional<std::string> machine_key() const {
    constexpr std::string_view kMachine = "machine";
    if (element_ || frames_.empty() || frames_[0].key != kMachine) return std::nullopt;
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
    if (!key || in_list()) return false;
    if (key->empty()) run_.fail("machine", "is a value", "an object is required");
    machine_->set(*key, std::move(value));
    return true;
  }

  bool leaf(RecordValue value) {
    if (const auto* count = std::get_if<std::int64_t>(&value); count != nullptr) {
      if (set_machine(*count)) return true;
    } else if (const auto* real = std::get_if<double>(&value); real != nullptr) {
      if (set_machine(*real)) return true;
    } else if (const auto* text = std::get_if<std::string>(&value); text != nullptr) {
      if (set_machine(*text)) return true;
    } else if (const std::optional<std::string> key = machine_key()) {
      run_.fail(
          key_path(), "is " + shown(value),
          key->empty() ? "an object is required" : "a number, truth value or text is required");
    }
    if (frames_.empty()) fail_root();
    if (in_list()) fail_here("is " + shown(value), "");
    const std::string key = key_path();
    if (!element_ && is_list(key)) fail_list(key, shown(value));
    if (!element_ && key == "schema" && value != RecordValue(std::string(kSchema))) {
      run_.fail(key, "is " + shown(value), fmt::format("'{}' is required", kSchema));
    }
    row().set(key, std::move(value));
    return true;
  }

  const std::string& bytes_;
  const std::string& path_;
  RecordFile file_;
  Row run_;
  std::optional<Row> element_;  ///< of a list, while it is read
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
    check_row(file_.figures, run_record_fields(), "");
    for (std::size_t i = 0; i < file_.layers.size(); ++i) {
      check_row(file_.layers[i].figures, layer_record_fields(), fmt::format("layers[{}].", i));
    }
    for (std::size_t i = 0; i < run_record_fields().list().size(); ++i) {
      const RecordField& field = run_record_fields().list()[i];
      if (field.figure == nullptr || !field.figure->sums) continue;
      const std::size_t place = layer_record_fields().find(field.key);
      std::vector<const RecordValue*> parts;
      parts.reserve(file_.layers.size());
      for (const RecordLayer& layer : file_.layers) parts.push_back(&layer.figures[place].value);
      compare(field.key, file_.figures[i].value, parts, "the sum of the layers");
    }
  }

 private:
  void check_row(const std::vector<RecordFigure>& figures, const RecordFields& fields,
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
  static std::vector<Whole> find_wholes(const RecordFields& fields) {
    std::vector<Whole> wholes;
    for (std::size_t i = 0; i < fields.list().size(); ++i) {
      Whole whole;
      whole.place = i;
      for (std::size_t part = 0; part < fields.list().size(); ++part) {
        const RecordField& field = fields.list()[part];
        if (field.figure == nullptr || field.figure->part_of != fields.list()[i].key) continue;
        whole.parts.push_back(part);
        whole.names.push_back(field.key);
      }
      if (!whole.parts.empty()) wholes.push_back(std::move(whole));
    }
    return wholes;
  }
  static const std::vector<Whole>& wholes_of(const RecordFields& fields) {
    static const std::vector<Whole> kOfRun = find_wholes(run_record_fields());
    static const std::vector<Whole> kOfLayer = find_wholes(layer_record_fields());
    return &fields == &run_record_fields() ? kOfRun : kOfLayer;
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
