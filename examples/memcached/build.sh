#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Compiles unmodified memcached twice, with the same flags and configure options: plain, and with
# perdure-clang, the port file and the recovery function.
#
#   build.sh [DIRECTORY] [propose]     default: build/memcached; fetch.sh has put the source there
#
# With "propose" only DIRECTORY/propose/memcached, for perdure propose (docs/porting.md).
# Results: DIRECTORY/plain and DIRECTORY/durable, each with memcached, memcached-debug and testapp.
# PERDURE_BIN: where the tools are; MEMCACHED_SOURCE: a source tree from elsewhere.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../upstream_build.sh"
find_tools memcached-1.6.18 memcached.c "${1:-}"

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
  configure plain "$plain_clang"
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

# Read, not run: so it need not be optimised.
build_proposal() {
  rm -rf "$directory/propose"
  unset PERDURE_PORT
  export PERDURE_PROPOSE=1
  configure propose "$bin/perdure-clang"
  logged make.log make -j"$jobs" CFLAGS=-O0 memcached
}

if [ "${2:-}" = propose ]; then
  (build_proposal)
  exit 0
fi
drop_outdated "$here"/*.c "$here"/*.h "$here/memcached.port.yaml"
(build_plain)
(build_durable)
echo "$stamp" >"$directory/durable.stamp"
echo "built $directory/plain/memcached and $directory/durable/memcached"
