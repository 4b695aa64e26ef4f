#include "network/data/picture.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "base/error.hpp"

namespace lacuna::network {
namespace {

struct PictureFormat {
  bool (*begins)(std::string_view head);
  Picture (*decode)(const std::string& bytes, const std::string& file);
};

const PictureFormat kPictureFormats[] = {
    {begins_as_png, decode_png},
    {begins_as_jpeg, decode_jpeg},
    {begins_as_pnm, decode_pnm},
};

/// What one output pixel is made of, in a row or column.
struct Weights {
  std::int64_t first = 0;
  std::vector<std::int32_t> weights;
};

// Source: Pillow, src/libImaging/Resample.c: precompute_coeffs and normalize_coeffs_8bpc.
constexpr int kWeightBits = 32 - 8 - 2;

std::vector<Weights> weights_of(std::int64_t in, std::int64_t out) {
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  const double filter_scale = std::max(scale, 1.0);
  const double support = filter_scale;  // of a triangle
  std::vector<Weights> list(static_cast<std::size_t>(out));
  for (std::int64_t x = 0; x < out; ++x) {
    const double centre = (static_cast<double>(x) + 0.5) * scale;
    const std::int64_t first =
        std::max<std::int64_t>(static_cast<std::int64_t>(std::floor(centre - support + 0.5)), 0);
    const std::int64_t end =
        std::min<std::int64_t>(static_cast<std::int64_t>(std::floor(centre + support + 0.5)), in);
    std::vector<double> weights;
    double sum = 0;
    for (std::int64_t i = first; i < end; ++i) {
      const double at = (static_cast<double>(i) - centre + 0.5) * (1.0 / filter_scale);
      weights.push_back(std::max(1.0 - std::abs(at), 0.0));
      sum += weights.back();
    }
    Weights& own = list[static_cast<std::size_t>(x)];
    own.first = first;
    for (const double weight : weights) {
      const double share = sum == 0 ? weight : weight / sum;
      own.weights.push_back(
          static_cast<std::int32_t>(std::floor(0.5 + share * (1 << kWeightBits))));
    }
  }
  return list;
}

std::uint8_t clipped(std::int32_t sum) {
  return static_cast<std::uint8_t>(std::clamp(sum >> kWeightBits, 0, 255));
}

/// One direction: `lines` lines of `list.size()` values of `run` bytes; the step from a value to
/// the next and from a line to the next in bytes.
void resize_lines(const std::vector<Weights>& list, const std::uint8_t* in, std::uint8_t* out,
                  std::int64_t lines, std::int64_t in_line, std::int64_t out_line,
                  std::int64_t step, std::int64_t run) {
  for (std::int64_t line = 0; line < lines; ++line) {
    for (std::size_t x = 0; x < list.size(); ++x) {
      for (std::int64_t c = 0; c < run; ++c) {
        const std::uint8_t* from = in + line * in_line + list[x].first * step + c;
        std::int32_t sum = 1 << (kWeightBits - 1);
        for (const std::int32_t weight : list[x].weights) {
          sum += *from * weight;
          from += step;
        }
        out[line * out_line + static_cast<std::int64_t>(x) * step + c] = clipped(sum);
      }
    }
  }
}

Picture empty_picture(std::int64_t height, std::int64_t width, std::int64_t channels) {
  Picture picture{height, width, channels, {}};
  picture.pixels.resize(static_cast<std::size_t>(height * width * channels));
  return picture;
}

}  // namespace

void check_picture_size(std::int64_t height, std::int64_t width, std::int64_t channels,
                        std::size_t bytes, std::int64_t most_per_byte, const std::string& file) {
  const auto wrong = [&](const std::string& allowed) {
    throw base::InputError(
        {file, 0, ""},
        fmt::format("claims {} x {} pixels (height x width) in {} bytes", height, width, bytes),
        allowed);
  };
  if (height < 1 || width < 1 || height > kMaxPixels || width > kMaxPixels ||
      height * width > kMaxPixels) {
    wrong(fmt::format("1..{} pixels", kMaxPixels));
  }
  const auto most = static_cast<std::int64_t>(bytes) * most_per_byte;
  if (height * width * channels > most) {
    wrong(fmt::format("at most {} values are in so many bytes", most));
  }
}

Picture decode_picture(const std::string& bytes, const std::string& file) {
  const auto* const format =
      std::find_if(std::begin(kPictureFormats), std::end(kPictureFormats),
                   [&](const PictureFormat& each) { return each.begins(bytes); });
  if (format == std::end(kPictureFormats)) {
    throw base::InputError({file, 0, ""}, "is no picture that is known",
                           "PNG, JPEG or PNM (PBM, PGM, PPM)");
  }
  return format->decode(bytes, file);
}

Picture with_channels(Picture picture, std::int64_t channels) {
  if (picture.channels == channels) return picture;
  Picture other = empty_picture(picture.height, picture.width, channels);
  const std::int64_t pixels = picture.height * picture.width;
  const std::uint8_t* from = picture.pixels.data();
  std::uint8_t* to = other.pixels.data();
  for (std::int64_t i = 0; i < pixels; ++i) {
    if (channels == 3) {
      for (int c = 0; c < 3; ++c) *to++ = *from;
      ++from;
    } else {
      constexpr std::uint32_t kRed = 19595;
      constexpr std::uint32_t kGreen = 38470;
      constexpr std::uint32_t kBlue = 7471;
      constexpr std::uint32_t kHalf = 32768;
      *to++ = static_cast<std::uint8_t>(
          (from[0] * kRed + from[1] * kGreen + from[2] * kBlue + kHalf) >> 16);
      from += 3;
    }
  }
  return other;
}

Picture resized(const Picture& picture, std::int64_t height, std::int64_t width) {
  Picture wide = picture;
  const std::int64_t channels = picture.channels;
  if (width != picture.width) {
    wide = empty_picture(picture.height, width, channels);
    resize_lines(weights_of(picture.width, width), picture.pixels.data(), wide.pixels.data(),
                 picture.height, picture.width * channels, width * channels, channels, channels);
  }
  if (height == wide.height) return wide;
  Picture result = empty_picture(height, width, channels);
  resize_lines(weights_of(picture.height, height), wide.pixels.data(), result.pixels.data(), 1, 0,
               0, width * channels, width * channels);
  return result;
}

Picture cropped(const Picture& picture, std::int64_t height, std::int64_t width) {
  // Python's round(): half to even, as nearbyint.
  const auto middle = [](std::int64_t has, std::int64_t wants) {
    return static_cast<std::int64_t>(std::nearbyint(static_cast<double>(has - wants) / 2.0));
  };
  const std::int64_t top = middle(picture.height, height);
  const std::int64_t left = middle(picture.width, width);
  Picture result = empty_picture(height, width, picture.channels);
  for (std::int64_t y = 0; y < height; ++y) {
    const auto from =
        picture.pixels.begin() +
        static_cast<std::ptrdiff_t>(((top + y) * picture.width + left) * picture.channels);
    std::copy(from, from + static_cast<std::ptrdiff_t>(width * picture.channels),
              result.pixels.begin() + static_cast<std::ptrdiff_t>(y * width * picture.channels));
  }
  return result;
}

}  // namespace lacuna::network
