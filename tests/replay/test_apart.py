#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""How packets are cut must not matter: each capture taken apart gives the same calls as it is.

IP fragments and TCP segments of other sizes, in other orders, repeated, overlapping, followed by
ones that say something else; each frame twice; another VLAN tag.
"""
import collections
import json
import os
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests"))
import frames as fr  # noqa: E402
from tap import Tap  # noqa: E402

BINARY = os.path.join(TOP, os.environ.get("BUILD") or "build", "rpcsentry")
CAPTURES = os.path.join(TOP, "tests", "captures")
START_NS, STEP_NS = 1_700_000_000 * 10**9, 1000
MIDSTREAM = {"tcp_midstream.pcap"}
tap = Tap()

# The smallest fragment of IP, one inside a TCP header, one inside its options, one behind it.
WAYS = {
    **{f"in IP fragments of {size}, {order.__name__}":
       lambda frames, size=size, order=order: fr.each(frames, fr.ip_fragments, size, order=order)
       for size in (8, 24, 40, 64) for order in (fr.in_order, fr.backwards, fr.mixed, fr.contradicted)},
    "in IP fragments of 16 that overlap by 8":
        lambda frames: fr.each(frames, fr.ip_fragments, 16, 8, order=fr.backwards),
    **{f"in TCP segments of {size}, {order.__name__}":
       lambda frames, size=size, order=order: fr.each(frames, fr.tcp_segments, size, order=order)
       for size in (1, 3, 50) for order in (fr.in_order, fr.backwards, fr.mixed, fr.contradicted)},
    "in TCP segments of 7 that overlap by 3":
        lambda frames: fr.each(frames, fr.tcp_segments, 7, 3, order=fr.mixed),
    "in TCP segments of 5, those in IP fragments of 24":
        lambda frames: fr.each(fr.each(frames, fr.tcp_segments, 5), fr.ip_fragments, 24,
                               order=fr.mixed),
    "with TCP segments joined to 300": lambda frames: fr.joined(frames, 300),
    "with TCP segments joined to 8000": lambda frames: fr.joined(frames, 8000),
}


def calls(frames, path):
    """The calls as `read` tells them, how often each, without what the cut may change."""
    fr.write_capture(path, frames, range(START_NS, START_NS + len(frames) * STEP_NS, STEP_NS))
    done = subprocess.run([BINARY, "read", path, "--any-port", "off", "--eve", "-"],
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False)
    if done.returncode:
        raise RuntimeError(f"exit status {done.returncode}: {done.stderr.decode()}")
    found = collections.Counter()
    for line in done.stdout.splitlines():
        event = json.loads(line)
        if event["event_type"] in ("portmap", "rpc_call"):
            for name in ("timestamp", "pcap_cnt", "flow_id"):
                event.pop(name)
            for name in ("rtt_us", "source"):
                event["rpc"].pop(name, None)
            found[json.dumps(event, sort_keys=True)] += 1
    return found


def applies(way, name):
    """Without a handshake nobody knows where a stream begins but from its first bytes."""
    return name not in MIDSTREAM or not any(order in way for order in ("backwards", "mixed", "overlap",
                                                                       "those in"))


def test_way(way, captures, path):
    faults = []
    for name, (frames, expected) in captures.items():
        if not applies(way, name):
            continue
        got = calls(WAYS[way](frames), path)
        faults += [f"{name}: missed {call}" for call in (expected - got).elements()]
        faults += [f"{name}: invented {call}" for call in (got - expected).elements()]
    tap.check(f"the same calls {way}", not faults, "\n".join(faults))


def main():
    if not os.access(BINARY, os.X_OK):
        print(f"Bail out! {BINARY} is missing: run make first")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        path, captures = os.path.join(folder, "apart.pcap"), {}
        for name in sorted(n for n in os.listdir(CAPTURES) if n.endswith(".pcap")):
            frames = fr.frames_of(os.path.join(CAPTURES, name))
            if frames:
                captures[name] = (frames, calls(frames, path))
        tap.check("there are calls to compare", sum(c.total() for _, c in captures.values()) > 100)
        for way in WAYS:
            tap.guard(way, test_way, way, captures, path)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
