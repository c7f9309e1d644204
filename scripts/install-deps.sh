#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Installs the Debian packages that a step needs: install-deps.sh build|lab|test|bench|vm...
# Does nothing, and needs neither root nor network, when all of them are there.
set -euo pipefail

declare -A packages=(
	[build]="gcc libc6-dev make pkg-config clang llvm bpftool libbpf-dev libelf-dev libpcap-dev
		libyaml-dev libsystemd-dev libcap-dev nettle-dev libjansson-dev scdoc"
	[lab]="rpcbind nfs-common netbase nmap iproute2 util-linux procps python3 systemd bpftool"
	[test]="libcmocka-dev python3-jsonschema ethtool clang-format cppcheck
		shellcheck mandoc libclang-rt-dev"
	[bench]="tcpdump tshark gnuplot-nox ethtool iproute2 util-linux python3"
	[vm]="qemu-system-x86 busybox-static cpio dpkg bash"
)

fail() {
	echo "rpcsentry: packages: $1" >&2
	exit 1
}

wanted=
for group; do
	[[ -v packages[$group] ]] || fail "no such group: $group; there are: ${!packages[*]}"
	wanted+=" ${packages[$group]}"
done

missing=()
for package in $wanted; do
	status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
	[[ $status == installed ]] || missing+=("$package")
done
((${#missing[@]})) || exit 0

command -v apt-get >/dev/null ||
	fail "this system has no apt-get; install what matches: ${missing[*]}"
((EUID == 0)) ||
	fail "not root, and missing: ${missing[*]}; run this once as root"

# rpcbind and nfs-common start services of their own when installed: rpcbind would listen on every
# interface of this host from then on. A policy-rc.d for as long as apt-get runs keeps them from
# starting; a host that has one of its own decides for itself.
policy=/usr/sbin/policy-rc.d
restore() {
	[[ -z ${policy_is_ours-} ]] || rm -f "$policy"
}
trap restore EXIT
trap 'exit 130' INT TERM
if [[ ! -e $policy ]]; then
	policy_is_ours=1
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod 755 "$policy"
fi

log=$(mktemp)
echo "rpcsentry: installing: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
if ! apt-get -q update >"$log" 2>&1 ||
	! apt-get -q install -y --no-install-recommends "${missing[@]}" >>"$log" 2>&1; then
	tail -n 20 "$log" >&2
	fail "apt-get could not install them; look at the lines above, or at $log (is there a network?)"
fi
rm -f "$log"

# Nor are they to start at the next boot, where it was this script that brought them.
quiet=()
[[ " ${missing[*]} " != *" rpcbind "* ]] || quiet+=(rpcbind.service rpcbind.socket)
[[ " ${missing[*]} " != *" nfs-common "* ]] || quiet+=(nfs-client.target)
if ((${#quiet[@]})); then
	systemctl --quiet disable "${quiet[@]}" >/dev/null 2>&1 || true
	echo "rpcsentry: installed but not started, and not enabled at boot: ${quiet[*]}"
fi
