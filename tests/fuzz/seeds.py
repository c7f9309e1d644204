#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Makes the fuzzers' kept inputs anew: tests/fuzz/seeds.py [-h] [TARGET]...

Writes seeds, from tests/captures and by hand, takes what the last `make fuzz` found and what is
kept already, and keeps a small choice of all that reaches the same code: the fewest files that have
every feature the fuzzer tells apart, as far as FILES and BYTES allow. `make fuzz` comes first.
"""
import argparse
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

import targets

FILES, BYTES = 60, 200 * 1000
# So many features are worth as much as a branch that no other file takes.
BRANCH = 20
LINK_ETHERNET = 1
# Link types whose frames are an IP header with so many bytes before it.
LINK_HEADS = {0: 4, 101: 0, 113: 16, 228: 0, 229: 0, 276: 20}


def u16(value):
    return struct.pack(">H", value & 0xFFFF)


def u32(*values):
    return b"".join(struct.pack(">I", value & 0xFFFFFFFF) for value in values)


def frames_of(path):
    """(link type, frames) of a classic capture; nothing for another format."""
    with open(path, "rb") as file:
        data = file.read()
    order = {0xA1B2C3D4: ">", 0xA1B23C4D: ">", 0xD4C3B2A1: "<", 0x4D3CB2A1: "<"}.get(
        struct.unpack(">I", data[:4])[0])
    if not order:
        return LINK_ETHERNET, []
    link, at, frames = struct.unpack_from(order + "I", data, 20)[0], 24, []
    while at + 16 <= len(data):
        size = struct.unpack_from(order + "I", data, at + 8)[0]
        frames.append(data[at + 16:at + 16 + size])
        at += 16 + size
    return link, frames


def captures():
    folder = os.path.join(targets.TOP, "tests", "captures")
    for name in sorted(os.listdir(folder)):
        if name.endswith(".pcap"):
            yield frames_of(os.path.join(folder, name))


def udp(payload):
    return u16(800) + u16(111) + u16(8 + len(payload)) + u16(0) + payload


def tcp(seq, flags, payload=b""):
    return u16(900) + u16(111) + u32(seq, 0) + bytes([0x50, flags]) + bytes(6) + payload


def ip4(protocol, payload, fragment=0):
    return b"\x45\0" + u16(20 + len(payload)) + u16(7) + u16(fragment) + \
        bytes([64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]) + payload


def ip6(protocol, payload):
    return u32(0x60000000) + u16(len(payload)) + bytes([protocol, 64]) + bytes(15) + b"\1" + \
        bytes(15) + b"\2" + payload


def ethernet(ip, tags=()):
    kind = 0x0800 if ip[0] >> 4 == 4 else 0x86DD
    return bytes(12) + b"".join(u16(tag) + u16(5) for tag in tags) + u16(kind) + ip


def call(program, args=b"", cred=u32(0, 0)):
    return u32(1, 0, 2, program, 2, 3) + cred + u32(0, 0) + args


def record(message):
    return u32(1 << 31 | len(message)) + message


def made_frames():
    """Groups of frames that the captures lack."""
    big, lookup = udp(call(100000, bytes(5000))), call(100000, u32(100005, 3, 17, 0))
    sys = u32(1, 24, 9, 3) + b"box\0" + u32(1000, 100, 0)
    yield [ip4(17, big)]
    yield [ip4(17, big[:3000 // 8 * 8], 0x2000), ip4(17, big[3000 // 8 * 8:], 3000 // 8)]
    yield [ip4(17, big[2400:], 300), ip4(17, big[:2400], 0x2000)]
    yield [ip4(17, udp(call(100003, bytes(200), sys)))]
    yield [ip4(6, tcp(9, 2)), ip4(6, tcp(10, 16, record(lookup))),
           ip4(6, tcp(70, 16, record(lookup)[:30])), ip4(6, tcp(100, 16, record(lookup)[30:])),
           ip4(6, tcp(130, 17)), ip4(6, tcp(131, 4))]
    yield [ip4(6, tcp(10, 16, record(lookup) * 2)),
           ip4(6, tcp(130, 24, record(call(100003, bytes(90)))))]
    yield [ip6(0, bytes([60, 0]) + bytes(6) + bytes([17, 0]) + bytes(6) + udp(lookup))]
    yield [ip6(44, bytes([17, 0]) + u16(1) + u32(5) + udp(lookup)[:32]),
           ip6(44, bytes([17, 0]) + u16(32) + u32(5) + udp(lookup)[32:])]
    yield [ip6(43, bytes([43, 0, 0, 0, 0, 0, 0, 0]) * 13 + udp(lookup))]


def packet_seeds():
    tags = (0x88A8, 0x8100, 0x9100)
    for group in made_frames():
        frames = [ethernet(ip) for ip in group]
        for bits in (0, 3, 16):
            yield bytes([bits]) + b"".join(u16(len(frame)) + frame for frame in frames)
    for count in (1, 2, 3):
        frame = ethernet(group[0], tags[:count])
        yield bytes([0]) + u16(len(frame)) + frame
        yield bytes([0]) + u16(13 + count * 4) + frame[:13 + count * 4]
    for link, frames in captures():
        mode = 0
        if link in LINK_HEADS:
            frames = [frame[LINK_HEADS[link]:] for frame in frames]
            mode = (1 if frames and frames[0][0] >> 4 == 4 else 2) << 2
        elif link != LINK_ETHERNET:
            continue
        blocks = [u16(len(frame)) + frame for frame in frames]
        yield bytes([mode]) + b"".join(blocks)
        for block in blocks[:6]:
            yield bytes([mode]) + block


def datagrams():
    """What UDP carries in the captures' IPv4 packets over Ethernet."""
    for link, frames in captures():
        for frame in frames:
            if link == LINK_ETHERNET and frame[12:14] == b"\x08\x00" and frame[23] == 17:
                yield frame[14 + (frame[14] & 15) * 4 + 8:]


