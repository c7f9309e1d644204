#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""`rpcsentry run` and services called directly: silent while it learns whom the portmappers told;
and arguments that only the fallback brings from the kernel.
"""
import os
import shutil
import socket
import struct
import sys

import run_sandbox as box
from run_sandbox import Run, Wire, alerts_of, until

sys.path.insert(0, os.path.join(box.TOP, "tests"))
from tap import Tap  # noqa: E402

OUTSIDE = "203.0.113.5"
PORTMAPPER, MOUNTD, STATUS = 100000, 100005, 100024
MON, EXPORT = 2, 5
DIRECT = "rpc-direct-sensitive"
tap = Tap()


def call(wire, port, program, procedure, args=b""):
    """A call of version 1 from outside, over UDP."""
    wire.xid += 1
    rpc = struct.pack(">10I", wire.xid, 0, 2, program, 1, procedure, 0, 0, 0, 0) + args
    udp = struct.pack(">4H", 700, port, 8 + len(rpc), 0) + rpc
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 7, 0, 64, 17, 0,
                       socket.inet_aton(OUTSIDE), socket.inet_aton(box.SERVER))
    head = head[:10] + struct.pack(">H", box.checksum(head)) + head[12:]
    wire.socket.send(b"\2\0\0\0\0\2\2\0\0\0\0\1\x08\0" + head + udp)


def learning(directory, wire):
    eve = f"{directory}/learning.json"
    with Run(directory, "learning", "-i", box.WATCHED, "--no-journal", "--eve", eve) as run:
        call(wire, 20048, MOUNTD, EXPORT)
        # What comes after it has been judged: then so has this.
        call(wire, 32771, PORTMAPPER, 4)
        found = until(lambda: alerts_of(eve, "portmap-alt-port"))
        tap.check("the portmapper at another port is an alert at once", found, run.log)
        tap.equal("a direct call is none in the first hour", alerts_of(eve, DIRECT), [])
        run.end()


def learned(directory, wire):
    eve, policy = f"{directory}/learned.json", f"{directory}/learned.yaml"
    with open(policy, "w", encoding="ascii") as out:
        out.write("detections: {rpc-direct: {learn: 0s}}\n")
    os.chmod(policy, 0o644)
    with Run(directory, "learned", "-i", box.WATCHED, "-c", policy, "--no-journal", "--eve",
             eve) as run:
        call(wire, 20048, MOUNTD, EXPORT)
        found = until(lambda: alerts_of(eve, DIRECT))
        tap.check("without learning it is", found and found[0]["src_ip"] == OUTSIDE
                  and found[0]["dest_port"] == 20048, run.log)
        names = b"".join(struct.pack(">I", len(name)) + name for name in (b"host", b"m" * 104))
        call(wire, 32770, STATUS, MON, names + bytes(28))
        found = until(lambda: alerts_of(eve, "rpc-oversized-args"))
        tap.check("a second string over its limit is seen", found and any(
            "caller's name of 104 bytes" in text for text in found[0]["alert"]["evidence"]),
                  (found, run.log))
        run.end()


def main():
    box.enter()
    directory = box.prepare()
    wire = Wire()
    try:
        for group in (learning, learned):
            tap.guard(group.__name__, group, directory, wire)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return tap.done()


sys.exit(main())
