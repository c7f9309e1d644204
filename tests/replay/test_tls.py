#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""RPC with TLS (RFC 9289) on every port: once it has begun nothing is read of the stream any more,
and the call that led to it says so; what only looks like it hides nothing."""
import collections
import os
import struct
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests"))
import frames as fr  # noqa: E402
import wire  # noqa: E402
from tap import Tap  # noqa: E402

PORTMAPPER, NFS = 100000, 100003
HELLO = b"\x16\3\1\0\xc8\1\0\0\xc4\3\3" + bytes(range(194))
SERVER_HELLO = b"\x16\3\3\0\x7a\2\0\0\x76\3\3" + bytes(range(116))
STARTTLS = struct.pack(">2I", 0, 8) + b"STARTTLS"
tap = Tap()


class Flow:
    """A connection; `expected` is what is to be told of it."""

    def __init__(self, port, handshake=True):
        self.ends = {False: wire.End("10.0.0.1", 700), True: wire.End("10.0.0.2", port)}
        self.program = PORTMAPPER if port == 111 else NFS
        self.seq, self.frames, self.expected, self.asked = {False: 1000, True: 5000}, [], [], {}
        self.silent = False
        if handshake:
            self.send(False, flags=wire.SYN)
            self.send(True, flags=wire.SYN | wire.ACK)

    def send(self, back, data=b"", flags=wire.ACK):
        if not (self.silent and back):
            self.frames.append(wire.tcp(self.ends[back], self.ends[not back], self.seq[back],
                                        self.seq[not back], data, flags))
        self.seq[back] += len(data) + (flags & wire.SYN != 0)

    def say(self, back, message, told=True, sizes=()):
        data, xid = wire.record(message), message[:4]
        for size in (*sizes, len(data)):
            self.send(back, data[:size])
            data = data[size:]
        if not back:
            self.asked[xid] = message
        if told:
            self.expected.append(wire.told_of(message, self.ends[back], self.ends[not back],
                                              len(self.frames), self.asked.get(xid)))

    def call(self, xid, told=True, **more):
        self.say(False, wire.call(xid, self.program, 2 if self.program == PORTMAPPER else 3, **more),
                 told)

    def tls(self, xid=9, sizes=()):
        version = 2 if self.program == PORTMAPPER else 3
        self.say(False, wire.call(xid, self.program, version, flavor=wire.AUTH_TLS), sizes=sizes)


def plain(flow):
    """A call of the same procedure before: the next one is no first of its kind."""
    flow.call(1)
    flow.say(True, wire.reply(1))


def agree(flow, xid=9):
    flow.say(True, struct.pack(">3I", xid, 1, 0) + STARTTLS + bytes(4))


def refuse(flow, xid=9):
    flow.say(True, wire.reply(xid))


def begun(flow):
    """What follows a server's agreement: nothing is told of it, whatever it looks like."""
    flow.send(False, HELLO)
    flow.send(True, SERVER_HELLO)
    for xid in (20, 21):
        flow.call(xid, told=False, procedure=xid)
        flow.say(True, wire.reply(xid), told=False)
    flow.send(False, wire.record(wire.call(22, flow.program))[:20])
    flow.call(23, told=False)


def agreed(flow):
    plain(flow)
    flow.tls()
    agree(flow)
    begun(flow)
    return True


def in_pieces(flow):
    """Call and hello in small segments."""
    plain(flow)
    flow.tls(sizes=(3, 20))
    agree(flow)
    for byte in HELLO[:12]:
        flow.send(False, bytes([byte]))
    flow.send(False, HELLO[12:])
    flow.call(20, told=False)
    return True


def one_way(flow):
    """Only the client can be seen: its hello has to do."""
    flow.silent = True
    flow.tls()
    agree(flow)
    flow.expected.pop()
    flow.send(False, HELLO)
    flow.call(20, told=False)
    return None


def refused(flow):
    """The client goes on without; what looks like TLS later is junk between two records."""
    plain(flow)
    flow.tls()
    refuse(flow)
    flow.call(10, procedure=1)
    flow.say(True, wire.reply(10))
    flow.send(False, HELLO)
    flow.call(11, procedure=2)
    flow.say(True, wire.reply(11))
    return False


def decoy(flow):
    """A hello before the server's word, which is none of agreement."""
    plain(flow)
    flow.tls()
    flow.send(False, HELLO)
    refuse(flow)
    flow.call(11, procedure=2)
    flow.say(True, wire.reply(11))
    return False


def early(flow):
    """A hello that the sensor sees before the server's agreement."""
    plain(flow)
    flow.tls()
    flow.send(False, HELLO)
    flow.call(20, told=False, procedure=3)
    agree(flow)
    flow.call(21, told=False, procedure=4)
    return True


def not_begun(flow):
    """Agreed, and the client goes on without TLS: a look-alike of the server's word."""
    plain(flow)
    flow.tls()
    agree(flow)
    flow.call(10, procedure=1)
    flow.say(True, wire.reply(10))
    flow.call(11, procedure=2)
    flow.say(True, wire.reply(11))
    return True


def never_asked(flow):
    """What looks like TLS where nobody asked for it is junk."""
    plain(flow)
    flow.send(False, HELLO)
    flow.call(9, procedure=1)
    flow.say(True, wire.reply(9))
    return False


def again(flow):
    """The next connection of the same ports is a plain one."""
    agreed(flow)
    for back in (False, True):
        flow.send(back, flags=wire.FIN | wire.ACK)
        flow.seq[back] += 100000
    flow.send(False, flags=wire.SYN)
    flow.send(True, flags=wire.SYN | wire.ACK)
    flow.call(30)
    flow.say(True, wire.reply(30))
    return True


def check(case, port, mode, path):
    flow = Flow(port)
    accepted = case(flow)
    fr.write_capture(path, flow.frames,
                     [wire.START_NS + n * wire.STEP_NS for n in range(len(flow.frames))])
    for engine in wire.engines():
        name = f"{case.__name__}, port {port}, {mode}, {engine}"
        events = wire.read(path, "--any-port", mode, "--engine", engine)
        wrong = wire.faults(collections.Counter(flow.expected), wire.messages(events))
        tap.check(f"{name}: messages", not wrong, "\n".join(wrong))
        if accepted is not None:
            tap.equal(f"{name}: the call says whether TLS follows",
                      [e["tcp"].get("tls", False) for e in events
                       if e["event_type"] in ("portmap", "rpc_call") and e["rpc"]["xid"] == 9],
                      [accepted])
        stats = [e for e in events if e["event_type"] == "stats"][-1]["stats"]
        if case in (agreed, in_pieces, one_way, again):
            tap.check(f"{name}: the stream is closed to the sensor",
                      stats["agent"]["tcp_tls"] > 0, stats["agent"])


def main():
    if not os.access(wire.BINARY, os.X_OK):
        print(f"Bail out! {wire.BINARY} is missing: run make first")
        return 1
    if os.geteuid() != 0:
        tap.skip("the kernel engine", "it needs root")
    cases = (agreed, in_pieces, one_way, refused, decoy, early, not_begun, never_asked, again)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "tls.pcap")
        for port, mode in ((111, "off"), (111, "all"), (2049, "first"), (2049, "all"),
                           (5001, "first"), (5001, "all")):
            for case in cases:
                tap.guard(f"{case.__name__}, {port}, {mode}", check, case, port, mode, path)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
