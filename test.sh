#!/usr/bin/env bash
# The whole test suite: builds it (release, then with address and undefined-behaviour sanitizers),
# runs it, checks format and lint, compares the networks with ONNX Runtime, and opens reports in
# Chromium. Installs missing Debian packages; ONNX Runtime, ECharts and Playwright come from npm.
#   ./test.sh          seeded shares of the long suites: some minutes
#   ./test.sh --full   the long suites whole
set -euo pipefail
cd "$(dirname "$0")"

case "${1:-}" in
  "") export LACUNA_FUZZ_COUNT=${LACUNA_FUZZ_COUNT:-3000} ;;
  --full) export LACUNA_FULL=1 LACUNA_FUZZ_COUNT=100000 ;;
  *) sed -n '2,6s/^# //p' "$0" >&2; exit 2 ;;
esac

step() { printf '== %s (after %d s)\n' "$*" "$SECONDS"; }
quietly() {  # shows what a command printed only when it fails
  local log
  log=$(mktemp)
  if ! "$@" >"$log" 2>&1; then
    tail -n 60 "$log" >&2
    echo "test.sh: failed: $* ($log)" >&2
    exit 1
  fi
  rm -f "$log"
}

# Under the sanitizers, which look for bad memory, a fifth of the seeded cases of the release run and
# none of the long statistics, nor the longest sweep; with --full all of that.
sanitized() {
  if [ -n "${LACUNA_FULL:-}" ]; then
    env -u LACUNA_FULL LACUNA_FUZZ_COUNT=3000 "$@"
  else
    LACUNA_LIGHT=1 LACUNA_FUZZ_COUNT=$((LACUNA_FUZZ_COUNT / 6)) \
      "$@" -E 'Coverage|Sampling\.|EquallyOften|LargerWeightBuffer'
  fi
}

# Scratch files lie in memory where there is room: stores wait for a disk at every commit.
if [ "$(df -k --output=avail /dev/shm 2>/dev/null | tail -n 1)" -gt 2000000 ] 2>/dev/null; then
  export TMPDIR=/dev/shm
fi

cmake/install-packages.sh build demo test lint browser
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
  cmake/install-packages.sh external
fi
sim/report/web/fetch
step "build, release"
quietly cmake --preset release -DLACUNA_TESTS=ON -DLACUNA_BENCHMARKS=ON
quietly cmake --build --preset release
step "build, sanitizers"
quietly cmake --preset asan
quietly cmake --build --preset asan
step "format and lint"
cmake/lint.sh build/asan
step "test, sanitizers"
sanitized ctest --preset asan -j "$(nproc)" -Q -O build/asan/tests.log || {
  tail -n 40 build/asan/tests.log >&2
  exit 1
}
tail -n 3 build/asan/tests.log
step "test, release"
ctest --preset release -j "$(nproc)" --progress 2>&1 | tail -n 40
step "the study's page follows from its figures"
experiments/study/run --page --check
step "reports in Chromium, and ONNX Runtime on all test images"
tests/external/run build/release/bin/lacuna >build/release/external.log 2>&1 &
trap 'jobs -p | xargs -r kill' EXIT
tests/browser/run build/release/bin/lacuna
wait $! || { cat build/release/external.log >&2; exit 1; }
cat build/release/external.log
step "all passed"
