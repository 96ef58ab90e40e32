#!/bin/bash
# Runs clang-tidy (.clang-tidy) over the parts that are pure state machines and keys, where the difficulty lives.
# Needs build/release configured.
#
# Nearly all of its time goes into headers of the standard library and Boost, so that the files of a folder are looked
# at together, as one translation unit that includes them all. Files that have a local name in common with another are
# taken apart, and looked at together in their turn, or one by one. What was looked at is not looked at again until it,
# or anything that it includes, has changed.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2

readarray -t sources < <(git ls-files 'rib/*.cc' 'tcpmd5/*.cc' 'bgpd/message/*.cc' 'bgpd/session/*.cc' \
  'bgpd/policy/*.cc' 'bgpd/export/*.cc' 'bgpd/config/*.cc')
[ ${#sources[@]} -gt 0 ] || { echo "error: no sources" >&2; exit 1; }

stamps=build/release/tidy
mkdir -p "$stamps"
flags=(-std=c++20 -I.)

# Names one state of a file: what the compiler reads of ours for it, the checks, and the tool.
state_of() {
  {
    clang-tidy --version
    cat .clang-tidy
    clang++ "${flags[@]}" -MM "$1" | sed 's/^[^:]*://; s/\\$//' | xargs cat
  } | sha256sum | cut -d' ' -f1
}

tidy_one() { # FILE
  clang-tidy --quiet -p build/release "$1" 2>/dev/null
}

# An included .cc is what this is about: it counts as a header, and including it is no finding.
tidy_unit() { # UNIT
  clang-tidy --quiet --checks=-bugprone-suspicious-include --header-filter='/(rib|tcpmd5|bgpd)/.*\.(h|cc)$' "$1" -- \
    "${flags[@]}" 2>/dev/null
}

# The files in which the compiler finds an error when it reads this unit.
clashing() { # UNIT
  clang++ "${flags[@]}" -fsyntax-only -ferror-limit=0 "$1" 2>&1 |
    sed -n 's,^\(\./\)\{0\,1\}\([^:]*\.cc\):[0-9]*:[0-9]*: error:.*,\2,p' | sort -u
}

tidy_group() { # FILE…
  local unit stamp apart=() together=() failed=0
  unit=$stamps/$(tr / _ <<<"${1%.cc}")-$#.cc
  printf '#include "%s"\n' "$@" >"$unit"
  stamp=$stamps/$(state_of "$unit")
  [ ! -e "$stamp" ] || return 0
  if [ $# -gt 1 ]; then
    readarray -t apart < <(clashing "$unit")
    readarray -t together < <(printf '%s\n' "$@" | grep -vxF -f <(printf '%s\n' "${apart[@]}"))
  fi
  if [ $# -eq 1 ]; then
    tidy_one "$1" || failed=1
  elif [ ${#apart[@]} -eq 0 ]; then
    tidy_unit "$unit" || failed=1
  elif [ ${#together[@]} -eq 0 ] || [ ${#together[@]} -eq $# ]; then
    for file in "$@"; do tidy_group "$file" || failed=1; done
  else
    tidy_group "${together[@]}" || failed=1
    tidy_group "${apart[@]}" || failed=1
  fi
  [ $failed -eq 0 ] || { [ $# -gt 1 ] && [ ${#apart[@]} -gt 0 ] || echo "FAILED $*"; return 1; }
  touch "$stamp"
}
export -f state_of tidy_one tidy_unit clashing tidy_group
export stamps

# The largest folders first, so that no processor is idle at the end.
by_folder() {
  printf '%s\n' "${sources[@]}" | awk '{
    folder = $0; sub("/[^/]*$", "", folder)
    files[folder] = files[folder] " " $0; count[folder]++
  } END { for (folder in files) print count[folder] files[folder] }' | sort -rn | cut -d' ' -f2-
}
by_folder | xargs -P "$(nproc)" -I{} bash -c 'flags=(-std=c++20 -I.); tidy_group $1' tidy {} &&
  echo "${#sources[@]} files, nothing found"
