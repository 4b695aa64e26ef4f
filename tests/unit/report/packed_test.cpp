// Columns as a page carries them, read back.
#include "report/page/packed.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstring>

namespace lacuna::report {
namespace {

using Json = nlohmann::ordered_json;

std::string from_base64(const std::string& text) {
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    if (c == '=') break;
    bits = bits << 6 | static_cast<std::uint32_t>(digits.find(c));
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes += static_cast<char>(bits >> held);
  }
  return bytes;
}

std::string inflated(const std::string& text, std::size_t most) {
  const std::string packed = from_base64(text);
  std::string bytes(most, '\0');
  uLongf size = most;
  EXPECT_EQ(uncompress(reinterpret_cast<Bytef*>(bytes.data()), &size,
                       reinterpret_cast<const Bytef*>(packed.data()), packed.size()),
            Z_OK);
  bytes.resize(size);
  return bytes;
}

std::vector<std::int64_t> unpacked(const Json& column) {
  const std::string type = column["type"];
  const std::size_t width = type == "u8" ? 1 : type == "u16" ? 2 : type == "i32" ? 4 : 8;
  const std::size_t count = column["count"];
  const std::string bytes = inflated(column["zlib"], count * width + 1);
  EXPECT_EQ(bytes.size(), count * width);
  std::vector<std::int64_t> values;
  for (std::size_t i = 0; i < count; ++i) {
    std::uint64_t bits = 0;
    for (std::size_t j = width; j-- > 0;) {
      bits = bits << 8 | static_cast<unsigned char>(bytes[i * width + j]);
    }
    auto value = static_cast<std::int64_t>(bits);
    if (type == "i32") value = static_cast<std::int32_t>(bits);
    if (type == "f64") {
      double real = 0;
      std::memcpy(&real, &bits, sizeof real);
      value = static_cast<std::int64_t>(real);
    }
    if (column["differences"] && i > 0) value += values.back();
    values.push_back(value);
  }
  return values;
}

TEST(Base64, GivenTheVectorsOfTheStandardThenItsTexts) {
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foo"), "Zm9v");
  EXPECT_EQ(base64("foob"), "Zm9vYg==");
  EXPECT_EQ(base64("fooba"), "Zm9vYmE=");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64(std::string("\xff\x00\xfe", 3)), "/wD+");
}

TEST(PackedColumn, GivenValuesThenTheNarrowestTypeHoldsThem) {
  const std::pair<std::vector<std::int64_t>, const char*> cases[] = {
      {{}, "u8"},
      {{0, 255}, "u8"},
      {{0, 256}, "u16"},
      {{65535}, "u16"},
      {{65536}, "i32"},
      {{-1, 5}, "i32"},
      {{-2147483648LL, 2147483647LL}, "i32"},
      {{2147483648LL}, "f64"},
      {{-9007199254740992LL, 9007199254740992LL}, "f64"}};
  for (const auto& [values, type] : cases) {
    const Json column = packed_column(values);
    EXPECT_EQ(column["type"], type);
    EXPECT_EQ(unpacked(column), values);
    EXPECT_EQ(unpacked(packed_column(values, Coding::kDifferences)), values);
  }
}

TEST(PackedColumn, GivenCountedRowsThenDifferencesTakeNextToNothing) {
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < 100'000; ++i) rows.push_back(i / 64);
  const Json column = packed_column(rows, Coding::kDifferences);
  EXPECT_EQ(unpacked(column), rows);
  EXPECT_LT(column["zlib"].get<std::string>().size(), 1000U);
}

TEST(JsonForHtml, GivenMarkupThenNoneIsLeft) {
  const Json value = {{"</script>", "<!--<script>"}, {"bad", "\xff\xfe"}};
  const std::string text = json_for_html(value);
  EXPECT_EQ(text.find('<'), std::string::npos);
  const Json back = Json::parse(text);
  EXPECT_EQ(back["</script>"], "<!--<script>");
  EXPECT_EQ(back["bad"], "\xef\xbf\xbd\xef\xbf\xbd");
}

}  // namespace
}  // namespace lacuna::report
