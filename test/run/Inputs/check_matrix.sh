#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Compiles SOURCE with the plugin at every optimization level, links it with the recording checker
# and runs it, with every hook taken by itself and again through write-set chunks.
#   check_matrix.sh PLUGIN INCLUDE_DIR RUNTIME_SRC_DIR WORK SOURCE [FLAGS...]
# LEVELS in the environment replaces the levels. PORT replaces the port file (heap: all).
set -e
plugin=$1 include=$2 runtime=$3 work=$4 source=$5
shift 5
inputs=$(dirname "$0")
mkdir -p "$work"
case $source in *.cpp) driver=clang++ ;; *) driver=clang ;; esac
# AddressSanitizer has its own free(), which the checker must not replace.
case "$*" in *sanitize=address*) define=-DCHECKER_NO_INTERPOSITION ;; *) define= ;; esac
for part in "$inputs/checker.cpp" "$runtime/cxx_runtime.cpp" "$runtime/record_io.cpp"; do
  clang++ -std=c++20 -O1 -g $define -I"$include" -I"$runtime" -c "$part" -o "$work/$(basename "$part").o"
done
for level in ${LEVELS:--O0 -O1 -O2 -O3 -Os -Oz}; do
  "$driver" $level -g -march=x86-64-v3 -I"$include" -fplugin="$plugin" \
    -fplugin-arg-perdure-port="${PORT:-$inputs/heap_all.yaml}" "$@" -c "$source" -o "$work/test.o"
  clang++ -fuse-ld=lld $level "$@" "$work"/*.o -lm -o "$work/test"
  for chunks in "" 1; do
    if ! CHECKER_CHUNKS=$chunks "$work/test" >"$work/output" 2>&1; then
      echo "$source at $level $* (CHECKER_CHUNKS=$chunks):"
      cat "$work/output"
      exit 1
    fi
  done
done
cat "$work/output"
