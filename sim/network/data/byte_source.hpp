// The bytes of a file taken in order, unpacked where they are packed; so that a header can be
// judged before anything is allocated for what it claims.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

namespace lacuna::network {

/// zlib's manual: the best that deflate can do.
inline constexpr std::int64_t kMaxDeflateRatio = 1032;

/// So much is unpacked from `packed` bytes: 64 MiB, or 64 times their size, which images do not
/// come near to; what comes to more is a bomb.
std::int64_t most_unpacked(std::int64_t packed);

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// At most this many bytes can come.
  virtual std::int64_t most() const = 0;
  /// Takes up to `size` bytes; fewer only where they end. Throws base::InputError for damaged ones.
  virtual std::size_t take(std::uint8_t* to, std::size_t size) = 0;
  /// What is wrong with the end, all values taken; empty when nothing is left.
  virtual std::string trouble_at_end() = 0;
};

/// Plain bytes, or gzip, told apart by the first two. `bytes` and `file` outlive it.
std::unique_ptr<ByteSource> source_of(const std::string& bytes, const std::string& file);

}  // namespace lacuna::network
