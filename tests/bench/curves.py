# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Which curves bench_growth makes, and how they are drawn."""
import os
import subprocess
import sys
from collections import namedtuple

SIZES = {"full": (10, 100, 1000, 10000, 100000, 1000000), "quick": (10, 1000, 100000),
         "tiny": (10, 100)}
# Far below the largest sizes: two points stand where the tables are full.
LIMIT = 16384

# The programs' list of prefixes has no more (include/rpcsentry/suppress.h).
SUPPRESSED = 65536

# `limit`: entries of the tables where a series has less than keys; `most`: the largest size.
Series = namedtuple("Series", "title program kind options limit")
Curve = namedtuple("Curve", "name title axis series most")


def agent(kind, full=True):
    """With all detections, with none, and with tables that are full from LIMIT on."""
    made = [Series("all detections", "bench_growth", kind, (), None),
            Series("no detection", "bench_growth", kind, ("--detections", "off"), None)]
    if full:
        made.append(Series(f"all detections, room for {LIMIT:,}", "bench_growth", kind,
                           ("--limit", str(LIMIT)), LIMIT))
    return tuple(made)


def programs(kind, full=True):
    """The same of the programs, in the kernel."""
    made = [Series("XDP", "bench_growth_kernel", kind, (), None)]
    if full:
        made.append(Series(f"XDP, room for {LIMIT:,}", "bench_growth_kernel", kind,
                           ("--limit", str(LIMIT)), LIMIT))
    return tuple(made)


def sizes_of(curve, scale):
    """A geometric row, and the largest that there can be."""
    sizes = [size for size in SIZES[scale] if size <= curve.most]
    if SIZES[scale][-1] > curve.most > sizes[-1]:
        sizes.append(curve.most)
    return sizes


CURVES = (
    Curve("memory", "no sensor", "places of 256 bytes",
          (Series("16 reads, each where the last one says", "bench_growth", "memory", (), None),), 1000000),
    Curve("clients", "UDP lookup and reply", "clients", agent("clients"), 1000000),
    Curve("flows", "TCP lookup and reply", "connections", agent("flows"), 1000000),
    Curve("pending", "UDP lookup and late reply", "calls that wait", agent("pending"),
          1000000),
    Curve("sources", "UDP lookup, no reply", "sources", agent("sources"), 1000000),
    Curve("rules", "UDP lookup and reply", "rules of the policy", agent("rules", False),
          100000),
    Curve("addresses", "UDP lookup and reply", "addresses in a rule",
          agent("addresses", False), 100000),
    Curve("kernel-flows", "in the kernel, TCP lookup in step", "connections", programs("flows"),
          1000000),
    Curve("kernel-sources", "in the kernel, UDP lookup", "sources", programs("sources"), 1000000),
    Curve("kernel-others", "in the kernel, NFS call that was seen before", "clients",
          programs("others"), 1000000),
    Curve("kernel-suppress", "in the kernel, UDP lookup", "suppressed clients",
          programs("suppress", False), SUPPRESSED),
)


def script(curve, tsv, svg):
    columns = ", ".join(
        f"'{tsv}' skip 1 using 1:{2 * number} with linespoints lw 2 pt {4 + number} title '{series.title}'"
        for number, series in enumerate(curve.series, 1))
    return f"""set terminal svg size 640,400 font 'sans-serif,12' background '#ffffff'
set output '{svg}'
set datafile separator '\\t'
set key left top
set title '{curve.title}, by {curve.axis}'
set xlabel '{curve.axis}'
set ylabel '{'ns above an empty program' if 'kernel' in curve.name else 'ns of CPU a call'}'
set logscale x 10
set format x '%.0s%c'
set yrange [0:]
set grid
plot {columns}
"""


def draw(curve, folder):
    tsv, svg = (os.path.join(folder, f"{curve.name}.{ext}") for ext in ("tsv", "svg"))
    done = subprocess.run(["gnuplot"], input=script(curve, tsv, svg), capture_output=True, text=True,
                          timeout=60, check=False)
    if done.returncode or not os.path.exists(svg):
        sys.exit(f"bench_growth: gnuplot: {done.stderr.strip()}")
