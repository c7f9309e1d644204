# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A running sensor's pinned maps, looked at from outside and often: no bpftool for every look."""
import ctypes
import mmap
import os
import platform
import struct

SYS_BPF = {"x86_64": 321, "aarch64": 280}[platform.machine()]
MAP_LOOKUP_ELEM, OBJ_GET, OBJ_GET_INFO_BY_FD = 1, 7, 15
PAGE = mmap.PAGESIZE
libc = ctypes.CDLL(None, use_errno=True)


def bpf(command, attributes):
    size = len(attributes)
    done = libc.syscall(SYS_BPF, command, ctypes.create_string_buffer(attributes, size), size)
    if done < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return done


def possible_cpus():
    with open("/sys/devices/system/cpu/possible", encoding="ascii") as listed:
        return int(listed.read().strip().replace(",", "-").split("-")[-1]) + 1


class Maps:
    """The counters and the rings of the sensor whose pins lie in `folder`."""

    def __init__(self, folder):
        self.counters = self.pinned(f"{folder}/counters")
        self.rings = [self.pinned(f"{folder}/{name}") for name in sorted(os.listdir(folder))
                      if name.startswith("ring_")]
        info = ctypes.create_string_buffer(64)
        bpf(OBJ_GET_INFO_BY_FD, struct.pack("IIQ", self.counters, len(info), ctypes.addressof(info)))
        self.stride = (struct.unpack_from("4I", info)[3] + 7) // 8 * 8
        self.key = ctypes.create_string_buffer(4)
        self.values = ctypes.create_string_buffer(self.stride * possible_cpus())
        self.lookup = struct.pack("I4xQQQ", self.counters, ctypes.addressof(self.key),
                                  ctypes.addressof(self.values), 0)
        # The positions of its reader and of its writers: the first word of a page each.
        self.positions = [[mmap.mmap(ring, PAGE, mmap.MAP_SHARED, mmap.PROT_READ, offset=at)
                           for at in (0, PAGE)] for ring in self.rings]

    @staticmethod
    def pinned(path):
        name = ctypes.create_string_buffer(path.encode())
        return bpf(OBJ_GET, struct.pack("QII", ctypes.addressof(name), 0, 0))

    def packets(self):
        """Frames that passed the programs: the first counter, summed over CPUs."""
        bpf(MAP_LOOKUP_ELEM, self.lookup)
        return sum(struct.unpack_from("Q", self.values, at)[0]
                   for at in range(0, len(self.values), self.stride))

    def is_drained(self):
        """Has the agent done with every record?"""
        return all(struct.unpack_from("Q", reader) == struct.unpack_from("Q", writers)
                   for reader, writers in self.positions)

    def close(self):
        for page in (page for pages in self.positions for page in pages):
            page.close()
        for fd in (self.counters, *self.rings):
            os.close(fd)
