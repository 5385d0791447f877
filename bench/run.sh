#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds the benchmarks, measures, and writes the tables and plots of docs/benchmarks.md.
#
#   run.sh [PART...] [--quick]     PART: structures, ycsb, costs (default: all)
#
# Results: build/bench/PART.json. --quick verifies instead: every variant of every structure against a
# model, every record of every store, each also by a second process; what is measured by the way is
# not kept. Variants and peers are measured in turn, ROUNDS (5) times. SUSTAINED: seconds of the load
# that looks for stalls (300). POOLS: a directory on the disk to measure (build/bench).
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
programs=$root/build/release/bench
perdure=$root/build/release/bin/perdure
out=$root/build/bench

parts=() quick=
for argument in "$@"; do
  case $argument in
  structures | ycsb | costs) parts+=("$argument") ;;
  --quick) quick=--quick ;;
  *)
    echo "bench/run.sh: there is no part '$argument'; see the head of this file" >&2
    exit 2
    ;;
  esac
done
[ ${#parts[@]} -gt 0 ] || parts=(structures ycsb costs)

cmake --preset release -S "$root" -DPERDURE_BUILD_BENCH=ON >/dev/null
cmake --build "$root/build/release" --target bench perdure-tool -j"$(nproc)" >/dev/null
mkdir -p "$out"
[ -z "$quick" ] || out=$(mktemp -d "$out/quick.XXXXXX")
[ -z "$quick" ] || trap 'rm -rf "$out"' EXIT
pools=${POOLS:-$out}
rounds=${ROUNDS:-5}

run_structures() {
  python3 "$root/bench/structures/verify.py" --programs "$programs" --perdure "$perdure"
  local options=(--rounds "$rounds")
  [ -z "$quick" ] || options=(--rounds 1 --keys 1000 --min-time 0.001 --structures array hash_map queue std_map)
  python3 "$root/bench/structures/measure.py" --programs "$programs" --out "$out" "${options[@]}"
}

run_ycsb() {
  python3 "$root/bench/ycsb/measure.py" --programs "$programs" --out "$out" --pools "$pools" \
    --rounds "$rounds" $quick
}

run_costs() {
  python3 "$root/bench/costs/measure.py" --programs "$programs" --perdure "$perdure" --root "$root" \
    --out "$out" --pools "$pools" --rounds "$rounds" --sustained "${SUSTAINED:-300}" $quick
}

for part in "${parts[@]}"; do
  echo "== $part"
  "run_$part"
done
document=$root/docs/benchmarks.md
if [ -n "$quick" ]; then
  document=$out/benchmarks.md # the tables are made, too, but not kept
  cp "$root/docs/benchmarks.md" "$document"
fi
python3 "$root/bench/tables.py" --out "$out" --document "$document"
