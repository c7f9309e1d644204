#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""`rpcsentry run --any-port`: which RPC on other ports than the portmapper's is told, live."""
import json
import os
import shutil
import socket
import struct
import subprocess
import sys

import run_sandbox as box
from run_sandbox import Run, Wire, until

sys.path.insert(0, os.path.join(box.TOP, "tests"))
from tap import Tap  # noqa: E402

UDP, TCP, ACK = 17, 6, 16
CLIENT, HOST, OTHER_HOST, EVERYBODY = "10.77.0.9", "10.77.0.200", "10.77.0.201", "255.255.255.255"
PORTMAPPER, SERVICE, STREAM = 111, 3000, 3001
PORTMAP, NFS, MOUNTD, PLAIN = 100000, 100003, 100005, 300000  # mountd is in the sensitive set
NULL, CALLIT, WRITE = 0, 5, 7
LAST_XID = 1000
tap = Tap()


def call(xid, program, procedure, arguments=b""):
    return struct.pack(">10I", xid, 0, 2, program, 2, procedure, 0, 0, 0, 0) + arguments


def reply(xid, results=b""):
    return struct.pack(">6I", xid, 1, 0, 0, 0, 0) + results


def packet(source, destination, protocol, payload):
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0,
                       socket.inet_aton(source), socket.inet_aton(destination))
    head = head[:10] + struct.pack(">H", box.checksum(head)) + head[12:]
    return b"\xff" * 6 + b"\x02\0\0\0\0\x01" + b"\x08\0" + head + payload


class Scene:
    """What passes, and in which modes each message of it is told."""

    def __init__(self):
        self.frames, self.messages, self.xid = [], [], 0
        self.seq = {False: 1000, True: 5000}

    def message(self, modes, payload, source, destination):
        """A datagram; the ends are (address, port)."""
        udp = struct.pack(">4H", source[1], destination[1], 8 + len(payload), 0) + payload
        self.frames.append(packet(source[0], destination[0], UDP, udp))
        self.note(modes, payload)

    def note(self, modes, payload):
        xid, kind = struct.unpack(">2I", payload[:8])
        self.messages.append((modes, "reply" if kind else "call", xid))

    def exchange(self, modes, program, procedure, arguments=b"", port=900, over_tcp=False):
        """A call to the service and its reply."""
        self.xid += 1
        question, answer = call(self.xid, program, procedure, arguments), reply(self.xid)
        if over_tcp:
            self.segments(modes, question, False)
            self.segments(modes, answer, True)
        else:
            self.message(modes, question, (CLIENT, port), (HOST, SERVICE))
            self.message(modes, answer, (HOST, SERVICE), (CLIENT, port))

    def segments(self, modes, payload, back):
        """A record; a long one lies in two segments."""
        data = struct.pack(">I", 0x80000000 | len(payload)) + payload
        ends = ((HOST, STREAM), (CLIENT, 901)) if back else ((CLIENT, 901), (HOST, STREAM))
        for part in (data[:200], data[200:]):
            if part:
                head = struct.pack(">HHIIBBHHH", ends[0][1], ends[1][1], self.seq[back],
                                   self.seq[not back], 0x50, ACK, 8192, 0, 0)
                self.frames.append(packet(ends[0][0], ends[1][0], TCP, head + part))
                self.seq[back] += len(part)
        self.note(modes, payload)

    def told(self, mode, kind):
        return sorted(xid for modes, is_a, xid in self.messages if mode in modes and is_a == kind)

    def suppressed(self, mode, kind):
        """Those on other ports that are looked at, and kept off the ring."""
        return sum(mode == "first" and modes == ("all",) and is_a == kind
                   for modes, is_a, _ in self.messages)


