#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What durability costs Redis, and what it gains over an append-only file that is flushed for every turn
# of the event loop: requests per second of the ported server beside the plain one, in pairs (pairs.sh).
# Prints Markdown.
#
#   benchmark.sh [PAIRS]     default 5
#
# OUT: where build.sh put the servers; POOLS: a directory on the file system to measure (default: OUT);
# SECONDS_EACH: about the length of a measurement; SIZE: bytes of a value; ONLY: a pattern (grep -E) of
# the rows' names.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
source "$root/examples/pairs.sh"
pairs=${1:-5}
out=${OUT:-$root/build/redis}
seconds=${SECONDS_EACH:-3}
size=${SIZE:-100}
source "$here/server.sh"
files=$(mktemp -d "${POOLS:-$out}/benchmark.XXXXXX")
memory=$(mktemp -d /dev/shm/perdure.XXXXXX)
trap 'stop; rm -rf "$files" "$memory"' EXIT

# requests COMMAND CLIENTS DEPTH: per second, of a run that takes about $seconds. All 100,000 keys are there
# before: an update replaces a value, a read finds one.
requests() {
  local load=(-p "$port" -d "$size" -r 100000 --csv) trial
  "$out/plain/src/redis-benchmark" "${load[@]}" -t set -c 50 -P 16 -n 400000 >/dev/null
  load+=(-t "$1" -c "$2" -P "$3")
  trial=$("$out/plain/src/redis-benchmark" "${load[@]}" -n $((1000 * $2)) | result)
  "$out/plain/src/redis-benchmark" "${load[@]}" -n "$(awk "BEGIN {printf \"%d\", $trial * $seconds + 100}")" | result
}
result() { sed -n 's/^"[A-Z]*","\([0-9.]*\)".*/\1/p'; }

# The two of a pair: before and after WHERE PEER COMMAND CLIENTS DEPTH. WHERE is file or pmem.
measure() {
  local directory=$1
  shift
  rm -rf "$directory"
  start "$1" "$directory" "${@:5}"
  requests "${@:2:3}"
  crash
  rm -rf "$directory"
}
before() {
  local options=()
  [ "$2" = volatile ] || options=(--appendonly yes --appendfsync "$2")
  measure "$files/peer" plain "${@:3:3}" "${options[@]}"
}
after() {
  if [ "$1" = pmem ]; then
    pool_options=,emulate_pmem measure "$memory/server" durable "${@:3:3}"
  else
    measure "$files/server" durable "${@:3:3}"
  fi
}

selected_row() { ! grep -Eq "${ONLY:-.}" <<<"$1" || row "$@"; }
echo "Redis 7.0.15, $size-byte values of 100,000 keys, medians of $pairs pairs of about $seconds s."
echo
echo "| load, pool | peer, requests/s | with pool, requests/s | ratio | spread |"
echo "|---|---|---|---|---|"
selected_row "SET, 1 client, file, beside AOF always" file always set 1 1
selected_row "SET, 50 clients, file, beside AOF always" file always set 50 1
selected_row "SET, 50 clients x 16, file, beside AOF always" file always set 50 16
for where in file pmem; do
  for load in "1 1" "50 1" "50 16"; do
    read -r clients depth <<<"$load"
    for command in set get; do
      [ "$where $command $depth" != "file set 1" ] || continue
      selected_row "${command^^}, $clients clients x $depth, $where, beside volatile" "$where" volatile "$command" "$clients" "$depth"
    done
  done
done
