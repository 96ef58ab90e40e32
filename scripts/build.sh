#!/bin/bash
# Configures one CMake preset and builds targets of it (all, if none is named) in build/PRESET.
#
# usage: scripts/build.sh PRESET [TARGET…] [-- CMAKE-OPTION…]
set -euo pipefail
cd "$(dirname "$0")/.."

preset=$1
shift
targets=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
  targets+=("$1")
  shift
done
[ $# -eq 0 ] || shift

# What one checkout has compiled serves the next, wherever that lies.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=true

mkdir -p "build/$preset"
log=build/$preset/configure.log
cmake --preset "$preset" "$@" >"$log" 2>&1 || { tail -n 30 "$log" >&2; exit 1; }
ninja -C "build/$preset" "${targets[@]}"
