// Element-wise functions of one or two real values, as a network's file defines them: a small
// program of operations, each computed in double by the C library and rounded once to float32.
// Source: the operators of ONNX. An operation is one line of the table in function.cpp.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lacuna::tensor {

/// An operation of one or two operands and some parameters.
struct Operation {
  const char* name;  ///< as ONNX calls it
  int operands;      ///< 1 or 2
  int parameters;    ///< attributes, in the order in which `apply` takes them
  double (*apply)(const double* operands, const double* parameters);
};

/// The operation of that name; nullptr where there is none.
const Operation* find_operation(const std::string& name);
/// All of them, by name.
const std::vector<Operation>& operations();

/// y = f(x) or f(x0, x1) for a channel: a list of steps, the last of which is the value.
class Function {
 public:
  /// Where an operand comes from: an input (0 or 1), an earlier step, or a constant.
  struct Source {
    enum class Kind : std::uint8_t { kInput, kStep, kConstant } kind = Kind::kInput;
    std::int32_t index = 0;
  };
  static Source input(int index) { return {Source::Kind::kInput, index}; }

  /// Adds a constant of one value, or of one a channel.
  Source constant(std::vector<float> values);
  /// Adds an operation on one or two sources; `parameters` as it has them.
  Source step(const Operation& operation, const std::vector<Source>& operands,
              std::vector<double> parameters = {});

  bool empty() const { return steps_.empty(); }
  /// Whether a constant differs from channel to channel.
  bool by_channel() const;
  /// The value for a channel. `inputs` has one or two values.
  float operator()(const float* inputs, std::int64_t channel) const;

 private:
  struct Step {
    const Operation* operation = nullptr;
    Source operands[2];
    std::vector<double> parameters;
  };
  float value(const Source& source, const float* inputs, const float* results,
              std::int64_t channel) const;

  std::vector<std::vector<float>> constants_;
  std::vector<Step> steps_;
};

}  // namespace lacuna::tensor
