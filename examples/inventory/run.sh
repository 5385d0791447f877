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
program=inventory variable=CXX
. "$here/../two_builds.sh"

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

echo "examples/inventory, the same source compiled by $plain_compiler and by perdure-clang++:"
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
