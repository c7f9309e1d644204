#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Large packets past the attached programs: offload buffers whose payload lies outside the linear
part, and jumbo frames whose records lie behind the first page."""
import json
import os
import shutil
import socket
import struct
import sys
import threading

import run_sandbox as box
from two_machines import NFS, NULL, WRITE, Discard, Machine, call, record, send_stream
from wire_frames import Stream, frame, udp, write_pcap

sys.path.insert(0, os.path.join(box.TOP, "tests"))
from tap import Tap  # noqa: E402

CLIENT, SERVER = ("203.0.113.7", 700), ("192.0.2.9", 111)
PORTMAP_NULL, PORTMAP_CALLIT = 0, 5
FIRST = 1000
tap = Tap()


class Largest:
    """The length of the largest frame on the watched interface, headers included."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
        self.socket.bind((box.WATCHED, 3))
        self.socket.settimeout(0.2)
        self.bytes, self.over = 0, False
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()

    def _watch(self):
        while not self.over:
            try:
                self.bytes = max(self.bytes, self.socket.recv_into(bytearray(1), 1,
                                                                   socket.MSG_TRUNC))
            except TimeoutError:
                pass

    def end(self):
        self.over = True
        self.thread.join(10)
        self.socket.close()
        return self.bytes


def fresh_veth():
    """A machine that ends takes the pair along, a moment later."""
    box.until(lambda: box.sh("ip", "link", "show", box.WATCHED, check=False).returncode)
    box.add_veth()


def ended(run, eve):
    """The counters of a run that is over, and its calls."""
    status = run.end()[0]
    lines = box.lines_of(eve)
    if status != 0 or not lines or lines[-1]["event_type"] != "stats":
        raise RuntimeError(f"ended with {status}: {run.log}")
    return lines[-1]["stats"], [e for e in lines if e["event_type"] in ("portmap", "rpc_call")]


def watch_stream(directory, name, data, port, *, mode, prepare=None, arguments=()):
    """Sends a stream past a run; (counters, calls, length of the largest frame)."""
    eve = f"{directory}/{name}.json"
    try:
        with Machine() as machine:
            if prepare:
                prepare(machine)
            with box.Run(directory, name, "-i", box.WATCHED, "-m", mode, "--no-journal", "--eve",
                         eve, *arguments) as run, Discard(port) as listener:
                largest = Largest()
                send_stream(machine, directory, data, port)
                seen = largest.end()
                stats, calls = ended(run, eve)
                tap.equal(f"{name}: the listener has every byte", listener.got, len(data))
        return stats, calls, seen
    finally:
        fresh_veth()


def all_seen(name, stats, calls, xids):
    kernel = stats["kernel"]
    tap.equal(f"{name}: rpc_seen = sent + suppressed + lost", kernel["rpc_seen"],
              kernel["records_sent"] + kernel["records_suppressed"] + kernel["records_lost"])
    tap.equal(f"{name}: nothing lost, cut or unread",
              [kernel[c] for c in ("records_lost", "pieces_capped", "pieces_unread",
                                   "packets_unread", "fallbacks_capped")], [0] * 5)
    tap.equal(f"{name}: each call is a message", stats["agent"]["messages"], len(xids))
    tap.check(f"{name}: each call is told once", sorted(e["rpc"]["xid"] for e in calls) == xids,
              f"{len(calls)} calls of {len(xids)}, {len({e['rpc']['xid'] for e in calls})} xids")


def test_records(directory, mode):
    """64 KB of calls in one write; more of them in a buffer than the kernel takes apart."""
    name, xids = f"{mode}, 1,092 calls in one write", list(range(FIRST, FIRST + 1092))
    data = b"".join(record(call(xid)) for xid in xids)
    stats, calls, largest = watch_stream(directory, f"records-{mode}", data, 111, mode=mode)
    if mode == "tc":
        tap.check(f"{name}: they came in buffers larger than the MTU", largest > 2 * 1514, largest)
        tap.check(f"{name}: the kernel told 64 of a buffer itself",
                  stats["kernel"]["calls"] >= 64, stats["kernel"])
    all_seen(name, stats, calls, xids)


