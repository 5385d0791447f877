#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds kv twice, with the plain compiler and with perdure-clang, and shows the difference: both
# store the same, both are killed, one remembers. Exits non-zero if the durable one does not.
#
#   run.sh [build]     with "build" it only builds
#
# PERDURE_BIN: where the tools are; OUT: where to build; CC: the plain compiler.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
bin=${PERDURE_BIN:-$root/build/release/bin}
out=${OUT:-$root/build/examples/kv}

if [ ! -x "$bin/perdure-clang" ]; then
  echo "run.sh: no perdure-clang in $bin; build it: cmake --preset release && cmake --build --preset release" >&2
  exit 1
fi
# Objects of an older plugin are out of date, which make does not know.
[ ! "$bin/../lib/perdure.so" -nt "$out/durable/kv" ] || rm -rf "$out/durable"
make -s -C "$here" B="$out/plain" CC="${CC:-cc}"
make -s -C "$here" B="$out/durable" CC="$bin/perdure-clang"
[ "${1:-}" != build ] || exit 0

work=$(mktemp -d)
server=
stop() {
  [ -z "$server" ] || kill -9 "$server" 2>/dev/null || true
  wait 2>/dev/null || true
}
trap 'stop; rm -rf "$work"' EXIT

# start NAME: starts the server of that name in the background and connects descriptor 3 to it.
start() {
  : >"$work/log"
  "$out/$1/kv" --port 0 >"$work/log" 2>&1 &
  server=$!
  for _ in $(seq 200); do
    grep -q "listening on" "$work/log" && break
    kill -0 "$server" 2>/dev/null || break
    sleep 0.02
  done
  if ! grep -q "listening on" "$work/log"; then
    echo "run.sh: $out/$1/kv did not start: $(cat "$work/log")" >&2
    exit 1
  fi
  exec 3<>"/dev/tcp/127.0.0.1/$(sed -n 's/.*listening on .*://p' "$work/log")"
}

crash() {
  kill -9 "$server"
  wait "$server" 2>/dev/null || true
  exec 3>&-
  server=
}

# ask REQUEST: sends it and prints the first line of the reply.
ask() {
  local line=
  printf '%s\r\n' "$@" >&3
  IFS= read -r -t 10 line <&3 || true
  echo "${line%$'\r'}"
}

items() {
  local line count=0
  printf 'get' >&3
  printf ' item%s' {1..50} >&3
  printf '\r\n' >&3
  while IFS= read -r -t 10 line <&3 && [ "${line%$'\r'}" != END ]; do
    case $line in VALUE*) count=$((count + 1)) ;; esac
  done
  echo "$count"
}

demonstrate() {
  start "$1"
  for i in $(seq 50); do
    [ "$(ask "set item$i 0 0 5" "value")" = STORED ]
  done
  [ "$(ask "set visits 0 0 1" 0)" = STORED ]
  for _ in 1 2 3; do ask "incr visits 1" >/dev/null; done
  crash
  start "$1"
  found=$(items)
  visits=$(ask "incr visits 1")
  crash
  printf '  %-8s 50 items and 3 visits acknowledged, kill -9, restart: %2s items, next visit: %s\n' \
    "$1" "$found" "$visits"
}

echo "examples/kv, the same source compiled by ${CC:-cc} and by perdure-clang:"
unset PERDURE_POOL
demonstrate plain
export PERDURE_POOL=$work/pool
demonstrate durable
"$bin/perdure" info "$work/pool" | sed 's/^/    /'
echo "  what perdure dump shows of the item 'visits':"
"$bin/perdure" dump "$work/pool" >"$work/dump"
grep -B 9 '"visits4"' "$work/dump" | sed 's/^/    /'
if [ "$found" != 50 ] || [ "$visits" != 4 ]; then
  echo "run.sh: the durable server lost acknowledged updates" >&2
  exit 1
fi
