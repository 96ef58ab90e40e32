#!/bin/bash
# The demonstration: an AS112 node (truewired) and its provider (BIRD 2) in two network namespaces, one signed session
# per address family, over a NIC that spoils signatures. Called by ./run, as root.
#
# usage: scripts/demo.sh [--once]
#   --once   leave when the provider holds all four prefixes and the guilty offload is proven; exit 1, with a diagnosis,
#            if that takes longer than 60 s
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD

once=0
[ "${1:-}" != --once ] || once=1
wait_seconds=60
expected_v4="192.31.196.0/24 192.175.48.0/24"
expected_v6="2001:4:112::/48 2620:4f:8000::/48"

name=twdemo-$$
node=$name-as112
provider=$name-provider
dir=/tmp/$name
pids=()

truewire() { "$root/build/release/bin/truewire" --socket "unix:$dir/api.sock" "$@"; }
birdc() { /usr/sbin/birdc -s "$dir/bird.ctl" "$@"; }

# Ends what demonstration $1 (its name) left: processes inside its namespaces, namespaces, directory.
remove() {
  local namespace
  for namespace in "$1-as112" "$1-provider"; do
    if [ -e "/run/netns/$namespace" ]; then
      ip netns pids "$namespace" 2>/dev/null | xargs -r kill -9 2>/dev/null || true
      ip netns delete "$namespace" 2>/dev/null || true
    fi
  done
  rm -rf "/tmp/$1"
}

# A demonstration that was killed without a chance to tidy up has a name whose process is gone.
remove_leftovers() {
  local path leftover
  for path in /run/netns/twdemo-*-as112 /run/netns/twdemo-*-provider /tmp/twdemo-*; do
    [ -e "$path" ] || continue
    leftover=$(basename "$path")
    leftover=${leftover%-as112}
    leftover=${leftover%-provider}
    [[ $leftover =~ ^twdemo-[0-9]+$ ]] || continue
    [ -d "/proc/${leftover#twdemo-}" ] || remove "$leftover"
  done
}

