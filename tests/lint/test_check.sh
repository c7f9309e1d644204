#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Each part of `make check` as a test.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1

parts=(format static includes headers text detections shell man)
echo "1..${#parts[@]}"
number=0
for part in "${parts[@]}"; do
	number=$((number + 1))
	if out=$(make --no-print-directory "check-$part" BUILD="${BUILD:-build}" 2>&1); then
		echo "ok $number - make check-$part"
	else
		echo "not ok $number - make check-$part"
		echo "# ${out//$'\n'/$'\n'# }"
	fi
done
