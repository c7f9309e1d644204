#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A ring that is full because the sensor is stopped: every record is counted, sent or lost, and what
was lost is told, with the figure, when the sensor goes on."""
import os
import re
import shutil
import signal
import socket
import struct
import sys

import run_sandbox as box
from bpf_maps import Maps
from flood import Sender, counters, is_exact, prepare_link
from run_sandbox import Run, until

sys.path.insert(0, os.path.join(box.TOP, "tests"))
from tap import Tap  # noqa: E402

CALLS = 4000
MTU = 9000
CLIENT = "10.77.0.9"
MODES = ("tc", "native")
FRAGMENT = 1480
POLICY = """\
sensor: {{interfaces: [{watched}], mode: {mode}, ring_size: 64K}}
networks: {{home: [10.0.0.0/8]}}
allow:
  - {{clients: home, calls: [GETPORT, DUMP]}}
timeouts: {{call: 10m}}
alerts: {{journal: false, eve: {eve}}}
stats: {{interval: 1s}}
"""
tap = Tap()


def is_drained():
    maps = Maps(os.environ.get("RPCSENTRY_PIN_DIR", "/sys/fs/bpf/rpcsentry"))
    try:
        return maps.is_drained()
    finally:
        maps.close()


class Flood(Sender):
    def xids(self, count):
        self.xid += count
        return range(self.xid - count + 1, self.xid + 1)

    def getports(self, count):
        """Each asks for a program of its own."""
        return [box.call_frame(CLIENT, xid, box.GETPORT, struct.pack(">4I", 500000 + xid, 1, 17, 0))
                for xid in self.xids(count)]


def ip4(source, destination, protocol, payload, number=0, fragment=0):
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), number & 0xffff, fragment, 64,
                       protocol, 0, socket.inet_aton(source), socket.inet_aton(destination))
    head = head[:10] + struct.pack(">H", box.checksum(head)) + head[12:]
    return b"\xff" * 6 + b"\x02\0\0\0\0\x01" + b"\x08\0" + head + payload


def dump_reply(xid, entries):
    """A UDP datagram to CLIENT; every mapping of it names the call that it answers."""
    rpc = struct.pack(">6I", xid, 1, 0, 0, 0, 0)
    rpc += b"".join(struct.pack(">5I", 1, 500000 + xid, entry, 17, 700) for entry in range(entries))
    rpc += struct.pack(">I", 0)
    return struct.pack(">4H", 111, 900, 8 + len(rpc), 0) + rpc


def whole(xid, entries):
    return [ip4(box.SERVER, CLIENT, 17, dump_reply(xid, entries), xid)]


def in_fragments(xid, entries):
    datagram = dump_reply(xid, entries)
    starts = range(0, len(datagram), FRAGMENT)
    return [ip4(box.SERVER, CLIENT, 17, datagram[at:at + FRAGMENT], xid,
                at // 8 | (0x2000 if at + FRAGMENT < len(datagram) else 0)) for at in starts]


def syn(port):
    tcp = struct.pack(">2H2I2BHHH", port, 111, 1000, 0, 5 << 4, 2, 1024, 0, 0)
    return ip4(CLIENT, box.SERVER, 6, tcp)


def events(eve, kind):
    return [e for e in box.lines_of(eve) if e["event_type"] == kind]


def losses(eve):
    """The figures of every alert of a loss: how many, and how many since the start."""
    found = []
    for alert in box.alerts_of(eve, "sensor-loss"):
        figures = [re.fullmatch(r"(\d+) records? (?:was|were) lost: .*\((\d+) since the start\)", text)
                   for text in alert["alert"]["evidence"]]
        found += [(int(m[1]), int(m[2])) for m in figures if m]
    return found


def told_lost(eve):
    """By the latest `stats` line."""
    lines = events(eve, "stats")
    return lines[-1]["stats"]["capture"]["kernel_drops"] if lines else None


class Stopped:
    """The sensor's process stands still inside; the parent and the programs go on."""

    def __init__(self, run):
        self.pid = box.children_of(run.pid)["rpcs-sensor"]

    def __enter__(self):
        os.kill(self.pid, signal.SIGSTOP)

    def __exit__(self, *_):
        os.kill(self.pid, signal.SIGCONT)


