#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# What the journal holds after each of the tools that an attacker has, in a lab of namespaces
# (tests/lab.sh) with a real rpcbind and statd. The cases are in alerts.py.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=tests/lab.sh
. tests/lab.sh

if ((EUID != 0)); then
	echo "1..0 # SKIP namespaces and BPF programs need root"
	exit 0
fi
for tool in nmap rpcbind rpcinfo showmount rpc.statd; do
	if [[ -z $(type -P "$tool") ]]; then
		echo "1..0 # SKIP $tool is not installed"
		exit 0
	fi
done
lab_enter "$PWD/tests/netns/test_alerts.sh" "$@"

lab_up
lab_rpcbind
lab_in server rpc.statd -F -p 20024 >"$LAB_DIR/statd.log" 2>&1 &
if ! lab_wait 10 lab_in server rpcinfo -T tcp 127.0.0.1 100024 1; then
	echo "1..0 # SKIP rpc.statd does not start: $(tail -n 1 "$LAB_DIR/statd.log")"
	exit 0
fi
if ! lab_journald; then
	echo "1..0 # SKIP no systemd-journald, or no /etc/machine-id, on this system"
	exit 0
fi
python3 -u tests/netns/alerts.py
