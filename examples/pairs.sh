# SPDX-License-Identifier: Apache-2.0
#
# Sourced by benchmark scripts: medians, and rows of pairs that are measured in turn (one, the other,
# one, the other, ...), so that what changes on the machine meanwhile meets both.

# median NUMBER...
median() {
  printf '%s\n' "$@" | sort -g | awk '{v[NR]=$1} END {print NR%2 ? v[(NR+1)/2] : (v[NR/2]+v[NR/2+1])/2}'
}

# row LABEL ARGUMENT...: a Markdown row of PAIRS pairs: the medians of what `before ARGUMENT...` and
# `after ARGUMENT...` print, the median of the ratios, the least and the greatest of them.
row() {
  local label=$1 before=() after=() ratios=() i sorted
  shift
  for ((i = 0; i < ${pairs:?}; i++)); do
    before+=("$(before "$@")")
    after+=("$(after "$@")")
    ratios+=("$(awk "BEGIN {printf \"%.3f\", ${after[-1]} / ${before[-1]}}")")
  done
  sorted=$(printf '%s\n' "${ratios[@]}" | sort -g)
  printf '| %s | %.0f | %.0f | %.2f | %.2f to %.2f |\n' "$label" "$(median "${before[@]}")" \
    "$(median "${after[@]}")" "$(median "${ratios[@]}")" "$(head -n 1 <<<"$sorted")" \
    "$(tail -n 1 <<<"$sorted")"
}
