# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The frames of captures, and the same packets in other frames: in IP fragments, in other TCP
segments, behind tags, in another order."""
import os
import random
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "replay"))
import files  # noqa: E402

ETHERNET, IPV4, IPV6 = 1, 0x0800, 0x86dd
TAGS = (0x8100, 0x88a8)
TCP, UDP, FRAGMENT = 6, 17, 44
IP_IN_IP, IP6_IN_IP, GRE, VXLAN = 4, 41, 47, 4789
SYN, PSH, ACK = 2, 8, 16
PORTMAPPER = struct.pack(">H", 111)
LAST_FRAGMENT = 0x80000000


def frames_of(path):
    """What can go over a wire again: Ethernet frames that are whole; None for other captures."""
    capture = files.Capture(path)
    if capture.link != ETHERNET or any(length != len(data) for *_, length, data in capture.frames):
        return None
    return [data for *_, data in capture.frames]


def write_capture(path, frames, times_ns, snap=0x40000):
    """A capture with nanoseconds, of at most `snap` bytes of each frame."""
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xa1b23c4d, 2, 4, 0, 0, snap, ETHERNET))
        for data, time in zip(frames, times_ns):
            kept = data[:snap]
            out.write(struct.pack("<4I", *divmod(time, 10**9), len(kept), len(data)) + kept)


def network_of(frame):
    """(offset, ethertype) of the network header, behind any tags."""
    at = 12
    while (kind := int.from_bytes(frame[at:at + 2], "big")) in TAGS:
        at += 4
    return at + 2, kind


def checksum(data):
    total = sum(struct.unpack(f">{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ip4_head(head, length, ident, offset_word, protocol=None):
    """The same header for other contents."""
    head = bytearray(head)
    struct.pack_into(">HHH", head, 2, length, ident, offset_word)
    if protocol is not None:
        head[9] = protocol
    struct.pack_into(">H", head, 10, 0)
    struct.pack_into(">H", head, 10, checksum(bytes(head)))
    return bytes(head)


def in_order(pieces):
    return pieces


def backwards(pieces):
    return pieces[::-1]


def mixed(pieces):
    """In another order, one in three twice; the same at each run."""
    if len(pieces) == 1:
        return pieces
    chance = random.Random(len(pieces))
    pieces = pieces + pieces[::3]
    chance.shuffle(pieces)
    return pieces


def contradicted(pieces):
    """After each piece comes one that says something else in its last byte: the first one counts."""
    if len(pieces) == 1:
        return pieces
    return [told for piece in pieces for told in (piece, piece[:-1] + bytes([piece[-1] ^ 0xff]))]


def cuts(length, size, overlap):
    """(start, end) of each piece; with `overlap` it reaches that far into the next."""
    return [(start, min(start + size + overlap, length)) for start in range(0, length, size)]


def is_tunnel(protocol, ports):
    return (protocol in (IP_IN_IP, IP6_IN_IP, GRE)
            or protocol == UDP and int.from_bytes(ports[2:4], "big") == VXLAN)


def ip_fragments(frame, number, size, overlap=0):
    """A tunnel's own packet stays whole: its fragments are not looked into, only counted."""
    at, kind = network_of(frame)
    if kind == IPV4:
        head = frame[at:at + (frame[at] & 15) * 4]
        end = at + int.from_bytes(frame[at + 2:at + 4], "big")
        if int.from_bytes(frame[at + 6:at + 8], "big") & 0x3fff:
            return [frame]
    elif kind == IPV6 and frame[at + 6] in (TCP, UDP):
        head = frame[at:at + 40]
        end = at + 40 + int.from_bytes(frame[at + 4:at + 6], "big")
    else:
        return [frame]
    body, made = frame[at + len(head):end], []
    if is_tunnel(head[9] if kind == IPV4 else head[6], body[:4]):
        return [frame]
    for start, stop in cuts(len(body), size, overlap):
        more = stop < len(body)
        if kind == IPV4:
            packet = ip4_head(head, len(head) + stop - start, number, more << 13 | start // 8)
        else:
            packet = (head[:4] + struct.pack(">HB", 8 + stop - start, FRAGMENT) + head[7:]
                      + struct.pack(">BBHI", head[6], 0, start | more, number))
        made.append(frame[:at] + packet + body[start:stop])
    return made


def tcp_packet(head, ident, segment):
    """An IPv4 packet with this TCP segment, whose checksum is filled in."""
    pseudo = head[12:20] + struct.pack(">BBH", 0, TCP, len(segment))
    segment = segment[:16] + b"\0\0" + segment[18:]
    segment = segment[:16] + struct.pack(">H", checksum(pseudo + segment)) + segment[18:]
    return ip4_head(head, len(head) + len(segment), ident, 0, TCP) + segment


def tcp_segments(frame, number, size, overlap=0):
    at, kind = network_of(frame)
    if kind != IPV4 or frame[at + 9] != TCP:
        return [frame]
    head = frame[at:at + (frame[at] & 15) * 4]
    tcp = frame[at + len(head):at + int.from_bytes(frame[at + 2:at + 4], "big")]
    data_at = (tcp[12] >> 4) * 4
    data, seq, made = tcp[data_at:], int.from_bytes(tcp[4:8], "big"), []
    if not data or tcp[13] & ~(PSH | ACK):
        return [frame]
    for start, stop in cuts(len(data), size, overlap):
        part = (tcp[:4] + struct.pack(">I", (seq + start) & 0xffffffff) + tcp[8:data_at]
                + data[start:stop])
        made.append(frame[:at] + tcp_packet(head, number * 256 + len(made) & 0xffff, part))
    return made


def joined(frames, size):
    """IPv4 TCP segments that follow each other become one, up to `size` bytes of data."""
    made, last, whole, room = [], None, b"", 0
    for frame in frames:
        at, kind = network_of(frame)
        head = frame[at:at + (frame[at] & 15) * 4]
        tcp = frame[at + len(head):at + int.from_bytes(frame[at + 2:at + 4], "big")]
        data = tcp[(tcp[12] >> 4) * 4:] if kind == IPV4 and head[9] == TCP else b""
        key = head[12:20] + tcp[:4] if data and not tcp[13] & ~(PSH | ACK) else None
        seq = int.from_bytes(tcp[4:8], "big") if key else 0
        if key and last == (key, seq) and len(data) <= room:
            whole += data
            made[-1] = frame[:at] + tcp_packet(head, len(made), whole)
        else:
            made.append(frame)
            whole, room = tcp, size
        last, room = (key, (seq + len(data)) & 0xffffffff), room - len(data)
    return made


def conversations(frames):
    """The ends that took part, as far as they tell one conversation from another."""
    ends = set()
    for frame in frames:
        at, kind = network_of(frame)
        if kind == IPV4:
            protocol, addresses = frame[at + 9], (frame[at + 12:at + 16], frame[at + 16:at + 20])
            offset = int.from_bytes(frame[at + 6:at + 8], "big") & 0x1fff
            ports = frame[at + (frame[at] & 15) * 4:]
        elif kind == IPV6:
            protocol, addresses = frame[at + 6], (frame[at + 8:at + 24], frame[at + 24:at + 40])
            offset, ports = 0, frame[at + 40:]
            if protocol == FRAGMENT:
                protocol, offset = ports[0], int.from_bytes(ports[2:4], "big") >> 3
                ports = ports[8:]
        else:
            continue
        if protocol in (TCP, UDP) and not offset:
            both = zip(addresses, (ports[:2], ports[2:4]))
            ends.update((protocol, *end) for end in both if end[1] != PORTMAPPER)
    return ends


def tagged(frame, _number, tags):
    return [frame[:12] + b"".join(struct.pack(">HH", *tag) for tag in tags) + frame[12:]]


def each(frames, how, *arguments, order=in_order):
    """Every frame taken apart, its pieces in that order."""
    made = []
    for number, frame in enumerate(frames, 1):
        made += order(how(frame, number, *arguments))
    return made


def records(frames, size):
    """The messages of a UDP capture over TCP, each a record in fragments of `size` bytes."""
    made, next_seq = [], {}
    for number, frame in enumerate(frames, 1):
        at, kind = network_of(frame)
        head = frame[at:at + (frame[at] & 15) * 4]
        udp = frame[at + len(head):at + int.from_bytes(frame[at + 2:at + 4], "big")]
        if kind != IPV4 or head[9] != UDP:
            continue
        here, there = (head[12:20], udp[:4]), (head[16:20] + head[12:16], udp[2:4] + udp[:2])
        message, begins = udp[8:], here not in next_seq
        data = b"".join(struct.pack(">I", stop - start | (LAST_FRAGMENT if stop == len(message) else 0))
                        + message[start:stop] for start, stop in cuts(len(message), size, 0))
        for flags, payload in ([(SYN, b"")] if begins else []) + [(PSH | ACK, data)]:
            seq = next_seq.setdefault(here, number * 100000)
            ack = next_seq.get(there, 0)
            segment = udp[:4] + struct.pack(">IIBBHHH", seq, ack, 5 << 4,
                                            flags | (ACK if ack else 0), 65535, 0, 0) + payload
            made.append(frame[:at] + tcp_packet(head, len(made), segment))
            next_seq[here] = seq + len(payload) + (flags & SYN > 0)
    return made
