#include "cli/outputs.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace lacuna::cli {
namespace {

constexpr const char* kOwnFile = "each output has a file of its own";
constexpr const char* kBesideStores[] = {"-wal", "-shm", "-journal"};

/// A shell's `> FILE`: what is printed would go to a file that is then replaced.
bool is_redirection(const base::FileTarget& target) {
  if (target.descriptor || !target.exists) return false;
  for (const char* standard : {"/dev/stdout", "/dev/stderr"}) {
    const base::FileTarget shell = base::find_target(standard);
    if (S_ISREG(shell.status.st_mode) && base::is_same_file(shell, target)) return true;
  }
  return false;
}

bool is_device(const base::FileTarget& target) {
  return target.exists && S_ISCHR(target.status.st_mode);
}

}  // namespace

void Outputs::claim(const Options& options, const std::string& option) {
  const auto path = options.text(option);
  if (!path) return;
  const base::Place place{*path, 0, "--" + option};
  if (path->empty()) {
    throw base::InputError({"", 0, "--" + option}, "is empty", "a file name is required");
  }
  const base::FileTarget target = base::find_target(*path);
  base::expect_writable(target, place);
  if (is_redirection(target)) {
    throw base::InputError(place, "is what standard output or error is redirected to, too",
                           kOwnFile);
  }
  add(option, *path);
}

void Outputs::claim_store(const Options& options, const std::string& option) {
  const std::string path = options.required(option);
  const base::Place place{path, 0, "--" + option};
  if (path.empty()) {
    throw base::InputError({"", 0, "--" + option}, "is empty", "a file name is required");
  }
  const base::FileTarget target = base::find_target(path);
  if (target.descriptor) {
    throw base::InputError(place, "is an open file", "a store has a name of its own");
  }
  if (target.exists && !S_ISREG(target.status.st_mode)) {
    throw base::InputError(place, std::string("is ") + base::file_kind(target.status.st_mode),
                           "a store is a regular file");
  }
  if (!target.exists) base::expect_writable(target, place);
  add(option, path);
  for (const char* beside : kBesideStores) add(option, target.path + beside);
}

void Outputs::add(const std::string& option, const std::string& path) {
  Claim own{option, path, base::find_target(path)};
  for (const Claim& other : claims_) {
    if (is_device(own.target) || !base::is_same_file(own.target, other.target)) continue;
    throw base::InputError({path, 0, "--" + option}, "is another output's file, too", kOwnFile);
  }
  claims_.push_back(std::move(own));
}

void Outputs::refuse_inputs() const {
  for (const Claim& claim : claims_) {
    if (is_device(claim.target) || !base::input_that_is(claim.target)) continue;
    throw base::InputError({claim.path, 0, "--" + claim.option}, "is an input, too", kOwnFile);
  }
}

const Outputs::Claim* Outputs::find(const std::string& option) const {
  const auto found = std::find_if(claims_.begin(), claims_.end(),
                                  [&](const Claim& claim) { return claim.option == option; });
  return found == claims_.end() ? nullptr : &*found;
}

std::optional<std::string> Outputs::path(const std::string& option) const {
  const Claim* claim = find(option);
  if (claim == nullptr) return std::nullopt;
  refuse_inputs();
  return claim->path;
}

void Outputs::write(const std::string& option,
                    const std::function<void(base::OutputFile&)>& fill) const {
  const auto file_path = path(option);
  if (!file_path) return;
  base::OutputFile file(*file_path);
  fill(file);
  refuse_inputs();  // those, too, that were met while it was filled
  file.commit();
}

void Outputs::write(const std::string& option, std::string_view bytes) const {
  write(option, [&](base::OutputFile& file) { file.write(bytes); });
}

void note_store(const std::string& path) {
  const std::string target = base::find_target(path).path;
  base::note_input(path);
  for (const char* beside : kBesideStores) {
    base::note_input(path + beside);
    base::note_input(target + beside);
  }
}

}  // namespace lacuna::cli
