#!/usr/bin/env bash
# Speed of campaigns by the built program: two workers against one, and the exhaustive map of a
# LeNet-5. Pairs are run in turn, so that a busy machine slows both; CPU seconds are of all processes.
#   tests/benchmarks/campaign_benchmark.sh [LACUNA]
set -euo pipefail
cd "$(dirname "$0")/../.."
lacuna=${1:-build/release/bin/lacuna}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

measure() {  # workers, plan -> "wall cpu"
  rm -f "$folder/store.sqlite"*
  TIMEFORMAT='%R %U %S'
  { time "$lacuna" campaign run "$2" --out "$folder/store.sqlite" --workers "$1" >/dev/null; } 2>&1 |
    awk '{print $1, $2 + $3}'
}

sed 's/maps: .*/maps: 12/' experiments/error_rate_curve.yaml >"$folder/maps.yaml"
sed 's/exhaustive: true/samples: 40000/' experiments/exhaustive.yaml >"$folder/sites.yaml"
printf '%-28s %10s %10s %8s\n' campaign '1 worker' '2 workers' ratio
for plan in maps sites; do
  for _ in 1 2 3; do
    read -r one _ <<<"$(measure 1 "$folder/$plan.yaml")"
    read -r two _ <<<"$(measure 2 "$folder/$plan.yaml")"
    awk -v p="$plan" -v a="$one" -v b="$two" \
      'BEGIN {printf "%-28s %8.2f s %8.2f s %7.2fx\n", p, a, b, a / b}'
  done
done
read -r wall cpu <<<"$(measure 2 experiments/exhaustive.yaml)"
printf 'exhaustive map, 2 workers: %s s, %s CPU-s, 524,288 faults x 1,000 images\n' "$wall" "$cpu"
