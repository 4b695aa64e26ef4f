// Workloads: layer shapes with densities but without weights, from CSV files.
//
// Known headers, in any case, with or without plurals and with spaces around the names:
//   layer,M,N,K[,density]                                        (also SCALE-Sim's GEMM lists)
//   layer,in_h,in_w,kernel_h,kernel_w,in_channels,out_channels,stride, and in any order padding or
//     pad_top,pad_left,pad_bottom,pad_right; stride_h,stride_w instead of stride; dilation or
//     dilation_h,dilation_w; groups; density
//   Layer name, IFMAP Height, IFMAP Width, Filter Height, Filter Width, Channels, Num Filter,
//     Strides,                                                   (SCALE-Sim's topologies, by place)
// Lines that start with # and lines of separators alone are none. Semicolons may stand for commas.
// In our own form a convolution's output side is floor((in + padding - kernel) / stride) + 1, the
// kernel dilated. In SCALE-Sim's it is ceil((in - kernel + stride) / stride), one more where the
// stride does not divide; the layer then has the missing rows and columns as padding at the bottom
// and right, which with a stride above 1 can be as wide as the kernel or wider.
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
  int line = 0;          ///< of the file
};

struct Workload {
  std::string name;  ///< of the file, without folder and extension
  std::string file;
  std::string sha256;                 ///< of the file
  std::vector<WorkloadLayer> layers;  ///< each has a name of its own
};

/// Throws InputError for the first layer that is too large to compute values of.
void check_values(const Workload& workload);

/// Reads a CSV file. Throws InputError `file:line: column: wrong; allowed`.
Workload load_workload(const std::string& path);

/// The same for a file already in memory; `file` stands in messages.
Workload workload_from_bytes(const std::string& bytes, const std::string& file);

}  // namespace lacuna::network
