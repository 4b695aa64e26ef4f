// Words as a shell reads them back.
#include "base/shell.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <memory>

namespace lacuna::base {
namespace {

/// What bash makes of a word.
std::string read_back(const std::string& word) {
  // The word goes through a here-document, so that only one shell reads it.
  const std::string command = "bash <<'END_OF_SCRIPT'\nprintf '%s.' " + word + "\nEND_OF_SCRIPT\n";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  std::string text;
  std::array<char, 256> buffer{};
  for (std::size_t count = 0; (count = fread(buffer.data(), 1, buffer.size(), pipe.get())) > 0;) {
    text.append(buffer.data(), count);
  }
  return text;
}

TEST(ShellWord, GivenAPlainWordThenItStandsAsItIs) {
  for (const char* plain : {"run", "--set", "array.rows=12", "/a/b_c-1.yaml", "1e-2", "a:3,0"}) {
    EXPECT_EQ(shell_word(plain), plain);
  }
}

TEST(ShellWord, GivenAnythingElseThenBashReadsItBack) {
  EXPECT_EQ(shell_word(""), "''");
  EXPECT_EQ(shell_word("my machine.yaml"), "'my machine.yaml'");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_word("gr\xc3\xb6\xc3\x9f"
                       "e"),
            "$'gr\\xc3\\xb6\\xc3\\x9fe'");
  std::string every;
  for (int byte = 1; byte < 256; ++byte) every += static_cast<char>(byte);
  for (const std::string& text :
       {std::string(), std::string("my machine.yaml"), std::string("it's"),
        std::string("$HOME `x`"), std::string("a\\'b"), std::string("-n"), std::string("~"),
        std::string("*?[a]{1,2}!#&;<>|()"), std::string("\x1b[2J\nq'\\"),
        std::string("\xff"
                    "a1"),
        every}) {
    EXPECT_EQ(read_back(shell_word(text)), text + ".") << shell_word(text);
    for (const char c : shell_word(text)) EXPECT_TRUE(c >= ' ' && c <= '~') << shell_word(text);
  }
}

TEST(ShellCommand, JoinsWords) {
  EXPECT_EQ(shell_command("lacuna run", {"--hw", "a b.yaml", "--images", "3"}),
            "lacuna run --hw 'a b.yaml' --images 3");
}

}  // namespace
}  // namespace lacuna::base
