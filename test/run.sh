#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Sets up, builds, and runs every test. Usage: test/run.sh [STEP ...]   (no step: all of them)
#
#   build      release build of plugin, runtime and tools; format check
#   unit       unit tests of the runtime (GoogleTest)
#   crash      power cuts on simulated storage; each durability step dropped
#   sanitize   the same under ASan and UBSan
#   tsan       its concurrent parts under ThreadSanitizer
#   fuzz       hostile pools: corpus replayed, each target fuzzed for some seconds (libFuzzer)
#   lit        plugin: diagnostics, IR rules, run tests over all -O levels
#   llvm16     the same suites with the plugin built for Clang 16
#   examples   examples/kv and examples/inventory: demonstration and kill tests
#   source     programs ported as source, built by gcc and by Clang without the plugin
#   porting    a program ported from skeleton and draft to a kill test; drafts for memcached and Redis
#   bench      the benchmarks, for what they compute: structures, stores, costs; nothing is timed
#   backup     backups of examples/kv under load, each restored and checked
#   memcached  unmodified memcached: kill test, upstream's own tests with and without a pool
#   redis      unmodified Redis: kill test, files of upstream's own tests with and without a pool
#   linear     histories of concurrent clients across kills are linearizable: kv and memcached
#   fault      every call on a pool file, of allocation, thread and descriptor made to fail; memory,
#              descriptors, file sizes and disk space run out; signals at any instruction of a commit
#   audit      the ported programs and those of test/run under audit: no missed store, no dangling pointer
#
# Output of each step goes to build/test-logs/STEP.log; a failed step prints the end of it.
# PERDURE_KILLS: kills of each program (60).
set -uo pipefail
cd "$(dirname "$0")/.."

export PATH="$PWD/build/release/bin:$PATH"
logs=build/test-logs
jobs=$(nproc)
kills=${PERDURE_KILLS:-60} # of each program
lit=(python3 /usr/lib/llvm-19/build/utils/lit/lit.py -j"$jobs")

step_build() {
  bash test/setup.sh &&
    cmake --preset release && cmake --build --preset release -j"$jobs" &&
    git ls-files {runtime,clang-plugin,examples,bench,test/{kill,linear,crash,fault,fuzz,propose/Inputs}}/'*.'{c,cpp,h} |
    xargs clang-format-19 --dry-run -Werror
}

step_unit() { ctest --test-dir build/release --output-on-failure -j"$jobs"; }

step_crash() {
  build/release/bin/perdure-crash --mutations && build/release/bin/perdure-crash --seconds 40 &&
    build/release/bin/structures_crash_broken --seconds 20 --expect-failure &&
    build/release/bin/structures_crash --seconds 20
}

# The builds of the steps that follow it, which make and report what is missing.
build_sanitize() { cmake --preset asan && cmake --build --preset asan -j"$jobs" --target perdure-unit linear_unit; }
build_tsan() { cmake --preset tsan && cmake --build --preset tsan -j"$jobs" --target perdure-unit-concurrent; }
build_fuzz() { cmake --preset fuzz && cmake --build --preset fuzz -j"$jobs" --target perdure-fuzz; }
# Its own plugin and drivers; runtime library and tool are those of the release build.
build_llvm16() {
  cmake --preset llvm-16 -DPERDURE_RUNTIME_TREE="$PWD/build/release" &&
    cmake --build --preset llvm-16 -j"$jobs"
}

step_sanitize() {
  build_sanitize &&
    ctest --test-dir build/asan --output-on-failure -j"$jobs"
}

step_tsan() {
  build_tsan &&
    # A forked child that starts threads is beyond TSan: it forgets the parent's.
    (cd build/tsan && bin/perdure-unit-concurrent --gtest_filter='-*AForkedChildCanStartAgain*')
}

step_fuzz() { build_fuzz && bash test/fuzz/run.sh 12; }

step_lit() { "${lit[@]}" -sv build/release/test; }

step_llvm16() { build_llvm16 && "${lit[@]}" -sv build/llvm-16/test; }

step_examples() {
  bash examples/kv/run.sh && bash examples/inventory/run.sh &&
    bash test/kill/run.sh kv "$kills" && bash test/kill/run.sh inventory "$kills"
}

