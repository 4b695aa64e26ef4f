#include "config/document.hpp"

#include <gtest/gtest.h>

#include "unit/base/temp_folder.hpp"

namespace lacuna::config {
namespace {

using base::InputError;

Document parse(const std::string& text) { return Document::parse("f.yaml", text); }

template <class Action>
std::string error(const Action& action) {
  return test::message_of<InputError>(action);
}

enum class Colour { kRed, kBlue };

TEST(Document, GivesEveryKindOfValue) {
  const Document document = parse(R"(
text: some words
quoted: "16"
flag: true
count: 12
rate: 1e-3
colour: blue
size: unlimited
other_size: 4096
inner:
  deep: {x: -3}
numbers: [1, 2]
rates: [0.5, 1]
names:
  - a
  - b
items:
  - v: 1
  - v: 2
)");
  const Section root = document.root();
  EXPECT_EQ(root.required<std::string>("text"), "some words");
  EXPECT_EQ(root.required<std::string>("quoted"), "16");
  EXPECT_TRUE(root.required<bool>("flag"));
  EXPECT_EQ(root.required<int>("count", 0, 12), 12);
  EXPECT_EQ(root.required<double>("rate", 0.0, 1.0), 0.001);
  EXPECT_EQ(root.choice<Colour>("colour", {{"red", Colour::kRed}, {"blue", Colour::kBlue}}),
            Colour::kBlue);
  EXPECT_EQ(root.limit("size", 1, 10), std::nullopt);
  EXPECT_EQ(root.limit("other_size", 1, 4096), 4096);
  EXPECT_EQ(root.section("inner").section("deep").required<int>("x", -5, 5), -3);
  EXPECT_EQ(root.integers("numbers", 0, 9), (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(root.reals("rates", 0.0, 1.0), (std::vector<double>{0.5, 1.0}));
  EXPECT_EQ(root.strings("names"), (std::vector<std::string>{"a", "b"}));
  std::vector<int> values;
  for (const Section& item : root.sections("items")) {
    values.push_back(item.required<int>("v", 0, 9));
  }
  EXPECT_EQ(values, (std::vector<int>{1, 2}));
  EXPECT_NO_THROW(document.done());
}

TEST(Document, GivesNothingForAbsentOptionalKeys) {
  const Document document = parse("a: 1\n");
  const Section root = document.root();
  EXPECT_EQ(root.optional<int>("a", 0, 9), 1);
  EXPECT_EQ(root.optional<int>("b", 0, 9), std::nullopt);
  EXPECT_EQ(root.optional<bool>("c"), std::nullopt);
  EXPECT_EQ(root.optional_section("d").has_value(), false);
  EXPECT_EQ(root.optional_choice<Colour>("e", {{"red", Colour::kRed}}), std::nullopt);
  EXPECT_EQ(root.selection("f", 0, 9).has_value(), false);
  EXPECT_FALSE(root.has("g"));
  EXPECT_FALSE(root.is_section("a"));
  EXPECT_NO_THROW(document.done());
}

TEST(Document, WhenAKeyIsNotAskedForThenDoneNamesItsLineAndTheNearestKey) {
  const Document document = parse("rows: 1\nsub:\n  colls: 2\n");
  document.root().required<int>("rows", 0, 9);
  document.section("sub").optional<int>("cols", 0, 9);
  EXPECT_EQ(error([&] { document.done(); }),
            "f.yaml:3: sub.colls: unknown key; known in sub: cols; did you mean 'cols'?");
}

TEST(Document, WhenARequiredKeyIsMistypedThenTheTypoIsTheError) {
  const Document document = parse("row: 1\n");
  document.root().required<int>("rows", 0, 9);
  EXPECT_EQ(error([&] { document.done(); }),
            "f.yaml:1: row: unknown key; known here: rows; did you mean 'rows'?");
}

TEST(Document, WhenRequiredKeysAreMissingThenDoneNamesTheFirst) {
  const Document document = parse("a: 1\nsub:\n  x: 1\n");
  document.root().required<int>("a", 0, 9);
  document.section("sub").required<int>("x", 0, 9);
  EXPECT_EQ(document.section("sub").required<int>("y", 3, 9), 3) << "the placeholder";
  document.section("gone").required<std::string>("z");
  EXPECT_EQ(error([&] { document.done(); }), "f.yaml:2: sub.y: is missing; an integer from 3 to 9");
}

TEST(Document, WhenASectionIsMissingThenItsOwnKeysAreNotReported) {
  const Document document = parse("a: 1\n");
  document.root().required<int>("a", 0, 9);
  document.section("gone").required<std::string>("z");
  document.section("gone").section("deeper").required<bool>("y");
  EXPECT_EQ(error([&] { document.done(); }),
            "f.yaml:1: gone: is missing; a section with keys of its own");
}

TEST(Selection, TakesOneARangeAListOrAll) {
  const Document document = parse("a: 3\nb: 2-4\nc: [7, 0-1, 9-9]\nd: all\n");
  const Section root = document.root();
  const auto text = [&](const char* key) {
    std::string result;
    const auto ranges = root.selection(key, 0, 9);
    if (!ranges) return std::string("all");
    for (const IntegerRange& range : *ranges) {
      result += std::to_string(range.first) + ".." + std::to_string(range.last) + " ";
    }
    return result;
  };
  EXPECT_EQ(text("a"), "3..3 ");
  EXPECT_EQ(text("b"), "2..4 ");
  EXPECT_EQ(text("c"), "7..7 0..1 9..9 ");
  EXPECT_EQ(text("d"), "all");
  EXPECT_EQ(text("e"), "all");
}

TEST(Selection, RefusesWhatIsNone) {
  const auto select = [](const std::string& value) {
    return error([&] { parse("a: " + value + "\n").root().selection("a", 0, 9); });
  };
  const std::string integer = "; an integer from 0 to 9";
  const std::string any = integer + ", a range as 0-3, a list of these, or all";
  EXPECT_EQ(select("4-2"), "f.yaml:1: a: '4-2' runs backwards; the lower number first");
  EXPECT_EQ(select("8-10"), "f.yaml:1: a: '10' is out of range" + integer);
  EXPECT_EQ(select("-1"), "f.yaml:1: a: '-1' is out of range" + integer);
  EXPECT_EQ(select("1-"), "f.yaml:1: a: '' is not a decimal integer" + integer);
  EXPECT_EQ(select("every"), "f.yaml:1: a: 'every' is not a decimal integer" + integer);
  EXPECT_EQ(select("[]"), "f.yaml:1: a: is an empty list" + any);
  EXPECT_EQ(select("{}"), "f.yaml:1: a: is a map" + any);
  EXPECT_EQ(select("'1'"), "f.yaml:1: a: is '1' in quotes" + any);
}

TEST(Section, KnowsThePlacesOfItsValues) {
  const Document document = parse("a:\n  b:\n    - c: 1\n");
  const Section item = document.section("a").sections("b").front();
  EXPECT_EQ(item.place("c").line, 3);
  EXPECT_EQ(item.place("c").key, "a.b[0].c");
  EXPECT_EQ(item.place("absent").key, "a.b[0].absent");
  EXPECT_EQ(document.section("a").place().line, 1) << "a section stands where its key does";
  EXPECT_EQ(document.root().keys(), (std::vector<std::string>{"a"}));
}

TEST(Document, WhenItsHandleIsGoneThenSectionsStillWork) {
  const Section section = parse("a: {b: 2}\n").section("a");
  EXPECT_EQ(section.required<int>("b", 0, 9), 2);
}

struct MalformedCase {
  const char* what;
  std::string text;
  const char* message;
};

TEST(Document, RefusesWhatIsNotOnePlainMap) {
  const MalformedCase cases[] = {
      {"nothing", "", "f.yaml: is empty"},
      {"comments only", "# nothing\n", "f.yaml: is empty"},
      {"an empty document", "---\n", "f.yaml: is empty"},
      {"a scalar", "word\n", "f.yaml:1: is not a map; lines of the form 'key: value'"},
      {"a list", "- a\n", "f.yaml:1: is not a map; lines of the form 'key: value'"},
      {"two documents", "a: 1\n---\nb: 2\n", "f.yaml: holds more than one YAML document"},
      {"a key twice", "a: 1\nb: 2\na: 3\n",
       "f.yaml:3: the key 'a' is given twice; first in line 1"},
      {"an anchor", "a: &x 1\n", "f.yaml:1: an anchor is not supported"},
      {"an alias of nothing", "a: *x\n",
       "f.yaml:1: is not valid YAML: the referenced anchor is not defined"},
      {"a tag", "a: !!int 3\n", "f.yaml:1: a type tag is not supported: 'tag:yaml.org,2002:int'"},
      {"a map as key", "? {a: 1}\n: 2\n", "f.yaml:1: a key must be a plain name"},
      {"a NUL byte", std::string("a: 1\nb: \0\n", 10), "f.yaml:2: holds a NUL byte; YAML is text"},
      {"a byte that is not UTF-8", "a: 1\n\nb: \xC3(\n",
       "f.yaml:3: holds a byte that is not UTF-8"},
      {"an open list", "a: [1, 2\nb: 3\n",
       "f.yaml:2: is not valid YAML: end of sequence flow not found"},
      {"a tab", "a:\n\tb: 1\n", "f.yaml:2: is not valid YAML: illegal map value"},
      {"too much nesting", "a: " + std::string(40, '[') + std::string(40, ']') + "\n",
       "f.yaml:1: nested too deeply; at most 32 levels"},
  };
  for (const MalformedCase& test : cases) {
    EXPECT_EQ(error([&] { parse(test.text); }), test.message) << test.what;
  }
}

TEST(Document, RefusesMoreThanOneMebibyte) {
  const std::string text = "a: " + std::string((1 << 20) - 3, 'x');
  EXPECT_NO_THROW(parse(text));
  EXPECT_EQ(error([&] { parse(text + "x"); }),
            "f.yaml: has 1048577 bytes; at most 1048576 are read");
}

TEST(Document, WhenInputIsHostileThenItFailsFast) {
  // Each of these makes some YAML reader run out of stack, memory or time.
  std::string bomb = "a0: &a0 [x]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string last = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last + "," + last + "]\n";
  }
  const auto repeat = [](const std::string& text, std::size_t bytes) {
    std::string result;
    while (result.size() + text.size() <= bytes) result += text;
    return result;
  };
  constexpr std::size_t kBytes = 1 << 20;
  for (const std::string& text :
       {bomb, repeat("[", kBytes), repeat("{", kBytes), repeat("- ", kBytes), repeat("? ", kBytes),
        "a: " + repeat("[{a: ", kBytes - 3), repeat("!", kBytes), repeat("\"", kBytes),
        repeat("&", kBytes), repeat("a: ", kBytes), repeat("-\n ", kBytes)}) {
    EXPECT_NE(error([&] { parse(text); }), "") << text.substr(0, 20);
  }
}

TEST(Texts, HoldNoControlCharacters) {
  const Document document = Document::parse("d", "name: \"a\\e[31m\"\n");
  try {
    document.root().required<std::string>("name");
    FAIL() << "is accepted";
  } catch (const base::InputError& error) {
    EXPECT_STREQ(error.what(), "d:1: name: holds a control character; a text of one line");
  }
}

TEST(Document, GivesNamesWithNumbersOfTheirOwn) {
  const auto names = [](const std::string& text) {
    const Document document = Document::parse("d.yaml", text);
    const auto list = document.root().names_with_reals("list", 0, 1, {"a"});
    document.done();
    return list;
  };
  using List = std::vector<std::pair<std::string, std::optional<double>>>;
  EXPECT_EQ(names("list: [a, {b: 0.25}, c: 1]"),
            (List{{"a", std::nullopt}, {"b", 0.25}, {"c", 1.0}}));
  EXPECT_EQ(names("list:\n  - b: 0.5\n  - a\n"), (List{{"b", 0.5}, {"a", std::nullopt}}));
  EXPECT_EQ(names("{}"), (List{{"a", std::nullopt}}));
  const auto error = [&](const std::string& text) {
    return lacuna::test::message_of<base::InputError>([&] { names(text); });
  };
  EXPECT_EQ(error("list: [{a: 1, b: 1}]"),
            "d.yaml:1: list[0]: has 2 keys; a name, or {name: number}");
  EXPECT_NE(error("list: [{a: 2}]").find("d.yaml:1: list[0].a"), std::string::npos);
  EXPECT_NE(error("list: [{a: x}]").find("d.yaml:1: list[0].a"), std::string::npos);
  EXPECT_NE(error("list: a"), "");
}

}  // namespace
}  // namespace lacuna::config
