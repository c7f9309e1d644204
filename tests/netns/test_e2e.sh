#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# End to end: the sensor on real interfaces between a real rpcbind and real tools, in a lab of
# namespaces (tests/lab.sh). The cases are in e2e.py.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=tests/lab.sh
. tests/lab.sh

if ((EUID != 0)); then
	echo "1..0 # SKIP namespaces and BPF programs need root"
	exit 0
fi
lab_enter "$PWD/tests/netns/test_e2e.sh" "$@"

lab_up
lab_rpcbind
# A service on a port of its own; without it that part is skipped.
LAB_STATD=no
if [[ -n $(type -P rpc.statd) ]]; then
	lab_in server rpc.statd -F -p 20024 >"$LAB_DIR/statd.log" 2>&1 &
	! lab_wait 10 lab_in server rpcinfo -T tcp 127.0.0.1 100024 1 || LAB_STATD=yes
fi
export LAB_STATD
LAB_JOURNAL=no
if lab_journald; then
	"${BUILD:-build}/rpcsentry" explain --catalog >"$LAB_DIR/rpcsentry.catalog"
	lab_catalog "$LAB_DIR/rpcsentry.catalog"
	LAB_JOURNAL=yes
fi
export LAB_JOURNAL
python3 -u tests/netns/e2e.py
