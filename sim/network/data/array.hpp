// An array of numbers as IDX and NumPy files hold one, and what it is of a data set.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "network/data/byte_source.hpp"
#include "network/data_set.hpp"

namespace lacuna::network {

enum class ArrayElement : std::uint8_t {
  kUint8,
  kInt8,
  kUint16,
  kInt16,
  kUint32,
  kInt32,
  kUint64,
  kInt64,
  kFloat32,
  kFloat64
};

std::int64_t size_of(ArrayElement element);
const char* name_of(ArrayElement element);

struct Array {
  std::string file;  ///< for messages
  std::string key;   ///< of the array in its file; empty where it is the only one
  std::vector<std::int64_t> sizes;
  ArrayElement element = ArrayElement::kUint8;
  bool big_endian = false;
  std::vector<std::uint8_t> bytes;  ///< row-major, as in the file

  std::int64_t count() const { return sizes.front(); }
};

/// Reads the values that a header claims. The claim (sizes, element) is checked against what the
/// source can hold before anything is allocated, and reading stops there: fewer or more bytes are
/// a base::InputError.
void read_values(Array& array, ByteSource& source);

/// The images of an array: of rank 2 or more; uint8, int8, float32 or float64.
void take_images(Array array, DataSet& data);

/// The labels of an array: of rank 1, integers from 0, as many as there are images.
void take_labels(const Array& array, DataSet& data);

}  // namespace lacuna::network
