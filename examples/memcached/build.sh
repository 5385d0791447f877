#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Compiles unmodified memcached twice, with the same flags and configure options: plain, and with
# perdure-clang, the port file and the recovery function.
#
#   build.sh [DIRECTORY]     default: build/memcached; fetch.sh has put the source there
#
# Results: DIRECTORY/plain and DIRECTORY/durable, each with memcached, memcached-debug and testapp.
# PERDURE_BIN: where the tools are; MEMCACHED_SOURCE: a source tree from elsewhere.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
bin=${PERDURE_BIN:-$root/build/release/bin}
mkdir -p "${1:-$root/build/memcached}"
directory=$(cd "${1:-$root/build/memcached}" && pwd)
source=${MEMCACHED_SOURCE:-$directory/memcached-1.6.18}
jobs=$(nproc)

if [ ! -f "$source/memcached.c" ]; then
  echo "build.sh: no memcached source in $source; run examples/memcached/fetch.sh $directory" >&2
  exit 1
fi
if [ ! -x "$bin/perdure-clang" ]; then
  echo "build.sh: no perdure-clang in $bin; build it: cmake --preset release && cmake --build --preset release" >&2
  exit 1
fi

# Runs a step with its output in a log, and shows the end of that if the step fails.
logged() {
  local log=$1
  shift
  "$@" >"$log" 2>&1 && return
  echo "build.sh: failed: $1 in $PWD; see $log:" >&2
  grep -E "error|Error" "$log" | tail -n 20 >&2
  exit 1
}

# Without clock_gettime memcached counts time from the wall clock and process_started, which persists;
# its monotonic start is a local affair of main that no restart could continue. memcached-debug is
# built with assertions, but without coverage counters.
configure() {
  local target=$1 compiler=$2
  mkdir -p "$directory/$target"
  cd "$directory/$target"
  [ -f Makefile ] || logged configure.log "$source/configure" CC="$compiler" CFLAGS="-O2 -g" \
    --disable-extstore --disable-docs --disable-coverage ac_cv_func_clock_gettime=no
}

build_plain() {
  configure plain clang-19
  logged make.log make -j"$jobs" memcached memcached-debug testapp sizes timedrun
}

# The recovery function is compiled like the rest and added to the two servers' link.
build_durable() {
  export PERDURE_PORT=$here/memcached.port.yaml
  configure durable "$bin/perdure-clang"
  local unit objects=()
  for unit in memcached_recover memcached_verify; do
    logged "$unit.log" "$bin/perdure-clang" -std=gnu99 -O2 -g -Wall -Werror \
      -Wno-language-extension-token -DHAVE_CONFIG_H -DNDEBUG -I. -I"$source" \
      -c "$here/$unit.c" -o "$unit.o"
    objects+=("$PWD/$unit.o")
  done
  logged make.log make -j"$jobs" memcached memcached-debug testapp sizes timedrun \
    memcached_LDADD="${objects[*]}" memcached_debug_LDADD="${objects[*]}"
}

# A changed compiler, runtime or port file makes what it compiled out of date; make does not see that.
stamp=$(sha256sum "$bin/perdure-clang" "$bin/../lib/perdure.so" "$here"/*.c "$here"/*.h \
  "$here/memcached.port.yaml" | sha256sum)
if [ "$(cat "$directory/durable.stamp" 2>/dev/null)" != "$stamp" ]; then
  rm -rf "$directory/durable" "$directory/durable.stamp"
fi

(build_plain)
(build_durable)
echo "$stamp" >"$directory/durable.stamp"
echo "built $directory/plain/memcached and $directory/durable/memcached"
