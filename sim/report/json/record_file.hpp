// Run records (schema "lacuna.run/1") read back, for those who look at several. Strict: a file
// holds every key once, with its type, nothing else, and its sums hold.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace lacuna::report {

/// A count, a ratio, a text, or null.
using RecordValue = std::variant<std::monostate, std::int64_t, double, std::string>;

struct RecordFigure {
  const char* key = "";   ///< dotted path in the run or layer, as "cycles.stream"
  bool measured = false;  ///< by how much it changes means something; else it names what was run
  RecordValue value;
  bool unknown = false;  ///< the record is of a program that did not know the key yet
};

/// Or an output.
struct RecordLayer {
  std::string name;
  std::vector<RecordFigure> figures;
};

struct RecordFile {
  std::string path;
  /// In the order of docs/formats.md, the same in every record; of a key that a record leaves out
  /// (hashes.model or hashes.workload; dense.* without a dense run) the value is null.
  std::vector<RecordFigure> figures;
  std::vector<RecordFigure> machine;  ///< every key of the machine; none in records of 0.1.0
  std::vector<RecordLayer> layers;
  std::vector<RecordLayer> outputs;  ///< of a run with faults that has several
};

/// Of the bytes of a file; `path` is for messages. Throws base::InputError with file, line or key,
/// what is wrong and what is allowed.
RecordFile record_from_bytes(const std::string& bytes, const std::string& path);

/// Reads a file of at most 64 MiB. Throws base::InputError.
RecordFile read_record(const std::string& path);

/// The value of a key that the figures have. Throws base::InternalError for another.
const RecordValue& value_of(const std::vector<RecordFigure>& figures, const std::string& key);

}  // namespace lacuna::report
