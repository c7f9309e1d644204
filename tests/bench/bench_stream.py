#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What the sensor leaves of one TCP stream's throughput through a gateway.

usage: bench_stream.py [--json] [--scale SCALE] [--rounds N]

client - gateway - server, three networks joined by veth pairs; the sensor watches both interfaces
of the gateway in the mode that `-m auto` takes there. A run with it, one without, and one with an
empty TC program on the same hooks in turn; the median of the rounds' ratios counts. Once with
segments as large as offloads make them, and once without offloads, where every packet has 1,500
bytes and so 40 times as many pass the programs. A foreign stream, and one of NFS writes of 1 MB.
"""
import os
import socket
import statistics
import struct
import subprocess
import sys
import time

import place
import rows

CHUNK = 1 << 20
FOREIGN, NFS = 5201, 2049
CLIENT, SERVER = "10.91.1.2", "10.91.2.2"
SECONDS = {"full": 0.5, "quick": 0.5, "tiny": 0.1}
ROUNDS = {"full": 15, "quick": 5, "tiny": 1}
WARM = 0.2
GATES = ("gate1", "gate2")
FOREIGN_NAME = "foreign TCP stream"
FEATURES = ("tso", "gso", "gro")


def serve(port, seconds):
    """Takes one connection after the other; for each a line with its bytes a second."""
    listener = socket.create_server((SERVER, port))
    print("ready", flush=True)
    room = bytearray(CHUNK)
    while True:
        peer, _ = listener.accept()
        warm = time.monotonic() + WARM
        while time.monotonic() < warm and peer.recv_into(room):
            pass
        start, taken, now = time.monotonic(), 0, 0.0
        while now - start < seconds:
            got = peer.recv_into(room)
            taken, now = taken + got, time.monotonic()
            if not got:
                break
        peer.close()
        print(taken / (now - start) if now - start >= seconds else 0, flush=True)


def nfs_write():
    """A record with a call of NFS 3's WRITE (RFC 1813 3.3.7), whose arguments nobody decodes."""
    call = struct.pack(">6I", 1, 0, 2, 100003, 3, 7) + bytes(16 + CHUNK)
    return struct.pack(">I", 1 << 31 | len(call)) + call


def send(port):
    """Until the server has had enough."""
    peer = socket.create_connection((SERVER, port), timeout=10)
    chunk = nfs_write() if port == NFS else bytes(CHUNK)
    try:
        while True:
            peer.sendall(chunk)
    except (BrokenPipeError, ConnectionResetError):
        pass


def network():
    """The gateway is this network itself."""
    for number, machine in enumerate(("client", "server"), 1):
        place.sh("ip", "netns", "add", machine)
        gate = f"gate{number}"
        place.sh("ip", "link", "add", gate, "type", "veth", "peer", "name", "eth0", "netns", machine)
        place.sh("ip", "addr", "add", f"10.91.{number}.1/24", "dev", gate)
        place.sh("ip", "link", "set", gate, "up")
        for command in (("addr", "add", f"10.91.{number}.2/24", "dev", "eth0"),
                        ("link", "set", "eth0", "up"),
                        ("route", "add", "default", "via", f"10.91.{number}.1")):
            place.sh("ip", "-n", machine, *command)
    with open("/proc/sys/net/ipv4/ip_forward", "w", encoding="ascii") as file:
        file.write("1")


def offloads(on):
    options = [word for name in FEATURES for word in (name, "on" if on else "off")]
    for gate in GATES:
        place.sh("ethtool", "-K", gate, *options)
    for machine in ("client", "server"):
        place.sh(*place.inside(machine, "ethtool", "-K", "eth0", *options))


def one_run(server, port):
    """Bits a second."""
    script = [sys.executable, os.path.abspath(__file__), "send", str(port)]
    client = subprocess.run(place.inside("client", *script), stdin=subprocess.DEVNULL, timeout=60,
                            capture_output=True, text=True, check=False)
    if client.returncode:
        sys.exit(f"bench_stream: the client: {client.stderr.strip()}")
    rate = float(server.stdout.readline())
    if not rate:
        sys.exit("bench_stream: the stream ended early")
    return rate * 8


class Empty:
    """An empty program on the gateway's hooks."""

    def __init__(self):
        self.process = subprocess.Popen([os.path.join(rows.BUILD, "bench", "empty"), *GATES], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self.process.stdout.readline() != "ready\n":
            sys.exit("bench_stream: the empty program is not on its hooks")

    def end(self):
        self.process.communicate()


def sensor():
    return place.Sensor(*[word for gate in GATES for word in ("-i", gate)])


def measure(server, port, rounds):
    """A round's (with the sensor, without anything, with an empty program); each is first in turn."""
    ways = (sensor, None, Empty)
    made = []
    for number in range(rounds):
        one = [0.0] * len(ways)
        for step in range(len(ways)):
            way = (number + step) % len(ways)
            there = ways[way] and ways[way]()
            one[way] = one_run(server, port)
            if there:
                there.end()
        made.append(one)
    return made


def stream_rows(stream, name, made):
    none = statistics.median(bare for _, bare, _ in made) / 1e9

    def one(what, way, **aim):
        return rows.row(f"{what}{stream} through a gateway, {name}",
                        statistics.median(rates[way] for rates in made) / 1e9, "Gbit/s", "no program", none,
                        ratio=rows.ratio_of([(rates[way], rates[1]) for rates in made]), **aim)

    yard, line = one("yardstick: an empty program, ", 2), one("", 0, least=0.95 if stream == FOREIGN_NAME else None)
    line["ratios"] = sorted(rates[0] / rates[1] for rates in made)
    line["verdict"] = f"{rows.ratio_of([(rates[0], rates[2]) for rates in made]):.2f} of the empty one's"
    return [yard, line]


def streams(stream, port, args):
    script = [sys.executable, os.path.abspath(__file__), "serve", str(port), str(SECONDS[args.scale])]
    server = subprocess.Popen(place.inside("server", *script), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, text=True)
    made = []
    try:
        if server.stdout.readline() != "ready\n":
            sys.exit("bench_stream: the server does not start")
        for name, on in (("as it comes", True), ("without offloads", False)):
            offloads(on)
            made += stream_rows(stream, name, measure(server, port, args.rounds or ROUNDS[args.scale]))
    finally:
        server.kill()
        server.wait()
    return made


def main():
    if sys.argv[1:2] == ["serve"]:
        return serve(int(sys.argv[2]), float(sys.argv[3]))
    if sys.argv[1:2] == ["send"]:
        return send(int(sys.argv[2]))
    args = rows.options(__doc__).parse_args()
    place.enter()
    network()
    made = []
    for stream, port in ((FOREIGN_NAME, FOREIGN), ("stream of NFS writes", NFS)):
        made += streams(stream, port, args)
    return rows.show(made, args.json)


if __name__ == "__main__":
    main()
