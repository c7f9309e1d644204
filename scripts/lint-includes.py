#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Holds the direction of #include: a stage sees its own headers and those of earlier stages.

The order is the packet's way through user/ (docs/ARCHITECTURE.md). include/rpcsentry is compiled
for the kernel as well and includes nothing of the project but itself. Prints a line for each
include that goes the wrong way, and exits 1 if there was one.
"""
import os
import re
import sys

STAGES = ["base", "source", "stream", "match", "policy", "services", "detect", "output", "agent"]
# The policy decides about words, not about packets: it needs no stage of the packet's way.
ONLY = {"policy": {"policy", "base"}}
TOP_LEVEL = len(STAGES)
# Ports, modes and limits stand in the policy file; these stages are set up from it.
SETTINGS = {("source", "policy"), ("stream", "policy")}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')
# Made by the build; only the stage that loads it may use it, and the agent through that.
SKELETON, SKELETON_USERS = "rpcsentry.skel.h", {"source"}


def stage_of(path):
    """The stage of a file under user/; files right there (cmd_*.c, pipeline.h) come last."""
    parts = path.split("/")
    return parts[1] if len(parts) > 2 else None


def rank(stage):
    return TOP_LEVEL if stage is None else STAGES.index(stage)


def resolve(name, path, roots):
    """The file an include means: beside the includer first, then under the -I folders."""
    for root in [os.path.dirname(path)] + roots:
        found = os.path.normpath(os.path.join(root, name))
        if os.path.exists(found):
            return found
    return None


def user_fault(path, name):
    if name == SKELETON:
        stage = stage_of(path)
        return None if stage in SKELETON_USERS else "only user/source loads the BPF object"
    target = resolve(name, path, ["include", "user"])
    if target is None:
        return "no such file under user/ or include/"
    if target.startswith("include/rpcsentry/"):
        return None
    if not target.startswith("user/"):
        return "outside of user/ and include/"
    mine, theirs = stage_of(path), stage_of(target)
    for stage in (mine, theirs):
        if stage is not None and stage not in STAGES:
            return f"user/{stage} is no stage; the order is {' < '.join(STAGES)}"
    if mine in ONLY and theirs not in ONLY[mine]:
        return f"user/{mine} includes only {' and '.join(sorted(ONLY[mine]))}"
    # The agent and the commands stand at the end together: they run the pipeline.
    if rank(theirs) > rank(mine) and mine != "agent" and (mine, theirs) not in SETTINGS:
        return f"user/{mine} comes before {'user/' + theirs if theirs else 'the commands'}"
    return None


def shared_fault(path, name):
    if name == "vmlinux.h" and path.endswith("/portable.h"):
        return None
    target = resolve(name, path, [])
    if target is None or not target.startswith("include/rpcsentry/"):
        return "the shared headers include only each other"
    return None


def bpf_fault(path, name):
    if name == "vmlinux.h":
        return None
    target = resolve(name, path, ["include"])
    if target is None or not target.startswith(("include/rpcsentry/", "bpf/")):
        return "the kernel side includes only bpf/ and include/rpcsentry"
    return None


def sources(folder):
    for root, _, files in sorted(os.walk(folder)):
        for name in sorted(files):
            if name.endswith((".c", ".h")):
                yield os.path.join(root, name)


def main():
    os.chdir(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    faults = 0
    for folder, fault_of in (("include", shared_fault), ("bpf", bpf_fault), ("user", user_fault)):
        for path in sources(folder):
            with open(path, encoding="utf-8") as source:
                for number, line in enumerate(source, 1):
                    include = INCLUDE.match(line)
                    fault = include and fault_of(path, include.group(1))
                    if fault:
                        print(f'{path}:{number}: "{include.group(1)}": {fault}')
                        faults += 1
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