def text(value):
    value = value.encode()
    return u32(len(value)) + value + bytes(-len(value) % 4)


def portmap_seeds():
    calls = {}
    for message in datagrams():
        if len(message) < 24:
            continue
        xid, kind = struct.unpack(">II", message[:8])
        if kind == 0:
            calls[xid] = message
        elif xid in calls:
            call = calls[xid]
            version, procedure = call[19], call[23]
            yield bytes([version, procedure, 0]) + u16(len(call)) + call + message
    mapping, netid = u32(100005, 3, 17, 2049), text("udp")
    rpcb = u32(100005, 3) + netid + text("10.0.0.2.8.1") + text("superuser")
    entry = text("10.0.0.2.0.111") + netid + u32(1) + text("inet") + text("udp")
    netbuf = u32(16) + text("\x02\0\0o\x0a\0\0\2")
    many = b"".join(u32(1) + u32(100000 + i, i, 6, i) for i in range(300)) + u32(0)
    results = {
        (2, 0): (b"", b""), (2, 1): (mapping, u32(1)), (2, 2): (mapping, u32(0)),
        (2, 3): (mapping, u32(2049)), (2, 4): (b"", u32(1) + mapping + u32(0)),
        (2, 5): (u32(100005, 3, 0, 4, 9), u32(2049, 4, 9)),
        (3, 3): (rpcb, text("10.0.0.2.8.1")), (3, 4): (b"", u32(1) + rpcb + u32(1) + rpcb + u32(0)),
        (4, 5): (u32(100005, 3, 0, 4, 9), text("10.0.0.2.8.1") + u32(4, 9)),
        (3, 6): (b"", u32(1795310157)),
        (3, 7): (text("10.0.0.2.0.111"), netbuf), (3, 8): (netbuf, text("10.0.0.2.0.111")),
        (4, 9): (rpcb, text("10.0.0.2.8.1")),
        (4, 10): (u32(100005, 3, 0, 4, 9), text("a") + u32(0)),
        (4, 11): (rpcb, u32(1) + entry + u32(0)), (4, 12): (b"", u32(1)),
    }
    for (version, procedure), (args, result) in results.items():
        for bits in (1, 3, 9):
            yield bytes([version, procedure, bits]) + u16(len(args)) + args + result
    yield bytes([2, 4, 1]) + u16(0) + many


def stream_seeds():
    # Well-formed streams: records, initial number, then kind and length of each, and segments.
    for bits in (0, 1, 4, 8, 12):
        yield b"\x01\x02" + u32(0xFFFFFF00) + bytes([bits, 40] + [9] * 8) * 3 + b"\x02\x03" + \
            u16(40) + b"\x05\x00" + u16(0) + b"\x02\x01" + u16(90) + b"\x05\x05"
        yield b"\x01\x00" + u32(7) + bytes([bits, 56]) + b"\x00\x00"
    syns = b"\x03\x00\x23\x01"
    data, place = b"\x00\x0b\x00", b"\x01\x0b" + u16(44) + b"\x00"
    cut = b"\x02\x04" + u16(0) + b"\x28\0\x10\0"
    for held in (0x10, 0x14, 0x08, 0x0A):
        head = bytes([held])
        yield head + syns + data * 3
        yield head + syns + place + data + b"\x05\x0f\xff" + place + b"\x03\x02" + b"\x23\x02"
        yield head + syns + data + cut + b"\x40\x0b\x00" + b"\x03\x03"
        yield head + syns + b"\x04\x0b\x00\x03" + b"\x04\x00\x00\x03" + data
        yield head + syns + b"\x07\xff\xff\xfe\x00\x00" + b"\x07\x80\x02\x00\x00" + b"\x03\x02"
        yield head + syns + place + b"\x06\x01" + u32(0) + place + data
        yield head + data + b"\x03\x00" + b"\x23\x21" + b"\x08\x0b\x00" + b"\x10\x0b\x00"


