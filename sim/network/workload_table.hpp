// The table of a workload file: its header, told apart and named, and its rows, field by field.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lacuna::network {

class WorkloadTable {
 public:
  /// Takes the header's columns. Throws base::InputError that names the column that is wrong.
  WorkloadTable(std::string_view header, const std::string& file, int line);

  /// SCALE-Sim's topology form, whose columns count by place.
  bool scalesim() const { return scalesim_; }
  bool is_gemm() const { return has("M"); }
  bool has(std::string_view column) const;

  /// Whether the line is a row; a comment and a line of empty fields are none.
  bool read_row(std::string_view text, int line);

  // Of the row that was read. Columns have the names of our own form.
  /// The text of a column, or nullptr where the file does not have it.
  const std::string* field(std::string_view column) const;
  /// `otherwise` where the file does not have the column; throws for what is no integer in
  /// low..most.
  std::int64_t integer(const std::string& column, std::int64_t low, std::int64_t most,
                       std::int64_t otherwise) const;
  int line() const { return line_; }
  /// 1 where the file does not have the column.
  double density() const;
  [[noreturn]] void fail(const std::string& column, const std::string& wrong,
                         const std::string& allowed) const;

 private:
  std::vector<std::string> split(std::string_view text, int line) const;
  void name_scalesim(const std::vector<std::string>& titles);
  void name_own(const std::vector<std::string>& titles);
  void require(const std::vector<std::string>& names);

  std::string file_;
  int line_ = 0;
  char separator_ = ',';
  bool scalesim_ = false;
  std::vector<std::string> columns_;  ///< by place; "" is ignored
  bool open_ended_ = false;  ///< fields behind the columns are a spreadsheet's, and ignored
  std::vector<std::string> fields_;
};

/// A line that is neither empty nor a comment ("# ...").
bool is_table_line(std::string_view text);

}  // namespace lacuna::network
