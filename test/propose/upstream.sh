#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# How much of the finished port files of memcached and Redis their drafts name, against a minimum; and
# whether the program builds with its draft as it stands.
#
#   upstream.sh memcached|redis     examples/NAME/fetch.sh has put the source in build/NAME
#
# PERDURE_BIN: where the tools are; OUT: where to build.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
bin=${PERDURE_BIN:-$root/build/release/bin}
name=${1:?usage: upstream.sh memcached|redis}
out=${OUT:-$root/build/$name}
unset PERDURE_PORT PERDURE_PROPOSE

# What to make of it, which types last, and least shares (%) of entries proposed and named.
case $name in
memcached) program=memcached place=. keep=(_stritem) proposed=75 named=90 ;;
redis) program=redis-server place=src keep=(redisDb redisObject) proposed=15 named=18 ;;
*)
  echo "upstream.sh: there are memcached and redis, no '$name'" >&2
  exit 2
  ;;
esac

# compare OPTION...: the draft with these options against the port file.
compare() {
  "$bin/perdure" propose "$@" "$out/propose/$place/$program" >"$out/draft.yaml"
  echo "== $name, perdure propose $*: $(grep -c '^ *- ' "$out/draft.yaml") entries proposed in all"
  python3 "$here/coverage.py" "$out/draft.yaml" "$root/examples/$name/$name.port.yaml" \
    --proposed "$proposed" --named "$named"
}

bash "$root/examples/$name/build.sh" "$out" propose
keep_options=()
for type in "${keep[@]}"; do keep_options+=(--keep "$type"); done
compare
compare "${keep_options[@]}"

cd "$out/propose/$place"
rm -f ./*.o "$program"
flags=(CC="$bin/perdure-clang" CFLAGS=-O0)
[ "$name" != redis ] ||
  flags=(CC="$bin/perdure-clang" MALLOC=libc OPTIMIZATION=-O0 USE_SYSTEMD=no BUILD_TLS=no)
if ! PERDURE_PORT=$out/draft.yaml make -j"$(nproc)" "${flags[@]}" "$program" >accepted.log 2>&1; then
  { grep -E "error" accepted.log || tail -n 20 accepted.log; } | head -n 20 >&2
  echo "upstream.sh: $name does not build with its draft; see $PWD/accepted.log" >&2
  exit 1
fi
echo "$program builds with the draft as its port file"
