#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# `make demo`: a small network in namespaces, the sensor on its gateway, and real tools that knock
# at a real rpcbind. Says what is done and what came of it. Leaves nothing behind.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=tests/lab.sh
. tests/lab.sh
lab_enter "$PWD/scripts/demo.sh" "$@"

sensor=$(realpath "${BUILD:-build}/rpcsentry")
alerts=$LAB_DIR/alerts events=$LAB_DIR/eve.json log=$LAB_DIR/sensor.log
shown=0
if [[ -t 1 && -z ${NO_COLOR-} ]]; then
	bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m' colours=''
else
	bold='' dim='' plain='' colours=$'s/\e[[][0-9;]*m//g'
fi

fail() {
	echo "rpcsentry: demo: $1" >&2
	[[ ! -s $log ]] || sed 's/^/    /' "$log" >&2
	exit 1
}

# What the sensor has printed since the last time, as on a terminal; a fact that two lines of one
# step share is shown once.
show_alerts() {
	tail -n +$((shown + 1)) "$alerts" | tr -d '\r' | sed "$colours" |
		awk '/^---/ || (/^ *- / && told[$0]++) { next } { print "  " $0 }'
	shown=$(wc -l <"$alerts")
}

# One line of what the programs in the kernel have counted so far.
show_counters() {
	echo "  ${dim}kernel $("$sensor" stats --json --interval 0 | python3 -c '
import json, sys
k = json.load(sys.stdin)["counters"]
names = ("packets", "packets_watched", "calls", "replies", "connections", "fallbacks")
print("  ".join(f"{name} {k[name]}" for name in names))')${plain}"
}

# Has the sensor told of this detection after the first `before` lines of its events?
told_since() {
	tail -n +$(($1 + 1)) "$events" | grep -q "\"$2\""
}

# step TITLE WHAT-TO-SEE DETECTION COMMAND...: runs the command on the client, waits for the alert
# (none for -).
step() {
	local title=$1 look=$2 detection=$3 before
	shift 3
	echo
	echo "${bold}$title${plain}"
	echo "  ${dim}$look${plain}"
	echo "  client\$ $(display "$@")"
	before=$(wc -l <"$events")
	lab_in client "$@" >"$LAB_DIR/out" 2>&1 || true
	[[ $detection == - ]] || lab_wait 8 told_since "$before" "$detection" ||
		fail "no $detection alert in 8 s"
	sleep 0.2 # what follows an alert: its outcome, other detections
	show_alerts
	show_counters
}

not() { ! "$@"; }

display() {
	case $2 in
	"$LAB_SEND") echo "(a raw frame) UNSET of mountd with source address $6" ;;
	*) echo "$*" ;;
	esac
}

stop() {
	[[ -z ${pid-} ]] || kill -INT "$pid" 2>/dev/null || true
}
trap stop EXIT
trap 'exit 130' INT TERM

cat <<TEXT
${bold}rpcsentry demo${plain}: a network of three machines, made of namespaces on this one

    client $LAB_CLIENT ──── wan [ gateway ] lan ──── server $LAB_SERVER
    an outsider                     rpcsentry              a real rpcbind, port 111

The gateway forwards packets; rpcsentry looks at them as they pass, and touches none.
TEXT

lab_up
lab_rpcbind
: >"$alerts"
printf 'networks:\n  home: [192.168.77.0/24]\nstats: {interval: 1h}\n' >"$LAB_DIR/policy.yaml"
journal=--no-journal
if "$sensor" explain --catalog >"$LAB_DIR/rpcsentry.catalog" && lab_journald; then
	lab_catalog "$LAB_DIR/rpcsentry.catalog"
	journal=
fi
# On a terminal of its own, the sensor writes for people.
lab_in gateway script -qec "exec '$sensor' run -i wan,lan -c '$LAB_DIR/policy.yaml' $journal \
	--text --eve '$events' 2>'$log'" /dev/null </dev/null >"$alerts" &
lab_wait 10 grep -q watching "$log" || fail "the sensor did not start"
pid=$(pgrep -o -x rpcsentry)
echo
echo "  gateway# rpcsentry run -i wan,lan"
sed 's/^/  /' "$log"

step "1. List every service" "DUMP asks the portmapper for all it knows." portmap-dump \
	rpcinfo -p "$LAB_SERVER"
step "2. Ask for one service" "Looks up program 100024 (status), which is not registered." \
	portmap-getport-sensitive rpcinfo -T udp "$LAB_SERVER" 100024
step "3. List the file shares" "Looks up mountd first; the lookup succeeds, so the alert is raised." \
	portmap-getport-sensitive showmount -e "$LAB_SERVER"
step "4. Scan port 111" "A SYN and no call: counted as a connection, no alert of its own." \
	- nmap -n -Pn -sS -p111 "$LAB_SERVER"
step "5. Enumerate with nmap's RPC scripts" "The same DUMP again: no new line, a count at the end." \
	- nmap -n -Pn -sS -sV -p111 --script rpcinfo "$LAB_SERVER"
step "6. A forged local address" "127.0.0.1 can't come over a wire: someone tries to unregister mountd." \
	portmap-spoofed-local python3 "$LAB_SEND" spoof eth0 203.0.113.1 127.0.0.1 "$LAB_SERVER" 100005

echo
echo "${bold}The kernel's counters by name${plain}, for each CPU, pinned for any tool to read:"
echo "  gateway# bpftool map dump pinned /sys/fs/bpf/rpcsentry/counters"
bpftool map dump pinned /sys/fs/bpf/rpcsentry/counters | grep -E '"(rpc_seen|records_)' |
	head -n 4 | sed 's/^ */      /'
if [[ -z $journal ]]; then
	echo
	echo "${bold}The same alerts in the journal${plain}, each with its explanation:"
	echo "  gateway# journalctl -t rpcsentry RPCS_DETECTION=portmap-dump -x"
	journalctl --sync
	journalctl -q --no-pager -t rpcsentry RPCS_DETECTION=portmap-dump -x -n 1 | head -n 14 | sed 's/^/      /'
	echo "      ..."
fi

echo
echo "${bold}The end${plain}: the programs go off, the last alerts come with their counts."
kill -INT "$pid"
lab_wait 15 not kill -0 "$pid" || fail "the sensor does not end"
pid=
show_alerts
[[ ! -e /sys/fs/bpf/rpcsentry ]] || fail "pins are left under /sys/fs/bpf/rpcsentry"
echo
echo "Nothing is left on this machine. To watch a real interface: make run IFACE=eth0"
