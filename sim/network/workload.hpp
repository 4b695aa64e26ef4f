// Workloads: layer shapes with densities but without weights, from CSV files.
//
// Four headers are known, in any case and with spaces around the names:
//   layer,M,N,K[,density]
//   layer,in_h,in_w,kernel_h,kernel_w,in_channels,out_channels,stride[,padding][,groups][,density]
//   Layer, M, N, K,                                                          (SCALE-Sim)
//   Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter,
//     Strides,                                                               (SCALE-Sim)
// In our own form a convolution's output side is floor((in + 2 padding - kernel) / stride) + 1. In
// SCALE-Sim's it is ceil((in - kernel + stride) / stride), one more where the stride does not
// divide; the layer then has the missing rows and columns as padding at the bottom and right,
// which with a stride above 1 can be as wide as the kernel or wider.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "network/network.hpp"

namespace lacuna::network {

struct WorkloadLayer {
  /// Name and sizes; no weights. A GEMM is a 1 x 1 convolution over a map M x 1 x K to N channels.
  Layer layer;
  double density = 1.0;  ///< share of the input values that are not zero
};

struct Workload {
  std::string name;  ///< of the file, without folder and extension
  std::string file;
  std::string sha256;  ///< of the file
  std::vector<WorkloadLayer> layers;
};

/// Reads a CSV file. Throws InputError `file:line: column: wrong; allowed`.
Workload load_workload(const std::string& path);

/// The same for a file already in memory; `file` stands in messages.
Workload workload_from_bytes(const std::string& bytes, const std::string& file);

}  // namespace lacuna::network
