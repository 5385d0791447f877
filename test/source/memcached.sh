#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# memcached as ported source, built by compilers without the plugin: kill test, and upstream's own tests,
# each server with a pool. A pool that the instrumented server made must go on, and the other way round.
#
#   memcached.sh [ROUNDS] [COMPILER...]     default: 20 kills each of what gcc and clang-19 build
#
# examples/memcached/build.sh has run. PERDURE_BIN: where the tools are; OUT: where memcached is built.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
bin=${PERDURE_BIN:-$root/build/release/bin}
out=${OUT:-$root/build/memcached}
rounds=${1:-20}
shift $(($# > 0))
[ $# -gt 0 ] || set -- gcc clang-19

"$root/examples/memcached/build-source.sh" "$out" "$@"
for compiler; do
  work=$out/source/as-$compiler # the kill test's and upstream tests' names for what is tested
  mkdir -p "$work"
  ln -sfn "$out/plain" "$work/plain"
  ln -sfn "$out/source/$compiler" "$work/durable"
  echo "== $compiler"
  OUT=$work "$root/test/kill/run.sh" memcached "$rounds" --round-ms 500
  MEMCACHED_SOURCE=$out/source/original "$root/examples/memcached/upstream-tests.sh" --pool "$work"
done

# Every second start of one pool's server is of the instrumented one.
echo "== in turn"
mkdir -p "$out/source/turn"
"$bin/memcached_load" --server "$out/durable/memcached" --log "$out/source/turn/log" \
  --pool "$out/source/turn/pool" kill --rounds "$rounds" --round-ms 300 \
  --other-server "$out/source/$1/memcached"
rm -rf "$out/source/turn"
