#include "cli/print.hpp"

#include <unistd.h>

#include <cerrno>
#include <iostream>

#include "base/file_target.hpp"
#include "base/limits.hpp"
#include "base/printable.hpp"

namespace lacuna::cli {

namespace {

int g_output_error = 0;  ///< an errno, of the first part that could not be written

}  // namespace

void print(std::string_view text) {
  if (!std::cout) return;
  errno = 0;
  std::cout << base::printable_lines(text);
  if (!std::cout) g_output_error = errno;
}

std::optional<std::string> flush_output() {
  if (std::cout) {
    errno = 0;
    std::cout.flush();
    if (std::cout) return std::nullopt;
    g_output_error = errno;
  }
  return g_output_error == 0 ? "cannot be written"
                             : "cannot be written: " + base::system_error(g_output_error);
}

void print_error(std::string_view text) {
  std::cerr << "lacuna: " + base::printable_lines(text) + "\n";
}

bool shows_progress() { return ::isatty(STDERR_FILENO) == 1; }

void show_progress(std::string_view text) {
  std::cerr << "\r\033[K" + base::printable(text) << std::flush;
}

void clear_progress() { std::cerr << "\r\033[K" << std::flush; }

}  // namespace lacuna::cli
