#include "tensor/function.hpp"

#include <algorithm>
#include <cmath>

#include "base/error.hpp"

namespace lacuna::tensor {
namespace {

double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }
// NaN stays NaN, as ONNX's Min and Max have it.
double least(double a, double b) { return std::isnan(a) || a < b ? a : b; }
double most(double a, double b) { return std::isnan(a) || a > b ? a : b; }

using Values = const double*;

/// By parameter 0: 0, the definition; else its approximation by tanh.
double gelu(Values x, Values p) {
  constexpr double kCubic = 0.044715;
  const double v = x[0];
  if (p[0] == 0.0) return 0.5 * v * (1.0 + std::erf(v * M_SQRT1_2));
  return 0.5 * v * (1.0 + std::tanh(M_2_SQRTPI * M_SQRT1_2 * (v + kCubic * v * v * v)));
}

const std::vector<Operation> kOperations = {
    {"Abs", 1, 0, [](Values x, Values) { return std::fabs(x[0]); }},
    {"Add", 2, 0, [](Values x, Values) { return x[0] + x[1]; }},
    {"Ceil", 1, 0, [](Values x, Values) { return std::ceil(x[0]); }},
    {"Celu", 1, 1,
     [](Values x, Values p) { return x[0] > 0 ? x[0] : p[0] * std::expm1(x[0] / p[0]); }},
    {"Clip", 1, 2, [](Values x, Values p) { return least(most(x[0], p[0]), p[1]); }},
    {"Div", 2, 0, [](Values x, Values) { return x[0] / x[1]; }},
    {"Elu", 1, 1, [](Values x, Values p) { return x[0] > 0 ? x[0] : p[0] * std::expm1(x[0]); }},
    {"Erf", 1, 0, [](Values x, Values) { return std::erf(x[0]); }},
    {"Exp", 1, 0, [](Values x, Values) { return std::exp(x[0]); }},
    {"Floor", 1, 0, [](Values x, Values) { return std::floor(x[0]); }},
    {"Gelu", 1, 1, gelu},
    {"HardSigmoid", 1, 2,
     [](Values x, Values p) { return least(most(p[0] * x[0] + p[1], 0.0), 1.0); }},
    {"HardSwish", 1, 0,
     [](Values x, Values) { return x[0] * least(most(x[0] / 6.0 + 0.5, 0.0), 1.0); }},
    {"LeakyRelu", 1, 1, [](Values x, Values p) { return x[0] >= 0 ? x[0] : p[0] * x[0]; }},
    {"Log", 1, 0, [](Values x, Values) { return std::log(x[0]); }},
    {"Max", 2, 0, [](Values x, Values) { return most(x[0], x[1]); }},
    {"Min", 2, 0, [](Values x, Values) { return least(x[0], x[1]); }},
    {"Mish", 1, 0,
     [](Values x, Values) {
       return x[0] * std::tanh(std::log1p(std::exp(-std::fabs(x[0]))) + most(x[0], 0.0));
     }},
    {"Mul", 2, 0, [](Values x, Values) { return x[0] * x[1]; }},
    {"Neg", 1, 0, [](Values x, Values) { return -x[0]; }},
    {"PRelu", 2, 0, [](Values x, Values) { return x[0] >= 0 ? x[0] : x[0] * x[1]; }},
    {"Pow", 2, 0, [](Values x, Values) { return std::pow(x[0], x[1]); }},
    {"Reciprocal", 1, 0, [](Values x, Values) { return 1.0 / x[0]; }},
    {"Relu", 1, 0, [](Values x, Values) { return most(x[0], 0.0); }},
    {"Round", 1, 0, [](Values x, Values) { return std::nearbyint(x[0]); }},
    {"Selu", 1, 2,
     [](Values x, Values p) { return p[1] * (x[0] > 0 ? x[0] : p[0] * std::expm1(x[0])); }},
    {"Sigmoid", 1, 0, [](Values x, Values) { return sigmoid(x[0]); }},
    {"Sign", 1, 0,
     [](Values x, Values) { return static_cast<double>((x[0] > 0 ? 1 : 0) - (x[0] < 0 ? 1 : 0)); }},
    {"Softplus", 1, 0,
     [](Values x, Values) { return std::log1p(std::exp(-std::fabs(x[0]))) + most(x[0], 0.0); }},
    {"Softsign", 1, 0, [](Values x, Values) { return x[0] / (1.0 + std::fabs(x[0])); }},
    {"Sqrt", 1, 0, [](Values x, Values) { return std::sqrt(x[0]); }},
    {"Sub", 2, 0, [](Values x, Values) { return x[0] - x[1]; }},
    {"Tanh", 1, 0, [](Values x, Values) { return std::tanh(x[0]); }},
    {"ThresholdedRelu", 1, 1, [](Values x, Values p) { return x[0] > p[0] ? x[0] : 0.0; }},
};

}  // namespace

const std::vector<Operation>& operations() { return kOperations; }

const Operation* find_operation(const std::string& name) {
  const auto found = std::find_if(kOperations.begin(), kOperations.end(),
                                  [&](const Operation& own) { return name == own.name; });
  return found == kOperations.end() ? nullptr : &*found;
}

Function::Source Function::constant(std::vector<float> values) {
  SIM_CHECK(!values.empty(), "function", -1, "a constant has a value");
  constants_.push_back(std::move(values));
  return {Source::Kind::kConstant, static_cast<std::int32_t>(constants_.size()) - 1};
}

Function::Source Function::step(const Operation& operation, const std::vector<Source>& operands,
                                std::vector<double> parameters) {
  SIM_CHECK(operands.size() == static_cast<std::size_t>(operation.operands) &&
                parameters.size() == static_cast<std::size_t>(operation.parameters),
            "function", -1, "an operation has all its operands and parameters");
  Step step;
  step.operation = &operation;
  std::copy(operands.begin(), operands.end(), step.operands);
  step.parameters = std::move(parameters);
  steps_.push_back(std::move(step));
  return {Source::Kind::kStep, static_cast<std::int32_t>(steps_.size()) - 1};
}

bool Function::by_channel() const {
  return std::any_of(constants_.begin(), constants_.end(),
                     [](const std::vector<float>& own) { return own.size() > 1; });
}

float Function::value(const Source& source, const float* inputs, const float* results,
                      std::int64_t channel) const {
  const auto index = static_cast<std::size_t>(source.index);
  switch (source.kind) {
    case Source::Kind::kInput:
      return inputs[index];
    case Source::Kind::kStep:
      return results[index];
    case Source::Kind::kConstant: {
      const std::vector<float>& own = constants_[index];
      return own.size() == 1 ? own.front() : own[static_cast<std::size_t>(channel)];
    }
  }
  return 0.0F;
}

float Function::operator()(const float* inputs, std::int64_t channel) const {
  constexpr std::size_t kFew = 16;
  float few[kFew];
  std::vector<float> many(steps_.size() > kFew ? steps_.size() : 0);
  float* results = many.empty() ? few : many.data();
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const Step& step = steps_[i];
    double operands[2] = {0.0, 0.0};
    for (int o = 0; o < step.operation->operands; ++o) {
      operands[o] = double{value(step.operands[o], inputs, results, channel)};
    }
    results[i] = static_cast<float>(step.operation->apply(operands, step.parameters.data()));
  }
  return steps_.empty() ? inputs[0] : results[steps_.size() - 1];
}

}  // namespace lacuna::tensor
