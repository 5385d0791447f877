#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Stands in for perdure-clang in the suite run/ (lit.py --param source=COMPILER): each C file is ported
# as source by perdure-port, and a compiler without the plugin builds that.
#
#   port_cc.sh COMPILER BUILD ARGUMENTS...        BUILD: the build tree
set -euo pipefail
compiler=$1 build=$2
shift 2
port=() sources=() options=() output=a.out compile_only=
while [ $# -gt 0 ]; do
  case $1 in
  --perdure-port=*) port+=(--port "${1#*=}") ;;
  --perdure-heap=*) port+=(--perdure-heap "${1#*=}") ;;
  --perdure-threads=*) port+=(--perdure-threads "${1#*=}") ;;
  -o) output=$2 && shift ;;
  -c) compile_only=-c ;;
  *.c) sources+=("$1") ;;
  *) options+=("$1") ;;
  esac
  shift
done
text=$output.text
rm -rf "$text" "$text.new"
"$build/bin/perdure-port" "${port[@]}" -o "$text" "${sources[@]}" -- -I"$build/include" "${options[@]}"
ported=()
for source in "${sources[@]}"; do ported+=("$text/${source##*/}"); done
link=(-L"$build/lib" -Wl,-rpath,"$build/lib" -lperdure)
[ -z "$compile_only" ] || link=()
# GCC cannot see that some programs of the suite never return where Clang does.
exec "$compiler" -Wno-return-type $compile_only -I"$build/include" "${options[@]}" "${ported[@]}" -o "$output" "${link[@]}"
