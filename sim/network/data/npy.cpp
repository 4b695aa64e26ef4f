// NumPy's .npy files. Source: numpy.lib.format, versions 1.0 to 3.0.
#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "base/printable.hpp"
#include "network/data/formats.hpp"
#include "network/limits.hpp"

namespace lacuna::network {
namespace {

constexpr std::string_view kNpyMagic = "\x93NUMPY";
constexpr std::size_t kMaxNpyHeader = 65536;
constexpr std::size_t kMaxNpyRank = 8;

struct NpyType {
  std::string_view code;
  ArrayElement element;
};
constexpr NpyType kNpyTypes[] = {
    {"u1", ArrayElement::kUint8},   {"i1", ArrayElement::kInt8},   {"u2", ArrayElement::kUint16},
    {"i2", ArrayElement::kInt16},   {"u4", ArrayElement::kUint32}, {"i4", ArrayElement::kInt32},
    {"u8", ArrayElement::kUint64},  {"i8", ArrayElement::kInt64},  {"f4", ArrayElement::kFloat32},
    {"f8", ArrayElement::kFloat64},
};

/// The header: a Python dictionary of three keys in any order, as NumPy writes it.
class NpyHeader {
 public:
  NpyHeader(std::string_view text, Array& array) : text_(text), array_(array) {}

  void read() {
    bool seen[3] = {};
    expect('{');
    while (!found('}')) {
      const std::string key = quoted();
      expect(':');
      if (key == "descr") {
        read_type(quoted());
        seen[0] = true;
      } else if (key == "fortran_order") {
        read_order();
        seen[1] = true;
      } else if (key == "shape") {
        read_shape();
        seen[2] = true;
      } else {
        fail("its header has a key " + base::shown(key));
      }
      if (!found(',') && peek() != '}') fail("its header is damaged");
    }
    blank();
    if (at_ != text_.size() || !seen[0] || !seen[1] || !seen[2]) fail("its header is damaged");
  }

 private:
  [[noreturn]] void fail(const std::string& wrong) const {
    throw base::InputError({array_.file, 0, array_.key}, wrong,
                           "a header with descr, fortran_order and shape, as NumPy writes it");
  }
  void blank() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  char peek() {
    blank();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool found(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!found(c)) fail("its header is damaged");
  }
  std::string quoted() {
    const char mark = peek();
    if (mark != '\'' && mark != '"') fail("its header is damaged");
    const std::size_t end = text_.find(mark, at_ + 1);
    if (end == std::string_view::npos) fail("its header is damaged");
    std::string result(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return result;
  }

  void read_type(const std::string& descr) {
    for (const NpyType& type : kNpyTypes) {
      if (descr.size() != 3 || descr.substr(1) != type.code) continue;
      const bool one_byte = size_of(type.element) == 1;
      if (descr[0] == '<' || descr[0] == '>' || (one_byte && descr[0] == '|')) {
        array_.element = type.element;
        array_.big_endian = descr[0] == '>';
        return;
      }
    }
    throw base::InputError({array_.file, 0, array_.key}, "holds values of " + base::shown(descr),
                           "images of uint8, int8, float32 or float64; labels of integers");
  }

  void read_order() {
    blank();
    if (text_.substr(at_, 5) == "False") {
      at_ += 5;
    } else if (text_.substr(at_, 4) == "True") {
      at_ += 4;
      fortran_ = true;
    } else {
      fail("its header is damaged");
    }
    refuse_fortran();
  }

  void read_shape() {
    expect('(');
    array_.sizes.clear();
    while (!found(')')) {
      blank();
      std::int64_t size = 0;
      const auto [end, error] =
          std::from_chars(text_.data() + at_, text_.data() + text_.size(), size);
      if (error != std::errc() || size < 0) fail("its shape is damaged, or too large");
      at_ = static_cast<std::size_t>(end - text_.data());
      if (array_.sizes.size() == kMaxNpyRank) fail("its shape has too many dimensions");
      array_.sizes.push_back(size);
      if (!found(',') && peek() != ')') fail("its shape is damaged");
    }
    shaped_ = true;
    refuse_fortran();
  }

  /// Of one dimension both orders are the same.
  void refuse_fortran() const {
    if (!fortran_ || !shaped_ || array_.sizes.size() < 2) return;
    throw base::InputError({array_.file, 0, array_.key}, "is in Fortran order",
                           "C order, as numpy.ascontiguousarray makes it");
  }

  std::string_view text_;
  Array& array_;
  std::size_t at_ = 0;
  bool fortran_ = false;
  bool shaped_ = false;
};

}  // namespace

bool begins_as_npy(std::string_view head) { return head.substr(0, kNpyMagic.size()) == kNpyMagic; }

Array npy_array(ByteSource& source, const std::string& file, const std::string& key) {
  Array array;
  array.file = file;
  array.key = key;
  const auto take = [&](std::size_t size) {
    std::string bytes(size, '\0');
    if (source.take(reinterpret_cast<std::uint8_t*>(bytes.data()), size) != size) {
      throw base::InputError({file, 0, key}, "is cut off in its header", "a .npy file");
    }
    return bytes;
  };
  const std::string start = take(kNpyMagic.size() + 2);
  const int version = static_cast<unsigned char>(start[kNpyMagic.size()]);
  if (!begins_as_npy(start) || version < 1 || version > 3) {
    throw base::InputError({file, 0, key}, "is no .npy file of a known version", "versions 1 to 3");
  }
  const std::string length = take(version == 1 ? 2 : 4);
  std::size_t size = 0;
  for (std::size_t i = length.size(); i-- > 0;) {
    size = size << 8 | static_cast<unsigned char>(length[i]);
  }
  if (size > kMaxNpyHeader) {
    throw base::InputError({file, 0, key}, fmt::format("claims a header of {} bytes", size),
                           fmt::format("at most {}", kMaxNpyHeader));
  }
  const std::string header = take(size);
  NpyHeader(header, array).read();
  read_values(array, source);
  return array;
}

bool is_npy(const DataPath& data) { return data.is_file && begins_as_npy(data.head); }
DataSet read_npy(const DataPath& data) {
  return array_data("NumPy", data.path, labels_beside(data.path));
}

}  // namespace lacuna::network
