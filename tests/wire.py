# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""RPC over UDP and TCP made by hand, with the truth of what was put in: which messages, and the
frame that brings the last byte of each."""
import collections
import json
import os
import socket
import struct
import subprocess

import frames as fr

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BINARY = os.path.join(TOP, os.environ.get("BUILD") or "build", "rpcsentry")
START_NS, STEP_NS = 1_700_000_000 * 10**9, 100_000
FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
AUTH_NONE, AUTH_SYS, AUTH_TLS = 0, 1, 7
WRAP = 1 << 32

# What a message is known by, and what must be right about it.
Told = collections.namedtuple("Told", "type xid src sport dst dport frame length program procedure")
End = collections.namedtuple("End", "address port")


def opaque(body):
    return struct.pack(">I", len(body)) + body + b"\0" * (-len(body) % 4)


def auth_sys(machine=b"host", groups=0):
    body = struct.pack(">I", 7) + opaque(machine) + struct.pack(">3I", 1, 2, groups)
    return body + struct.pack(f">{groups}I", *range(groups))


def call(xid, program=100000, version=2, procedure=0, arguments=b"", flavor=AUTH_NONE, cred=b""):
    return (struct.pack(">7I", xid, 0, 2, program, version, procedure, flavor) + opaque(cred)
            + bytes(8) + arguments)


def reply(xid, results=b"", stat=0):
    return struct.pack(">6I", xid, 1, 0, 0, 0, stat) + results


def mapping(program=100003, version=3, protocol=17, port=0):
    return struct.pack(">4I", program, version, protocol, port)


def dump(count):
    """The results of a version 2 DUMP."""
    return b"".join(struct.pack(">I", 1) + mapping(100003 + n % 40, 1 + n % 4, 6 + n % 2 * 11, 700 + n)
                    for n in range(count)) + bytes(4)


def record(message, sizes=()):
    """With its marks: fragments of these sizes, and one more for what is left."""
    made = b""
    for size in sizes:
        made += struct.pack(">I", len(message[:size])) + message[:size]
        message = message[size:]
    return made + struct.pack(">I", fr.LAST_FRAGMENT | len(message)) + message


def ip(source, destination, protocol, payload, number=0, tags=()):
    """A frame; the addresses say which IP."""
    kind = fr.IPV6 if ":" in source else fr.IPV4
    if kind == fr.IPV6:
        head = struct.pack(">IHBB", 6 << 28, len(payload), protocol, 64)
        head += socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, destination)
    else:
        head = fr.ip4_head(struct.pack(">BBHHHBBH4s4s", 0x45, 0, 0, 0, 0, 64, protocol, 0,
                                       socket.inet_aton(source), socket.inet_aton(destination)),
                           20 + len(payload), number & 0xffff, 0)
    return (b"\2\0\0\0\0\1\2\0\0\0\0\2" + b"".join(struct.pack(">HH", 0x8100, tag) for tag in tags)
            + struct.pack(">H", kind) + head + payload)


def udp(here, there, payload, number=0, tags=()):
    """A datagram between two ends."""
    head = struct.pack(">4H", here.port, there.port, 8 + len(payload), 0)
    return ip(here.address, there.address, fr.UDP, head + payload, number, tags)


def tcp(here, there, seq, ack=0, payload=b"", flags=ACK, number=0, tags=(), urgent=0):
    head = struct.pack(">HHIIBBHHH", here.port, there.port, seq % WRAP, ack % WRAP, 5 << 4, flags,
                       65535, 0, urgent)
    return ip(here.address, there.address, fr.TCP, head + payload, number, tags)


def told_of(message, here, there, frame, asked=None):
    """The truth of a message; `asked` is a reply's call, which names it."""
    xid, kind = struct.unpack_from(">II", message)
    names = struct.unpack_from(">3I", asked if kind else message, 12) if asked or not kind else None
    return Told("reply" if kind else "call", xid, here.address, here.port, there.address,
                there.port, frame, len(message), names[0] if names else None,
                names[2] if names else None)


def told_by(event):
    rpc = event["rpc"]
    return Told(rpc["type"], rpc["xid"], event["src_ip"], event["src_port"], event["dest_ip"],
                event["dest_port"], event["pcap_cnt"], rpc["length"], rpc.get("program"),
                rpc.get("procedure"))


def read(path, *flags, timeout=300):
    """What `read` says of a capture, as events."""
    done = subprocess.run([BINARY, "read", path, "--messages", "--eve", "-", *flags],
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, check=False)
    if done.returncode:
        raise RuntimeError(f"exit status {done.returncode}: {done.stderr.decode(errors='replace')}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def messages(events):
    """How often each message is told."""
    return collections.Counter(told_by(event) for event in events if event["event_type"] == "rpc")


def faults(expected, got, optional=()):
    """The differences of two Counters, as short lines; none when they agree."""
    missed = expected - got
    invented = got - expected - collections.Counter(optional)
    return ([f"missed {message}" for message in missed.elements()]
            + [f"invented {message}" for message in invented.elements()])


def engines():
    """The engines that can run here."""
    return ["native", "kernel"] if os.geteuid() == 0 else ["native"]
