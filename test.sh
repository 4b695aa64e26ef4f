#!/usr/bin/env bash
# The whole test suite: builds it (release, then with address and undefined-behaviour sanitizers),
# runs it, checks format and lint, compares the networks with ONNX Runtime, and opens reports in
# Chromium. Installs missing Debian packages; ONNX Runtime, ECharts and Playwright come from npm.
#   ./test.sh          seeded shares of the long suites: some minutes
#   ./test.sh --quick  the inner loop: release build; unit, exactness and golden tests, small shares
#   ./test.sh --full   the long suites whole, a release build by Clang, lint of the tests, and Slurm
set -euo pipefail
cd "$(dirname "$0")"

mode=${1:-}
case "$mode" in
  "") export LACUNA_FUZZ_COUNT=${LACUNA_FUZZ_COUNT:-3000} ;;
  --quick) export LACUNA_LIGHT=1 ;;
  --full) export LACUNA_FULL=1 LACUNA_FUZZ_COUNT=10000 ;;  # under the sanitizers ten times as many
  *) sed -n '2,7s/^# //p' "$0" >&2; exit 2 ;;
esac

scratch=$(mktemp -d)
trap 'jobs -p | xargs -r kill; rm -rf "$scratch"' EXIT

# A part of the suite begins, and the one before it ends: its seconds by the clock, and those of
# processors that its commands took, go to the table.
part=
step() {
  local cpu
  times >"$scratch/times"
  cpu=$(awk 'NR == 2 { for (i = 1; i <= 2; ++i) { split($i, t, /[ms]/); s += 60 * t[1] + t[2] }
                       printf "%.0f", s }' "$scratch/times")
  if [ -n "$part" ]; then
    printf '%7d s %7d s  %s\n' $((SECONDS - began)) $((cpu - cpu_began)) "$part" >>"$scratch/table"
  fi
  part=$1 began=$SECONDS cpu_began=$cpu
  if [ "$part" = end ]; then
    printf '== all passed\n    clock       CPU\n'
    cat "$scratch/table"
    printf '%7d s %7d s  in all\n' "$SECONDS" "$cpu"
  else
    printf '== %s (after %d s)\n' "$part" "$SECONDS"
  fi
}
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
build() {  # by a preset; what the compiler warns of is an error
  quietly cmake --preset "$1" -DLACUNA_TESTS=ON -DCMAKE_COMPILE_WARNING_AS_ERROR=ON "${@:2}"
  quietly cmake --build --preset "$1"
}

# Under the sanitizers, which look for bad memory, small shares of the seeded cases of the release run.
# What repeats, for its counts, its timing or its signals, a way through the program that another case
# takes, runs in the release alone: long statistics, several kills and rounds of one campaign or store,
# two of three signals, the longest network and sweep. With --full all of that is sanitized, too.
only_release=(
  Coverage 'Sampling\.' EquallyOften LargerWeightBuffer 'ScaleSim\.GivenItsResNet18'
  'CandidateStrikes\.GivenEveryCell' ExtendedProgram 'ShippedModel.*/resnet8_(as_saq|qdnn)'
  'Campaign\.GivenShapesUpsets' 'Stores\.Given(AKilledStoreMoved|AMachinesFile)'
  'Lost\.GivenAWorkerThatIsKilledThrice'
  'Campaign\.Given(RoundsOfAStopRule|EveryCellStruck|ATrialThatTakesTooLong|AFullDisk|KillsBetween)'
  'Lost\.Given(ALostTrialOfAStopRule|AWorkerThatIsKilledTwice|AStoppedWorker|EndsOfBothKinds)'
  'Stores\.Given(KillsOfASweep|SeveralOfOneName|AStoreMovedOver|ASweepMovedOver)'
  'Shards\.Given(KilledMerges|FewOpenFiles|ALostTrial|AKilledShard|MoreShards)'
  'Signal\.Given.*/SIG(HUP|TERM)'
)
sanitized() {
  if [ "$mode" = --full ]; then
    LACUNA_FUZZ_COUNT=100000 env -u LACUNA_FULL "$@"
  else
    LACUNA_LIGHT=1 LACUNA_FUZZ_COUNT=$((LACUNA_FUZZ_COUNT / 6)) \
      "$@" -E "$(IFS='|'; echo "${only_release[*]}")"
  fi
}

# Scratch files lie in memory where there is room: stores wait for a disk at every commit.
if [ "$(df -k --output=avail /dev/shm 2>/dev/null | tail -n 1)" -gt 2000000 ] 2>/dev/null; then
  export TMPDIR=/dev/shm
fi

if [ "$mode" = --quick ]; then
  cmake/install-packages.sh build test
  sim/report/web/fetch
  step "build, release"
  build release -DLACUNA_BENCHMARKS=OFF
  step "unit, exactness and golden tests, release"
  ctest --preset release -L 'unit|systemc|errors|lint' -j "$(nproc)" --progress 2>&1 | tail -n 40
  step end
  exit
fi

cmake/install-packages.sh build demo test lint browser
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
  cmake/install-packages.sh external
fi
[ "$mode" != --full ] || cmake/install-packages.sh cluster
sim/report/web/fetch
step "build, release"
build release -DLACUNA_BENCHMARKS=ON
step "build, sanitizers (Clang)"
build asan
step "format and lint"
cmake/lint.sh build/asan ${LACUNA_FULL:+--tests}
step "test, sanitizers"
sanitized ctest --preset asan -j "$(nproc)" -Q -O build/asan/tests.log || {
  tail -n 40 build/asan/tests.log >&2
  exit 1
}
tail -n 3 build/asan/tests.log
step "test, release"
ctest --preset release -j "$(nproc)" --progress 2>&1 | tail -n 40
if [ "$mode" = --full ]; then
  step "build, release by Clang"
  build clang
  step "test, release by Clang: exactness"
  env -u LACUNA_FULL ctest --preset clang -L systemc -j "$(nproc)" --progress 2>&1 | tail -n 40
  step "campaigns and sweeps by Slurm"
  tests/slurm/run build/release/bin/lacuna
fi
step "pages follow from their figures"
experiments/study/run --page --check
experiments/fault_location/run --page --check
step "reports in Chromium, and ONNX Runtime on test images"
tests/external/run build/release/bin/lacuna >build/release/external.log 2>&1 &
tests/browser/run build/release/bin/lacuna
wait $! || { cat build/release/external.log >&2; exit 1; }
cat build/release/external.log
step end
