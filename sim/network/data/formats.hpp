// The formats of data sets: one reader a file, one line each in the table of formats.cpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "network/data/array.hpp"
#include "network/data_set.hpp"

namespace lacuna::network {

/// What the user named, looked at once for all formats.
struct DataPath {
  std::string path;
  bool is_file = false;
  bool is_folder = false;
  std::string head;                ///< of a file: its first bytes, unpacked if they are gzip
  std::int64_t size = 0;           ///< of a file
  std::vector<std::string> names;  ///< in a folder, hidden ones aside, in byte order
  std::optional<RawFile> raw;      ///< what the model's card says of raw files
  std::int64_t images = 0;         ///< that the caller will use

  std::string in_folder(const std::string& name) const { return path + "/" + name; }
};

struct DataFormat {
  const char* name;
  const char* takes;  ///< what a path to it is, for messages
  bool (*is)(const DataPath& data);
  DataSet (*read)(const DataPath& data);
};

/// A file by itself, looked at. Throws base::InputError for what is no regular file.
DataPath look_at_file(const std::string& path);

/// An array in a file of its own, IDX or .npy, from memory.
Array array_from_bytes(const std::string& bytes, const std::string& file);

/// Whether bytes begin as such a file does.
bool begins_as_idx(std::string_view head);
bool begins_as_npy(std::string_view head);
bool begins_as_zip(std::string_view head);

Array idx_array(ByteSource& source, const std::string& file);
Array npy_array(ByteSource& source, const std::string& file, const std::string& key);

/// A data set of an array's file and, if there is one, of its labels' file.
DataSet array_data(const char* format, const std::string& images_file,
                   const std::optional<std::string>& labels_file);

/// The file of labels that belongs to a file of images by its name: images -> labels, x -> y.
std::optional<std::string> labels_beside(const std::string& images_file);

// Parts of readers that take bytes.
DataSet npz_from_bytes(const std::string& bytes, const std::string& file);
DataSet raw_from_bytes(const std::string& bytes, const std::string& file, const RawFile& raw);
void add_cifar_batch(const std::string& packed, const std::string& file, DataSet& data);

// The readers, in files of their names.
bool is_random(const DataPath& data);
DataSet read_random(const DataPath& data);
bool is_test_folder(const DataPath& data);
DataSet read_test_folder(const DataPath& data);
bool is_raw(const DataPath& data);
DataSet read_raw(const DataPath& data);
bool is_idx(const DataPath& data);
DataSet read_idx(const DataPath& data);
bool is_npy(const DataPath& data);
DataSet read_npy(const DataPath& data);
bool is_npz(const DataPath& data);
DataSet read_npz(const DataPath& data);
bool is_cifar(const DataPath& data);
DataSet read_cifar(const DataPath& data);
bool is_array_folder(const DataPath& data);
DataSet read_array_folder(const DataPath& data);
bool is_pictures(const DataPath& data);
DataSet read_pictures(const DataPath& data);

}  // namespace lacuna::network
