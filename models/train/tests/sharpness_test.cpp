// The loss around a network, on networks that went through the exported file.
#include "sharpness.hpp"

#include <gtest/gtest.h>
#include <torch/torch.h>

#include "base/error.hpp"
#include "batches.hpp"
#include "model.hpp"
#include "onnx_export.hpp"
#include "onnx_import.hpp"
#include "toy_images.hpp"
#include "train.hpp"

namespace lacuna::train {
namespace {

IntegerNetwork exported(const std::vector<LayerShape>& shapes, const Images& images) {
  torch::manual_seed(2);
  Network network(shapes, 4, 4);
  network.initialise_steps(plain_batch(images, 0, images.count, 4).codes);
  return from_onnx("toy.onnx", to_onnx(network.freeze("toy"), 28, 28), shapes);
}

TEST(Sharpness, IsMeasuredFromTheExportedNetwork) {
  const Images images = bars(50, 4);
  for (const auto& shapes : {lenet5_layers(), resnet_layers(8, 4)}) {
    const IntegerNetwork network = exported(shapes, images);
    const Direction any = layer_normalised_direction(network, 1);
    const LossPoint here = loss_at(network, combine(0, any, 0, any), images);
    EXPECT_DOUBLE_EQ(here.accuracy,
                     static_cast<double>(evaluate_integer(network, images).correct) / 50.0);
    EXPECT_NE(loss_at(network, any, images).loss, here.loss);
  }
}

TEST(Sharpness, DirectionsAreAsLongAsTheWeights) {
  const IntegerNetwork network = exported(lenet5_layers(), bars(10, 4));
  const IntegerLayer& layer = network.layers[1];
  double all = 0.0;
  double third = 0.0;
  const std::size_t taps = layer.weights.size() / layer.bias.size();
  for (std::size_t i = 0; i < layer.weights.size(); ++i) {
    const double weight = layer.weights[i] * static_cast<double>(layer.weight_scale(0));
    all += weight * weight;
    if (i / taps == 3) third += weight * weight;
  }
  const torch::Tensor by_layer = layer_normalised_direction(network, 5)[1];
  const torch::Tensor by_filter = filter_normalised_direction(network, 5)[1];
  EXPECT_NEAR(by_layer.square().sum().item<double>(), all, 1e-4 * all);
  EXPECT_NEAR(by_filter[3].square().sum().item<double>(), third, 1e-4 * third);
  EXPECT_TRUE(torch::equal(by_filter, filter_normalised_direction(network, 5)[1]));
  EXPECT_FALSE(torch::equal(by_filter, filter_normalised_direction(network, 6)[1]));
}

TEST(Sharpness, FaultsFlipBitsOfTheCodes) {
  // A rate of 1 flips all bits: in two's complement ~w = -w - 1, which is -2w - 1 away.
  const IntegerNetwork network = exported(lenet5_layers(), bars(10, 4));
  const IntegerLayer& layer = network.layers[2];
  const torch::Tensor all = fault_offset(network, 1.0, 3)[2].flatten();
  for (const std::int64_t i : {0, 1, 4711}) {
    const int weight = layer.weights[static_cast<std::size_t>(i)];
    EXPECT_FLOAT_EQ(all[i].item<float>(),
                    static_cast<float>(-2 * weight - 1) * layer.weight_scale(0));
  }
  EXPECT_EQ(fault_offset(network, 0.0, 3)[2].count_nonzero().item<std::int64_t>(), 0);
}

TEST(Sharpness, FaultsAreNestedInTheRateAndAsManyAsItSays) {
  const IntegerNetwork network = exported(lenet5_layers(), bars(10, 4));
  const torch::Tensor few = fault_offset(network, 0.01, 3)[2] != 0;
  const torch::Tensor many = fault_offset(network, 0.05, 3)[2] != 0;
  EXPECT_FALSE((few & ~many).any().item<bool>());
  // 48,000 weights of 4 bits: 1 - 0.95^4 of them, +- 5 standard deviations of 85.
  EXPECT_NEAR(static_cast<double>(many.sum().item<std::int64_t>()), 48000 * 0.18549375, 430);
}

TEST(Sharpness, RefusesAFileThatIsNoExportedNetwork) {
  EXPECT_THROW(from_onnx("x.onnx", "no model", lenet5_layers()), base::InputError);
  EXPECT_THROW(from_onnx("x.onnx", "", lenet5_layers()), base::InputError);
}

}  // namespace
}  // namespace lacuna::train
