# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Captures drawn by chance, with their truth: RPC conversations over UDP and TCP, and what networks
and people do to packets. tests/replay/test_random.py holds `read` to them."""
import collections
import random
import struct

import frames as fr
import wire

Segment = collections.namedtuple("Segment", "back start data flags")
NAMED_PORTS, OTHER_PORTS = (2049, 4045, 20048, 32771), (5001, 7777, 44444)
NFS, STATUS, MOUNTD, PORTMAPPER = 100003, 100024, 100005, 100000
CUTS = (1, 3, 8, 30, 100, 300, 600, 1448)


class Traits:
    """What may happen; each is a chance in 100."""

    def __init__(self, **chances):
        self.chances = chances

    def __getattr__(self, name):
        return self.chances.get(name, 0)


KINDS = {
    "plain": Traits(udp=40, cut=50),
    "order": Traits(cut=90, shuffle=70, repeat=30, overlap=30),
    "fragments": Traits(udp=40, cut=50, fragments=60, shuffle=30, repeat=20, shuffle_fragments=60,
                        repeat_fragments=30, fragment_syn=30, reuse=20),
    "midstream": Traits(cut=70, shuffle=50, repeat=20, overlap=20, midstream=100),
    "reuse": Traits(cut=50, reuse=100, reset=40, no_end=30, repeat=10, same_client=50),
    "loss": Traits(cut=70, shuffle=20, repeat=10, loss=5),
    "hostile": Traits(cut=70, shuffle=30, repeat=20, overlap=20, keepalive=40, forged=40, urgent=20,
                      syn_data=20, fin_data=50, simultaneous=10, empty=40),
    "all": Traits(udp=20, cut=70, shuffle=40, repeat=20, overlap=20, fragments=20, reuse=30,
                  midstream=20, keepalive=10, forged=10, shuffle_fragments=50, empty=20,
                  repeat_fragments=20, same_client=30, reset=20, syn_data=5, fin_data=30),
}


def body(chance, size):
    made = b""
    while len(made) < size:
        made += (chance.randbytes(60), bytes(40), b"\0\0\0\1\0\0\0\2" * 5, b"some text " * 4)[
            chance.randrange(4)]
    return made[:size]


class Conversation:
    """One pair of ends: frames in the order they pass, and the truth of them."""

    def __init__(self, chance, traits, ends, tags, number):
        self.chance, self.traits, self.tags = chance, traits, tags
        self.ends = {False: ends[0], True: ends[1]}
        self.portmapper = ends[1].port == 111
        self.frames = []  # (bytes, [(back, start, end) of the stream it is the first to bring])
        self.ident, self.xid, self.calls = number << 8, chance.getrandbits(32), {}
        self.messages = []  # (message, brought: index of the frame, told only with its call)

    def happens(self, trait):
        return self.chance.randrange(100) < getattr(self.traits, trait)

    def new_call(self):
        chance = self.chance
        self.xid = self.xid + chance.choice((1, 1, 7919)) & 0xffffffff
        program = PORTMAPPER if self.portmapper and chance.randrange(4) else chance.choice(
            (NFS, STATUS, MOUNTD, PORTMAPPER))
        version, procedure = chance.randint(2, 4), chance.randint(0, 8)
        size = chance.choice((0, 0, 4, 16, 16, 60, 200, 1000, 3000))
        flavor, cred = chance.choice(((0, b""), (0, b""), (1, wire.auth_sys(b"h" * chance.randrange(70),
                                                                         chance.randrange(17))),
                                      (6, chance.randbytes(chance.randrange(60)))))
        message = wire.call(self.xid, program, version, procedure, body(chance, size & ~3), flavor, cred)
        self.calls[message[:4]] = message
        return message

    def new_reply(self, asked):
        chance = self.chance
        xid = int.from_bytes(asked[:4], "big")
        kind = chance.randrange(10)
        if kind == 0:
            return struct.pack(">5I", xid, 1, 1, 1, 5)
        if kind == 1:
            return wire.reply(xid, struct.pack(">2I", 2, 4), 2)
        if kind == 2:
            return wire.reply(xid, stat=3)
        return wire.reply(xid, body(chance, chance.choice((0, 4, 4, 24, 100, 700, 4000, 9000)) & ~3))

    def pass_packet(self, frame):
        """A packet passes, whole or in fragments. Returns (index of the frame that completes it)."""
        self.ident += 1
        pieces = [frame]
        if self.happens("fragments"):
            # More than 512 make no packet.
            size = max(self.chance.choice((8, 24, 64, 256, 1024)), (len(frame) // 4000 + 1) * 8)
            pieces = fr.ip_fragments(frame, self.ident & 0xffff, size)
        total = len(pieces)
        order = list(range(total))
        if total > 1 and self.happens("shuffle_fragments"):
            self.chance.shuffle(order)
        if total > 1 and self.happens("repeat_fragments"):
            # A piece again before the packet is whole: nothing new.
            at = self.chance.randrange(total - 1)
            order.insert(self.chance.randrange(at + 1, total), order[at])
        for at in order:
            self.frames.append(pieces[at])
        return len(self.frames) - 1


class UdpConversation(Conversation):
    def send(self, back, message, asked=None):
        frame = wire.udp(self.ends[back], self.ends[not back], message, self.ident, self.tags)
        at = self.pass_packet(frame)
        self.messages.append((message, back, at, asked))

    def run(self):
        for _ in range(self.chance.randint(1, 5)):
            asked = self.new_call()
            for _ in range(1 + self.happens("repeat")):
                self.send(False, asked)
            if self.chance.randrange(6):
                self.send(True, self.new_reply(asked), asked)


class TcpConversation(Conversation):
    """Connections one after the other; each byte of a stream is dated by the frame it came in."""

    def run(self):
        self.isn = {back: self.chance.choice((self.chance.getrandbits(32), 2**32 - 300, 7))
                    for back in (False, True)}
        for number in range(1 + self.happens("reuse") + self.happens("reuse")):
            self.connection(number == 0 and self.happens("midstream"))
            for back in (False, True):
                self.isn[back] = (self.isn[back] + self.length[back]
                                  + self.chance.choice((70000, 500000, 1 << 29))) % wire.WRAP

    def connection(self, midstream):
        self.length, self.seen, self.sent = {False: 0, True: 0}, {False: {}, True: {}}, []
        self.cut = None
        self.turns = []
        for _ in range(self.chance.randint(1, 4)):
            asked = [self.new_call() for _ in range(self.chance.choice((1, 1, 1, 2, 3, 8)))]
            self.turns.append((False, asked))
            answered = [call for call in asked if self.chance.randrange(8)]
            if self.chance.randrange(3) == 0:
                self.chance.shuffle(answered)
            if answered:
                self.turns.append((True, [(self.new_reply(call), call) for call in answered]))
        data = self.streams()
        segments = [self.segments(turn, *part) for turn, part in enumerate(data)]
        if self.happens("fin_data"):
            # What lies before it may still come.
            segments[-1][-1] = segments[-1][-1]._replace(flags=wire.ACK | wire.FIN)
        if midstream:
            segments = self.from_middle(segments)
        else:
            first = segments[0][0] if self.happens("syn_data") else None
            self.handshake(first)
        for group in segments:
            self.pass_group(group)
        self.end(midstream)
        self.tell(midstream)

    def streams(self):
        """(back, start, data) of each turn; notes the messages."""
        parts = []
        for back, group in self.turns:
            data, start = b"", self.length[back]
            for message in group:
                message, asked = message if back else (message, None)
                sizes = []
                if self.chance.randrange(5) == 0:
                    sizes = [self.chance.choice((0, 1, 8, 12, 40, 500))
                             for _ in range(self.chance.randrange(4))]
                    while sum(sizes) >= len(message):
                        sizes.pop()
                    # A mark without bytes at the front is none that anybody would miss.
                    if sizes and sizes[0] == 0:
                        sizes[0] = 16
                if self.happens("empty") and self.chance.randrange(3) == 0:
                    data += struct.pack(">I", fr.LAST_FRAGMENT)
                record = wire.record(message, sizes)
                self.sent.append((message, back, start + len(data), start + len(data) + len(record), asked))
                data += record
            parts.append((back, start, data))
            self.length[back] = start + len(data)
        return parts

    def segments(self, _turn, back, start, data):
        size = self.chance.choice(CUTS[5:])
        if self.happens("cut"):
            size = self.chance.choice(CUTS)
            if len(data) > size * 300:
                size = len(data) // 300 + 1
        made, at = [], 0
        while at < len(data):
            step = self.chance.randint(1, size * 2) if self.chance.randrange(2) else size
            end = min(at + step, len(data))
            first = at
            if at and self.happens("overlap"):
                first = max(0, at - self.chance.randint(1, 40))
            made.append(Segment(back, start + first, data[first:end], wire.ACK | wire.PSH))
            at = end
        return made

    def from_middle(self, segments):
        """The capture begins inside: everything before is not there."""
        group = self.chance.randrange(min(2, len(segments)))
        at = self.chance.randrange(len(segments[group]))
        first = segments[group][at]
        skip = self.chance.randrange(len(first.data)) if self.chance.randrange(3) else 0
        self.cut = (first.back, first.start + skip)
        kept = [Segment(first.back, first.start + skip, first.data[skip:], first.flags)]
        kept += [s for s in segments[group][at + 1:] if s.start >= kept[0].start]
        return [kept, *segments[group + 1:]]

    def frame(self, back, seq, data=b"", flags=wire.ACK, urgent=0):
        ack = self.isn[not back] + 1 + self.acked(not back)
        return wire.tcp(self.ends[back], self.ends[not back], seq, ack if flags & wire.ACK else 0, data,
                        flags, self.ident, self.tags, urgent)

    def acked(self, back):
        return max(self.seen[back], default=-1) + 1

    def handshake(self, first):
        syn = wire.SYN
        data = first.data if first else b""
        at = self.syn(False, syn, data)
        if first:
            self.note(first, at)
        if not first and self.happens("simultaneous"):
            self.syn(True, wire.SYN)
            self.syn(False, wire.SYN | wire.ACK)
        self.syn(True, wire.SYN | wire.ACK, ack=len(data))
        self.pass_packet(self.frame(False, self.isn[False] + 1))

    def syn(self, back, flags, data=b"", ack=0):
        whole = self.traits
        frame = wire.tcp(self.ends[back], self.ends[not back], self.isn[back],
                         self.isn[not back] + 1 + ack if flags & wire.ACK else 0, data, flags, self.ident,
                         self.tags)
        if not self.happens("fragment_syn"):
            self.traits = Traits()
        at = self.pass_packet(frame)
        self.traits = whole
        return at

    def note(self, segment, at):
        for offset in range(segment.start, segment.start + len(segment.data)):
            self.seen[segment.back].setdefault(offset, at)

    def pass_group(self, group):
        group = list(group)
        for segment in group[:]:
            if self.happens("repeat"):
                group.insert(self.chance.randrange(len(group) + 1), segment)
        if self.happens("shuffle"):
            window = self.chance.choice((2, 4, 10, 1000))
            group = [s for at in range(0, len(group), window)
                     for s in self.shuffled(group[at:at + window])]
        for segment in group:
            if self.happens("loss"):
                continue
            seq = self.isn[segment.back] + 1 + segment.start
            flags, urgent = segment.flags, 0
            if self.happens("urgent"):
                flags, urgent = flags | wire.URG, self.chance.randrange(1, 50)
            at = self.pass_packet(self.frame(segment.back, seq, segment.data, flags, urgent))
            self.note(segment, at)
            if self.happens("keepalive"):
                self.keepalive(segment.back)
            if self.happens("forged"):
                self.forge(segment.back)
            if not self.chance.randrange(4):
                self.pass_packet(self.frame(not segment.back, self.isn[not segment.back] + 1
                                            + self.acked(not segment.back)))

        if self.happens("forged"):
            self.pass_packet(self.frame(False, self.chance.getrandbits(32), flags=wire.SYN))

    def shuffled(self, part):
        self.chance.shuffle(part)
        return part

    def keepalive(self, back):
        """A byte of garbage in the place of the last one that was sent; or none."""
        last = self.acked(back) - 1
        if last >= 0 and all(offset in self.seen[back] for offset in range(max(0, last - 3), last + 1)):
            self.pass_packet(self.frame(back, self.isn[back] + 1 + last,
                                        self.chance.choice((b"", b"\xaa", b"\0"))))

    def forge(self, back):
        """What hosts ignore: RST, FIN and SYN far from the window, old data."""
        away = self.chance.choice((1 << 30, (1 << 31) + 5, wire.WRAP - (1 << 28)))
        seq = self.isn[back] + 1 + self.acked(back) + away
        self.pass_packet(self.chance.choice((
            self.frame(back, seq, flags=wire.RST), self.frame(back, seq, flags=wire.FIN | wire.ACK),
            self.frame(back, seq, b"junk" * self.chance.randint(1, 20)))))

    def end(self, midstream):
        if self.happens("no_end"):
            return
        if self.happens("reset"):
            self.pass_packet(self.frame(False, self.isn[False] + 1 + self.length[False], flags=wire.RST))
            return
        for back in (False, True):
            if not midstream or self.seen[back]:
                self.pass_packet(self.frame(back, self.isn[back] + 1 + self.length[back],
                                            flags=wire.FIN | wire.ACK))
        self.pass_packet(self.frame(False, self.isn[False] + 2 + self.length[False]))

    def tell(self, _midstream):
        """The messages all of whose bytes came, by the frame that brought the last of them."""
        told = set()
        for message, back, start, end, asked in self.sent:
            seen = self.seen[back]
            if not all(offset in seen for offset in range(start, end)):
                continue
            if self.cut and self.cut[0] == back and start < self.cut[1]:
                continue
            if back and asked[:4] not in told:
                if not self.portmapper:
                    continue
                asked = None
            if not back:
                told.add(message[:4])
            self.messages.append((message, back, max(seen[o] for o in range(start, end)), asked))


class Drawn:
    """A capture; `frames`, `times` and `truth`. Each seed brings several conversations at once, on
    addresses of its own."""

    def __init__(self, kind, seeds):
        self.frames, self.times, self.truth = [], [], []
        for seed in seeds:
            self.draw(random.Random(f"{kind} {seed}"), KINDS[kind], seed * 4)

    def draw(self, chance, traits, first):
        made, client = [], None
        for number in range(first, first + chance.randint(1, 4)):
            if client is None or chance.randrange(100) >= traits.same_client:
                client = self.client(chance, number)
            made.append(self.conversation(chance, traits, client, number))
        self.warm_up(made)
        self.mix(chance, traits, made)

    @staticmethod
    def client(chance, number):
        six = chance.randrange(3) == 0
        return wire.End(f"fd00::1:{number + 1:x}" if six else f"10.{number >> 8 & 127}.{number & 255}.1",
                        chance.choice((700, 800, 50000)) + number % 1000)

    @staticmethod
    def conversation(chance, traits, client, number):
        port = chance.choice((111, 111, chance.choice(NAMED_PORTS), chance.choice(OTHER_PORTS)))
        address = (f"fd00::2:{number + 1:x}" if ":" in client.address
                   else f"10.{128 | number >> 8 & 127}.{number & 255}.1")
        tags = chance.choice(((), (), (), (100,), (200, 7)))
        kind = UdpConversation if chance.randrange(100) < traits.udp else TcpConversation
        return kind(chance, traits, (client, wire.End(address, port)), tags, number)

    def add(self, frame, step=wire.STEP_NS):
        self.frames.append(frame)
        self.times.append((self.times[-1] if self.times else wire.START_NS) + step)

    def warm_up(self, made):
        """A port of no name is looked at once a call has been seen on it."""
        for port in sorted({c.ends[True].port for c in made} & set(OTHER_PORTS)):
            ends, message = (wire.End("172.16.0.1", 900), wire.End("172.16.0.2", port)), wire.call(port, NFS)
            if any(told.dport == port for told in self.truth):
                continue
            self.add(wire.tcp(*ends, 5, payload=wire.record(message)))
            self.truth.append(wire.told_of(message, *ends, len(self.frames)))

    def mix(self, chance, traits, made):
        for conversation in made:
            conversation.run()
        left = [(c, iter(enumerate(c.frames))) for c in made]
        numbers = {id(c): {} for c in made}
        while left:
            conversation, frames = chance.choice(left)
            for _ in range(chance.choice((1, 3, 20))):
                at, frame = next(frames, (None, None))
                if frame is None:
                    left.remove((conversation, frames))
                    break
                pause = chance.randrange(1000) < traits.pause
                self.add(frame, 4 * 10**9 if pause else wire.STEP_NS)
                numbers[id(conversation)][at] = len(self.frames)
        for conversation in made:
            for message, back, at, asked in conversation.messages:
                ends = conversation.ends
                self.truth.append(wire.told_of(message, ends[back], ends[not back],
                                               numbers[id(conversation)][at], asked))
