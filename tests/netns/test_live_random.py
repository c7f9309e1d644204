#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Conversations drawn by chance, sent past the attached programs: every call is told, once, with its reply.

The scenes of tests/random_frames.py, and a capture whose portmapper tells where its services are, go past XDP in the driver, generic XDP and TC: each frame after the agent is done with the
one before; back to back, so that the agent lags behind the kernel; and with the agent stopped meanwhile,
so that it answers the programs only when everything has passed. `read` gets the same frames. What
depends on the pace, such as which way a call took, may differ; what was called and answered may not.
With any_port `first` the agent tells more where it had to take a stream apart: then what is new counts.

usage: test_live_random.py [SEED [COUNT]]
"""
import collections
import concurrent.futures
import json
import os
import queue
import shutil
import sys
import tempfile

import run_sandbox as box
from live import AT_ONCE, MODES, STOPPED, WAITING, Lane

sys.path.insert(0, os.path.join(box.TOP, "tests"))
import frames as fr  # noqa: E402
import random_frames as rf  # noqa: E402
from tap import Tap  # noqa: E402

PACES = (WAITING, AT_ONCE, STOPPED)
ANY_PORT = ("off", "first", "all")
CAPTURE = os.path.join(box.TOP, "tests", "captures", "libnfs_ls.pcap")
LANES = 2
SCENES, FRAMES_MAX = 80, 8000  # of one run
tap = Tap()


def apart(frames):
    """In small segments and those in fragments, but for what the portmapper says."""
    made = []
    for number, frame in enumerate(frames, 1):
        if fr.PORTMAPPER in (frame[34:36], frame[36:38]):
            made.append(frame)
            continue
        for part, segment in enumerate(fr.tcp_segments(frame, number, 24)):
            made += fr.mixed(fr.ip_fragments(segment, number * 100 + part, 40))
    return made


class Job:
    def __init__(self, mode, any_port, pace, seed, count):
        self.mode, self.any_port, self.pace = mode, any_port, pace
        self.name = f"{mode}, any_port {any_port}, {pace}"
        self.frames = apart(fr.frames_of(CAPTURE))
        self.calls, self.seeds = [], {}
        for net in range(1, count + 1):
            frames, calls = rf.scene(seed + net, net, any_port)
            if len(self.frames) + len(frames) > FRAMES_MAX:
                continue
            self.frames += frames
            self.calls += calls
            self.seeds.update((call.xid, seed + net) for call in calls)


def told(lines):
    """({call: how it ended}, how often each was told, the last `stats`)."""
    ends, often, stats = collections.defaultdict(set), collections.Counter(), None
    for event in map(json.loads, lines.splitlines()):
        if event["event_type"] == "stats":
            stats = event["stats"]
        if event["event_type"] in ("portmap", "rpc_call"):
            rpc = event["rpc"]
            call = rf.Call(event["proto"], event["src_ip"], event["src_port"], event["dest_ip"],
                           event["dest_port"], rpc["xid"], rpc["program"], rpc["procedure"])
            ends[call].add(rpc["status"])
            often[call] += 1
    return ends, often, stats


def kinds(calls):
    """What `first` tells at least one of."""
    return {call._replace(xid=0) for call in calls}


def differences(job, live, read):
    (ends, often, _), (read_ends, read_often, _) = live, read
    truth = collections.Counter(job.calls)
    found = {"told twice live": often - collections.Counter(set(often)),
             "told twice by read": read_often - collections.Counter(set(read_often))}
    if job.any_port == "first":
        found["nothing of it live"] = kinds(truth) - kinds(often)
        found["nothing of it by read"] = kinds(truth) - kinds(read_often)
    else:
        found.update({"missing live": (truth | read_often) - often, "only live": often - read_often,
                      "missing in read": truth - read_often,
                      "ended otherwise": [call for call in often if ends[call] != read_ends[call]]})
    return found


def faults_of(job, live, read):
    """What is not told of the truth, or twice; what read tells otherwise; what does not add up."""
    live, read = told(live), told(read)
    faults = [f"{what}: seed {job.seeds.get(call.xid)}: {call}"
              for what, calls in differences(job, live, read).items() for call in calls]
    stats = live[2]
    kernel = stats["kernel"]
    if kernel["packets"] != len(job.frames):
        faults.append(f"{len(job.frames)} frames sent, {kernel['packets']} counted")
    if kernel["rpc_seen"] != kernel["records_sent"] + kernel["records_suppressed"]:
        faults.append(f"lost records, or a wrong sum: {kernel}")
    if stats["agent"]["records"] != kernel["records_sent"]:
        faults.append(f"the agent took {stats['agent']['records']} of {kernel['records_sent']} records")
    return faults


def work(lanes, job):
    lane = lanes.get()
    try:
        live, times = lane.watch(job, job.pace)
        if len(times) != len(job.frames):
            return [f"stuck after {len(times)} of {len(job.frames)} frames"]
        return faults_of(job, live, lane.read(job, times))
    except Exception as error:  # pylint: disable=broad-except
        return [f"{type(error).__name__}: {error}"]
    finally:
        lanes.put(lane)


def compare(directory, seed, count):
    lanes = queue.Queue()
    for number in range(LANES):
        lanes.put(Lane(directory, number))
    todo = [Job(mode, any_port, pace, seed, count)
            for mode in MODES for any_port in ANY_PORT for pace in PACES]
    with concurrent.futures.ThreadPoolExecutor(LANES) as pool:
        for job, faults in zip(todo, pool.map(lambda job: work(lanes, job), todo)):
            tap.check(f"{job.name}: {len(job.calls)} calls in {len(job.frames)} frames", not faults,
                      "\n".join(faults[:40]))


def main():
    box.enter()
    box.sh("mount", "-t", "bpf", "bpf", "/sys/fs/bpf")
    try:  # no packets of the interfaces' own
        with open("/proc/sys/net/ipv6/conf/default/disable_ipv6", "w", encoding="ascii") as switch:
            switch.write("1")
    except FileNotFoundError:
        pass
    directory = tempfile.mkdtemp(prefix="rs-random-")
    os.chmod(directory, 0o755)
    seed, count = [*map(int, sys.argv[1:]), *(1000, SCENES)[len(sys.argv[1:]):]][:2]
    try:
        tap.guard("compare", compare, directory, seed, count)
    finally:
        shutil.rmtree(directory)
    return tap.done()


sys.exit(main())
