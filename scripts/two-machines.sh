#!/usr/bin/env bash
# Runs a CUDA program in one network namespace and its server in another, as a VM and its host would be: no loopback between them, an address each, and
# a round trip of a few milliseconds where the kernel has netem. Needs root, iproute2, and a built checkout (`npm start` or `npm test` makes one).
#
#   sudo scripts/two-machines.sh [delay-ms] [program.exe arguments…]
set -euo pipefail
cd "$(dirname "$0")/.."
delay=${1:-2}
shift || true
program=("${@:-fixtures/vector-add/vector-add.exe}")
[ ${#program[@]} -gt 0 ] || program=(fixtures/vector-add/vector-add.exe)
vm="decant-vm-$$" host="decant-host-$$" log=$(mktemp -d)

cleanUp() {
  [ -z "${server:-}" ] || kill "$server" 2>/dev/null || true
  ip netns del "$vm" 2>/dev/null || true
  ip netns del "$host" 2>/dev/null || true
  rm -rf "$log"
}
trap cleanUp EXIT

ip netns add "$vm"
ip netns add "$host"
ip link add "vm$$" netns "$vm" type veth peer name "host$$" netns "$host"
ip -n "$vm" addr add 10.201.0.2/24 dev "vm$$"
ip -n "$host" addr add 10.201.0.1/24 dev "host$$"
for side in "$vm:vm$$" "$host:host$$"; do
  ip -n "${side%%:*}" link set lo up
  ip -n "${side%%:*}" link set "${side##*:}" up
  ip netns exec "${side%%:*}" tc qdisc add dev "${side##*:}" root netem delay "$(awk "BEGIN { print $delay / 2 }")ms" 2>/dev/null ||
    echo "no netem in this kernel: the link has no delay" >&2
done

decant=(node packages/decant/bin/decant.js)
token=$(XDG_CONFIG_HOME="$log" "${decant[@]}" token add vm)
XDG_CONFIG_HOME="$log" ip netns exec "$host" "${decant[@]}" serve --listen 10.201.0.1:9440 2>"$log/server" &
server=$!
for _ in $(seq 100); do grep -q listening "$log/server" && break; sleep 0.1; done
DECANT_TOKEN=$token ip netns exec "$vm" "${decant[@]}" run --gpu ws://10.201.0.1:9440 "${program[@]}"
cat "$log/server" >&2
