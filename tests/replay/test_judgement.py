#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What `rpcsentry read` makes of time that passes without RPC."""
import json
import os
import struct
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests"))
import frames as fr  # noqa: E402
import talk  # noqa: E402
from tap import Tap  # noqa: E402

BINARY = os.path.join(TOP, os.environ.get("BUILD") or "build", "rpcsentry")
START_NS, SEC = 1795310157 * 10**9, 10**9
DNS = 53
IDLE = "portmap-idle-connections"
tap = Tap()


def read(timed, engine, policy=""):
    """All lines of a capture, given as (seconds, frame)."""
    with tempfile.TemporaryDirectory() as directory:
        path, rules = f"{directory}/made.pcap", f"{directory}/policy.yaml"
        fr.write_capture(path, [frame for _, frame in timed],
                         [START_NS + int(at * SEC) for at, _ in timed])
        with open(rules, "w", encoding="ascii") as out:
            out.write(policy)
        done = subprocess.run([BINARY, "read", path, "-c", rules, "--eve", "-", "--engine", engine],
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.decode(errors="replace"))
    return [json.loads(line) for line in done.stdout.splitlines()]


def alerts(events):
    """(name, outcome) of each line."""
    return [(event["alert"]["name"], event["alert"]["outcome"]) for event in events
            if event["event_type"].startswith("alert")]


def other(at):
    """A packet of somebody else's."""
    return (at, talk.udp(b"no call", DNS))


def tcp(sport, flags, seq, ack=0, back=False):
    ends = (talk.PORTMAPPER, sport) if back else (sport, talk.PORTMAPPER)
    return talk.packet(fr.TCP, struct.pack(">2H2I2BHHH", *ends, seq, ack, 5 << 4, flags, 8192, 0, 0),
                       back)


def handshake(sport):
    return [tcp(sport, fr.SYN, 1000), tcp(sport, fr.SYN | fr.ACK, 5000, 1001, True),
            tcp(sport, fr.ACK, 1001, 5001)]


def unanswered(engine):
    asked = [(0, talk.udp(talk.call(1, procedure=talk.DUMP)))]
    for seconds, outcome, status in ((23, "attempt", "pending"), (25, "timeout", "timeout")):
        events = read([*asked, other(seconds)], engine)
        what = f"{engine}: no reply, and others' packets for {seconds} s"
        tap.equal(what, alerts(events)[-1], ("portmap-dump", outcome))
        tap.equal(f"{what}: its line", [event["rpc"]["status"] for event in events
                                        if event["event_type"] == "portmap"], [status])
    held = "allow: [{calls: DUMP, outcome: unanswered}]\n"
    tap.equal(f"{engine}: the rule for unanswered calls", alerts(read([*asked, other(25)], engine,
                                                                      held)), [])


def silent(engine):
    opened = [(number / 100, frame) for number in range(64) for frame in handshake(2000 + number)]
    alive = tcp(2000, fr.ACK, 1000, 5001)
    for what, last in (("others' packets", other), ("keep-alives", lambda at: (at, alive))):
        for seconds, expected in ((29, []), (31, [(IDLE, "attempt")])):
            tap.equal(f"{engine}: 64 connections, and only {what} for {seconds} s",
                      alerts(read([*opened, last(seconds)], engine)), expected)


def main():
    engines = ["native"]
    if os.geteuid() == 0:
        engines.append("kernel")
    else:
        tap.skip("the kernel engine", "it needs root")
    for engine in engines:
        tap.guard(f"unanswered, {engine}", unanswered, engine)
        tap.guard(f"silent, {engine}", silent, engine)
    return tap.done()


sys.exit(main())
