#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Captures sent past the attached programs give the events that `read` gives.

Every capture that can go over a wire, and some taken apart by tests/frames.py, is sent through a veth
pair, frame by frame in its order, to `rpcsentry run` in each mode. Then `read` gets the same frames
with the times they were sent at, so that holes, windows and rates are the same for both; timeouts
are so long that a call without a reply is pending at the end of both. Captures that have no
conversation in common share a run; when it differs, each of them is tried alone.

usage: test_live_evasive.py [PART-OF-A-NAME]...
"""
import collections
import concurrent.futures
import json
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile

import run_sandbox as box
from live import MODES, Lane, comparable

sys.path.insert(0, os.path.join(box.TOP, "tests"))
import frames as fr  # noqa: E402
from tap import Tap  # noqa: E402

CAPTURES = os.path.join(box.TOP, "tests", "captures")
VALIDATE = os.path.join(box.TOP, "scripts", "validate-eve.py")
LANES = 2
GROUP = 1000  # frames that one run gets at the most, unless one capture has more
# What only a run has: a capture wakes nobody. And what `read` counts alone.
KERNEL_OWN = {"wakeups"}
AGENT_OWN = {"frames", "journal_sent", "journal_dropped", "eve_errors", "engine_fallbacks"}
OTHER = "RPC on other ports "
tap = Tap()

TIME = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+[+-]\d{4}")

Input = collections.namedtuple("Input", "name frames any_port")


class Job:
    """Inputs that one run gets, one after the other: no conversation is in two of them."""

    def __init__(self, mode, any_port):
        self.mode, self.any_port, self.inputs, self.ends = mode, any_port, [], set()

    def add(self, an_input):
        self.inputs.append(an_input)
        self.ends |= fr.conversations(an_input.frames)
        return self

    def takes(self, an_input):
        return (not self.ends & fr.conversations(an_input.frames)
                and len(self.frames) + len(an_input.frames) <= GROUP)

    @property
    def frames(self):
        return [frame for one in self.inputs for frame in one.frames]

    @property
    def name(self):
        names = "; ".join(one.name for one in self.inputs)
        return f"{self.mode}, any_port {self.any_port}: {names}"


def variants():
    """Captures taken apart: {name: frames}."""
    plain = {name: fr.frames_of(os.path.join(CAPTURES, name + ".pcap"))
             for name in ("rpcinfo_p_cli", "rpcinfo6_T_tcp6_status", "all_statuses", "raw_tcp_pipeline",
                          "udp_retransmit", "xdr_bombs", "dump_large", "libnfs_ls", "rusers_broadcast")}
    v4, v6, udp, tcp = (plain[name] for name in ("rpcinfo_p_cli", "rpcinfo6_T_tcp6_status",
                                                 "all_statuses", "raw_tcp_pipeline"))
    return {
        "IPv4 fragments, backwards": fr.each(v4, fr.ip_fragments, 8, order=fr.backwards),
        "IPv4 fragments, mixed and repeated": fr.each(udp, fr.ip_fragments, 16, order=fr.mixed),
        "IPv4 fragments, overlapping": fr.each(udp, fr.ip_fragments, 16, 8, order=fr.backwards),
        "IPv4 fragments, contradicted": fr.each(udp, fr.ip_fragments, 24, order=fr.contradicted),
        "IPv6 fragments, backwards": fr.each(v6, fr.ip_fragments, 8, order=fr.backwards),
        "IPv6 fragments, mixed and repeated": fr.each(v6, fr.ip_fragments, 16, order=fr.mixed),
        "IPv6 fragments, overlapping": fr.each(v6, fr.ip_fragments, 16, 8),
        "IPv6 fragments, contradicted": fr.each(v6, fr.ip_fragments, 24, order=fr.contradicted),
        "fragments behind two tags": fr.each(fr.each(v4, fr.ip_fragments, 24, order=fr.mixed),
                                             fr.tagged, ((0x88a8, 300), (0x8100, 7))),
        "a priority tag": fr.each(v4, fr.tagged, ((0x8100, 5 << 13),)),
        "TCP segments of 3, backwards": fr.each(tcp, fr.tcp_segments, 3, order=fr.backwards),
        "TCP segments of 5, mixed and repeated": fr.each(v4, fr.tcp_segments, 5, order=fr.mixed),
        "TCP segments, overlapping": fr.each(tcp, fr.tcp_segments, 7, 4, order=fr.mixed),
        "TCP segments, contradicted": fr.each(tcp, fr.tcp_segments, 9, order=fr.contradicted),
        "TCP segments in IP fragments": fr.each(fr.each(tcp, fr.tcp_segments, 24), fr.ip_fragments, 8,
                                                order=fr.mixed),
        "record fragments of 5": fr.records(udp, 5),
        "record fragments of 1, in segments": fr.each(fr.records(plain["udp_retransmit"], 1),
                                                      fr.tcp_segments, 11, order=fr.mixed),
        "record fragments of length bombs": fr.records(plain["xdr_bombs"], 9),
        "segments joined to 2800 bytes": fr.joined(plain["dump_large"], 2800),
        "jumbo frames, payload outside the linear part": fr.joined(plain["dump_large"], 8000),
        "all of it backwards": udp[::-1],
        "a connection backwards": tcp[::-1],
        OTHER + "in IP fragments": fr.each(plain["rusers_broadcast"] + plain["libnfs_ls"],
                                           fr.ip_fragments, 16, order=fr.mixed),
        OTHER + "in TCP segments": fr.each(plain["libnfs_ls"], fr.tcp_segments, 9, order=fr.backwards),
    }


def on_other_ports(path):
    with open(path + ".truth.jsonl", encoding="utf-8") as lines:
        return any(111 not in (truth["sport"], truth["dport"]) for truth in map(json.loads, lines))


def inputs():
    found = []
    for name in sorted(n for n in os.listdir(CAPTURES) if n.endswith(".pcap")):
        path = os.path.join(CAPTURES, name)
        frames = fr.frames_of(path)
        if frames:
            found.append(Input(name, frames, ("off", "all") if on_other_ports(path) else ("off",)))
    return found + [Input(name, frames, ("off", "all") if name.startswith(OTHER) else ("off",))
                    for name, frames in variants().items()]


def jobs(wanted):
    """Loading the programs takes longer than sending, so that runs are shared."""
    made = []
    for one in (i for i in inputs() if not wanted or any(w in i.name for w in wanted)):
        for mode in MODES:
            for any_port in one.any_port:
                job = next((j for j in made if (j.mode, j.any_port) == (mode, any_port)
                            and j.takes(one)), None)
                if not job:
                    job = Job(mode, any_port)
                    made.append(job)
                job.add(one)
    return sorted(made, key=lambda job: MODES.index(job.mode))


def faults_of(job, live, read):
    """Where both differ, and what does not add up."""
    (events, stats), (expected, read_stats) = comparable(live), comparable(read)
    faults = [f"only live: {event}" for event in (events - expected).elements()]
    faults += [f"only read: {event}" for event in (expected - events).elements()]
    kernel = stats["kernel"]
    if kernel["packets"] != len(job.frames):
        faults.append(f"{len(job.frames)} frames sent, {kernel['packets']} counted")
    if kernel["records_lost"] or kernel["rpc_seen"] != (kernel["records_sent"] +
                                                        kernel["records_suppressed"]):
        faults.append(f"lost records, or a wrong sum: {kernel}")
    for group, own in (("kernel", KERNEL_OWN), ("agent", AGENT_OWN)):
        faults += [f"{group}.{name}: live {value}, read {read_stats[group].get(name)}"
                   for name, value in stats[group].items()
                   if name not in own and value != read_stats[group].get(name)]
    return faults


def run(lane, job):
    """(faults, lines of the live run, number of events)."""
    try:
        live, times = lane.watch(job)
        if len(times) != len(job.frames):
            return [f"stuck after {len(times)} of {len(job.frames)} frames"], live, 0
        read = lane.read(job, times)
        return faults_of(job, live, read), live, comparable(live)[0].total()
    except Exception as error:  # pylint: disable=broad-except
        return [f"{type(error).__name__}: {error}"], b"", 0


def work(lanes, job):
    """As run(); a job that differs tells which of its inputs differ by themselves."""
    lane = lanes.get()
    try:
        faults, lines, count = run(lane, job)
        if faults and len(job.inputs) > 1:
            alone = [(one.name, run(lane, Job(job.mode, job.any_port).add(one))[0])
                     for one in job.inputs]
            faults = [f"{name}, alone: {fault}" for name, found in alone for fault in found[:3]] + faults
        return faults, lines, count
    finally:
        lanes.put(lane)


def compare(directory, wanted):
    lanes = queue.Queue()
    for number in range(LANES):
        lanes.put(Lane(directory, number))
    todo, everything, seen = jobs(wanted), [], collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(LANES) as pool:
        for job, done in zip(todo, pool.map(lambda job: work(lanes, job), todo)):
            faults, lines, count = done
            seen[job.mode] += count
            everything.append(lines)
            tap.check(f"{job.name}: the same as read", not faults, "\n".join(faults[:40]))
    for mode in MODES:
        if not wanted:
            tap.check(f"{mode}: there were events to compare", seen[mode] > 500, seen[mode])
    done = subprocess.run([VALIDATE], input=b"".join(everything), capture_output=True, timeout=120,
                          check=False)
    tap.check("every line keeps to schema/eve.json", done.returncode == 0,
              (done.stderr + done.stdout).decode())


def main():
    box.enter()
    box.sh("mount", "-t", "bpf", "bpf", "/sys/fs/bpf")
    try:  # no packets of the interfaces' own
        with open("/proc/sys/net/ipv6/conf/default/disable_ipv6", "w", encoding="ascii") as switch:
            switch.write("1")
    except FileNotFoundError:
        pass
    directory = tempfile.mkdtemp(prefix="rs-live-")
    os.chmod(directory, 0o755)
    try:
        tap.guard("compare", compare, directory, sys.argv[1:])
    finally:
        shutil.rmtree(directory)
    return tap.done()


sys.exit(main())