def fragment_seeds():
    for limit in (0, 3, 5):
        head = bytes([limit])
        for version in (0, 4):
            first = bytes([8 | version]) + u16(0) + b"\x04"
            middle = bytes([8 | version]) + u16(4) + b"\x04"
            last = bytes([version]) + u16(8) + u16(13)
            odd = bytes([16 | version]) + u16(6) + u16(16)
            yield head + first + middle + last
            yield head + last + middle + first
            yield head + first + first + odd + middle + last
            yield head + first + bytes([0x48 | version]) + u16(0xFFFF) + u16(4) + b"\x04" + last
            yield head + bytes([0x28 | version]) + u16(0) + b"\x04" + middle + last
        yield head + b"\x81\x20\x01\x00" + b"\x81\xff\xff\xff\x00"
        yield head + b"\x80\x1c" + ip4(17, bytes(8), 0x2000)
        # An extension header before the fragment header, and one that ends too early.
        extended = ip6(60, bytes([44, 0]) + bytes(6) + bytes([17, 0]) + u16(1) + u32(5) + bytes(8))
        yield head + b"\x80" + bytes([len(extended)]) + extended + b"\x80\x36" + extended[:54]


def inventory_seeds():
    times = {"first_seen": 1795311300856955, "last_seen": 1795311300856956}
    rows = [{"program": program, "version": version, "netid": netid, "port": port,
             "learned": learned, **times, "times": 2, **more}
            for program, version, netid, port, learned, more in (
                (100000, 4, "tcp6", 111, ["dump"], {}),
                (100005, 3, "udp", 635, ["getport", "dump"], {"before": [634, 633]}),
                (100003, 0, "tcp", 2049, ["set"], {"removed": times["last_seen"]}),
                (1073741824, 1, "udp6", 65535, ["getaddr"], {"at": "2001:db8::9"}))]
    servers = [{"server": server, **times, "replies": 7, "versions": versions, "services": rows,
                **more}
               for server, versions, more in (("10.0.0.2", [2, 3, 4], {}), ("fd00::1", [], {}),
                                              ("192.0.2.1", [2], {"vlan": [5, 4095]}))]
    for count in range(len(servers) + 1):
        whole = json.dumps({"format": "rpcsentry-services", "version": 1, "since": 0,
                            "until": times["last_seen"], "servers": servers[:count]},
                           separators=(",", ":")).encode()
        yield whole
        yield whole[:-20]
        yield whole.replace(b":1,", b":2,", 1)
        yield whole.replace(b"services", b"none", 1)
    yield b""


SEEDS = {"packet": packet_seeds, "portmap": portmap_seeds, "stream": stream_seeds,
         "fragments": fragment_seeds, "inventory": inventory_seeds}


def features_of(target, folder, scratch):
    """{path: its features} of a folder's files, as libFuzzer's merge writes them down."""
    control = os.path.join(scratch, "control")
    subprocess.run([targets.program(target), "-set_cover_merge=1",
                    f"-merge_control_file={control}",
                    os.path.join(scratch, "merged"), folder], env=targets.environment(), check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    features = {}
    with open(control, encoding="ascii") as lines:
        names = [line.rstrip("\n") for line in lines]
    paths = [line for line in names if line.startswith(folder)]
    for line in names:
        match = re.match(r"FT (\d+) ?(.*)", line)
        if match:
            features[paths[int(match.group(1))]] = set(map(int, match.group(2).split()))
    return features


def choose(features):
    """Greedily: always the file that brings the most for its size."""
    kept, seen, size = [], set(), 0
    while len(kept) < FILES:
        best, worth = None, 0
        for path, found in features.items():
            length = os.path.getsize(path)
            new = found - seen
            # Eight features tell how often one branch was taken.
            branches = {feature // 8 for feature in new} - {feature // 8 for feature in seen}
            gain = (len(new) + BRANCH * len(branches)) / (length + BYTES / FILES)
            if gain > worth and size + length <= BYTES:
                best, worth = path, gain
        if not best:
            break
        seen |= features.pop(best)
        size += os.path.getsize(best)
        kept.append(best)
    return kept, size


def renew(target):
    place = targets.kept(target)
    os.makedirs(place, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        pool = os.path.join(scratch, "pool")
        os.makedirs(pool)
        os.makedirs(os.path.join(scratch, "merged"))
        for number, seed in enumerate(SEEDS[target]()):
            with open(os.path.join(pool, f"seed-{number:03}"), "wb") as file:
                file.write(seed)
        for folder in (place, targets.found(target)):
            for name in os.listdir(folder) if os.path.isdir(folder) else []:
                shutil.copy(os.path.join(folder, name), os.path.join(pool, name))
        kept, size = choose(features_of(target, pool, scratch))
        for name in os.listdir(place):
            os.unlink(os.path.join(place, name))
        for number, path in enumerate(kept):
            shutil.copy(path, os.path.join(place, f"{number:02}"))
    print(f"{target}: {len(kept)} files, {size} bytes")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", nargs="*", default=sorted(SEEDS))
    for target in parser.parse_args().target:
        if target not in SEEDS:
            parser.error(f"no such target: {target}; there are: {', '.join(sorted(SEEDS))}")
        if not os.path.exists(targets.program(target)):
            parser.error(f"{targets.program(target)} is not built; make fuzz builds it")
        renew(target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
