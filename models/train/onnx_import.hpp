// An exported network back as integers: for measuring what to_onnx wrote.
#pragma once

#include <string>
#include <vector>

#include "integer_network.hpp"

namespace lacuna::train {

/// The network in `bytes`, which to_onnx made of layers of these shapes. Throws base::InputError
/// naming `file` where it is not one.
IntegerNetwork from_onnx(const std::string& file, const std::string& bytes,
                         const std::vector<LayerShape>& shapes);

}  // namespace lacuna::train
