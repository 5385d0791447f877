#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Compiles unmodified @NAME@ twice, with the same flags: plain, and with perdure-clang, the port file
# and the recovery function.
#
#   build.sh [DIRECTORY] [propose]
#
# Results: DIRECTORY/plain and DIRECTORY/durable, each with @NAME@. With "propose": DIRECTORY/propose
# alone, compiled to be read by perdure propose. PERDURE_BIN: where the tools are; @NAME@_SOURCE, in
# capitals: a source tree from elsewhere.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "@EXAMPLES@/upstream_build.sh"
find_tools @NAME@-@VERSION@ @FILE@ "${1:-}"

# How the program is built with the compiler $1; more is linked to it with the arguments after that.
# TODO: its own configure script, targets and flags.
compile() {
  local compiler=$1
  shift
  logged make.log make -j"$jobs" CC="$compiler" "$@" @NAME@
}

copy_source() {
  [ -d "$directory/$1" ] || cp -a "$source" "$directory/$1"
  cd "$directory/$1"
}

build_plain() {
  copy_source plain
  compile clang-19
}

# The recovery function is compiled like the rest and added to the link.
build_durable() {
  copy_source durable
  export PERDURE_PORT=$here/@NAME@.port.yaml
  logged recover.log "$bin/perdure-clang" -std=gnu11 -O2 -g -Wall -I. -c "$here/@NAME@_recover.c" \
    -o @NAME@_recover.o
  # TODO: the variable of its makefile that adds an object to the link.
  compile "$bin/perdure-clang" OBJECTS="$PWD/@NAME@_recover.o"
}

build_proposal() {
  rm -rf "$directory/propose"
  copy_source propose
  unset PERDURE_PORT
  export PERDURE_PROPOSE=1
  compile "$bin/perdure-clang"
}

if [ "${2:-}" = propose ]; then
  (build_proposal)
  exit 0
fi
if [ ! -f "$here/@NAME@.port.yaml" ]; then
  echo "build.sh: there is no $here/@NAME@.port.yaml; run propose.sh, which drafts one" >&2
  exit 1
fi
(build_plain)
drop_outdated "$here"/*.c "$here/@NAME@.port.yaml"
(build_durable)
echo "$stamp" >"$directory/durable.stamp"
echo "built $directory/plain/@NAME@ and $directory/durable/@NAME@"
