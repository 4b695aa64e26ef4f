#include "layers.hpp"

#include <fmt/format.h>

#include "base/error.hpp"

namespace lacuna::train {
namespace {

constexpr int kClasses = 10;

LayerShape convolution(std::string name, int inputs, int outputs, int kernel, int padding,
                       std::size_t source) {
  return {std::move(name), true,        inputs, outputs, kernel, 1,
          padding,         Pool::kNone, "",     source,  {},     false};
}

LayerShape connected(std::string name, int inputs, int outputs, std::size_t source) {
  LayerShape shape = convolution(std::move(name), inputs, outputs, 1, 0, source);
  shape.convolution = false;
  return shape;
}

/// Appends layers of a residual network; remembers the map at its end.
class ResidualBuilder {
 public:
  explicit ResidualBuilder(int width) : channels_(width) { add("conv1", 0, 1, width, 3, 1); }

  void block(const std::string& name, int outputs, int stride) {
    const std::size_t input = layers_.size();
    const int inputs = channels_;
    std::size_t shortcut = input;
    // Before the convolution it is added to: what reads the graph in order then has it.
    if (stride != 1) shortcut = add(name + "_shortcut", input, inputs, outputs, 1, stride);
    const std::size_t middle = add(name + "_a", input, inputs, outputs, 3, stride);
    add(name + "_b", middle, outputs, outputs, 3, 1);
    layers_.back().residual = static_cast<int>(shortcut);
    channels_ = outputs;
  }

  std::vector<LayerShape> end() {
    layers_.back().pool = Pool::kAverage;
    layers_.back().pool_name = "pool";
    layers_.push_back(connected("fc", channels_, kClasses, layers_.size()));
    return layers_;
  }

 private:
  std::size_t add(const std::string& name, std::size_t source, int inputs, int outputs, int kernel,
                  int stride) {
    LayerShape shape = convolution(name, inputs, outputs, kernel, kernel / 2, source);
    shape.stride = stride;
    shape.batch_norm = true;
    layers_.push_back(shape);
    return layers_.size();
  }

  std::vector<LayerShape> layers_;
  int channels_;
};

}  // namespace

std::vector<LayerShape> lenet5_layers() {
  std::vector<LayerShape> layers = {
      convolution("conv1", 1, 6, 5, 2, 0), convolution("conv2", 6, 16, 5, 0, 1),
      connected("fc1", 400, 120, 2),       connected("fc2", 120, 84, 3),
      connected("fc3", 84, kClasses, 4),
  };
  for (const std::size_t i : {0U, 1U}) {
    layers[i].pool = Pool::kMax;
    layers[i].pool_name = fmt::format("pool{}", i + 1);
  }
  return layers;
}

std::vector<LayerShape> resnet_layers(int depth, int width) {
  SIM_CHECK(depth >= 8 && depth % 6 == 2, "layers", -1, "the depth is not 6 n + 2");
  ResidualBuilder builder(width);
  for (int group = 0; group < 3; ++group) {
    for (int block = 0; block < depth / 6; ++block) {
      const int stride = group > 0 && block == 0 ? 2 : 1;
      builder.block(fmt::format("block{}_{}", group + 1, block + 1), width << group, stride);
    }
  }
  return builder.end();
}

}  // namespace lacuna::train
