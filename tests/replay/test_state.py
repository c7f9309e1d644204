#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""`read --state`: what one capture taught is known in the next; and `services`, which shows it."""
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
SECOND = 10**9
HOUR = 3600 * SECOND
START_NS = 1_700_000_000 * SECOND
MOUNTD, NFS = 100005, 100003
NEW_SERVER, CHANGED = "portmap-new-server", "portmap-mapping-changed"
CLIENT = "10.0.0.1"
tap = Tap()


def datagram(source, target, payload):
    (src, sport), (dst, dport) = source, target
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 28 + len(payload), 0, 0, 64, 17, 0,
                       socket.inet_aton(src), socket.inet_aton(dst))
    return (b"\2" * 6 + b"\4" * 6 + b"\x08\0" + head
            + struct.pack(">4H", sport, dport, 8 + len(payload), 0) + payload)


def lookup(xid, server, program, port):
    """GETPORT of version 3 over UDP, and its answer."""
    call = struct.pack(">14I", xid, 0, 2, 100000, 2, 3, 0, 0, 0, 0, program, 3, 17, 0)
    reply = struct.pack(">7I", xid, 1, 0, 0, 0, 0, port)
    return [datagram((CLIENT, 800), (server, 111), call),
            datagram((server, 111), (CLIENT, 800), reply)]


class Place:
    """A folder with a state file, and the captures that are read with it."""

    def __init__(self, folder):
        self.state, self.capture = f"{folder}/services.json", f"{folder}/one.pcap"
        self.xid = 0

    def run(self, *command):
        return subprocess.run([BINARY, *command], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=60, check=False)

    def read(self, lookups, *options, status=0):
        """Lookups as (hours, server, program, port); the events, and what was complained of."""
        frames, times = [], []
        for hours, server, program, port in lookups:
            self.xid += 1
            frames += lookup(self.xid, server, program, port)
            times += [START_NS + int(hours * HOUR), START_NS + int(hours * HOUR) + SECOND]
        fr.write_capture(self.capture, frames, times)
        done = self.run("read", self.capture, "--eve", "-", *options)
        tap.equal(f"read {' '.join(options[:1])}: exit status", done.returncode, status)
        return [json.loads(line) for line in done.stdout.splitlines()], done.stderr

    def learn(self, lookups, *options):
        return self.read(lookups, "--state", self.state, *options)[0]

    def services(self, *options):
        done = self.run("services", "--state", self.state, *options)
        tap.equal("services: exit status", done.returncode, 0)
        return done.stdout


def alerts(events, name):
    return [e for e in events if e["event_type"] == "alert" and e["alert"]["name"] == name]


def servers_of(events):
    return [e["dest_ip"] for e in alerts(events, NEW_SERVER)]


def learning(place):
    first = [(0, "10.0.0.2", MOUNTD, 600), (23.9, "10.0.0.3", MOUNTD, 600),
             (25, "10.0.0.4", NFS, 2049)]
    events, _ = place.read(first)
    tap.equal("without a state no server is new", servers_of(events), [])
    tap.equal("yet each is told as a change of the map",
              [e["services"]["server"] for e in events if e["event_type"] == "services"
               and e["services"]["change"] == "new_server"],
              ["10.0.0.2", "10.0.0.3", "10.0.0.4"])
    tap.check("and no file is made", not os.path.exists(place.state))
    tap.equal("with one: not while it learns, then it is", servers_of(place.learn(first)),
              ["10.0.0.4"])
    tap.equal("its mode", oct(os.stat(place.state).st_mode & 0o777), "0o640")
    events = place.learn([(26, "10.0.0.4", NFS, 2049), (26, "10.0.0.5", NFS, 2049),
                          (26, "10.0.0.3", MOUNTD, 601)])
    tap.equal("the next capture: only what is new", servers_of(events), ["10.0.0.5"])
    tap.equal("a mapping that moved in between", [e["alert"]["severity"] for e in
                                                  alerts(events, CHANGED)], [3])
    tap.equal("is told with both ports", [(e["services"]["old_port"], e["services"]["port"])
                                          for e in events if e["event_type"] == "services"
                                          and e["services"]["change"] == "changed"], [(600, 601)])
    # An older capture, read later: the inventory has learned all the same.
    tap.equal("an older capture", servers_of(place.learn([(-50, "10.0.0.6", NFS, 2049)])),
              ["10.0.0.6"])


