// An integer network as an ONNX file in quantise/dequantise form (opset 13).
#pragma once

#include <string>

#include "integer_network.hpp"

namespace lacuna::train {

/// The serialised and checked model, the same bytes for the same network. Input "image" is float32
/// [N, 1, rows, columns] in [0, 1], output "logits" float32 [N, 10]. Throws
/// base::InternalError if the checker objects.
std::string to_onnx(const IntegerNetwork& network, int rows, int columns);

}  // namespace lacuna::train