def scene():
    act = Scene()
    new, known, always = ("first", "all"), ("all",), ("off", "first", "all")
    for over_tcp in (False, True):
        act.exchange(new, PLAIN, 1, over_tcp=over_tcp)
        act.exchange(known, PLAIN, 1, over_tcp=over_tcp)
        act.exchange(new, PLAIN, 2, over_tcp=over_tcp)
        act.exchange(new, MOUNTD, 1, over_tcp=over_tcp)
        act.exchange(new, MOUNTD, 1, over_tcp=over_tcp)
        act.exchange(known, PLAIN, 1, bytes(256), over_tcp=over_tcp)
        act.exchange(new, PLAIN, 1, bytes(260), over_tcp=over_tcp)
        act.exchange(new, NFS, WRITE, bytes(300), over_tcp=over_tcp)
        act.exchange(known, NFS, WRITE, bytes(300), over_tcp=over_tcp)
    act.exchange(new, PLAIN, 1, port=902)
    # A reply that nobody asked for.
    act.message(known, reply(77), (HOST, SERVICE), (CLIENT, 900))
    # Who answers a forwarded call, or a broadcast, does so from a port of its own.
    inner = struct.pack(">4I", MOUNTD, 1, 0, 0)
    for xid, where in ((80, EVERYBODY), (81, HOST)):
        act.message(always, call(xid, PORTMAP, CALLIT, inner), (CLIENT, 903), (where, PORTMAPPER))
        act.message(new, reply(xid, bytes(8)), (OTHER_HOST, 4000), (CLIENT, 903))
    act.message(always, reply(80, bytes(8)), (HOST, PORTMAPPER), (CLIENT, 903))
    act.message(always, call(LAST_XID, PORTMAP, NULL), (CLIENT, 904), (HOST, PORTMAPPER))
    return act


def counters():
    shown = subprocess.run([box.BINARY, "stats", "--json"], capture_output=True, text=True,
                           timeout=30, check=True)
    return json.loads(shown.stdout)["counters"]


def calls_of(path):
    return [e for e in box.lines_of(path) if e["event_type"] in ("rpc_call", "portmap")]


def expect_counters(what, act, mode, count):
    want = {"calls": len(act.told(mode, "call")), "replies": len(act.told(mode, "reply")),
            "calls_suppressed": act.suppressed(mode, "call"),
            "replies_suppressed": act.suppressed(mode, "reply"), "records_lost": 0, "fallbacks": 0}
    tap.equal(f"{what}: counters", {name: count[name] for name in want}, want)
    tap.equal(f"{what}: what is suppressed is counted", count["records_suppressed"],
              want["calls_suppressed"] + want["replies_suppressed"])
    # Ends of records in two segments, and connections, are records too.
    tap.equal(f"{what}: every record is accounted for", count["rpc_seen"],
              want["calls"] + want["replies"] + count["records_suppressed"] + count["ends"]
              + count["connections"] + count["probes"])
    tap.equal(f"{what}: rpc_seen = sent + suppressed + lost", count["rpc_seen"],
              count["records_sent"] + count["records_suppressed"] + count["records_lost"])


def watch(directory, wire, hook, mode, flags=(), policy=None):
    what = f"{hook}, any_port {mode}{' by the policy' if policy else ''}"
    act, eve = scene(), f"{directory}/{hook}-{mode}{len(flags)}-{bool(policy)}.json"
    if policy:
        flags = ("-c", f"{directory}/policy.yaml")
        with open(flags[1], "w", encoding="ascii") as out:
            out.write(policy)
    with Run(directory, "any", "-i", box.WATCHED, "-m", hook, "--no-journal", "--eve", eve,
             *flags) as run:
        for frame in act.frames:
            wire.socket.send(frame)
        # The last one is told in every mode; what comes before it has passed by then.
        until(lambda: counters()["calls"] >= len(act.told(mode, "call")))
        expect_counters(what, act, mode, counters())
        tap.equal(f"{what}: ends well", run.end()[0], 0)
    events = calls_of(eve)
    tap.equal(f"{what}: the calls that are told", sorted(e["rpc"]["xid"] for e in events),
              act.told(mode, "call"))
    answered = sorted(e["rpc"]["xid"] for e in events if e["rpc"]["status"] == "success")
    tap.equal(f"{what}: and those with their reply", answered,
              sorted(set(act.told(mode, "reply")) & set(act.told(mode, "call"))))


def main():
    box.enter()
    directory = box.prepare()
    wire = Wire()
    try:
        for hook in ("tc", "native"):
            for mode in ("off", "first", "all"):
                tap.guard(f"{hook}, {mode}", watch, directory, wire, hook, mode,
                          ("--any-port", mode))
        tap.guard("policy, all", watch, directory, wire, "tc", "all",
                  (), "sensor: {any_port: all}\n")
        # Without a word from anybody.
        tap.guard("default", watch, directory, wire, "tc", "first")
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return tap.done()


sys.exit(main())
