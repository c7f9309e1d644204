# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Frames sent past the attached programs, and what `read` says of the same ones.

A job has the mode of the hook, the mode of any_port, and its frames. How fast they are sent makes
a difference to what the programs know, since the agent answers them: it brings flows back in step and
tells them ports. `read` has no frame before that is done.
"""
import collections
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time

import run_sandbox as box
from bpf_maps import Maps
from run_sandbox import until

sys.path.insert(0, os.path.join(box.TOP, "tests"))
import frames as fr  # noqa: E402

# A frame waits until the agent is done with the one before; none does; the agent stands still meanwhile.
WAITING, AT_ONCE, STOPPED = "each frame waits", "back to back", "the agent stopped"
MODES = ("native", "generic", "tc")
POLICY = """networks: {home: [10.0.0.0/8, 192.168.0.0/16, "fd00::/8"]}
sensor: {any_port: %s, ring_size: 32M}
timeouts: {call: 30m, flow: 30m, fragment: 30m}
inventory: {file: %s}
"""
MTU = 9000
BATCH = 64  # driver XDP of a veth pair has room for 256
# The sensor takes its offset to real time anew each tick: times differ by microseconds.
TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+\+0000")
EVENTS = ("portmap", "rpc_call", "alert", "alert_update")
SOL_PACKET, PACKET_VNET_HDR = 263, 15
PAGE, LINEAR = 4096, 34  # of a frame over a page, Ethernet and IPv4 alone are linear


def soon(test, seconds=10):
    """Waits without a pause at first: it is a matter of microseconds."""
    end = time.monotonic() + seconds
    while not test():
        if time.monotonic() > end:
            return False
        os.sched_yield()
    return True


class Lane:
    """A veth pair without addresses, so that nothing answers, and a folder for a sensor's files."""

    def __init__(self, directory, number):
        self.watched, self.wire = f"rs-live{number}", f"rs-wire{number}"
        self.cpu = sorted(os.sched_getaffinity(0))[number % os.cpu_count()]
        self.directory, self.pins = f"{directory}/{number}", f"/sys/fs/bpf/lane{number}"
        os.mkdir(self.directory, 0o755)
        self.runs = 0
        # One queue: frames of different flows stay in order.
        one = ("numrxqueues", "1", "numtxqueues", "1")
        box.sh("ip", "link", "add", self.watched, *one, "type", "veth", "peer", "name", self.wire, *one)
        for name in (self.watched, self.wire):
            box.sh("ip", "link", "set", name, "mtu", str(MTU), "up")
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.socket.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        self.socket.bind((self.wire, 0))
        self.env = dict(os.environ, RPCSENTRY_RUN_DIR=self.directory, RPCSENTRY_PIN_DIR=self.pins)

    def send(self, frames, pace, sensor):
        """Sends all; the time of each. Stays on one CPU, whose backlog keeps them in order."""
        cpus, times, maps = os.sched_getaffinity(0), [], Maps(self.pins)
        agent = box.children_of(sensor.pid)["rpcs-sensor"]
        os.sched_setaffinity(0, {self.cpu})
        if pace == STOPPED:
            os.kill(agent, signal.SIGSTOP)
        try:
            for number, frame in enumerate(frames, 1):
                times.append(time.time_ns())
                # struct virtio_net_hdr; its third member says what is linear
                linear = LINEAR if len(frame) > PAGE else 0
                self.socket.send(struct.pack("<BBHHHH", 0, 0, linear, 0, 0, 0) + frame)
                if pace == WAITING:
                    passed = soon(lambda: maps.packets() >= number and maps.is_drained())
                else:
                    passed = number % BATCH or soon(lambda: maps.packets() >= number)
                if not passed:
                    break
            soon(lambda: maps.packets() >= len(frames))
        finally:
            os.kill(agent, signal.SIGCONT)
            os.sched_setaffinity(0, cpus)
            maps.close()
        return times

    def watch(self, job, pace=WAITING):
        """The frames past a sensor: (its lines, the times they were sent at)."""
        eve, policy, log = (f"{self.directory}/{name}" for name in ("eve.json", "policy.yaml", "log"))
        with open(policy, "w", encoding="utf-8") as out:
            # One that learns nothing from the run before.
            self.runs += 1
            out.write(POLICY % (job.any_port, f"{self.directory}/services-{self.runs}.json"))
        with open(eve, "wb"), open(log, "wb") as errors:
            sensor = subprocess.Popen([box.BINARY, "run", "-i", self.watched, "-m", job.mode, "-c",
                                       policy, "--no-journal", "--eve", eve], env=self.env,
                                      stdin=subprocess.DEVNULL, stdout=errors, stderr=errors)
        try:
            until(lambda: b"watching" in contents(log) or sensor.poll() is not None)
            if sensor.poll() is not None:
                raise RuntimeError(contents(log).decode())
            times = self.send(job.frames, pace, sensor)
            sensor.send_signal(signal.SIGINT)
            if sensor.wait(15):
                raise RuntimeError(f"exit status {sensor.returncode}: {contents(log).decode()}")
        finally:
            if sensor.poll() is None:
                sensor.kill()
                sensor.wait()
        return contents(eve), times

    def read(self, job, times):
        path = f"{self.directory}/sent.pcap"
        fr.write_capture(path, job.frames, times)
        done = subprocess.run([box.BINARY, "read", path, "-c", f"{self.directory}/policy.yaml",
                               "--eve", "-"], stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=60, check=False)
        if done.returncode:
            raise RuntimeError(f"read: exit status {done.returncode}: {done.stderr.decode()}")
        return done.stdout


def contents(path):
    with open(path, "rb") as file:
        return file.read()


def comparable(lines):
    """(the events, how often each, without what has to differ; the last `stats`).

    Times, frame numbers and interface names belong to one of both; identities are drawn from a seed
    and from times: what they identify is kept, as the number of its first use. A rtt is measured.
    Evidence may name times too.
    """
    flows, alerts = collections.defaultdict(dict), collections.defaultdict(dict)
    found, stats = collections.Counter(), None
    for line in lines.splitlines():
        event = json.loads(line)
        if event["event_type"] == "stats":
            stats = event["stats"]
        if event["event_type"] not in EVENTS:
            continue
        for name in ("timestamp", "pcap_cnt", "in_iface"):
            event.pop(name, None)
        if "flow_id" in event:
            ends = frozenset([(event["src_ip"], event["src_port"]),
                              (event["dest_ip"], event["dest_port"])])
            uses = flows[event["proto"], ends]
            event["flow_id"] = uses.setdefault(event["flow_id"], len(uses))
        if "alert" in event:
            known = alerts[event.get("src_ip")]
            event["alert"]["id"] = known.setdefault(event["alert"]["id"], len(known))
            event["alert"]["evidence"] = [TIME.sub("a time", text)
                                          for text in event["alert"]["evidence"]]
        if "rtt_us" in event.get("rpc", ()):
            event["rpc"]["rtt_us"] = True
        found[json.dumps(event, sort_keys=True)] += 1
    return found, stats
