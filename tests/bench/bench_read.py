#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""How long `read` takes for captures of a million packets, beside tcpdump in the same run.

usage: bench_read.py [--json] [--rounds N] [--tshark] [--packets N]

Every command is run in turn, round after round; the median of user and system time counts, and
the largest resident set. The floor is tcpdump that only reads, filters and throws away. tshark,
which takes a minute, is asked once, when told to.
"""
import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

BUILD = os.environ.get("BUILD", "build")
RPCSENTRY = os.path.join(BUILD, "rpcsentry")
FLOOR = "tcpdump, filter only"
KINDS = ["mix", "flood", "sources"]
# Ratios to the floor that are aimed at.
WANTED = {("mix", "alerts"): 2.6, ("mix", "EVE"): 5.2, ("flood", "alerts"): 7,
          ("sources", "alerts"): None, ("flood", "EVE"): None, ("sources", "EVE"): None}


def run(command):
    """(wall seconds, CPU seconds, MiB) of one run."""
    start = time.monotonic()
    pid = os.posix_spawn(shutil.which(command[0]) or command[0], command, os.environ, file_actions=[
        (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0)])
    _, status, usage = os.wait4(pid, 0)
    wall = time.monotonic() - start
    if status:
        sys.exit(f"bench_read: {' '.join(command)}: status {status}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def commands(path, folder):
    """By name, what is run over a capture."""
    return {
        FLOOR: ["tcpdump", "-nr", path, "-w", "/dev/null", "port", "111"],
        "alerts": [RPCSENTRY, "read", "--alerts", path],
        "EVE": [RPCSENTRY, "read", "--eve", os.path.join(folder, "eve.json"), path],
    }


def peers(path):
    """Others than the floor, if they are there: one run each."""
    found = {"tshark": ["tshark", "-n", "-r", path, "-Y", "portmap", "-T", "fields", "-e",
                        "rpc.xid", "-e", "portmap.proc"]}
    return {name: command for name, command in found.items() if shutil.which(command[0])}


def measure(kind, path, folder, rounds):
    taken = {}
    for _ in range(rounds):
        for name, command in commands(path, folder).items():
            taken.setdefault(name, []).append(run(command))
    rows = []
    for name, runs in taken.items():
        rows.append({"capture": kind, "what": name,
                     "wall_s": statistics.median(r[0] for r in runs),
                     "cpu_s": statistics.median(r[1] for r in runs),
                     "memory_mib": max(r[2] for r in runs)})
    floor = next(row["cpu_s"] for row in rows if row["what"] == FLOOR)
    for row in rows:
        row["ratio"] = row["cpu_s"] / floor if floor else 0
        row["wanted"] = WANTED.get((kind, row["what"]))
    return rows


def show(rows):
    print(f"{'capture':9} {'what':22} {'wall s':>7} {'CPU s':>7} {'MiB':>6} {'ratio':>6} {'aim':>5}")
    for row in rows:
        aim = f"{row['wanted']:5.1f}" if row["wanted"] else ""
        print(f"{row['capture']:9} {row['what']:22} {row['wall_s']:7.2f} {row['cpu_s']:7.2f} "
              f"{row['memory_mib']:6.0f} {row['ratio']:6.1f} {aim}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--tshark", action="store_true")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--packets", type=int, default=1000000)
    args = parser.parse_args()
    if not shutil.which("tcpdump"):
        sys.exit("bench_read: tcpdump is not there, which is the floor; apt-get install tcpdump")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for kind in KINDS:
            path = os.path.join(folder, "capture.pcap")
            subprocess.run([os.path.join(BUILD, "bench/traffic"), kind, path, str(args.packets)],
                           check=True, stdout=subprocess.DEVNULL)
            rows += measure(kind, path, folder, args.rounds)
            if args.tshark:
                for name, command in peers(path).items():
                    wall, cpu, memory = run(command)
                    rows.append({"capture": kind, "what": name, "wall_s": wall, "cpu_s": cpu,
                                 "memory_mib": memory, "ratio": cpu / rows[-3]["cpu_s"],
                                 "wanted": None})
    if args.json:
        print(json.dumps(rows, indent=1))
    else:
        show(rows)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
