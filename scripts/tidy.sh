#!/bin/bash
# Runs clang-tidy (.clang-tidy) over the parts that are pure state machines and keys, where the difficulty lives.
# Needs build/release configured. A file that has not changed since it last passed, nor anything it includes, is not
# looked at again.
set -uo pipefail
cd "$(dirname "$0")/.."

readarray -t sources < <(git ls-files 'rib/*.cc' 'tcpmd5/*.cc' 'bgpd/message/*.cc' 'bgpd/session/*.cc' \
  'bgpd/policy/*.cc' 'bgpd/export/*.cc' 'bgpd/config/*.cc')
[ ${#sources[@]} -gt 0 ] || { echo "no sources"; exit 1; }

passed_before=build/release/tidy
mkdir -p "$passed_before"

# Names one state of a file: what the preprocessor reads for it, the checks, and the tool.
state_of() {
  { cat "$1" .clang-tidy; clang++ -std=c++20 -I. -M -MG "$1" 2>/dev/null | tr ' \\' '\n\n' | grep -E '^(rib|tcpmd5|bgpd|api)/|^\./' |
      sort -u | xargs -r cat 2>/dev/null; clang-tidy --version; } | sha256sum | cut -d' ' -f1
}
tidy_one() {
  local stamp
  stamp=$passed_before/$(state_of "$1")
  [ ! -e "$stamp" ] || return 0
  if clang-tidy --quiet -p build/release "$1" 2>/dev/null; then
    touch "$stamp"
  else
    echo "FAILED $1"
    return 1
  fi
}
export -f state_of tidy_one
export passed_before

printf '%s\n' "${sources[@]}" | xargs -P "$(nproc)" -I{} bash -c 'tidy_one {}' && echo "${#sources[@]} files, nothing found"
