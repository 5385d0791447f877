#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Replays the corpus and then fuzzes each target for a while, from the corpus on. What is found new
# is kept in build/fuzz/found. Usage: test/fuzz/run.sh [SECONDS [TARGET ...]]   (no target: all)
set -euo pipefail
cd "$(dirname "$0")/../.."

seconds=${1:-12}
targets=("${@:2}")
[ ${#targets[@]} -gt 0 ] || targets=(superblock log heap types pool)

failed=0 total=0
for target in "${targets[@]}"; do
  program=build/fuzz/bin/fuzz-$target
  corpus=test/fuzz/corpus/$target
  found=build/fuzz/found/$target
  mkdir -p "$found"
  log=build/fuzz/$target.log
  # The pool target's directories lie in /dev/shm: replaying and fuzzing touch no disk.
  for run in "-runs=0 $corpus" "-max_total_time=$seconds $found $corpus"; do
    # shellcheck disable=SC2086
    if ! "$program" -rss_limit_mb=2500 -timeout=10 -max_len=2048 -print_final_stats=1 \
      -artifact_prefix="$found/" $run >"$log" 2>&1; then
      failed=$((failed + 1))
      grep -E 'fuzz:|ERROR|runtime error|internal error|SUMMARY' "$log" || tail -n 20 "$log"
      input=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
      echo "$target failed; to repeat it: $program ${input:-$corpus/*}"
      continue 2
    fi
  done
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  total=$((total + executions))
  echo "$target: $(find "$corpus" -type f | wc -l) inputs replayed, $executions executions," \
    "$(grep -oE 'cov: [0-9]+ ft: [0-9]+' "$log" | tail -n 1)"
done
echo "$total executions, $failed targets failed"
[ "$failed" -eq 0 ]
