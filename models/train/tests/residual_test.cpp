// A residual network: its shape, its batch norm, and its integers against the trained network.
#include <gtest/gtest.h>
#include <torch/torch.h>

#include <vector>

#include "batches.hpp"
#include "model.hpp"
#include "toy_images.hpp"
#include "train.hpp"

namespace lacuna::train {
namespace {

TEST(Residual, AddsAMapOfTheSameShapeMadeBefore) {
  const std::vector<LayerShape> layers = resnet_layers(14, 8);
  for (std::size_t i = 0; i < layers.size(); ++i) {
    EXPECT_LE(layers[i].source, i) << layers[i].name;
    if (i == 0 || layers[i].source == 0) continue;
    EXPECT_EQ(layers[i].inputs, layers[layers[i].source - 1].outputs) << layers[i].name;
    if (!layers[i].residual) continue;
    const auto added = static_cast<std::size_t>(*layers[i].residual);
    EXPECT_LE(added, i) << layers[i].name;
    EXPECT_EQ(layers[i].outputs, layers[added - 1].outputs) << layers[i].name;
  }
}

struct Toy {
  Network network{resnet_layers(8, 4), 4, 4};
  Images images = bars(60, 3);
  torch::Tensor codes = plain_batch(images, 0, 60, 4).codes;

  // Batch norms with statistics and with factors of both signs, steps from the batch.
  Toy() {
    torch::manual_seed(11);
    for (int i = 0; i < 20; ++i) network.forward_float(codes);
    const torch::NoGradGuard no_gradient;
    for (const auto& entry : network.named_parameters()) {
      if (entry.key().find("norm") == std::string::npos) continue;
      entry.value().add_(torch::randn_like(entry.value()) * 0.3);
    }
    network.named_parameters()["block1_1_a.norm.weight"][1] = -0.7;
    network.initialise_steps(codes);
  }
};

TEST(Residual, IntegersAnswerAsTheTrainedNetworkDoes) {
  Toy toy;
  const Evaluation trained = evaluate_quantised(toy.network, toy.images, 4);
  const IntegerNetwork integers = toy.network.freeze("toy");
  const IntegerEvaluation exported = evaluate_integer(integers, toy.images);
  EXPECT_EQ(exported.top1, trained.top1);
  ASSERT_EQ(exported.inputs.size(), trained.inputs.size() + 1);
  for (std::size_t i = 0; i < trained.inputs.size(); ++i) {
    EXPECT_EQ(exported.inputs[i + 1].nonzero, trained.inputs[i].nonzero) << i;
    EXPECT_EQ(exported.inputs[i + 1].values, trained.inputs[i].values) << i;
  }
}

std::vector<torch::Tensor> statistics(const Network& network) {
  std::vector<torch::Tensor> copies;
  for (const torch::Tensor& buffer : network.buffers()) copies.push_back(buffer.clone());
  return copies;
}

bool equal(const std::vector<torch::Tensor>& a, const std::vector<torch::Tensor>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!torch::equal(a[i], b[i])) return false;
  }
  return a.size() == b.size();
}

TEST(Residual, OnlyAPassWithoutOffsetsChangesTheStatistics) {
  Toy toy;
  const std::vector<torch::Tensor> before = statistics(toy.network);
  ASSERT_FALSE(before.empty());
  std::vector<torch::Tensor> offsets;
  for (const Codes& weight : toy.network.forward_quantised(toy.codes).weights) {
    offsets.push_back(torch::full_like(weight.codes, 0.01));
  }
  const std::vector<torch::Tensor> first = statistics(toy.network);
  EXPECT_FALSE(equal(first, before));
  toy.network.forward_quantised(toy.codes, offsets);
  EXPECT_TRUE(equal(statistics(toy.network), first));
  evaluate_quantised(toy.network, toy.images, 4);
  EXPECT_TRUE(equal(statistics(toy.network), first));
}

}  // namespace
}  // namespace lacuna::train
