#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Fetches Debian's @NAME@ @VERSION@ source package and unpacks it in a directory outside of the
# sources: fetch.sh [DIRECTORY], default: build/@NAME@; the tree is then DIRECTORY/@NAME@-@VERSION@.
# Exit code: 0 unpacked, 3 the sources can't be reached, 1 anything else.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "@EXAMPLES@/fetch_source.sh"
fetch_source @NAME@ @VERSION@ @FILE@ "${1:-@EXAMPLES@/../build/@NAME@}"
