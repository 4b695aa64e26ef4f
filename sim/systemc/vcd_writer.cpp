#include "systemc/vcd_writer.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace lacuna::systemc {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 20;

/// Identifier codes are strings of the printable characters '!' to '~'.
std::string identifier_code(std::size_t number) {
  constexpr std::size_t kFirst = '!';
  constexpr std::size_t kCount = '~' - '!' + 1;
  std::string code;
  do {
    code += static_cast<char>(kFirst + number % kCount);
    number /= kCount;
  } while (number > 0);
  return code;
}

}  // namespace

VcdWriter::VcdWriter(const std::string& path) : file_(path) {}

VcdWriter::Signal VcdWriter::add(const std::string& name, int width, Type type,
                                 std::uint64_t initial) {
  SIM_CHECK(time_ < 0 && width >= 1 && width <= kMaxWidth, "vcd", -1,
            "signal '" + name + "' cannot be declared");
  variables_.push_back({name, identifier_code(variables_.size()), width, type, initial, initial});
  return static_cast<Signal>(variables_.size() - 1);
}

void VcdWriter::write_value(const Variable& variable) {
  if (variable.width == 1) {
    buffer_ += variable.written == kFloating  ? 'z'
               : variable.written == kUnknown ? 'x'
                                              : static_cast<char>('0' + (variable.written & 1));
  } else {
    buffer_ += 'b';
    if (variable.written == kFloating || variable.written == kUnknown) {
      buffer_ += variable.written == kFloating ? 'z' : 'x';
    } else {
      // The shortest form: readers extend with zeros to the left.
      int bit = variable.width - 1;
      while (bit > 0 && (variable.written >> bit & 1) == 0) --bit;
      for (; bit >= 0; --bit) buffer_ += static_cast<char>('0' + (variable.written >> bit & 1));
    }
    buffer_ += ' ';
  }
  buffer_ += variable.code;
  buffer_ += '\n';
}

void VcdWriter::write_time(std::int64_t time) {
  if (time == time_) return;
  time_ = time;
  buffer_ += '#' + std::to_string(time) + '\n';
}

void VcdWriter::declare(const Variable& variable, std::size_t scope_size) {
  buffer_ += variable.type == Type::kInteger ? "$var integer " : "$var wire ";
  buffer_ +=
      std::to_string(variable.width) + ' ' + variable.code + ' ' + variable.name.substr(scope_size);
  if (variable.width > 1 && variable.type == Type::kWire) {
    buffer_ += " [" + std::to_string(variable.width - 1) + ":0]";
  }
  buffer_ += " $end\n";
}

void VcdWriter::write_scope(std::size_t scope_size, const std::vector<const Variable*>& inside) {
  // A scope's own signals, then the scopes in it, both in the order of declaration.
  std::vector<std::pair<std::string, std::vector<const Variable*>>> scopes;
  for (const Variable* variable : inside) {
    const std::size_t dot = variable->name.find('.', scope_size);
    if (dot == std::string::npos) {
      declare(*variable, scope_size);
      continue;
    }
    const std::string name = variable->name.substr(scope_size, dot - scope_size);
    auto scope = std::find_if(scopes.begin(), scopes.end(),
                              [&](const auto& known) { return known.first == name; });
    if (scope == scopes.end()) scope = scopes.insert(scopes.end(), {name, {}});
    scope->second.push_back(variable);
  }
  for (const auto& [name, variables] : scopes) {
    buffer_ += "$scope module " + name + " $end\n";
    write_scope(scope_size + name.size() + 1, variables);
    buffer_ += "$upscope $end\n";
  }
}

void VcdWriter::write_header() {
  buffer_ +=
      "$version lacuna $end\n"
      "$comment one time unit is one clock cycle $end\n"
      "$timescale 1 ns $end\n";
  std::vector<const Variable*> all;
  for (const Variable& variable : variables_) all.push_back(&variable);
  write_scope(0, all);
  buffer_ += "$enddefinitions $end\n";
  write_time(0);
  buffer_ += "$dumpvars\n";
  for (const Variable& variable : variables_) write_value(variable);
  buffer_ += "$end\n";
}

void VcdWriter::apply(const Changes& changes) {
  for (const auto& [signal, value] : changes) {
    Variable& variable = variables_[static_cast<std::size_t>(signal)];
    variable.next = value >= kUnknown ? value : value & ((std::uint64_t{1} << variable.width) - 1);
  }
}

void VcdWriter::flush(std::int64_t time) {
  if (time <= 0) return;
  if (time_ < 0) {
    // What is set at time 0 is the initial value.
    apply(pending_[0]);
    for (Variable& variable : variables_) variable.written = variable.next;
    write_header();
  }
  while (!pending_.empty() && pending_.begin()->first < time) {
    const auto& [at, changes] = *pending_.begin();
    apply(changes);
    for (const auto& change : changes) {
      Variable& variable = variables_[static_cast<std::size_t>(change.first)];
      if (variable.next == variable.written) continue;
      write_time(at);
      variable.written = variable.next;
      write_value(variable);
    }
    pending_.erase(pending_.begin());
    if (buffer_.size() >= kBufferBytes) drain();
  }
}

void VcdWriter::drain() {
  file_.write(buffer_);
  buffer_.clear();
}

void VcdWriter::finish(std::int64_t end) {
  flush(end + 1);
  write_time(end);
  drain();
  file_.commit();
}

}  // namespace lacuna::systemc
