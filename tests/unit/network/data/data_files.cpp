#include "unit/network/data/data_files.hpp"

// clang-format off
#include <cstdio>  // before jpeglib.h, which needs it
#include <jpeglib.h>
// clang-format on

#include <zip.h>
#include <zlib.h>

#include <cstdlib>
#include <cstring>

#include "base/error.hpp"
#include "unit/network/stack.hpp"

namespace lacuna::network::test {
namespace {

std::string deflated(const std::string& bytes, int window, int level = 9) {
  z_stream stream{};
  deflateInit2(&stream, level, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY);
  std::string result(deflateBound(&stream, bytes.size()) + 64, '\0');
  std::string input = bytes;
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  deflate(&stream, Z_FINISH);
  result.resize(stream.total_out);
  deflateEnd(&stream);
  return result;
}

std::string chunk(const std::string& name, const std::string& bytes) {
  const std::string body = name + bytes;
  const auto sum =
      crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
  return big_endian_word(static_cast<std::int64_t>(bytes.size())) + body +
         big_endian_word(static_cast<std::int64_t>(sum));
}

}  // namespace

std::string big_endian_word(std::int64_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes += static_cast<char>(static_cast<std::uint64_t>(value) >> shift & 0xFFU);
  }
  return bytes;
}

std::string little_endian(std::uint64_t value, int bytes) {
  std::string result;
  for (int i = 0; i < bytes; ++i) result += static_cast<char>(value >> (8 * i) & 0xFFU);
  return result;
}

std::string gzipped(const std::string& bytes, int level) { return deflated(bytes, 15 + 16, level); }

std::string idx_file(int type, const std::vector<std::int64_t>& sizes, const std::string& values) {
  std::string bytes = {0, 0, static_cast<char>(type), static_cast<char>(sizes.size())};
  for (const std::int64_t size : sizes) bytes += big_endian_word(size);
  return bytes + values;
}

std::string npy_file(const std::string& descr, const std::string& shape, const std::string& values,
                     const std::string& order) {
  const std::string header =
      "{'descr': '" + descr + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }\n";
  return std::string("\x93NUMPY\x01\0", 8) + little_endian(header.size(), 2) + header + values;
}

std::string float_bytes(const std::vector<float>& values) {
  std::string bytes(values.size() * sizeof(float), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

std::string zip_file(const std::vector<std::pair<std::string, std::string>>& members, bool packed) {
  zip_error_t error{};
  zip_source_t* const target = zip_source_buffer_create(nullptr, 0, 0, &error);
  zip_source_keep(target);
  zip_t* const archive = zip_open_from_source(target, ZIP_TRUNCATE, &error);
  for (const auto& [name, bytes] : members) {
    zip_source_t* const member = zip_source_buffer(archive, bytes.data(), bytes.size(), 0);
    const zip_int64_t index = zip_file_add(archive, name.c_str(), member, ZIP_FL_ENC_UTF_8);
    zip_set_file_compression(archive, static_cast<zip_uint64_t>(index),
                             packed ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0);
    zip_file_set_mtime(archive, static_cast<zip_uint64_t>(index), 1'000'000'000, 0);
  }
  zip_close(archive);
  zip_source_open(target);
  zip_stat_t status{};
  zip_source_stat(target, &status);
  std::string result(status.size, '\0');
  zip_source_read(target, result.data(), result.size());
  zip_source_close(target);
  zip_source_free(target);
  return result;
}

std::string png_file(std::int64_t height, std::int64_t width, int kind, const std::string& values,
                     std::int64_t claimed) {
  std::string rows;
  const std::size_t row = values.size() / static_cast<std::size_t>(height);
  for (std::int64_t y = 0; y < height; ++y) {
    rows += '\0' + values.substr(static_cast<std::size_t>(y) * row, row);
  }
  std::string palette;
  if (kind == 3) {
    for (int i = 0; i < 256; ++i) {
      palette += {static_cast<char>(i), static_cast<char>(255 - i), 7};
    }
    palette = chunk("PLTE", palette);
  }
  return "\x89PNG\r\n\x1a\n" +
         chunk("IHDR", big_endian_word(width) + big_endian_word(claimed > 0 ? claimed : height) +
                           std::string{8, static_cast<char>(kind), 0, 0, 0}) +
         palette + chunk("IDAT", deflated(rows, 15)) + chunk("IEND", "");
}

std::string jpeg_file(int height, int width, int channels, const std::string& values,
                      bool progressive) {
  jpeg_compress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&jpeg, &bytes, &size);
  jpeg.image_width = static_cast<JDIMENSION>(width);
  jpeg.image_height = static_cast<JDIMENSION>(height);
  jpeg.input_components = channels;
  jpeg.in_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, 100, TRUE);
  for (int i = 0; i < channels; ++i) {
    jpeg.comp_info[i].h_samp_factor = 1;
    jpeg.comp_info[i].v_samp_factor = 1;
  }
  if (progressive) jpeg_simple_progression(&jpeg);
  jpeg_start_compress(&jpeg, TRUE);
  std::string copy = values;
  for (int y = 0; y < height; ++y) {
    auto* row = reinterpret_cast<JSAMPROW>(copy.data() + static_cast<std::size_t>(y) *
                                                             static_cast<std::size_t>(width) *
                                                             static_cast<std::size_t>(channels));
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  std::string result(reinterpret_cast<const char*>(bytes), size);
  jpeg_destroy_compress(&jpeg);
  std::free(bytes);
  return result;
}

std::string error_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const base::InputError& error) {
    return error.what();
  }
  return "";
}

Network reading(const MapShape& input) {
  Network network;
  network.name = "net";
  Layer layer;
  layer.out = {1, 1, 10};
  layer.logits = true;
  network.layers.push_back(layer);
  Output output;
  output.layer = 0;
  network.outputs.push_back(output);
  give_maps(network, input);
  network.maps.front().scale = 1.0F / 255;
  return network;
}

}  // namespace lacuna::network::test
