// Two run records side by side: what changed, and by how much.
#pragma once

#include <string>
#include <vector>

#include "report/json/record_file.hpp"

namespace lacuna::report {

struct ComparedFigure {
  const char* key = "";
  bool measured = false;
  RecordValue a;
  RecordValue b;
  bool in_both = true;  ///< else one record is of a program that did not know the figure yet

  bool differs() const { return in_both && a != b; }
};

/// A layer (or output) of both, by name (the first of a name with the first, the second with the
/// second), or of one of them.
struct ComparedLayer {
  std::string name;
  bool in_a = false;
  bool in_b = false;
  std::vector<ComparedFigure> figures;  ///< empty unless it is in both

  bool differs() const;
};

struct Comparison {
  RecordFile a;
  RecordFile b;
  std::vector<ComparedFigure> figures;
  std::vector<ComparedLayer> layers;   ///< as in a; then those that only b has
  std::vector<ComparedLayer> outputs;  ///< where both records have several
  bool reordered = false;              ///< layers of both do not come in the same order

  bool differs() const;
};

Comparison compare_records(RecordFile a, RecordFile b);

/// For a terminal: what differs, with `all` everything.
std::string comparison_text(const Comparison& comparison, bool all);

/// JSON, schema "lacuna.compare/1" (docs/formats.md), of the same figures, ending in a newline.
std::string comparison_json(const Comparison& comparison, bool all);

}  // namespace lacuna::report
