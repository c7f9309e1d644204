#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A capture that begins inside a connection, at each of its bytes: every message that begins there
or later is told, once, with the frame that brought its last byte."""
import collections
import os
import random
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests"))
import frames as fr  # noqa: E402
import wire  # noqa: E402
from tap import Tap  # noqa: E402

PORTMAPPER, NFS_PORT, ANY_PORT = 111, 2049, 5001
NFS = 100003
CUTS_MAX = 4000  # of one capture: each is a flow
tap = Tap()

Sent = collections.namedtuple("Sent", "message start end asked")  # offsets in its direction
Segment = collections.namedtuple("Segment", "back start data")


class Conversation:
    """What both sides say, in segments; `back` is the server's side."""

    def __init__(self):
        self.stream, self.sent = {False: b"", True: b""}, {False: [], True: []}
        self.segments, self.asked = [], {}

    def say(self, back, *records, sizes=()):
        """Records, in segments of these sizes and one more for what is left, unless nothing is."""
        data, start = b"", len(self.stream[back])
        for message, marks in records:
            whole, xid = wire.record(message, marks), message[:4]
            if not back:
                self.asked[xid] = message
            self.sent[back].append(Sent(message, start + len(data), start + len(data) + len(whole),
                                        self.asked[xid] if back else None))
            data += whole
        self.stream[back] += data
        for size in (*sizes, len(data)):
            if data:
                self.segments.append(Segment(back, start, data[:size]))
                start, data = start + len(data[:size]), data[size:]

    def offsets(self):
        """All places where a capture may begin: (segment, byte of it)."""
        return [(number, at) for number, segment in enumerate(self.segments)
                for at in range(len(segment.data))]

    def cut(self, number, at):
        """The segments from there on."""
        first = self.segments[number]
        return [Segment(first.back, first.start + at, first.data[at:]), *self.segments[number + 1:]]

    def truth(self, segments, ends, frame, portmapper):
        """What is to be told of these segments, the first of which is in that frame."""
        begin, told, seen = {}, [], set()
        for back, start, _ in segments:
            begin[back] = min(start, begin.get(back, start))
        for back in (False, True):
            for sent in self.sent[back]:
                xid = sent.message[:4]
                if sent.start < begin.get(back, len(self.stream[back])):
                    continue
                if not back:
                    seen.add(xid)
                elif not portmapper and xid not in seen:
                    continue
                last = max(n for n, segment in enumerate(segments) if segment.back == back
                           and segment.start < sent.end and segment.start + len(segment.data) > sent.start)
                told.append(wire.told_of(sent.message, ends[back], ends[not back], frame + last,
                                         sent.asked if xid in seen else None))
        return told


def body(chance, size):
    """What files and results hold: noise, zeros, small numbers, text."""
    made = b""
    while len(made) < size:
        kind = chance.randrange(4)
        made += (chance.randbytes(64), bytes(48), b"\0\0\0\1\0\0\0\2" * 6, b"a line of text\n" * 4)[kind]
    return made[:size]


def small(chance, program):
    """Calls and replies of a few bytes, together and apart, in fragments, and some of a few KB."""
    made, version = Conversation(), 2 if program == 100000 else 3

    def call(xid, size=0, **more):
        arguments = wire.mapping() if program == 100000 and not size else body(chance, size)
        return wire.call(xid, program, version, 3 if program == 100000 else 7, arguments, **more)

    def answer(xid, size=4):
        return wire.reply(xid, body(chance, size))

    made.say(False, (call(11), ()))
    made.say(True, (answer(11), ()))
    made.say(False, (call(12), ()), (call(13), ()))
    made.say(True, (answer(12), ()), (answer(13, 1500), ()), sizes=(700, 536))
    made.say(False, (call(14, flavor=wire.AUTH_SYS, cred=wire.auth_sys()), (8, 20, 30)))
    made.say(True, (answer(14), (12,)))
    made.say(False, (call(15, 900), ()), (call(16), ()), sizes=(400, 300))
    made.say(True, (answer(15, 8), ()), (answer(16, 600), (200, 1, 0, 200)), sizes=(300,))
    made.say(False, (call(17), ()))
    made.say(True, (answer(17), ()))
    return made


