#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""How long `read` takes for captures of a million packets, beside tcpdump in the same run.

usage: bench_read.py [--json] [--scale SCALE] [--rounds N] [--packets N] [--no-peers]

Every command is run in turn, round after round; medians count, of user and system time and of the time
that passed, and the largest resident set. The floor is tcpdump that only reads, filters and throws away. Peers that decode
take minutes for a million packets: they, and `read` beside them, get a capture of a tenth.
"""
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import rows

RPCSENTRY = os.path.abspath(os.path.join(rows.BUILD, "rpcsentry"))
FLOOR, ALERTS, EVE = "tcpdump, filter only", "alerts only", "EVE to a file"
KINDS = ("mix", "flood", "sources")
ROUNDS = {"full": 7, "quick": 3, "tiny": 1}
PACKETS = {"full": 1000000, "quick": 300000, "tiny": 2000}
# Ratios to the floor, seconds for a million packets, and MiB, that are aimed at.
RATIOS = {("mix", ALERTS): 2.6, ("mix", EVE): 5.2, ("flood", ALERTS): 7}
SECONDS = {("mix", ALERTS): 0.6, ("mix", EVE): 1.2, ("flood", ALERTS): 1.5}
MEMORY = 128


def run(command, folder):
    """(wall seconds, CPU seconds, MiB) of one run."""
    start = time.monotonic()
    with open(os.path.join(folder, "said"), "wb") as said:
        child = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL, stderr=said)
        try:
            _, status, usage = os.wait4(child.pid, 0)
        except BaseException:
            child.kill()
            child.wait()
            raise
        child.returncode = os.waitstatus_to_exitcode(status)
    if status:
        with open(os.path.join(folder, "said"), encoding="utf-8", errors="replace") as said:
            raise RuntimeError(f"{' '.join(command)}: status {child.returncode}: {said.read()[-500:]}")
    return time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def commands(path):
    """By name, what is run over a capture. All of them write into the folder they are in."""
    return {FLOOR: ["tcpdump", "-nr", path, "-w", "/dev/null", "port", "111"],
            ALERTS: [RPCSENTRY, "read", "--alerts", path],
            EVE: [RPCSENTRY, "read", "--eve", "eve.json", path]}


def peers(path):
    """Others that make something of portmapper traffic: those that are there."""
    found = {"tshark, fields": ["tshark", "-n", "-r", path, "-Y", "portmap", "-T", "fields", "-e",
                                "rpc.xid", "-e", "portmap.proc"],
             "tcpdump, decoding": ["tcpdump", "-nvvr", path, "-T", "rpc", "udp port 111"],
             "zeek, its own scripts": ["zeek", "-C", "-r", path],
             "suricata, no rules": ["suricata", "-r", path, "-l", ".", "-k", "none", "-S", "/dev/null"],
             "snort, no rules": ["snort", "-q", "-k", "none", "-r", path]}
    return {name: command for name, command in found.items() if shutil.which(command[0])}


def make_capture(kind, folder, packets):
    path = os.path.join(folder, f"{kind}-{packets}.pcap")
    subprocess.run([os.path.join(rows.BUILD, "bench/traffic"), kind, path, str(packets)], check=True,
                   stdout=subprocess.DEVNULL)
    return path


def middle(runs, which):
    return statistics.median(one[which] for one in runs)


def measure(kind, path, folder, packets, rounds):
    taken = {}
    for _ in range(rounds):
        for name, command in commands(path).items():
            taken.setdefault(name, []).append(run(command, folder))
    made = []
    for name in (ALERTS, EVE):
        runs = taken[name]
        pairs = list(zip((r[1] for r in runs), (r[1] for r in taken[FLOOR])))
        made.append(rows.row(f"read {kind}, {name}", middle(runs, 1), "CPU s", FLOOR,
                             middle(taken[FLOOR], 1), ratio=rows.ratio_of(pairs),
                             most=RATIOS.get((kind, name))))
        most = SECONDS.get((kind, name)) if packets == PACKETS["full"] else None
        made.append(rows.row(f"read {kind}, {name}, elapsed", middle(runs, 0), "s", most=most, of="figure"))
        made.append(rows.row(f"read {kind}, {name}, memory", max(r[2] for r in runs), "MiB",
                             most=MEMORY, of="figure"))
    return made


def measure_peers(kind, folder, packets):
    """One run each, since they take long."""
    path = make_capture(kind, folder, packets)
    ours, made = run(commands(path)[ALERTS], folder)[1], []
    for name, command in peers(path).items():
        try:
            wall, cpu, memory = run(command, folder)
        except RuntimeError as error:
            print(f"bench_read: left out: {error}", file=sys.stderr)
            continue
        made.append(rows.row(f"{name}: {kind}, {packets:,} packets", cpu, "CPU s", "read, alerts only",
                             ours))
        made[-1].update(wall_s=wall, memory_mib=memory)
    return made


def main():
    parser = rows.options(__doc__)
    parser.add_argument("--packets", type=int)
    parser.add_argument("--no-peers", action="store_true")
    args = parser.parse_args()
    packets = args.packets or PACKETS[args.scale]
    if not shutil.which("tcpdump"):
        sys.exit("bench_read: tcpdump is not there, which is the floor; apt-get install tcpdump")
    made = []
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        for kind in KINDS:
            path = make_capture(kind, folder, packets)
            made += measure(kind, path, folder, packets, args.rounds or ROUNDS[args.scale])
            os.unlink(path)
        for kind in () if args.no_peers else KINDS[:2]:
            made += measure_peers(kind, folder, max(packets // 10, 100))
    rows.show(made, args.json)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        main()
    except (RuntimeError, subprocess.CalledProcessError) as problem:
        sys.exit(f"bench_read: {problem}")
