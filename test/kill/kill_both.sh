# SPDX-License-Identifier: Apache-2.0
#
# What runs a kill test; sourced by run.sh and by the skeletons of new ports. Expects: bin (where the
# tools are).
#
# kill_both TEST OUT PLAIN DURABLE ROUNDS [OPTION...]: runs TEST, a Python file, against the plain build,
# where it must report a loss (a test that can't fail proves nothing), then against the durable one.
kill_both() {
  local test=$1 out=$2 plain=$3 durable=$4 rounds=$5
  shift 5
  local log=$out/volatile_kill.log
  if python3 "$test" "$plain" --volatile --rounds 3 >"$log" 2>&1; then
    echo "run.sh: the kill test found nothing wrong with the plain build $plain: see $log" >&2
    exit 1
  fi
  grep -q '^FAILED: ' "$log" || { cat "$log" >&2; exit 1; }
  echo "the plain build, as it must: $(grep '^FAILED: ' "$log")"
  exec python3 "$test" "$durable" --perdure "$bin/perdure" --rounds "$rounds" "$@"
}