def large(chance, program, fragments):
    """Replies of up to 64 KB, between small ones."""
    made = Conversation()
    for xid, size in ((21, 4), (22, 65000), (23, 4), (24, 20000), (25, 4)):
        made.say(False, (wire.call(xid, program, 2 if program == 100000 else 3, 4,
                                   flavor=wire.AUTH_SYS, cred=wire.auth_sys()), ()))
        made.say(True, (wire.reply(xid, wire.dump(size // 20) if program == 100000
                                   else body(chance, size)),
                        [fragments] * ((size - 1) // fragments) if fragments else ()),
                 sizes=[1448] * (size // 1448))
    return made


def as_sent(segments, _chance):
    return segments


def mixed(segments, chance):
    """What one side says before the other does, cut anew, in any order."""
    made, groups = [], []
    for segment in segments:
        if not groups or groups[-1][0].back != segment.back:
            groups.append([])
        groups[-1].append(segment)
    for group in groups:
        data, start, pieces = b"".join(segment.data for segment in group), group[0].start, []
        while data:
            size = chance.choice((1, 3, 20, 60, 200, 700))
            pieces.append(Segment(group[0].back, start, data[:size]))
            start, data = start + len(data[:size]), data[size:]
        chance.shuffle(pieces)
        made += pieces
    return made


def turned(segments, _chance):
    """The same, each the other way round."""
    return mixed(segments, Backwards())


class Backwards:
    def __init__(self):
        self.number = 0

    def choice(self, sizes):
        self.number += 1
        return sizes[self.number % len(sizes)]

    @staticmethod
    def shuffle(pieces):
        pieces.reverse()


def captures(made, port, offsets, order):
    """(frames, truth) of the conversation cut at each of these places, each on ends of its own."""
    chance, first_call = random.Random(3), wire.call(1, NFS, 3)
    for first in range(0, len(offsets), CUTS_MAX):
        # A port of no name is looked at once a call has been seen on it.
        ends = wire.End("10.1.0.1", 700), wire.End("10.9.9.9", port)
        frames = [wire.tcp(*ends, 1, payload=wire.record(first_call))]
        truth = [wire.told_of(first_call, *ends, 1)]
        for number, (segment, at) in enumerate(offsets[first:first + CUTS_MAX]):
            ends = {False: wire.End(f"10.0.{number >> 8}.{number & 255}", 700 + number % 300),
                    True: wire.End("10.9.9.9", port)}
            segments = order(made.cut(segment, at), chance)
            truth += made.truth(segments, ends, len(frames) + 1, port == PORTMAPPER)
            frames += [wire.tcp(ends[s.back], ends[not s.back], 2**32 - 1000 + s.start,
                                payload=s.data, number=number) for s in segments]
        yield frames, truth


def check(name, made, port, offsets, path, order=as_sent):
    for frames, truth in captures(made, port, offsets, order):
        fr.write_capture(path, frames, range(wire.START_NS, wire.START_NS + len(frames) * 1000, 1000))
        for engine in wire.engines():
            got = wire.messages(wire.read(path, "--any-port", "all", "--engine", engine))
            wrong = wire.faults(collections.Counter(truth), got)
            tap.check(f"{name}, {engine}: {len(truth)} messages of {len(offsets)} cuts", not wrong,
                      f"{len(wrong)} wrong\n" + "\n".join(wrong[:8]))


def bulk(offsets, made, step):
    """Of every fifth segment the bytes around its ends, and here and there one."""
    return [(number, at) for number, at in offsets
            if (number * 7 + at) % step == 0 or number % 5 == 0 and (at < 40 or at % 1000 > 990)]


def main():
    if not os.access(wire.BINARY, os.X_OK):
        print(f"Bail out! {wire.BINARY} is missing: run make first")
        return 1
    if os.geteuid() != 0:
        tap.skip("the kernel engine", "it needs root")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "cut.pcap")
        for port, program in ((PORTMAPPER, 100000), (PORTMAPPER, NFS), (NFS_PORT, NFS),
                              (NFS_PORT, 100000), (ANY_PORT, NFS)):
            made = small(random.Random(1), program)
            for order, step in ((as_sent, 1), (mixed, 3), (turned, 7)):
                name = f"small, port {port}, program {program}, {order.__name__}"
                tap.guard(name, check, name, made, port, made.offsets()[::step], path, order)
            for fragments in (0, 5000) if program == NFS else (5000,):
                made = large(random.Random(2), program, fragments)
                name = f"large, port {port}, program {program}, fragments {fragments}"
                tap.guard(name, check, name, made, port, bulk(made.offsets(), made, 4001), path)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
