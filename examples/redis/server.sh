# SPDX-License-Identifier: Apache-2.0
#
# Sourced by run.sh and benchmark.sh: one server at a time, on a free port of the loopback interface.
# REQUIRES: $out, where build.sh put the servers.
server=
exec {silence}<> <(:) # never readable, never at its end
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')

stop() {
  [ -z "$server" ] || kill -9 "$server" 2>/dev/null || true
  wait 2>/dev/null || true
}

cli() { "$out/plain/src/redis-cli" -p "$port" "$@"; }
now_ms() { date +%s%3N; }

# Whether the server answers a command that needs the data. By the shell itself: to start a client takes
# longer than the server may.
answers() {
  local reply=
  { exec 3<>"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null || return 1
  printf 'EXISTS x\r\n' >&3
  IFS= read -r reply <&3 || true
  exec 3>&-
  [ "$reply" = $':0\r' ]
}

# start KIND DIRECTORY OPTION...: KIND is plain, or durable, which has its pool in DIRECTORY, with
# $pool_options. Sets started_ms: from the start to the first reply that is not "loading".
start() {
  local kind=$1 directory=$2 begun
  shift 2
  mkdir -p "$directory"
  [ "$kind" = plain ] || export PERDURE_POOL=$directory/pool,size=16G${pool_options:-}
  begun=$(now_ms)
  "$out/$kind/src/redis-server" --port "$port" --bind 127.0.0.1 --dir "$directory" --save "" \
    --enable-debug-command yes --logfile "$directory/log" "$@" &
  server=$!
  unset PERDURE_POOL
  until answers; do
    kill -0 "$server" 2>/dev/null || { cat "$directory/log" >&2; exit 1; }
    read -rt 0.001 -u "$silence" || true # sleeps, without a process
  done
  started_ms=$(($(now_ms) - begun))
}

# requests_per_second COMMAND CLIENTS DEPTH COUNT: of COUNT requests for 100,000 keys, values of $size bytes.
requests_per_second() {
  "$out/plain/src/redis-benchmark" -p "$port" -d "${size:-100}" -r 100000 -t "$1" -c "$2" -P "$3" \
    -n "$4" --csv | sed -n 's/^"[A-Z]*","\([0-9.]*\)".*/\1/p'
}

crash() {
  kill -9 "$server"
  { wait "$server" || true; } 2>/dev/null
  server=
}
