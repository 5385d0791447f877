#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs memcached's own tests (testapp, t/*.t) on the ported binary.
#
#   upstream-tests.sh [--pool] [--plain] [DIRECTORY]
#
#   --pool    each server that a test starts gets a fresh pool; without it they run volatile
#   --plain   test the plain build instead, to compare
#
# Left out are the tests of what is not compiled in: extstore, TLS, the proxy, and of -e, memcached's
# own restart file, which keeps items outside the pool.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
pool= kind=durable directory=$root/build/memcached
for argument in "$@"; do
  case $argument in
  --pool) pool=1 ;;
  --plain) kind=plain ;;
  -*) echo "usage: upstream-tests.sh [--pool] [--plain] [DIRECTORY]" >&2; exit 2 ;;
  *) directory=$argument ;;
  esac
done
directory=$(cd "$directory" && pwd)
source=${MEMCACHED_SOURCE:-$directory/memcached-1.6.18}
built=$directory/$kind

# The tests expect their tree: t/ beside the binaries. A copy, as some of them write there.
work=$(mktemp -d "$directory/tests.XXXXXX")
trap 'rm -rf "$work"' EXIT
cp -r "$source/t" "$source/scripts" "$work/"
cp "$built/testapp" "$built/sizes" "$built/timedrun" "$built/config.h" "$work/"
mkdir -p "$work/pools"

# The servers are started through wrappers, which give each a pool of its own. The pool goes when the
# server does: a process waits for its end. A small log, because a new one is written once over and
# some tests give their server no more than two seconds.
for name in memcached memcached-debug; do
  if [ -z "$pool" ]; then
    ln -s "$built/$name" "$work/$name"
    continue
  fi
  cat >"$work/$name" <<WRAPPER
#!/bin/bash
export PERDURE_POOL=$work/pools/\$\$,size=16G,log_size=4M
( exec >/dev/null 2>&1 </dev/null; tail --pid=\$\$ -f /dev/null; rm -rf $work/pools/\$\$ ) &
exec $built/$name "\$@"
WRAPPER
  chmod +x "$work/$name"
done

cd "$work"
unset PERDURE_POOL
echo "testapp ($kind${pool:+, each server with a pool}):"
./testapp >testapp.log 2>&1 || { cat testapp.log; echo "upstream-tests.sh: testapp failed" >&2; exit 1; }
grep -c '^ok' testapp.log | sed 's/$/ passed/'

tests=()
for test in t/*.t; do
  case $test in
  t/*extstore* | t/ssl_* | t/proxy* | t/restart.t) continue ;;
  t/line-lengths.t | t/whitespace.t) continue ;; # about source text
  esac
  tests+=("$test")
done
echo "t/*.t, ${#tests[@]} files:"
# Some count on a second being a second: what fails beside others gets one more chance, alone.
prove -j4 --state=save "${tests[@]}" || {
  echo "upstream-tests.sh: once more, one at a time:"
  prove --state=failed
}
