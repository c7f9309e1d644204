#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What crosses the rings, how much a running sensor takes without a loss, and how soon it tells.

usage: bench_live.py [--json] [--scale SCALE] [--rounds N] [--seconds N]
                     [--only ring|rate|latency] [--first]

Ring: bench_ring, records of one CPU and two, and what reading them takes.
Rate: GETPORT calls of 65,536 sources, made in the kernel on CPU 0 and sent over a veth pair, whose
other end has an empty XDP program or the sensor's. In each round, how many the empty program
gets, and then, by halving, the largest rate at which `records_lost` stays 0: with alerts alone, and
with every transaction in a file. Latency: DUMP calls to an idle sensor, from the packet to its
line in a pipe, and to its entry in a journal of our own. On a machine that other work keeps busy,
--first has the sensor run before all of that (SCHED_FIFO), or its lack of CPU is what is measured.
"""
import json
import os
import select
import shutil
import signal
import statistics
import struct
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests/netns"))
import rows  # noqa: E402
import run_sandbox as box  # noqa: E402
from bpf_maps import Maps  # noqa: E402
from flood import counters  # noqa: E402
from run_sandbox import Run, until  # noqa: E402

LIVE = os.path.join(os.path.dirname(box.BINARY), "bench/live")
RING = os.path.join(os.path.dirname(box.BINARY), "bench/bench_ring")
JOURNALD = "/lib/systemd/systemd-journald"
PINS = "/sys/fs/bpf/rpcsentry"
POLICY = """\
networks: {home: [10.0.0.0/8]}
allow:
  - {clients: home, calls: [NULL, GETPORT, GETADDR]}
"""
HALVINGS = 6
# Calls a second, and the part of the empty program's that is aimed at.
AIMS = {"alerts": (800000, 0.75), "EVE": (300000, None)}
SAMPLES = {"full": 60, "quick": 30, "tiny": 3}
GAP = 0.1  # of one detection 20 lines leave in a second
ROUNDS = {"full": 7, "quick": 3, "tiny": 1}
SECONDS = {"full": 1, "quick": 1, "tiny": 0.2}


def send(seconds, rate=0):
    """How many calls a second left."""
    done = subprocess.run(["taskset", "-c", "0", LIVE, "send", box.PEER, str(seconds), str(rate)],
                          capture_output=True, text=True, check=True)
    return float(done.stdout.split()[1])


def empty(seconds):
    """Calls a second that reach a program which does nothing but count them."""
    with subprocess.Popen([LIVE, "count", box.WATCHED], stdout=subprocess.PIPE, text=True) as sink:
        sink.stdout.readline()
        send(seconds)
        sink.send_signal(signal.SIGTERM)
        return int(sink.stdout.read()) / seconds


def cpu_of(pid):
    """Seconds that a process has had."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Sensor:
    """One that runs, its calls counted."""

    def __init__(self, run, eve, seconds):
        self.eve, self.seconds = eve, seconds
        self.pid = box.children_of(run.pid)["rpcs-sensor"]
        self.maps = Maps(PINS)

    def offer(self, rate):
        """What the sensor had of it: records a second, lost ones, its seconds of a CPU."""
        if self.eve:
            os.truncate(self.eve, 0)
        before, cpu = counters(), cpu_of(self.pid)
        send(self.seconds, rate)
        until(self.maps.is_drained)
        after = counters()
        return {"records_s": (after["records_sent"] - before["records_sent"]) / self.seconds,
                "lost": after["records_lost"] - before["records_lost"],
                "wakeups": after["wakeups"] - before["wakeups"],
                "cpu": (cpu_of(self.pid) - cpu) / self.seconds}

    def largest(self, top):
        """The largest rate without a loss, by halving; what was had then."""
        best = self.offer(0)
        if not best["lost"]:
            return best
        best, low, high = None, 0, top
        for _ in range(HALVINGS):
            rate = (low + high) / 2
            got = self.offer(int(rate))
            if got["lost"]:
                high = rate
            else:
                low, best = rate, got
        return best or {"records_s": 0, "lost": 0, "wakeups": 0, "cpu": 0}


def rate_of(directory, name, top, args):
    eve = f"{directory}/{name}.json" if name == "EVE" else None
    where = ["--eve", eve] if eve else ["--text"]
    with Run(directory, name, "-c", f"{directory}/policy.yaml", "-i", box.WATCHED, "-m", "native",
             "--no-journal", *where) as run:
        sensor = Sensor(run, eve, args.seconds)
        if args.first:
            box.sh("chrt", "-f", "-p", "1", str(sensor.pid))
        got = sensor.largest(top)
        sensor.maps.close()
        run.end(seconds=60)
    if eve:
        os.unlink(eve)
    return got


def rates(directory, args):
    """A row for the empty program and two for each way out, medians of the rounds."""
    tops, had = [], {name: [] for name in AIMS}
    for _ in range(args.rounds):
        tops.append(empty(args.seconds))
        for name, gots in had.items():
            gots.append(rate_of(directory, name, tops[-1], args))
    top, name_of_top = statistics.median(tops), "received by an empty program"
    made = [rows.row(name_of_top, top, "calls/s")]
    for name, gots in had.items():
        least, ratio = AIMS[name]
        rate = statistics.median(got["records_s"] for got in gots)
        made.append(rows.row(f"largest rate without a loss, {name}", rate, "calls/s", least=least,
                             of="figure"))
        made.append(rows.row(f"that rate beside the empty program's, {name}", rate, "calls/s",
                             name_of_top, top, least=ratio,
                             ratio=rows.ratio_of((got["records_s"], had_by_empty)
                                                 for got, had_by_empty in zip(gots, tops))))
        cpu = statistics.median(got["cpu"] for got in gots)
        made.append(rows.row(f"the sensor at that rate, {name}", 100 * cpu, "% of a CPU"))
    return made


