#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What durability costs Redis, and what it gains over an append-only file that is flushed for every turn
# of the event loop: requests per second of the ported server beside the plain one, in pairs (pairs.sh).
# Prints Markdown.
#
#   benchmark.sh [PAIRS]     default 5
#
# Then: log bytes of a SET, memory and the time of a restart with KEYS keys (default 1000000).
#
# PERDURE_BIN: where the tools are; OUT: where build.sh put the servers; POOLS: a directory on the file
# system to measure (default: OUT); SECONDS_EACH: about the length of a measurement; SIZE: bytes of a
# value; ONLY: a pattern (grep -E) of the rows' names.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
source "$root/examples/pairs.sh"
pairs=${1:-5}
bin=${PERDURE_BIN:-$root/build/release/bin}
keys=${KEYS:-1000000}
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
  local trial
  requests_per_second set 50 16 400000 >/dev/null
  trial=$(requests_per_second "$@" $((1000 * $2)))
  requests_per_second "$@" "$(awk "BEGIN {printf \"%d\", $trial * $seconds + 100}")"
}

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

# fill: KEYS keys with values of $size bytes.
fill() {
  python3 -c "
import sys
for i in range($keys):
    sys.stdout.write('*3\r\n\$3\r\nSET\r\n\$11\r\nkey:%07d\r\n\$$size\r\n%s\r\n' % (i, 'v' * $size))
" | cli --pipe >/dev/null
}
commands() { cli info stats | tr -d '\r' | sed -n 's/^total_commands_processed://p'; }
# Bytes that only this process has in memory.
unique() { awk '/^Private/ {sum += $2} END {print sum * 1024}' "/proc/$server/smaps_rollup"; }
mebibytes() { awk "BEGIN {printf \"%.0f\", $1 / 1048576}"; }

echo
echo "Log of a SET of $size bytes, of 100,000 keys:"
start durable "$files/log"
for load in "1 1" "50 1" "50 16"; do
  read -r clients depth <<<"$load"
  "$out/plain/src/redis-benchmark" -p "$port" -t set -d "$size" -r 100000 -c "$clients" -P "$depth" \
    -n 1000000000 >/dev/null 2>&1 &
  generator=$!
  sleep 1
  before=$(commands)
  rate=$("$bin/perdure" info "$files/log/pool" --watch=4 --count 1 --json |
    sed -n 's/.*"log_bytes_per_second": *\([0-9]*\).*/\1/p')
  done_commands=$(($(commands) - before))
  kill "$generator"
  wait "$generator" 2>/dev/null || true
  awk "BEGIN {printf \"- $clients clients x $depth: %.0f bytes\n\", $rate * 4 / $done_commands}"
done
crash
rm -rf "$files/log"

echo
echo "Memory with $keys keys, MiB that only the process has:"
start plain "$files/plain"
fill
plain=$(unique)
crash
start durable "$files/memory"
fill
loaded=$(unique)
crash
start durable "$files/memory"
requests_per_second set 50 16 100000 >/dev/null
restarted=$(unique)
cached=$(fincore -b -n -o RES "$files/memory/pool/image" 2>/dev/null || echo 0)
crash
echo "- volatile $(mebibytes "$plain"), with pool $(mebibytes "$loaded") ($(awk "BEGIN {printf \"%.2f\", $loaded / $plain}")x)"
echo "- after a restart and 100,000 SETs $(mebibytes "$restarted"); the page cache then holds $(mebibytes "$cached") of the image"

echo
times=()
for ((i = 0; i < 2 * pairs; i++)); do
  start durable "$files/memory"
  times+=("$started_ms")
  sleep 3
  crash
done
echo "Restart with $keys keys to the first reply: median $(median "${times[@]}") ms, greatest" \
  "$(printf '%s\n' "${times[@]}" | sort -g | tail -n 1) ms"
