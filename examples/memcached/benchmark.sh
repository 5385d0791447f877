#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What durability costs memcached: throughput of the ported binary beside the plain one, paired in
# one run (plain, durable, plain, durable, ...), and the time to the first answer after a kill.
# Prints Markdown: medians, and the least and greatest ratio of the pairs.
#
#   benchmark.sh [PAIRS]     default 5
#   AUDIT=1 benchmark.sh     instead: what the audit costs, the ported binary with beside without it
#   SOURCE=gcc benchmark.sh  instead: the instrumented binary, and its ported source as that compiler built
#                            it (build-source.sh)
#   MATRIX=1 benchmark.sh    instead: numbers of connections and of requests in flight, values of 1 KB
#
# PERDURE_BIN: where the tools are; OUT: where build.sh put the servers; POOLS: a directory on the
# file system to measure (default: OUT); SECONDS_EACH: length of a measurement; CONNECTIONS; DEPTH:
# requests in flight on each; SIZE: bytes of a value; ITEMS.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
source "$root/examples/pairs.sh"
bin=${PERDURE_BIN:-$root/build/release/bin}
out=${OUT:-$root/build/memcached}
pools=$(mktemp -d "${POOLS:-$out}/benchmark.XXXXXX")
memory=$(mktemp -d /dev/shm/perdure.XXXXXX)
trap 'rm -rf "$pools" "$memory"' EXIT
pairs=${1:-5}
seconds=${SECONDS_EACH:-5}
connections=${CONNECTIONS:-32}
depth=${DEPTH:-16}
size=${SIZE:-100}

# ops SERVER POOL GET-PERCENT: operations per second. An empty POOL: without a pool.
ops() {
  [ -z "$2" ] || rm -rf "${2%%,*}"
  "$bin/memcached_load" --server "$out/$1/memcached" --log "$pools/$1.log" --seed 7 \
    ${2:+--pool "$2"} throughput --connections "$connections" --depth "$depth" \
    --size "$size" --get-percent "$3" --seconds "$seconds" | sed -n 's/^ops_per_s //p'
  [ -z "$2" ] || rm -rf "${2%%,*}"
}

# The two of a pair (pairs.sh): before POOL GET-PERCENT, after POOL GET-PERCENT
if [ -n "${SOURCE:-}" ]; then
  names="instrumented, requests/s | ported source, requests/s"
  before() { ops durable "$1" "$2"; }
  after() { ops "source/$SOURCE" "$1" "$2"; }
elif [ -z "${AUDIT:-}" ]; then
  names="plain, requests/s | with pool, requests/s"
  before() { ops plain "" "$2"; }
  after() { ops durable "$1" "$2"; }
else
  names="with pool, requests/s | under audit, requests/s"
  before() { ops durable "$1" "$2"; }
  after() { PERDURE_AUDIT=report,log=$pools/audit.log ops durable "$1" "$2"; }
fi

load="$connections connections, $depth requests in flight on each, $size-byte values, "
[ -z "${MATRIX:-}" ] || load=
echo "memcached 1.6.18, ${load}medians of $pairs pairs of $seconds s."
echo
echo "| load, pool | $names | ratio | spread |"
echo "|---|---|---|---|---|"
if [ -n "${MATRIX:-}" ]; then
  for depth in 16 1; do
    for connections in 32 64 128 256; do
      row "90 % get, file, $connections x $depth" "$pools/pool,size=16G" 90
      row "all set, file, $connections x $depth" "$pools/pool,size=16G" 0
    done
  done
  connections=64 depth=1 size=1024
  row "90 % get of 1 KB, file, 64 x 1" "$pools/pool,size=16G" 90
  row "all set of 1 KB, file, 64 x 1" "$pools/pool,size=16G" 0
  exit 0
fi
row "90 % get, file" "$pools/pool,size=16G" 90
row "all set, file" "$pools/pool,size=16G" 0
row "90 % get, emulated pmem" "$memory/pool,size=16G,emulate_pmem" 90
row "all set, emulated pmem" "$memory/pool,size=16G,emulate_pmem" 0
[ -z "${SOURCE:-}" ] || exit 0
if [ -n "${AUDIT:-}" ]; then
  echo
  grep -c "audit: 0 missed stores, 0 dangling pointers" "$pools/audit.log" |
    sed 's/$/ audited runs without a finding/'
  grep -E "missed store at|dangling pointer at" "$pools/audit.log" && exit 1
  exit 0
fi
# Hooks, units and cuts alone: output does not wait, and what was cut is thrown away.
export PERDURE_DISCARD_EPOCHS=1
row "90 % get, in memory, nothing logged" "$memory/pool,size=16G,durability=async=100" 90
row "all set, in memory, nothing logged" "$memory/pool,size=16G,durability=async=100" 0
unset PERDURE_DISCARD_EPOCHS
echo
echo "Restart to first answer with ${ITEMS:-1000000} items, file:"
echo
"$bin/memcached_load" --server "$out/durable/memcached" --log "$pools/restart.log" \
  --pool "$pools/restart,size=16G" restart-time --items "${ITEMS:-1000000}" --repeats "$pairs" |
  sed -n 's/^restart_ms_median \(.*\)/median \1 ms/p; s/^restart_ms_max \(.*\)/greatest \1 ms/p'
