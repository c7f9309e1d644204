#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""`read` over captures drawn by chance (tests/drawn.py): every message, once, with the frame that
completed it, in both engines.

usage: tests/replay/test_random.py [KIND FIRST COUNT]

Without arguments a fixed number of seeds of each kind. With them, COUNT seeds from FIRST on; a capture
that is told wrong is kept as build/random-KIND-SEED.pcap.
"""
import collections
import os
import shutil
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests"))
import drawn  # noqa: E402
import frames as fr  # noqa: E402
import wire  # noqa: E402
from tap import Tap  # noqa: E402

SEEDS, AT_ONCE = 50, 50
KEPT = os.path.join(TOP, os.environ.get("BUILD") or "build")
tap = Tap()


def check(kind, seeds, path, engines):
    """The differences of some seeds in one capture, as lines by engine, and how many messages there are."""
    capture = drawn.Drawn(kind, seeds)
    fr.write_capture(path, capture.frames, capture.times)
    wrong = {}
    for engine in engines:
        got = wire.messages(wire.read(path, "--any-port", "all", "--engine", engine))
        wrong[engine] = wire.faults(collections.Counter(capture.truth), got)
    return wrong, len(capture.truth)


def check_seeds(kind, seeds, path):
    wrong, total = {engine: [] for engine in wire.engines()}, 0
    for first in range(0, len(seeds), AT_ONCE):
        lines, count = check(kind, seeds[first:first + AT_ONCE], path, wrong)
        total += count
        for engine, some in lines.items():
            wrong[engine] += some
        if not any(lines.values()):
            continue
        for seed in seeds[first:first + AT_ONCE]:
            lines, _ = check(kind, [seed], path, ["native"])
            if lines["native"]:
                shutil.copy(path, os.path.join(KEPT, f"random-{kind}-{seed}.pcap"))
                tap.check(f"{kind} {seed}", False, "\n".join(lines["native"][:10]))
    for engine, lines in wrong.items():
        tap.check(f"{kind}, {engine}: {total} messages of {len(seeds)} seeds", not lines,
                  "\n".join(lines[:10]))


def main():
    if not os.access(wire.BINARY, os.X_OK):
        print(f"Bail out! {wire.BINARY} is missing: run make first")
        return 1
    if os.geteuid() != 0:
        tap.skip("the kernel engine", "it needs root")
    kinds, seeds = drawn.KINDS, range(SEEDS)
    if len(sys.argv) == 4:
        kinds, first = [sys.argv[1]], int(sys.argv[2])
        seeds = range(first, first + int(sys.argv[3]))
    with tempfile.TemporaryDirectory() as folder:
        for kind in kinds:
            tap.guard(kind, check_seeds, kind, seeds, os.path.join(folder, "drawn.pcap"))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
