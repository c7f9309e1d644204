#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The bench's own arithmetic: aims, ratios, and what a curve is said to be."""
import os
import sys

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [TESTS, os.path.join(TESTS, "bench")]
import bench_growth  # noqa: E402
import document  # noqa: E402
import packet_rows  # noqa: E402
import rows  # noqa: E402
from tap import Tap  # noqa: E402

tap = Tap()
SIZES = [10 ** power for power in range(1, 7)]


def word(cost, limit=None, caches=None):
    return bench_growth.verdict({size: cost(size) for size in SIZES}, limit, caches or {})[0]


def aims():
    made = rows.row("a", 30, "ns", "b", 12, most=2.5)
    tap.equal("at most, just reached", (made["ratio"], made["reached"]), (2.5, True))
    tap.equal("at most, missed", rows.row("a", 31, "ns", "b", 12, most=2.5)["reached"], False)
    tap.equal("at least, missed", rows.row("a", 9, "x", "b", 10, least=0.95)["reached"], False)
    tap.equal("at least, of pairs", rows.row("a", 9, "x", "b", 10, least=0.95, ratio=0.95)["reached"], True)
    tap.equal("of the figure", rows.row("a", 13, "ns", "b", 1, most=12, of="figure")["reached"], False)
    tap.equal("no aim", rows.row("a", 13, "ns")["reached"], None)
    tap.equal("the median of pairs, not of sides", rows.ratio_of([(1, 1), (4, 2), (30, 10)]), 2)
    lines = list(rows.table([made, rows.row("longer", 1234567, "insns")]))
    tap.equal("as a table", [line.split() for line in lines[1:]],
             [["a", "30", "ns", "b", "12", "2.50", "<=", "2.5", "x", "yes"],
              ["longer", "1,234,567", "insns"]])


def curves():
    steps = {10: 0, 100: 1, 1000: 2, 10000: 3, 100000: 4, 1000000: 5}
    tap.equal("no growth", word(lambda size: 1000), "flat")
    tap.equal("noise", word(lambda size: 1000 + size % 7 * 30), "flat")
    tap.equal("a logarithm", word(lambda size: 1000 + 300 * steps[size]), "within a logarithm")
    tap.equal("a step of a cache in between", word(lambda size: 1000 if size < 10000 else 2500),
             "within a logarithm")
    late = {size: 20 if size < 1000000 else 1500 for size in SIZES}
    tap.equal("a step of a cache at the end", word(lambda size: 1000 + late[size], caches=late),
             "within a logarithm")
    tap.equal("more than a logarithm from end to end, and all of it a cache's",
              word(lambda size: 200 + late[size], caches=late), "within a logarithm")
    tap.equal("the same where there is no such cache", word(lambda size: 1000 + late[size]),
             "faster than a logarithm")
    tap.equal("linear", word(lambda size: 1000 + size / 100), "faster than a logarithm")
    tap.equal("a root", word(lambda size: 1000 + 5 * size ** 0.5), "faster than a logarithm")
    tap.equal("more than a logarithm from end to end", word(lambda size: 1000 + 1200 * steps[size]),
             "faster than a logarithm")
    tap.equal("full", word(lambda size: 1000 + 2 * min(size, 20000), 16384), "flat when full")
    tap.equal("grows when full", word(lambda size: 1000 + size / 1000, 16384), "grows when full")


def documents():
    text = f"before\n{document.BEGIN}\nold\n{document.END}\nafter\n"
    made = [{"part": "start", **rows.row("a", 0.2, "s", most=0.3, of="figure")},
            {"part": "start", **rows.row("left out", 1, "s")}]
    expected = f"before\n{document.BEGIN}\nthis.\n\n"
    got = document.replaced(text, document.markdown("this", made))
    tap.check("the figures of before go, what is around them stays", got.startswith(expected)
              and got.endswith(f"\n| start | a | 0.2 | s |  |  |  | <= 0.3 | yes |\n{document.END}\nafter\n"),
              got)
    with open(document.PATH, encoding="utf-8") as file:
        tap.check("the document has the marks", document.replaced(file.read(), []))


def packets():
    printed = {"verified": {"XDP": 12360}, "rows": [
        {"packet": "ARP", "hook": "XDP", "program": name, "ns": ns, "above_empty_ns": ns - 30,
         "bare_records": (ns - 30) / 32, "ours": name == "bare record"}
        for name, ns in (("empty", 30), ("parse", 34), ("bare record", 62), ("any_port off", 43))]}
    made = {one["what"]: one for one in packet_rows.of(printed)}
    tap.equal("a packet of others, above its aim",
             [made["ARP, XDP, any_port off, above empty"][key] for key in ("figure", "reached")], [13, False])
    tap.equal("instructions", made["verified instructions, XDP"]["figure"], 12360)
    printed["rows"][3].update(ours=True, bare_records=1.9)
    tap.equal("a record, at its aim",
             {one["what"]: one["reached"] for one in packet_rows.of(printed)}["ARP, XDP, any_port off, above empty"],
             True)


if __name__ == "__main__":
    for group in (aims, curves, documents, packets):
        tap.guard(group.__name__, group)
    sys.exit(tap.done())
