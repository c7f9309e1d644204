#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""`rpcsentry run` whose events cannot be written, and the rights that its parent keeps."""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import run_sandbox as box
from run_sandbox import Run, Wire, until

sys.path.insert(0, os.path.join(box.TOP, "tests"))
from tap import Tap  # noqa: E402

CAP_DAC_OVERRIDE, CAP_KILL, CAP_NET_ADMIN, CAP_BPF = 1, 5, 12, 39
tap = Tap()


def clients(wire, count, first=0):
    """A call each: every one is a `portmap` line by its end, and an alert unless there are many."""
    for number in range(first, first + count):
        wire.dump(f"10.77.{1 + number // 250}.{1 + number % 250}")


def lines_lost(log):
    found = re.search(r"(\d+) event lines not written", log)
    return int(found.group(1)) if found else None


def told(run, text):
    return [line for line in run.log.split("\n") if text in line]


def is_whole(path):
    with open(path, encoding="ascii") as file:
        text = file.read()
    try:
        return text.endswith("\n") and all(json.loads(line) for line in text.split("\n")[:-1])
    except ValueError:
        return False


def fill(path, leave):
    free = os.statvfs(os.path.dirname(path)).f_bavail * os.statvfs(os.path.dirname(path)).f_bsize
    with open(path, "wb") as out:
        out.write(b"x" * max(free - leave, 0))


def full_disk(directory, wire):
    disk = f"{directory}/disk"
    os.mkdir(disk)
    box.sh("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk)
    os.chmod(disk, 0o755)
    eve = f"{disk}/eve.json"
    with Run(directory, "full", "-i", box.WATCHED, "--no-journal", "--eve", eve) as run:
        wire.dump("10.77.9.1")
        until(lambda: box.alerts_of(eve))
        fill(f"{disk}/ballast", 4096)
        clients(wire, 12)
        tap.check("a full disk is told", until(lambda: told(run, "No space left")), run.log)
        tap.check("the file holds whole lines only", is_whole(eve))
        os.unlink(f"{disk}/ballast")
        wire.dump("10.77.9.2")
        tap.check("that it is over is told", until(lambda: told(run, "written again")), run.log)
        tap.check("and what waited is there", until(lambda: len(box.alerts_of(eve)) == 14),
                  len(box.alerts_of(eve)))
        fill(f"{disk}/ballast", 0)
        clients(wire, 12, 12)
        until(lambda: len(told(run, "No space left")) == 2)
        tap.equal("full at the end: exit status 1", run.end()[0], 1)
    tap.equal("each time is told once", len(told(run, "No space left")), 2)
    tap.check("full at the end: whole lines only", is_whole(eve))
    tap.check("full at the end: the closing line has the lines lost", lines_lost(run.log), run.log)
    box.sh("umount", disk)


def full_device(directory, wire):
    if not os.path.exists("/dev/full"):
        tap.skip("a full device", "no /dev/full here")
        return
    with Run(directory, "device", "-i", box.WATCHED, "--no-journal", "--eve", "/dev/full") as run:
        wire.dump("10.77.9.3")
        tap.check("/dev/full is told", until(lambda: told(run, "/dev/full: events")), run.log)
        tap.equal("/dev/full: exit status 1", run.end()[0], 1)
    tap.equal("/dev/full: told once", len(told(run, "/dev/full: events")), 1)
    # alert, call and the last stats line
    tap.equal("/dev/full: three lines lost", lines_lost(run.log), 3)


def stalled_reader(directory, wire):
    fifo, policy = f"{directory}/stalled.fifo", f"{directory}/stalled.yaml"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    with open(policy, "w", encoding="utf-8") as out:
        out.write(f"sensor: {{interfaces: [{box.WATCHED}]}}\ntimeouts: {{call: 1s}}\n")
    with Run(directory, "stalled", "-c", policy, "--no-journal", "--text", "--eve", fifo) as run:
        for _ in range(8):
            clients(wire, 500)
            time.sleep(0.2)  # paced: the ring is not what is tested
        tap.check("a reader that stopped costs lines, which is told",
                  until(lambda: told(run, "its reader has stopped")), run.log)
        wire.getport("10.77.9.4", 390109)  # a detection that has room left for its line
        tap.check("the sensor goes on", until(lambda: "10.77.9.4" in run.out), run.log)
        status, seconds = run.end(signal.SIGINT)
    os.close(reader)
    tap.equal("a stopped reader: exit status 1", status, 1)
    tap.check("a stopped reader: the end takes no longer than 4 s", seconds < 4, seconds)
    tap.check("a stopped reader: the lines lost are told", lines_lost(run.log), run.log)


def full_socket(directory, _wire):
    """The sensor stands still, and what the parent has for it fills their socket."""
    eve = f"{directory}/socket.json"
    with Run(directory, "socket", "-i", box.WATCHED, "--no-journal", "--eve", eve) as run:
        sensor = box.children_of(run.pid)["rpcs-sensor"]
        os.kill(sensor, signal.SIGSTOP)
        for _ in range(2000):
            run.process.send_signal(signal.SIGHUP)
            time.sleep(0.001)
            if "cannot hand" in run.log:
                break
        tap.check("the socket is full", "cannot hand" in run.log, run.log[-300:])
        run.process.send_signal(signal.SIGTERM)
        until(lambda: not box.programs_of(run.pid))
        os.kill(sensor, signal.SIGCONT)
        start = time.monotonic()
        try:
            status = run.process.wait(8)
        except subprocess.TimeoutExpired:
            status = None
        tap.equal("a full socket: ends all the same, well", status, 0)
        tap.check("a full socket: soon", time.monotonic() - start < 4)


def caps_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def parent_rights(directory, _wire):
    least = 1 << CAP_BPF | 1 << CAP_NET_ADMIN | 1 << CAP_KILL
    for name, arguments, allowed in (
            ("without a file", ("--eve", "-"), least),
            ("with a file", ("--eve", f"{directory}/rights.json"),
             least | 1 << CAP_DAC_OVERRIDE)):
        with Run(directory, "rights", "-i", box.WATCHED, "--no-journal", *arguments) as run:
            status = caps_of(run.pid)
            run.end()
        for caps in ("CapPrm", "CapEff", "CapBnd"):
            tap.equal(f"parent {name}: {caps}", int(status[caps], 16), allowed)
        tap.equal(f"parent {name}: no_new_privs", status["NoNewPrivs"], "1")


def root_children(directory, _wire):
    """Root without the right to become another user: its children would stay root."""
    if not shutil.which("setpriv"):
        tap.skip("root without CAP_SETUID", "setpriv is not installed")
        return
    eve = f"{directory}/rootchild.json"
    done = subprocess.run(["setpriv", "--bounding-set", "-setuid,-setgid", box.BINARY, "run", "-i",
                           box.WATCHED, "--no-journal", "--eve", eve], capture_output=True,
                          text=True, timeout=30, check=False, stdin=subprocess.DEVNULL)
    tap.equal("root without CAP_SETUID: exit status", done.returncode, 1)
    tap.check("root without CAP_SETUID: one line with the mend",
              done.stderr.count("\n") == 1 and "CAP_SETUID" in done.stderr
              and "root" in done.stderr, done.stderr)


def main():
    box.enter()
    directory = box.prepare()
    wire = Wire()
    try:
        for group in (full_disk, full_device, stalled_reader, full_socket, parent_rights,
                      root_children):
            tap.guard(group.__name__, group, directory, wire)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return tap.done()


sys.exit(main())
