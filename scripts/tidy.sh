#!/bin/bash
# Runs clang-tidy (.clang-tidy) over the parts that are pure state machines and keys, where the difficulty lives.
# Needs build/release configured. A file is not looked at again until it, or anything that it includes, has changed.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2

readarray -t sources < <(git ls-files 'rib/*.cc' 'tcpmd5/*.cc' 'bgpd/message/*.cc' 'bgpd/session/*.cc' \
  'bgpd/policy/*.cc' 'bgpd/export/*.cc' 'bgpd/config/*.cc')
[ ${#sources[@]} -gt 0 ] || { echo "error: no sources" >&2; exit 1; }

stamps=build/release/tidy
mkdir -p "$stamps"

# Names one state of a file: what the compiler reads of ours for it, the checks, and the tool.
state_of() {
  {
    clang-tidy --version
    cat .clang-tidy
    clang++ -std=c++20 -I. -MM "$1" | sed 's/^[^:]*://; s/\\$//' | xargs cat
  } | sha256sum | cut -d' ' -f1
}
tidy_one() {
  local stamp
  stamp=$stamps/$(state_of "$1")
  [ ! -e "$stamp" ] || return 0
  if clang-tidy --quiet -p build/release "$1" 2>/dev/null; then
    touch "$stamp"
  else
    echo "FAILED $1"
    return 1
  fi
}
export -f state_of tidy_one
export stamps

printf '%s\n' "${sources[@]}" | xargs -P "$(nproc)" -I{} bash -c 'tidy_one "$1"' tidy {} &&
  echo "${#sources[@]} files, nothing found"
