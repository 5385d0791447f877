#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Delivers a signal at each K-th instruction of commits (step.c, handlers.c), with different offsets, on a
# file and on emulated persistent memory, with many mutators and with one; after each run the pool must
# hold what the program knew.
# signals.sh [RUNS] [SECONDS of a run]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
bin=${PERDURE_BIN:-$root/build/release/bin}
out=${OUT:-$root/build/fault}
runs=${1:-6} seconds=${2:-4}
mkdir -p "$out"
cc -std=gnu11 -O1 -Wall -Wextra -Werror -o "$out/step" "$here/step.c"
for threads in many single; do
  "$bin/perdure-clang" --perdure-threads=$threads -O2 -g -Wall -Wextra -Werror -o "$out/handlers_$threads" \
    "$here/handlers.c"
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
signals=0
for ((run = 0; run < runs; run++)); do
  # Rarely enough, some time, that many commits are reached.
  every=$((run % 4 < 2 ? 1 + run * 7 % 40 : 61 + run * 36 % 143)) offset=$run
  spec=$work/pool
  ((run % 2 == 0)) || spec+=,emulate_pmem
  ((run % 4 < 2)) && program=$out/handlers_many || program=$out/handlers_single
  rm -rf "$work/pool"
  status=0
  PERDURE_POOL=$spec timeout $((seconds + 60)) \
    "$out/step" "$every" "$offset" "$seconds" "$program" 60 \
    >"$work/model" 2>"$work/messages" || status=$?
  if [ $status -eq 124 ]; then
    echo "FAILED: step $every $offset: it did not end"
    exit 1
  fi
  PERDURE_POOL=$spec "$program" >"$work/found"
  if [ $status -ne 137 ] || ! cmp -s "$work/model" "$work/found" || ! grep -q whole "$work/found"; then
    echo "FAILED: step $every $offset: exit status $status; $(tail -n 2 "$work/messages")"
    diff "$work/model" "$work/found" || true
    exit 1
  fi
  "$bin/perdure" check "$work/pool" >/dev/null
  echo "${program##*_}, every $every: $(tail -n 1 "$work/messages")"
  signals=$((signals + $(sed -n 's/.* instructions, \([0-9]*\) signals/\1/p' "$work/messages")))
done
echo "$runs runs, $signals signals, nothing lost"
