#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Output that cannot be written: one line with the reason, and exit status 1."""
import os
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests"))
from tap import Tap  # noqa: E402

BINARY = os.path.join(TOP, os.environ.get("BUILD") or "build", "rpcsentry")
CAPTURE = os.path.join(TOP, "tests/captures/rpcinfo_p_cli.pcap")
FULL, CLOSED = "No space left on device", "Bad file descriptor"
tap = Tap()


def check(what, command, redirection, told):
    done = subprocess.run(["sh", "-c", f'exec "$@" {redirection}', "sh", BINARY, *command],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    tap.equal(f"{what}: exit status", done.returncode, 1)
    tap.equal(f"{what}: one line", done.stderr, f"rpcsentry: {told}\n")


def main():
    if not os.path.exists("/dev/full"):
        print("1..0 # SKIP no /dev/full here")
        return 0
    read = ("read", CAPTURE)
    check("text, full", read, ">/dev/full", f"standard output: {FULL}")
    check("text, closed", read, ">&-", f"standard output: {CLOSED}")
    check("events, full", (*read, "--eve", "-"), ">/dev/full", f"standard output: {FULL}")
    check("events, closed", (*read, "--eve", "-"), ">&-", f"standard output: {CLOSED}")
    check("event file, full", (*read, "--eve", "/dev/full"), "", f"/dev/full: {FULL}")
    check("help", ("--help",), ">/dev/full", f"standard output: {FULL}")
    check("help of a command", ("read", "--help"), ">/dev/full", f"standard output: {FULL}")
    check("version, closed", ("--version",), ">&-", f"standard output: {CLOSED}")
    check("policy", ("check", "--print-default"), ">/dev/full", f"standard output: {FULL}")
    return tap.done()


sys.exit(main())
