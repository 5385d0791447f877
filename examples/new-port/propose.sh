#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Drafts the port file: compiles @NAME@ in propose mode and asks `perdure propose`.
#
#   propose.sh [--keep TYPE]...     TYPE: whose objects should last
#
# The draft is @NAME@.port.yaml or, if there is one already, @NAME@.draft.yaml. OUT: where to build.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "@EXAMPLES@/upstream_build.sh"
out=${OUT:-$root/build/@NAME@}
bash "$here/build.sh" "$out" propose
draft=$here/@NAME@.port.yaml
[ ! -e "$draft" ] || draft=$here/@NAME@.draft.yaml
"$bin/perdure" propose "$@" "$out/propose/@NAME@" >"$draft.new"
mv "$draft.new" "$draft"
echo "drafted $draft"
