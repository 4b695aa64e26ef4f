#include "network/idx_file.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "base/error.hpp"
#include "base/file_limits.hpp"
#include "network/limits.hpp"

namespace lacuna::network {
namespace {

constexpr std::int64_t kMaxDeflateRatio = 1032;  // zlib's manual: the best that deflate can do
constexpr std::int64_t kMaxValues = 1LL << 30;

/// The bytes of a file, unpacked when they are gzip, taken in order.
class ByteSource {
 public:
  ByteSource(const std::string& bytes, const std::string& file) : bytes_(bytes), file_(file) {
    gzip_ = bytes.size() >= 2 && bytes[0] == '\x1f' && bytes[1] == '\x8b';
    if (!gzip_) return;
    constexpr int kGzipWindow = 15 + 16;
    if (inflateInit2(&stream_, kGzipWindow) != Z_OK) throw std::bad_alloc();
    stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
  }
  ~ByteSource() {
    if (gzip_) inflateEnd(&stream_);
  }
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  /// At most this many bytes can come out of the file.
  std::int64_t most() const {
    return static_cast<std::int64_t>(bytes_.size()) * (gzip_ ? kMaxDeflateRatio : 1);
  }

  /// Takes up to `size` bytes; fewer only where the file ends.
  std::size_t take(std::uint8_t* to, std::size_t size) {
    if (gzip_) return inflate_to(to, size);
    const std::size_t taken = std::min(size, bytes_.size() - at_);
    std::memcpy(to, bytes_.data() + at_, taken);
    at_ += taken;
    return taken;
  }

  /// What is wrong with the end of the file, all values taken; empty when nothing is left.
  std::string trouble_at_end() {
    std::uint8_t extra = 0;
    if (take(&extra, 1) != 0) return "goes on after them";
    if (!gzip_) return "";
    if (!ended_) return "its gzip data is cut off";
    return stream_.avail_in > 0 ? "its gzip data is followed by other bytes" : "";
  }

 private:
  std::size_t inflate_to(std::uint8_t* to, std::size_t size) {
    stream_.next_out = to;
    stream_.avail_out = static_cast<uInt>(size);
    while (stream_.avail_out > 0 && !ended_) {
      const int result = inflate(&stream_, Z_NO_FLUSH);
      if (result == Z_STREAM_END) {
        ended_ = true;
      } else if (result == Z_BUF_ERROR || (result == Z_OK && stream_.avail_in == 0)) {
        if (stream_.avail_out > 0) break;  // the file is cut off
      } else if (result != Z_OK) {
        throw base::InputError({file_, 0, ""}, "is a damaged gzip file");
      }
    }
    return size - stream_.avail_out;
  }

  const std::string& bytes_;
  const std::string& file_;
  bool gzip_ = false;
  bool ended_ = false;
  std::size_t at_ = 0;
  z_stream stream_{};
};

std::uint32_t big_endian(const std::uint8_t* bytes) {
  return static_cast<std::uint32_t>(bytes[0]) << 24 | static_cast<std::uint32_t>(bytes[1]) << 16 |
         static_cast<std::uint32_t>(bytes[2]) << 8 | static_cast<std::uint32_t>(bytes[3]);
}

}  // namespace

IdxFile read_idx(const std::string& bytes, int dimensions, const std::string& file) {
  const base::Place place{file, 0, ""};
  if (static_cast<std::int64_t>(bytes.size()) > base::kMaxImagesBytes) {
    throw base::InputError(place, fmt::format("has {} bytes", bytes.size()),
                           fmt::format("at most {} are read", base::kMaxImagesBytes));
  }
  ByteSource source(bytes, file);
  std::vector<std::uint8_t> header(4 + 4 * static_cast<std::size_t>(dimensions));
  if (source.take(header.data(), header.size()) != header.size()) {
    throw base::InputError(place, "is cut off in its header",
                           fmt::format("an IDX file with a header of {} bytes", header.size()));
  }
  const std::uint32_t wanted = 0x800U + static_cast<std::uint32_t>(dimensions);
  if (const std::uint32_t magic = big_endian(header.data()); magic != wanted) {
    throw base::InputError(place, fmt::format("begins with 0x{:08x}", magic),
                           fmt::format("0x{:08x}, an IDX file of unsigned bytes in {} dimension{}",
                                       wanted, dimensions, dimensions == 1 ? "" : "s"));
  }
  IdxFile idx;
  for (std::size_t at = 4; at < header.size(); at += 4) {
    idx.sizes.push_back(big_endian(header.data() + at));
  }
  const auto claimed = bounded_product(idx.sizes, kMaxValues);
  const std::string claim = fmt::format("claims {} values", fmt::join(idx.sizes, " x "));
  if (!claimed || *claimed == 0) {
    throw base::InputError(place, claim, fmt::format("1..{}", kMaxValues));
  }
  if (*claimed > source.most()) {
    throw base::InputError(place, claim + fmt::format(", but has {} bytes", bytes.size()));
  }
  idx.values.resize(static_cast<std::size_t>(*claimed));
  const std::size_t taken = source.take(idx.values.data(), idx.values.size());
  if (taken != idx.values.size()) {
    throw base::InputError(place, claim + fmt::format(", but ends after {}", taken));
  }
  if (const std::string trouble = source.trouble_at_end(); !trouble.empty()) {
    throw base::InputError(place, claim + ", but " + trouble);
  }
  return idx;
}

}  // namespace lacuna::network
