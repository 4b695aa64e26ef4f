#include "cli/options.hpp"

#include <fmt/format.h>

#include <boost/program_options.hpp>
#include <charconv>
#include <sstream>

#include "base/error.hpp"
#include "base/printable.hpp"
#include "cli/print.hpp"

namespace lacuna::cli {

namespace po = boost::program_options;

struct Options::State {
  std::string usage;
  po::options_description visible{"Options"};
  po::options_description hidden;
  po::positional_options_description positions;
  po::variables_map values;
  std::vector<std::string> names;
};

Options::Options(std::string usage) : state_(std::make_unique<State>()) {
  state_->usage = std::move(usage);
  flag("help,h", "show this text");
}

Options::~Options() = default;

Options& Options::flag(const char* name, const char* help) {
  state_->visible.add_options()(name, help);
  state_->names.emplace_back("--" + std::string(name).substr(0, std::string(name).find(',')));
  return *this;
}

Options& Options::value(const char* name, const char* value_name, const char* help) {
  state_->visible.add_options()(name, po::value<std::string>()->value_name(value_name), help);
  state_->names.emplace_back("--" + std::string(name).substr(0, std::string(name).find(',')));
  return *this;
}

Options& Options::values(const char* name, const char* value_name, const char* help) {
  state_->visible.add_options()(
      name, po::value<std::vector<std::string>>()->value_name(value_name)->composing(), help);
  state_->names.emplace_back(std::string("--") + name);
  return *this;
}

Options& Options::positional(const char* name, const char* help) {
  state_->hidden.add_options()(name, po::value<std::vector<std::string>>()->composing(), help);
  state_->positions.add(name, -1);
  return *this;
}

bool Options::parse(const std::vector<std::string>& arguments) {
  po::options_description all;
  all.add(state_->visible).add(state_->hidden);
  try {
    // No guessing: an abbreviation would change its meaning when an option is added.
    const int style =
        po::command_line_style::default_style & ~po::command_line_style::allow_guessing;
    po::store(po::command_line_parser(arguments)
                  .options(all)
                  .positional(state_->positions)
                  .style(style)
                  .run(),
              state_->values);
    po::notify(state_->values);
  } catch (const po::unknown_option& error) {
    const std::string& name = error.get_option_name();
    throw base::InputError({"", 0, name}, "unknown option", "--help lists what is known",
                           base::nearest_name(name, state_->names));
  } catch (const po::too_many_positional_options_error&) {
    throw base::InputError({"", 0, ""}, "an argument without an option name",
                           "options are written --name value");
  } catch (const po::error& error) {
    throw base::InputError({"", 0, "command line"}, error.what());
  }
  if (state_->values.count("help") == 0) return true;
  std::ostringstream text;
  text << state_->usage << "\n\n" << state_->visible;
  print(text.str());
  return false;
}

bool Options::has(const std::string& name) const { return state_->values.count(name) > 0; }

std::string Options::required(const std::string& name) const {
  if (!has(name)) throw base::InputError({"", 0, "--" + name}, "is missing", "it is required");
  return state_->values[name].as<std::string>();
}

std::optional<std::string> Options::text(const std::string& name) const {
  if (!has(name)) return std::nullopt;
  return state_->values[name].as<std::string>();
}

std::vector<std::string> Options::texts(const std::string& name) const {
  if (!has(name)) return {};
  return state_->values[name].as<std::vector<std::string>>();
}

std::int64_t Options::integer(const std::string& name, std::int64_t fallback, std::int64_t min,
                              std::int64_t max) const {
  const auto given = text(name);
  return given ? parse_integer("--" + name, *given, min, max) : fallback;
}

double Options::real(const std::string& name, double min, double max) const {
  const std::string given = required(name);
  double value = 0;
  const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), value);
  if (error != std::errc() || end != given.data() + given.size() ||
      !(value >= min && value <= max)) {
    throw base::InputError({"", 0, "--" + name}, fmt::format("'{}' cannot be used", given),
                           fmt::format("a number from {} to {} is allowed", min, max));
  }
  return value;
}

std::vector<arch::Override> Options::overrides() const {
  std::vector<arch::Override> list;
  for (const std::string& text : texts("set")) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw base::InputError({"--set " + text, 0, ""}, "has no value",
                             "KEY=VALUE is allowed, as array.rows=12");
    }
    list.push_back({text.substr(0, equals), text.substr(equals + 1)});
  }
  return list;
}

run::EngineKind engine_kind(const Options& options) {
  const std::string name = options.text("engine").value_or("fast");
  std::vector<std::string> names;
  for (const auto kind : {run::EngineKind::kFast, run::EngineKind::kSystemc}) {
    if (name == run::engine_name(kind)) return kind;
    names.emplace_back(run::engine_name(kind));
  }
  throw base::InputError({"", 0, "--engine"}, "'" + name + "' is not known",
                         base::join(names) + " are allowed", base::nearest_name(name, names));
}

std::optional<store::Shard> shard_option(const Options& options) {
  const auto text = options.text("shard");
  if (!text) return std::nullopt;
  const std::optional<store::Shard> shard = store::parse_shard(*text);
  if (shard) return shard;
  throw base::InputError(
      {"", 0, "--shard"}, fmt::format("{} cannot be used", base::shown(*text)),
      fmt::format("I/N is allowed, N from 1 to {} and I from 0 to N - 1", store::kMostShards));
}

std::int64_t parse_integer(const std::string& what, const std::string& text, std::int64_t min,
                           std::int64_t max) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < min || value > max) {
    throw base::InputError({"", 0, what}, fmt::format("'{}' cannot be used", text),
                           fmt::format("an integer from {} to {} is allowed", min, max));
  }
  return value;
}

}  // namespace lacuna::cli