def ring(args):
    """bench_ring's figures."""
    done = subprocess.run([RING, "--json", "--rounds", str(args.rounds)], capture_output=True,
                          text=True, check=True)
    got = json.loads(done.stdout)
    one = got["one_cpu_mrecords_s"]
    made = [rows.row("records of two CPUs, a ring each", one * got["two_cpus_ratio"], "M/s",
                     "of one CPU", one, least=1.8, ratio=got["two_cpus_ratio"]),
            rows.row("records of two CPUs, one ring", one * got["two_cpus_one_ring_ratio"], "M/s",
                     "of one CPU", one, ratio=got["two_cpus_one_ring_ratio"]),
            rows.row("reading a million records a second", got["reader_cpu_percent"], "% of a CPU",
                     most=15, of="figure")]
    made[-1]["verdict"] = f"{got['wakeups_per_1000']:.3f} wake-ups for a thousand"
    return made


def percentile(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def call(wire, number):
    """A DUMP call that is an alert of its own: nobody else has asked this server."""
    frame = box.call_frame(f"198.18.{number // 200}.{1 + number % 200}", number, box.DUMP)
    server = struct.pack(">4B", 10, 77, 1 + number // 200, 1 + number % 200)
    head = bytearray(frame[14:34])
    head[16:20], head[10:12] = server, b"\0\0"
    head[10:12] = struct.pack(">H", box.checksum(bytes(head)))
    start = time.monotonic()
    wire.socket.send(frame[:14] + bytes(head) + frame[34:])
    return start, ".".join(str(part) for part in server)


def told(pipe, deadline=2):
    """When an alert's line has come; None: not in time."""
    end, text = time.monotonic() + deadline, b""
    while time.monotonic() < end:
        if not select.select([pipe], [], [], 0.1)[0]:
            continue
        text += os.read(pipe, 1 << 16)
        if b'"event_type":"alert"' in text:
            return time.monotonic()
    return None


def start_journald():
    """One of our own, as tests/netns/test_run_journal.py has it."""
    for path in ("/run", "/var/log"):
        box.sh("mount", "-t", "tmpfs", "tmpfs", path)
    for path in ("journal", "journald.conf.d"):
        os.makedirs(f"/run/systemd/{path}")
    with open("/run/systemd/journald.conf.d/bench.conf", "w", encoding="ascii") as out:
        out.write("[Journal]\nStorage=volatile\nReadKMsg=no\nAudit=no\nForwardToWall=no\n")
    journald = subprocess.Popen([JOURNALD], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)
    until(lambda: os.path.exists("/run/systemd/journal/socket"))
    return journald


def entries():
    """When journald took the alert about each server, seconds of CLOCK_MONOTONIC."""
    done = box.sh("journalctl", "-q", "--no-pager", "-o", "json", "-t", "rpcsentry",
                  "RPCS_DETECTION=portmap-dump")
    found = {}
    for line in done.stdout.splitlines():
        entry = json.loads(line)
        found.setdefault(entry["RPCS_DEST_IP"], int(entry["__MONOTONIC_TIMESTAMP"]) / 1e6)
    return found


def latency_rows(what, times):
    return [rows.row(f"{what}, p50 of {len(times)}", 1000 * percentile(times, 0.5), "ms"),
            rows.row(f"{what}, p99", 1000 * percentile(times, 0.99), "ms", most=10, of="figure")]


def latencies(directory, samples):
    journald = start_journald() if os.path.exists(JOURNALD) else None
    pipe_path = f"{directory}/pipe"
    os.mkfifo(pipe_path)
    pipe = os.open(pipe_path, os.O_RDONLY | os.O_NONBLOCK)
    wire, lines, sent = box.Wire(), [], {}
    journal = [] if journald else ["--no-journal"]
    with Run(directory, "latency", "-i", box.WATCHED, "-m", "tc", "--eve", pipe_path, *journal):
        for number in range(samples):
            time.sleep(GAP)
            start, server = call(wire, number)
            end = told(pipe)
            if end is None:
                sys.exit("bench_live: an alert did not come")
            lines.append(end - start)
            sent[server] = start
        made = latency_rows("idle: packet to line", lines)
        if journald:
            until(lambda: len(entries()) >= len(sent))
            taken = entries()
            made += latency_rows("idle: packet to journal",
                                 [taken[s] - sent[s] for s in sent if s in taken])
    if journald:
        journald.kill()
        journald.wait()
    return made


def main():
    parser = rows.options(__doc__)
    parser.add_argument("--seconds", type=float, help="of each offer")
    parser.add_argument("--first", action="store_true", help="the sensor before all other work")
    parser.add_argument("--only", choices=("ring", "rate", "latency"))
    args = parser.parse_args()
    args.rounds = args.rounds or ROUNDS[args.scale]
    args.seconds = args.seconds or SECONDS[args.scale]
    box.enter()
    directory = box.prepare()
    with open(f"{directory}/policy.yaml", "w", encoding="ascii") as out:
        out.write(POLICY)
    made = []
    try:
        if args.only in (None, "ring"):
            made += ring(args)
        if args.only in (None, "latency"):
            made += latencies(directory, SAMPLES[args.scale])
        if args.only in (None, "rate"):
            made += rates(directory, args)
    finally:
        shutil.rmtree(directory)
    rows.show(made, args.json)


if __name__ == "__main__":
    main()
