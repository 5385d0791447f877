#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# examples/kv three ways: instrumented by the plugin, and its ported source built by gcc and by a Clang
# without the plugin. The same commands must leave the same pool, object by object, in as many epochs and
# bytes of log, and each program must go on with the pool of the one before it. Then the
# ported source is killed.
#
#   three_ways.sh [ROUNDS]            ROUNDS of the kill test for each compiler; default 6
#
# PERDURE_BIN: where the tools are; OUT: where to build; CLANG: the second compiler.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
bin=${PERDURE_BIN:-$root/build/release/bin}
out=${OUT:-$root/build/source/kv}
clang=${CLANG:-clang-19}
rounds=${1:-6}
export PERDURE_BIN=$bin

rm -rf "$out"
mkdir -p "$out"
OUT=$out/examples "$root/examples/kv/run.sh" build

# The compile database, as a build system would write it.
python3 - "$root" >"$out/compile_commands.json" <<'PY'
import json, sys
root = sys.argv[1]
directory = root + "/examples/kv"
print(json.dumps([{"directory": directory, "file": name,
                   "arguments": ["cc", "-std=c11", "-D_GNU_SOURCE", "-O2", "-pthread",
                                 "-I", root + "/runtime/include", "-c", name]}
                  for name in ("item.c", "table.c", "lru.c", "store.c", "protocol.c", "server.c")]))
PY
"$bin/perdure-port" -p "$out" -o "$out/text"
# The diff says all of it.
cp -r "$root/examples/kv" "$out/patched"
patch -s -p1 -d "$out/patched" <"$out/text/perdure-port/port.diff"
for file in "$out"/text/*.*; do cmp "$file" "$out/patched/${file##*/}"; done
cp "$root/examples/kv/Makefile" "$out/text"

build() { # COMPILER: with the warnings that the example itself is built with, as errors
  make -s -C "$out/text" CC="$1" B="$out/$1" CPPFLAGS="-I$bin/../include" \
    LDFLAGS="-Wl,--no-as-needed -L$bin/../lib -Wl,-rpath,$bin/../lib -lperdure"
}
build gcc
build "$clang"

# serve PROGRAM POOL COMMAND...: the replies; then the program is killed.
serve() {
  python3 - "$@" <<'PY'
import os, re, signal, socket, subprocess, sys
program, pool, commands = sys.argv[1], sys.argv[2], sys.argv[3:]
server = subprocess.Popen([program, "--port", "0", "--threads", "1"], stdout=subprocess.PIPE, text=True,
                          env=dict(os.environ, PERDURE_POOL=pool + ",size=64M,emulate_pmem"))
try:
    port = int(re.search(r":(\d+)", server.stdout.readline()).group(1))
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        stream = connection.makefile("rwb")
        for command in commands:
            for line in command.split("|"):
                stream.write(line.encode() + b"\r\n")
            stream.flush()
            while True:
                reply = stream.readline().decode().strip()
                print(reply)
                if not reply.startswith("VALUE"):
                    break
                stream.readline()
finally:
    server.send_signal(signal.SIGKILL)
    server.wait()
PY
}

# 300 items of growing size, replaced, counted, deleted: buckets are split, blocks of all sizes freed.
commands=()
value=x
for i in $(seq 300); do
  commands+=("set key$i $i 0 ${#value}|$value")
  [ $((i % 3)) -ne 0 ] || value+=xyz
  [ $((i % 4)) -ne 0 ] || commands+=("delete key$((i / 2))")
  [ $((i % 5)) -ne 0 ] || commands+=("set n 0 0 1|9" "incr n $i" "get key$((i - 1))")
done
# Last an update that is waited for: with it the relaxed ones before it become durable.
commands+=("check" "set last 0 0 1|x")

programs=("$out/examples/durable/kv" "$out/gcc/kv" "$out/$clang/kv")
number=0
for program in "${programs[@]}"; do
  number=$((number + 1))
  # Again if it took so long that a checkpoint gave log back, which is counted below.
  for try in 1 2 3 4 5; do
    rm -rf "$out/pool$number"
    serve "$program" "$out/pool$number" "${commands[@]}" >"$out/replies$number"
    "$bin/perdure" info --json "$out/pool$number" >"$out/info$number"
    ! grep -q '"checkpointed_epoch": 0,' "$out/info$number" || break
  done
  "$bin/perdure" check "$out/pool$number" >/dev/null
  "$bin/perdure" dump "$out/pool$number" >"$out/dump$number"
done
for other in 2 3; do
  for what in replies dump; do
    if ! diff -u "$out/${what}1" "$out/$what$other" >"$out/$what.diff"; then
      echo "three_ways.sh: ${programs[$((other - 1))]} left another state than ${programs[0]}: see $out/$what.diff" >&2
      exit 1
    fi
  done
done
grep -q '^SOUND' "$out/replies1"
# Each reply is waited for, so an update is an epoch. What the text cannot merge or narrow as the plugin
# does (docs/source_mode.md, "Different from the instrumented build") is not in this program.
python3 - "$out" <<'PY'
import json, sys
builds = ["instrumented", "gcc", "Clang"]
infos = [json.load(open(f"{sys.argv[1]}/info{number}")) for number in (1, 2, 3)]
assert all(info["checkpointed_epoch"] == 0 for info in infos), "the log does not begin with the first epoch"
for build, info in zip(builds, infos):
    print(f"{build}: {info['last_epoch']} epochs, {info['log_used']} bytes of log")
for build, info in zip(builds[1:], infos[1:]):
    for what in ("last_epoch", "log_used"):
        ratio = info[what] / infos[0][what]
        if not 0.95 <= ratio <= 1.05:
            sys.exit(f"three_ways.sh: {build} has {ratio:.2f} times the {what} of the instrumented build")
PY
echo "kv: 3 builds, $(wc -l <"$out/replies1") replies and $(wc -l <"$out/dump1") lines of dump, the same"

# Identities hold across the builds: each goes on with the last one's pool.
for program in "${programs[@]:1}" "${programs[0]}"; do
  serve "$program" "$out/pool1" "incr n 1" "check" >"$out/replies"
  grep -q '^SOUND' "$out/replies" || { echo "three_ways.sh: $program cannot go on with pool1" >&2; exit 1; }
done
echo "kv: each build goes on with the pool of another"

for compiler in gcc "$clang"; do
  python3 "$root/test/kill/kv_kill.py" "$out/$compiler/kv" --perdure "$bin/perdure" --rounds "$rounds"
done
