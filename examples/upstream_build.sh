# SPDX-License-Identifier: Apache-2.0
#
# What the build.sh of the ported upstream programs have in common; they source it.
# Expects: here (the example's directory). Each function says what it sets.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
bin=${PERDURE_BIN:-$root/build/release/bin}
jobs=$(nproc)

# find_tools NAME-VERSION FILE [DIRECTORY]: sets directory (default: build/NAME) and source, the tree
# that fetch.sh put there. FILE is a file of it. Sets plain_clang too: the compiler behind perdure-clang.
find_tools() {
  local name=${1%-*}
  directory=${3:-$root/build/$name}
  mkdir -p "$directory"
  directory=$(cd "$directory" && pwd)
  local chosen=${name^^}_SOURCE
  source=${!chosen:-$directory/$1}
  if [ ! -f "$source/$2" ]; then
    echo "build.sh: no $name source in $source; run $here/fetch.sh $directory" >&2
    exit 1
  fi
  if [ ! -x "$bin/perdure-clang" ]; then
    echo "build.sh: no perdure-clang in $bin; build it: cmake --preset release && cmake --build --preset release" >&2
    exit 1
  fi
  plain_clang=$("$bin/perdure-clang" -print-prog-name=clang)
}

# Runs a step with its output in a log, and shows the end of that if the step fails.
logged() {
  local log=$1
  shift
  "$@" >"$log" 2>&1 && return
  echo "build.sh: failed: $1 in $PWD; see $log:" >&2
  grep -E "error|Error" "$log" | tail -n 20 >&2
  exit 1
}

# drop_outdated FILE...: a changed compiler, runtime or FILE makes what they compiled out of date, which
# make does not see. Sets stamp, for $directory/durable.stamp once the durable build stands.
drop_outdated() {
  stamp=$(sha256sum "$bin/perdure-clang" "$bin/../lib/perdure.so" "$@" | sha256sum)
  if [ "$(cat "$directory/durable.stamp" 2>/dev/null)" != "$stamp" ]; then
    rm -rf "$directory/durable" "$directory/durable.stamp"
  fi
}
