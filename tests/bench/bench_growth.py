#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""How the cost of a call grows with what the sensor knows of: clients, flows, calls, rules.

usage: bench_growth.py [--json] [--scale SCALE] [--rounds N] [--docs] [CURVE]...

Every point is a run of bench_growth (the agent) or bench_growth_kernel (the programs) in a process
of its own; all points in turn, round after round; the median counts. Into build/bench/growth go a
TSV and an SVG for each curve; --docs puts the SVGs into docs/growth too.
"""
import json
import math
import os
import shutil
import statistics
import subprocess
import sys

import rows
from curves import CURVES, SUPPRESSED, draw, sizes_of

DOCS = os.path.join(rows.TOP, "docs", "growth")
FOLDER = os.path.join(rows.BUILD, "bench", "growth")
ROUNDS = {"full": 3, "quick": 1, "tiny": 1}
CALLS = {"full": 100000, "quick": 50000, "tiny": 2000}
# Steps between two sizes that are noise, or a cache's: of the cost before them.
STEP = 0.25
BAD = ("grows when full", "faster than a logarithm")


def point(series, size, calls):
    """(nanoseconds a call, MiB)."""
    command = [os.path.join(rows.BUILD, "bench", series.program), series.kind, str(size),
               "--calls", str(calls), *series.options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False,
                          stdin=subprocess.DEVNULL)
    if done.returncode:
        sys.exit(f"bench_growth: {' '.join(command)}: {done.stderr.strip() or done.returncode}")
    words = done.stdout.split()
    return float(words[0]), float(words[1])


def measure(wanted, scale, rounds):
    """{(curve, series): {size: (ns, MiB)}}."""
    runs = {}
    for _ in range(rounds):
        for curve in wanted:
            for series in curve.series:
                for size in sizes_of(curve, scale):
                    runs.setdefault((curve, series), {}).setdefault(size, []).append(
                        point(series, size, CALLS[scale]))
    return {key: {size: (statistics.median(ns for ns, _ in taken), max(mib for _, mib in taken))
                  for size, taken in sizes.items()} for key, sizes in runs.items()}


def per_decade(costs, sizes):
    """What each step from a size to the next adds, for a factor of ten."""
    return [(costs[b] - costs[a]) / math.log10(b / a) for a, b in zip(sizes, sizes[1:])]


def verdict(costs, limit, memory):
    """(verdict, factor, the same less what memory takes, allowed factor) of a series {size: ns}.

    Where the tables are full nothing may grow. Else a logarithm is allowed: it adds the same for each
    factor of ten, and what grows faster adds more with each. So from end to end the cost may grow as
    the logarithm of the sizes does, and the last step may not be larger than the largest before it:
    less what memory alone takes more with as many keys (`memory`: {size: ns}), and noise.
    """
    sizes = sorted(costs)
    full = [size for size in sizes if limit and size > limit]
    if len(full) > 1:
        factor = costs[full[-1]] / costs[full[0]]
        return ("flat when full" if factor <= 1 + STEP else "grows when full"), factor, factor, 1 + STEP
    factor = costs[sizes[-1]] / costs[sizes[0]]
    allowed = math.log(sizes[-1]) / math.log(sizes[0])
    net = {size: costs[size] - max(memory.get(size, 0) - memory.get(sizes[0], 0), 0) for size in sizes}
    # Memory alone may take more than there is: then nothing else grows.
    net_factor = min(max(net[sizes[-1]] / costs[sizes[0]], 1), factor)
    if factor <= 1 + STEP:
        return "flat", factor, net_factor, allowed
    steps, net_steps = per_decade(costs, sizes), per_decade(net, sizes)
    spare = STEP * costs[sizes[-2]]
    if net_factor > allowed or net_steps[-1] > max(steps[:-1], default=0) + spare:
        return "faster than a logarithm", factor, net_factor, allowed
    return "within a logarithm", factor, net_factor, allowed


def memory_of(curve, measured):
    """What memory may take of one call of this curve: {size: ns}, also for sizes between its own."""
    for (other, _), sizes in measured.items():
        if other.name == curve.yardstick:
            found = {size: curve.times * ns for size, (ns, _) in sizes.items()}
            found[SUPPRESSED] = max((ns for size, ns in found.items() if size <= 100000), default=0)
            return found
    return {}


def judge(measured):
    for (curve, series), sizes in measured.items():
        costs = {size: ns for size, (ns, _) in sizes.items()}
        if len(costs) < 2:
            continue
        word, factor, net_factor, allowed = verdict(costs, series.limit, memory_of(curve, measured))
        first, last = min(costs), max(costs)
        if series.limit and "full" in word:
            first = min(size for size in costs if size > series.limit)
        made = rows.row(f"{last:,} {curve.axis}: {curve.title}, {series.title}", costs[last], "ns",
                        f"{first:,}", costs[first], ratio=factor, most=allowed)
        if not curve.yardstick:
            word = "the yardstick"
            made.update(aim=None, reached=None)
        else:
            made["aim"]["of"] = "ratio" if "full" in word else "net_ratio"
            made["reached"] = word not in BAD
        made.update(verdict=word, net_ratio=net_factor, points=sizes)
        yield made


def write_tsv(curve, measured):
    sizes = sorted({size for (c, _), points in measured.items() if c is curve for size in points})
    with open(os.path.join(FOLDER, f"{curve.name}.tsv"), "w", encoding="ascii") as out:
        print(curve.axis, *(f"{series.title}, {unit}" for series in curve.series
                            for unit in ("ns", "MiB")), sep="\t", file=out)
        for size in sizes:
            values = [measured[curve, series][size] for series in curve.series]
            print(size, *(f"{ns:.1f}\t{mib:.1f}" for ns, mib in values), sep="\t", file=out)


def main():
    parser = rows.options(__doc__)
    parser.add_argument("--docs", action="store_true", help="renew docs/growth")
    parser.add_argument("curves", nargs="*", metavar="CURVE",
                        help=", ".join(curve.name for curve in CURVES))
    args = parser.parse_args()
    unknown = set(args.curves) - {curve.name for curve in CURVES}
    if unknown:
        parser.error(f"no such curve: {', '.join(sorted(unknown))}")
    if not shutil.which("gnuplot"):
        sys.exit("bench_growth: gnuplot is not there; apt-get install gnuplot-nox")
    wanted = [curve for curve in CURVES if not args.curves or curve.name in args.curves]
    # Without its yardstick no curve can be judged.
    needed = {curve.yardstick for curve in wanted} | {curve.name for curve in wanted}
    wanted = [curve for curve in CURVES if curve.name in needed]
    if args.scale == "tiny":
        wanted = [curve._replace(series=curve.series[:1]) for curve in wanted]
    os.makedirs(FOLDER, exist_ok=True)
    measured = measure(wanted, args.scale, args.rounds or ROUNDS[args.scale])
    for curve in wanted:
        write_tsv(curve, measured)
        draw(curve, FOLDER)
        if args.docs:
            os.makedirs(DOCS, exist_ok=True)
            shutil.copy(os.path.join(FOLDER, f"{curve.name}.svg"), DOCS)
    made = list(judge(measured))
    if args.json:
        print(json.dumps({"rows": made}, indent=1))
        return
    print("\n".join(rows.table(made)))
    print(f"\ncurves: {FOLDER}/*.svg, figures beside them in *.tsv")


if __name__ == "__main__":
    main()
