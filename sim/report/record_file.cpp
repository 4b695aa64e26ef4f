#include "report/record_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/printable.hpp"

namespace lacuna::report {
namespace {

constexpr std::int64_t kMaxFileBytes = 64LL << 20;
constexpr std::size_t kMaxTextBytes = 4096;
constexpr std::size_t kMaxCommandBytes = std::size_t{1} << 22;  // beyond any system's command line
constexpr const char* kSchema = "lacuna.run/1";
constexpr const char* kAllowed = "a record as lacuna run --json writes it is allowed";

enum class Kind : std::uint8_t { kText, kCommand, kCount, kPositive, kRatio, kFraction };

struct Field {
  const char* key;
  Kind kind;
  bool measured;
  bool may_be_null = false;
  bool may_be_absent = false;
};

constexpr Field kRunFields[] = {
    {"schema", Kind::kText, false},
    {"program.name", Kind::kText, false},
    {"program.version", Kind::kText, false},
    {"command", Kind::kCommand, false, false, true},
    {"hashes.hardware", Kind::kText, false},
    {"hashes.model", Kind::kText, false, false, true},
    {"hashes.workload", Kind::kText, false, false, true},
    {"hashes.data", Kind::kText, false, true},
    {"hardware", Kind::kText, false},
    {"network", Kind::kText, false},
    {"engine", Kind::kText, false},
    {"images", Kind::kPositive, false},
    {"batch", Kind::kPositive, false},
    {"seed", Kind::kCount, false, true},
    {"clock_mhz", Kind::kPositive, false},
    {"faults.origin", Kind::kText, false},
    {"top1", Kind::kFraction, true, true},
    {"cycles.total", Kind::kCount, true},
    {"cycles.weight_load", Kind::kCount, true},
    {"cycles.stream", Kind::kCount, true},
    {"cycles.memory_wait", Kind::kCount, true},
    {"cycles.post_wait", Kind::kCount, true},
    {"cycles.idle", Kind::kCount, true},
    {"setup_cycles", Kind::kCount, true},
    {"dense_cycles", Kind::kCount, true, true},
    {"speedup", Kind::kRatio, true, true},
    {"stream_speedup", Kind::kRatio, true, true},
    {"dense.total", Kind::kCount, true, false, true},
    {"dense.weight_load", Kind::kCount, true, false, true},
    {"dense.stream", Kind::kCount, true, false, true},
    {"dense.memory_wait", Kind::kCount, true, false, true},
    {"dense.post_wait", Kind::kCount, true, false, true},
    {"dense.idle", Kind::kCount, true, false, true},
    {"macs.total", Kind::kCount, true},
    {"macs.issued", Kind::kCount, true},
    {"macs.gated", Kind::kCount, true},
    {"macs.skipped", Kind::kCount, true},
    {"stream.work", Kind::kCount, true},
    {"stream.imbalance", Kind::kCount, true},
    {"stream.fill_drain", Kind::kCount, true},
    {"memory.weight_sram.reads", Kind::kCount, true},
    {"memory.weight_sram.writes", Kind::kCount, true},
    {"memory.weight_sram.bits", Kind::kCount, false},
    {"memory.activation_sram.reads", Kind::kCount, true},
    {"memory.activation_sram.writes", Kind::kCount, true},
    {"memory.activation_sram.bits", Kind::kCount, false},
    {"memory.bitmap.reads", Kind::kCount, true},
    {"memory.bitmap.writes", Kind::kCount, true},
    {"memory.bitmap.bits", Kind::kCount, false},
    {"memory.accumulator_sram.reads", Kind::kCount, true},
    {"memory.accumulator_sram.writes", Kind::kCount, true},
    {"memory.accumulator_sram.bits", Kind::kCount, false},
    {"dram.read_bytes", Kind::kCount, true},
    {"dram.written_bytes", Kind::kCount, true},
    {"energy.total_pj", Kind::kRatio, true, false, true},
    {"energy.mac_pj", Kind::kRatio, true, false, true},
    {"energy.gated_mac_pj", Kind::kRatio, true, false, true},
    {"energy.registers_pj", Kind::kRatio, true, false, true},
    {"energy.weight_sram_pj", Kind::kRatio, true, false, true},
    {"energy.activation_sram_pj", Kind::kRatio, true, false, true},
    {"energy.bitmap_pj", Kind::kRatio, true, false, true},
    {"energy.accumulator_sram_pj", Kind::kRatio, true, false, true},
    {"energy.dram_pj", Kind::kRatio, true, false, true},
    {"energy.leakage_pj", Kind::kRatio, true, false, true},
    {"energy.table", Kind::kText, false, false, true},
    {"energy.sha256", Kind::kText, false, false, true},
    {"faults.armed", Kind::kCount, true},
    {"faults.fired", Kind::kCount, true},
    {"faults.masked", Kind::kCount, true},
    {"logits_sha256", Kind::kText, false},
};

/// What a layer has beside the keys that it shares with the run.
constexpr Field kLayerOwnFields[] = {
    {"name", Kind::kText, false},
    {"M", Kind::kCount, false},
    {"N", Kind::kCount, false},
    {"K", Kind::kCount, false},
    {"groups", Kind::kPositive, false},
    {"density", Kind::kFraction, true, true},
    {"input_values", Kind::kCount, true},
    {"input_nonzeros", Kind::kCount, true},
    {"activation_storage.plain_bits", Kind::kCount, true, false, true},
    {"activation_storage.compressed_bits", Kind::kCount, true, false, true},
};

bool begins_with(const std::string& text, const std::string& start) {
  return text.compare(0, start.size(), start) == 0;
}

/// Whether it is the run's sum over the layers, or a ratio that a layer has, too.
bool of_layers(const std::string& key) {
  for (const char* group : {"cycles.", "macs.", "stream.", "memory.", "dram.", "energy."}) {
    if (begins_with(key, group)) return true;
  }
  return key == "dense_cycles" || key == "speedup" || key == "stream_speedup";
}

using Fields = std::vector<Field>;

const Fields& run_fields() {
  static const Fields kFields(std::begin(kRunFields), std::end(kRunFields));
  return kFields;
}

const Fields& layer_fields() {
  static const Fields kFields = [] {
    Fields fields(std::begin(kLayerOwnFields), std::end(kLayerOwnFields));
    std::copy_if(run_fields().begin(), run_fields().end(), std::back_inserter(fields),
                 [](const Field& field) { return of_layers(field.key); });
    return fields;
  }();
  return kFields;
}

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
      : fields_(fields), path_(path), prefix_(std::move(prefix)), values_(fields.size()) {}

