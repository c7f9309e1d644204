#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""SIGHUP reads the policy again while calls come in: decisions change, and no record is lost."""
import json
import os
import re
import signal
import socket
import struct
import sys
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(TOP, "tests"), os.path.dirname(os.path.abspath(__file__))]
import run_sandbox as box  # noqa: E402
from run_sandbox import until  # noqa: E402
from tap import Tap  # noqa: E402

ONE, OTHER = "10.77.0.20", "10.77.0.21"
HEAD = ("networks: {home: 10.0.0.0/8}\nalerts: {repeat: 0s}\n"
        "response: {trust: 10.77.0.0/24}\ntimeouts: {call: 1s}\n"
        "detections: {portmap-flood: {enabled: false}, rpc-pipeline-flood: {enabled: false}}\n")
tap = Tap()


def policy(allow, extra=""):
    return f"{HEAD}{extra}allow:\n{allow}"


def dump_of(client):
    return f"- {{name: dumps, calls: DUMP, clients: {client}}}\n"


class Calls:
    """Unicast calls from the far end, each with a number of its own."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.socket.bind((box.PEER, 0))
        link = json.loads(box.sh("ip", "-j", "link", "show", box.WATCHED).stdout)[0]
        self.mac = bytes.fromhex(link["address"].replace(":", ""))
        self.xid = 5000

    def send(self, client, procedure=box.DUMP, arguments=b"", port=111):
        self.xid += 1
        frame = self.mac + box.call_frame(client, self.xid, procedure, arguments)[6:]
        if port != 111:
            at = 14 + 20 + 2
            frame = frame[:at] + struct.pack(">H", port) + frame[at + 2:]
        self.socket.send(frame)
        return self.xid

    def getport(self, client, program):
        return self.send(client, box.GETPORT, struct.pack(">4I", program, 3, 17, 0))


class Traffic(threading.Thread):
    """Dumps of two clients in turn, until it is ended."""

    def __init__(self, calls):
        super().__init__()
        self.calls, self.over, self.sent = calls, threading.Event(), []

    def run(self):
        while not self.over.is_set():
            for client in (ONE, OTHER):
                self.sent.append((self.calls.send(client), client))
            time.sleep(0.002)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()


def dumped(run, calls):
    """Whose calls of these raised an alert; of a detection there are 20 lines a second at most."""
    alerted = {event["rpc"]["xid"] for event in run.seen("alert")
               if event["alert"]["name"] == "portmap-dump" and "rpc" in event}
    return {client for xid, client in calls if xid in alerted}


class Reloaded(box.Run):
    """A run with a policy file of its own."""

    def __init__(self, directory, name, text, *arguments):
        self.policy, self.eve = f"{directory}/{name}.yaml", f"{directory}/{name}.json"
        self.write(text)
        super().__init__(directory, name, "-i", box.WATCHED, "-c", self.policy, "--eve", self.eve,
                         "--no-journal", *arguments)

    def write(self, text):
        with open(self.policy + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(self.policy + ".new", self.policy)

    def reload(self, text, word="is in force"):
        """Sends SIGHUP; the lines that it has the run log."""
        self.write(text)
        before = len(self.log)
        self.process.send_signal(signal.SIGHUP)
        until(lambda: word in self.log[before:])
        return self.log[before:]

    def seen(self, *kinds):
        return [event for event in box.lines_of(self.eve) if event["event_type"] in kinds]

    def alerts(self, xid):
        return [event["alert"]["name"] for event in self.seen("alert")
                if event.get("rpc", {}).get("xid") == xid]


def under_traffic(directory, calls):
    with Reloaded(directory, "traffic", policy(dump_of(ONE))) as run, Traffic(calls) as traffic:
        until(lambda: len(traffic.sent) > 200 and dumped(run, traffic.sent))
        first = len(traffic.sent)
        said = run.reload(policy(dump_of(OTHER)))
        tap.check("a reload is told in one line", said.count("\n") == 2 and "1 rules" in said, said)
        middle = len(traffic.sent)
        until(lambda: len(traffic.sent) > middle + 200 and dumped(run, traffic.sent[middle:]))
        said = run.reload("allow:\n- {calls: DUMPS}\n  \n- {clients: 10.0.0.1/8}\n",
                          word="stays in force")
        tap.check("every mistake of a bad file with its place",
                  re.search(r"traffic\.yaml:2:11: unknown call \"DUMPS\"", said)
                  and re.search(r"traffic\.yaml:4:13: .*expected 10\.0\.0\.0/8", said)
                  and "2 mistakes; the one before stays in force" in said, said)
        bad = len(traffic.sent)
        until(lambda: len(traffic.sent) > bad + 200 and dumped(run, traffic.sent[bad:]))
        os.unlink(run.policy)
        run.process.send_signal(signal.SIGHUP)
        tap.check("a file that is not there is told",
                  until(lambda: "No such file" in run.log.rsplit("SIGHUP: policy", 1)[-1]), run.log)
        traffic.over.set()
        traffic.join()
        until(lambda: len(run.seen("portmap")) == len(traffic.sent), 5)
        status, _ = run.end()
        tap.equal("the run ends well", status, 0)
        check_traffic(run, traffic.sent, first, middle, bad)


def check_traffic(run, sent, first, middle, bad):
    lines = [event["rpc"]["xid"] for event in run.seen("portmap")]
    tap.check("every call has its line, once", sorted(lines) == [xid for xid, _ in sent],
              f"{len(sent)} sent, {len(lines)} lines, {len(set(lines))} different")
    kernel = box.lines_of(run.eve)[-1]["stats"]["kernel"]
    tap.equal("no record was lost", (kernel["records_lost"], kernel["calls"]), (0, len(sent)))
    tap.equal("before, the one's calls were silent", dumped(run, sent[:first]), {OTHER})
    tap.equal("after, the other's are", dumped(run, sent[middle:bad]), {ONE})
    tap.equal("with the bad file too", dumped(run, sent[bad:]), {ONE})
    rules = box.lines_of(run.eve)[-1]["stats"]["rules"]
    tap.check("a rule that keeps its name keeps its hits",
              len(rules) == 1 and rules[0]["name"] == "dumps"
              and rules[0]["hits"] > (len(sent) - middle) // 2 + 90, rules)


def held_calls(directory, calls):
    hold = "- {calls: GETPORT, outcome: unanswered}\n"
    with Reloaded(directory, "held", policy(hold)) as run:
        silent = calls.getport(ONE, 100005)
        until(lambda: any(e["rpc"]["xid"] == silent for e in run.seen("portmap")))
        tap.equal("unanswered: silent by the rule", run.alerts(silent), [])
        held = calls.getport(ONE, 100005)
        run.reload(policy(dump_of(ONE)))
        tap.check("a call held over a reload is decided anew",
                  until(lambda: run.alerts(held) == ["portmap-getport-sensitive"]), run.alerts(held))
        tap.equal("it ends well", run.end()[0], 0)


def what_stays(directory, calls):
    with Reloaded(directory, "stays", policy(dump_of(ONE), "sensor: {any_port: off}\n")) as run:
        said = run.reload(policy(dump_of(ONE), "sensor: {ring_size: 1M, any_port: all}\n"
                                               "limits: {flows: 9}\n"))
        tap.check("what needs a new start is named",
                  "sensor.ring_size" in said and "limits.flows" in said
                  and "sensor.any_port" in said, said)
        elsewhere, there = calls.send(OTHER, port=3000), calls.send(OTHER)
        tap.check("and stays", until(lambda: run.alerts(there)) and not run.alerts(elsewhere),
                  run.seen("alert"))
        said = run.reload(policy("- {calls: DUMP, clients: 10.77.0.20, suppress: kernel}\n"))
        tap.check("the kernel was loaded without suppress", "only leaves lines out" in said, said)
        tap.equal("it ends well", run.end()[0], 0)


def the_kernels_side(directory, calls):
    suppress = "- {{name: known, calls: DUMP, clients: {}, suppress: kernel}}\n"
    with Reloaded(directory, "kernel", policy(suppress.format(ONE))) as run:
        stats = [calls.send(ONE), calls.send(OTHER)]
        until(lambda: run.alerts(stats[1]))
        tap.equal("suppressed: no line, no alert",
                  [e for e in run.seen("portmap", "alert") if e["rpc"]["xid"] == stats[0]], [])
        said = run.reload(policy(suppress.format(OTHER),
                                 "sensor: {ports: [111, 1111]}\nsensitive: {add: [424242]}\n"))
        tap.check("nothing needs a new start", "until the next start" not in said, said)
        one, other = calls.send(ONE), calls.send(OTHER)
        tap.check("the other is suppressed now, the one is not",
                  until(lambda: run.alerts(one)) and not run.alerts(other), run.seen("alert"))
        asked = calls.getport(ONE, 424242)
        tap.check("the sensitive set is the new one",
                  until(lambda: run.alerts(asked) == ["portmap-getport-sensitive"]),
                  run.alerts(asked))
        alone = calls.send(ONE, port=1111)
        tap.check("a new port is a portmapper's",
                  until(lambda: run.alerts(alone) == ["portmap-dump"]), run.alerts(alone))
        shown = json.loads(box.sh(box.BINARY, "stats", "--json", "--interval", "0").stdout)
        tap.equal("stats: the rule's calls, before and after", shown["rules"],
                  [{"rule": 1, "name": "known", "hits": 2, "suppressed": 2}])
        tap.equal("stats: suppressed records", shown["counters"]["records_suppressed"], 2)
        run.reload(policy("- {name: known, calls: NULL}\n", "sensor: {any_port: off}\n"))
        other = calls.send(OTHER)
        tap.check("no rule suppresses any more", until(lambda: run.alerts(other)), run.log)
        tap.equal("it ends well", run.end()[0], 0)


def without_a_file(directory):
    with box.Run(directory, "builtin", "-i", box.WATCHED, "--no-journal") as run:
        run.process.send_signal(signal.SIGHUP)
        tap.check("without a file: it says so",
                  until(lambda: "the built-in policy is in force" in run.log), run.log)
        tap.equal("it ends well", run.end()[0], 0)


def main():
    box.enter()
    directory = box.prepare()
    calls = Calls()
    tap.guard("under traffic", under_traffic, directory, calls)
    tap.guard("held calls", held_calls, directory, calls)
    tap.guard("what stays", what_stays, directory, calls)
    tap.guard("the kernel's side", the_kernels_side, directory, calls)
    tap.guard("without a file", without_a_file, directory)
    return tap.done()


sys.exit(main())
