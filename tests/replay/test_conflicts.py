#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""`rpcsentry read` over what has two readings: an XID with two calls, fragments that differ."""
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
VALIDATE = os.path.join(TOP, "scripts", "validate-eve.py")
CLIENT, SERVER, CLIENT6, SERVER6 = "10.1.1.1", "10.1.1.2", "fd00::1", "fd00::2"
PORT = 800
NFS, MOUNTD = 100003, 100005
UDP, TCP = 17, 6
GETPORT, DUMP = 3, 4
POLICY = "allow: [{calls: [GETPORT, DUMP]}]\n"
tap = Tap()


def call(xid, procedure=GETPORT, program=NFS):
    rpc = struct.pack(">10I", xid, 0, 2, 100000, 2, procedure, 0, 0, 0, 0)
    return rpc + (struct.pack(">4I", program, 3, 17, 0) if procedure == GETPORT else b"")


def reply(xid, port):
    return struct.pack(">7I", xid, 1, 0, 0, 0, 0, port)


def udp(payload, sport=PORT, dport=111):
    return struct.pack(">4H", sport, dport, 8 + len(payload), 0) + payload


def tcp(payload, seq, flags=0x18):
    mark = struct.pack(">I", 1 << 31 | len(payload)) if payload else b""
    return struct.pack(">2H2I2BHHH", PORT, 111, seq, 1, 5 << 4, flags, 1000, 0, 0) + mark + payload


def ip4(payload, protocol=UDP, source=CLIENT, to=SERVER, offset=0, more=False, number=1):
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), number,
                       offset // 8 | more << 13, 64, protocol, 0, socket.inet_aton(source),
                       socket.inet_aton(to))
    return b"\2\0\0\0\0\2\2\0\0\0\0\1\x08\0" + head + payload


def ip6(payload, offset, more):
    fragment = struct.pack(">BBHI", UDP, 0, offset | more, 77)
    head = struct.pack(">IHBB", 6 << 28, 8 + len(payload), 44, 64)
    for address in (CLIENT6, SERVER6):
        head += socket.inet_pton(socket.AF_INET6, address)
    return b"\2\0\0\0\0\2\2\0\0\0\0\1\x86\xdd" + head + fragment + payload


def capture(path, frames):
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for number, frame in enumerate(frames):
            out.write(struct.pack("<4I", 1795310157 + number, 0, len(frame), len(frame)) + frame)


def read(directory, frames, engine, policy=POLICY):
    path, policy_path = f"{directory}/capture.pcap", f"{directory}/policy.yaml"
    capture(path, frames)
    with open(policy_path, "w", encoding="ascii") as out:
        out.write(policy)
    done = subprocess.run([BINARY, "read", path, "-c", policy_path, "--eve", "-", "--engine", engine],
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.decode(errors="replace"))
    right = subprocess.run([VALIDATE], input=done.stdout, capture_output=True, check=False)
    if right.returncode == 1:
        raise RuntimeError(right.stderr.decode(errors="replace"))
    return [json.loads(line) for line in done.stdout.splitlines()]


def alerts(events):
    return [(e["alert"]["name"], e["pcap_cnt"], e["src_ip"], e["src_port"], e["dest_port"])
            for e in events if e["event_type"] == "alert"]


def evidence(events):
    return [text for e in events if e["event_type"] == "alert" for text in e["alert"]["evidence"]]


def check_conflict(what, events, frame):
    tap.equal(f"{what}: one alert, of the second call", alerts(events),
              [("xid-conflict", frame, CLIENT, PORT, 111)])
    tap.check(f"{what}: says what differs",
              "program asked for: nfs (100003) -> mountd (100005)" in evidence(events),
              evidence(events))
    tap.equal(f"{what}: both calls are told", sorted(
        e["portmap"]["program"] for e in events if e["event_type"] == "portmap"), [NFS, MOUNTD])


