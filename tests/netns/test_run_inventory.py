#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""`rpcsentry run` and its inventory: kept while it runs and after, and known the next time."""
import json
import os
import signal
import stat
import struct
import sys

import run_sandbox as box
import wire_frames as wf
from run_sandbox import Run, Wire, until

sys.path.insert(0, os.path.join(box.TOP, "tests"))
from tap import Tap  # noqa: E402

MOUNTD, OWN = 100005, 0x20000099
CLIENT, PORTMAPPER, OTHER = "10.77.0.9", "10.77.0.50", "10.77.0.51"
tap = Tap()


class Lookups:
    """Calls and replies of hosts beyond the wire."""

    def __init__(self):
        self.wire, self.xid = Wire(), 5000

    def ask(self, server, program, port):
        self.xid += 1
        call = struct.pack(">14I", self.xid, 0, 2, 100000, 2, 3, 0, 0, 0, 0, program, 3, 17, 0)
        reply = struct.pack(">7I", self.xid, 1, 0, 0, 0, 0, port)
        for packet in (wf.udp((CLIENT, 900), (server, 111), call),
                       wf.udp((server, 111), (CLIENT, 900), reply)):
            self.wire.socket.send(wf.frame(packet))


class Place:
    """One policy, its inventory, and runs of it."""

    def __init__(self, directory, name):
        self.directory, self.name, self.runs = directory, name, 0
        self.folder = f"{directory}/{name}"
        self.state = f"{self.folder}/services.json"

    def start(self, learn="24h"):
        self.runs += 1
        policy = f"{self.directory}/{self.name}.yaml"
        with open(policy, "w", encoding="ascii") as file:
            file.write(f"inventory: {{file: {self.state}}}\nnetworks: {{home: [10.0.0.0/8]}}\n"
                       f"detections: {{portmap-new-server: {{learn: {learn}}}}}\n")
        self.eve = f"{self.directory}/{self.name}-{self.runs}.json"
        return Run(self.directory, f"{self.name}-{self.runs}", "-i", box.WATCHED, "-m", "tc", "-c",
                   policy, "--eve", self.eve, "--no-journal")

    def known(self):
        """{server: {program: port}} of the file; None while there is none."""
        try:
            with open(self.state, encoding="ascii") as file:
                servers = json.load(file)["servers"]
        except FileNotFoundError:
            return None
        return {s["server"]: {m["program"]: m["port"] for m in s["services"]} for s in servers}

    def changes(self):
        return [(e["services"]["change"], e["services"]["server"])
                for e in box.lines_of(self.eve) if e["event_type"] == "services"]

    def put(self, text):
        os.makedirs(self.folder, exist_ok=True)
        with open(self.state, "w", encoding="ascii") as file:
            file.write(text)

    def content(self):
        with open(self.state, encoding="ascii") as file:
            return file.read()


def kept(directory, lookups):
    place = Place(directory, "kept")
    with place.start() as run:
        lookups.ask(PORTMAPPER, MOUNTD, 20048)
        tap.check("a new server is told", until(
            lambda: place.changes() == [("new_server", PORTMAPPER), ("new_mapping", PORTMAPPER)]),
                  place.changes())
        tap.check("its folder and file are made soon",
                  until(lambda: place.known() == {PORTMAPPER: {MOUNTD: 20048}}, 20), place.known())
        mode = os.stat(place.state)
        tap.equal("mode and owner", (stat.S_IMODE(mode.st_mode), mode.st_uid), (0o640, 0))
        sensor = box.children_of(run.pid)["rpcs-sensor"]
        tap.check("the sensor has no file of it",
                  not [d for d in box.descriptors(sensor).values() if place.folder + "/" in d],
                  box.descriptors(sensor))
        lookups.ask(OTHER, OWN, 30000)
        until(lambda: ("new_mapping", OTHER) in place.changes())
        tap.equal("ends well", run.end()[0], 0)
    tap.equal("what came last is kept at the end", place.known(),
              {PORTMAPPER: {MOUNTD: 20048}, OTHER: {OWN: 30000}})
    tap.equal("and nothing beside it", os.listdir(place.folder), ["services.json"])


