#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# memcached as ported source: perdure-port writes it down, and compilers without the plugin build it.
#
#   build-source.sh [DIRECTORY] [COMPILER...]     default: build/memcached, gcc
#
# fetch.sh has put the source in DIRECTORY. Results: DIRECTORY/source/memcached, what perdure-port wrote
# (memcached/perdure-port/port.diff is the port as a diff), and for each compiler DIRECTORY/source/COMPILER
# with memcached, memcached-debug and testapp. PERDURE_BIN: where the tools are.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../upstream_build.sh"
find_tools memcached-1.6.18 memcached.c "${1:-}"
shift $(($# > 0))
[ $# -gt 0 ] || set -- gcc
perdure=$(cd "$bin/.." && pwd)
work=$directory/source
rm -rf "$work"
mkdir -p "$work"

# Configured as build.sh does it, in a copy of the tree to which the recovery function belongs.
configure() {
  logged configure.log ./configure CC="$1" CFLAGS="-O2 -g" --disable-extstore --disable-docs \
    --disable-coverage ac_cv_func_clock_gettime=no
}
recovery=(memcached_recover memcached_verify)
compile_recovery() {
  local unit
  for unit in "${recovery[@]}"; do
    logged "$unit.log" "$@" -std=gnu99 -O2 -g -Wall -Werror -DHAVE_CONFIG_H -DNDEBUG -I. \
      -isystem "$perdure/include" -c "$unit.c" -o "$unit.o"
  done
}

# A build of the original by Clang, which notes what it compiles: a compile database for each program,
# since the text that the preprocessor leaves out of one is not ported there (memcached-debug has
# assertions and commands of its own).
cp -a "$source" "$work/original" # with its times: make would configure again
cp "$here"/*.c "$here"/*.h "$work/original"
cd "$work/original"
configure "$plain_clang"
for program in memcached memcached-debug; do
  note="-gen-cdb-fragment-path $work/commands-$program"
  logged make.log make -j"$jobs" CFLAGS="-O0 -Wno-language-extension-token $note" "$program"
  compile_recovery "$plain_clang" $note
  mkdir "$work/database-$program"
  { echo "[" && cat "$work/commands-$program"/*.json | sed '$ s/,$//' && echo "]"; } \
    >"$work/database-$program/compile_commands.json"
  "$bin/perdure-port" -p "$work/database-$program" --port "$here/memcached.port.yaml" \
    --root "$work/original" -o "$work/$program" 2>"$work/perdure-port.log" ||
    { grep -v '^\[' "$work/perdure-port.log" >&2; exit 1; }
done

# build PROGRAM COMPILER TARGET...: in a tree where what was ported takes the place of what it was made from.
build() {
  local program=$1 compiler=$2
  shift 2
  cp -a "$source" "$work/build"
  cp -r "$work/$program/." "$work/build"
  cd "$work/build"
  configure "$compiler"
  compile_recovery "$compiler"
  local objects=("${recovery[@]/%/.o}")
  logged make.log make -j"$jobs" "$@" CPPFLAGS="-isystem $perdure/include" \
    LIBS="-levent -Wl,--no-as-needed -L$perdure/lib -Wl,-rpath,$perdure/lib -lperdure" \
    memcached_LDADD="${objects[*]}" memcached_debug_LDADD="${objects[*]}"
}
for compiler; do
  tree=$work/${compiler##*/}
  build memcached-debug "$compiler" memcached-debug
  mv memcached-debug "$work/debug.bin"
  rm -rf "$work/build"
  build memcached "$compiler" memcached testapp sizes timedrun
  mv "$work/debug.bin" memcached-debug
  mv "$work/build" "$tree"
  echo "built $tree/memcached"
done