def start(directory, name, mode):
    eve, policy = f"{directory}/{name}.json", f"{directory}/{name}.yaml"
    with open(policy, "w", encoding="ascii") as out:
        out.write(POLICY.format(watched=box.WATCHED, mode=mode, eve=eve))
    return eve, Run(directory, name, "-c", policy)


def check_last_line(what, eve, run, lost):
    tap.equal(f"{what}: exit status 0", run.end()[0], 0)
    stats = box.lines_of(eve)[-1]["stats"]
    kernel, agent = stats["kernel"], stats["agent"]
    tap.check(f"{what}: seen == sent + suppressed + lost on the last line", is_exact(kernel), kernel)
    tap.equal(f"{what}: capture.kernel_drops", stats["capture"]["kernel_drops"], lost)
    tap.equal(f"{what}: the agent took every record that was sent", agent["records"],
              kernel["records_sent"])
    tap.equal(f"{what}: and knew them all", agent["records_bad"], 0)
    tap.equal(f"{what}: the alerts' figures add up to what was lost",
              sum(count for count, _ in losses(eve)), lost)
    return stats


def only_calls(directory, flood, mode):
    """One record each: the figures can be foretold."""
    what = f"{mode}, calls"
    eve, run = start(directory, f"calls-{mode}", mode)
    with run:
        with Stopped(run):
            tap.check(f"{what}: every frame passed the programs", flood.send(flood.getports(CALLS)))
            first = counters()
            tap.equal(f"{what}: each is seen once", first["rpc_seen"], CALLS)
            tap.equal(f"{what}: sent or lost",
                      first["records_sent"] + first["records_lost"], CALLS)
            tap.check(f"{what}: both", first["records_sent"] > 0 and first["records_lost"] > 0, first)
            tap.equal(f"{what}: nothing is told as yet", losses(eve), [])
        lost = first["records_lost"]
        tap.check(f"{what}: an alert once it goes on", until(lambda: losses(eve)), run.log)
        tap.equal(f"{what}: with the figure", losses(eve), [(lost, lost)])

        # Within the minute: counted, and told at the end.
        with Stopped(run):
            tap.check(f"{what}: every frame of a second burst passed",
                      flood.send(flood.getports(CALLS)))
        second = counters()
        tap.equal(f"{what}: each of the second burst is seen once", second["rpc_seen"], 2 * CALLS)
        more = second["records_lost"] - lost
        tap.check(f"{what}: more was lost", more > 0, second)
        tap.check(f"{what}: the sensor knows of it", until(lambda: told_lost(eve) == lost + more),
                  run.log)
        tap.equal(f"{what}: and is silent within the minute", losses(eve), [(lost, lost)])
        stats = check_last_line(what, eve, run, lost + more)
    tap.equal(f"{what}: two alerts in all, the second with the rest", losses(eve),
              [(lost, lost), (more, lost + more)])
    sent = stats["kernel"]["records_sent"]
    tap.equal(f"{what}: as many messages as records", stats["agent"]["messages"], sent)
    asked = [e["portmap"]["program"] - e["rpc"]["xid"] for e in events(eve, "portmap")]
    tap.equal(f"{what}: as many calls, each with its own question", asked, [500000] * sent)


def check_replies(what, eve, entries):
    """Answers are whole and their own; how many there were."""
    answered = [e for e in events(eve, "portmap") if e["rpc"]["status"] == "success"]
    good = [e for e in answered
            if e["portmap"]["reply"]["mappings_count"] == entries
            and [(m["program"] - e["rpc"]["xid"], m["version"])
                 for m in e["portmap"]["reply"]["mappings"]]
            == [(500000, entry) for entry in range(min(entries, 256))]]
    tap.check(f"{what}: there are answers", answered)
    tap.equal(f"{what}: none is made of two packets, or of a part of one", len(good), len(answered))
    return len(answered)


