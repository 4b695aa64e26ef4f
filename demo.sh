#!/usr/bin/env bash
# The main job on real data: what zero skipping gains in latency and what faults in the weight memory
# cost in accuracy, for every network in models/ of the machine's 4 bits. Latency is simulated cycle by
# cycle in SystemC; accuracy over many fault maps by the fast engine, which is held against the SystemC
# engine first. At the end a small sweep, and all of it as one HTML page.
# Installs missing Debian packages, builds, runs. A second time it starts at once.
set -euo pipefail
cd "$(dirname "$0")"

machine=hw_configs/edge_16x16.yaml
energy=hw_configs/energy/published_45nm.yaml
latency_images=32         # test images for each latency, a multiple of both batch sizes
accuracy_images=1000      # test images under each fault map
audited_images=20         # images under a fault map that both engines run
rates="1e-3 1e-2 3e-2"    # bit error rates in the weight SRAM
maps=20                   # random fault maps at each rate; the same seeds for all networks
out=build/demo

cmake/install-packages.sh build demo
sim/report/web/fetch      # the page's charts: Apache ECharts from npm, by a lock file
echo "building ..."
mkdir -p build
settings=(--preset release -DLACUNA_TESTS=OFF -DLACUNA_BENCHMARKS=OFF)
[ ! -e build/release/CMakeCache.txt ] || settings=(build/release)  # as it was set, tests or not
if ! { cmake "${settings[@]}" &&
       cmake --build --preset release --target lacuna; } \
  >build/demo-build.log 2>&1; then
  tail -n 30 build/demo-build.log >&2
  echo "demo.sh: the build failed; build/demo-build.log has all of it" >&2
  exit 1
fi
lacuna=build/release/bin/lacuna
rm -rf "$out"
mkdir -p "$out"

# One line a run: a name, then its options. xargs keeps the cores busy; a run that fails ends the demo.
models=$(grep -lx '  weights: 4' models/*/card.yaml | xargs -n 1 dirname | xargs -n 1 basename)
{
  for model in $models; do
    run="--model models/$model"
    for batch in 1 16; do
      echo "$model-batch$batch $run --images $latency_images --batch $batch --engine systemc --energy $energy"
    done
    for engine in systemc fast; do
      echo "$model-$engine $run --images $audited_images --ber ${rates##* } --engine $engine"
    done
    echo "$model-clean $run --images 10000 --no-dense"
  done
} >"$out/runs"
echo "simulating $(wc -w <<<"$models") networks on $(basename "$machine" .yaml), $(wc -l <"$out/runs") runs on Fashion-MNIST test images ..."
xargs -P "$(nproc)" -L 1 bash -c '
  name=$1; shift
  "$0" run --hw '"$machine"' "$@" --json '"$out"'/"$name".json >/dev/null' "$lacuna" <"$out/runs"

echo
echo "Latency: cycles an image in SystemC; dense = the same machine without zero skipping"
{
  echo "network;batch;density;dense;skipping;streams;whole inference"
  for model in $models; do
    for batch in 1 16; do
      jq -r --arg model "$model" '
        def fix: . * 100 | round | "\(. / 100 | floor).\(. % 100 + 100 | tostring[1:])";
        ([.layers[1:][].input_nonzeros] | add) as $nonzeros |
        ([.layers[1:][].input_values] | add) as $values |
        [$model, .batch, ($nonzeros / $values | fix), (.dense_cycles / .images | round),
         (.cycles.total / .images | round), (.stream_speedup | fix) + "x", (.speedup | fix) + "x"]
        | map(tostring) | join(";")' "$out/$model-batch$batch.json"
    done
  done
} | column -t -s ';' -R 2,3,4,5,6,7

echo
echo "Both engines on the same $audited_images images and fault map:"
for model in $models; do
  if ! diff <(jq 'del(.engine, .command)' "$out/$model-systemc.json") \
    <(jq 'del(.engine, .command)' "$out/$model-fast.json") >"$out/$model-audit"; then
    cat "$out/$model-audit" >&2
    echo "demo.sh: the engines disagree on $model" >&2
    exit 1
  fi
  echo "$model: equal in every logit, cycle and counter"
done

# Which chip maps, which layer, which bit: a campaign over all networks.
list() { sed 's|^|models/|' <<<"$1" | paste -sd ,; }
first_seeds=$(grep -v '_s[0-9]$' <<<"$models")
cat >"$out/faults.yaml" <<EOF
name: random fault maps
machines: [$machine]
models: [$(list "$models")]
images: $accuracy_images
random_maps:
  kinds: [flip]
  rates: [$(tr ' ' , <<<"$rates")]
  maps: $maps
EOF
cat >"$out/bits.yaml" <<EOF
name: single faults by layer and bit
machines: [$machine]
models: [$(list "$(grep lenet5 <<<"$first_seeds")")]
images: 500
single_faults:
  kinds: [flip]
  sites: weights
  strata: [layer, bit]
  samples: 100
  critical_share: 0.005
EOF
for name in faults bits; do
  $lacuna campaign run "$out/$name.yaml" --out "$out/$name.sqlite" >"$out/$name.txt"
done
$lacuna campaign export "$out/faults.sqlite" --csv "$out/faults.csv" --summary "$out/summary.csv"

echo
echo "Accuracy: top-1 of all 10000 test images without faults; of $accuracy_images with faults, the mean over $maps"
echo "random maps of flipped cells in the weight SRAM (same chips for all networks) and its 95% interval"
{
  echo "network;fault-free$(for rate in $rates; do printf ';BER %s' "$rate"; done)"
  for model in $models; do
    printf '%s;%s' "$model" "$(jq -r '.top1 * 1000 | round / 10 | tostring + "%"' "$out/$model-clean.json")"
    for rate in $rates; do
      printf ';%s' "$(awk -F, -v model="$model" -v rate="$rate" '
        $2 == "flip" && $3 + 0 == rate + 0 && $4 == model && $6 == "map" && $7 == "top1" {
          printf "%.1f%% +- %.1f", 100 * $9, 50 * ($12 - $11)
        }' "$out/summary.csv")"
    done
    echo
  done
} | column -t -s ';'

echo
echo "A layer at a time, for one network:"
$lacuna run --hw "$machine" --model "models/$(head -n 1 <<<"$models")" --images 16 --batch 16 --engine systemc

# How large must the weight buffer be?
cat >"$out/buffer.yaml" <<EOF
name: weight buffer
machine: $machine
models: [$(list "$(grep -v saq <<<"$first_seeds")")]
images: 100
grid:
  weight_sram.capacity_bytes: {from: 1024, to: 262144, times: 2}
  dram.bytes_per_cycle: [1, 4, 16]
faults:
  rates: [0.003]
  cells: [64]
  maps: 5
energy: $energy
pareto: [cycles, energy, sram_bits]
EOF
echo
echo "sweeping the weight buffer ..."
$lacuna sweep "$out/buffer.yaml" --out "$out/buffer.sqlite" --csv "$out/buffer.csv" >"$out/buffer.txt"
first=$(head -n 1 <<<"$models")
$lacuna run --hw "$machine" --model "models/$first" --images 16 --batch 16 --timeline "$out/timeline.json" >/dev/null
records=$(for model in $first_seeds; do printf '%s ' "$out/$model-batch1.json" "$out/$model-batch16.json"; done)
# shellcheck disable=SC2086  # a list of files
$lacuna report $records "$out/timeline.json" "$out/faults.sqlite" "$out/bits.sqlite" "$out/buffer.sqlite" --out "$out/report.html"

echo
echo "run records: $out/*.json"
echo "report: $(realpath "$out/report.html")"
