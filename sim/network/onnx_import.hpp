// Networks from ONNX files, in three stages, each a folder: read/ makes a plain graph of the file,
// normalise/ rewrites it until each thing is said in one way, compile/ makes integer layers of it.
//
// The graph is in quantise/dequantise (QDQ) form: codes of 2 to 8 bits, signed or not, with any
// zero point, a scale for each map, and one for all weights of a layer or for each of its output
// channels. docs/formats.md says what may stand in it.
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
/// The same, and files beside a model that it keeps data in, before it is read.
void note_model_data(const std::string& path);

}  // namespace lacuna::network
