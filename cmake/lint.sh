#!/usr/bin/env bash
# clang-format and clang-tidy over the program's sources, findings are errors.
#   cmake/lint.sh BUILD_FOLDER    (its compile_commands.json is read)
set -euo pipefail
cd "$(dirname "$0")/.."
build=${1:?the build folder with compile_commands.json}

find sim tests models -name '*.[ch]pp' -print0 | xargs -0 clang-format --dry-run -Werror
find sim -name '*.cpp' | sort |
  xargs -P "$(nproc)" -n 4 clang-tidy -p "$build" --quiet --warnings-as-errors='*' 2>/dev/null