def known_again(directory, lookups):
    place = Place(directory, "kept")
    with open(place.state + ".new", "w", encoding="ascii") as file:
        file.write("what a crash left in the middle of a write")
    with place.start(learn="0s") as run:
        lookups.ask(PORTMAPPER, MOUNTD, 20048)
        lookups.ask(OTHER, OWN, 30001)
        lookups.ask("10.77.0.52", OWN, 30000)
        names = ("portmap-mapping-changed", "portmap-new-server")
        until(lambda: box.alerts_of(place.eve, names[1]))
        tap.equal("only the third is new",
                  [e["dest_ip"] for e in box.alerts_of(place.eve, names[1])], ["10.77.0.52"])
        moved = box.alerts_of(place.eve, names[0])
        tap.equal("a mapping that moved while nobody watched",
                  [(e["dest_ip"], e["alert"]["severity"]) for e in moved], [(OTHER, 4)])
        tap.equal("dies", run.end(signal.SIGKILL)[0], -9)
        until(lambda: not box.children_of(os.getpid()))
    tap.equal("a killed run leaves a whole file", sorted(place.known()), [PORTMAPPER, OTHER])
    done = box.sh(box.BINARY, "services", "--state", place.state, "--program", "mountd")
    tap.check("services shows it", PORTMAPPER in done.stdout and OTHER not in done.stdout
              and " 20048 " in done.stdout, done.stdout)


def damaged(directory, lookups):
    good = Place(directory, "kept").content()
    cases = (("damaged", good[:len(good) // 2], "is damaged", True),
             ("foreign", "root:x:0:0:root:/root:/bin/sh\n", "is no inventory", False),
             ("newer", good.replace('"version":1,"since"', '"version":7,"since"', 1),
              "is of a newer rpcsentry", False))
    for name, text, words, anew in cases:
        place = Place(directory, name)
        place.put(text)
        with place.start() as run:
            lines = [line for line in run.log.split("\n") if "inventory" in line]
            tap.check(f"{name}: one line, and it goes on", len(lines) == 1 and words in lines[0],
                      run.log)
            lookups.ask(PORTMAPPER, MOUNTD, 20048)
            until(lambda: len(place.changes()) == 2)  # pylint: disable=cell-var-from-loop
            tap.equal(f"{name}: ends well", run.end()[0], 0)
        if not anew:
            tap.equal(f"{name}: it stays as it was", place.content(), text)
            continue
        tap.equal(f"{name}: a new one is begun", place.known(), {PORTMAPPER: {MOUNTD: 20048}})
        with open(place.state + ".damaged", encoding="ascii") as file:
            tap.equal(f"{name}: the old one is kept aside", file.read(), text)


def no_place(directory, lookups):
    """Nowhere to write: one line, and all the rest goes on."""
    for name in ("readonly", "nofolder", "nofile"):
        place = Place(directory, name)
        if name == "readonly":
            os.mkdir(place.folder)
            box.sh("mount", "-t", "tmpfs", "-o", "ro", "tmpfs", place.folder)
        elif name == "nofolder":
            with open(place.folder, "w", encoding="ascii"):
                pass
        else:
            os.makedirs(place.state)
        with place.start(learn="0s") as run:
            lines = [line for line in run.log.split("\n") if "inventory" in line]
            tap.check(f"{name}: one line", len(lines) == 1 and "not kept" in lines[0], run.log)
            lookups.ask(PORTMAPPER, MOUNTD, 20048)
            tap.check(f"{name}: servers are new all the same",
                      until(lambda: box.alerts_of(place.eve,  # pylint: disable=cell-var-from-loop
                                                  "portmap-new-server")))
            tap.equal(f"{name}: ends well", run.end()[0], 0)


def main():
    box.enter()
    directory = box.prepare()
    lookups = Lookups()
    for group in (kept, known_again, damaged, no_place):
        tap.guard(group.__name__, group, directory, lookups)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
