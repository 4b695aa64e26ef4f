#include "report/page/packed.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/error.hpp"

namespace lacuna::report {
namespace {

using Json = nlohmann::ordered_json;

std::string deflated(const std::string& bytes) {
  uLongf size = compressBound(bytes.size());
  std::string result(size, '\0');
  const int code =
      compress2(reinterpret_cast<Bytef*>(result.data()), &size,
                reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(), Z_BEST_COMPRESSION);
  SIM_CHECK(code == Z_OK, "report", -1, "zlib cannot compress");
  result.resize(size);
  return result;
}

void append(std::string& bytes, std::uint64_t value, int count) {
  constexpr int kBits = 8;
  for (int i = 0; i < count; ++i) bytes += static_cast<char>(value >> (kBits * i));
}

std::string text_of(const Json& value, int indent = -1) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string base64(const std::string& bytes) {
  constexpr const char* kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  constexpr std::size_t kGroup = 3;
  std::string text;
  text.reserve((bytes.size() + 2) / kGroup * 4);
  for (std::size_t i = 0; i < bytes.size(); i += kGroup) {
    const std::size_t count = std::min(kGroup, bytes.size() - i);
    std::uint32_t bits = 0;
    for (std::size_t j = 0; j < kGroup; ++j) {
      bits = bits << 8 | (j < count ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    }
    for (std::size_t j = 0; j <= kGroup; ++j) {
      text += j <= count ? kDigits[bits >> (18 - 6 * j) & 63U] : '=';
    }
  }
  return text;
}

Json packed_column(const std::vector<std::int64_t>& values, Coding coding) {
  std::vector<std::int64_t> stored = values;
  const bool differences = coding == Coding::kDifferences;
  if (differences) {
    for (std::size_t i = stored.size(); i-- > 1;) stored[i] -= stored[i - 1];
  }
  std::int64_t least = 0;
  std::int64_t most = 0;
  for (const std::int64_t value : stored) {
    least = std::min(least, value);
    most = std::max(most, value);
  }
  const auto within = [&](std::int64_t low, std::int64_t high) {
    return least >= low && most <= high;
  };
  std::string type = "f64";
  int bytes = 8;
  if (within(0, std::numeric_limits<std::uint8_t>::max())) {
    type = "u8";
    bytes = 1;
  } else if (within(0, std::numeric_limits<std::uint16_t>::max())) {
    type = "u16";
    bytes = 2;
  } else if (within(std::numeric_limits<std::int32_t>::min(),
                    std::numeric_limits<std::int32_t>::max())) {
    type = "i32";
    bytes = 4;
  }
  std::string packed;
  packed.reserve(stored.size() * static_cast<std::size_t>(bytes));
  for (const std::int64_t value : stored) {
    auto bits = static_cast<std::uint64_t>(value);
    if (type == "f64") {
      const auto real = static_cast<double>(value);
      std::memcpy(&bits, &real, sizeof bits);
    }
    append(packed, bits, bytes);
  }
  return {{"type", type},
          {"differences", differences},
          {"count", values.size()},
          {"zlib", base64(deflated(packed))}};
}

Json packed_reals(const std::vector<std::optional<double>>& values) {
  std::string packed;
  packed.reserve(values.size() * sizeof(double));
  for (const std::optional<double>& value : values) {
    const double real = value.value_or(std::numeric_limits<double>::quiet_NaN());
    std::uint64_t bits = 0;
    std::memcpy(&bits, &real, sizeof bits);
    append(packed, bits, sizeof bits);
  }
  return {{"type", "f64"},
          {"differences", false},
          {"count", values.size()},
          {"zlib", base64(deflated(packed))}};
}

Json packed_json(const Json& value) {
  return {{"type", "json"}, {"zlib", base64(deflated(text_of(value)))}};
}

std::string json_for_html(const Json& value) {
  std::string text;
  for (const char c : text_of(value, 0)) {
    if (c == '<') {
      text += "\\u003c";
    } else {
      text += c;
    }
  }
  return text;
}

}  // namespace lacuna::report
