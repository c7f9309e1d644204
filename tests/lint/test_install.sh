#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
# Incremental builds, install and uninstall.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1

build=${BUILD:-build}
root=$(mktemp -d) || exit 1
trap 'rm -rf "$root"' EXIT
number=0
check() {
	local name=$1
	shift
	number=$((number + 1))
	if "$@"; then echo "ok $number - $name"; else echo "not ok $number - $name"; fi
}
quiet_make() { make --no-print-directory BUILD="$build" "$@" >"$root.log" 2>&1; }
pretend() {
	# Not grep -q: it would end before make does.
	make -n --no-print-directory BUILD="$build" V=1 -W "$1" all 2>/dev/null | grep -- "-o [^ ]*$2" >/dev/null
}
leaves() { ! pretend "$1" "$2"; }
same() { cmp -s "$1" "$2"; }
runs() { "$1" --version >/dev/null; }
absent() { [ ! -e "$1" ]; }
# What `train.sh` makes of a sensor that ends with this status: its word, and is the profile there?
train() {
	local dir="$root/train$1"

	mkdir -p "$dir" && touch "$dir/old.gcda"
	printf '#!/bin/sh\nexit 0\n' >"$dir/traffic"
	printf '#!/bin/sh\nexit %s\n' "$1" >"$dir/rpcsentry"
	chmod +x "$dir/traffic" "$dir/rpcsentry"
	scripts/train.sh "$dir" 2>"$dir/said" || return 1
	[ -e "$dir/old.gcda" ] && echo "kept" >>"$dir/said"
	grep -q "$2" "$dir/said"
}

check "what is to be done can be asked before anything is built" \
	quiet_make -n BUILD="$root/none" all
check "everything is built" quiet_make all
check "a shared header rebuilds the BPF object" pretend include/rpcsentry/packet.h rpcsentry.bpf.o
check "and what includes it" pretend include/rpcsentry/packet.h stream/stream.o
check "the built-in policy rebuilds what embeds it" pretend config/default.yaml default_text.o
check "a source file rebuilds itself" pretend user/match/calls.c match/calls.o
check "and nothing else" leaves user/match/calls.c stream/stream.o
if [ -d "$build/profile" ]; then
	check "a profile was made" test -s "$build/profile/user/pipeline.gcda"
fi
check "a profile is kept where the sensor ran" train 0 '^kept$'
check "and not where it could not, which is said" train 126 'did not run.*; compiled without a profile$'

check "install" quiet_make install DESTDIR="$root" PREFIX=/usr sysconfdir=/etc
check "the binary runs" runs "$root/usr/bin/rpcsentry"
check "the policy is the built-in one" same config/default.yaml "$root/etc/rpcsentry/rpcsentry.yaml"
check "the catalog has every message" \
	grep -q 'Defined-By: rpcsentry' "$root/usr/lib/systemd/catalog/rpcsentry.catalog"
check "the unit names the installed binary" \
	grep -q '/usr/bin/rpcsentry run' "$root/usr/lib/systemd/system/rpcsentry.service"
echo '# the site' >>"$root/etc/rpcsentry/rpcsentry.yaml"
quiet_make install DESTDIR="$root" PREFIX=/usr sysconfdir=/etc
check "a changed policy survives another install" \
	grep -q '^# the site' "$root/etc/rpcsentry/rpcsentry.yaml"
check "uninstall" quiet_make uninstall DESTDIR="$root" PREFIX=/usr sysconfdir=/etc
check "the binary is gone" absent "$root/usr/bin/rpcsentry"
check "the catalog is gone" absent "$root/usr/lib/systemd/catalog/rpcsentry.catalog"
check "a changed policy stays" test -e "$root/etc/rpcsentry/rpcsentry.yaml"
rm -f "$root.log"
echo "1..$number"
