#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Every capture of ../shared/captures through ../shared/tools/check-truth, with both engines, on the
portmapper ports and on all.
"""
import os
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests"))
from tap import Tap  # noqa: E402

BINARY = os.path.join(TOP, os.environ.get("BUILD") or "build", "rpcsentry")
SHARED = os.path.join(os.path.dirname(TOP), "shared")
CHECK = os.path.join(SHARED, "tools", "check-truth")
FOLDER = os.path.join(SHARED, "captures")
VALIDATE = os.path.join(TOP, "scripts", "validate-eve.py")
tap = Tap()


def captures():
    for root, _, names in sorted(os.walk(FOLDER)):
        for name in sorted(names):
            path = os.path.join(root, name)
            if not name.endswith((".jsonl", ".json", ".md")):
                yield os.path.relpath(path, FOLDER)


def test_truth(engine, flags, names):
    done = subprocess.run([sys.executable, CHECK, "--bin", BINARY, "--engine", engine, "-v", *flags,
                           *(os.path.join(FOLDER, name) for name in names)],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600,
                          check=False)
    lines = done.stdout.splitlines()
    agreed = {line.split()[1].rstrip(":") for line in lines if line.startswith("ok ")}
    for name in names:
        tap.check(f"{' '.join((engine, *flags))}: {name} agrees with its truth",
                  os.path.basename(name) in agreed, done.stdout + done.stderr)


def test_schema(names):
    with tempfile.TemporaryFile() as out:
        for name in names:
            for flags in ((), ("--messages", "--any-port", "all")):
                subprocess.run([BINARY, "read", os.path.join(FOLDER, name), "--eve", "-", *flags],
                               stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.DEVNULL,
                               timeout=300, check=False)
        out.seek(0)
        done = subprocess.run([VALIDATE], stdin=out, capture_output=True, text=True, timeout=300,
                              check=False)
    tap.check("every line keeps to schema/eve.json", done.returncode == 0, done.stderr + done.stdout)


def test_engines_agree(names):
    for name in names:
        outs = []
        for engine in ("native", "kernel"):
            done = subprocess.run([BINARY, "read", os.path.join(FOLDER, name), "--eve", "-",
                                   "--messages", "--engine", engine], stdin=subprocess.DEVNULL,
                                  capture_output=True, timeout=300, check=False)
            outs.append([line for line in done.stdout.splitlines()
                         if b'"event_type":"stats"' not in line])
        pair = next((p for p in zip(*outs) if p[0] != p[1]), (b"", b""))
        tap.check(f"{name}: native and kernel say the same", outs[0] == outs[1],
                  f"{len(outs[0])} and {len(outs[1])} lines\n" + b"\n".join(pair).decode())


def main():
    if not os.path.exists(CHECK):
        tap.skip("all captures of ../shared", "../shared/captures is not there")
        return tap.done()
    names = list(captures())
    for flags in ((), ("--all-ports",)):
        tap.guard("native: truth", test_truth, "native", flags, names)
    plain = [name for name in names if not name.endswith(".gz")]
    tap.guard("schema", test_schema, plain)
    if os.geteuid() != 0:
        tap.skip("the kernel engine", "it needs root")
        return tap.done()
    for flags in ((), ("--all-ports",)):
        tap.guard("kernel: truth", test_truth, "kernel", flags, names)
    tap.guard("both engines", test_engines_agree, plain)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