# shellcheck disable=SC2317  # called by the trap
tidy_up() {
  local status=$?
  trap - EXIT
  trap '' INT TERM HUP
  if [ ${#pids[@]} -gt 0 ]; then
    kill "${pids[@]}" 2>/dev/null || true
    local tries=50
    while kill -0 "${pids[@]}" 2>/dev/null && [ $((tries--)) -gt 0 ]; do sleep 0.1; done
    kill -9 "${pids[@]}" 2>/dev/null || true
    wait "${pids[@]}" 2>/dev/null || true
  fi
  remove "$name"
  exit "$status"
}

# The node's NIC: as long as TX checksum offloading is on, the engine that writes the checksum overwrites TCP option 19.
# What leaves it is mirrored to a port of the node's, as a switch would do.
start_nic() {
  setsid ip netns exec "$provider" "$root/build/release/bin/software_nic" --control "$dir/nic.ctl" --fault drop-option,mode=nop \
    --speaker "$node:uplink" --peer "$provider:customer" --mirror "$node:mirror" >"$dir/nic.log" 2>&1 &
  pids+=($!)
  local tries=100
  until grep -q ready "$dir/nic.log"; do
    [ $((tries--)) -gt 0 ] || { cat "$dir/nic.log" >&2; exit 1; }
    sleep 0.1
  done
  ip netns exec "$node" sysctl -q -w net.ipv6.conf.mirror.disable_ipv6=1
  ip netns exec "$node" ethtool -K mirror gro off # or it would put together again what the NIC spoiled
  ip -n "$node" link set mirror up
}

build_network() {
  ip netns add "$node"
  ip netns add "$provider"
  ip -n "$node" link set lo up
  ip -n "$provider" link set lo up
  start_nic
  ip -n "$node" addr add 192.0.2.112/24 dev uplink
  ip -n "$node" addr add 2001:db8::112/64 dev uplink nodad
  ip -n "$provider" addr add 192.0.2.1/24 dev customer
  ip -n "$provider" addr add 2001:db8::1/64 dev customer nodad
  ip -n "$node" link set uplink up
  ip -n "$provider" link set customer up
}

write_configuration() {
  mkdir -m 700 "$dir"
  mkdir -m 700 "$dir/state"
  (
    umask 077
    head -c 18 /dev/urandom | base64 >"$dir/key"
    printf 'define md5_key = "%s";\n' "$(cat "$dir/key")" >"$dir/key.conf"
  )
  sed "s,@DIR@,$dir,g" etc/demo/truewire.toml >"$dir/truewire.toml"
  sed "s,@DIR@,$dir,g" etc/demo/bird.conf >"$dir/bird.conf"
}

# In sessions of their own, so that Ctrl-C reaches this script alone, which then ends them in order.
start_speakers() {
  setsid ip netns exec "$provider" /usr/sbin/bird -f -c "$dir/bird.conf" -s "$dir/bird.ctl" >"$dir/bird.log" 2>&1 &
  pids+=($!)
  setsid ip netns exec "$node" "$root/build/release/bin/truewired" --config "$dir/truewire.toml" \
    --state-dir "$dir/state" --foreground >"$dir/truewired.log" 2>&1 &
  pids+=($!)
}

prefixes_from() { birdc show route protocol "$1" 2>/dev/null | awk '$1 ~ "/" { print $1 }' | sort -u; }
sorted() { tr ' ' '\n' <<<"$1" | sort; }
provider_holds_all() {
  [ "$(prefixes_from as112_v4)" = "$(sorted "$expected_v4")" ] && [ "$(prefixes_from as112_v6)" = "$(sorted "$expected_v6")" ]
}
all_run() { kill -0 "${pids[@]}" 2>/dev/null; }
guilt_is_proven() { grep -q 'verdict.*TX checksum proven guilty' "$dir/truewired.log"; }

wait_for_routes() {
  local deadline=$((SECONDS + wait_seconds))
  until provider_holds_all && guilt_is_proven; do
    all_run || return 1
    [ $SECONDS -lt $deadline ] || return 1
    sleep 0.2
  done
}

heading() { printf '\n== %s\n' "$1"; }

show() {
  heading "What happened, in the node's log"
  grep -E ' (verdict|session-up|session-down|attempt-failed)' "$dir/truewired.log" | cut -d' ' -f2- | fold -s -w 130
  heading "The NIC's offloads now (ethtool -k uplink): one is off because it is guilty, one because it depends on it"
  ip netns exec "$node" ethtool -k uplink | grep -E '^(tx-checksumming|scatter-gather|tcp-segmentation-offload|generic-segmentation-offload):'
  heading "The AS112 node's neighbours (truewire neighbors)"
  truewire neighbors
  heading "What the provider received (birdc show route)"
  birdc show route | tail -n +2
}

diagnose() {
  heading "After $wait_seconds s the provider does not hold all four prefixes, or no offload is proven guilty. The node's neighbours:"
  truewire neighbors || true
  heading "The provider's sessions"
  birdc show protocols all | tail -n +2 || true
  heading "The end of the node's log"
  tail -n 25 "$dir/truewired.log" || true
  heading "The end of the provider's log"
  tail -n 25 "$dir/bird.log" || true
}

say_how_to_look_further() {
  local cli="$root/build/release/bin/truewire --socket unix:$dir/api.sock"
  cat <<TEXT

== Look further, from another terminal
  $cli verify
  $cli verify explain 192.0.2.1
  $cli neighbors
  $cli routes
  $cli watch neighbors
  $cli neighbors 192.0.2.1
  $cli status
  $cli route add 198.51.100.0/24        # not announced: the policy as112 lets only AS112 prefixes out
  ip netns exec $node curl -s http://127.0.0.1:9112/readyz
  ip netns exec $provider birdc -s $dir/bird.ctl show protocols all
  ip netns exec $provider birdc -s $dir/bird.ctl show route all
  ip netns exec $node tcpdump -ni uplink -v tcp port 179       # every segment carries "md5"
  ip netns exec $node ss -tn '( sport = 179 or dport = 179 )'
  tail -f $dir/truewired.log

Ctrl-C ends the demonstration and removes all of it.
TEXT
}

[ "$(id -u)" -eq 0 ] || { echo "error: the demonstration needs root for its network namespaces" >&2; exit 1; }
remove_leftovers
trap tidy_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

write_configuration
build_network
start_speakers
cat <<'TEXT'
Two routers, two signed sessions, and a NIC whose checksum engine overwrites every signature. The provider drops what
comes unsigned without a word, so nothing will come up; until the node finds out why…
TEXT
if ! wait_for_routes; then
  diagnose >&2
  exit 1
fi
show
[ $once -eq 0 ] || exit 0
say_how_to_look_further
# Until a signal, or until one of the speakers ends by itself.
wait -n "${pids[@]}" || true
echo "error: the NIC or one of the speakers ended by itself" >&2
diagnose >&2
exit 1
