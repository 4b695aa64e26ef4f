// JPEG, by libjpeg-turbo with its default transforms (accurate integer DCT, smooth upsampling), as
// Pillow reads it. Like libpng it jumps over frames on errors.

// clang-format off
#include <cstdio>  // before jpeglib.h, which needs it
#include <jpeglib.h>
// clang-format on

#include <csetjmp>
#include <cstring>

#include "base/error.hpp"
#include "base/printable.hpp"
#include "network/data/picture.hpp"

namespace lacuna::network {
namespace {

struct JpegReader {
  jpeg_decompress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg_progress_mgr progress{};
  std::jmp_buf out{};
  char message[JMSG_LENGTH_MAX] = {};
  bool made = false;

  JpegReader() = default;
  ~JpegReader() {
    if (made) jpeg_destroy_decompress(&jpeg);
  }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;
};

JpegReader& reader_of(j_common_ptr jpeg) { return *static_cast<JpegReader*>(jpeg->client_data); }

[[noreturn]] void jpeg_failed(j_common_ptr jpeg) {
  JpegReader& reader = reader_of(jpeg);
  jpeg->err->format_message(jpeg, reader.message);
  std::longjmp(reader.out, 1);  // NOLINT(cert-err52-cpp)
}
/// What the library calls a warning is data that it made up.
void jpeg_message(j_common_ptr jpeg, int level) {
  if (level < 0) jpeg_failed(jpeg);
}
void jpeg_silent(j_common_ptr /*jpeg*/) {}

/// A small file may hold very many scans, each over the whole picture.
void jpeg_watch(j_common_ptr jpeg) {
  constexpr int kMostScans = 64;
  auto* const decoder = reinterpret_cast<j_decompress_ptr>(jpeg);
  if (decoder->input_scan_number <= kMostScans) return;
  std::strcpy(reader_of(jpeg).message, "it has more than 64 scans");
  std::longjmp(reader_of(jpeg).out, 1);  // NOLINT(cert-err52-cpp)
}

bool read_jpeg_header(JpegReader& reader, const std::string& bytes) {
  reader.jpeg.err = jpeg_std_error(&reader.errors);
  reader.errors.error_exit = jpeg_failed;
  reader.errors.emit_message = jpeg_message;
  reader.errors.output_message = jpeg_silent;
  reader.jpeg.client_data = &reader;
  if (setjmp(reader.out) != 0) return false;  // NOLINT(cert-err52-cpp)
  jpeg_create_decompress(&reader.jpeg);
  reader.made = true;
  reader.progress.progress_monitor = jpeg_watch;
  reader.jpeg.progress = &reader.progress;
  jpeg_mem_src(&reader.jpeg, reinterpret_cast<const unsigned char*>(bytes.data()),
               static_cast<unsigned long>(bytes.size()));
  jpeg_read_header(&reader.jpeg, TRUE);
  return true;
}

bool read_jpeg_rows(JpegReader& reader, std::uint8_t* pixels, std::size_t row) {
  if (setjmp(reader.out) != 0) return false;  // NOLINT(cert-err52-cpp)
  jpeg_start_decompress(&reader.jpeg);
  while (reader.jpeg.output_scanline < reader.jpeg.output_height) {
    JSAMPROW line = pixels + reader.jpeg.output_scanline * row;
    jpeg_read_scanlines(&reader.jpeg, &line, 1);
  }
  jpeg_finish_decompress(&reader.jpeg);
  return true;
}

[[noreturn]] void refuse_jpeg(const JpegReader& reader, const std::string& file) {
  throw base::InputError({file, 0, ""},
                         "is a damaged JPEG file: " + base::printable(reader.message));
}

}  // namespace

bool begins_as_jpeg(std::string_view head) { return head.substr(0, 3) == "\xff\xd8\xff"; }

Picture decode_jpeg(const std::string& bytes, const std::string& file) {
  JpegReader reader;
  if (!read_jpeg_header(reader, bytes)) refuse_jpeg(reader, file);
  const bool grey = reader.jpeg.jpeg_color_space == JCS_GRAYSCALE;
  const bool colour =
      reader.jpeg.jpeg_color_space == JCS_YCbCr || reader.jpeg.jpeg_color_space == JCS_RGB;
  if (!grey && !colour) {
    throw base::InputError({file, 0, ""}, "is a JPEG file of four colours",
                           "grey, or red, green and blue");
  }
  if (reader.jpeg.arith_code != 0) {
    throw base::InputError({file, 0, ""}, "is a JPEG file with arithmetic coding",
                           "Huffman coding, as nearly all have");
  }
  Picture picture;
  picture.height = reader.jpeg.image_height;
  picture.width = reader.jpeg.image_width;
  picture.channels = grey ? 1 : 3;
  // With Huffman codes a block of 64 values has a bit at the least.
  constexpr std::int64_t kMostPerByte = 8 * 64;
  check_picture_size(picture.height, picture.width, 1, bytes.size(), kMostPerByte, file);
  reader.jpeg.out_color_space = grey ? JCS_GRAYSCALE : JCS_RGB;
  const auto row = static_cast<std::size_t>(picture.width * picture.channels);
  picture.pixels.resize(row * static_cast<std::size_t>(picture.height));
  if (!read_jpeg_rows(reader, picture.pixels.data(), row)) refuse_jpeg(reader, file);
  return picture;
}

}  // namespace lacuna::network
