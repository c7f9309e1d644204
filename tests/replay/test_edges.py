#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Each threshold that a policy can set, at its edge: what fires there does not fire one below, with
the values of the built-in policy, which are read from it, and with others. Then the limits that no
policy sets. Windows of rates are counted in eighths (user/detect/rate.h): so wide is their edge."""
import re
import subprocess
import sys

import scene as sc
from scene import CLIENT, OUTSIDE, SERVER, Scene, host
from tap import Tap
from talk import DUMP, NFS, NULL, SET, UNSET, call, lookup, record, reply, services, words

HOME = "networks: {home: [10.0.0.0/8]}\n"
CHANGED = HOME + """detections:
  portmap-sweep: {hosts: 5, window: 20s, slow_hosts: 9, slow_window: 10m}
  portmap-fanout: {programs: 3, servers: 4, window: 20s, slow: 6, slow_window: 10m}
  rpc-port-scan: {ports: 3, window: 20s}
  rpc-grind: {programs: 3, window: 20s}
  rpc-sweep: {hosts: 5, window: 20s}
  lookup-then-call: {window: 30s}
  portmap-amplification: {ratio: 10, window: 4s, bytes: 50000}
  portmap-reflection-victim: {rate: 20}
  portmap-flood: {calls: 100, dumps: 3}
  portmap-idle-connections: {connections: 5, idle: 60s}
  rpc-pipeline-flood: {pending: 10}
