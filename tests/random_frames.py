# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Conversations drawn by chance, with their truth: UDP and TCP, IPv4 and IPv6, the portmapper's and other
ports, behind tags, in any segments and IP fragments, in another order, repeated. Nothing is left out
and nothing contradicts itself, so every call can be told, and each has a reply."""
import collections
import random
import socket
import struct

import frames as fr

SYN, PSH, ACK, FIN = 2, 8, 16, 1
HOP_BY_HOP, DESTINATION = 0, 60
PORTMAPPER, PORTMAP, NFS, PLAIN = 111, 100000, 100003, 200001
# Other ports that are looked at from the start, whatever a segment begins with.
KNOWN_PORTS = (2049, 4045, 20048, 32771)
CLIENT_MAC, SERVER_MAC = b"\x02\0\0\0\0\x0a", b"\x02\0\0\0\0\x0b"
RECORDS_MAX = 3  # of one write
PIECES_MAX = 9

# A call as the truth has it.
Call = collections.namedtuple("Call", "proto src src_port dst dst_port xid program procedure")
# What of a conversation does not change.
Ends = collections.namedtuple("Ends", "ip6 protocol client server client_port port tags options midstream")


def call_bytes(xid, program, procedure, arguments, credential=struct.pack(">2I", 0, 0)):
    return (struct.pack(">6I", xid, 0, 2, program, 2, procedure) + credential
            + struct.pack(">2I", 0, 0) + arguments)


def reply_bytes(xid, results):
    return struct.pack(">6I", xid, 1, 0, 0, 0, 0) + results


def auth_sys(name):
    body = struct.pack(">2I", 0, len(name)) + name + b"\0" * (-len(name) % 4)
    body += struct.pack(">3I", 0, 0, 0)
    return struct.pack(">2I", 1, len(body)) + body


def record(message):
    return struct.pack(">I", 0x80000000 | len(message)) + message


class Draw:
    """A scene's chance, and the numbers that nothing else of it has."""

    def __init__(self, seed, net, any_port):
        self.random, self.net, self.any_port = random.Random(seed), net, any_port
        self.xid, self.ident, self.calls = net << 16, net << 10, []
        self.fragments = self.random.random() < 0.7
        self.disorder = self.random.choice((0, 0, 2, 6))

    def maybe(self, chance):
        return self.random.random() < chance

    def ends(self, number):
        ip6, tcp = self.maybe(0.4), self.maybe(0.7)
        other = self.any_port != "off" and self.maybe(0.6)
        port = PORTMAPPER
        if other:
            port = self.random.choice(KNOWN_PORTS if tcp or self.maybe(0.5) else (5000, 50000))
        family, form = (socket.AF_INET6, "fd00::%x:%x") if ip6 else (socket.AF_INET, "10.%d.9.%d")
        client, server = (form % (self.net, host) for host in (1 + number, 200))
        tags = tuple((0x8100, vlan) for vlan in self.random.sample(range(2, 4000),
                                                                  self.random.choice((0, 0, 0, 1, 2))))
        options = self.random.choice((0, 0, 1, 2, 3)) if ip6 else 0
        return Ends(ip6, fr.TCP if tcp else fr.UDP, socket.inet_pton(family, client),
                    socket.inet_pton(family, server), 600 + number, port, tags, options,
                    tcp and self.maybe(0.15))

    def messages(self, ends):
        """(call, reply) that belong together."""
        portmapper = ends.port == PORTMAPPER
        program = PORTMAP if portmapper else self.random.choice((NFS, PLAIN))
        procedure = 3 if portmapper else self.random.randrange(1, 9)
        self.xid += 1
        family = socket.AF_INET6 if ends.ip6 else socket.AF_INET
        self.calls.append(Call("TCP" if ends.protocol == fr.TCP else "UDP",
                               socket.inet_ntop(family, ends.client), ends.client_port,
                               socket.inet_ntop(family, ends.server), ends.port, self.xid, program,
                               procedure))
        sizes = (0, 4, 16, 200, 700, 2500) if ends.protocol == fr.TCP else (0, 16, 200, 700)
        arguments = (struct.pack(">4I", NFS, 3, 6, 0) if portmapper
                     else bytes(self.random.choice(sizes)))
        results = struct.pack(">I", 2049) if portmapper else bytes(self.random.choice(sizes))
        credential = self.random.choice((struct.pack(">2I", 0, 0), auth_sys(b"client"),
                                         auth_sys(b"n" * 70)))
        return (call_bytes(self.xid, program, procedure, arguments, credential),
                reply_bytes(self.xid, results))

    # From a packet to its frames.

    def frame(self, ends, back, packet):
        macs = CLIENT_MAC + SERVER_MAC if back else SERVER_MAC + CLIENT_MAC
        tags = b"".join(struct.pack(">HH", *tag) for tag in ends.tags)
        return macs + tags + struct.pack(">H", fr.IPV6 if ends.ip6 else fr.IPV4) + packet

    def frames(self, ends, back, transport):
        """The packet whole, or its fragments in some order."""
        src, dst = (ends.server, ends.client) if back else (ends.client, ends.server)
        self.ident += 1
        size = 0
        if self.fragments and self.maybe(0.4) and len(transport) > 8:
            pieces = self.random.choice((2, 2, 3, 5, PIECES_MAX))
            size = max(self.random.choice((8, 16, 24, 32, 40, 64)), (len(transport) // pieces + 7) // 8 * 8)
        packets = (ip6_packets if ends.ip6 else ip4_packets)(ends, src, dst, transport, self.ident, size)
        if len(packets) > 1 and self.maybe(0.5):
            packets += packets[::self.random.choice((2, 3, 5))]
            self.random.shuffle(packets)
        return [self.frame(ends, back, packet) for packet in packets]

    def datagram(self, ends, back, message):
        ports = (ends.port, ends.client_port) if back else (ends.client_port, ends.port)
        return self.frames(ends, back, struct.pack(">4H", *ports, 8 + len(message), 0) + message)


def options_of(count, last):
    """Destination options that come before `last`, each longer than the one before."""
    made = b""
    for number in range(count):
        follows = last if number == count - 1 else DESTINATION
        made += struct.pack(">BB", follows, number) + b"\1" + bytes([8 * number + 3])
        made += bytes(8 * number + 4 - 1 + 1)
    return made


def ip4_packets(ends, src, dst, transport, ident, size):
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 0, 0, 0, 64, ends.protocol, 0, src, dst)
    if not size:
        return [fr.ip4_head(head, 20 + len(transport), ident & 0xffff, 0) + transport]
    return [fr.ip4_head(head, 20 + stop - start, ident & 0xffff,
                        (stop < len(transport)) << 13 | start // 8) + transport[start:stop]
            for start, stop in fr.cuts(len(transport), size, 0)]


def ip6_packets(ends, src, dst, transport, ident, size):
    """Options before the fragment header when there is an odd number of them, else behind it."""
    before = ends.options % 2
    behind = options_of(ends.options // 2, ends.protocol)
    first = DESTINATION if behind else ends.protocol
    part = behind + transport

    def packet(kind, rest):
        hop = struct.pack(">BBBB4x", kind, 0, 1, 4) if before else b""
        return (struct.pack(">IHBB", 6 << 28, len(hop) + len(rest), HOP_BY_HOP if before else kind, 64)
                + src + dst + hop + rest)

    if not size:
        return [packet(first, part)]
    return [packet(fr.FRAGMENT, struct.pack(">BBHI", first, 0, start | (stop < len(part)), ident)
                   + part[start:stop]) for start, stop in fr.cuts(len(part), size, 0)]


class Stream:
    """A TCP connection; each of its writes becomes segments."""

    def __init__(self, draw, ends):
        self.draw, self.ends = draw, ends
        self.next = [draw.random.choice((1000, 0xfffffc00, draw.random.randrange(1 << 32)))
                     for _ in range(2)]
        self.cut = draw.random.choice((1 << 16, 1 << 16, 1400, 100, 30, 11))

    def segment(self, side, flags, payload=b"", seq=None):
        ends = self.ends
        ports = (ends.port, ends.client_port) if side else (ends.client_port, ends.port)
        seq = self.next[side] if seq is None else seq
        ack = self.next[1 - side] if flags & ACK else 0
        tcp = struct.pack(">HHIIBBHHH", *ports, seq & 0xffffffff, ack & 0xffffffff, 5 << 4, flags,
                          65535, 0, 0) + payload
        return self.draw.frames(ends, side, tcp)

    def begin(self):
        for side, flags in ((0, SYN), (1, SYN | ACK), (0, ACK)):
            yield side, self.segment(side, flags)
            self.next[side] += flags & SYN > 0

    def write(self, side, data):
        for start, stop in fr.cuts(len(data), self.cut, 0):
            made = self.segment(side, PSH | ACK, data[start:stop])
            self.next[side] += stop - start
            yield side, made

    def end(self):
        for side in (0, 1):
            yield side, self.segment(side, FIN | ACK)
            self.next[side] += 1


def udp_packets(draw, ends):
    for _ in range(draw.random.randrange(1, 4)):
        call, reply = draw.messages(ends)
        yield 0, draw.datagram(ends, 0, call)
        yield 1, draw.datagram(ends, 1, reply)


def tcp_packets(draw, ends):
    stream = Stream(draw, ends)
    if not ends.midstream:
        yield from stream.begin()
    for _ in range(draw.random.randrange(1, 6)):
        some = [draw.messages(ends) for _ in range(draw.random.randrange(1, RECORDS_MAX + 1))]
        yield from stream.write(0, b"".join(record(call) for call, _ in some))
        yield from stream.write(1, b"".join(record(reply) for _, reply in some))
    if draw.maybe(0.4):
        yield from stream.end()


def disorder(draw, packets):
    """Packets of one direction overtake each other by a few places, where the draw has that.

    Not the first one, nor any of a connection that was there before the sensor: where a stream
    begins, nobody can tell from what comes later.
    """
    for side in (0, 1):
        places = [at for at, packet in enumerate(packets) if packet[0] == side]
        own = [packets[at] for at in places]
        late = [place + draw.random.uniform(0, draw.disorder if place else 0)
                for place in range(len(own))]
        for at, (_, packet) in zip(places, sorted(zip(late, own), key=lambda pair: pair[0])):
            packets[at] = packet
    return packets


def scene(seed, net, any_port):
    """(frames, calls). `net`, 1 to 250, makes the conversations of several scenes different ones."""
    draw = Draw(seed, net, any_port)
    waiting = []
    for number in range(draw.random.randrange(2, 6)):
        ends = draw.ends(number)
        packets = list((tcp_packets if ends.protocol == fr.TCP else udp_packets)(draw, ends))
        waiting.append((packets if ends.midstream else disorder(draw, packets))[::-1])
    made = []
    while waiting:
        packets = draw.random.choice(waiting)
        made += packets.pop()[1]
        if not packets:
            waiting.remove(packets)
    return made, draw.calls