def test_big_buffers(directory):
    """Buffers over 64 KiB, which the IP header has no length for (gso_max_size; kernel 6.3)."""
    name, xids = "tc, buffers over 64 KiB", list(range(FIRST, FIRST + 10920))
    data = b"".join(record(call(xid)) for xid in xids)
    refused = []

    def prepare(machine):
        done = machine.python(GSO_MAX, box.PEER, 180000, check=False)
        if done.returncode:
            refused.append(done.stderr.strip().splitlines()[-1])

    stats, calls, largest = watch_stream(directory, "big", data, 111, mode="tc", prepare=prepare)
    if largest <= 65536 + 14:
        tap.skip(name, f"this kernel makes none ({refused or largest})")
        return
    all_seen(name, stats, calls, xids)


# IFLA_GSO_MAX_SIZE, and IFLA_GSO_IPV4_MAX_SIZE that ip of Debian 12 has no word for.
GSO_MAX = """
import socket, struct, sys
with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as link:
    body = struct.pack("BBHiII", 0, 0, 0, socket.if_nametoindex(sys.argv[1]), 0, 0)
    for kind in (41, 63):
        body += struct.pack("HHI", 8, kind, int(sys.argv[2]))
    link.send(struct.pack("IHHII", 16 + len(body), 16, 5, 1, 0) + body)
    error = struct.unpack("i", link.recv(4096)[16:20])[0]
    sys.exit(f"netlink says {error}" if error else 0)
"""


def test_bulk(directory, mode):
    """NFS: 1 MB written between small calls. All are told, and the bulk stays in the kernel."""
    name, write = f"{mode}, an NFS WRITE of 1 MB", 1
    xids = [write] + list(range(FIRST, FIRST + 5)) + list(range(2 * FIRST, 2 * FIRST + 40))
    small = [record(call(xid, NFS, 3, NULL, b"")) for xid in xids[1:]]
    data = b"".join(small[:5]) + record(call(write, NFS, 3, WRITE, b"\x5a" * (1 << 20))) + \
        b"".join(small[5:])
    stats, calls, _ = watch_stream(directory, f"bulk-{mode}", data, 2049, mode=mode,
                                   arguments=("--any-port", "all"))
    all_seen(name, stats, calls, sorted(xids))
    kernel = stats["kernel"]
    told = [e["rpc"]["length"] for e in calls if e["rpc"]["xid"] == write]
    tap.equal(f"{name}: its length is told", told, [40 + (1 << 20)])
    tap.check(f"{name}: its end as well", kernel["ends"] >= 1, kernel)
    tap.check(f"{name}: the kernel stepped over it", kernel["tcp_skipped"] >= 1, kernel)
    # A record whose header lies across two segments sends the agent what is left of the stream.
    tap.check(f"{name}: the bulk did not cross the ring",
              kernel["pieces"] <= 4 and kernel["rpc_seen"] <= len(xids) + 16, kernel)


def auth_call(xid):
    """A GETPORT of 196 bytes with AUTH_SYS: a machine name, and a group list at its limit."""
    name = b"jumbo-client"
    body = struct.pack(">II", xid, len(name)) + name + struct.pack(">3I", xid, 100, 16) + \
        struct.pack(">16I", *range(16))
    return struct.pack(">8I", xid, 0, 2, 100000, 2, box.GETPORT, 1, len(body)) + body + \
        struct.pack(">6I", 0, 0, NFS, 3, 17, 0)


def answer(xid, *words):
    return struct.pack(f">{6 + len(words)}I", xid, 1, 0, 0, 0, 0, *words)


def callit(xid, size):
    """A forwarded call whose arguments have `size` bytes, a multiple of 4."""
    return call(xid, 100000, 2, PORTMAP_CALLIT,
                struct.pack(">4I", 100024, 1, 3, size) + b"\x41" * size)


def full_segments(room):
    """Calls at the end of segments of `room` bytes, each time a little further on."""
    tail_xids, packets = list(range(100, 118)), []
    tail = b"".join(record(auth_call(xid)) for xid in tail_xids)
    for shift in range(0, 200, 12):
        stream = Stream((CLIENT[0], 10000 + shift), (SERVER[0], 2049))
        size = (room - len(tail) - 60 - shift) // 4 * 4
        head = record(call(1, NFS, 3, WRITE, b"\x5a" * size))
        stream.call(head + tail)
        stream.reply(b"".join(record(answer(xid, 2049)) for xid in [1] + tail_xids))
        packets += stream.packets
    return packets


