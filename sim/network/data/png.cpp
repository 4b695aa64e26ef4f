// PNG, by libpng. It calls back into C++ and jumps over frames on errors, so that no object with a
// destructor lives between setjmp and the calls.
#include <fmt/format.h>
#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <cstring>

#include "base/error.hpp"
#include "base/printable.hpp"
#include "network/data/byte_source.hpp"
#include "network/data/picture.hpp"

namespace lacuna::network {
namespace {

struct PngReader {
  const std::string* bytes = nullptr;
  std::size_t at = 0;
  char message[128] = {};
  png_structp png = nullptr;
  png_infop info = nullptr;

  ~PngReader() { png_destroy_read_struct(&png, &info, nullptr); }
};

[[noreturn]] void png_failed(png_structp png, png_const_charp message) {
  auto* const reader = static_cast<PngReader*>(png_get_error_ptr(png));
  std::strncpy(reader->message, message, sizeof reader->message - 1);
  png_longjmp(png, 1);
}
void png_warned(png_structp /*png*/, png_const_charp /*message*/) {}

void png_take(png_structp png, png_bytep to, png_size_t size) {
  auto* const reader = static_cast<PngReader*>(png_get_io_ptr(png));
  if (reader->bytes->size() - reader->at < size) png_error(png, "is cut off");
  std::memcpy(to, reader->bytes->data() + reader->at, size);
  reader->at += size;
}

/// Header and what is to become of the values: 8 bits, grey or red, green and blue.
bool read_png_header(PngReader& reader) {
  if (setjmp(png_jmpbuf(reader.png)) != 0) return false;  // NOLINT(cert-err52-cpp)
  png_set_read_fn(reader.png, &reader, png_take);
  png_set_user_limits(reader.png, static_cast<png_uint_32>(kMaxPixels),
                      static_cast<png_uint_32>(kMaxPixels));
  constexpr png_alloc_size_t kMaxChunk = 8 << 20;  // texts and profiles, which nobody reads
  png_set_chunk_malloc_max(reader.png, kMaxChunk);
  constexpr png_uint_32 kMaxChunks = 256;
  png_set_chunk_cache_max(reader.png, kMaxChunks);
  // Texts and profiles are passed over, not unpacked.
  constexpr png_byte kUnread[] = "iCCP\0iTXt\0tEXt\0zTXt\0eXIf\0sPLT";
  constexpr int kUnreadCount = 6;
  png_set_keep_unknown_chunks(reader.png, PNG_HANDLE_CHUNK_NEVER, kUnread, kUnreadCount);
  png_read_info(reader.png, reader.info);
  png_set_expand(reader.png);
  png_set_scale_16(reader.png);
  png_set_strip_alpha(reader.png);
  png_set_interlace_handling(reader.png);
  png_read_update_info(reader.png, reader.info);
  return true;
}

bool read_png_rows(PngReader& reader, png_bytepp rows) {
  if (setjmp(png_jmpbuf(reader.png)) != 0) return false;  // NOLINT(cert-err52-cpp)
  png_read_image(reader.png, rows);
  png_read_end(reader.png, nullptr);
  return true;
}

[[noreturn]] void refuse_png(const PngReader& reader, const std::string& file) {
  throw base::InputError({file, 0, ""},
                         "is a damaged PNG file: " + base::printable(reader.message));
}

}  // namespace

bool begins_as_png(std::string_view head) { return head.substr(0, 4) == "\x89PNG"; }

Picture decode_png(const std::string& bytes, const std::string& file) {
  PngReader reader;
  reader.bytes = &bytes;
  reader.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader, png_failed, png_warned);
  if (reader.png != nullptr) reader.info = png_create_info_struct(reader.png);
  if (reader.info == nullptr) throw std::bad_alloc();
  if (!read_png_header(reader)) refuse_png(reader, file);
  Picture picture;
  picture.height = png_get_image_height(reader.png, reader.info);
  picture.width = png_get_image_width(reader.png, reader.info);
  picture.channels = png_get_channels(reader.png, reader.info);
  // Eight pixels of one bit each in an unpacked byte, and so many unpacked bytes in a packed one;
  // a palette makes three values of each.
  check_picture_size(picture.height, picture.width, 1, bytes.size(), 8 * kMaxDeflateRatio, file);
  const auto row = static_cast<std::size_t>(picture.width * picture.channels);
  if (png_get_rowbytes(reader.png, reader.info) != row ||
      (picture.channels != 1 && picture.channels != 3)) {
    throw base::InputError({file, 0, ""}, "is a PNG file of an unknown kind");
  }
  picture.pixels.resize(row * static_cast<std::size_t>(picture.height));
  std::vector<png_bytep> rows;
  for (std::int64_t y = 0; y < picture.height; ++y) {
    rows.push_back(picture.pixels.data() + static_cast<std::size_t>(y) * row);
  }
  if (!read_png_rows(reader, rows.data())) refuse_png(reader, file);
  return picture;
}

}  // namespace lacuna::network
