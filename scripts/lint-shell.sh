#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Every bash script, whatever its name ends in, through shellcheck.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

mapfile -t scripts < <(grep -rlE --exclude-dir=.git --exclude-dir=build '^#!/bin/bash' . |
	grep -v '\.py$' | sort)
exec shellcheck -x "${scripts[@]}"