def shown(place):
    whole = json.loads(place.services("--json"))
    tap.equal("all servers, by address", [s["server"] for s in whole["servers"]],
              [f"10.0.0.{n}" for n in (2, 3, 4, 5, 6)])
    moved = whole["servers"][1]["services"][0]
    tap.equal("a mapping", (moved["program_name"], moved["version"], moved["netid"], moved["port"],
                            moved["old_ports"], moved["learned_from"], moved["times"]),
              ("mountd", 3, "udp", 601, [600], ["lookup"], 2))
    tap.equal("it has learned for", whole["learning_seconds"], 76 * 3600 + 1)
    one = json.loads(place.services("--json", "--server", "10.0.0.3"))
    tap.equal("one server", [s["server"] for s in one["servers"]], ["10.0.0.3"])
    for program in ("nfs", str(NFS)):
        some = json.loads(place.services("--json", "--program", program, "--server", "10.0.0.0/8"))
        tap.equal(f"of program {program}", [s["server"] for s in some["servers"]],
                  ["10.0.0.4", "10.0.0.5", "10.0.0.6"])
    none = json.loads(place.services("--json", "--server", "192.0.2.1"))
    tap.equal("none", none["servers"], [])
    text = place.services("--program", "mountd", "--server", "10.0.0.3")
    tap.check("for people", "10.0.0.3: portmapper v2, 2 replies" in text
              and "100005 mountd" in text and " 601 " in text and "was 600" in text
              and "1 server, 1 mapping" in text, text)
    for options in (("--server", "10.0.0.1/8"), ("--program", "nosuch"), ("--program", "-1"),
                    ("--program", "4294967296"), ("extra",), ("--unknown",)):
        done = place.run("services", "--state", place.state, *options)
        tap.check(f"services {' '.join(options)}: refused with a line",
                  done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr)


def refused(place):
    """What is damaged or not ours is neither taken nor touched."""
    with open(place.state, "rb") as file:
        good = file.read()
    for name, bad, words in (("damaged", good[:len(good) // 2], "is damaged"),
                             ("foreign", b"root:x:0:0\n", "is no inventory"),
                             ("newer", good.replace(b'"version":1,"since"',
                                                    b'"version":2,"since"'), "newer")):
        with open(place.state, "wb") as file:
            file.write(bad)
        events, log = place.read([(30, "10.0.0.9", NFS, 2049)], "--state", place.state, status=1)
        tap.check(f"{name}: one line", log.count("\n") == 1 and words in log, log)
        tap.equal(f"{name}: nothing was read", events, [])
        with open(place.state, "rb") as file:
            tap.check(f"{name}: the file is as it was", file.read() == bad)
        done = place.run("services", "--state", place.state)
        tap.check(f"{name}: services says so too", done.returncode == 1 and words in done.stderr
                  and done.stderr.count("\n") == 1 and not done.stdout, done.stderr)
    done = place.run("services", "--state", place.state + ".none")
    tap.check("no inventory at all", done.returncode == 1 and "there is no" in done.stderr,
              done.stderr)
    _, log = place.read([], "--state", os.path.dirname(place.state) + "/none/x.json", status=1)
    tap.check("no folder for it", log.count("\n") == 1 and "cannot read the inventory" in log, log)


def main():
    if not os.access(BINARY, os.X_OK):
        print(f"Bail out! {BINARY} is missing: run make first")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        place = Place(folder)
        for group in (learning, shown, refused):
            tap.guard(group.__name__, group, place)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
