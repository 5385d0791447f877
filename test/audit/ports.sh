#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Audits the ported programs (docs/audit.md): kill tests of kv, inventory and redis, a load on
# memcached, and memcached's and redis's own tests. Any missed store or dangling pointer is a failure.
#
#   ports.sh [PROGRAM...]     kv inventory redis redis_tests memcached upstream; default: all
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
bin=$root/build/release/bin
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Long rounds: what lasts is found, and a killed process does not compare at its exit.
audit_kv() { bash "$root/test/kill/run.sh" kv 5 --round-seconds 2; }
audit_inventory() { bash "$root/test/kill/run.sh" inventory 5 --round-seconds 2; }
audit_redis() { bash "$root/test/kill/run.sh" redis 5 --round-seconds 2; }
audit_memcached() {
  "$bin/memcached_load" --server "$root/build/memcached/durable/memcached" --log "$work/server" \
    --pool "$work/pool,size=16G" --seed 7 throughput --seconds 5 --get-percent 50
}
audit_redis_tests() {
  bash "$root/examples/redis/upstream-tests.sh" --pool \
    unit/type/{hash,list,stream} unit/{keyspace,multi,bitops}
}
audit_upstream() { bash "$root/examples/memcached/upstream-tests.sh" --pool; }

[ $# -gt 0 ] || set -- kv inventory redis redis_tests memcached upstream
for program in "$@"; do
  log=$work/$program.log
  : >"$log"
  status=0
  PERDURE_AUDIT=report,log=$log "audit_$program" || status=$?
  if grep -E "missed store at|dangling pointer at|written by" "$log"; then
    echo "ports.sh: the audit of $program found the places above" >&2
    exit 1
  fi
  [ $status -eq 0 ] || exit $status
  # A killed process prints no sum; where none is killed there must be one.
  case $program in
  memcached | upstream | redis_tests)
    grep -q "audit: 0 missed stores" "$log" || { echo "ports.sh: $program was not audited" >&2; exit 1; }
    ;;
  esac
  echo "audit of $program: 0 missed stores, 0 dangling pointers"
done
