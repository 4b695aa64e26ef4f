#include "explore/constraint.hpp"

#include <muParser.h>

#include <deque>
#include <optional>

namespace lacuna::explore {
namespace {

/// What a key that the parser meets stands for.
struct Keys {
  const KeyValue& value;
  std::deque<double> numbers;  // pointers into it stay
  std::optional<base::InputError> error;
};

double* number_of(const char* name, void* data) {
  auto& keys = *static_cast<Keys*>(data);
  double number = 1;
  try {
    number = keys.value(name);
  } catch (const base::InputError& error) {  // not to be thrown through the parser
    if (!keys.error) keys.error = error;
  }
  keys.numbers.push_back(number);
  return &keys.numbers.back();
}

}  // namespace

bool holds(const std::string& constraint, const KeyValue& value, const base::Place& place) {
  Keys keys{value, {}, std::nullopt};
  try {
    mu::Parser parser;
    parser.DefineNameChars("0123456789_.abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
    parser.SetVarFactory(number_of, &keys);
    parser.SetExpr(constraint);
    const double result = parser.Eval();
    if (keys.error) throw *keys.error;
    return result != 0;
  } catch (const mu::Parser::exception_type& error) {
    if (keys.error) throw *keys.error;
    throw base::InputError(place, "'" + constraint + "': " + error.GetMsg(),
                           "keys, numbers and comparisons, as array.rows * array.cols <= 1024");
  }
}

}  // namespace lacuna::explore
