#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Holds docs/DETECTIONS.md and the detections against each other.

Each id of user/policy/detections.h is either implemented, which is to have a row with an
explanation in user/detect/table.c, or one of those that are for later. An explanation has all of
its parts. Each implemented detection has one row in the first table of the document, with its id,
name and tests; each test that the document names is a file under tests/ with that function; every
name it has in backquotes is a detection's; and the list of the field notes is whole. Prints a line
for each fault, and exits 1 if there was one.
"""
import glob
import os
import re
import sys

DOCUMENT, NAMES, TABLE = ("docs/DETECTIONS.md", "user/policy/detections.h", "user/detect/table.c")
LATER = {1110070, 1110071, 1110072, 1110074}
PARTS = ("what", "fires", "why", "false_positives", "next", "allow")
NOTES = [*map(str, range(1, 39)), "38b", "38c", *map(str, range(39, 49))]
NAME = re.compile(r"`((?:portmap|rpc|nfs|host|tcp|ip|xdr|xid|tool|lookup|sensor)-[a-z-]+)`")
TEST = re.compile(r"`((?:unit|replay|netns)/[\w.]+): (\w+)`")


def text_of(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def rows_of(section):
    return [[cell.strip() for cell in line.strip("|").split(" | ")]
            for line in section.splitlines() if line.startswith("| ") and "---" not in line][1:]


def declared():
    """{name: (id, constant)} of all that the policy can name."""
    return {name: (int(number), constant) for constant, number, name
            in re.findall(r'X\((\w+), (\d+), "([\w-]+)"', text_of(NAMES))}


def explanations():
    """{symbol: what lacks}"""
    found = {}
    for path in glob.glob("user/detect/explain_*.c"):
        for symbol, body in re.findall(r"struct rpcs_explanation (\w+) = \{\n(.*?)\n\};",
                                       text_of(path), re.DOTALL):
            found[symbol] = [part for part in PARTS if not re.search(rf'\.{part} =\s*"[^"]', body)]
    return found


def code_faults(known):
    table = dict(re.findall(r"\[RPCS_D_([A-Z]\w*)\] = \{[^}]*?\.explanation = &(\w+)",
                            text_of(TABLE)))
    explained = explanations()
    for name, (number, constant) in known.items():
        symbol = table.get(constant)
        if (symbol is None) != (number in LATER):
            yield f"{TABLE}: {name} ({number}) " + ("has no explanation" if symbol is None
                                                   else "is for later, yet it is there")
        elif symbol and explained.get(symbol, PARTS):
            yield f"{name}: {symbol} lacks {', '.join(explained.get(symbol, PARTS))}"


def document_faults(known, document):
    sections = document.split("\n## ")
    listed = [(row[0], row[1].strip("`"), row[-1]) for row in rows_of(sections[1])]
    wanted = sorted((str(number), name) for name, (number, _) in known.items()
                    if number not in LATER)
    if sorted(row[:2] for row in listed) != wanted:
        odd = sorted(set(row[:2] for row in listed) ^ set(wanted)) or "one comes twice"
        yield f"{DOCUMENT}: the detections and their rows differ: {odd}"
    for number, name, tests in listed:
        if not TEST.search(tests):
            yield f"{DOCUMENT}: {name} ({number}) has no test"
    for name in NAME.findall(document):
        if name not in known:
            yield f"{DOCUMENT}: there is no detection {name}"
    for file, case in TEST.findall(document):
        path = f"tests/{file}"
        if not os.path.exists(path) or not re.search(
                rf"^(def|static void) {case}\(", text_of(path), re.MULTILINE):
            yield f"{DOCUMENT}: {path} has no case {case}"
    for section in sections[2:4]:
        for row in rows_of(section):
            if len(row) != 3 or not TEST.search(row[2]):
                yield f"{DOCUMENT}: no test for: {row[0]}"
    if [row[0] for row in rows_of(sections[4])] != NOTES:
        yield f"{DOCUMENT}: the field notes' list is not whole"


def main():
    os.chdir(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    known = declared()
    faults = [*code_faults(known), *document_faults(known, text_of(DOCUMENT))]
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
