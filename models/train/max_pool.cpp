#include "max_pool.hpp"

#include <torch/torch.h>

#include "base/error.hpp"

namespace lacuna::train {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Every second row (dimension 2) or column (3).
torch::Tensor larger_of_neighbours(const torch::Tensor& x, int dimension) {
  const std::int64_t size = x.size(dimension);
  return torch::maximum(x.slice(dimension, 0, size, 2), x.slice(dimension, 1, size, 2));
}

struct MaxPool : torch::autograd::Function<MaxPool> {
  static torch::Tensor forward(AutogradContext* context, const torch::Tensor& x) {
    torch::Tensor largest = larger_of_neighbours(larger_of_neighbours(x, 2), 3).contiguous();
    context->save_for_backward({x, largest});
    return largest;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const torch::Tensor gradient = gradients[0].contiguous();
    torch::Tensor result = torch::empty_like(saved[0]);
    const std::int64_t width = gradient.size(3);
    const float* x = saved[0].data_ptr<float>();
    const float* largest = saved[1].data_ptr<float>();
    const float* in = gradient.data_ptr<float>();
    float* out = result.data_ptr<float>();
    for (std::int64_t row = 0; row < gradient.numel() / width; ++row) {
      for (std::int64_t i = 0; i < width; ++i) {
        const std::int64_t corners[4] = {2 * i, 2 * i + 1, 2 * width + 2 * i,
                                         2 * width + 2 * i + 1};
        float left = in[i];
        for (const std::int64_t corner : corners) {
          const bool takes = x[corner] == largest[i];
          out[corner] = takes ? left : 0.0F;
          left = takes ? 0.0F : left;
        }
      }
      x += 4 * width;
      out += 4 * width;
      largest += width;
      in += width;
    }
    return {result};
  }
};

}  // namespace

torch::Tensor max_pool(const torch::Tensor& x) {
  SIM_CHECK(x.dim() == 4 && x.size(2) % 2 == 0 && x.size(3) % 2 == 0 && x.is_contiguous(),
            "max_pool", -1, "the map must be contiguous, of even height and width");
  return MaxPool::apply(x);
}

}  // namespace lacuna::train
