#!/usr/bin/env bash
# clang-format and clang-tidy over the program's sources, findings are errors. In a unity build a room
# is one translation unit, so that headers are looked at once a room instead of once a file.
#   cmake/lint.sh BUILD_FOLDER    (its compile_commands.json is read)
set -euo pipefail
cd "$(dirname "$0")/.."
build=$(realpath "${1:?the build folder with compile_commands.json}")

find sim tests models docs -name '*.[ch]pp' -print0 | xargs -0 clang-format --dry-run -Werror
sed -n 's/^ *"file": "\(.*\)",*$/\1/p' "$build/compile_commands.json" |
  grep -e "^$PWD/sim/" -e "^$build/sim/" | sort -u |
  xargs -d '\n' -P "$(nproc)" -n 1 clang-tidy -p "$build" --config-file=.clang-tidy --quiet --warnings-as-errors='*' 2>/dev/null
