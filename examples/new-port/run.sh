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

. "$root/test/kill/kill_both.sh"
kill_both "$here/@NAME@_kill.py" "$out" "$out/plain/@NAME@" "$out/durable/@NAME@" "$rounds" "$@"
