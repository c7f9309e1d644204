# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What every part of `make bench` gives: rows of one form, for people or as JSON.

A row says what was measured, its figure and unit, the yardstick of the same run with its figure,
the ratio of both, what is aimed at (of the figure, or of the ratio), and whether that was reached.
"""
import argparse
import json
import os
import signal
import statistics
import sys

BUILD = os.environ.get("BUILD") or "build"
FOLDER = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(FOLDER))
# Rounds and sizes: what counts; a quick look; whether the bench itself works.
SCALES = ("full", "quick", "tiny")


def row(what, figure, unit, yardstick=None, base=None, most=None, least=None, of="ratio", ratio=None):
    """`most` or `least`: the aim, of the figure or of the ratio, which is figure / base."""
    if ratio is None and base:
        ratio = figure / base
    aim = None
    if most is not None or least is not None:
        aim = {"of": of, **({"most": most} if least is None else {"least": least})}
    made = {"what": what, "figure": figure, "unit": unit, "yardstick": yardstick,
            "yardstick_figure": base, "ratio": ratio, "aim": aim}
    made["reached"] = reached(made)
    return made


def reached(one):
    if not one["aim"] or one[one["aim"]["of"]] is None:
        return None
    value = one[one["aim"]["of"]]
    if "most" in one["aim"]:
        return value <= one["aim"]["most"]
    return value >= one["aim"]["least"]


def number(value):
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def aim_text(aim):
    if not aim:
        return ""
    sign, value = ("<=", aim["most"]) if "most" in aim else (">=", aim["least"])
    return f"{sign} {number(value)}" + {"figure": "", "ratio": " x", "net_ratio": " x net"}[aim["of"]]


def reached_text(one):
    """`verdict`: a row may say more than yes or no."""
    word = {True: "yes", False: "NO", None: ""}[one["reached"]]
    return ", ".join(text for text in (word, one.get("verdict", "")) if text)


HEAD = ("what", "figure", "unit", "yardstick", "its figure", "ratio", "aim", "reached")


def cells(one):
    """A row as text, by HEAD."""
    ratio = f"{one['ratio']:.2f}" if one["ratio"] is not None else ""
    return (one["what"], number(one["figure"]), one["unit"], one["yardstick"] or "",
            number(one["yardstick_figure"]), ratio, aim_text(one["aim"]), reached_text(one))


def table(rows):
    """Lines of a table; the columns as wide as they have to be."""
    lines = [HEAD] + [cells(one) for one in rows]
    wide = [max(len(line[i]) for line in lines) for i in range(len(HEAD))]
    left = (0, 2, 3, 7)
    for line in lines:
        yield "  ".join(f"{cell:{'<' if i in left else '>'}{wide[i]}}"
                        for i, cell in enumerate(line)).rstrip()


def options(text):
    """The options that all parts have; told to end, a part takes its files and processes along."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    parser = argparse.ArgumentParser(description=text.split("\n", maxsplit=1)[0])
    parser.add_argument("--json", action="store_true", help="the same for machines")
    parser.add_argument("--scale", choices=SCALES, default="full",
                        help="full: what counts; quick: fewer rounds; tiny: does the bench work")
    parser.add_argument("--rounds", type=int, help="runs of each, of which the median counts")
    return parser


def show(rows, as_json, **more):
    if as_json:
        print(json.dumps({"rows": rows, **more}, indent=1))
    else:
        print("\n".join(table(rows)))


def ratio_of(pairs):
    """The median of the ratios of runs that were made side by side."""
    return statistics.median(a / b for a, b in pairs)
