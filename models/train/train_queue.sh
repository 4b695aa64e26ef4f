#!/usr/bin/env bash
# Trains the lines of a queue one after another and skips what is finished; killed, it goes on where
# it was. Lines added while it runs are trained, too.
#   models/train/train_queue.sh QUEUE WORK [MODELS]
# A line is: RECIPE [trial] [KEY=VALUE ...]     (# starts a comment)
# The trainer is $LACUNA_TRAIN, else the release build's.
set -uo pipefail
queue=$(realpath "${1:?the queue}") work=$(realpath -m "${2:?the working folder}")
here=$(realpath "$(dirname "$0")")
models=$(realpath -m "${3:-$here/..}")
trainer=${LACUNA_TRAIN:-$here/../../build/release/bin/lacuna-train}
export OMP_NUM_THREADS=1
mkdir -p "$work/done"

next() {  # the first line without a mark
  while read -r line; do
    line=${line%%#*}
    [ -n "${line// /}" ] || continue
    mark=$work/done/$(sha256sum <<<"$line" | cut -c1-16)
    [ -e "$mark" ] || return 0
  done <"$queue"
  return 1
}

while next; do
  read -r recipe rest <<<"$line"
  options=()
  for word in $rest; do
    if [ "$word" = trial ]; then options+=(--trial); else options+=(--set "$word"); fi
  done
  echo "== $line"
  nice -n 19 "$trainer" "$here/recipes/$recipe.yaml" "${options[@]}" --work "$work" \
    --models "$models"
  code=$?
  # 3: training failed, and would again. Any other failure stops the queue.
  if [ $code != 0 ] && [ $code != 3 ]; then exit $code; fi
  echo "$line: exit code $code" >"$mark"
done
