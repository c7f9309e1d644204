#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""limits.per_source_records live: one source floods, another one does not. What the first one sends
beyond its budget is counted in the kernel and told in its alert to the last call; what the second one
sends is there, and so is the one SET that the flood was to hide."""
import os
import re
import shutil
import signal
import socket
import struct
import sys

import run_sandbox as box
from flood import Sender, counters, is_exact, prepare_link
from run_sandbox import Run, until

sys.path.insert(0, os.path.join(box.TOP, "tests"))
from tap import Tap  # noqa: E402

FLOODER, QUIET = "10.77.0.66", "10.77.0.9"
SET = 1
BUDGET = 300
CALLS = 12000
EVERY = 60  # of the flooder's calls, one of the quiet client
MODES = ("tc", "native")
POLICY = """\
sensor: {{interfaces: [{watched}], mode: {mode}}}
networks: {{home: [10.0.0.0/8]}}
limits: {{per_source_records: {budget}}}
alerts: {{journal: false, eve: {eve}}}
stats: {{interval: 1s}}
"""
tap = Tap()


def mapping(client, xid, procedure, program):
    return box.call_frame(client, xid, procedure, struct.pack(">4I", program, 3, 17, 0))


def reply(client, xid):
    """An Ethernet frame with SERVER's answer to a GETPORT of port 900: port 2049."""
    rpc = struct.pack(">7I", xid, 1, 0, 0, 0, 0, 2049)
    udp = struct.pack(">4H", 111, 900, 8 + len(rpc), 0) + rpc
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), xid & 0xffff, 0, 64, 17, 0,
                       socket.inet_aton(box.SERVER), socket.inet_aton(client))
    head = head[:10] + struct.pack(">H", box.checksum(head)) + head[12:]
    return b"\xff" * 6 + b"\x02\0\0\0\0\x01" + b"\x08\0" + head + udp


class Senders(Sender):
    def flood(self, calls, hidden=None):
        """Frames of the flooder and the quiet client, and the XIDs of the latter."""
        frames, quiet = [], []
        for place in range(calls):
            self.xid += 1
            if place == hidden:
                frames.append(mapping(FLOODER, self.xid, SET, 100232))
            else:
                frames.append(mapping(FLOODER, self.xid, box.GETPORT, 100003))
            if place % EVERY == 0:
                self.xid += 1
                frames.append(mapping(QUIET, self.xid, box.GETPORT, 100005))
                quiet.append(self.xid)
        return frames, quiet


def of_source(eve, source):
    return [e for e in box.lines_of(eve) if e["event_type"] == "portmap" and e["src_ip"] == source]


def floods(eve):
    return [e for e in box.lines_of(eve) if e["event_type"] in ("alert", "alert_update")
            and e["alert"]["name"] == "portmap-flood"]


def figures(alert):
    """Counted in the kernel and recorded, by the alert's evidence; None where it has none."""
    text = "\n".join(alert["alert"]["evidence"])
    counted = re.search(r"^(\d+) calls over limits.per_source_records \((\d+)\)", text, re.M)
    recorded = re.search(r"^beside (\d+) that were recorded one by one", text, re.M)
    return (int(counted[1]), int(counted[2]), int(recorded[1])) if counted else None


def start(directory, name, mode, budget):
    eve, policy = f"{directory}/{name}.json", f"{directory}/{name}.yaml"
    write_policy(policy, eve, mode, budget)
    return eve, policy, Run(directory, name, "-c", policy)


def write_policy(policy, eve, mode, budget):
    with open(policy, "w", encoding="ascii") as out:
        out.write(POLICY.format(watched=box.WATCHED, mode=mode, eve=eve, budget=budget))


