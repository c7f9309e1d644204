# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The same packets in other files: byte orders, nanoseconds, pcapng, and cut ones."""
import struct


class Capture:
    """A classic pcap file, little-endian with microseconds, taken apart."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.raw = file.read()
        magic, _, _, _, _, self.snaplen, self.link = struct.unpack("<IHHiIII", self.raw[:24])
        if magic != 0xa1b2c3d4:
            raise ValueError(f"{path}: no little-endian pcap with microseconds")
        self.frames, self.ends = [], []
        pos = 24
        while pos < len(self.raw):
            seconds, micros, captured, length = struct.unpack("<4I", self.raw[pos:pos + 16])
            pos += 16
            self.frames.append((seconds, micros, length, self.raw[pos:pos + captured]))
            pos += captured
            self.ends.append(pos)


def big_endian(capture):
    out = struct.pack(">IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, capture.snaplen, capture.link)
    for seconds, micros, length, data in capture.frames:
        out += struct.pack(">4I", seconds, micros, len(data), length) + data
    return out


def nanoseconds(capture):
    out = struct.pack("<IHHiIII", 0xa1b23c4d, 2, 4, 0, 0, capture.snaplen, capture.link)
    for seconds, micros, length, data in capture.frames:
        out += struct.pack("<4I", seconds, micros * 1000, len(data), length) + data
    return out


def pcapng_block(kind, body):
    body += b"\0" * (-len(body) % 4)
    size = 12 + len(body)
    return struct.pack("<II", kind, size) + body + struct.pack("<I", size)


def pcapng(capture):
    out = pcapng_block(0x0a0d0d0a, struct.pack("<IHHq", 0x1a2b3c4d, 1, 0, -1))
    out += pcapng_block(1, struct.pack("<HHI", capture.link, 0, capture.snaplen))
    for seconds, micros, length, data in capture.frames:
        time = seconds * 1000000 + micros
        out += pcapng_block(6, struct.pack("<5I", 0, time >> 32, time & 0xffffffff, len(data),
                                           length) + data)
    return out


def cut_in_frame(capture, number):
    """The file up to the middle of the frame with this number (from 1)."""
    start = capture.ends[number - 2] if number > 1 else 24
    return capture.raw[:start + 16 + len(capture.frames[number - 1][3]) // 2]
