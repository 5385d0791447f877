#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Runs files of Redis's own test suite (runtest) on the ported binary.
#
#   upstream-tests.sh [--pool [--pools DIRECTORY]] [--plain] [--all] [--directory DIRECTORY] [FILE...]
#
#   --pool    each server that a test starts gets a pool, which a restart continues; without it they
#             run volatile
#   --pools   where to make the pools; default: /dev/shm, because the suite waits for each reply, and
#             thus for the device, some hundred thousand times
#   --plain   test the plain build instead, to compare
#   --all     all files, half an hour with pools; default: a fast choice of those that handle data
#   FILE      as runtest knows it, such as unit/type/hash
#
# upstream-excluded.txt lists what is left out, with the reasons.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
pool= all= pools=/dev/shm kind=durable directory=$root/build/redis files=()
while [ $# -gt 0 ]; do
  case $1 in
  --pool) pool=1 ;;
  --pools) pools=$2; shift ;;
  --plain) kind=plain ;;
  --all) all=1 ;;
  --directory) directory=$2; shift ;;
  -*) echo "usage: upstream-tests.sh [--pool [--pools DIRECTORY]] [--plain] [--all] [--directory DIRECTORY] [FILE...]" >&2; exit 2 ;;
  *) files+=("$1") ;;
  esac
  shift
done
directory=$(cd "$directory" && pwd)
built=$directory/$kind

# excluded WHAT: the names of the files or tests that are left out here.
excluded() {
  sed -n "s/^always $1 \(.*\) -- .*/\1/p" "$here/upstream-excluded.txt"
  [ -z "$pool" ] || sed -n "s/^pool $1 \(.*\) -- .*/\1/p" "$here/upstream-excluded.txt"
}

if [ ${#files[@]} -eq 0 ] && [ -z "$all" ]; then
  files=(
    unit/type/{string,incr,hash,set,zset,list,stream,stream-cgroups} unit/{keyspace,scan,expire,multi}
    unit/{bitops,bitfield,scripting,functions,other,lazyfree,protocol,auth}
  )
elif [ ${#files[@]} -eq 0 ]; then # as test_helper.tcl lists them
  mapfile -t files < <(sed -n 's/^ *\(\(unit\|integration\)\/[^ ]*\)$/\1/p' "$built/tests/test_helper.tcl" |
    grep -vxF -f <(excluded file))
fi

# The tests expect their tree: tests/ beside src/.
work=$(mktemp -d "$directory/tests.XXXXXX")
[ -z "$pool" ] || pools=$(mktemp -d "$pools/redis-pools.XXXXXX")
trap 'rm -rf "$work" ${pool:+"$pools"}' EXIT
cp -r "$built/tests" "$built/runtest" "$built/redis.conf" "$built/sentinel.conf" "$work/"
mkdir "$work/src"
for name in redis-cli redis-benchmark; do
  ln -s "$built/src/$name" "$work/src/$name"
done
for name in redis-check-aof redis-check-rdb redis-sentinel; do # the server, by another name
  ln -s "$built/src/redis-server" "$work/src/$name"
done
if [ -z "$pool" ]; then
  ln -s "$built/src/redis-server" "$work/src/redis-server"
else
  cat >"$work/src/redis-server" <<WRAPPER
#!/bin/bash
if [ -f "\$1" ]; then
  dir=\$(sed -n 's/^dir //p' "\$1" | tr -d '"' | tail -n 1)
  if [ -n "\$dir" ]; then
    mkdir -p "$pools/\$dir"
    export PERDURE_POOL=$pools/\$dir/pool,size=16G,log_size=16M
  fi
fi
exec $built/src/redis-server "\$@"
WRAPPER
  chmod +x "$work/src/redis-server"
fi
excluded test >"$work/skip"

# A file that hangs, or fails, may leave its servers.
end_servers() {
  local link process
  for link in /proc/[0-9]*/cwd; do
    case $(readlink "$link") in
    "$work"/*) process=${link#/proc/} && kill -9 "${process%/cwd}" ;;
    esac
  done 2>/dev/null
  [ -z "$pool" ] || rm -rf "${pools:?}"/*
}

cd "$work"
unset PERDURE_POOL
echo "runtest ($kind${pool:+, each server with a pool in $pools}), ${#files[@]} files:"
failed=() passed=0 oks=0
for file in "${files[@]}"; do
  log=$directory/runtest.log start=$SECONDS
  if timeout -s KILL 600 ./runtest --single "$file" --clients 1 --tags -large-memory --skipfile skip >"$log" 2>&1; then
    ok=$(grep -aEc '\[(.\[[0-9;]*m)?ok' "$log") || true
    passed=$((passed + 1)) oks=$((oks + ok))
    echo "passed  $file  $ok ok, $((SECONDS - start)) s"
  else
    failed+=("$file")
    echo "FAILED  $file"
    grep -aE "\[(err|exception)\]|\[.\[[0-9;]*m(err|exception)|Expected|assertion|TIMEOUT" "$log" | head -n 5
    cp "$log" "$directory/$(basename "$file").log"
  fi
  end_servers
done
echo "$passed files passed, $oks tests ok, $SECONDS s"
[ ${#failed[@]} -eq 0 ] || { echo "upstream-tests.sh: failed: ${failed[*]}" >&2; exit 1; }
