#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What leaves of alerts that repeat each other, of crowds and of floods: each line is valid."""
import collections
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests"))
import frames as fr  # noqa: E402
from tap import Tap  # noqa: E402

BINARY = os.path.join(TOP, os.environ.get("BUILD") or "build", "rpcsentry")
VALIDATE = os.path.join(TOP, "scripts", "validate-eve.py")
SEC = 10**9
START = 1795310157 * SEC
SERVER, CLIENT = "10.1.1.2", "192.0.2.1"
SERVER6 = "fd00::2"
GETPORT, DUMP = 3, 4
LEGATO, MOUNTD = 390109, 100005
LINES_A_SECOND = 20
tap = Tap()


def call(xid, procedure=DUMP, program=LEGATO):
    rpc = struct.pack(">10I", xid, 0, 2, 100000, 2, procedure, 0, 0, 0, 0)
    return rpc + (struct.pack(">4I", program, 3, 17, 0) if procedure == GETPORT else b"")


def answer(xid, *results):
    """Accepted, successful."""
    return struct.pack(f">{6 + len(results)}I", xid, 1, 0, 0, 0, 0, *results)


def denial(xid):
    """AUTH_ERROR, too weak."""
    return struct.pack(">5I", xid, 1, 1, 1, 5)


def packet(payload, source, to, sport, dport):
    udp = struct.pack(">4H", sport, dport, 8 + len(payload), 0) + payload
    if ":" in source:
        head = struct.pack(">IHBB", 6 << 28, len(udp), fr.UDP, 64)
        head += socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, to)
        return b"\2\0\0\0\0\2\2\0\0\0\0\1\x86\xdd" + head + udp
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 0, 0, 0, 64, fr.UDP, 0, socket.inet_aton(source),
                       socket.inet_aton(to))
    return b"\2\0\0\0\0\2\2\0\0\0\0\1\x08\0" + fr.ip4_head(head, 20 + len(udp), 1, 0) + udp


class Scene:
    """Packets with their times, in seconds after the start."""

    def __init__(self):
        self.frames, self.times = [], []

    def ask(self, at, payload, source=CLIENT, server=SERVER):
        self.frames.append(packet(payload, source, server, 800, 111))
        self.times.append(START + int(at * SEC))

    def reply(self, at, payload, source=CLIENT, server=SERVER):
        self.frames.append(packet(payload, server, source, 111, 800))
        self.times.append(START + int(at * SEC))

    def read(self, directory, policy=""):
        """The alert lines; that all lines are valid is checked by the way."""
        path, policy_path = f"{directory}/capture.pcap", f"{directory}/policy.yaml"
        fr.write_capture(path, self.frames, self.times)
        with open(policy_path, "w", encoding="ascii") as out:
            out.write(policy)
        done = subprocess.run([BINARY, "read", path, "-c", policy_path, "--eve", "-"],
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr.decode(errors="replace"))
        right = subprocess.run([VALIDATE], input=done.stdout, capture_output=True, check=False)
        if right.returncode == 1:
            raise RuntimeError(right.stderr.decode(errors="replace"))
        return [e for e in map(json.loads, done.stdout.splitlines()) if "alert" in e]


def told(events, name="portmap-dump"):
    """(kind, outcome, count) of each line."""
    return [(e["event_type"], e["alert"]["outcome"], e["alert"]["count"])
            for e in events if e["alert"]["name"] == name]


def ids(events, name="portmap-dump"):
    return {e["alert"]["id"] for e in events if e["alert"]["name"] == name}


def repeats(directory):
    scene = Scene()
    for number in range(50):
        scene.ask(number, call(number))
        scene.reply(number + 0.001, denial(number))
    events = scene.read(directory)
    tap.equal("50 DUMPs, all denied: an alert, its outcome, the count", told(events),
              [("alert", "attempt", 1), ("alert_update", "denied", 1),
               ("alert_update", "denied", 50)])
    tap.equal("they have one id", len(ids(events)), 1)
    last = events[-1]
    tap.equal("the count is of the last one's time and frame",
              (last["timestamp"][17:19], last["pcap_cnt"]), ("46", 99))
    tap.check("and names both ends", last["src_ip"] == CLIENT and last["dest_port"] == 111, last)
    tap.check("and says from when to when", any("50 times in all, first at 2026-" in text
                                                for text in last["alert"]["evidence"]), last)


def programs(directory):
    scene = Scene()
    for number in range(6):
        scene.ask(number, call(number, GETPORT, LEGATO + number % 2))
    tap.equal("two programs in turn: an alert and a count each",
              sorted(told(scene.read(directory, "timeouts: {call: 1h}\n"), "portmap-getport")),
              [("alert", "attempt", 1)] * 2 + [("alert_update", "attempt", 3)] * 2)


