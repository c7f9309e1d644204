# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Which curves bench_growth makes, and how they are drawn."""
import os
import re
import subprocess
import sys
from collections import namedtuple

SIZES = {"full": (10, 100, 1000, 10000, 100000, 1000000), "quick": (10, 1000, 50000, 100000),
         "tiny": (10, 100)}
# Below the two largest sizes, which stand where the tables are full.
LIMIT = 16384

# The programs' list of prefixes has no more (include/rpcsentry/suppress.h).
SUPPRESSED = 65536

# `limit`: entries of the tables where a series has less than keys.
Series = namedtuple("Series", "title program kind options limit")
# `most`: the largest size. `yardstick`: the curve without a sensor that shows what memory costs with as many keys, and how
# often what it shows may come in one call; None: it is one.
Curve = namedtuple("Curve", "name title axis series most yardstick times")


def agent(kind, full=True):
    """With all detections, with none, and with tables that are full from LIMIT on."""
    made = [Series("all detections", "bench_growth", kind, (), None),
            Series("no detection", "bench_growth", kind, ("--detections", "off"), None)]
    if full:
        made.append(Series(f"all detections, room for {LIMIT:,}", "bench_growth", kind,
                           ("--limit", str(LIMIT)), LIMIT))
    return tuple(made)


def programs(kind, full=True, limit=LIMIT, places=1):
    """The same of the programs, in the kernel; `places`: so many for each entry of the limit."""
    made = [Series("XDP", "bench_growth_kernel", kind, (), None)]
    if full:
        made.append(Series(f"XDP, room for {limit:,}", "bench_growth_kernel", kind,
                           ("--limit", str(limit)), places * limit))
    return tuple(made)


def sizes_of(curve, scale):
    """A geometric row, and the largest that there can be."""
    sizes = [size for size in SIZES[scale] if size <= curve.most]
    if SIZES[scale][-1] > curve.most > sizes[-1]:
        sizes.append(curve.most)
    return sizes


def of_agent(name, axis, title, full=True, most=1000000):
    return Curve(name, title, axis, agent(name, full), most, "memory", 1)


def of_kernel(kind, axis, title, yardstick, times, full=True, most=1000000, limit=LIMIT, places=1):
    return Curve(f"kernel-{kind}", f"in the kernel, {title}", axis,
                 programs(kind, full, limit, places), most, yardstick, times)


CURVES = (
    Curve("memory", "no sensor", "places of 256 bytes",
          (Series("16 reads, each where the last one says", "bench_growth", "memory", (), None),),
          1000000, None, 0),
    Curve("look-up", "no sensor, in the kernel", "keys of an LRU map",
          (Series("one look-up", "bench_growth_kernel", "look-up", (), None),), 1000000, None, 0),
    of_agent("clients", "clients", "UDP lookup and reply"),
    of_agent("flows", "connections", "TCP lookup and reply"),
    of_agent("pending", "calls that wait", "UDP lookup and late reply"),
    of_agent("sources", "sources", "UDP lookup, no reply"),
    of_agent("rules", "rules of the policy", "UDP lookup and reply", False, 100000),
    of_agent("addresses", "addresses in a rule", "UDP lookup and reply", False, 100000),
    of_agent("shared", "rules of a server each, with the same clients", "UDP lookup and reply", False,
             100000),
    # A look-up, and the words of the entry that are written back. There are four places for each
    # connection of the limit: with a lower one all are full where the others' tables are.
    of_kernel("flows", "connections", "TCP lookup in step", "look-up", 2, limit=LIMIT // 2, places=4),
    of_kernel("sources", "sources", "UDP lookup", "look-up", 1),
    # Four places for each of these too, and none for more than 65,536 of them.
    of_kernel("pending", "calls that wait", "UDP lookup of a TCP port", "look-up", 1, limit=LIMIT // 2,
              places=4),
    of_kernel("others", "clients", "NFS call that was seen before", "look-up", 2),
    # A trie: each of up to 16 nodes on the way says where the next one is.
    of_kernel("suppress", "suppressed clients", "UDP lookup", "memory", 1, False, SUPPRESSED),
)


def script(curve, tsv, svg):
    columns = ", ".join(
        f"'{tsv}' skip 1 using 1:{2 * number} with linespoints lw 2 pt {4 + number} title '{series.title}'"
        for number, series in enumerate(curve.series, 1))
    return f"""set terminal svg size 640,400 font 'sans-serif,12' background '#ffffff'
set output '{svg}'
set datafile separator '\\t'
set key left top Left reverse
set offsets 0, 0, graph 0.2, 0
set title '{curve.title}, by {curve.axis}'
set xlabel '{curve.axis}'
set ylabel '{'ns above an empty program' if 'kernel' in curve.title else 'ns of CPU a call'}'
set logscale x 10
set format x '%.0s%c'
set yrange [0:]
set grid noxtics ytics
unset mxtics
plot {columns}
"""


def tidy(text):
    """Without what gnuplot writes for nobody: blanks at the ends of lines, empty groups, unused marks."""
    text = re.sub(r"[ \t]+$", "", text, flags=re.M)
    text = re.sub(r"<g [^>]*>\n</g>\n", "", text)
    text = re.sub(r"\t<filter.*?</filter>\n", "", text, flags=re.S)
    while True:
        unused = [mark for mark in re.findall(r"id='(gp\w+)'", text) if f"'#{mark}'" not in text]
        if not unused:
            return text
        text = re.sub(rf"^\t<[^\n]*id='{unused[0]}'[^\n]*\n", "", text, flags=re.M)


def draw(curve, folder):
    tsv, svg = (os.path.join(folder, f"{curve.name}.{ext}") for ext in ("tsv", "svg"))
    done = subprocess.run(["gnuplot"], input=script(curve, tsv, svg), capture_output=True, text=True,
                          timeout=60, check=False)
    if done.returncode or not os.path.exists(svg):
        sys.exit(f"bench_growth: gnuplot: {done.stderr.strip()}")
    with open(svg, encoding="utf-8") as file:
        drawn = tidy(file.read())
    with open(svg, "w", encoding="utf-8") as file:
        file.write(drawn)
