#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Holds the rules on text that no formatter knows.

A file has at most 400 lines and a C function at most 60; a line of C at most 100 columns; the
licence stands in the first line (the second, after #!); nothing names a folder of one particular
machine, or a host of a package registry; nobody prefetches but by rpcs_prefetch(), whose calls
stay. Prints a line for each fault, and exits 1 if there was one.
"""
import os
import re
import sys

FILE_LINES, FUNCTION_LINES, COLUMNS, TAB = 400, 60, 100, 8
CODE = (".c", ".h", ".py", ".sh", ".yaml", ".service", ".scd", ".supp", ".mk")
SKIP_FOLDERS = {".git", "build", "__pycache__", "LICENSES", "captures",
                "corpus", "regress"}
GENERATED = {"vmlinux.h"}
PREFETCH = "user/base/prefetch.h"
# Printed by `check --print-default`, and copied by every site.
NO_LICENCE = {"config/default.yaml"}
LICENCE = "SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause"
# Written in pieces, so that this file does not hold what it looks for.
PLACES = re.compile("|".join([r"(?<![\w.])/" + name + "/" for name in ("home", "work", "root", "Users")]
                             + [r"\b" + host for host in ("deb" + r"\.debian\.org", "registry" + r"\.npmjs",
                                                          "pypi" + r"\.org", "proxy" + r"\.golang",
                                                          "crates" + r"\.io")]))


def files():
    for root, folders, names in os.walk("."):
        folders[:] = sorted(f for f in folders if f not in SKIP_FOLDERS)
        for name in sorted(names):
            path = os.path.normpath(os.path.join(root, name))
            if not os.path.islink(path):
                yield path


def is_code(path, first):
    return (path.endswith(CODE) or os.path.basename(path) == "Makefile"
            or first.startswith("#!"))


def width(line):
    return len(line.expandtabs(TAB))


def long_functions(lines):
    """(line number, length) of each function over the limit; kernel style has { and } in column 1."""
    start = None
    for number, line in enumerate(lines, 1):
        if line.startswith("{"):
            start = number
        elif line.startswith("}") and start is not None:
            if number - start + 1 > FUNCTION_LINES:
                yield start, number - start + 1
            start = None


def faults_of(path, lines):
    if not lines:
        return
    code = is_code(path, lines[0])
    # scdoc wants a page's name first.
    head = lines[:3] if path.endswith(".scd") else lines[lines[0].startswith("#!"):][:1]
    if code and path not in GENERATED | NO_LICENCE and LICENCE not in "".join(head):
        yield 1, f"the first line lacks {LICENCE}"
    if code and len(lines) > FILE_LINES:
        yield FILE_LINES, f"{len(lines)} lines; at most {FILE_LINES}"
    if path.endswith((".c", ".h")):
        for start, length in long_functions(lines):
            yield start, f"a function of {length} lines; at most {FUNCTION_LINES}"
        for number, line in enumerate(lines, 1):
            if width(line) > COLUMNS and path not in GENERATED:
                yield number, f"{width(line)} columns; at most {COLUMNS}"
            if "__builtin_prefetch" in line and path != PREFETCH:
                yield number, f"prefetches by itself; see {PREFETCH}"
    for number, line in enumerate(lines, 1):
        if line != line.rstrip() and not path.endswith(".md"):
            yield number, "blanks at the end of the line"
        place = PLACES.search(line)
        if place:
            yield number, f"names a particular place: {place.group(0)}"


def main():
    os.chdir(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    faults = 0
    for path in files():
        try:
            with open(path, encoding="utf-8") as text:
                lines = text.read().split("\n")
        except UnicodeDecodeError:
            continue
        if lines and lines[-1] == "":
            lines.pop()
        for number, fault in faults_of(path, lines):
            print(f"{path}:{number}: {fault}")
            faults += 1
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
