#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs the packages that build, tests and examples need and that are missing (Debian 12).
# Becomes root only if something is missing. Prints nothing if nothing is to do.
set -euo pipefail

packages=(
  # compiler, plugin headers, tests of the compiler
  clang-19 llvm-19-dev libclang-19-dev llvm-19-tools clang-tools-19 libclang-rt-19-dev lld-19
  clang-format-19 clang-tidy-19
  # the same for the plugin that serves Clang 16; lit and format check are those of 19
  clang-16 llvm-16-dev libclang-16-dev llvm-16-tools libclang-rt-16-dev lld-16
  # build
  g++ cmake ninja-build pkg-config python3
  # runtime, tools, unit tests
  libpmem-dev libisal-dev libcli11-dev libgtest-dev
  # bench, and what it compares with
  libbenchmark-dev libpmemobj-dev liblmdb-dev librocksdb-dev libsqlite3-dev
  # examples/memcached: fetching, configuring, its own tests
  ca-certificates dpkg-dev make libevent-dev perl
  # examples/redis: its own tests
  tcl procps
)

missing=()
for package in "${packages[@]}"; do
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
    missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

echo "setup.sh: installing ${missing[*]}"
root=()
if [ "$(id -u)" != 0 ]; then
  if ! command -v sudo >/dev/null; then
    echo "setup.sh: as root, run: apt-get install ${missing[*]}" >&2
    exit 1
  fi
  root=(sudo)
fi
install() {
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
    "${missing[@]}"
}
# Package lists may be missing (a fresh container) or out of date.
if ! install; then
  "${root[@]}" apt-get update
  install
fi
