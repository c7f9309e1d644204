#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Boots a Debian kernel in an emulator and runs the kernel tests there: another
# kernel's verifier must take the programs as well, and the oldest one supported
# is Debian 12's 6.1. Not part of `make test`: it fetches a kernel package.
#
# usage: tests/vm/run.sh [PACKAGE]	(default: the newest linux-image-6.1.*)
# Prints TAP; the kernel package is kept under build/vm.
set -euo pipefail
cd "$(dirname "$0")/../.."

build=${BUILD:-build}
dir=$build/vm

say() { echo "vm: $*" >&2; }

for tool in qemu-system-x86_64 busybox cpio dpkg-deb; do
	command -v "$tool" >/dev/null || {
		say "$tool: not found; apt-get install qemu-system-x86 busybox-static cpio dpkg"
		exit 1
	}
done
package=${1:-$(apt-cache search --names-only '^linux-image-6\.1\.0-[0-9]+-amd64$' |
	cut -d' ' -f1 | sort -V | tail -1)}
[ -n "$package" ] || { say "no kernel package; run apt-get update"; exit 1; }

mkdir -p "$dir"
if ! ls "$dir/$package"/boot/vmlinuz-* >/dev/null 2>&1; then
	(cd "$dir" && apt-get download -qq "$package" >&2 && dpkg-deb -x "$package"_*.deb "$package" &&
		rm -f "$package"_*.deb)
fi

root=$dir/root
rm -rf "$root"
mkdir -p "$root"/{bin,proc,sys,dev,tmp,run,etc,mod}
cp "$(command -v busybox)" "$root/bin/busybox"
for applet in sh mount ip uname poweroff insmod sleep grep kill; do
	ln -s busybox "$root/bin/$applet"
done
for program in "$build/tests/test_parse" "$build/tests/test_parse_tunnel" "$build/rpcsentry" /bin/bash; do
	cp "$program" "$root/bin/"
	ldd "$program" | grep -o '/[^ ]*' | while read -r library; do
		mkdir -p "$root/$(dirname "$library")"
		cp -n "$library" "$root/$library"
	done
done
find "$dir/$package/lib/modules" \( -name 'sch_ingress.ko*' -o -name 'cls_bpf.ko*' \) \
	-exec cp {} "$root/mod/" \;
printf 'root:x:0:0::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n' >"$root/etc/passwd"
printf 'nogroup:x:65534:\n' >"$root/etc/group"
cp tests/vm/init "$root/init"
chmod +x "$root/init"
(cd "$root" && find . | cpio -o -H newc 2>/dev/null) | gzip -1 >"$dir/initramfs.gz"

timeout 600 qemu-system-x86_64 -accel tcg -cpu max -m 1024 -smp 2 -nographic -no-reboot \
	-kernel "$dir/$package"/boot/vmlinuz-* -initrd "$dir/initramfs.gz" \
	-append "console=ttyS0 panic=-1 quiet" </dev/null | tr -d '\r' >"$dir/console.log" || true
grep -aE '^(ok|not ok|#)|rpcsentry:' "$dir/console.log"
grep -aq '^# vm done' "$dir/console.log" || { echo "not ok - the machine came to an end of its tests"; exit 1; }
! grep -aq '^not ok' "$dir/console.log"
