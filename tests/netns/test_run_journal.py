#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Alerts in a real journal, and what a journal that has stalled costs: entries, never events."""
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import run_sandbox as box
from run_sandbox import GETPORT, Run, Wire, until

sys.path.insert(0, os.path.join(box.TOP, "tests"))
from tap import Tap  # noqa: E402

JOURNALD = "/lib/systemd/systemd-journald"
SOCKET = "/run/systemd/journal/socket"
LINES = 1600  # more than the queue, the sockets and journald's own hold
ROUND = 20  # lines of one detection that leave in a second
SET, UNSET, CALLIT = 1, 2, 5
LEGATO, MOUNTD = 390109, 100005
tap = Tap()


def start_journald():
    """One of our own: its sockets and files lie on file systems that only we see."""
    for path in ("/run", "/var/log"):
        box.sh("mount", "-t", "tmpfs", "tmpfs", path)
    for path in ("journal", "journald.conf.d"):
        os.makedirs(f"/run/systemd/{path}")
    with open("/run/systemd/journald.conf.d/test.conf", "w", encoding="ascii") as out:
        out.write("[Journal]\nStorage=volatile\nReadKMsg=no\nAudit=no\nForwardToWall=no\n"
                  "RateLimitIntervalSec=0\n")
    process = subprocess.Popen([JOURNALD], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    if not until(lambda: os.path.exists(SOCKET)):
        process.kill()
        raise RuntimeError("journald does not start here")
    return process


def entries(*matches):
    done = box.sh("journalctl", "-q", "--no-pager", "-o", "json", "-t", "rpcsentry", *matches,
                  check=False)
    return [json.loads(line) for line in done.stdout.splitlines()]


def client(number):
    return f"10.{77 + number // 65536}.{number // 250 % 250}.{1 + number % 250}"


def reaches_the_journal(directory, wire, _journald):
    eve = f"{directory}/journal.json"
    with Run(directory, "journal", "-i", box.WATCHED, "--eve", eve) as run:
        wire.dump("10.77.0.9")
        found = until(lambda: entries("RPCS_DETECTION=portmap-dump"))
        tap.check("the alert is in the journal", found, run.log)
        if found:
            tap.equal("with the client", found[0].get("RPCS_SRC_IP"), "10.77.0.9")
            tap.equal("with the interface", found[0].get("RPCS_IFACE"), box.WATCHED)
            tap.check("written by a process that is not root", found[0].get("_UID") != "0",
                      found[0])
        status, seconds = run.end()
    tap.equal("ends well", status, 0)
    tap.check("within 2 s", seconds < 2, seconds)
    agent = box.lines_of(eve)[-1]["stats"]["agent"]
    tap.check("all alerts were handed on", agent["journal_sent"] >= 1
              and agent["journal_dropped"] == 0, agent)


def blitz(wire, number):
    """As many detections at once as there are: each has its own pace."""
    wire.dump(client(number))
    for procedure, program in ((GETPORT, LEGATO), (GETPORT, MOUNTD), (SET, MOUNTD),
                               (UNSET, MOUNTD), (CALLIT, MOUNTD)):
        wire.mapping(client(number), procedure, program)
    wire.mapping("127.0.0.1", UNSET, MOUNTD)


def alert_lines(eve):
    return [e for e in box.lines_of(eve) if "alert" in e]


def stalls(directory, wire, journald):
    eve, policy = f"{directory}/stalled.json", f"{directory}/stalled.yaml"
    with open(policy, "w", encoding="ascii") as out:
        out.write(f"sensor: {{interfaces: [{box.WATCHED}]}}\nalerts: {{repeat: 0s}}\n")
    with Run(directory, "stalled", "-c", policy, "--eve", eve) as run:
        os.kill(journald.pid, signal.SIGSTOP)
        try:
            number, deadline = 0, time.monotonic() + 60
            while len(alert_lines(eve)) < LINES and time.monotonic() < deadline:
                for _ in range(ROUND):
                    blitz(wire, number)
                    number += 1
                time.sleep(1)  # not a wait: no more of them leave in a second
            got = len(alert_lines(eve))
            tap.check(f"journald stopped: {LINES} alerts are events", got >= LINES, f"{got} are")
            status, seconds = run.end(seconds=30)
        finally:
            os.kill(journald.pid, signal.SIGCONT)
    tap.equal("journald stopped: ends with status 0", status, 0)
    tap.check("journald stopped: within 10 s", seconds < 10, seconds)
    tap.check("journald stopped: the loss is told", "the journal does not answer" in run.log,
              run.log)
    agent = box.lines_of(eve)[-1]["stats"]["agent"]
    tap.check("journald stopped: what was dropped is counted", agent["journal_dropped"] > 0, agent)
    tap.equal("journald stopped: sent and dropped are all alerts",
              agent["journal_sent"] + agent["journal_dropped"], len(alert_lines(eve)))
    lost = box.alerts_of(eve, "sensor-loss")
    tap.check("journald stopped: an alert says so", lost, "no alert of sensor-loss")


def main():
    if not os.path.exists(JOURNALD) or not shutil.which("journalctl"):
        print("1..0 # SKIP systemd-journald is not installed")
        return 0
    box.enter()
    directory = box.prepare()
    wire = Wire()
    journald = None
    try:
        journald = start_journald()
        for group in (reaches_the_journal, stalls):
            tap.guard(group.__name__, group, directory, wire, journald)
    finally:
        if journald:
            journald.kill()
            journald.wait()
        shutil.rmtree(directory)
    return tap.done()


sys.exit(main())
