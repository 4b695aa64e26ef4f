// Command-line options with the manners of the configuration files: an unknown option names the
// nearest known one, a number out of range says what is allowed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arch/spec.hpp"
#include "run/simulate.hpp"
#include "store/shard.hpp"

namespace lacuna::cli {

class Options {
 public:
  /// `usage` is printed above the list of options by --help.
  explicit Options(std::string usage);
  ~Options();
  Options(const Options&) = delete;
  Options& operator=(const Options&) = delete;

  Options& flag(const char* name, const char* help);
  /// An option with a value; `value_name` stands in the help.
  Options& value(const char* name, const char* value_name, const char* help);
  /// An option with a value that may be given several times.
  Options& values(const char* name, const char* value_name, const char* help);
  /// Arguments without an option name, as in `check FILE...`.
  Options& positional(const char* name, const char* help);

  /// False when --help was asked for and printed. Throws base::InputError.
  bool parse(const std::vector<std::string>& arguments);

  bool has(const std::string& name) const;
  /// Throws base::InputError when the option is missing.
  std::string required(const std::string& name) const;
  std::optional<std::string> text(const std::string& name) const;
  std::vector<std::string> texts(const std::string& name) const;
  std::int64_t integer(const std::string& name, std::int64_t fallback, std::int64_t min,
                       std::int64_t max) const;
  double real(const std::string& name, double min, double max) const;
  /// The `--set KEY=VALUE` options.
  std::vector<arch::Override> overrides() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The `--engine` option: fast where it is not given. Throws base::InputError.
run::EngineKind engine_kind(const Options& options);

/// The `--shard I/N` option; nothing where it is not given. Throws base::InputError.
std::optional<store::Shard> shard_option(const Options& options);

/// Decimal digits only, between min and max. Throws base::InputError naming `what`.
std::int64_t parse_integer(const std::string& what, const std::string& text, std::int64_t min,
                           std::int64_t max);

}  // namespace lacuna::cli
