// What the layers of a network are: shapes only, shared by the trained and the integer network.
#pragma once

#include <string>
#include <vector>

namespace lacuna::train {

/// A convolution or fully connected layer with what follows it up to the next one.
struct LayerShape {
  std::string name;
  bool convolution;  // else fully connected, with kernel 1 and padding 0
  int inputs;        // channels, or features
  int outputs;
  int kernel;
  int padding;
  std::string pool;  // name of the 2 x 2 max pooling after it, or empty
};

/// LeNet-5 for 28 x 28 images with one channel and ten classes.
inline std::vector<LayerShape> lenet5_layers() {
  return {
      {"conv1", true, 1, 6, 5, 2, "pool1"}, {"conv2", true, 6, 16, 5, 0, "pool2"},
      {"fc1", false, 400, 120, 1, 0, ""},   {"fc2", false, 120, 84, 1, 0, ""},
      {"fc3", false, 84, 10, 1, 0, ""},
  };
}

}  // namespace lacuna::train