def jumbo_frames(mtu):
    room = mtu - 40
    packets = full_segments(room)
    # Datagrams: a list and long arguments, which the agent takes apart.
    count = (mtu - 28 - 28) // 20
    mappings = [w for n in range(count) for w in (1, 100000 + n, 2, 17, 1000 + n)]
    packets.append(udp(CLIENT, SERVER, call(5000, procedure=box.DUMP, arguments=b"")))
    packets.append(udp(SERVER, CLIENT, answer(5000, *mappings, 0)))
    packets.append(udp(CLIENT, SERVER, callit(5001, (mtu - 28 - 56) // 4 * 4)))
    nfs = Stream(CLIENT, (SERVER[0], 2049))
    nfs.call(record(call(7000, NFS, 3, WRITE, b"\x5a" * (room - 2000))) +
             b"".join(record(call(xid, NFS, 3, NULL, b"")) for xid in range(7001, 7031)))
    return [frame(packet) for packet in packets + nfs.packets]


def comparable(events):
    """The calls, without what differs between a wire and a file."""
    found = []
    for event in events:
        if event["event_type"] in ("portmap", "rpc_call"):
            for key in ("timestamp", "in_iface", "pcap_cnt", "pcap_filename", "flow_id"):
                event.pop(key, None)
            event["rpc"].pop("rtt_us", None)
            found.append(json.dumps(event, sort_keys=True))
    return sorted(found)


def test_jumbo(directory, mode, mtu):
    name = f"{mode}, MTU {mtu}"
    frames, path = jumbo_frames(mtu), f"{directory}/jumbo.pcap"
    eve = f"{directory}/jumbo-{mode}-{mtu}.json"
    write_pcap(path, frames)
    for end in (box.WATCHED, box.PEER):
        box.sh("ip", "link", "set", end, "mtu", str(mtu))
    read = box.sh(box.BINARY, "read", "--any-port", "all", "--eve", "-", path)
    expected = [json.loads(line) for line in read.stdout.splitlines() if line.startswith("{")]
    kernel_expected = expected[-1]["stats"]["kernel"]
    with box.Run(directory, f"jumbo-{mode}-{mtu}", "-i", box.WATCHED, "-m", mode, "--no-journal",
                 "--eve", eve, "--any-port", "all") as run:
        wire = box.Wire().socket
        for data in frames:
            wire.send(data)
        box.until(lambda: len(comparable(box.lines_of(eve))) >= 300, 2)
        stats, calls = ended(run, eve)
    kernel = stats["kernel"]
    tap.check(f"{name}: frames larger than a page", max(map(len, frames)) > mtu - 100 > 8000)
    for counter in ("packets_watched", "calls", "replies", "fallbacks", "pieces", "records_lost",
                    "pieces_unread", "packets_unread", "fallback_scattered"):
        tap.equal(f"{name}: {counter} as in the capture", kernel[counter], kernel_expected[counter])
    tap.equal(f"{name}: the kernel told every call itself", kernel["calls"], 17 * 19 + 1 + 31)
    ours, theirs = comparable(calls), comparable(expected)
    tap.check(f"{name}: the events of the capture", ours == theirs and len(ours) == 356,
              f"{len(ours)} and {len(theirs)}\n" + "\n".join(sorted(set(ours) ^ set(theirs))[:6]))


def main():
    box.enter()
    # Segments of one stream that two CPUs take at once race, and may cross the ring for that
    # (kernel/test_races): here one CPU sends and receives all of them, in their order.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    directory = box.prepare()
    try:
        for mode in ("tc", "generic", "native"):
            tap.guard(f"records, {mode}", test_records, directory, mode)
        tap.guard("big buffers", test_big_buffers, directory)
        for mode in ("tc", "native"):
            tap.guard(f"bulk, {mode}", test_bulk, directory, mode)
        for mode, mtu in (("native", 9000), ("native", 32000), ("native", 60000), ("tc", 9000),
                          ("generic", 9000)):
            tap.guard(f"jumbo, {mode} {mtu}", test_jumbo, directory, mode, mtu)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
