#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# The demo as a new user runs it: it shows what it promises and leaves nothing behind.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1

if ((EUID != 0)); then
	echo "1..0 # SKIP namespaces and BPF programs need root"
	exit 0
fi
out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT
number=0
check() {
	local name=$1
	shift
	number=$((number + 1))
	if "$@"; then echo "ok $number - $name"; else echo "not ok $number - $name"; fi
}
shows() { grep -q -- "$1" "$out"; }
# What a run could leave: namespaces, pins, programs on interfaces, processes.
traces() {
	ip netns
	ls /sys/fs/bpf 2>/dev/null
	ip -o link | grep -E 'xdp|wan|lan'
	pgrep -x rpcbind
	pgrep -fx 'build/rpcsentry run.*'
}

before=$(traces)
BUILD=${BUILD:-build} scripts/demo.sh >"$out" 2>&1
check "it ends well" test $? -eq 0
for alert in portmap-dump portmap-dump-exposed portmap-getport-sensitive portmap-unset-remote \
	portmap-spoofed-local; do
	check "it shows $alert" shows "$alert"
done
check "it shows the counters by name" shows '"records_sent"'
check "it shows the journal's explanation" shows 'Defined-By: rpcsentry'
check "it leaves nothing behind" test "$before" = "$(traces)"
echo "1..$number"
