#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# From a fresh clone to a database that survives kill -9, on Debian 12:
#   installs what is missing, builds perdure, fetches memcached, compiles it unmodified, loads it over
#   real connections, kills it in the middle, starts it again, and looks for every acknowledged item.
# Where Debian's sources can't be reached it shows the same with the bundled examples/kv.
#
# ITEMS: how many to acknowledge before the kill (default 200000).
set -euo pipefail
cd "$(dirname "$0")/.."
items=${ITEMS:-200000}
out=$PWD/build/memcached
mkdir -p build

# Long steps keep their output in a file and show its end if they fail.
step() {
  local what=$1 log=build/quickstart.log start=$SECONDS
  shift
  printf '%-52s' "$what ..."
  if ! "$@" >"$log" 2>&1; then
    echo "failed"
    tail -n 30 "$log" >&2
    exit 1
  fi
  echo "$((SECONDS - start)) s"
}

build_perdure() {
  cmake --preset release && nice cmake --build --preset release
}

bash test/setup.sh
step "Building the compiler plugin and the runtime" build_perdure
bin=$PWD/build/release/bin

printf '%-52s' "Fetching memcached 1.6.18 (source package) ..."
fetched=0
bash examples/memcached/fetch.sh "$out" >build/quickstart.log 2>&1 || fetched=$?
if [ "$fetched" = 3 ]; then
  echo "not reachable"
  cat build/quickstart.log >&2
  echo "Showing the same with examples/kv instead."
  exec bash examples/kv/run.sh
elif [ "$fetched" != 0 ]; then
  echo "failed"
  cat build/quickstart.log >&2
  exit 1
fi
echo "done"
step "Compiling it unmodified, plain and with perdure" bash examples/memcached/build.sh "$out"

work=$out/quickstart
rm -rf "$work"
mkdir -p "$work"
trap 'rm -rf "$work"' EXIT
load() {
  local server=$1
  shift
  "$bin/memcached_load" --server "$out/$server/memcached" --log "$work/server.log" "$@"
}
# value NAME FILE
value() { sed -n "s/^$1 //p" "$2"; }

echo "Storing items over 4 connections, kill -9 in the middle, restart:"
good=0
load durable --pool "$work/pool" survive --items "$items" --connections 4 >"$work/survive" || good=1
step "Throughput of both, 32 connections, 90 % get" bash -c "
  $(declare -f load)
  bin='$bin' out='$out' work='$work'
  load plain throughput --seconds 4 >'$work/plain'
  load durable --pool '$work/speed' throughput --seconds 4 >'$work/durable'"

if [ -z "$(value acknowledged "$work/survive")" ] || [ -z "$(value found "$work/survive")" ]; then
  cat "$work/survive" >&2
  exit 1
fi
plain=$(value ops_per_s "$work/plain") durable=$(value ops_per_s "$work/durable")
cat <<TABLE

  acknowledged before kill -9    $(value acknowledged "$work/survive")
  found after the restart        $(value found "$work/survive")
  lost                           $(value lost "$work/survive")
  wrong value                    $(value wrong "$work/survive")
  restart to first answer        $(value restart_ms "$work/survive") ms
  throughput, plain memcached    $plain requests/s
  throughput, durable            $durable requests/s ($(awk "BEGIN {printf \"%.2f\", $durable / $plain}") of it)

TABLE
if [ "$good" != 0 ]; then
  echo "quickstart.sh: the check FAILED; the server's last words:" >&2
  tail -n 5 "$work/server.log" >&2
  exit 1
fi
"$bin/perdure" info "$work/pool" 2>/dev/null | sed 's/^/  /' || true
