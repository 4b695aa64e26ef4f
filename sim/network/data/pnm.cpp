// PBM, PGM and PPM, as text (P1 to P3) and bytes (P4 to P6). Source: netpbm's pbm(5), pgm(5),
// ppm(5).
#include <fmt/format.h>

#include "base/error.hpp"
#include "network/data/picture.hpp"

namespace lacuna::network {
namespace {

class PnmReader {
 public:
  PnmReader(const std::string& bytes, const std::string& file) : bytes_(bytes), file_(file) {}

  Picture read() {
    const char kind = bytes_[1];
    const bool text = kind <= '3';
    const bool bits = kind == '1' || kind == '4';
    at_ = 2;
    Picture picture;
    picture.channels = kind == '3' || kind == '6' ? 3 : 1;
    picture.width = number();
    picture.height = number();
    const std::int64_t top = bits ? 1 : number();
    if (top < 1 || top > 65535) fail(fmt::format("its largest value is {}", top));
    check_picture_size(picture.height, picture.width, picture.channels, bytes_.size(),
                       kind == '4' ? 8 : 1, file_);
    if (!text) take();  // the one blank in front of the bytes
    const std::int64_t row = picture.width * picture.channels;
    picture.pixels.reserve(static_cast<std::size_t>(row * picture.height));
    for (std::int64_t y = 0; y < picture.height; ++y) {
      int byte = 0;
      for (std::int64_t x = 0; x < row; ++x) {
        std::int64_t value = 0;
        if (kind == '4') {
          if (x % 8 == 0) byte = take();
          value = byte >> (7 - x % 8) & 1;
        } else if (kind == '1') {
          value = bit();
        } else if (text) {
          value = number();
        } else {
          value = take();
          if (top > 255) value = value << 8 | take();
        }
        if (value > top) fail(fmt::format("a value is {}, above the largest, {}", value, top));
        if (bits) value = 1 - value;  // 1 is black
        picture.pixels.push_back(static_cast<std::uint8_t>((value * 255 + top / 2) / top));
      }
    }
    return picture;
  }

 private:
  [[noreturn]] void fail(const std::string& wrong) const {
    throw base::InputError({file_, 0, ""}, "is a damaged PNM file: " + wrong);
  }
  int take() {
    if (at_ == bytes_.size()) fail("it is cut off");
    return static_cast<unsigned char>(bytes_[at_++]);
  }
  static bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
  void skip() {
    while (at_ < bytes_.size() && (is_blank(bytes_[at_]) || bytes_[at_] == '#')) {
      if (bytes_[at_] == '#') {
        while (at_ < bytes_.size() && bytes_[at_] != '\n') ++at_;
      } else {
        ++at_;
      }
    }
  }
  std::int64_t number() {
    skip();
    std::int64_t value = 0;
    std::size_t digits = 0;
    while (at_ < bytes_.size() && bytes_[at_] >= '0' && bytes_[at_] <= '9' && digits < 12) {
      value = 10 * value + (bytes_[at_++] - '0');
      ++digits;
    }
    if (digits == 0) fail("a number is missing");
    return value;
  }
  /// Of P1, whose digits need no blanks between.
  int bit() {
    skip();
    const int digit = take() - '0';
    if (digit != 0 && digit != 1) fail("a bit is neither 0 nor 1");
    return digit;
  }

  const std::string& bytes_;
  const std::string& file_;
  std::size_t at_ = 0;
};

}  // namespace

bool begins_as_pnm(std::string_view head) {
  return head.size() > 2 && head[0] == 'P' && head[1] >= '1' && head[1] <= '6';
}

Picture decode_pnm(const std::string& bytes, const std::string& file) {
  return PnmReader(bytes, file).read();
}

}  // namespace lacuna::network
