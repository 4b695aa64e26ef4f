#include "systemc/vcd_reader.hpp"

#include <sstream>
#include <stdexcept>

namespace lacuna::test {

class VcdParser {
 public:
  explicit VcdParser(const std::string& text) : lines_(text) {
    require(!text.empty() && text.back() == '\n', "the last line is cut");
  }

  Vcd run() {
    header();
    require(next() && line_ == "#0", "time does not begin at 0");
    require(next() && line_ == "$dumpvars", "no initial values");
    while (next() && line_ != "$end") change(0);
    require(line_ == "$end", "initial values do not end");
    for (const auto& entry : codes_) {
      require(entry.second->changes.size() == 1, "not one initial value each: " + entry.first);
    }
    std::int64_t time = 0;
    while (next()) {
      if (line_[0] != '#') {
        change(time);
        continue;
      }
      const std::int64_t later = number(line_.substr(1));
      require(later > time, "time does not rise");
      time = later;
    }
    vcd_.end_ = time;
    return std::move(vcd_);
  }

 private:
  void require(bool holds, const std::string& rule) const {
    if (!holds) throw std::runtime_error(rule + ", line " + std::to_string(count_) + ": " + line_);
  }

  bool next() {
    ++count_;
    if (!std::getline(lines_, line_)) return false;
    require(!line_.empty(), "empty line");
    return true;
  }

  std::int64_t number(const std::string& digits) const {
    require(!digits.empty() && digits.find_first_not_of("0123456789") == std::string::npos,
            "not a number");
    return std::stoll(digits);
  }

  void header() {
    std::vector<std::string> scopes;
    bool timescale = false;
    while (next()) {
      std::istringstream stream(line_);
      std::vector<std::string> words;
      for (std::string word; stream >> word;) words.push_back(word);
      require(words.size() >= 2 && words.back() == "$end", "unended declaration");
      if (words[0] == "$enddefinitions") {
        require(words.size() == 2 && scopes.empty() && timescale, "early end of definitions");
        return;
      }
      if (words[0] == "$timescale") {
        require(line_ == "$timescale 1 ns $end", "unexpected time scale");
        timescale = true;
      } else if (words[0] == "$scope") {
        require(words.size() == 4 && words[1] == "module", "scope");
        scopes.push_back(words[2]);
      } else if (words[0] == "$upscope") {
        require(words.size() == 2 && !scopes.empty(), "upscope");
        scopes.pop_back();
      } else if (words[0] == "$var") {
        variable(words, scopes);
      } else {
        require(words[0] == "$version" || words[0] == "$comment", "unknown keyword");
      }
    }
    require(false, "no end of definitions");
  }

  void variable(const std::vector<std::string>& words, const std::vector<std::string>& scopes) {
    // $var type width code name [msb:lsb] $end
    require(words.size() == 6 || words.size() == 7, "var");
    require(words[1] == "wire" || words[1] == "integer", "type");
    const auto width = static_cast<int>(number(words[2]));
    require(width >= 1 && width <= 63, "width");
    require(words.size() == 6 || words[5] == "[" + std::to_string(width - 1) + ":0]", "range");
    for (const char letter : words[3]) require(letter >= '!' && letter <= '~', "identifier code");
    std::string name;
    for (const std::string& scope : scopes) name += scope + ".";
    const auto inserted = vcd_.signals_.emplace(name + words[4], Vcd::Signal{width, {}});
    require(inserted.second, "a name twice");
    require(codes_.emplace(words[3], &inserted.first->second).second, "a code twice");
  }

  void change(std::int64_t time) {
    std::string digits;
    std::string code;
    const bool vector = line_[0] == 'b';
    if (vector) {
      const std::size_t space = line_.find(' ');
      require(space != std::string::npos, "vector without a code");
      digits = line_.substr(1, space - 1);
      code = line_.substr(space + 1);
    } else {
      digits = line_.substr(0, 1);
      code = line_.substr(1);
    }
    const auto found = codes_.find(code);
    require(found != codes_.end(), "unknown code");
    Vcd::Signal& signal = *found->second;
    require(vector == (signal.width > 1), "scalar and vector mixed up");
    std::optional<std::uint64_t> value;
    if (digits != "x" && digits != "z") {
      require(!digits.empty() && digits.find_first_not_of("01") == std::string::npos &&
                  static_cast<int>(digits.size()) <= signal.width,
              "value");
      value = std::stoull(digits, nullptr, 2);
    }
    require(signal.changes.empty() || signal.changes.back().first < time, "two values at one time");
    signal.changes.emplace_back(time, value);
  }

  std::istringstream lines_;
  std::string line_;
  std::int64_t count_ = 0;
  std::map<std::string, Vcd::Signal*> codes_;
  Vcd vcd_;
};

Vcd Vcd::parse(const std::string& text) { return VcdParser(text).run(); }

Wave Vcd::wave(const std::string& name) const {
  const auto found = signals_.find(name);
  if (found == signals_.end()) throw std::runtime_error("no signal " + name);
  const auto& changes = found->second.changes;
  Wave wave(static_cast<std::size_t>(end_));
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const std::int64_t until = i + 1 < changes.size() ? changes[i + 1].first : end_;
    for (std::int64_t cycle = changes[i].first; cycle < until; ++cycle) {
      wave[static_cast<std::size_t>(cycle)] = changes[i].second;
    }
  }
  return wave;
}

std::int64_t Vcd::high(const std::string& name) const {
  std::int64_t cycles = 0;
  for (const auto& value : wave(name)) cycles += value == 1U ? 1 : 0;
  return cycles;
}

std::int64_t Vcd::sum(const std::string& name) const {
  std::int64_t total = 0;
  for (const auto& value : wave(name)) total += static_cast<std::int64_t>(value.value_or(0));
  return total;
}

}  // namespace lacuna::test
