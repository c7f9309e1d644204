#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The processes of `rpcsentry run`: rights, signals, sudden deaths, what is left behind."""
import os
import select
import shutil
import signal
import socket
import subprocess
import sys

import run_sandbox as box
from run_sandbox import Run, Wire, until

sys.path.insert(0, os.path.join(box.TOP, "tests"))
from tap import Tap  # noqa: E402

PINS = "/sys/fs/bpf/rpcsentry"
# A mapping is whole pages.
PAGE = os.sysconf("SC_PAGE_SIZE")
PORTS_BYTES = (16384 + 8 + PAGE - 1) // PAGE * PAGE
# Of the default policy's size: one for each CPU, to a power of two, and 512 KiB each at the least.
RINGS = [f"ring_{n}" for n in range(min(16, 1 << (os.cpu_count() - 1).bit_length()))]
tap = Tap()


def status_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return dict(line.rstrip("\n").split(":", 1) for line in file)


def balanced(stats):
    kernel = stats["stats"]["kernel"]
    return kernel["rpc_seen"] == (kernel["records_sent"] + kernel["records_suppressed"]
                                  + kernel["records_lost"])


def check_nothing_left(what, programs):
    tap.check(f"{what}: programs are off", until(lambda: not box.programs_left(programs)),
              box.programs_left(programs))


def check_rights(role, pid):
    status = status_of(pid)
    caps = {name: status[name].strip() for name in ("CapInh", "CapPrm", "CapEff", "CapBnd",
                                                     "CapAmb")}
    tap.check(f"{role}: no capability", set(caps.values()) == {"0" * 16}, caps)
    tap.equal(f"{role}: no_new_privs", status["NoNewPrivs"].strip(), "1")
    tap.check(f"{role}: is not root", "0" not in status["Uid"].split() + status["Gid"].split(),
              status["Uid"])
    held = box.descriptors(pid)
    bad = [d for d in held.values() if "bpf-prog" in d or "bpf_link" in d or "bpf-link" in d
           or "rpcsentry.lock" in d]
    tap.check(f"{role}: holds no program, link or lock", not bad, held)
    return held


def life(directory, wire):
    eve = f"{directory}/life.json"
    with Run(directory, "life", "-i", box.WATCHED, "-m", "tc", "--eve", eve, "--no-journal") as run:
        children = box.children_of(run.pid)
        programs = box.programs_of(run.pid)
        tap.check("two processes without the journal", set(children) == {"rpcs-sensor"}, children)
        tap.check("the mode is told with its reason", f"{box.WATCHED}: mode tc, " in run.log,
                  run.log)
        tap.check("the parent holds the programs", bool(programs))
        held = check_rights("sensor", children["rpcs-sensor"])
        tap.equal("sensor: holds only the maps it reads, or tells the programs by",
                  box.maps_of(children["rpcs-sensor"], held),
                  [".data.bells", ".data.ports", ".data.sieve", "counters", "expected", "flows",
                   "over_budget", *RINGS, "rules", "sensitive", "silenced", "suppress", "tc_look",
                   "xdp_look"])
        tap.check("sensor: has the table of ports in its memory",
                  ("rw-s", PORTS_BYTES) in box.mapped_maps(children["rpcs-sensor"]),
                  box.mapped_maps(children["rpcs-sensor"]))

        wire.dump("10.77.0.9")
        tap.check("a DUMP call is an alert", until(lambda: box.alerts_of(eve)), box.lines_of(eve))
        tap.equal("it names the interface",
                  {e.get("in_iface") for e in box.alerts_of(eve)}, {box.WATCHED})
        tap.check("the event file is 0640", os.stat(eve).st_mode & 0o777 == 0o640)
        status, seconds = run.end()
    tap.equal("SIGTERM: exit status 0", status, 0)
    tap.check("SIGTERM: within 2 s", seconds < 2, seconds)
    last = box.lines_of(eve)[-1]
    tap.equal("the last line is stats", last["event_type"], "stats")
    tap.check("its sums agree", balanced(last) and last["stats"]["kernel"]["rpc_seen"] >= 1, last)
    calls = [e for e in box.lines_of(eve) if e["event_type"] == "portmap"]
    tap.check("the pending call has its line", len(calls) == 1, box.lines_of(eve))
    tap.check("standard output stays empty", run.out == "", run.out)
    check_nothing_left("SIGTERM", programs)
    tap.check("SIGTERM: pins are gone", not os.path.exists(PINS), os.path.exists(PINS))
    tap.check("SIGTERM: the lock is gone",
              not os.path.exists(os.environ["RPCSENTRY_RUN_DIR"] + "/rpcsentry.lock"))