  [[noreturn]] void fail(const std::string& key, const std::string& wrong,
                         const std::string& allowed = kAllowed) const {
    const std::string name =
        key.empty() && !prefix_.empty() ? prefix_.substr(0, prefix_.size() - 1) : prefix_ + key;
    throw base::InputError({path_, 0, name}, wrong, allowed);
  }

  /// Fails unless some field lies in the object.
  void check_object(const std::string& key) const {
    for (const Field& field : fields_) {
      if (begins_with(field.key, key + ".")) return;
    }
    for (const Field& field : fields_) {
      if (field.key == key) fail(key, "is an object", allowed(field));
    }
    fail_unknown(key);
  }

  void set(const std::string& key, RecordValue value) {
    const bool null = std::holds_alternative<std::monostate>(value);
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      if (fields_[i].key != key) continue;
      if (!fits(fields_[i], value)) fail(key, "is " + shown(value), allowed(fields_[i]));
      if (const auto* count = std::get_if<std::int64_t>(&value); count != nullptr && is_ratio(i)) {
        value = static_cast<double>(*count);
      }
      values_[i] = std::move(value);
      return;
    }
    for (const Field& field : fields_) {
      if (!begins_with(field.key, key + ".")) continue;
      // The only objects that may be null: there was no dense run, or no energy table.
      if (null && (key == "dense" || key == "energy")) return;
      fail(key, "is " + shown(value), "an object is required");
    }
    fail_unknown(key);
  }

