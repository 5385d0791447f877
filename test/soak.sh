#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs the randomised tests with ever new seeds for as long as asked, and prints one line of totals.
# Usage: test/soak.sh [MINUTES]   (default 60; SEED=N begins with that seed; PART_SECONDS=N is a part's
# share of a turn, default 60)
#
# The parts take turns, so that each gets its share however short the run is: simulated power cuts,
# kills, linearizability, injected faults, hostile pools. The first failure ends the run: its output,
# with the command that repeats it, is printed and stays in build/soak/. Needs the release build
# (test/run.sh build), for memcached also examples/memcached/build.sh, for hostile pools the fuzz
# preset; a part that is not built is left out, and named.
set -uo pipefail
cd "$(dirname "$0")/.."

minutes=${1:-60}
seed=${SEED:-1}
share=${PART_SECONDS:-60}
rounds=$((share * 2 / 3)) # kills in the same time, about
logs=build/soak
end=$((SECONDS + minutes * 60))
crash_states=0 kills=0 faults=0 inputs=0 turns=0
mkdir -p "$logs"

# Runs one part; its output goes to build/soak/NAME.log.
part() {
  local name=$1
  shift
  if ! "$@" >"$logs/$name.log" 2>&1; then
    echo "FAILED  $name, seed $seed, the end of $logs/$name.log:"
    tail -n 40 "$logs/$name.log"
    totals 1
    exit 1
  fi
}

# The number before PATTERN in the last line of a part's log that has both.
count() {
  local found
  found=$(grep -oE "[0-9]+ $2" "$logs/$1.log" | tail -n 1)
  echo "$((${found%% *} + 0))"
}

# The number after WORD at the start of a line, likewise.
value() {
  local found
  found=$(grep -oE "^$2 [0-9]+" "$logs/$1.log" | tail -n 1)
  echo "$((${found##* } + 0))"
}

totals() {
  echo "$turns turns, seeds ${SEED:-1} to $seed: $crash_states crash states, $kills kills, $faults faults," \
    "$inputs inputs fuzzed; failed: $1, lost: $([ "$1" = 0 ] && echo 0 || echo 'see above')"
}

memcached=build/memcached/durable/memcached
fuzzer=build/fuzz/bin/fuzz-log
[ -x "$memcached" ] || echo "left out: memcached is not built (examples/memcached/build.sh)"
[ -x "$fuzzer" ] || echo "left out: the fuzz targets are not built (test/run.sh fuzz)"

while [ "$SECONDS" -lt "$end" ]; do
  part crash build/release/bin/perdure-crash --seed $((seed * 1000)) --seconds "$share"
  crash_states=$((crash_states + $(count crash "crash states tried")))
  for name in kv inventory; do
    part "kill-$name" bash test/kill/run.sh "$name" "$rounds" --seed "$seed"
    kills=$((kills + $(count "kill-$name" "kills, [0-9]+ acknowledged")))
  done
  part linear-kv bash test/linear/run.sh kv "$rounds" --seed "$seed"
  kills=$((kills + $(value linear-kv kills)))
  if [ -x "$memcached" ]; then
    part kill-memcached env SEED="$seed" bash test/kill/run.sh memcached "$rounds"
    kills=$((kills + $(value kill-memcached rounds)))
    part linear-memcached bash test/linear/run.sh memcached "$rounds" --seed "$seed"
    kills=$((kills + $(value linear-memcached kills)))
  fi
  for name in calls limits; do
    part "fault-$name" bash test/fault/run.sh "$name" --long --seed "$seed" --seconds "$share"
    faults=$((faults + $(count "fault-$name" "faults of")))
  done
  if [ -x "$fuzzer" ]; then
    part fuzz bash test/fuzz/run.sh $((share / 3))
    inputs=$((inputs + $(count fuzz "executions, 0 targets")))
  fi
  turns=$((turns + 1)) seed=$((seed + 1))
done
totals 0
