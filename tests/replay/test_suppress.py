#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""`suppress: kernel` over every capture: the same policy with and without it, and both engines.

What is suppressed is missing, and nothing else; no reply to it counts as unpaired; both engines say
the same.
"""
import json
import os
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests"))
from tap import Tap  # noqa: E402

BINARY = os.path.join(TOP, os.environ.get("BUILD") or "build", "rpcsentry")
CAPTURES = os.path.join(TOP, "tests", "captures")
PCAPS = sorted(name for name in os.listdir(CAPTURES) if name.endswith(".pcap"))
EVERYBODY = '[0.0.0.0/0, "::/0"]'
PLAIN = f"allow: [{{name: known, calls: all, clients: {EVERYBODY}}}]\n"
QUIET = (f"response: {{trust: {EVERYBODY}}}\n"
         f"allow: [{{name: known, calls: all, clients: {EVERYBODY}, suppress: kernel}}]\n")
NEVER = {"SET", "UNSET", "CALLIT", "BCAST", "INDIRECT"}
tap = Tap()


def read(name, policy, *flags):
    """The events, or None; the last one is the counters'."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(policy)
        file.flush()
        done = subprocess.run([BINARY, "read", os.path.join(CAPTURES, name), "-c", file.name,
                               "--eve", "-", *flags], stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=120, check=False)
    if done.returncode not in (0, 3):
        return None
    return [json.loads(line) for line in done.stdout.splitlines()]


def calls(events):
    """Frame number to procedure, or program, of every call's line."""
    return {event["pcap_cnt"]: event["rpc"].get("procedure_name", event["rpc"]["program"])
            for event in events if event["event_type"] in ("portmap", "rpc_call")}


def same(event):
    """What both engines have in common: an alert's id has the order of all others in it."""
    return {key: value for key, value in event.items() if key != "stats"}


def test_capture(name):
    plain, quiet = read(name, PLAIN), read(name, QUIET)
    if plain is None or quiet is None:
        tap.check(f"{name}: is read", False)
        return 0
    missing = {frame: what for frame, what in calls(plain).items() if frame not in calls(quiet)}
    added = [frame for frame in calls(quiet) if frame not in calls(plain)]
    stats = [events[-1]["stats"] for events in (plain, quiet)]
    faults = [f"{what} in frame {frame} is missing" for frame, what in missing.items()
              if what in NEVER]
    faults += [f"frame {frame} is new" for frame in added]
    unpaired = [entry["agent"]["replies_unpaired"] for entry in stats]
    if unpaired[1] > unpaired[0]:
        faults.append(f"{unpaired[1]} unpaired replies instead of {unpaired[0]}")
    kernel = stats[1]["kernel"]
    if kernel["rpc_seen"] != (kernel["records_sent"] + kernel["records_suppressed"]
                              + kernel["records_lost"]):
        faults.append("the counters' sum is wrong")
    rules = stats[1].get("rules", [])
    suppressed = sum(rule["suppressed"] for rule in rules)
    before = stats[0]["kernel"]["calls_suppressed"]
    if kernel["calls_suppressed"] - before > suppressed:
        faults.append(f"{suppressed} hits of {kernel['calls_suppressed']} suppressed calls: {rules}")
    tap.check(f"{name}: what is suppressed is missing, and nothing else", not faults,
              "\n".join(faults))
    return suppressed


def test_engines(name):
    native, kernel = read(name, QUIET), read(name, QUIET, "--engine", "kernel")
    if kernel is None:
        return False
    differ = [(one, other) for one, other in zip(native, kernel) if same(one) != same(other)]
    tap.check(f"{name}: both engines say the same", len(native) == len(kernel) and not differ,
              differ[:1])
    counters = [events[-1]["stats"]["kernel"] for events in (native, kernel)]
    tap.equal(f"{name}: and suppress the same", counters[0]["records_suppressed"],
              counters[1]["records_suppressed"])
    tap.equal(f"{name}: by the same rule", native[-1]["stats"]["rules"], kernel[-1]["stats"]["rules"])
    return True


def main():
    total = sum(test_capture(name) for name in PCAPS)
    tap.check("many calls were suppressed", total > 100, total)
    if os.geteuid() != 0 or read(PCAPS[0], QUIET, "--engine", "kernel") is None:
        tap.skip("the kernel engine", "it needs root")
    else:
        for name in PCAPS:
            test_engines(name)
    return tap.done()


sys.exit(main())
