# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Frames of any size for the tests, and the capture that holds the same ones."""
import socket
import struct

import run_sandbox as box

SYN, PSH, ACK = 0x02, 0x08, 0x10
# Nobody's address here, so that no stack answers.
ETHERNET = b"\x02\0\0\0\0\x0a\x02\0\0\0\0\x0b"


def ip4(source, target, protocol, payload, number=1):
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), number & 0xffff, 0, 64,
                       protocol, 0, socket.inet_aton(source), socket.inet_aton(target))
    return head[:10] + struct.pack(">H", box.checksum(head)) + head[12:] + payload


def udp(source, target, payload):
    """Ends are (address, port)."""
    return ip4(source[0], target[0], 17,
               struct.pack(">4H", source[1], target[1], 8 + len(payload), 0) + payload)


def tcp(source, target, seq, ack, flags, payload=b""):
    return ip4(source[0], target[0], 6,
               struct.pack(">HHIIBBHHH", source[1], target[1], seq & 0xffffffff, ack & 0xffffffff,
                           0x50, flags, 65535, 0, 0) + payload)


def frame(packet):
    return ETHERNET + b"\x08\0" + packet


class Stream:
    """A TCP connection as its two sides' segments; sequence numbers are kept."""

    def __init__(self, client, server):
        self.ends, self.next, self.packets = (client, server), [1000, 5000], []
        self._add(0, SYN, b"")
        self._add(1, SYN | ACK, b"")
        self._add(0, ACK, b"")

    def _add(self, side, flags, payload):
        ack = 0 if flags == SYN else self.next[1 - side]
        self.packets.append(tcp(self.ends[side], self.ends[1 - side], self.next[side], ack, flags,
                                payload))
        self.next[side] += len(payload) + bool(flags & SYN)

    def call(self, payload):
        self._add(0, PSH | ACK, payload)

    def reply(self, payload):
        self._add(1, PSH | ACK, payload)


def write_pcap(path, frames):
    """One frame each millisecond; link type Ethernet."""
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
        for number, data in enumerate(frames):
            out.write(struct.pack("<IIII", 1700000000 + number // 1000, number % 1000 * 1000,
                                  len(data), len(data)) + data)
