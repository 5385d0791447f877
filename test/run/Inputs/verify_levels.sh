#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Compiles SOURCE with -g at every optimization level and has the result verified, debug info too.
#   verify_levels.sh PLUGIN INCLUDE_DIR WORK SOURCE [FLAGS...]
set -e
plugin=$1 include=$2 work=$3 source=$4
shift 4
mkdir -p "$work"
case $source in *.cpp) driver=clang++ ;; *) driver=clang ;; esac
case "$*" in
*perdure-port*) ;;
*) set -- "-fplugin-arg-perdure-port=$(dirname "$0")/heap_all.yaml" "$@" ;;
esac
for level in -O0 -O1 -O2 -O3 -Os -Oz; do
  "$driver" $level -g -march=x86-64-v3 -w -I"$include" -fplugin="$plugin" "$@" -S -emit-llvm \
    "$source" -o "$work/out.ll"
  grep -q perdure_record "$work/out.ll"
  # Broken debug info is only a warning of the verifier, which drops it.
  opt -passes=verify -S "$work/out.ll" -o /dev/null 2>"$work/messages"
  if [ -s "$work/messages" ]; then
    echo "$source at $level $*:"
    cat "$work/messages"
    exit 1
  fi
done
