// What the layers of a network are: shapes only, shared by the trained and the integer network.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace lacuna::train {

enum class Pool {
  kNone,
  kMax,      // 2 x 2, stride 2
  kAverage,  // over the whole map, with a quantiser of its own
};

/// A convolution or fully connected layer with what follows it up to the next one. Map 0 is the
/// image, map i + 1 is what layer i makes; a layer reads only maps of layers before it.
struct LayerShape {
  std::string name;
  bool convolution;  // else fully connected, with kernel 1, stride 1 and padding 0
  int inputs;        // channels, or features
  int outputs;
  int kernel;
  int stride;
  int padding;
  Pool pool;
  std::string pool_name;        // empty for none
  std::size_t source;           // the map it reads
  std::optional<int> residual;  // the map that is added to its sums, before its ReLU
  bool batch_norm;              // behind a convolution; folded at export
};

/// LeNet-5 for 28 x 28 images with one channel and ten classes.
std::vector<LayerShape> lenet5_layers();

/// A residual network of the CIFAR family (He et al., "Deep Residual Learning for Image
/// Recognition", CVPR 2016, section 4.2) for images with one channel and ten classes: `depth` is
/// 6 n + 2, `width` the channels of the first of three groups of n blocks. The first block of the
/// second and third group halves the map; its shortcut is a 1 x 1 convolution with stride 2 and,
/// unlike the paper's, a ReLU and a quantiser of its own: what is added are unsigned codes.
std::vector<LayerShape> resnet_layers(int depth, int width);

}  // namespace lacuna::train
