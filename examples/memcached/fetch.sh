#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Fetches Debian's memcached 1.6.18 source package and unpacks it in a directory outside the
# repository: fetch.sh DIRECTORY; the source tree is then DIRECTORY/memcached-1.6.18.
# Nothing of the machine's own apt state changes: the entries apt already has are copied with type
# deb-src into private lists. apt checks the signatures as always.
# Exit code: 0 unpacked, 3 the sources can't be reached, 1 anything else.
set -euo pipefail

readonly VERSION=1.6.18
readonly UNREACHABLE=3

die() {
  echo "fetch.sh: $2" >&2
  exit "$1"
}

# Copies of the machine's entries, in both of apt's formats, as source entries.
copy_entries() {
  local to=$1 file
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ -f "$file" ] || continue
    sed -n 's/^[[:space:]]*deb[[:space:]]/deb-src /p' "$file" >"$to/parts/$(basename "$file" .list).list"
  done
  for file in /etc/apt/sources.list.d/*.sources; do
    [ -f "$file" ] || continue
    sed 's/^Types:.*/Types: deb-src/' "$file" >"$to/parts/$(basename "$file")"
  done
}

main() {
  [ $# = 1 ] || die 1 "usage: fetch.sh DIRECTORY"
  mkdir -p "$1"
  local directory
  directory=$(cd "$1" && pwd)
  local tree=$directory/memcached-$VERSION
  if [ -f "$tree/memcached.c" ]; then
    echo "$tree"
    return
  fi
  command -v apt-get >/dev/null || die $UNREACHABLE "no apt-get here: Debian's source packages can't be fetched"
  command -v dpkg-source >/dev/null || die 1 "dpkg-source is missing: install the package dpkg-dev (test/setup.sh does)"

  local private=$directory/apt
  mkdir -p "$private/parts" "$private/lists/partial" "$private/cache/archives/partial"
  copy_entries "$private"
  local options=(-q -o "Dir::Etc::sourcelist=/dev/null" -o "Dir::Etc::sourceparts=$private/parts"
    -o "Dir::State::lists=$private/lists" -o "Dir::Cache=$private/cache"
    -o "APT::Sandbox::User=$(id -un)" -o "Acquire::Retries=2" -o "Acquire::http::Timeout=30"
    -o "Acquire::https::Timeout=30")
  local log=$directory/fetch.log
  # A third-party entry without sources makes the update fail; what counts is whether the package is there.
  apt-get "${options[@]}" update >"$log" 2>&1 || true
  local package
  package=$(apt-cache "${options[@]}" showsrc memcached 2>>"$log" |
    sed -n "s/^Version: \(1:\)\{0,1\}\($VERSION-[^ ]*\)/\1\2/p" | head -n 1)
  [ -n "$package" ] ||
    die $UNREACHABLE "the source package memcached $VERSION can't be reached through this machine's apt entries (see $log)"
  (cd "$directory" && apt-get "${options[@]}" source "memcached=$package") >>"$log" 2>&1 ||
    die $UNREACHABLE "downloading the source package memcached $package failed (see $log)"
  [ -f "$tree/memcached.c" ] || die 1 "the package did not unpack to $tree (see $log)"
  echo "$tree"
}

main "$@"
