#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# memcached as ported source: perdure-port writes it down, and compilers without the plugin build it.
#
#   build-source.sh [DIRECTORY] [COMPILER...]     default: build/memcached, gcc
#
# fetch.sh has put the source in DIRECTORY. Results: DIRECTORY/source/text, what perdure-port wrote
# (text/perdure-port/port.diff is the port as a diff), and for each compiler DIRECTORY/source/COMPILER
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

# A build of the original by Clang, which notes what it compiles: a compile database.
cp -r "$source" "$work/original"
cp "$here"/*.c "$here"/*.h "$work/original"
cd "$work/original"
configure "$plain_clang"
note="-gen-cdb-fragment-path $work/commands"
logged make.log make -j"$jobs" CFLAGS="-O0 -Wno-language-extension-token $note" memcached
compile_recovery "$plain_clang" $note
{ echo "[" && cat "$work"/commands/*.json | sed '$ s/,$//' && echo "]"; } >"$work/compile_commands.json"

echo "perdure-port:"
"$bin/perdure-port" -p "$work" --port "$here/memcached.port.yaml" --root "$work/original" \
  -o "$work/text" 2>"$work/perdure-port.log" || { grep -v '^\[' "$work/perdure-port.log" >&2; exit 1; }

# What was ported takes the place of what it was made from.
for compiler; do
  tree=$work/${compiler##*/}
  cp -r "$source" "$tree"
  cp -r "$work/text/." "$tree"
  cd "$tree"
  configure "$compiler"
  compile_recovery "$compiler"
  objects=("${recovery[@]/%/.o}")
  logged make.log make -j"$jobs" memcached memcached-debug testapp sizes timedrun \
    CPPFLAGS="-isystem $perdure/include" \
    LIBS="-levent -Wl,--no-as-needed -L$perdure/lib -Wl,-rpath,$perdure/lib -lperdure" \
    memcached_LDADD="${objects[*]}" memcached_debug_LDADD="${objects[*]}"
  echo "built $tree/memcached"
done
