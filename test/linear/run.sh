#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Linearizability across kills: run.sh memcached|kv [KILLS] [OPTION...]
#
# First the test is tested: the plain build and a durable one that does not wait (durability=async)
# must be caught. Then KILLS kills of one pool. OPTION goes to linear_kill, for instance --seed 7 or
# --seconds 3600. PERDURE_BIN: where the tools are; OUT: where the servers were built.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
bin=${PERDURE_BIN:-$root/build/release/bin}
name=${1:?usage: run.sh memcached|kv [KILLS] [OPTION...]}
kills=${2:-30}
shift $(($# < 2 ? $# : 2))

case $name in
memcached) out=${OUT:-$root/build/memcached} ;;
kv)
  out=${OUT:-$root/build/examples/kv}
  PERDURE_BIN=$bin OUT=$out "$root/examples/kv/run.sh" build
  ;;
*)
  echo "run.sh: no server '$name'; there are memcached and kv" >&2
  exit 2
  ;;
esac
for file in "$bin/linear_kill" "$out/plain/$name" "$out/durable/$name"; do
  if [ ! -x "$file" ]; then
    echo "run.sh: no $file; run cmake --build --preset release, and examples/memcached/build.sh" >&2
    exit 1
  fi
done

work=$out/linear
rm -rf "$work"
mkdir -p "$work"
histories() {
  local server=$1
  shift
  "$bin/linear_kill" --server "$out/$server/$name" --protocol "$name" --log "$work/$server.log" "$@"
}

echo "the plain $name; it must be caught:"
histories plain --expect-violation --check-every 1 --rounds 5
echo "without waiting for durability; it must be caught:"
histories durable --pool "$work/async,durability=async=100" --expect-violation --check-every 1 --rounds 10
echo "$kills kills:"
histories durable --pool "$work/pool" --rounds "$kills" "$@"
"$bin/perdure" check "$work/pool"
rm -rf "$work"
