#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Compiles unmodified Redis twice, with the same flags: plain, and with perdure-clang, the port file
# and the recovery function. Without jemalloc: all of Redis allocates through zmalloc.c, and there it
# is malloc() that the port file speaks of.
#
#   build.sh [DIRECTORY] [propose]     default: build/redis; fetch.sh has put the source there
#
# With "propose" only DIRECTORY/propose/src/redis-server, for perdure propose (docs/porting.md).
# Results: DIRECTORY/plain/src and DIRECTORY/durable/src, each with redis-server, redis-cli and
# redis-benchmark. PERDURE_BIN: where the tools are; REDIS_SOURCE: a source tree from elsewhere.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../upstream_build.sh"
find_tools redis-7.0.15 src/server.c "${1:-}"

flags=(MALLOC=libc OPTIMIZATION=-O2 USE_SYSTEMD=no BUILD_TLS=no)

# Lua, hiredis and the others are libraries, which hold nothing that lasts: the plain compiler's, for
# both. prepare TARGET FLAG...: with all the flags of the build that follows, because with others the
# Makefile begins anew.
prepare() {
  local target=$1
  shift
  [ -d "$directory/$target" ] || cp -r "$source" "$directory/$target"
  cd "$directory/$target/src"
  logged ../deps.log make -j"$jobs" CC="$plain_clang" "${flags[@]}" "$@" .make-prerequisites
}

build_plain() {
  prepare plain
  logged make.log make -j"$jobs" CC="$plain_clang" "${flags[@]}" redis-server redis-cli redis-benchmark
}

# The recovery function is compiled like the rest and added to the server's link.
build_durable() {
  local wrapped=REDIS_LDFLAGS=-Wl,--wrap=scriptInterrupt,--wrap=scriptPrepareForRun
  prepare durable "$wrapped"
  export PERDURE_PORT=$here/redis.port.yaml
  logged ../recover.log "$bin/perdure-clang" -std=gnu11 -O2 -g -Wall -Werror -I. -I../deps/lua/src \
    -I../deps/hiredis -I../deps/hdr_histogram -I../deps/linenoise -c "$here/redis_recover.c" \
    -o ../redis_recover.o
  logged make.log make -j"$jobs" CC="$bin/perdure-clang" "${flags[@]}" \
    "$wrapped" REDIS_SERVER_OBJ="$(server_objects) ../redis_recover.o" redis-server
  cp ../../plain/src/redis-cli ../../plain/src/redis-benchmark .
}

# What the Makefile links to the server.
server_objects() { sed -n 's/^REDIS_SERVER_OBJ=//p' Makefile; }

# Read, not run: so it need not be optimised.
build_proposal() {
  rm -rf "$directory/propose"
  unset PERDURE_PORT
  prepare propose OPTIMIZATION=-O0
  export PERDURE_PROPOSE=1
  logged make.log make -j"$jobs" CC="$bin/perdure-clang" "${flags[@]}" OPTIMIZATION=-O0 redis-server
}

if [ "${2:-}" = propose ]; then
  (build_proposal)
  exit 0
fi
(build_plain)
drop_outdated "$here"/*.c "$here/redis.port.yaml"
(build_durable)
echo "$stamp" >"$directory/durable.stamp"
echo "built $directory/plain/src/redis-server and $directory/durable/src/redis-server"
