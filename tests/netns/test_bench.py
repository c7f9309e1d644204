#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""`make bench` end to end with tiny sizes: every part measures, and says so in one form (TAP).

How long anything takes is not looked at; that a part which cannot measure fails is.
"""
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests"))
from tap import Tap  # noqa: E402

BENCH = os.path.join(TOP, "tests/bench/bench.py")
BUILD = os.environ.get("BUILD") or "build"
KEYS = {"part", "what", "figure", "unit", "yardstick", "yardstick_figure", "ratio", "aim", "reached"}
PARTS = {"packet", "stream", "start", "read", "growth"}
TOOLS = ("unshare", "tcpdump", "gnuplot", "ethtool")
tap = Tap()


def bench(*arguments, build=BUILD):
    return subprocess.run([sys.executable, BENCH, "--scale", "tiny", *arguments], cwd=TOP, text=True,
                          capture_output=True, timeout=240, stdin=subprocess.DEVNULL, check=False,
                          env=dict(os.environ, BUILD=build))


def sound(row):
    """A figure is there and finite, and `reached` is what aim and figure say."""
    numbers = [row["figure"]] + [row[key] for key in ("yardstick_figure", "ratio") if row[key] is not None]
    if not KEYS <= set(row) or not all(math.isfinite(value) for value in numbers) or not row["unit"]:
        return False
    if row["part"] != "packet" and row["figure"] <= 0:
        return False
    return (row["reached"] is None) == (row["aim"] is None)


def everything():
    done = bench("--json")
    if not tap.check("it ends well", done.returncode == 0, done.stderr):
        return
    said = json.loads(done.stdout)
    made = said["rows"]
    missing = PARTS - {row["part"] for row in made}
    tap.check("every part has rows", not missing and not said["failed"], f"without: {missing}")
    bad = [row for row in made if not sound(row)]
    tap.check("every row is sound", not bad, bad[:3])
    names = [(row["part"], row["what"]) for row in made]
    tap.equal("no row stands there twice", sorted(set(names)), sorted(names))
    tap.check("the machine is told", {"cpu", "cpus", "kernel", "load"} <= set(said["machine"]), said["machine"])
    verified = [row["figure"] for row in made if "verified instructions" in row["what"]]
    tap.check("verified instructions are told", len(verified) == 5 and min(verified) > 0, verified)
    curves = [row for row in made if row["part"] == "growth"]
    tap.check("curves have a verdict and their points",
              curves and all(row["verdict"] and len(row["points"]) > 1 for row in curves), curves[:2])
    folder = os.path.join(TOP, BUILD, "bench/growth")
    for row in ("clients", "kernel-flows"):
        with open(os.path.join(folder, f"{row}.tsv"), encoding="ascii") as file:
            lines = [line.rstrip("\n").split("\t") for line in file]
        tap.check(f"{row}: figures under the names of their columns",
                  len(lines) > 2 and len({len(line) for line in lines}) == 1, lines)
        with open(os.path.join(folder, f"{row}.svg"), encoding="utf-8") as file:
            tap.check(f"{row}: a curve is drawn", "<svg" in file.read(2000))


def failures():
    with tempfile.TemporaryDirectory() as empty:
        done = bench("--json", "packet", build=empty)
        tap.check("a part that cannot measure fails",
                  done.returncode == 1 and json.loads(done.stdout)["failed"] == ["packet"],
                  f"{done.returncode}: {done.stdout}{done.stderr}")
        done = bench("start", "packet", build=empty)
        tap.check("so does one in namespaces", done.returncode == 1 and "start, packet" in done.stderr,
                  done.stderr)
    done = bench("nothing")
    tap.check("an unknown part is refused", done.returncode == 2 and "no such part" in done.stderr, done.stderr)


def people():
    done = bench("read")
    tap.check("a table for people", done.returncode == 0 and "aims reached" in done.stdout
              and "tcpdump, filter only" in done.stdout, done.stdout + done.stderr)


def main():
    if os.geteuid():
        print("1..0 # SKIP namespaces and BPF programs need root")
        return 0
    for tool in TOOLS:
        if not shutil.which(tool):
            print(f"1..0 # SKIP {tool} is not installed; scripts/install-deps.sh bench")
            return 0
    for group in (everything, failures, people):
        tap.guard(group.__name__, group)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
