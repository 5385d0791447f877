# SPDX-License-Identifier: Apache-2.0
#
# What the fetch.sh of the ported programs have in common; they source it. Fetches the Debian source
# package of an upstream program and unpacks it in a directory outside the repository.
# Nothing of the machine's own apt state changes: the entries apt already has are copied with type
# deb-src into private lists. apt checks the signatures as always.
#
# fetch_source PACKAGE VERSION FILE DIRECTORY: the source tree is then DIRECTORY/PACKAGE-VERSION; FILE
# is a file of it. Exit code: 0 unpacked, 3 the sources can't be reached, 1 anything else.
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

fetch_source() {
  [ $# = 4 ] || die 1 "usage: fetch.sh DIRECTORY"
  local name=$1 version=$2 file=$3
  mkdir -p "$4"
  local directory
  directory=$(cd "$4" && pwd)
  local tree=$directory/$name-$version
  if [ -f "$tree/$file" ]; then
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
  package=$(apt-cache "${options[@]}" showsrc "$name" 2>>"$log" |
    sed -n "s/^Version: \([0-9]*:\)\{0,1\}\($version-[^ ]*\)/\1\2/p" | sort -V | tail -n 1)
  [ -n "$package" ] ||
    die $UNREACHABLE "the source package $name $version can't be reached through this machine's apt entries (see $log)"
  (cd "$directory" && apt-get "${options[@]}" source "$name=$package") >>"$log" 2>&1 ||
    die $UNREACHABLE "downloading the source package $name $package failed (see $log)"
  [ -f "$tree/$file" ] || die 1 "the package did not unpack to $tree (see $log)"
  echo "$tree"
}
