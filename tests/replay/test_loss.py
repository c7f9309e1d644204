#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What `read` has to leave out of a capture it says: a flow that has too much put together."""
import json
import os
import struct
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests"))
import frames as fr  # noqa: E402
from tap import Tap  # noqa: E402

BINARY = os.path.join(TOP, os.environ.get("BUILD") or "build", "rpcsentry")
START_NS = 1_700_000_000 * 10**9
SEGMENT, LIMIT = 1400, 4 << 20  # bytes a second and direction (limits.h)
SENSOR_LOSS = 1110080
tap = Tap()


def junk(count):
    """Segments to a portmapper port in which no record can be found, without a handshake."""
    ether = b"\2" * 6 + b"\4" * 6 + struct.pack(">H", fr.IPV4)
    head = fr.ip4_head(struct.pack(">BBHHHBBH8B", 0x45, 0, 0, 0, 0, 64, fr.TCP, 0,
                                   10, 0, 0, 1, 10, 0, 0, 2), 20, 0, 0)
    for number in range(count):
        tcp = struct.pack(">HHIIBBHHH", 700, 111, number * SEGMENT, 1, 5 << 4, fr.ACK, 65535, 0, 0)
        yield ether + fr.tcp_packet(head, number & 0xffff, tcp + b"\x55" * SEGMENT)


def losses(count, path):
    """The evidence of all sensor-loss alerts."""
    fr.write_capture(path, list(junk(count)), range(START_NS, START_NS + count * 1000, 1000))
    done = subprocess.run([BINARY, "read", path, "--eve", "-"], stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=60, check=True)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    return [line for e in events
            if e["event_type"] == "alert" and e["alert"]["signature_id"] == SENSOR_LOSS
            for line in e["alert"]["evidence"]]


def main():
    if not os.access(BINARY, os.X_OK):
        print(f"Bail out! {BINARY} is missing: run make first")
        return 1
    within = LIMIT // (SEGMENT + 40)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "junk.pcap")
        tap.equal("within the limit nothing is lost", losses(within, path), [])
        evidence = losses(within + 101, path)
        tap.equal("one figure", len(evidence), 1)
        tap.check("it is right", evidence and evidence[0].startswith("100 packets were left out"),
                  "\n".join(evidence))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
