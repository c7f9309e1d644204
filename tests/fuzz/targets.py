# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Where the parts of a fuzz target are."""
import os

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(TOP, os.environ.get("BUILD") or "build")
FOLDER = os.path.join(TOP, "tests", "fuzz")


def names():
    """Every tests/fuzz/fuzz_NAME.c is a target."""
    return sorted(name[5:-2] for name in os.listdir(FOLDER)
                  if name.startswith("fuzz_") and name.endswith(".c"))


def program(target):
    return os.path.join(BUILD, "fuzz", f"fuzz_{target}")


def kept(target):
    """The inputs in the repository."""
    return os.path.join(FOLDER, "corpus", target)


def regress(target):
    """Inputs that once broke something."""
    return os.path.join(FOLDER, "regress", target)


def found(target):
    """What the fuzzer adds as it goes; the next run goes on from there."""
    return os.path.join(BUILD, "fuzz", "corpus", target)


def environment():
    env = dict(os.environ)
    # A small quarantine: each input frees megabytes of tables.
    env["ASAN_OPTIONS"] = "quarantine_size_mb=16:detect_leaks=1"
    env["UBSAN_OPTIONS"] = "print_stacktrace=1:halt_on_error=1"
    return env
