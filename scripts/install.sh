#!/bin/bash
# Installs the packages of the named groups of packages.txt that are missing. Services that come with them are neither
# started nor enabled: the tests run their own copies in network namespaces. Does nothing, and needs no privileges,
# when all are there.
#
# usage: scripts/install.sh GROUP…
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

wanted=()
for group in "$@"; do
  while read -r name; do wanted+=("$name"); done < <(awk -v group="$group" '$1 == group { print $2 }' "$here/packages.txt")
done

# It fails when it has never heard of one of them; that is no error here.
known=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null || true)
present=" $(awk '$1 == "installed" { print $2 }' <<<"$known" | tr '\n' ' ')"
missing=()
for name in "${wanted[@]}"; do
  [[ $present == *" $name "* ]] || missing+=("$name")
done
[ ${#missing[@]} -gt 0 ] || exit 0

echo "installing: ${missing[*]}"
as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "error: packages are missing and there is no sudo; run this as root once" >&2; exit 1; }
  as_root=(sudo)
fi

# invoke-rc.d asks this file before it starts a service; where the host has one of its own, that one stays in force.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap '"${as_root[@]}" rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  "${as_root[@]}" chmod 755 "$policy"
fi

apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300)
log=$(mktemp)
if ! { "${apt[@]}" update && "${apt[@]}" install --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  tail -n 30 "$log" >&2
  echo "error: the packages could not be installed; the whole log is in $log" >&2
  exit 1
fi
rm -f "$log"

for name in "${missing[@]}"; do
  case $name in
    bird2) units="bird bird6" ;;
    frr | gobgpd | openbgpd | exabgp) units=$name ;;
    *) continue ;;
  esac
  for unit in $units; do
    "${as_root[@]}" systemctl --quiet disable "$unit.service" >/dev/null 2>&1 || true # no systemd, or no such unit
  done
done
