#!/usr/bin/env bash
# clang-format and clang-tidy over the program's sources, findings are errors. The sources of all rooms
# are a few translation units (cmake/lint.cmake), so that headers are not looked at once a file.
#   cmake/lint.sh BUILD_FOLDER [--tests]    (its compile_commands.json is read)
# With --tests clang-tidy also reads the tests, the example of docs/ and, where the trainer is built,
# models/, but for what only costs time or hides no mistake in code that runs once.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$(realpath "${1:?the build folder with compile_commands.json}")

find sim tests models docs -name '*.[ch]pp' -print0 | xargs -0 clang-format --dry-run -Werror

# clang-tidy counts on standard error the findings in headers that are not ours; it is shown if it fails.
tidy() {
  local said
  said=$(mktemp)
  if ! clang-tidy -p "$1" --config-file=.clang-tidy --checks="$2" --quiet --warnings-as-errors='*' \
    "$3" 2>"$said"; then
    echo "lint.sh: clang-tidy fails on $3" >&2
    cat "$said" >&2
    rm -f "$said"
    return 1
  fi
  rm -f "$said"
}
export -f tidy
tidy_all() {  # CHECKS-TO-ADD FOLDER...
  sed -n 's/^ *"file": "\(.*\)",*$/\1/p' "$build/compile_commands.json" |
    grep "${@:2}" | sort -u |
    xargs -d '\n' -P "$(nproc)" -n 1 bash -c 'tidy "$@"' lint "$build" "$1"
}
tidy_all '' -e "^$build/lint/"
[ "${2:-}" != --tests ] ||
  tidy_all '-performance-*,-bugprone-narrowing-conversions,-modernize-use-emplace' \
    -e "^$PWD/tests/" -e "^$build/tests/.*/Unity/" -e "^$PWD/docs/" -e "^$PWD/models/"