def one_source_floods(directory, senders, mode):
    what = f"{mode}, a flood"
    eve, _, run = start(directory, f"flood-{mode}", mode, BUDGET)
    with run:
        frames, quiet = senders.flood(CALLS, hidden=CALLS // 2)
        hidden = next(xid for xid, frame in enumerate(frames) if frame[65] == SET)
        tap.check(f"{what}: every frame passed the programs", senders.send(frames))
        seen = counters()
        tap.equal(f"{what}: each is seen once", seen["rpc_seen"], len(frames))
        tap.check(f"{what}: most are over the budget", seen["records_over_budget"] > CALLS // 2, seen)
        tap.equal(f"{what}: and suppressed, and nothing else is", seen["records_suppressed"],
                  seen["records_over_budget"])
        tap.equal(f"{what}: nothing is lost", seen["records_lost"], 0)
        tap.check(f"{what}: the alert is told again with what was counted, while the run goes on",
                  until(lambda: any(figures(alert) for alert in floods(eve))), run.log)
        tap.check(f"{what}: and in the end with all of it",
                  until(lambda: figures(floods(eve)[-1])
                        and figures(floods(eve)[-1])[0] == seen["records_over_budget"]),
                  [alert["alert"] for alert in floods(eve)])
        tap.equal(f"{what}: exit status 0", run.end()[0], 0)
    alerts = floods(eve)
    tap.equal(f"{what}: one source is told", {alert["src_ip"] for alert in alerts}, {FLOODER})
    tap.equal(f"{what}: under one id", len({alert["alert"]["id"] for alert in alerts}), 1)
    counted, budget, recorded = figures(alerts[-1])
    tap.equal(f"{what}: the figures are exact: counted and recorded are all",
              (counted + recorded, budget), (CALLS, BUDGET))
    text = "\n".join(alerts[-1]["alert"]["evidence"])
    tap.check(f"{what}: by procedure", f"of these {counted} GETPORT version 2" in text, text)
    tap.equal(f"{what}: as many events of the flooder as were recorded",
              len(of_source(eve, FLOODER)), recorded)
    tap.equal(f"{what}: every call of the quiet client has its event",
              [e["rpc"]["xid"] for e in of_source(eve, QUIET)], quiet)
    tap.check(f"{what}: the SET amid the flood has one, too ({hidden})",
              [e for e in of_source(eve, FLOODER) if e["rpc"]["procedure"] == SET])
    kernel = box.lines_of(eve)[-1]["stats"]["kernel"]
    tap.check(f"{what}: seen == sent + suppressed + lost on the last line", is_exact(kernel), kernel)
    tap.equal(f"{what}: which has what was over the budget", kernel["records_over_budget"], counted)


def a_server_answers(directory, senders, mode):
    """Calls that were recorded have their answers, and the others' answers are nobody's loss."""
    what, calls = f"{mode}, answered", 4000
    eve, _, run = start(directory, f"answered-{mode}", mode, BUDGET)
    with run:
        frames = []
        for _ in range(calls):
            senders.xid += 1
            frames += [mapping(FLOODER, senders.xid, box.GETPORT, 100003),
                       reply(FLOODER, senders.xid)]
        tap.check(f"{what}: every frame passed the programs", senders.send(frames))
        seen = counters()
        tap.check(f"{what}: many calls are over the budget", seen["calls_suppressed"] > calls // 4, seen)
        tap.equal(f"{what}: and as many replies are kept back", seen["replies_suppressed"],
                  seen["calls_suppressed"])
        tap.equal(f"{what}: both count", seen["records_over_budget"], 2 * seen["calls_suppressed"])
        tap.equal(f"{what}: exit status 0", run.end()[0], 0)
    tap.equal(f"{what}: every call that was recorded is answered",
              {e["rpc"]["status"] for e in of_source(eve, FLOODER)}, {"success"})
    agent = box.lines_of(eve)[-1]["stats"]["agent"]
    tap.equal(f"{what}: no reply is without its call", agent["replies_unpaired"], 0)
    text = "\n".join(floods(eve)[-1]["alert"]["evidence"])
    tap.check(f"{what}: the alert has both figures",
              figures(floods(eve)[-1])[0] == seen["calls_suppressed"]
              and f"{seen['replies_suppressed']} replies to it were counted likewise" in text, text)


def the_budget_changes(directory, senders, mode):
    """SIGHUP: without a restart."""
    what = f"{mode}, reload"
    eve, policy, run = start(directory, f"reload-{mode}", mode, 100000)
    with run:
        frames, _ = senders.flood(2000)
        tap.check(f"{what}: the first calls passed", senders.send(frames))
        tap.equal(f"{what}: none is over the budget", counters()["records_over_budget"], 0)
        write_policy(policy, eve, mode, BUDGET)
        os.kill(run.pid, signal.SIGHUP)
        tap.check(f"{what}: the policy is in force", until(lambda: "is in force" in run.log), run.log)
        tap.check(f"{what}: all of it", "until the next start" not in run.log, run.log)
        tap.check(f"{what}: the next calls passed", senders.send(senders.flood(4000)[0]))
        over = counters()["records_over_budget"]
        tap.check(f"{what}: most of them are over it", over > 1000, over)
        tap.equal(f"{what}: exit status 0", run.end()[0], 0)
    tap.equal(f"{what}: the end tells what had not been told", figures(floods(eve)[-1])[:2],
              (over, BUDGET))


def main():
    box.enter()
    directory = box.prepare()
    # Each CPU lets some pass unasked: the figures hold for any number, but are plainer so.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    senders = None
    try:
        prepare_link()
        senders = Senders()
        for mode in MODES:
            for group in (one_source_floods, a_server_answers, the_budget_changes):
                tap.guard(f"{group.__name__}, {mode}", group, directory, senders, mode)
    finally:
        if senders:
            senders.close()
        shutil.rmtree(directory)
    return tap.done()


sys.exit(main())
