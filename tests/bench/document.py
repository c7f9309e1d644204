# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The figures of a run, put into docs/PERFORMANCE.md in the place of those before."""
import os

import rows

PATH = os.path.join(rows.TOP, "docs/PERFORMANCE.md")
BEGIN, END = "<!-- figures: `make bench-docs` writes what is between these lines -->", "<!-- end of figures -->"


def markdown(machine, made):
    """The machine, then a table of what has an aim or a yardstick."""
    yield machine + "."
    yield ""
    yield "| part | " + " | ".join(rows.HEAD) + " |"
    yield "| --- " * (len(rows.HEAD) + 1) + "|"
    for one in made:
        if one["aim"] or one["yardstick"]:
            yield "| " + " | ".join((one["part"], *rows.cells(one))) + " |"


def replaced(text, lines):
    """The text with these lines between the marks."""
    head, mark, rest = text.partition(BEGIN + "\n")
    _, end, tail = rest.partition(END + "\n")
    if not mark or not end:
        raise ValueError(f"{PATH} lacks the lines {BEGIN} and {END}")
    return head + mark + "\n".join(lines) + "\n" + end + tail


def write(machine, made):
    with open(PATH, encoding="utf-8") as file:
        text = file.read()
    text = replaced(text, markdown(machine, made))
    with open(PATH, "w", encoding="utf-8") as file:
        file.write(text)
