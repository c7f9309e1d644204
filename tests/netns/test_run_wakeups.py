#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Who wakes the sensor: a record when it sleeps, none while it looks by itself."""
import os
import shutil
import struct
import sys
import time

import run_sandbox as box
from bpf_maps import Maps
from flood import counters
from run_sandbox import Run, Wire, until

sys.path.insert(0, os.path.join(box.TOP, "tests"))
from tap import Tap  # noqa: E402

CALLS = 4000
BATCH = 200  # the veth pair's queues hold more
IDLE = 5
POLICY = """\
networks: {home: [10.0.0.0/8]}
allow:
  - {clients: home, calls: [GETPORT]}
"""
tap = Tap()


def moved(before, name):
    return counters()[name] - before[name]


def idle(mode, eve, wire):
    """Nothing comes, then one packet: it wakes the sensor, which does not wait for its clock."""
    for number in range(IDLE):
        time.sleep(0.3)  # long enough to fall asleep, whatever else the machine does
        before = counters()
        wire.dump(f"10.77.2.{number + 1}")
        tap.check(f"{mode}: call {number} is an alert",
                  until(lambda n=number: len(box.alerts_of(eve)) > n), box.lines_of(eve))
        # Its reply, by this host, may have been the one.
        tap.check(f"{mode}: call {number} woke the sensor",
                  until(lambda b=before: moved(b, "wakeups") >= 1), counters())


def busy(mode, wire, maps):
    """Many calls: the sensor sleeps a millisecond at the least before a record may wake it."""
    before, start = counters(), time.monotonic()
    for first in range(0, CALLS, BATCH):
        for number in range(first, first + BATCH):
            wire.xid += 1
            wire.socket.send(box.call_frame("10.77.3.1", wire.xid, box.GETPORT,
                                            struct.pack(">4I", 400000 + number, 3, 17, 0)))
        wanted = before["packets"] + first + BATCH
        while maps.packets() < wanted and time.monotonic() - start < 10:
            pass
    took = time.monotonic() - start
    tap.check(f"{mode}: the sensor takes all", until(maps.is_drained))
    tap.equal(f"{mode}: nothing is lost", moved(before, "records_lost"), 0)
    tap.check(f"{mode}: all calls were seen", moved(before, "calls") >= CALLS, counters())
    most = len(maps.rings) * (2 + 1000 * took)
    tap.check(f"{mode}: few of them woke it", moved(before, "wakeups") <= most,
              (moved(before, "wakeups"), most))
    tap.check(f"{mode}: that says something", most < CALLS, most)


def watch(directory, mode):
    eve, policy = f"{directory}/{mode}.json", f"{directory}/{mode}.yaml"
    with open(policy, "w", encoding="ascii") as out:
        out.write(POLICY)
    wire = Wire()
    with Run(directory, mode, "-c", policy, "-i", box.WATCHED, "-m", mode, "--no-journal", "--eve",
             eve) as run:
        maps = Maps(os.environ.get("RPCSENTRY_PIN_DIR", "/sys/fs/bpf/rpcsentry"))
        idle(mode, eve, wire)
        busy(mode, wire, maps)
        maps.close()
        tap.equal(f"{mode}: it ends well", run.end()[0], 0)
    wire.socket.close()


def main():
    box.enter()
    directory = box.prepare()
    try:
        for mode in ("tc", "native"):
            watch(directory, mode)
    finally:
        shutil.rmtree(directory)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
