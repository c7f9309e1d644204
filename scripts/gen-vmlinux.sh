#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Makes vmlinux.h: the few kernel types that the BPF programs use, taken from
# the running kernel's BTF and trimmed to them and what they need.
#
# usage: scripts/gen-vmlinux.sh [BTF] >vmlinux.h
set -euo pipefail

btf=${1:-/sys/kernel/btf/vmlinux}
if [ ! -r "$btf" ]; then
	echo "gen-vmlinux: $btf: not readable; the kernel needs CONFIG_DEBUG_INFO_BTF=y" >&2
	exit 1
fi
command -v bpftool >/dev/null || {
	echo "gen-vmlinux: bpftool: not found; apt-get install bpftool" >&2
	exit 1
}
bpftool btf dump file "$btf" format c | python3 "$(dirname "$0")/trim-vmlinux.py"
