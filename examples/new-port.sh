#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Sets up the port of a program: scripts that fetch, build and propose, a recovery function, a kill
# test. docs/porting.md goes on from there.
#
#   new-port.sh NAME VERSION FILE [DIRECTORY]
#
#   NAME       of the program and of its Debian source package: letters, digits, _; a letter first
#   VERSION    of the package, e.g. 1.6.18; or "local" for a source tree of your own
#   FILE       a file of the source tree, by which it is known, e.g. Makefile
#   DIRECTORY  to make; default: NAME beside this script
set -euo pipefail
examples=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

die() {
  echo "new-port.sh: $1" >&2
  exit 1
}

[ $# = 3 ] || [ $# = 4 ] || die "usage: new-port.sh NAME VERSION FILE [DIRECTORY]"
name=$1 version=$2 file=$3 directory=${4:-$examples/$1}

[[ $name =~ ^[a-z][a-z0-9_]*$ ]] ||
  die "'$name' is no name for a port: lower-case letters, digits and _ only, a letter first"
[[ $version =~ ^[A-Za-z0-9.+~]+$ ]] || die "'$version' is no version; write the package's, or 'local'"
[[ $file =~ ^[A-Za-z0-9_./+-]+$ ]] || die "'$file' is no name of a file in the source tree"
for shared in upstream_build.sh fetch_source.sh new-port/build.sh ../test/kill/key_value_kill.py; do
  [ -f "$examples/$shared" ] ||
    die "$examples/$shared is missing: run this script in a clone of perdure's repository"
done
[ ! -e "$directory" ] || die "$directory exists already; choose another name or directory"
[ -d "$(dirname "$directory")" ] || die "there is no directory $(dirname "$directory")"

mkdir "$directory"
directory=$(cd "$directory" && pwd)
# A port beside the others finds the shared scripts from where it lies.
shared=$examples kill_tests="\"$(dirname "$examples")/test/kill\""
if [ "$(dirname "$directory")" = "$examples" ]; then
  shared='$here/..'
  kill_tests='os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../test/kill")'
fi
for template in "$examples"/new-port/*; do
  [ "$version" != local ] || [ "$(basename "$template")" != fetch.sh ] || continue
  target=$directory/$(basename "$template" | sed "s/^NAME/$name/")
  sed -e "s|@NAME@|$name|g" -e "s|NAME_recover|${name}_recover|g" \
    -e "s|@VERSION@|$version|g" -e "s|@FILE@|$file|g" \
    -e "s|@EXAMPLES@|$shared|g" -e "s|@KILL_TESTS@|$kill_tests|g" "$template" >"$target"
  case $target in *.sh) chmod +x "$target" ;; esac
done

echo "made $directory; next:"
[ "$version" != local ] || echo "  export ${name^^}_SOURCE=/path/to/the/source/tree"
[ "$version" = local ] || echo "  $directory/fetch.sh"
echo "  $directory/propose.sh        # drafts $name.port.yaml; read and edit it: docs/porting.md"
echo "  $directory/build.sh          # plain and durable"
echo "  $directory/run.sh            # kills both, and says what they lost"
