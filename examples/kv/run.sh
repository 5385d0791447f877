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
program=kv variable=CC
. "$here/../two_builds.sh"

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

echo "examples/kv, the same source compiled by $plain_compiler and by perdure-clang:"
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
