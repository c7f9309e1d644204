#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# train.sh BUILD: runs BUILD/rpcsentry, which was compiled to count what it does, over made-up
# traffic of each kind. Where it cannot run (another machine's code, say) there is no profile,
# which costs some speed and nothing else.
set -eu

build=$1
capture=$build/train.pcap
trap 'rm -f "$capture"' EXIT

for kind in mix flood sources; do
	"$build/traffic" "$kind" "$capture" 100000 >/dev/null &&
		"$build/rpcsentry" read --alerts "$capture" >/dev/null &&
		"$build/rpcsentry" read --eve /dev/null "$capture" && continue
	echo "scripts/train.sh: $build/rpcsentry did not run over made-up traffic; compiled without a profile" >&2
	find "$build" -name '*.gcda' -exec rm {} +
	break
done
