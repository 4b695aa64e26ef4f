// Codes of weights as a model file packs them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>

namespace lacuna::tensor {

/// A byte each, or two in a byte, the first one in its low half: in two's complement, or plain
/// binary.
class PackedCodes {
 public:
  PackedCodes() = default;
  /// A byte each.
  PackedCodes(std::initializer_list<int> codes) {
    for (const int code : codes) bytes_.push_back(static_cast<char>(code));
    size_ = codes.size();
  }
  /// `size` codes that lie in `bytes` already.
  PackedCodes(std::string bytes, std::size_t size, bool nibbles)
      : bytes_(std::move(bytes)), size_(size), nibbles_(nibbles) {}
  /// As many, all 0.
  PackedCodes(std::size_t size, bool nibbles)
      : PackedCodes(std::string(nibbles ? (size + 1) / 2 : size, '\0'), size, nibbles) {}

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  bool nibbles() const { return nibbles_; }

  int at(std::size_t i, bool is_signed) const {
    if (!nibbles_) {
      const auto byte = static_cast<unsigned char>(bytes_[i]);
      return is_signed ? static_cast<signed char>(byte) : byte;
    }
    const int own = nibble(bytes_.data(), i);
    return is_signed ? (own ^ 8) - 8 : own;
  }
  void set(std::size_t i, int code) {
    if (nibbles_) {
      set_nibble(bytes_.data(), i, code);
    } else {
      bytes_[i] = static_cast<char>(code);
    }
  }
  /// A byte each, all that code.
  void assign(std::size_t size, int code) {
    *this = PackedCodes(std::string(size, static_cast<char>(code)), size, false);
  }

  const char* data() const { return bytes_.data(); }
  char* data() { return bytes_.data(); }
  static int nibble(const char* bytes, std::size_t i) {
    return static_cast<unsigned char>(bytes[i / 2]) >> i % 2 * 4 & 15;
  }
  static void set_nibble(char* bytes, std::size_t i, int code) {
    const std::size_t shift = i % 2 * 4;
    const int other = static_cast<unsigned char>(bytes[i / 2]) & (0xF0 >> shift);
    bytes[i / 2] = static_cast<char>(other | (code & 15) << shift);
  }

  friend bool operator==(const PackedCodes& a, const PackedCodes& b) {
    return a.size_ == b.size_ && a.nibbles_ == b.nibbles_ && a.bytes_ == b.bytes_;
  }
  friend bool operator!=(const PackedCodes& a, const PackedCodes& b) { return !(a == b); }

 private:
  std::string bytes_;
  std::size_t size_ = 0;
  bool nibbles_ = false;
};

}  // namespace lacuna::tensor