def xids(directory, engine):
    first, second = call(1), call(1, program=MOUNTD)
    events = read(directory, [ip4(udp(first)), ip4(udp(second)), ip4(udp(second))], engine)
    check_conflict(f"{engine}, UDP", events, 2)
    syn = ip4(tcp(b"", 99, 2), TCP)
    events = read(directory, [syn, ip4(tcp(first, 100), TCP),
                              ip4(tcp(second, 100 + 4 + len(first)), TCP)], engine)
    check_conflict(f"{engine}, TCP", events, 3)
    for what, frames in (
            ("repeated", [ip4(udp(first)), ip4(udp(first))]),
            ("answered before", [ip4(udp(first)), ip4(udp(reply(1, 2049), 111, PORT), source=SERVER,
                                                      to=CLIENT), ip4(udp(second))]),
            ("another port", [ip4(udp(first)), ip4(udp(second, PORT + 1))])):
        tap.equal(f"{engine}, {what}: no alert", alerts(read(directory, frames, engine)), [])


def pieces(datagram, *cuts):
    """(bytes, offset, more) between the cuts."""
    ends = [*cuts, len(datagram)]
    return [(datagram[at:end], at, end < len(datagram)) for at, end in zip([0, *cuts], ends)]


def fragments(directory, engine):
    name, datagram = "ip-fragment-overlap", udp(call(5))
    other = udp(call(5, program=MOUNTD))
    needless = [ip4(part, offset=at, more=more) for part, at, more in pieces(datagram, 32, 56)]
    events = read(directory, needless, engine)
    tap.equal(f"{engine}, needless fragments: one alert", alerts(events),
              [(name, 3, CLIENT, PORT, 111)])
    tap.check(f"{engine}, needless fragments: says so",
              any(text.startswith("needless: a fragment of 24 bytes") for text in evidence(events)),
              evidence(events))
    tap.check(f"{engine}, needless fragments: on the flow of the call they make",
              len({e["flow_id"] for e in events if e["event_type"] != "stats"}) == 1, events)

    parts, others = pieces(datagram, 32), pieces(other, 32)
    six = [ip6(*parts[0]), ip6(parts[1][0], 32, True), ip6(others[1][0], 32, False)]
    events = read(directory, six, engine)
    tap.check(f"{engine}, IPv6, two readings: an alert of the frame that brought the second",
              (name, 3, CLIENT6, PORT, 111) in alerts(events), alerts(events))
    # The asked program's last byte lies at 8 + 40 + 3 in the datagram.
    tap.check(f"{engine}, IPv6, two readings: both are shown",
              "1 byte differs from an earlier fragment's, the first at offset 51 of the IP payload"
              in evidence(events)
              and "from there on: a3 00 00 00 03 00 00 00 -> a5 00 00 00 03 00 00 00"
              in evidence(events), evidence(events))

    big = udp(call(6) + bytes(2000))
    for what, frames in (
            ("large ones", [ip4(part, offset=at, more=more)
                            for part, at, more in pieces(big, 1480)]),
            ("duplicates", [ip4(part, offset=at, more=more) for part, at, more in
                            pieces(big, 1480)[:1] * 2 + pieces(big, 1480)[1:]])):
        tap.equal(f"{engine}, {what}: no alert", alerts(read(directory, frames, engine)), [])
    elsewhere = [ip4(part, offset=at, more=more)
                 for part, at, more in pieces(udp(call(7), dport=2049), 32, 56)]
    tap.equal(f"{engine}, another port: an alert of the port alone",
              alerts(read(directory, elsewhere, engine)),
              [("portmap-alt-port", 3, CLIENT, PORT, 2049)])


def evictions(directory, engine):
    """A capture is told of losses at its end."""
    events = read(directory, [ip4(udp(call(xid))) for xid in range(1, 6)], engine,
                  POLICY + "limits: {pending_calls: 2}\n")
    found = [e["alert"] for e in events if e["event_type"] == "alert"]
    tap.equal(f"{engine}: what a full table pushed out is an alert",
              [(a["name"], a["evidence"][0].split(";")[0]) for a in found],
              [("sensor-loss", "3 unanswered calls were evicted")])


def main():
    engines = ["native"]
    if os.geteuid() == 0:
        engines.append("kernel")
    else:
        tap.skip("the kernel engine", "it needs root")
    with tempfile.TemporaryDirectory() as directory:
        for engine in engines:
            for group in (xids, fragments, evictions):
                tap.guard(f"{group.__name__}, {engine}", group, directory, engine)
    return tap.done()


sys.exit(main())
