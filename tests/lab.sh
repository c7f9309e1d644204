# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# shellcheck shell=bash
# A small network to try the sensor in, for `make demo` and the end-to-end tests: sourced, not run.
#
#   client 203.0.113.2 ── wan  gateway  lan ── server 192.168.77.2 (a real rpcbind)
#          2001:db8:1::2                              2001:db8:2::2
#
# All of it lives in mount, network and process namespaces of its own, with a /run and a BPF file
# system of its own. Nothing is to be seen from outside, and when its first process ends, however
# it does, the kernel takes everything away: processes, interfaces, programs, pins.

LAB_CLIENT=203.0.113.2
LAB_SERVER=192.168.77.2
# Exported for the processes in the lab.
LAB_DIR=/run/lab
LAB_SEND=$(dirname "${BASH_SOURCE[0]}")/lab-send.py
export LAB_CLIENT LAB_SERVER LAB_DIR LAB_SEND

# Runs this same script again as the first process of the lab; returns only there.
# usage: lab_enter "$0" "$@"
lab_enter() {
	[[ -z ${RPCSENTRY_LAB-} ]] || return 0
	if ((EUID != 0)); then
		echo "rpcsentry: lab: not root; namespaces and BPF programs need root" >&2
		exit 1
	fi
	export RPCSENTRY_LAB=1
	# Whoever dies first takes the others along, by SIGKILL too.
	setpriv --pdeathsig KILL \
		unshare --mount --net --pid --ipc --fork --kill-child --mount-proc -- "$@"
	exit
}

# Runs a command on one of the machines: lab_in client rpcinfo -p ...
# (`ip netns exec` would hide the BPF file system.)
lab_in() {
	local machine=$1
	shift
	nsenter --net="/run/netns/$machine" -- "$@"
}

# Waits until a command succeeds: lab_wait SECONDS COMMAND...; fails when it does not in time.
lab_wait() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		((SECONDS < deadline)) || return 1
		sleep 0.05
	done
}

# Has the host's files that the lab's programs write to replaced by empty ones of the lab.
lab_mounts() {
	mount -t tmpfs -o mode=755 tmpfs /run
	mkdir -p "$LAB_DIR" /run/netns /run/lock
	mount -t bpf bpf /sys/fs/bpf
	mount -t tmpfs -o mode=755 tmpfs /var/lib
	mkdir -p /var/lib/nfs/sm /var/lib/nfs/sm.bak /var/lib/systemd/catalog
}

# lab_link MACHINE IFACE NUMBER: joins a machine's interface to the gateway's.
lab_link() {
	local machine=$1 iface=$2 net4=$3 net6=$4
	ip link add "$iface" netns gateway type veth peer name eth0 netns "$machine"
	ip -n gateway addr add "$net4.1/24" dev "$iface"
	ip -n gateway addr add "${net6}1/64" dev "$iface" nodad
	ip -n "$machine" addr add "$net4.2/24" dev eth0
	ip -n "$machine" addr add "${net6}2/64" dev eth0 nodad
	ip -n gateway link set "$iface" up
	ip -n "$machine" link set eth0 up
	ip -n "$machine" route add default via "$net4.1"
	ip -n "$machine" -6 route add default via "${net6}1"
}

lab_up() {
	local machine
	lab_mounts
	for machine in client gateway server; do
		ip netns add "$machine"
		ip -n "$machine" link set lo up
	done
	lab_link client wan 203.0.113 2001:db8:1::
	lab_link server lan 192.168.77 2001:db8:2::
	lab_in gateway sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
}


# Starts the real rpcbind on the server, and tells it of a mountd that nobody answers for.
lab_rpcbind() {
	lab_in server rpcbind -f >"$LAB_DIR/rpcbind.log" 2>&1 &
	if ! lab_wait 10 lab_in server rpcinfo -T udp 127.0.0.1 100000 2; then
		echo "rpcsentry: lab: rpcbind does not answer: $(tail -n 1 "$LAB_DIR/rpcbind.log")" >&2
		return 1
	fi
	lab_in server python3 "$LAB_SEND" set 100005 3 udp 20048 >/dev/null
	lab_in server python3 "$LAB_SEND" set 100005 3 tcp 20048 >/dev/null
}

# Starts a journald of the lab's own; fails where there is none. lab_catalog FILE adds to its
# catalog, whose text `journalctl -x` shows.
lab_journald() {
	local journald=/lib/systemd/systemd-journald
	[[ -x $journald && -s /etc/machine-id ]] || return 1
	mkdir -p /run/systemd/journal /run/systemd/journald.conf.d /run/log/journal
	printf '[Journal]\n%s\n' Storage=volatile ReadKMsg=no Audit=no ForwardToWall=no \
		RateLimitIntervalSec=0 >/run/systemd/journald.conf.d/lab.conf
	# It does not start without one.
	mountpoint -q /sys/fs/cgroup || mount -t cgroup2 cgroup2 /sys/fs/cgroup || return 1
	"$journald" >"$LAB_DIR/journald.log" 2>&1 &
	lab_wait 10 journalctl --sync
}

lab_catalog() {
	mkdir -p "$LAB_DIR/catalog"
	cp "$1" "$LAB_DIR/catalog/"
	mount --bind "$LAB_DIR/catalog" /usr/lib/systemd/catalog
	journalctl --update-catalog
}
