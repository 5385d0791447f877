#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Ports test/propose/Inputs/phonebook as docs/porting.md says, step by step, and checks each: skeleton, draft,
# edits, audit (which must find the pointer that the draft leaves out), kill test.
#
#   port_phonebook.sh [ROUNDS]     default 10
#
# PERDURE_BIN: where the tools are; OUT: where to build.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
export PERDURE_BIN=${PERDURE_BIN:-$root/build/release/bin}
export OUT=${OUT:-$root/build/phonebook} PHONEBOOK_SOURCE=$here/Inputs/phonebook
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
port=$work/phonebook
unset PERDURE_POOL PERDURE_AUDIT PERDURE_PORT PERDURE_PROPOSE
rm -rf "$OUT"

die() {
  echo "port_phonebook.sh: $1" >&2
  exit 1
}

# audit LOG: runs the durable build under audit with two entries made, and ends it in order.
audit() {
  PERDURE_AUDIT=report,log=$1 PERDURE_POOL=$work/audit.pool \
    python3 "$here/Inputs/speak.py" "$OUT/durable/phonebook" "PUT alice 1234" "PUT bob 5678" "GET alice"
  rm -rf "$work/audit.pool"
}

echo "== skeleton and draft"
"$root/examples/new-port.sh" phonebook local phonebook.c "$port"
"$port/propose.sh"

echo "== the edits"
# Sessions end with the process; the seed, the clock and the table stay.
sed -i -e '/sessions_open/d' -e '/sessions_lock/d' "$port/phonebook.port.yaml"
sed -i 's/^# recovery: {function: NAME, before: \(.*\)}/recovery: {function: phonebook_recover, before: \1}/' \
  "$port/phonebook.port.yaml"
cp "$here/Inputs/phonebook_recover.c" "$port/phonebook_recover.c"
"$port/build.sh" "$OUT"

echo "== the audit finds what the draft left out"
audit "$work/first.log"
grep -q "dangling pointer.*libc heap" "$work/first.log" ||
  die "the audit did not find the numbers outside of the pool: $(cat "$work/first.log")"
grep "dangling pointer" "$work/first.log" | head -n 1
sed -i 's/^    # - \(phonebook.c:copy_all\)/    - \1/' "$port/phonebook.port.yaml"
"$port/build.sh" "$OUT"
audit "$work/second.log"
if grep -E "missed store at|dangling pointer in" "$work/second.log"; then
  die "the audit still finds something"
fi
tail -n 1 "$work/second.log"

echo "== the kill test"
"$port/run.sh" "${1:-10}" --clients 4
