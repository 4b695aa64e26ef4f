// IDX files, the format of MNIST and Fashion-MNIST: a big-endian header, then unsigned bytes.
// Plain or gzip, told apart by the first two bytes. Source: http://yann.lecun.com/exdb/mnist
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lacuna::network {

struct IdxFile {
  std::vector<std::int64_t> sizes;   ///< [count] or [count, height, width]
  std::vector<std::uint8_t> values;  ///< row-major
};

/// Reads an IDX file of unsigned bytes with `dimensions` (1 or 3) from memory. The header's claim
/// is checked against the size of the file before anything is allocated, and reading stops there:
/// fewer or more bytes are an InputError, as is any other kind of file. `file` stands in messages.
IdxFile read_idx(const std::string& bytes, int dimensions, const std::string& file);

}  // namespace lacuna::network
