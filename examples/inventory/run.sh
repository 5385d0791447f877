#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds inventory twice, with the plain compiler and with perdure-clang, and shows the difference: both
# store the same, both are killed, one remembers. Exits non-zero if the durable one does not.
#
#   run.sh [build]     with "build" it only builds
#
# PERDURE_BIN: where the tools are; OUT: where to build; CXX: the plain compiler.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
bin=${PERDURE_BIN:-$root/build/release/bin}
out=${OUT:-$root/build/examples/inventory}

if [ ! -x "$bin/perdure-clang" ]; then
  echo "run.sh: no perdure-clang in $bin; build it: cmake --preset release && cmake --build --preset release" >&2
  exit 1
fi
# Objects of an older plugin are out of date, which make does not know.
[ ! "$bin/../lib/perdure.so" -nt "$out/durable/inventory" ] || rm -rf "$out/durable"
make -s -C "$here" B="$out/plain" CXX="${CXX:-c++}"
make -s -C "$here" B="$out/durable" CXX="$bin/perdure-clang++"
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
  "$out/$1/inventory" --port 0 >"$work/log" 2>&1 &
  server=$!
  for _ in $(seq 200); do
    grep -q "listening on" "$work/log" && break
    kill -0 "$server" 2>/dev/null || break
    sleep 0.02
  done
  if ! grep -q "listening on" "$work/log"; then
    echo "run.sh: $out/$1/inventory did not start: $(cat "$work/log")" >&2
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

# ask REQUEST: sends it and prints the reply's only line.
ask() {
  local line=
  echo "$1" >&3
  IFS= read -r -t 10 line <&3 || true
  echo "$line"
}

demonstrate() {
  start "$1"
  ask "receive bolt north 1000" >/dev/null
  ask "describe bolt M8, hexagon head" >/dev/null
  for _ in $(seq 10); do ask "move bolt north south 15" >/dev/null; done
  crash
  start "$1"
  stock=$(ask "stock bolt")
  sound=$(ask "check")
  crash
  printf '  %-8s 1000 bolts received, 10 moves of 15, kill -9, restart: %s, check: %s\n' \
    "$1" "$stock" "$sound"
}

echo "examples/inventory, the same source compiled by ${CXX:-c++} and by perdure-clang++:"
unset PERDURE_POOL
demonstrate plain
export PERDURE_POOL=$work/pool
demonstrate durable
"$bin/perdure" info "$work/pool" | sed 's/^/    /'
echo "  what perdure dump shows of the product:"
"$bin/perdure" dump "$work/pool" >"$work/dump"
grep -A 1 'description' "$work/dump" | sed 's/^/    /'
if [ "$stock" != "STOCK north=850 south=150" ] || [ "$sound" != "SOUND 1" ]; then
  echo "run.sh: the durable server lost acknowledged updates" >&2
  exit 1
fi
