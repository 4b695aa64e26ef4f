// Pictures: decoders, one a file, and what fits them to a network's input.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lacuna::network {

/// 8 bits a value, channels last, 1 (grey) or 3 (red, green, blue) of them.
struct Picture {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t channels = 0;
  std::vector<std::uint8_t> pixels;
};

/// 64 million: some eight thousand by eight thousand.
inline constexpr std::int64_t kMaxPixels = std::int64_t{1} << 26;

/// Throws base::InputError unless a picture of that size is read, and `bytes` of a file can hold
/// it: no format here packs more than `most_per_byte` values into a byte. Before any allocation.
void check_picture_size(std::int64_t height, std::int64_t width, std::int64_t channels,
                        std::size_t bytes, std::int64_t most_per_byte, const std::string& file);

/// Decodes by what the bytes begin with. Alpha is left out, palettes are looked up, 16 bits become
/// 8. Throws base::InputError.
Picture decode_picture(const std::string& bytes, const std::string& file);

// The decoders.
bool begins_as_png(std::string_view head);
Picture decode_png(const std::string& bytes, const std::string& file);
bool begins_as_jpeg(std::string_view head);
Picture decode_jpeg(const std::string& bytes, const std::string& file);
bool begins_as_pnm(std::string_view head);
Picture decode_pnm(const std::string& bytes, const std::string& file);

/// Grey to three equal channels; colour to grey as Pillow's convert("L"):
/// (19595 R + 38470 G + 7471 B + 32768) / 65536.
Picture with_channels(Picture picture, std::int64_t channels);

/// Bilinear, and with a wider filter where it shrinks: as Pillow's Image.resize(BILINEAR) and thus
/// torchvision's Resize of a PIL image, bit for bit.
Picture resized(const Picture& picture, std::int64_t height, std::int64_t width);

/// The middle of a picture that is not smaller; as torchvision's CenterCrop.
Picture cropped(const Picture& picture, std::int64_t height, std::int64_t width);

}  // namespace lacuna::network
