#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Each header compiles alone: natively, and those of the kernel side with clang for BPF.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
build=${BUILD:-build}
failed=0

native() {
	gcc -std=gnu11 -fsyntax-only -Wall -Wextra -Werror -Wno-unused-function -D_GNU_SOURCE \
		-Iinclude -I"$build" -Iuser -x c - <<<"#include \"$1\""
}

kernel() {
	clang -fsyntax-only -target bpf -mcpu=v3 -Wall -Wextra -Werror -Wno-unused-parameter \
		-Wno-unused-function -I. -Iinclude -x c - <<<"#include \"$1\""
}

for header in include/rpcsentry/*.h; do
	# These are the part of a template that both engines share: whoever includes them first
	# defines struct rpcs_engine, as bpf/engine.h and user/source/native.c do.
	case ${header##*/} in
	gate.h | glance.h | inspect.h | inspect_control.h | inspect_message.h | inspect_record.h) continue ;;
	inspect_suppress.h | inspect_tcp.h) continue ;;
	esac
	native "${header#include/}" || failed=1
	kernel "${header#include/}" || failed=1
done
for header in user/*.h user/*/*.h; do
	native "${header#user/}" || failed=1
done
for header in bpf/*.h; do
	kernel "$header" || failed=1
done
exit "$failed"
