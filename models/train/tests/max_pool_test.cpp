// Against libtorch's own, values and gradients.
#include "max_pool.hpp"

#include <gtest/gtest.h>
#include <torch/torch.h>

namespace lacuna::train {
namespace {

torch::Tensor of_libtorch(const torch::Tensor& x) {
  return torch::nn::functional::max_pool2d(x, torch::nn::functional::MaxPool2dFuncOptions(2));
}

torch::Tensor gradient(torch::Tensor (*pool)(const torch::Tensor&), const torch::Tensor& values) {
  const torch::Tensor x = values.clone().set_requires_grad(true);
  const torch::Tensor out = pool(x);
  (out * torch::arange(1, out.numel() + 1, torch::kFloat32).view(out.sizes())).sum().backward();
  return x.grad();
}

TEST(MaxPool, IsThatOfLibtorchWithManyEqualValues) {
  torch::manual_seed(5);
  for (const auto& shape : std::vector<std::vector<std::int64_t>>{{1, 1, 2, 2}, {3, 5, 28, 14}}) {
    const torch::Tensor x = torch::randint(-2, 3, shape).to(torch::kFloat32);
    EXPECT_TRUE(torch::equal(max_pool(x), of_libtorch(x)));
    EXPECT_TRUE(torch::equal(gradient(max_pool, x), gradient(of_libtorch, x)));
  }
}

TEST(MaxPool, GivesTheGradientToTheFirstOfEqualValues) {
  const torch::Tensor x = torch::tensor({1.0F, 7.0F, 7.0F, 7.0F}).view({1, 1, 2, 2});
  EXPECT_TRUE(
      torch::equal(gradient(max_pool, x).flatten(), torch::tensor({0.0F, 1.0F, 0.0F, 0.0F})));
}

}  // namespace
}  // namespace lacuna::train
