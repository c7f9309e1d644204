#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Frames that the kernel's test run cannot take: the native engine takes them, on the same flows."""
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests"))
from tap import Tap  # noqa: E402

BINARY = os.path.join(TOP, os.environ.get("BUILD") or "build", "rpcsentry")
CLIENT, SERVER = "10.0.0.1", "10.0.0.2"
CLIENT_PORT, OTHER_PORT, PORTMAPPER = 900, 3000, 111
JUMBO = 9000  # bytes of payload; the test run takes frames of up to 3,520
SYN, ACK = 2, 16
UDP, TCP = 17, 6
NFS, WRITE = 100003, 7
tap = Tap()


def call(xid, program, version, procedure, arguments=b""):
    return struct.pack(">10I", xid, 0, 2, program, version, procedure, 0, 0, 0, 0) + arguments


def reply(xid, results=b""):
    return struct.pack(">6I", xid, 1, 0, 0, 0, 0) + results


def record(message):
    return struct.pack(">I", 0x80000000 | len(message)) + message


def packet(protocol, back, payload):
    source, destination = (SERVER, CLIENT) if back else (CLIENT, SERVER)
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0,
                       socket.inet_aton(source), socket.inet_aton(destination))
    return b"\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x08\0" + head + payload


def datagram(port, payload, back=False):
    ports = (port, CLIENT_PORT) if back else (CLIENT_PORT, port)
    return packet(UDP, back, struct.pack(">4H", *ports, 8 + len(payload), 0) + payload)


class Flow:
    """A TCP connection from its handshake on; `frames` is what passes."""

    def __init__(self, port):
        self.port, self.seq, self.frames = port, {False: 1000, True: 2000}, []
        self.add(b"", flags=SYN)
        self.add(b"", back=True, flags=SYN | ACK)
        self.add(b"")

    def add(self, payload, back=False, flags=ACK):
        ports = (self.port, CLIENT_PORT) if back else (CLIENT_PORT, self.port)
        head = struct.pack(">HHIIBBHHH", *ports, self.seq[back], self.seq[not back], 0x50, flags,
                           8192, 0, 0)
        self.frames.append(packet(TCP, back, head + payload))
        self.seq[back] += len(payload) + (flags & SYN != 0)

    def add_cut(self, payload, *sizes):
        """In segments of these sizes, and one more for what is left."""
        for size in sizes:
            self.add(payload[:size])
            payload = payload[size:]
        self.add(payload)


def write(path, frames):
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
        for number, frame in enumerate(frames):
            out.write(struct.pack("<4I", 1000, number * 1000, len(frame), len(frame)) + frame)


def read(path, *flags):
    return subprocess.run([BINARY, "read", path, "--messages", "--eve", "-", *flags],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                          check=False)


def events(done, *kinds):
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return [event for event in found if event["event_type"] in kinds]


def counted(done, names):
    kernel = events(done, "stats")[-1]["stats"]["kernel"]
    return {name: kernel[name] for name in names}


def case(name, frames, mode, messages, counts):
    """Both engines give the same lines, with these messages, as (type, xid), and these counters."""
    with tempfile.NamedTemporaryFile(suffix=".pcap") as file:
        write(file.name, frames)
        native = read(file.name, "--any-port", mode)
        kernel = read(file.name, "--any-port", mode, "--engine", "kernel")
    for engine, done in (("native", native), ("kernel", kernel)):
        tap.check(f"{name}: {engine}: exit status", done.returncode == 0, done.stderr)
        tap.equal(f"{name}: {engine}: messages", [(e["rpc"]["type"], e["rpc"]["xid"])
                                                  for e in events(done, "rpc")], messages)
        tap.equal(f"{name}: {engine}: counters", counted(done, counts), counts)
    told = [[line for line in done.stdout.splitlines() if '"event_type":"stats"' not in line]
            for done in (native, kernel)]
    tap.equal(f"{name}: the same lines", told[1], told[0])


def portmapper():
    """A call of 9,000 bytes between small ones goes to the agent; the flow stays in step."""
    flow = Flow(PORTMAPPER)
    inner = struct.pack(">4I", 100005, 1, 5, JUMBO)
    for xid, procedure, arguments in ((1, 0, b""), (2, 5, inner + bytes(JUMBO)), (3, 0, b"")):
        flow.add(record(call(xid, 100000, 2, procedure, arguments)))
    case("portmapper", flow.frames, "off", [("call", 1), ("call", 2), ("call", 3)],
         {"calls": 2, "fallbacks": 1, "fallback_body": 1, "flow_unknown": 0})


def open_natively():
    """The header in a large frame marks port and flow; the record's end lies in a small one."""
    flow = Flow(OTHER_PORT)
    flow.add_cut(record(call(1, NFS, 3, WRITE, bytes(2 * JUMBO))), JUMBO, JUMBO)
    flow.add(record(reply(1)), back=True)
    case("other port, large first", flow.frames, "all", [("call", 1), ("reply", 1)],
         {"ends": 1, "tcp_skipped": 2, "fallbacks": 0})


def open_in_kernel():
    """The other way round, and a call behind it in the last frame."""
    flow = Flow(OTHER_PORT)
    first, second = (record(call(xid, NFS, 3, WRITE, bytes(2 * JUMBO))) for xid in (1, 2))
    flow.add_cut(first + second[:JUMBO], 1000, JUMBO)
    flow.add(second[JUMBO:][:1000])
    flow.add(second[JUMBO + 1000:])
    case("other port, small first", flow.frames, "all", [("call", 1), ("call", 2)],
         {"ends": 2, "fallbacks": 0})


def first_over_udp():
    """A large call is the first of its kind: its reply is let through, the next call is not."""
    frames = [datagram(OTHER_PORT, call(1, NFS, 3, WRITE, bytes(JUMBO))),
              datagram(OTHER_PORT, reply(1), back=True),
              datagram(OTHER_PORT, call(2, NFS, 3, WRITE, bytes(100))),
              datagram(OTHER_PORT, reply(2), back=True)]
    case("first", frames, "first", [("call", 1), ("reply", 1)],
         {"calls_suppressed": 1, "replies_suppressed": 1, "rpc_seen": 4})


def main():
    if os.geteuid() != 0:
        print("1..0 # SKIP the kernel engine needs root")
        return 0
    for group in (portmapper, open_natively, open_in_kernel, first_over_udp):
        tap.guard(group.__name__, group)
    return tap.done()


sys.exit(main())
