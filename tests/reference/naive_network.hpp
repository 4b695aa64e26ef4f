// Evaluates a QDQ model straight from the .onnx: it reads the file through onnx's own protobuf
// classes, walks the nodes, and computes on integer codes in NCHW loops. Of the simulator it shares
// the arithmetic of requantising, and nothing else: not the import, not its layers, not its order
// of values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reference/weight_hook.hpp"

namespace lacuna::reference {

/// What one Conv, Gemm, MatMul or pooling node gives, in the order of the graph.
struct LayerCodes {
  std::string node;
  std::vector<std::int64_t> sizes;  ///< channels, height, width
  std::vector<std::int32_t> sums;   ///< biased; empty for pooling
  std::vector<std::uint8_t> codes;  ///< after its quantisers; empty for the logits
};

struct Evaluation {
  std::vector<std::int32_t> logits;
  std::vector<LayerCodes> layers;
};

/// `pixels` are 0..255, [channel][y][x] of the model's input; the model sees pixel / 255. `image`
/// is for the hook. Throws std::runtime_error for anything that it does not know.
Evaluation evaluate_onnx(const std::string& model_bytes, const std::vector<std::uint8_t>& pixels,
                         std::int64_t image = 0, const WeightHook& hook = {});

/// Values [c][y][x] as [y][x][c].
template <class T>
std::vector<T> channels_last(const std::vector<T>& values, const std::vector<std::int64_t>& sizes) {
  std::vector<T> moved;
  for (std::int64_t y = 0; y < sizes[1]; ++y) {
    for (std::int64_t x = 0; x < sizes[2]; ++x) {
      for (std::int64_t c = 0; c < sizes[0]; ++c) {
        moved.push_back(values[static_cast<std::size_t>((c * sizes[1] + y) * sizes[2] + x)]);
      }
    }
  }
  return moved;
}

}  // namespace lacuna::reference
