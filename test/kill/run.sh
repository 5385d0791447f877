#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs one kill test: run.sh memcached|redis|redis_memory|kv|inventory [ROUNDS] [OPTION...]
#
# For all but memcached it first runs the test against the plain build, where it must report a loss: a
# test that can't fail proves nothing. OPTION is passed to the test, for instance --seed N.
# PERDURE_BIN: where the tools are; OUT: where to build.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
export PERDURE_BIN=${PERDURE_BIN:-$root/build/release/bin}
name=${1:?usage: run.sh memcached|redis|redis_memory|kv|inventory [ROUNDS] [OPTION...]}
rounds=${2:-20}
shift $(($# < 2 ? $# : 2))

case $name in
memcached)
  exec "$here/memcached_kill.sh" "$rounds" "$@"
  ;;
redis | redis_memory)
  out=${OUT:-$root/build/redis}
  plain=$out/plain/src/redis-server durable=$out/durable/src/redis-server
  for file in "$plain" "$durable"; do
    [ -x "$file" ] || { echo "run.sh: no $file; run examples/redis/build.sh" >&2; exit 1; }
  done
  ;;
kv | inventory)
  export OUT=${OUT:-$root/build/examples/$name}
  "$root/examples/$name/run.sh" build
  out=$OUT plain=$OUT/plain/$name durable=$OUT/durable/$name
  ;;
*)
  echo "run.sh: no kill test '$name'; there are memcached, redis, redis_memory, kv and inventory" >&2
  exit 2
  ;;
esac

bin=$PERDURE_BIN
test=$here/${name}_kill.py
[ "$name" != redis_memory ] || test=$here/redis_memory.py
. "$here/kill_both.sh"
kill_both "$test" "$out" "$plain" "$durable" "$rounds" "$@"
