#include "tensor/function.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace lacuna::tensor {
namespace {

float apply(const char* name, std::vector<float> inputs, std::vector<double> parameters = {}) {
  Function function;
  std::vector<Function::Source> sources{Function::input(0)};
  if (inputs.size() > 1) sources.push_back(Function::input(1));
  function.step(*find_operation(name), sources, std::move(parameters));
  return function(inputs.data(), 0);
}

TEST(Function, GivenAnOperationThenItIsOnnxs) {
  EXPECT_EQ(apply("Add", {0.1F, 0.2F}), 0.1F + 0.2F);
  EXPECT_EQ(apply("Sub", {0.1F, 0.2F}), 0.1F - 0.2F);
  EXPECT_EQ(apply("Mul", {0.1F, 0.3F}), 0.1F * 0.3F);
  EXPECT_EQ(apply("Div", {0.1F, 0.3F}), 0.1F / 0.3F);
  EXPECT_EQ(apply("Relu", {-2.0F}), 0.0F);
  EXPECT_EQ(apply("Relu", {2.0F}), 2.0F);
  EXPECT_EQ(apply("Clip", {9.0F}, {0, 6}), 6.0F);
  EXPECT_EQ(apply("LeakyRelu", {-2.0F}, {0.125}), -0.25F);
  EXPECT_EQ(apply("PRelu", {-2.0F, 0.5F}), -1.0F);
  EXPECT_EQ(apply("PRelu", {2.0F, 0.5F}), 2.0F);
  EXPECT_EQ(apply("ThresholdedRelu", {1.0F}, {1.0}), 0.0F);  // not above it
  EXPECT_EQ(apply("HardSigmoid", {1.0F}, {0.25, 0.5}), 0.75F);
  EXPECT_EQ(apply("HardSwish", {3.0F}), 3.0F);
  EXPECT_EQ(apply("HardSwish", {-3.0F}), 0.0F);
  EXPECT_EQ(apply("HardSwish", {1.0F}), static_cast<float>(2.0 / 3.0));
  EXPECT_EQ(apply("Sigmoid", {0.0F}), 0.5F);
  EXPECT_EQ(apply("Sigmoid", {-200.0F}), 0.0F);
  EXPECT_EQ(apply("Tanh", {0.5F}), static_cast<float>(std::tanh(0.5)));
  EXPECT_EQ(apply("Elu", {-1.0F}, {2.0}), static_cast<float>(2.0 * (std::exp(-1.0) - 1.0)));
  EXPECT_EQ(apply("Gelu", {1.0F}, {0.0}),
            static_cast<float>(0.5 * (1.0 + std::erf(std::sqrt(0.5)))));
  EXPECT_EQ(apply("Gelu", {1.0F}, {1.0}),
            static_cast<float>(0.5 * (1.0 + std::tanh(std::sqrt(2.0 / M_PI) * 1.044715))));
  EXPECT_EQ(apply("Softplus", {0.0F}), static_cast<float>(std::log(2.0)));
  EXPECT_EQ(apply("Softplus", {500.0F}), 500.0F);
  EXPECT_EQ(apply("Mish", {0.0F}), 0.0F);
  EXPECT_EQ(apply("Round", {2.5F}), 2.0F);  // half to even
  EXPECT_EQ(apply("Sign", {-0.5F}), -1.0F);
  EXPECT_TRUE(std::isnan(apply("Max", {std::numeric_limits<float>::quiet_NaN(), 1.0F})));
}

TEST(Function, GivenStepsThenEachIsRoundedOnce) {
  // x * Sigmoid(x): the sigmoid is a float32 before the product.
  Function swish;
  const auto gate = swish.step(*find_operation("Sigmoid"), {Function::input(0)});
  swish.step(*find_operation("Mul"), {Function::input(0), gate});
  const float x = 1.7F;
  const auto sigmoid = static_cast<float>(1.0 / (1.0 + std::exp(-double{x})));
  EXPECT_EQ(swish(&x, 0), x * sigmoid);
  EXPECT_FALSE(swish.by_channel());
}

TEST(Function, GivenAConstantAChannelThenEachChannelHasItsOwn) {
  Function slopes;
  const auto slope = slopes.constant({0.5F, 0.25F});
  slopes.step(*find_operation("PRelu"), {Function::input(0), slope});
  const float x = -4.0F;
  EXPECT_EQ(slopes(&x, 0), -2.0F);
  EXPECT_EQ(slopes(&x, 1), -1.0F);
  EXPECT_TRUE(slopes.by_channel());
}

TEST(Function, GivenNoStepsThenItIsTheIdentity) {
  const float x = 3.25F;
  EXPECT_EQ(Function{}(&x, 0), x);
}

TEST(Function, GivenTheTableThenNamesAreSortedAndUnique) {
  for (std::size_t i = 1; i < operations().size(); ++i) {
    EXPECT_LT(std::string(operations()[i - 1].name), operations()[i].name);
  }
  EXPECT_EQ(find_operation("Conv"), nullptr);
}

}  // namespace
}  // namespace lacuna::tensor