def worse(directory):
    scene = Scene()
    for number in range(10):
        scene.ask(number, call(number, GETPORT, MOUNTD))
        scene.reply(number + 0.001, answer(number, 2049) if number == 7 else answer(number, 0))
    events = scene.read(directory)
    name = "portmap-getport-sensitive"
    tap.equal("a lookup that is answered once: an alert again", told(events, name),
              [("alert", "attempt", 1), ("alert_update", "not_registered", 1),
               ("alert", "success", 8), ("alert_update", "success", 10)])
    tap.equal("with the first one's id", len(ids(events, name)), 1)
    raised = [e for e in events if e["alert"]["name"] == name][2]
    tap.check("raised, and said to be an update", raised["alert"]["severity"] == 1
              and raised["alert"]["update"] and raised["rpc"]["status"] == "success", raised)


def expiry(directory):
    scene = Scene()
    for number in range(30):
        scene.ask(number * 60, call(number))
    events = scene.read(directory, "alerts: {repeat: 10m}\ntimeouts: {call: 1h}\n")
    tap.equal("30 minutes with a fold of 10: three alerts, three counts", told(events),
              [("alert", "attempt", 1), ("alert_update", "attempt", 10)] * 3)
    tap.equal("three ids", len(ids(events)), 3)
    tap.equal("the count leaves when the fold ends", [e["timestamp"][14:19] for e in events[1:5:2]],
              [events[2]["timestamp"][14:19], events[4]["timestamp"][14:19]])
    events = scene.read(directory, "alerts: {repeat: 0s}\ntimeouts: {call: 1h}\n")
    tap.equal("no fold: every one", told(events), [("alert", "attempt", 1)] * 30)


def crowd(directory):
    scene = Scene()
    for number in range(40):
        scene.ask(number * 0.1, call(number), f"198.51.{100 + number % 2}.{number}")
    events = scene.read(directory)
    alone = [e for e in events if "sources" not in e["alert"] and e["event_type"] == "alert"
             and e["alert"]["name"] == "portmap-dump"]
    tap.equal("40 sources: 32 alerts of their own", len({e["src_ip"] for e in alone}), 32)
    shared = [e for e in events if "sources" in e["alert"]]
    tap.equal("and one that the rest shares", len({e["alert"]["id"] for e in shared}), 1)
    tap.equal("that grows", [e["alert"]["sources"] for e in shared if e["event_type"] == "alert"
                             or e["alert"]["outcome"] == "attempt"], [1, 2, 4, 8])
    tap.equal("with its prefixes", shared[3]["alert"]["prefixes"],
              ["198.51.100.0/24", "198.51.101.0/24"])
    tap.check("and their numbers", "most alerts came from 198.51.100.0/24 (4), 198.51.101.0/24 (4)"
              in shared[3]["alert"]["evidence"], shared[3])


def prefixes6(directory):
    scene = Scene()
    for number in range(100):
        scene.ask(number, call(number), f"2001:db8:1:{number % 2}:{number:x}::1", SERVER6)
    events = scene.read(directory, "timeouts: {call: 1h}\n")
    tap.equal("100 addresses of two /64: two alerts, two counts", sorted(told(events)),
              [("alert", "attempt", 1)] * 2 + [("alert_update", "attempt", 50)] * 2)


def flood(directory):
    scene = Scene()
    for number in range(3000):
        scene.ask(number / 1000, call(number), CLIENT, f"10.1.{number // 250}.{number % 250}")
    events = scene.read(directory, "timeouts: {call: 1h}\n")
    seconds = collections.Counter(e["timestamp"][:19] for e in events
                                  if e["alert"]["name"] == "portmap-dump")
    tap.check("3,000 servers in 3 s: at most 20 lines a second and the last word",
              all(count <= LINES_A_SECOND + 1 for count in seconds.values()), seconds)
    held = [e for e in events if any("held back" in text for text in e["alert"]["evidence"])]
    left = [e for e in events if e["alert"]["name"] == "portmap-dump" and e not in held]
    tap.equal("what left and what is said to have been held back are all",
              len(left) + sum(e["alert"]["count"] for e in held), 3000)


def main():
    if not os.access(BINARY, os.X_OK):
        print(f"Bail out! {BINARY} is missing: run make first")
        return 1
    with tempfile.TemporaryDirectory() as directory:
        for part in (repeats, programs, worse, expiry, crowd, prefixes6, flood):
            tap.guard(part.__name__, part, directory)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