def home(directory, wire):
    """Without a policy the prefixes of this host's interfaces are home: lookups from there pass."""
    eve = f"{directory}/home.json"
    with Run(directory, "home", "-i", box.WATCHED, "--eve", eve, "--no-journal") as run:
        wire.getport("10.77.0.30", 100005)
        wire.getport("203.0.113.30", 100005)
        until(lambda: alert_sources(eve))
        run.end()
    tap.equal("a lookup is an alert from outside only", alert_sources(eve), {"203.0.113.30"})


def alert_sources(eve):
    return {e["src_ip"] for e in box.lines_of(eve) if e["event_type"] == "alert"}


def interrupt(directory, wire):
    """^C goes to every process of the group; the parent alone answers."""
    eve = f"{directory}/interrupt.json"
    with Run(directory, "interrupt", "-i", box.WATCHED, "--eve", eve,
             start_new_session=True) as run:
        children = box.children_of(run.pid)
        tap.check("three processes with the journal",
                  set(children) == {"rpcs-sensor", "rpcs-journal"}, children)
        held = check_rights("journal writer", children["rpcs-journal"])
        tap.check("journal writer: holds no map", not [d for d in held.values() if "bpf" in d],
                  held)
        wire.dump("10.77.0.10")
        until(lambda: box.alerts_of(eve))
        os.killpg(run.pid, signal.SIGINT)
        tap.equal("^C: exit status 0", run.process.wait(10), 0)
    tap.equal("^C: the last line is stats", box.lines_of(eve)[-1]["event_type"], "stats")


def second(directory, wire):
    eve = f"{directory}/second.json"
    with Run(directory, "first", "-i", box.WATCHED, "--eve", eve, "--no-journal") as run:
        other = Run(directory, "other", "-i", "lo", "--no-journal", wait=False)
        tap.equal("a second run: exit status 1", other.process.wait(10), 1)
        tap.check("a second run: one line that names the first",
                  other.log.count("\n") == 1 and f"process {run.pid};" in other.log, other.log)
        wire.dump("10.77.0.11")
        tap.check("the first one goes on", until(lambda: box.alerts_of(eve)), run.log)
        tap.equal("and ends well", run.end()[0], 0)


def parent_killed(directory, wire):
    eve = f"{directory}/killed.json"
    with Run(directory, "killed", "-i", box.WATCHED, "--eve", eve) as run:
        children = box.children_of(run.pid)
        programs = box.programs_of(run.pid)
        wire.dump("10.77.0.12")
        until(lambda: box.alerts_of(eve))
        run.process.kill()
        run.process.wait()
        for name, pid in children.items():
            tap.check(f"SIGKILL of the parent: {name} ends", until(lambda p=pid: not box.alive(p)))
    check_nothing_left("SIGKILL of the parent", programs)
    tap.equal("SIGKILL of the parent: the last line is stats",
              box.lines_of(eve)[-1]["event_type"], "stats")
    with Run(directory, "again", "-i", box.WATCHED, "--no-journal") as run:
        tap.equal("a new run starts after it and ends well", run.end()[0], 0)


def is_full(pipe):
    """A pipe is by its pages, not by its bytes: what is written at once shares one."""
    return not select.select([], [pipe], [], 0)[1]


def stuck_sensor(directory, wire):
    """Nobody reads the events: the pipe is full when the parent is killed."""
    fifo, policy = f"{directory}/stuck.fifo", f"{directory}/stuck.yaml"
    os.mkfifo(fifo)
    with open(policy, "w", encoding="ascii") as out:
        out.write(f"sensor: {{interfaces: [{box.WATCHED}]}}\ntimeouts: {{call: 1s}}\n")
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    writer = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
    with Run(directory, "stuck", "-c", policy, "--no-journal", "--eve", fifo) as run:
        pid = box.children_of(run.pid)["rpcs-sensor"]
        for number in range(300):
            wire.dump(f"10.77.1.{number % 250}")
        tap.check("the events' pipe is full", until(lambda: is_full(writer)))
        run.process.kill()
        run.process.wait()
        tap.check("it ends after its parent all the same", until(lambda: not box.alive(pid)))
    os.close(writer)
    os.close(reader)


