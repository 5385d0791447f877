#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds the fault injector and its workload, and runs one of the sweeps: run.sh [calls|limits] [OPTION...]
# Calls that fail: sweep.py; resources that run out: limits.py. Options go to it: run.sh calls --long.
# PERDURE_BIN: where the tools are; OUT: where to build.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
bin=${PERDURE_BIN:-$root/build/release/bin}
out=${OUT:-$root/build/fault}
sweep=sweep
case ${1:-} in
calls) shift ;;
limits) sweep=limits && shift ;;
esac
mkdir -p "$out/pools"
cc -std=gnu11 -O1 -g -Wall -Wextra -Werror -shared -fPIC -o "$out/inject.so" "$here/inject.c" \
  "$here/limit.c"
"$bin/perdure-clang" -O1 -g -Wall -Wextra -Werror -o "$out/workload" "$here/workload.c"
exec python3 "$here/$sweep.py" --program "$out/workload" --injector "$out/inject.so" \
  --perdure "$bin/perdure" --directory "$out/pools" "$@"
