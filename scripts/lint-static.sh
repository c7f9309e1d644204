#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Static analysis with cppcheck; any finding is an error. Results are kept under build/, so that
# only changed files are looked at again. A false finding is suppressed here, with its reason.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
build=${BUILD:-build}
mkdir -p "$build/cppcheck"

suppress=(
	# System headers are not looked at.
	missingIncludeSystem
	# Public functions are called from other files and from tests.
	unusedFunction
	# Our tables are filled by X-macros, whose members cppcheck does not see used.
	unusedStructMember
	# Callbacks have the signature that their caller asks for.
	constParameter constParameterCallback
	# Kernel style declares at the top of the block.
	variableScope
	# No process of ours has threads.
	getpwnamCalled readdirCalled getgrnamCalled
	# cppcheck 2.10 does not know __attribute__((cleanup)), by which owners free what they hold; the
	# sanitizers look for leaks, and gcc for variables that nobody reads.
	resourceLeak memleak unreadVariable
	# It takes a pointer that walks down from the end of a buffer for one that leaves it.
	ctuPointerArith
)
exec cppcheck -q --std=c11 --language=c --enable=warning,performance,portability,style \
	--inline-suppr --error-exitcode=1 -j "$(nproc)" --cppcheck-build-dir="$build/cppcheck" \
	--library=posix --library=gnu --template='{file}:{line}: {id}: {message}' \
	"${suppress[@]/#/--suppress=}" -D_GNU_SOURCE -D__x86_64__ -D__BYTE_ORDER__=1234 \
	'-DLIBBPF_OPTS(type,name,...)=struct type name = { __VA_ARGS__ }' \
	-D__ORDER_LITTLE_ENDIAN__=1234 -Iinclude -Iuser -Itests user tests/fuzz
