#include <gtest/gtest.h>

#include "config/document.hpp"
#include "unit/base/temp_folder.hpp"

namespace lacuna::config {
namespace {

using base::InputError;

constexpr const char* kText = "name: x\narray:\n  rows: 16\n  cols: 8\nlist: [1, 2]\n";

Document parse_with(const std::vector<Override>& overrides) {
  return Document::parse("f.yaml", kText, overrides);
}

std::string error(const std::vector<Override>& overrides) {
  return test::message_of<InputError>([&] { parse_with(overrides); });
}

TEST(Overrides, ReplaceAndAddScalars) {
  const Document document =
      parse_with({{"array.rows", "12"}, {"array.depth", "4"}, {"dram.latency.cycles", "7"}});
  EXPECT_EQ(document.section("array").required<int>("rows", 0, 99), 12);
  EXPECT_EQ(document.section("array").required<int>("cols", 0, 99), 8);
  EXPECT_EQ(document.section("array").required<int>("depth", 0, 99), 4);
  EXPECT_EQ(document.section("dram").section("latency").required<int>("cycles", 0, 99), 7);
}

TEST(Overrides, WhenOneKeyIsSetTwiceThenTheLastWins) {
  const Document document = parse_with({{"name", "a"}, {"name", "b"}});
  EXPECT_EQ(document.root().required<std::string>("name"), "b");
}

TEST(Overrides, NameTheOptionInErrorsOfTheirValues) {
  const Document document = parse_with({{"array.rows", "0x10"}, {"array.row", "3"}});
  EXPECT_EQ(
      test::message_of<InputError>([&] { document.section("array").required<int>("rows", 1, 99); }),
      "--set array.rows: '0x10' is not a decimal integer; an integer from 1 to 99");
}

TEST(Overrides, WhenTheirKeyIsUnknownThenTheWholePathIsSuggested) {
  const Document document = parse_with({{"array.row", "3"}});
  const Section root = document.root();
  root.required<std::string>("name");
  root.integers("list", 0, 9);
  document.section("array").required<int>("rows", 1, 99);
  document.section("array").required<int>("cols", 1, 99);
  EXPECT_EQ(test::message_of<InputError>([&] { document.done(); }),
            "--set array.row: unknown key; known in array: rows, cols; did you mean 'array.rows'?");
}

TEST(Overrides, RefusePathsThatLeadNowhere) {
  EXPECT_EQ(error({{"", "1"}}), "--set : is not a key; a dotted path, as array.rows");
  EXPECT_EQ(error({{"array.", "1"}}), "--set array.: is not a key; a dotted path, as array.rows");
  EXPECT_EQ(error({{"name.x", "1"}}), "--set name.x: 'name' is not a section: it has no key 'x'");
  EXPECT_EQ(error({{"list.0", "1"}}), "--set list.0: 'list' is not a section: it has no key '0'");
  EXPECT_EQ(error({{"array", "1"}}),
            "--set array: is a section and not a value; one of its keys, as array.rows");
  EXPECT_EQ(error({{"name", std::string("\0", 1)}}), "--set name: is not UTF-8 text");
  EXPECT_EQ(error({{"name", "\xFF"}}), "--set name: is not UTF-8 text");
  std::string deep = "a";
  for (int i = 0; i < 40; ++i) deep += ".a";
  EXPECT_EQ(error({{deep, "1"}}), "--set " + deep + ": has too many parts; at most 32");
}

TEST(Overrides, OfOneOfTwoKeysThatSayTheSameReplaceTheOther) {
  constexpr const char* kOwn = "a: {x: 1, z: 3}\n";
  struct Case {
    std::vector<Override> overrides;
    const char* key;
    const char* filled;
  };
  const Case cases[] = {
      {{}, "x", "a:\n  x: 1\n  z: 3\n"},
      {{{"a.x", "4"}}, "x", "a:\n  x: 4\n  z: 3\n"},
      {{{"a.y", "2"}}, "y", "a:\n  y: 2\n  z: 3\n"},
      {{{"a.y", "2"}, {"a.x", "4"}}, "x", "a:\n  x: 4\n  z: 3\n"},
      {{{"a.x", "4"}, {"a.y", "2"}}, "y", "a:\n  y: 2\n  z: 3\n"},
  };
  for (const Case& test : cases) {
    const Document document = Document::parse("f.yaml", kOwn, test.overrides);
    for (int time = 0; time < 2; ++time) {  // asked again, the answer is the same
      const Section section = document.section("a");
      EXPECT_EQ(section.one_of("x", "y"), test.key);
      section.required<int>(section.one_of("x", "y"), 0, 9);
      section.required<int>("z", 0, 9);
      EXPECT_NO_THROW(document.done());
      EXPECT_EQ(document.to_yaml(), test.filled);
    }
  }
  const Document both = Document::parse("f.yaml", "a:\n  x: 1\n  y: 2\n");
  EXPECT_EQ(test::message_of<InputError>([&] { both.section("a").one_of("x", "y"); }),
            "f.yaml:3: a.y: stands beside a.x; one of the two");
  const Document neither = Document::parse("f.yaml", "a: {z: 1}\n");
  EXPECT_EQ(neither.section("a").one_of("x", "y"), "x");
  neither.section("a").required<int>("z", 0, 9);
  EXPECT_EQ(test::message_of<InputError>([&] { neither.done(); }),
            "f.yaml:1: a.x: is missing; it or a.y is required");
}

TEST(Overrides, ChangeTheHash) {
  const std::string plain = parse_with({}).sha256();
  EXPECT_EQ(plain, parse_with({}).sha256());
  EXPECT_NE(plain, parse_with({{"name", "x"}}).sha256());
  EXPECT_NE(parse_with({{"name", "x"}}).sha256(), parse_with({{"name", "y"}}).sha256());
  EXPECT_NE(parse_with({{"a", "bc"}}).sha256(), parse_with({{"ab", "c"}}).sha256());
}

}  // namespace
}  // namespace lacuna::config
