#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# In place of check_matrix.sh under `lit.py --param audit=1`: compiles SOURCE once and runs it on a
# fresh pool. PERDURE_AUDIT is set by the caller, who reads the log.
#   audit_once.sh WORK SOURCE [FLAGS...]
# PORT in the environment replaces the port file (heap: all).
set -e
work=$1 source=$2
shift 2
inputs=$(dirname "$0")
rm -rf "$work"
mkdir -p "$work"
case $source in *.cpp) driver=perdure-clang++ ;; *) driver=perdure-clang ;; esac
"$driver" -O2 -g -march=x86-64-v3 --perdure-port="${PORT:-$inputs/heap_all.yaml}" "$@" "$source" \
  -lm -o "$work/test"
PERDURE_POOL="$work/pool" "$work/test"
