# SPDX-License-Identifier: Apache-2.0
#
# What the examples' run.sh have in common; they source it. Builds a program twice, plain and durable
# (with "build" as first argument that is all), then offers start and crash.
#
# Expects: here (the example's directory), program (its name), variable (CC or CXX). Sets: bin, out,
# plain_compiler, work (a directory, removed at exit), server (process id).
root=$(cd "$here/../.." && pwd)
bin=${PERDURE_BIN:-$root/build/release/bin}
out=${OUT:-$root/build/examples/$program}
case $variable in
CC) plain_compiler=${CC:-cc} durable_compiler=$bin/perdure-clang ;;
CXX) plain_compiler=${CXX:-c++} durable_compiler=$bin/perdure-clang++ ;;
esac

if [ ! -x "$durable_compiler" ]; then
  echo "run.sh: no $durable_compiler; build it: cmake --preset release && cmake --build --preset release" >&2
  exit 1
fi
# Objects of an older plugin are out of date, which make does not know.
[ ! "$bin/../lib/perdure.so" -nt "$out/durable/$program" ] || rm -rf "$out/durable"
make -s -C "$here" B="$out/plain" "$variable=$plain_compiler"
make -s -C "$here" B="$out/durable" "$variable=$durable_compiler"
[ "${1:-}" != build ] || exit 0

work=$(mktemp -d)
server=
stop() {
  [ -z "$server" ] || kill -9 "$server" 2>/dev/null || true
  wait 2>/dev/null || true
}
trap 'stop; rm -rf "$work"' EXIT

# start NAME: starts the server of that name in the background and connects descriptor 3 to it.
start() {
  : >"$work/log"
  "$out/$1/$program" --port 0 >"$work/log" 2>&1 &
  server=$!
  for _ in $(seq 200); do
    grep -q "listening on" "$work/log" && break
    kill -0 "$server" 2>/dev/null || break
    sleep 0.02
  done
  if ! grep -q "listening on" "$work/log"; then
    echo "run.sh: $out/$1/$program did not start: $(cat "$work/log")" >&2
    exit 1
  fi
  exec 3<>"/dev/tcp/127.0.0.1/$(sed -n 's/.*listening on .*://p' "$work/log")"
}

crash() {
  kill -9 "$server"
  wait "$server" 2>/dev/null || true
  exec 3>&-
  server=
}
