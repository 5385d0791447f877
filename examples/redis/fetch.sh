#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Fetches Debian's Redis 7.0.15 source package and unpacks it in a directory outside the
# repository: fetch.sh DIRECTORY; the source tree is then DIRECTORY/redis-7.0.15.
# Exit code: 0 unpacked, 3 the sources can't be reached, 1 anything else.
set -euo pipefail
. "$(dirname "$0")/../fetch_source.sh"
fetch_source redis 7.0.15 src/server.c "$@"