"""
UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
NSRSTAT, NLM, LEGATO_PORT = 390109, 100021, 7938
tap = Tap()


def thresholds(text):
    """{(detection, key): number, or seconds} of a policy."""
    found = {}
    for name, inside in re.findall(r"^  ([a-z-]+):\s*\{([^}]*)\}", text, re.MULTILINE):
        for key, number, unit in re.findall(r"(\w+): (\d+)(ms|[smh])?", inside):
            found[name, key] = int(number) * UNITS.get(unit, 1)
    return found


def spread(count, seconds, one):
    """So many things, the last one so long after the first."""
    made = Scene()
    for number in range(count):
        one(made, number)
        if number < count - 1:
            made.wait(sc.START_NS / 1e9 + seconds * (number + 1) / (count - 1) - made.now_ns / 1e9)
    return made


def syn(made, number):
    made.syn(OUTSIDE, 2000 + number, host(number))


def service_syn(made, number):
    made.syn(CLIENT, 2000 + number, host(number), 2049)


def programs(made, number):
    made.ask(OUTSIDE, 900, SERVER, lookup(made.number(), NSRSTAT + number))


def servers(made, number):
    made.ask(OUTSIDE, 900, host(number), lookup(made.number(), NSRSTAT))


def ports(made, number):
    made.syn(CLIENT, 2000, SERVER, 32768 + number)


def grind(made, number):
    made.ask(CLIENT, 900, SERVER, call(made.number(), 100001 + number, 5555, 0), None, 32790)


def grind_versions(made, number):
    made.ask(CLIENT, 900 + number, SERVER, call(made.number(), 100001 + number, 5555 + number, 0),
             None, 32790)


def used(_count, seconds):
    """A lookup, and the call that long after it was answered."""
    made = Scene()
    xid = made.number()
    made.ask(CLIENT, 900, SERVER, lookup(xid, NSRSTAT), reply(xid, words(LEGATO_PORT)))
    made.wait(seconds - 0.001)
    return made.ask(CLIENT, 900, SERVER, call(xid + 1, NSRSTAT, 1), None, LEGATO_PORT)


def amplify(count, seconds, size=1000):
    """Calls of 40 bytes, and replies of `size`."""
    def one(made, number):
        xid = made.number()
        made.ask(CLIENT, 1000 + number, SERVER, call(xid, version=3), reply(xid, bytes(size - 24)))
    return spread(count, seconds, one)


def unasked(count, seconds):
    return spread(count, seconds, lambda made, number: made.udp(
        host(number % 250), 111, CLIENT, 500 + number, reply(number, bytes(600))))


def flood(count, seconds, procedure=NULL):
    """Closer than a millisecond: the frames are given their times."""
    made = Scene()
    for number in range(count):
        made.ask(CLIENT, 500 + number, SERVER, call(number, procedure=procedure))
    made.times = [sc.START_NS + int(seconds * 1e9 * number / count) for number in range(count)]
    return made


def dumps(count, seconds):
    return flood(count, seconds, DUMP)


def idle(count, seconds, source=lambda number: OUTSIDE):
    """Connections, and a call of somebody else when the last has been silent for so long."""
    made = Scene()
    for number in range(count):
        made.open(source(number), 10000 + number, SERVER)
    return made.wait(seconds).ask(CLIENT, 700, SERVER, call(9))


def pipeline(count, _seconds):
    made = Scene()
    made.open(OUTSIDE, 900, SERVER).say(b"".join(record(call(made.number()))
                                                 for _ in range(count)))
    return made


def counted(one):
    return lambda count, seconds: spread(count, seconds, one)


# (detection, key of how many, key of how long or seconds, what makes it, more than that many, width
# of the window's edge).
EDGES = [
    ("portmap-sweep", "hosts", "window", counted(syn), 0, 0.001),
    ("portmap-sweep", "slow_hosts", "slow_window", counted(syn), 0, 0.001),
    ("portmap-fanout", "programs", "window", counted(programs), 0, 0.001),
    ("portmap-fanout", "servers", "window", counted(servers), 0, 0.001),
    ("portmap-fanout", "slow", "slow_window", counted(programs), 0, 0.001),
    ("portmap-fanout", "slow", "slow_window", counted(servers), 0, 0.001),
    ("rpc-port-scan", "ports", "window", counted(ports), 0, 0.001),
    ("rpc-grind", "programs", "window", counted(grind), 0, 0.001),
    ("rpc-sweep", "hosts", "window", counted(service_syn), 0, 0.001),
    ("lookup-then-call", 1, "window", used, 0, 0.001),
    ("portmap-reflection-victim", "rate", 1, unasked, 0, 0.15),
    ("portmap-flood", "calls", 1, flood, 1, 0.15),
    ("portmap-flood", "dumps", 1, dumps, 1, 0.15),
    ("portmap-idle-connections", "connections", None, idle, 0, 0),
    ("rpc-pipeline-flood", "pending", None, pipeline, 0, 0),
]


def fires(name, made, policy):
    """How many alerts of it, each counted once."""
    rows = sc.summary(made.events(policy))
    return sum(row[0] == name for row in rows)


def edge(values, policy, row):
    name, count_key, time_key, make, over, width = row
    count = values.get((name, count_key), count_key) + over
    seconds = values.get((name, time_key), time_key) or 2 * values.get((name, "idle"), 1)
    what = f"{name}, {count_key} {count} in {time_key} {seconds} s"
    inside = seconds * (1 - width)
    tap.equal(f"{what}: at the edge", fires(name, make(count, inside), policy), 1)
    if count > 1:
        tap.equal(f"{what}: one fewer", fires(name, make(count - 1, inside), policy), 0)
    if time_key and over == 0:
        tap.equal(f"{what}: a little later", fires(
            name, make(count, seconds * (1 + 2 * width)), policy), 0)


def amplification(values, policy):
    name = "portmap-amplification"
    ratio, window, least = (values[name, key] for key in ("ratio", "window", "bytes"))
    count = -(-least // (40 * ratio))
    tap.equal(f"{name}: ratio {ratio}", fires(name, amplify(count, 1, 40 * ratio), policy), 1)
    tap.equal(f"{name}: a little less", fires(name, amplify(count + 20, 1, 40 * ratio - 4), policy),
              0)
    count = least // 1000
    tap.equal(f"{name}: {least} bytes", fires(name, amplify(count, 1), policy), 1)
    tap.equal(f"{name}: fewer", fires(name, amplify(count - 1, 1), policy), 0)
    tap.equal(f"{name}: within {window} s", fires(name, amplify(count, window * 0.85), policy), 1)
    tap.equal(f"{name}: in more", fires(name, amplify(count, window * 1.15), policy), 0)


def idle_time(values, policy):
    name = "portmap-idle-connections"
    count, silent = values[name, "connections"], values[name, "idle"]
    tap.equal(f"{name}: silent for {silent} s", fires(name, idle(count, silent), policy), 1)
    tap.equal(f"{name}: less", fires(name, idle(count, silent - 0.01), policy), 0)


def limits(_values, policy):
    """What detections.md says in figures that no policy sets."""
    name = "rpc-grind"
    window = 60
    tap.equal(f"{name}: 8 programs, each with a version of its own", fires(
        name, spread(8, window * 0.99, grind_versions), policy), 1)
    tap.equal(f"{name}: 7", fires(name, spread(7, window * 0.99, grind_versions), policy), 0)
    name = "portmap-idle-connections"
    many = {count: fires(name, idle(count, 40, lambda number: f"172.16.{number % 9}.{number // 9}"),
                         policy) for count in (255, 256)}
    tap.equal(f"{name}: 256 of a server, of many sources", many, {255: 0, 256: 1})
    name = "portmap-set-dump-pair"
    for seconds, expected in ((180, 1), (180.001, 0)):
        made = Scene()
        made.ask(OUTSIDE, 700, SERVER, call(1, procedure=SET, arguments=words(NSRSTAT, 1, 17, 9)))
        made.wait(seconds - 0.001).ask(OUTSIDE, 701, SERVER, call(2, procedure=DUMP))
        tap.equal(f"{name}: within {seconds} s", fires(name, made, policy), expected)
    for seconds, severity in ((600, "1"), (600.001, "4")):
        made = Scene()
        for xid, port in ((1, 7000), (2, 7001)):
            made.ask(CLIENT, 700, SERVER, lookup(xid, NSRSTAT), reply(xid, words(port)))
            if xid == 1:
                made.ask(OUTSIDE, 700, SERVER, call(9, procedure=UNSET, arguments=words(
                    NSRSTAT, 3, 0, 0))).wait(seconds - 0.002)
        rows = [row[1] for row in sc.summary(made.events(policy))
                if row[0] == "portmap-mapping-changed"]
        tap.equal(f"portmap-mapping-changed: {seconds} s after an UNSET", rows, [severity])
    for seconds, expected in ((3600, 0), (3600.001, 1)):
        made = Scene()
        made.ask(CLIENT, 700, OUTSIDE, call(1, NFS, 3), reply(1), 2049)
        made.wait(seconds - 0.001).ask(OUTSIDE, 700, CLIENT, call(2, NLM, 4, 5), None, 4045)
        tap.equal(f"a callback after {seconds} s", fires("rpc-direct-sensitive", made, policy),
                  expected)


def big_lists(_values, _policy):
    """Over 1 MB of lists at ratio 3, where the window's bytes say nothing."""
    name, size = "portmap-amplification", 40000
    policy = HOME + "detections: {portmap-amplification: {ratio: 2000}}\n"
    answer = services(*((200000 + number, 700) for number in range(size // 20)))
    for count, expected in ((24, 0), (25, 1)):
        made = Scene()
        for number in range(count):
            made.ask(CLIENT, 1000 + number, SERVER, call(number, procedure=DUMP), reply(
                number, answer))
        tap.equal(f"{name}: lists of {count * size} bytes", fires(name, made, policy), expected)


def direct_ok(_values, policy):
    """A list of what may be called directly replaces the built-in one."""
    listed = HOME + "detections: {rpc-direct: {ok: [{program: nsrstat, port: 7938}]}}\n"
    for what, rules, program, port, expected in (
            ("nsrstat", policy, NSRSTAT, 7938, {"rpc-direct": 1}),
            ("nsrstat, listed", listed, NSRSTAT, 7938, {}),
            ("nsrstat at another port", listed, NSRSTAT, 7939, {"rpc-direct": 1}),
            ("nfs", policy, NFS, 2049, {}),
            ("nfs, not listed", listed, NFS, 2049, {"rpc-direct-sensitive": 1})):
        made = Scene().ask(OUTSIDE, 900, SERVER, call(1, program, 3, 1), None, port)
        found = {name: fires(name, made, rules) for name in ("rpc-direct", "rpc-direct-sensitive")}
        tap.equal(f"ok: {what}", {name: count for name, count in found.items() if count}, expected)


def main():
    shown = subprocess.run([sc.BINARY, "check", "--print-default"], capture_output=True, text=True,
                           timeout=30, check=True).stdout
    default = thresholds(shown)
    for kind, values, policy in (("default", default, HOME),
                                 ("changed", thresholds(CHANGED), CHANGED)):
        for row in EDGES:
            tap.guard(f"{kind}: {row[:3]}", edge, values, policy, row)
        tap.guard(f"{kind}: amplification", amplification, values, policy)
        tap.guard(f"{kind}: idle", idle_time, values, policy)
    for group in (limits, big_lists, direct_ok):
        tap.guard(group.__name__, group, default, HOME)
    covered = {(row[0], key) for row in EDGES for key in row[1:3]} | {
        ("portmap-amplification", key) for key in ("ratio", "window", "bytes")} | {
            ("portmap-idle-connections", "idle")}
    # How long a sensor learns is a live one's: netns/test_run_direct.py and test_run_inventory.py.
    tap.equal("every threshold of the built-in policy has its edge here",
              {key for key in default if key[1] != "learn"} - covered, set())
    sc.check_schema(tap)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