  std::vector<RecordFigure> finish() {
    std::vector<RecordFigure> figures;
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      if (!values_[i] && !fields_[i].may_be_absent) fail(fields_[i].key, "is missing");
      figures.push_back({fields_[i].key, fields_[i].measured, values_[i].value_or(RecordValue())});
    }
    return figures;
  }

 private:
  bool is_ratio(std::size_t field) const {
    return fields_[field].kind == Kind::kRatio || fields_[field].kind == Kind::kFraction;
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
      case Kind::kFraction:
        text = "a number from 0 to 1";
        break;
    }
    return text + (field.may_be_null ? ", or null, is required" : " is required");
  }

  [[noreturn]] void fail_unknown(const std::string& key) const {
    if (key.empty()) fail(key, "is not an object");
    std::vector<std::string> known;
    for (const Field& field : fields_) known.emplace_back(field.key);
    throw base::InputError({path_, 0, prefix_ + base::shown(key)},
                           fmt::format("is not a key of {}", kSchema), "",
                           base::nearest_name(key, known));
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
    return std::move(file_);
  }

  bool null() override { return leaf({}); }
  bool boolean(bool value) override {
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
      row().check_object(key_path());
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
      fail_here("is a list", "only layers is one");
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

  bool leaf(RecordValue value) {
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
  std::vector<Frame> frames_;
};

/// Fails where a whole is not the sum of its parts.
class Sums {
 public:
  explicit Sums(const RecordFile& file) : file_(file) {}

  void check() const {
    check_row(file_.figures, "");
    check_whole(file_.figures, "faults.armed", {"faults.fired", "faults.masked"}, "");
    check_classes(file_.figures, "dense.", "");
    if (count(file_.figures, "dense_cycles") != count(file_.figures, "dense.total")) {
      fail("dense_cycles", count(file_.figures, "dense_cycles"), "dense.total");
    }
    for (std::size_t i = 0; i < file_.layers.size(); ++i) {
      check_row(file_.layers[i].figures, fmt::format("layers[{}].", i));
    }
    for (const Field& field : run_fields()) {
      if (of_layers(field.key) && field.kind == Kind::kCount && field.measured) over(field.key);
    }
  }

 private:
  using Count = std::optional<std::int64_t>;
  using Keys = std::vector<std::string>;

  static Count count(const std::vector<RecordFigure>& figures, const std::string& key) {
    const auto* value = std::get_if<std::int64_t>(&value_of(figures, key));
    return value != nullptr ? Count(*value) : std::nullopt;
  }

  void check_row(const std::vector<RecordFigure>& figures, const std::string& prefix) const {
    check_classes(figures, "cycles.", prefix);
    check_whole(figures, "macs.total", {"macs.issued", "macs.gated", "macs.skipped"}, prefix);
    check_whole(figures, "cycles.stream", {"stream.work", "stream.imbalance", "stream.fill_drain"},
                prefix);
  }
  void check_classes(const std::vector<RecordFigure>& figures, const std::string& group,
                     const std::string& prefix) const {
    check_whole(figures, group + "total",
                {group + "weight_load", group + "stream", group + "memory_wait",
                 group + "post_wait", group + "idle"},
                prefix);
  }
  void check_whole(const std::vector<RecordFigure>& figures, const std::string& whole,
                   const Keys& parts, const std::string& prefix) const {
    std::vector<Count> counts;
    counts.reserve(parts.size());
    for (const std::string& part : parts) counts.push_back(count(figures, part));
    compare(prefix + whole, count(figures, whole), counts, "the sum of " + base::join(parts));
  }
  void over(const std::string& key) const {
    std::vector<Count> counts;
    counts.reserve(file_.layers.size());
    for (const RecordLayer& layer : file_.layers) counts.push_back(count(layer.figures, key));
    compare(key, count(file_.figures, key), counts, "the sum of the layers");
  }
  void compare(const std::string& key, Count whole, const std::vector<Count>& parts,
               const std::string& names) const {
    std::int64_t sum = 0;
    for (const Count part : parts) {
      const bool null = part.has_value() != whole.has_value();
      if (null || __builtin_add_overflow(sum, part.value_or(0), &sum) || sum > whole.value_or(0)) {
        fail(key, whole, names);
      }
    }
    if (sum != whole.value_or(0)) fail(key, whole, names);
  }
  [[noreturn]] void fail(const std::string& key, Count whole, const std::string& names) const {
    throw base::InputError(
        {file_.path, 0, key},
        fmt::format("is {}, which is not {}", whole ? std::to_string(*whole) : "null", names),
        kAllowed);
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
  return record_from_bytes(base::read_file(path, kMaxFileBytes), path);
}

}  // namespace lacuna::report