def child_killed(directory, _wire):
    for name in ("rpcs-sensor", "rpcs-journal"):
        eve = f"{directory}/{name}.json"
        with Run(directory, name, "-i", box.WATCHED, "--eve", eve) as run:
            children = box.children_of(run.pid)
            programs = box.programs_of(run.pid)
            told = run.log.count("\n")
            os.kill(children[name], signal.SIGKILL)
            tap.equal(f"{name} killed: exit status 1", run.process.wait(10), 1)
            new = [line for line in run.log.split("\n")[told:] if "on its own" in line]
            tap.check(f"{name} killed: one line says so",
                      len(new) == 1 and f"process {children[name]})" in new[0]
                      and "signal 9" in new[0], run.log)
            for pid in children.values():
                tap.check(f"{name} killed: process {pid} has ended", not box.alive(pid))
        check_nothing_left(f"{name} killed", programs)
        tap.check(f"{name} killed: pins are gone", not os.path.exists(PINS))


def rotation(directory, wire):
    eve = f"{directory}/rotated.json"
    with Run(directory, "rotated", "-i", box.WATCHED, "--eve", eve, "--no-journal") as run:
        wire.dump("10.77.0.13")
        until(lambda: box.alerts_of(eve))
        os.rename(eve, eve + ".1")
        run.process.send_signal(signal.SIGHUP)
        tap.check("SIGHUP: the event file is there again", until(lambda: os.path.exists(eve)),
                  run.log)
        tap.check("SIGHUP: it is told", until(lambda: "opened anew" in run.log), run.log)
        wire.dump("10.77.0.14")
        tap.check("SIGHUP: events go to the new file", until(lambda: box.alerts_of(eve)),
                  run.log)
        tap.equal("SIGHUP: the old file keeps its own", len(box.alerts_of(eve + ".1")), 1)
        sensor = box.children_of(run.pid)["rpcs-sensor"]
        tap.check("SIGHUP: the old file is closed",
                  until(lambda: eve + ".1" not in box.descriptors(sensor).values()),
                  box.descriptors(sensor))
        os.chmod(directory, 0o755)
        os.rename(eve, eve + ".2")
        os.mkdir(eve)
        run.process.send_signal(signal.SIGHUP)
        tap.check("SIGHUP: a file that cannot be opened is told",
                  until(lambda: "cannot open the event file" in run.log), run.log)
        wire.dump("10.77.0.15")
        tap.check("SIGHUP: the old one then goes on",
                  until(lambda: len(box.alerts_of(eve + ".2")) == 2), run.log)
        tap.equal("SIGHUP: ends well", run.end()[0], 0)


def vanish(directory, _wire):
    with Run(directory, "vanish", "-i", box.WATCHED, "--no-journal") as run:
        box.sh("ip", "link", "del", box.WATCHED)
        tap.check("a vanished interface is told",
                  until(lambda: f"{box.WATCHED}: the interface has vanished" in run.log), run.log)
        tap.equal("the run ends well all the same", run.end()[0], 0)
    box.add_veth()


def statistics(directory, _wire):
    eve, policy = f"{directory}/stats.json", f"{directory}/stats.yaml"
    with open(policy, "w", encoding="utf-8") as out:
        out.write(f"sensor: {{interfaces: [{box.WATCHED}], mode: tc}}\nstats: {{interval: 1s}}\n"
                  f"alerts: {{journal: false, eve: {eve}}}\n")
    with Run(directory, "stats", "-c", policy) as run:
        tap.check("the policy alone names interface and event file: a stats line each second",
                  until(lambda: len(box.lines_of(eve)) >= 2), run.log)
        tap.check("and no journal", set(box.children_of(run.pid)) == {"rpcs-sensor"})
        run.end()
    uptimes = [e["stats"]["uptime"] for e in box.lines_of(eve)]
    tap.check("the first after a second, none twice",
              uptimes[0] >= 1 and uptimes[:2] == sorted(set(uptimes[:2])), uptimes)


def outputs(directory, _wire):
    wire = Wire()  # the veth pair is a new one
    with Run(directory, "stdout", "-i", box.WATCHED, "--no-journal", "--eve", "-") as run:
        wire.dump("10.77.0.16")
        tap.check("--eve -: events on standard output",
                  until(lambda: box.alerts_of(run.out_path)), run.out)
        run.end()
    with Run(directory, "text", "-i", box.WATCHED, "--no-journal", "--text") as run:
        wire.dump("10.77.0.17")
        tap.check("--text: a line for people at once", until(lambda: "10.77.0.17" in run.out),
                  run.out)
        run.end()
    tap.check("--text: no colours on a pipe", "\033" not in run.out, run.out)