def only_pieces(directory, flood, mode):
    """Replies that cross in three pieces, the last one small enough to fit where a first one does
    not: parts of packets get through."""
    what, count, entries = f"{mode}, pieces", 40, 210
    eve, run = start(directory, f"pieces-{mode}", mode)
    with run:
        xids = list(flood.xids(count + 1))
        tap.check(f"{what}: the questions passed",
                  flood.send([box.call_frame(CLIENT, xid) for xid in xids]))
        before = counters()
        # What the ring still held of them would leave less room for parts.
        tap.check(f"{what}: the questions were taken", until(is_drained))
        with Stopped(run):
            tap.check(f"{what}: the answers passed",
                      flood.send([frame for xid in xids[:-1] for frame in whole(xid, entries)]))
            after = counters()
        pieces = after["pieces"] - before["pieces"]
        tap.equal(f"{what}: three for each answer", pieces, 3 * count)
        tap.equal(f"{what}: each counted", after["rpc_seen"] - before["rpc_seen"], pieces)
        tap.check(f"{what}: an alert", until(lambda: losses(eve)), run.log)
        # What comes next on this CPU shows that the last packet will not be finished.
        tap.check(f"{what}: one more answer passed", flood.send(whole(xids[-1], entries)))
        stats = check_last_line(what, eve, run, after["records_lost"])
    answered = check_replies(what, eve, entries)
    parts = stats["kernel"]["records_sent"] - len(xids) - 3 * answered
    tap.check(f"{what}: parts of answers came through", parts > 0, stats)
    incomplete = stats["agent"]["packets_incomplete"]
    tap.check(f"{what}: their {parts} pieces are {incomplete} incomplete packets",
              (parts + 1) // 2 <= incomplete <= parts, stats["agent"])
    tap.equal(f"{what}: as many messages as questions and whole answers",
              stats["agent"]["messages"], len(xids) + answered)


def mixed(directory, flood, mode):
    """Calls, connections, answers in pieces and answers in IP fragments, all at once."""
    what, count, entries = f"{mode}, all kinds", 120, 300
    eve, run = start(directory, f"mixed-{mode}", mode)
    with run:
        xids = list(flood.xids(count))
        tap.check(f"{what}: the questions passed",
                  flood.send([box.call_frame(CLIENT, xid) for xid in xids]))
        frames = []
        for place, xid in enumerate(xids):
            frames += in_fragments(xid, entries) if place % 3 == 2 else whole(xid, entries)
            frames += flood.getports(2) + [syn(20000 + place)]
        tap.check(f"{what}: the questions were taken", until(is_drained))
        with Stopped(run):
            tap.check(f"{what}: the rest passed", flood.send(frames))
            full = counters()
        tap.check(f"{what}: some of each kind were seen",
                  all(full[kind] > 0 for kind in ("calls", "connections", "pieces",
                                                  "fallback_fragment")), full)
        tap.equal(f"{what}: seen are the records of each kind", full["rpc_seen"],
                  full["calls"] + full["replies"] + full["connections"] + full["pieces"])
        tap.check(f"{what}: an alert", until(lambda: losses(eve)), run.log)
        tap.equal(f"{what}: with the figure", losses(eve), [(full["records_lost"],) * 2])
        # The ring is empty again: what comes now is taken whole.
        last = list(flood.xids(2))
        tap.check(f"{what}: two more questions and answers passed", flood.send(
            [box.call_frame(CLIENT, xid) for xid in last] + whole(last[0], entries)
            + in_fragments(last[1], entries)))
        stats = check_last_line(what, eve, run, full["records_lost"])
    check_replies(what, eve, entries)
    tap.check(f"{what}: packets without a piece are counted",
              stats["agent"]["packets_incomplete"] > 0, stats["agent"])
    tap.equal(f"{what}: afterwards nothing is missing",
              {e["rpc"]["xid"] for e in events(eve, "portmap") if e["rpc"]["status"] == "success"}
              & set(last), set(last))
    asked = [e for e in events(eve, "portmap") if e["rpc"]["procedure"] == box.GETPORT]
    tap.check(f"{what}: every call has its own question", asked and all(
        e["portmap"]["program"] == 500000 + e["rpc"]["xid"] for e in asked), asked)


def main():
    box.enter()
    directory = box.prepare()
    # Pieces are numbered for each CPU: one alone makes the order of packets that of the pieces.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    flood = None
    try:
        prepare_link(MTU)
        flood = Flood()
        for mode in MODES:
            for group in (only_calls, only_pieces, mixed):
                tap.guard(f"{group.__name__}, {mode}", group, directory, flood, mode)
    finally:
        if flood:
            flood.close()
        shutil.rmtree(directory)
    return tap.done()


sys.exit(main())
