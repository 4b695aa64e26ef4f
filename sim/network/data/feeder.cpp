#include "network/data/feeder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <utility>

#include "base/error.hpp"
#include "base/file.hpp"
#include "base/file_limits.hpp"
#include "base/random.hpp"
#include "network/data/picture.hpp"
#include "network/limits.hpp"
#include "network/outputs.hpp"

namespace lacuna::network {
namespace {

constexpr std::int16_t kNoCode = std::numeric_limits<std::int16_t>::min();

/// Places in an image's file of a map's values, channels last. `strides` of height, width,
/// channels.
std::vector<std::uint32_t> places(const MapShape& shape, std::int64_t y_stride,
                                  std::int64_t x_stride, std::int64_t c_stride) {
  std::vector<std::uint32_t> from;
  from.reserve(static_cast<std::size_t>(shape.values()));
  for (std::int64_t y = 0; y < shape.height; ++y) {
    for (std::int64_t x = 0; x < shape.width; ++x) {
      for (std::int64_t c = 0; c < shape.channels; ++c) {
        from.push_back(static_cast<std::uint32_t>(y * y_stride + x * x_stride + c * c_stride));
      }
    }
  }
  return from;
}

std::vector<std::uint32_t> places_first(const MapShape& shape) {
  return places(shape, shape.width, 1, shape.height * shape.width);
}
std::vector<std::uint32_t> places_last(const MapShape& shape) {
  return places(shape, shape.width * shape.channels, shape.channels, 1);
}

/// Without sizes of 1, which only say where a dimension would be.
std::vector<std::int64_t> without_ones(std::vector<std::int64_t> sizes) {
  sizes.erase(std::remove(sizes.begin(), sizes.end(), 1), sizes.end());
  return sizes;
}

bool same_sizes(const std::vector<std::int64_t>& sizes, std::vector<std::int64_t> wanted) {
  return without_ones(sizes) == without_ones(std::move(wanted));
}

/// The nearest float16, ties to even.
float rounded_to_half(float value) {
  constexpr float kInfinite = 65520.0F;  // what is not below rounds to more than there is
  constexpr int kLeastExponent = -14;
  constexpr int kMantissaBits = 10;
  if (std::isnan(value)) return value;
  if (std::abs(value) >= kInfinite) {
    return std::copysign(std::numeric_limits<float>::infinity(), value);
  }
  int exponent = 0;
  std::frexp(value, &exponent);
  const float step = std::ldexp(1.0F, std::max(exponent - 1, kLeastExponent) - kMantissaBits);
  return std::nearbyint(value / step) * step;
}

struct Range {
  float low = std::numeric_limits<float>::infinity();
  float high = -std::numeric_limits<float>::infinity();
  void add(float value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

}  // namespace

Feeder::Feeder(const DataSet& data, const Network& network, const InputCard& card)
    : data_(data), network_(network), card_(card) {
  if (data_.random) return;
  add_steps();
  find_layout();
  if (data_.kind != ValueKind::kReal) make_tables();
}

base::Place Feeder::place() const { return {data_.images_file, 0, ""}; }

void Feeder::add_step(InputStep::Kind kind, std::vector<float> values, const base::Place& place) {
  const auto channels = static_cast<std::size_t>(network_.input().shape.channels);
  if (values.size() == 1) values.resize(channels, values.front());
  if (values.size() != channels) {
    throw base::InputError(place, fmt::format("has {} numbers", values.size()),
                           fmt::format("1, or {} as {} has channels", channels, network_.name));
  }
  steps_.push_back({kind, std::move(values)});
}

void Feeder::add_steps() {
  const bool named = card_.scale || !card_.mean.empty() || !card_.deviation.empty();
  if (network_.input_codes) {
    if (!named) return;
    throw base::InputError(
        {card_.file, 0, "input"},
        fmt::format("says scale, mean or std, but {} reads codes", network_.name),
        "layout, channels, size and raw go with it");
  }
  constexpr float kPixelScale = 255.0F;
  // A file that reads integers scales them itself, where it does.
  if (card_.scale || (data_.kind == ValueKind::kPixel && !network_.input_integers)) {
    add_step(InputStep::Kind::kDivide, {card_.scale.value_or(kPixelScale)},
             {card_.file, 0, "input.scale"});
  }
  if (!card_.mean.empty()) {
    add_step(InputStep::Kind::kSubtract, card_.mean, {card_.file, 0, "input.mean"});
  }
  if (!card_.deviation.empty()) {
    add_step(InputStep::Kind::kDivide, card_.deviation, {card_.file, 0, "input.std"});
  }
  for (const InputStep& step : network_.input_steps) {
    if (step.kind == InputStep::Kind::kHalf) {
      steps_.push_back({step.kind, {}});
    } else {
      add_step(step.kind, step.values, {network_.file, 0, "input"});
    }
  }
}

void Feeder::find_layout() {
  const MapShape& shape = network_.input().shape;
  if (!data_.pictures.empty()) {
    find_picture_shape();
  } else {
    const Layout layout = data_.layout == Layout::kAny ? card_.layout : data_.layout;
    const bool first = layout != Layout::kChannelsLast &&
                       same_sizes(data_.sizes, {shape.channels, shape.height, shape.width});
    const bool last = layout != Layout::kChannelsFirst &&
                      same_sizes(data_.sizes, {shape.height, shape.width, shape.channels});
    const auto values = bounded_product(data_.sizes, kMaxMapValues);
    // Flat on one side: in the order of the other.
    const bool flat =
        values == shape.values() && (without_ones(data_.sizes).size() <= 1 || shape.is_vector());
    const bool prefer_last = network_.input_channels_last || layout == Layout::kChannelsLast;
    if (!first && !last && !flat) {
      const std::string order =
          layout == Layout::kAny
              ? "last or first"
              : fmt::format("{}, as {}", layout == Layout::kChannelsLast ? "last" : "first",
                            data_.layout == Layout::kAny ? "input.layout of the model's card says"
                                                         : "they are in such a data set");
      throw base::InputError(
          place(), fmt::format("its images are {}", fmt::join(data_.sizes, " x ")),
          fmt::format("{} as the input of {} (height x width x channels), channels {}; "
                      "--data random needs no images",
                      to_string(shape), network_.name, order));
    }
    from_ = (first == last ? prefer_last : last) ? places_last(shape) : places_first(shape);
  }
  if (card_.bgr) {
    if (shape.channels != 3) {
      throw base::InputError(
          {card_.file, 0, "input.channels"},
          fmt::format("is bgr, but {} has an input of {}", network_.name, to_string(shape)),
          "bgr goes with 3 channels");
    }
    for (std::size_t i = 0; i < from_.size(); i += 3) std::swap(from_[i], from_[i + 2]);
  }
}

/// A network of flat images takes pictures, too, whose size then only the card says.
void Feeder::find_picture_shape() {
  picture_ = network_.input().shape;
  from_ = places_last(picture_);
  const std::int64_t values = picture_.values();
  if (picture_.is_vector() && card_.size.size() == 2) {
    const std::int64_t pixels = card_.size[0] * card_.size[1];
    if (values == pixels || values == 3 * pixels) {
      picture_ = {card_.size[0], card_.size[1], values / pixels};
      if (network_.input_channels_last) return;
      const std::vector<std::uint32_t> first = places_first(picture_);
      for (std::size_t i = 0; i < first.size(); ++i) {
        from_[first[i]] = static_cast<std::uint32_t>(i);
      }
      return;
    }
  }
  if (picture_.channels == 1 || picture_.channels == 3) return;
  throw base::InputError(
      place(), "holds pictures, of 1 or 3 channels",
      fmt::format("{} as the input of {}; for flat images input.size in the model's card says "
                  "[height, width]",
                  to_string(network_.input().shape), network_.name));
}

void Feeder::make_tables() {
  // One for all channels where no step tells them apart: flat images have very many.
  const bool one = std::all_of(steps_.begin(), steps_.end(), [](const Step& step) {
    return std::adjacent_find(step.values.begin(), step.values.end(), std::not_equal_to<>()) ==
           step.values.end();
  });
  const std::int64_t channels = one ? 1 : network_.input().shape.channels;
  constexpr int kBytes = 256;
  table_.reserve(static_cast<std::size_t>(channels * kBytes));
  for (std::int64_t channel = 0; channel < channels; ++channel) {
    for (int byte = 0; byte < kBytes; ++byte) {
      const int value =
          data_.kind == ValueKind::kInteger && byte >= kBytes / 2 ? byte - kBytes : byte;
      table_.push_back(code_of(static_cast<float>(value), channel));
    }
  }
}

float Feeder::real_of(float value, std::int64_t channel) const {
  for (const Step& step : steps_) {
    const float operand =
        step.values.empty() ? 0.0F : step.values[static_cast<std::size_t>(channel)];
    switch (step.kind) {
      case InputStep::Kind::kAdd:
        value = value + operand;
        break;
      case InputStep::Kind::kSubtract:
        value = value - operand;
        break;
      case InputStep::Kind::kMultiply:
        value = value * operand;
        break;
      case InputStep::Kind::kDivide:
        value = value / operand;
        break;
      case InputStep::Kind::kHalf:
        value = rounded_to_half(value);
        break;
    }
  }
  return value;
}

std::int16_t Feeder::code_of(float value, std::int64_t channel) const {
  const Map& input = network_.input();
  if (network_.input_codes) {
    const bool is_code = value >= static_cast<float>(input.code.low) &&
                         value <= static_cast<float>(input.code.high) &&
                         value == std::nearbyint(value);
    return is_code ? static_cast<std::int16_t>(value) : kNoCode;
  }
  const float real = real_of(value, channel);
  if (std::isnan(real)) return kNoCode;
  // The default rounding mode is half to even.
  const float operand = std::nearbyint(real / input.scale);
  const float low = static_cast<float>(input.code.lowest_operand());
  const float high = static_cast<float>(input.code.highest_operand());
  return static_cast<std::int16_t>(static_cast<int>(std::min(std::max(operand, low), high)) +
                                   input.code.zero_point);
}

void Feeder::refuse_value(std::int64_t image, float value) const {
  const tensor::Code& code = network_.input().code;
  throw base::InputError(place(), fmt::format("image {} has a value of {}", image, value),
                         network_.input_codes
                             ? fmt::format("integers of {}..{}, the codes that {} reads", code.low,
                                           code.high, network_.name)
                             : "numbers");
}

std::vector<std::uint8_t> Feeder::pixels_of_picture(std::int64_t image) const {
  const MapShape& shape = picture_;
  const std::string& file = data_.pictures[static_cast<std::size_t>(image)];
  Picture picture = with_channels(
      decode_picture(base::read_file(file, base::kMaxImagesBytes), file), shape.channels);
  if (!card_.size.empty()) {
    std::int64_t height = card_.size.front();
    std::int64_t width = card_.size.back();
    if (card_.size.size() == 1) {
      // As torchvision's Resize: the longer side is cut to an integer.
      const std::int64_t shorter = std::min(picture.height, picture.width);
      height = height * picture.height / shorter;
      width = width * picture.width / shorter;
    }
    // Width comes first, then height.
    if (std::max(height, picture.height) > kMaxPixels / width) {
      throw base::InputError(
          {file, 0, ""},
          fmt::format("becomes {} x {} pixels (height x width) from {} x {}", height, width,
                      picture.height, picture.width),
          fmt::format("at most {} pixels, also when the width alone is changed", kMaxPixels));
    }
    picture = resized(picture, height, width);
  }
  if (picture.height < shape.height || picture.width < shape.width ||
      (card_.size.empty() && (picture.height != shape.height || picture.width != shape.width))) {
    throw base::InputError(
        {file, 0, ""},
        fmt::format("has {} x {} pixels (height x width){}", picture.height, picture.width,
                    card_.size.empty() ? "" : " after input.size of the card"),
        fmt::format("{} x {} as the input of {}; input.size in the model's card resizes pictures "
                    "and takes their middle",
                    shape.height, shape.width, network_.name));
  }
  return cropped(picture, shape.height, shape.width).pixels;
}

std::vector<std::uint8_t> Feeder::drawn(std::int64_t image) const {
  const Map& input = network_.input();
  const auto values = static_cast<std::uint64_t>(input.shape.values());
  const auto threshold = static_cast<std::uint64_t>(std::llround(data_.random->density * 0x1p32));
  const auto others = static_cast<std::uint64_t>(input.code.high - input.code.low);
  std::vector<std::uint8_t> codes(values);
  for (std::uint64_t i = 0; i < values; ++i) {
    const std::uint64_t bits =
        base::random_bits(data_.random->seed, base::RandomStream::kRandomImages,
                          static_cast<std::uint64_t>(image) * values + i);
    int code = input.code.zero_point;
    if ((bits >> 32) < threshold && others > 0) {
      code = input.code.low + static_cast<int>((bits & 0xffffffffU) * others >> 32);
      if (code >= input.code.zero_point) ++code;
    }
    codes[i] = static_cast<std::uint8_t>(code);
  }
  return codes;
}

std::vector<std::uint8_t> Feeder::codes(std::int64_t image) const {
  if (image < 0 || image >= data_.count()) {
    throw base::InputError(place(), fmt::format("has no image {}", image),
                           fmt::format("0..{}", data_.count() - 1));
  }
  if (data_.random) return drawn(image);
  const auto channels = static_cast<std::size_t>(network_.input().shape.channels);
  constexpr std::size_t kBytes = 256;
  const std::size_t tables = table_.size() / kBytes;
  const std::size_t values = from_.size();
  std::vector<std::uint8_t> codes(values);
  if (data_.kind == ValueKind::kReal) {
    const float* const reals = data_.reals.data() + static_cast<std::size_t>(image) * values;
    for (std::size_t i = 0; i < values; ++i) {
      const float value = reals[from_[i]];
      const std::int16_t code = code_of(value, static_cast<std::int64_t>(i % channels));
      if (code == kNoCode) refuse_value(image, value);
      codes[i] = static_cast<std::uint8_t>(code);
    }
    return codes;
  }
  std::vector<std::uint8_t> picture;
  if (!data_.pictures.empty()) picture = pixels_of_picture(image);
  const std::uint8_t* const bytes =
      picture.empty() ? data_.pixels.data() + static_cast<std::size_t>(image) * values
                      : picture.data();
  for (std::size_t i = 0; i < values; ++i) {
    const std::uint8_t byte = bytes[from_[i]];
    const std::int16_t code = table_[i % tables * kBytes + byte];
    if (code == kNoCode) {
      refuse_value(image, data_.kind == ValueKind::kInteger
                              ? static_cast<float>(static_cast<std::int8_t>(byte))
                              : static_cast<float>(byte));
    }
    codes[i] = static_cast<std::uint8_t>(code);
  }
  return codes;
}

void Feeder::check_range(std::int64_t images) const {
  if (data_.random || network_.input_codes) return;
  const Map& input = network_.input();
  const auto channels = static_cast<std::size_t>(input.shape.channels);
  Range fed;
  // Of pixels the range that they may have counts, since any one image may be dark.
  const bool nominal = data_.kind == ValueKind::kPixel;
  if (nominal) {
    for (std::int64_t channel = 0; channel < input.shape.channels; ++channel) {
      for (const float pixel : {0.0F, 255.0F}) fed.add(real_of(pixel, channel));
    }
  } else {
    for (std::size_t i = 0; i < from_.size() * static_cast<std::size_t>(images); ++i) {
      const std::size_t place_in_map = i % from_.size();
      const std::size_t at = i - place_in_map + from_[place_in_map];
      const float value = data_.kind == ValueKind::kReal
                              ? data_.reals[at]
                              : static_cast<float>(static_cast<std::int8_t>(data_.pixels[at]));
      if (!std::isnan(value)) {
        fed.add(real_of(value, static_cast<std::int64_t>(place_in_map % channels)));
      }
    }
  }
  const float low = static_cast<float>(input.code.lowest_operand()) * input.scale;
  const float high = static_cast<float>(input.code.highest_operand()) * input.scale;
  const float span = fed.high - fed.low;
  const float common = std::min(fed.high, high) - std::max(fed.low, low);
  // What a few images hold says less than what pixels can be. A constant is an image, too.
  const float share = nominal ? 1.0F / 8 : 1.0F / 64;
  const bool few_codes =
      span > 0 &&
      std::nearbyint(fed.high / input.scale) - std::nearbyint(fed.low / input.scale) <= 1 &&
      input.code.high - input.code.low >= 7;
  const bool narrow = span > 0 && (span < share * (high - low) || few_codes);
  const bool wide = span > 0 ? common < share * span : common < -(high - low);
  if (!narrow && !wide) return;
  throw base::InputError(
      place(),
      fmt::format("its values come to the network as {}..{}, but the first quantiser of {} is for "
                  "{}..{} (steps of {})",
                  fed.low, fed.high, network_.name, low, high, input.scale),
      "ranges that meet; scale, mean and std in the section input of the model's card say how "
      "values become the network's");
}

void check_data_fits(const DataSet& data, const Network& network, const InputCard& card) {
  const Feeder feeder(data, network, card);
  const std::int64_t classes = class_count(network);
  if (classes == 0) return;
  const auto bad = std::find_if(data.labels.begin(), data.labels.end(),
                                [&](std::int32_t label) { return label >= classes; });
  if (bad == data.labels.end()) return;
  throw base::InputError(
      {data.labels_file, 0, ""},
      fmt::format("the label of image {} is {}", bad - data.labels.begin(), *bad),
      fmt::format("0..{}, the classes of {}", classes - 1, network.name));
}

std::vector<std::uint8_t> quantise_pixels(const DataSet& data, std::int64_t image,
                                          const Network& network, const InputCard& card) {
  return Feeder(data, network, card).codes(image);
}

}  // namespace lacuna::network
