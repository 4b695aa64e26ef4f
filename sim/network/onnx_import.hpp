// Networks from ONNX files in quantise/dequantise (QDQ) form.
//
// The graph leads from the image by QuantizeLinear -> DequantizeLinear -> layer -> ... to the
// logits; codes and dequantised codes may have several readers. A layer is Conv, Gemm or MatMul
// (+ Add) over dequantised int8 weights (zero point 0, a scale for all or one for each output
// channel) and a dequantised int32 bias, then Add of a residual operand (the dequantised codes of a
// map computed before) or not, then Relu, ThresholdedRelu or neither, then QuantizeLinear (uint8,
// zero point 0) and DequantizeLinear, and below 8 bits Clip(0, (2^b - 1) * scale) and the same pair
// again. MaxPool, Flatten, Reshape to [N, -1] and Identity stand between layers, and AveragePool
// (without padding) or GlobalAveragePool with a quantiser of their own; its Clip may be left out
// where no average is above 2^b - 1. The last layer has no quantiser: its float output is the
// graph's output.
#pragma once

#include <string>

#include "network/network.hpp"

namespace lacuna::network {

/// Reads a model file of at most 512 MiB and compiles it to integer layers; the network is named
/// after the file. The last layer is the logits: its `scale` is the real value of a step.
/// Throws InputError naming file and node for anything it cannot run exactly.
Network import_onnx(const std::string& path);

/// The same for a file already in memory; `file` stands in messages and in Network::file.
Network import_onnx_bytes(const std::string& bytes, const std::string& file);

/// The model file behind a path: the path itself if it is a file, or the only .onnx of a folder
/// that also holds a card.yaml. Throws InputError when there is none, or more than one.
std::string find_model(const std::string& path);

/// Notes the files behind such a path as inputs (base::note_input): those that are there.
void note_model(const std::string& path);

}  // namespace lacuna::network
