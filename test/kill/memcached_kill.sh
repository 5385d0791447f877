#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Kill test of the ported memcached: memcached_kill.sh [ROUNDS] [OPTION...]
#
# First the observer is tested: it must find nothing without a kill, and must catch the plain
# memcached losing items. Then ROUNDS kills of one pool under mixed load, and kills while the hash
# table grows. OPTION goes to the mixed load, for instance --round-ms 500; SEED to all of it.
# PERDURE_BIN: where the tools are; OUT: where build.sh put the servers.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
bin=${PERDURE_BIN:-$root/build/release/bin}
out=${OUT:-$root/build/memcached}
rounds=${1:-20}
shift $(($# > 0 ? 1 : 0))

for file in "$bin/memcached_load" "$out/plain/memcached" "$out/durable/memcached"; do
  if [ ! -x "$file" ]; then
    echo "memcached_kill.sh: no $file; run cmake --build --preset release and examples/memcached/build.sh" >&2
    exit 1
  fi
done

work=$out/kill
rm -rf "$work"
mkdir -p "$work"
load() {
  local server=$1
  shift
  "$bin/memcached_load" --server "$out/$server/memcached" --log "$work/$server.log" \
    --seed "${SEED:-0}" "$@"
}

echo "the observer, nobody killed:"
load plain kill --rounds 5 --no-kill
echo "the observer, plain memcached killed; it must report a loss:"
load plain kill --expect-loss
echo "$rounds kills:"
load durable --pool "$work/pool" kill --rounds "$rounds" "$@"
if [ -x "$bin/perdure" ]; then
  "$bin/perdure" check "$work/pool"
fi
echo "kills while the hash table grows:"
load durable --pool "$work/expansion" expansion --rounds 3
rm -rf "$work"