def refused(directory, _wire):
    bad = f"{directory}/bad.yaml"
    with open(bad, "w", encoding="utf-8") as out:
        out.write("sensor:\n  mood: auto\nalow: []\n")
    nobody = {"user": 65534, "group": 65534, "extra_groups": []}
    cases = (
        ("no such interface", ("-i", "rs-none0"), 1, ["rs-none0", "no such interface"], {}),
        ("no interface", (), 2, ["-i IFACE"], {}),
        ("unknown flag", ("--frobnicate",), 2, ["--frobnicate", "--help"], {}),
        ("unknown mode", ("-i", "lo", "-m", "warp"), 2, ["warp", "native"], {}),
        ("event file in no directory", ("-i", "lo", "--eve", "/nonexistent/e.json"), 1,
         ["/nonexistent/e.json"], {}),
        ("no such policy", ("-i", "lo", "-c", "/nonexistent/p.yaml"), 1,
         ["/nonexistent/p.yaml"], {}),
        ("driver mode on an interface that has none", ("-i", "lo", "-m", "native"), 1, ["lo"], {}),
        ("no privilege", ("-i", "lo"), 1, ["CAP_BPF", "CAP_NET_ADMIN", "CAP_PERFMON"], nobody),
    )
    binary = f"{directory}/rpcsentry"  # where nobody can reach it
    shutil.copy(box.BINARY, binary)
    for name, arguments, status, texts, popen in cases:
        done = subprocess.run([binary, "run", "--no-journal", *arguments], capture_output=True,
                              text=True, timeout=30, check=False, stdin=subprocess.DEVNULL, **popen)
        tap.equal(f"{name}: exit status", done.returncode, status)
        tap.check(f"{name}: one line with the mend",
                  done.stderr.count("\n") == 1 and done.stderr.startswith("rpcsentry: ")
                  and all(text in done.stderr for text in texts), done.stderr)
    done = subprocess.run([binary, "run", "-i", "lo", "-c", bad], capture_output=True, text=True,
                          timeout=30, check=False, stdin=subprocess.DEVNULL)
    tap.equal("bad policy: exit status", done.returncode, 2)
    tap.check("bad policy: every mistake with its place",
              f"{bad}:2:3: " in done.stderr and f"{bad}:3:1: " in done.stderr, done.stderr)


def keep(directory, _wire):
    wire = Wire()
    eve = f"{directory}/keep.json"
    with Run(directory, "keep", "-i", box.WATCHED, "--no-journal", "--keep") as run:
        programs = box.programs_of(run.pid)
        tap.equal("--keep: exit status 0", run.end()[0], 0)
    tap.check("--keep: the programs stay", box.programs_left(programs), run.log)
    wire.dump("10.77.0.18")
    with Run(directory, "kept", "-i", box.WATCHED, "--no-journal", "--keep", "--eve", eve) as run:
        tap.check("--keep: the next run tells what came in between",
                  until(lambda: box.alerts_of(eve)), run.log)
        wire.dump("10.77.0.19")
        tap.check("--keep: and what comes then", until(lambda: len(box.alerts_of(eve)) == 2),
                  run.log)
        programs |= box.programs_of(run.pid)
        tap.equal("--keep: once more with exit status 0", run.end()[0], 0)
    box.sh(box.BINARY, "detach", check=False)
    check_nothing_left("detach after --keep", programs)
    tap.check("detach after --keep: pins are gone", not os.path.exists(PINS))


def service_manager(directory, _wire):
    path = f"{directory}/notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        manager.settimeout(10)
        with Run(directory, "notify", "-i", box.WATCHED, "--no-journal",
                 env=dict(os.environ, NOTIFY_SOCKET=path)) as run:
            tap.check("READY=1 once it watches", b"READY=1" in manager.recv(4096))
            run.end()
            tap.check("STOPPING=1 at the end", b"STOPPING=1" in manager.recv(4096))


def main():
    box.enter()
    directory = box.prepare()
    wire = Wire()
    try:
        for group in (life, home, interrupt, second, parent_killed, stuck_sensor, child_killed, rotation,
                      vanish, statistics, outputs, refused, keep, service_manager):
            tap.guard(group.__name__, group, directory, wire)
    finally:
        shutil.rmtree(directory)
    return tap.done()


sys.exit(main())
