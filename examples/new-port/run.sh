#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The kill test: the plain build must lose data, or the test proves nothing; the durable one must not.
#
#   run.sh [ROUNDS] [OPTION...]     default 20; options go to the test, for instance --seed 7
#
# OUT: where to build.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "@EXAMPLES@/upstream_build.sh"
out=${OUT:-$root/build/@NAME@}
rounds=${1:-20}
shift $(($# < 1 ? $# : 1))
bash "$here/build.sh" "$out"

log=$out/volatile_kill.log
if python3 "$here/@NAME@_kill.py" "$out/plain/@NAME@" --volatile --rounds 3 >"$log" 2>&1; then
  echo "run.sh: the kill test found nothing wrong with the plain build: see $log" >&2
  exit 1
fi
grep -q '^FAILED: ' "$log" || { cat "$log" >&2; exit 1; }
echo "the plain build, as it must: $(grep '^FAILED: ' "$log")"
exec python3 "$here/@NAME@_kill.py" "$out/durable/@NAME@" --perdure "$bin/perdure" \
  --rounds "$rounds" "$@"
