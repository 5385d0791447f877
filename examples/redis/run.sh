#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Redis 7.0.15 that survives kill -9: fetches its source, compiles it twice, loads a data set of all
# types, kills the server under pipelined writes, and compares digests. Then the time to restart beside
# RDB and AOF, and throughput beside no persistence and both kinds of AOF.
#
#   run.sh [KEYS]     default 500000
#
# PERDURE_BIN: where the tools are; OUT: where to build; POOLS: a directory on the file system to
# measure (default: OUT); REQUESTS: of each throughput figure.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=${OUT:-$root/build/redis}
keys=${1:-500000}
requests=${REQUESTS:-200000}

bash "$here/fetch.sh" "$out" >/dev/null
bash "$here/build.sh" "$out"
work=$(mktemp -d "${POOLS:-$out}/run.XXXXXX")
source "$here/server.sh"
trap 'stop; rm -rf "$work"' EXIT

# A data set of all types, of which one key in two is a string; the same for the same number.
load() {
  python3 - "$keys" <<'PYTHON' | cli --pipe | tail -n 1
import random, sys
random.seed(7)
def say(*words):
    words = [str(word) for word in words]
    sys.stdout.write("*%d\r\n" % len(words) + "".join(f"${len(w)}\r\n{w}\r\n" for w in words))
for i in range(int(sys.argv[1])):
    kind = random.randrange(14)
    if kind < 7:
        say("SET", f"string:{i}", "v" * random.choice((10, 60, 100, 300)))
    elif kind == 7:
        say("SET", f"number:{i}", random.randrange(20000), "EX", 100000 + i)
    elif kind == 8:
        say("RPUSH", f"list:{i}", *range(random.randrange(1, 40)))
    elif kind == 9:
        say("SADD", f"set:{i}", *(random.randrange(10**6) for _ in range(random.randrange(1, 20))))
    elif kind == 10:
        say("HSET", f"hash:{i}", *range(2 * random.randrange(1, 20)))
    elif kind == 11:
        say("ZADD", f"zset:{i}", *(random.randrange(1000) for _ in range(2 * random.randrange(1, 20))))
    elif kind == 12:
        say("XADD", f"stream:{i}", "1-1", "field", i)
    else:
        say("PFADD", f"hll:{i}", i, i + 1)
PYTHON
}

echo "== $keys keys of all types, loaded into the ported server"
start durable "$work/pool"
load
before=$(cli debug digest)
echo "digest $before, $(cli dbsize) keys"

echo "== kill -9 under pipelined writes"
# In database 1, so that the digest of database 0's keys can be held against the one from before.
python3 "$here/acknowledged.py" "$port" "$server" >"$work/acknowledged"
{ wait "$server" || true; } 2>/dev/null
server=
cat "$work/acknowledged"
start durable "$work/pool"
pool_ms=$started_ms
cli -n 1 get counter | sed 's/^/after the restart the counter is /'
counter=$(cli -n 1 get counter)
read -r acknowledged sent < <(sed -n 's/^acknowledged \([0-9]*\), sent \([0-9]*\)$/\1 \2/p' "$work/acknowledged")
if [ "$counter" -lt "$acknowledged" ] || [ "$counter" -gt "$sent" ] ||
  [ "$(cli -n 1 llen list)" != "$counter" ]; then
  echo "run.sh: acknowledged updates are lost" >&2
  exit 1
fi
cli -n 1 flushdb >/dev/null
after=$(cli debug digest)
if [ "$before" != "$after" ]; then
  echo "run.sh: the digest after the restart is $after" >&2
  exit 1
fi
echo "digest $after: the same"
crash
rm -rf "$work/pool"

echo "== time to the first reply after kill -9, $keys keys"
start plain "$work/rdb"
load >/dev/null
cli save >/dev/null
crash
start plain "$work/rdb"
rdb_ms=$started_ms
crash
start plain "$work/aof" --appendonly yes --appendfsync no
load >/dev/null
sleep 1
crash
start plain "$work/aof" --appendonly yes
aof_ms=$started_ms
crash
echo "pool $pool_ms ms, RDB $rdb_ms ms, AOF $aof_ms ms"

# throughput KIND OPTION...
throughput() {
  rm -rf "$work/speed"
  start "$1" "$work/speed" "${@:2}"
  for load in "1 1 $((requests / 10))" "50 1 $requests" "50 16 $((requests * 4))"; do
    read -r clients depth count <<<"$load"
    for command in set get; do
      printf '%.0f ' "$(requests_per_second "$command" "$clients" "$depth" "$count")"
    done
  done
  crash
}
echo "== requests/s, 100-byte values: 1 client SET GET, 50 clients SET GET, 50 clients pipelined 16 SET GET"
echo "volatile        $(throughput plain)"
echo "pool            $(throughput durable)"
echo "AOF everysec    $(throughput plain --appendonly yes --appendfsync everysec)"
echo "AOF always      $(throughput plain --appendonly yes --appendfsync always)"
