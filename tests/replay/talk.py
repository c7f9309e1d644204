# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""RPC messages, and the frames of a client and a server that say them."""
import os
import socket
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import frames  # noqa: E402

CLIENT, SERVER, CLIENT_PORT = "10.1.1.1", "10.1.1.2", 40000
PORTMAPPER, NFS_PORT, MOUNTD_PORT = 111, 2049, 635
PORTMAP, NFS, MOUNTD, PRIVATE = 100000, 100003, 100005, 0x30000001
NULL, SET, UNSET, GETPORT, DUMP, CALLIT, GETVERSADDR = 0, 1, 2, 3, 4, 5, 9
NONE, SYS, GSS = 0, 1, 6
TCP, UDP = frames.TCP, frames.UDP
MAC = b"\2\0\0\0\0\2\2\0\0\0\0\1"


def words(*numbers):
    return struct.pack(f">{len(numbers)}I", *numbers)


def opaque(data, length=None):
    """With a length of its own, true or not."""
    return words(len(data) if length is None else length) + data + b"\0" * (-len(data) % 4)


def auth(flavor=NONE, body=b"", length=None):
    return words(flavor) + opaque(body, length)


def auth_sys(machine=b"client", groups=0, uid=0, stamp=7):
    return auth(SYS, words(stamp) + opaque(machine) + words(uid, uid, groups, *range(groups)))


def call(xid, program=PORTMAP, version=2, procedure=NULL, arguments=b"", credential=auth(),
         verifier=auth(), rpc=2):
    return words(xid, 0, rpc, program, version, procedure) + credential + verifier + arguments


def lookup(xid, program, version=3, protocol=UDP, **header):
    return call(xid, procedure=GETPORT, arguments=words(program, version, protocol, 0), **header)


def getport(xid, program=NFS):
    return lookup(xid, program)


def reply(xid, results=b"", stat=0, verifier=auth()):
    return words(xid, 1, 0) + verifier + words(stat) + results


def denied(xid, auth_stat):
    return words(xid, 1, 1, 1, auth_stat)


def services(*programs):
    """The results of a DUMP: (program, port) of each."""
    return b"".join(words(1, program, 2, UDP, port) for program, port in programs) + words(0)


def record(message, *cuts):
    """With its marks; cut into fragments before these of its bytes."""
    ends = [*cuts, len(message)]
    return b"".join(words(end - start | (end == len(message)) << 31) + message[start:end]
                    for start, end in zip([0, *cuts], ends))


def packet(protocol, payload, back=False):
    ends = [socket.inet_aton(address) for address in (CLIENT, SERVER)]
    head = struct.pack(">BBHHHBBH", 0x45, 0, 0, 0, 0, 64, protocol, 0)
    head += b"".join(ends[::-1] if back else ends)
    head = frames.ip4_head(head, 20 + len(payload), 1, 0)
    return MAC + struct.pack(">H", frames.IPV4) + head + payload


def udp(payload, port=PORTMAPPER, back=False, source=CLIENT_PORT):
    ends = (port, source) if back else (source, port)
    return packet(frames.UDP, struct.pack(">4H", *ends, 8 + len(payload), 0) + payload, back)


class Stream:
    """A TCP connection from its handshake on; frames are numbered from 1, and these are three."""

    def __init__(self, port=PORTMAPPER):
        self.port, self.frames, self.next = port, [], {False: 1000, True: 5000}
        for back, flags in ((False, frames.SYN), (True, frames.SYN | frames.ACK)):
            self._segment(b"", flags, back, self.next[back])
            self.next[back] += 1
        self._segment(b"", frames.ACK, False, self.next[False])

    def _segment(self, data, flags, back, seq):
        ends = (self.port, CLIENT_PORT) if back else (CLIENT_PORT, self.port)
        head = struct.pack(">2H2I2BHHH", *ends, seq, self.next[not back], 5 << 4, flags, 8192, 0, 0)
        self.frames.append(packet(frames.TCP, head + data, back))

    def say(self, data, back=False):
        self._segment(data, frames.PSH | frames.ACK, back, self.next[back])
        self.next[back] += len(data)
        return self

    def again(self, data, before):
        """Bytes that lie `before` the next one: a repetition, true or not."""
        self._segment(data, frames.PSH | frames.ACK, False, self.next[False] - before)
        return self

    def skip(self, length):
        """Bytes that the sensor does not get to see."""
        self.next[False] += length
        return self
