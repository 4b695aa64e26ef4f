#include "network/data/byte_source.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "base/error.hpp"

namespace lacuna::network {
namespace {

class PlainSource : public ByteSource {
 public:
  explicit PlainSource(const std::string& bytes) : bytes_(bytes) {}

  std::int64_t most() const override { return static_cast<std::int64_t>(bytes_.size()); }

  std::size_t take(std::uint8_t* to, std::size_t size) override {
    const std::size_t taken = std::min(size, bytes_.size() - at_);
    std::memcpy(to, bytes_.data() + at_, taken);
    at_ += taken;
    return taken;
  }

  std::string trouble_at_end() override {
    return at_ < bytes_.size() ? "goes on after them" : std::string();
  }

 private:
  const std::string& bytes_;
  std::size_t at_ = 0;
};

class GzipSource : public ByteSource {
 public:
  GzipSource(const std::string& bytes, const std::string& file) : size_(bytes.size()), file_(file) {
    constexpr int kGzipWindow = 15 + 16;
    if (inflateInit2(&stream_, kGzipWindow) != Z_OK) throw std::bad_alloc();
    stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
  }
  ~GzipSource() override { inflateEnd(&stream_); }
  GzipSource(const GzipSource&) = delete;
  GzipSource& operator=(const GzipSource&) = delete;

  std::int64_t most() const override { return most_unpacked(static_cast<std::int64_t>(size_)); }

  std::size_t take(std::uint8_t* to, std::size_t size) override {
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

  std::string trouble_at_end() override {
    std::uint8_t extra = 0;
    if (take(&extra, 1) != 0) return "goes on after them";
    if (!ended_) return "its gzip data is cut off";
    return stream_.avail_in > 0 ? "its gzip data is followed by other bytes" : "";
  }

 private:
  std::size_t size_;
  const std::string& file_;
  bool ended_ = false;
  z_stream stream_{};
};

}  // namespace

std::int64_t most_unpacked(std::int64_t packed) {
  constexpr std::int64_t kAlways = 64 << 20;
  constexpr std::int64_t kUsualRatio = 64;
  return std::min(packed * kMaxDeflateRatio, std::max(kAlways, packed * kUsualRatio));
}

std::unique_ptr<ByteSource> source_of(const std::string& bytes, const std::string& file) {
  if (bytes.size() >= 2 && bytes[0] == '\x1f' && bytes[1] == '\x8b') {
    return std::make_unique<GzipSource>(bytes, file);
  }
  return std::make_unique<PlainSource>(bytes);
}

}  // namespace lacuna::network
