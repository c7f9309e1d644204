# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The cases of test_alerts.sh; runs inside its lab. Each tool is used before a sensor of its own on
the gateway, so that nothing folds with what another did."""
import json
import subprocess
import sys

import e2e
from e2e import SERVER, Sensor, on, send, tap, until

NETWORK, WAN = "192.168.77.", "203.0.113.1"
MOUNTD, STATUS, STATUS_PORT, MNT = "100005", "100024", "20024", "1"
e2e.POLICY = """networks: {home: [192.168.77.0/24, "2001:db8:2::/64"]}
allow: [{calls: NULL}]
detections: {rpc-direct: {learn: 0s}}
timeouts: {call: 2s}
"""


def journal():
    """All entries of the sensor, oldest first."""
    subprocess.run(["journalctl", "--sync"], check=True, timeout=30)
    done = subprocess.run(["journalctl", "-q", "--no-pager", "-t", "rpcsentry", "-o", "json"],
                          capture_output=True, text=True, timeout=30, check=False)
    return [json.loads(line) for line in done.stdout.splitlines()]


def summary(entries):
    """(detection, severity, outcome, count) of the last entry of each alert."""
    last = {}
    for entry in entries:
        if "RPCS_ALERT_ID" in entry:
            last[entry["RPCS_ALERT_ID"]] = tuple(entry[f"RPCS_{field}"] for field in (
                "DETECTION", "SEVERITY", "OUTCOME", "COUNT"))
    return sorted(last.values())


def used(what, use):
    before = len(journal())
    with Sensor(what.replace(" ", "-"), "gateway", "-i", "wan,lan", "-m", "tc") as sensor:
        use()
        tap.check(f"{what}: all that was seen is accounted for", until(
            lambda: e2e.balanced(e2e.settled())))
        sensor.stop()
        tap.equal(f"{what}: the sensor ends well", sensor.status, 0)
    return summary(journal()[before:])


def exactly(what, use, alerts):
    tap.equal(what, used(what, use), sorted(alerts))


def named(what, use, names):
    """Which detections; how often each depends on how fast the tool is, and on its version."""
    tap.equal(what, sorted({row[0] for row in used(what, use)}), sorted(names))


def client(*command):
    return lambda: on("client", *command)


def nmap(*arguments):
    return client("nmap", "-n", "-Pn", *arguments)


def sent(*arguments):
    return lambda: send(*arguments)


LISTED = [("portmap-dump", "2", "success", "1"), ("portmap-dump-exposed", "1", "success", "1")]
FOUND = ("portmap-getport-sensitive", "1", "success", "1")
EXACTLY = [
    # It looks up the portmapper itself first.
    ("rpcinfo -p", client("rpcinfo", "-p", SERVER),
     LISTED + [("portmap-getport", "3", "success", "1")]),
    ("rpcinfo -s", client("rpcinfo", "-s", SERVER), LISTED),
    ("rpcinfo -m", client("rpcinfo", "-m", SERVER), [("portmap-getstat", "2", "success", "1")]),
    ("rpcinfo -T udp", client("rpcinfo", "-T", "udp", SERVER, STATUS),
     [FOUND, ("lookup-then-call", "4", "prog_mismatch", "1")]),
    # A broadcast on its own link, and nobody there to answer.
    ("rpcinfo -b", client("timeout", "3", "rpcinfo", "-b", "100002", "2"), []),
    ("nmap sweep", nmap("-sS", "-T5", "--max-retries", "0", "-p111", NETWORK + "0/27"),
     [("portmap-sweep", "2", "attempt", "1")]),
    ("nmap rpcinfo", nmap("-sS", "-p111", "--script", "rpcinfo", SERVER), LISTED),
    ("UNSET", sent("call", SERVER, "2", MOUNTD, "3", "udp", "0"),
     [("portmap-unset-remote", "1", "denied", "1")]),
    ("SET", sent("call", SERVER, "1", MOUNTD, "3", "udp", "31337"),
     [("portmap-set-remote", "1", "denied", "1")]),
    ("CALLIT", sent("call", SERVER, "5", MOUNTD, "3", MNT, "0"),
     [("portmap-callit", "1", "denied", "1"),
      ("portmap-callit-forbidden-target", "1", "denied", "1")]),
    # The gateway's kernel drops it, after the programs have seen it.
    ("spoof", sent("spoof", "eth0", WAN, "127.0.0.1", SERVER, MOUNTD),
     [("portmap-spoofed-local", "1", "attempt", "1"),
      ("portmap-unset-remote", "1", "attempt", "1")]),
]
PROBES = ["portmap-unknown-procedure", "portmap-wrong-program", "tool-fingerprint"]
NAMED = [
    # Registered, and nobody at that port.
    ("showmount -e", client("showmount", "-e", SERVER), [FOUND[0], "lookup-then-call"]),
    ("nmap -sV", nmap("-sS", "-sV", "-p111", SERVER), [
        "portmap-dump", "portmap-dump-exposed", *PROBES]),
    ("nmap -sU", nmap("-sU", "-p111", SERVER), PROBES),
    # Programs one after the other at a service's own port; its name is the last.
    ("nmap rpc-grind", nmap("-sS", "-sV", "-p" + STATUS_PORT, SERVER), [
        "portmap-alt-port", "portmap-unknown-procedure", "rpc-direct", "rpc-direct-sensitive",
        "rpc-grind", "tool-fingerprint"]),
]


def main():
    for cases, check in ((EXACTLY, exactly), (NAMED, named)):
        for what, use, alerts in cases:
            tap.guard(what, check, what, use, alerts)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
