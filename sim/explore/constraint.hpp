// Constraints of a sweep: "array.rows * array.cols <= 1024".
#pragma once

#include <functional>
#include <string>

#include "base/error.hpp"

namespace lacuna::explore {

/// The number behind a hardware key at a point; throws base::InputError for one that has none.
using KeyValue = std::function<double(const std::string& key)>;

/// Whether the constraint holds. Numbers, keys, + - * / ^, comparisons, && ||, and the functions of
/// muParser. Throws base::InputError at `place` for an expression that cannot be evaluated.
bool holds(const std::string& constraint, const KeyValue& value, const base::Place& place);

}  // namespace lacuna::explore
