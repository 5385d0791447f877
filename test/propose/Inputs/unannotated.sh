#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The sources of examples/NAME without their annotations: unannotated.sh NAME DIRECTORY
set -euo pipefail
examples=$(cd "$(dirname "$0")/../../../examples" && pwd)
mkdir -p "$2"
for file in "$examples/$1"/*.{c,cpp,h}; do
  [ ! -f "$file" ] || sed -E 's/PERDURE_[A-Z_]+ //; /perdure\/annotations.h/d' "$file" >"$2/$(basename "$file")"
done