step_source() {
  bash test/source/three_ways.sh 6 && "${lit[@]}" -sv build/release/test --param source=gcc || return 1
  [ ! -x build/memcached/durable/memcached ] || bash test/source/memcached.sh 5 gcc
}

step_porting() {
  bash test/propose/port_phonebook.sh 20 || return 1
  local name
  for name in memcached redis; do
    [ ! -d "$(echo build/$name/$name-*/)" ] || bash test/propose/upstream.sh "$name" || return 1
  done
}

step_bench() { bash bench/run.sh --quick; }

step_backup() {
  bash examples/kv/run.sh build &&
    python3 test/kill/kv_backup.py build/examples/kv/durable/kv --rounds 20 --clients 4
}

# with_source NAME COMMAND: COMMAND, with the source of NAME in build/NAME; nothing if nobody can reach it.
with_source() {
  bash "examples/$1/fetch.sh" "build/$1"
  case $? in
  0) "$2" ;;
  3) echo "skipped: Debian's source packages cannot be reached" ;;
  *) return 1 ;;
  esac
}

step_memcached() { with_source memcached test_memcached; }
test_memcached() {
  bash examples/memcached/build.sh build/memcached &&
    bash test/kill/run.sh memcached "$kills" --round-ms 500 &&
    bash examples/memcached/upstream-tests.sh &&
    bash examples/memcached/upstream-tests.sh --pool
}

step_redis() { with_source redis test_redis; }
test_redis() {
  bash examples/redis/build.sh build/redis &&
    bash test/kill/run.sh redis "$kills" &&
    bash test/kill/run.sh redis_memory $((kills / 3)) &&
    bash examples/redis/upstream-tests.sh &&
    bash examples/redis/upstream-tests.sh --pool
}

step_linear() {
  bash test/linear/run.sh kv 40 || return 1
  [ ! -x build/memcached/durable/memcached ] || bash test/linear/run.sh memcached 40
}

step_fault() {
  bash test/fault/run.sh calls && bash test/fault/run.sh limits && bash test/fault/signals.sh 4 3
}

step_audit() {
  "${lit[@]}" -sv build/release/test --param audit=1 || return 1
  local programs=(kv inventory)
  [ ! -x build/redis/durable/src/redis-server ] || programs+=(redis redis_tests)
  [ ! -x build/memcached/durable/memcached ] || programs+=(memcached upstream)
  bash test/audit/ports.sh "${programs[@]}"
}

mkdir -p "$logs"
steps=("$@")
[ ${#steps[@]} -gt 0 ] ||
  steps=(build unit crash lit beside memcached redis porting linear fault examples source backup bench audit
    joined sanitize tsan fuzz llvm16)
# In a run of all steps the other builds are made beside those that mostly wait, with what time these
# leave.
beside=
step_beside() {
  {
    renice -n 19 "$BASHPID"
    for name in sanitize tsan fuzz llvm16; do "build_$name"; done
  } >"$logs/beside.log" 2>&1 &
  beside=$!
}
step_joined() { [ -z "$beside" ] || wait "$beside" || true; }
trap '[ -z "$beside" ] || kill "$beside" 2>/dev/null' EXIT

# What a reader without the log needs: lines that name a failure, wherever they stand, then the end.
report_failure() {
  local log=$logs/$1.log
  echo "FAILED  $1  ($2 s); from $log:"
  grep -nE 'FAILED|FAIL:|[Nn]ot ok|Failed test|^perdure: |[Ee]rror:|: died|exited|Wstat' "$log" | cut -c1-300 | head -n 30
  echo "... and its end:"
  tail -n 40 "$log"
}

passed=0 failed=0
for step in "${steps[@]}"; do
  if ! declare -F "step_$step" >/dev/null; then
    echo "test/run.sh: there is no step '$step'; see the head of this file" >&2
    exit 2
  fi
  case $step in beside | joined) "step_$step"; continue ;; esac
  start=$SECONDS
  if "step_$step" >"$logs/$step.log" 2>&1; then
    passed=$((passed + 1))
    echo "passed  $step  ($((SECONDS - start)) s)  $(tail -n 1 "$logs/$step.log" | cut -c1-100)"
  else
    failed=$((failed + 1))
    report_failure "$step" $((SECONDS - start))
    [ "$step" != build ] || break # nothing after it would say more
  fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
