#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""schema/eve.json must take right lines and refuse wrong ones, each with its one mistake (TAP)."""
import copy
import json
import os
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VALIDATOR = os.path.join(TOP, "scripts", "validate-eve.py")

FLOW = {"timestamp": "2026-11-22T01:15:57.123456+0000", "flow_id": 5, "pcap_cnt": 4,
        "src_ip": "10.0.0.1", "src_port": 856, "dest_ip": "10.0.0.2", "dest_port": 111,
        "proto": "UDP", "community_id": "1:LQU9qZlK+B5F3KDmev6m5PMibrg="}
CALL = {"type": "call", "xid": 1, "program": 100000, "program_version": 2, "procedure": 3,
        "length": 56, "source": "kernel", "auth": {"flavor": "AUTH_NONE"}}
REPLY = {"type": "reply", "xid": 1, "reply_stat": "accepted", "accept_stat": "success",
         "length": 28, "source": "kernel"}
ALERT = {"action": "allowed", "gid": 1110, "signature_id": 1110001, "rev": 1,
         "signature": "PORTMAP DUMP not allowed by policy",
         "category": "Attempted Information Leak", "severity": 2, "name": "portmap-dump",
         "id": "019ab7c2-d3e4-7f50-9122-334455667788", "outcome": "attempt", "count": 1,
         "evidence": ["text"]}
STATS = {"uptime": 1, "capture": {"kernel_packets": 1, "kernel_drops": 0}, "agent": {"calls": 1},
         "kernel": {"packets": 1, "rpc_seen": 1, "records_sent": 1, "records_suppressed": 0,
                    "records_lost": 0}}
MAPPING = {"program": 100003, "version": 3, "protocol": 6, "port": 2049}
RIGHT = {
    "call": {**FLOW, "event_type": "rpc", "rpc": CALL, "portmap": MAPPING},
    "in a tunnel": {**FLOW, "event_type": "rpc", "rpc": CALL, "tunnel": "vxlan"},
    "reply": {**FLOW, "event_type": "rpc", "rpc": REPLY,
              "portmap": {"mappings": [MAPPING], "mappings_count": 1}},
    "transaction": {**FLOW, "event_type": "portmap", "portmap": {"reply": {"port": 1}},
                    "rpc": {**CALL, "status": "success", "rtt_us": 7, "retransmissions": 0}},
    "alert": {**FLOW, "event_type": "alert", "alert": ALERT, "rpc": CALL},
    "update": {**FLOW, "event_type": "alert_update", "alert": {**ALERT, "update": True}},
    "stats": {"timestamp": FLOW["timestamp"], "event_type": "stats", "stats": STATS},
    "new server": {**FLOW, "event_type": "services",
                   "services": {"change": "new_server", "server": "10.0.0.2",
                                "first_seen": FLOW["timestamp"]}},
    "changed": {**FLOW, "event_type": "services",
                "services": {"change": "changed", "server": "10.0.0.2", "program": 100003,
                             "version": 3, "netid": "tcp", "protocol": 6, "port": 2049,
                             "old_port": 2050, "learned_from": "lookup",
                             "first_seen": FLOW["timestamp"]}},
}
GONE = object()
# (a right line, the path of one member, what it becomes)
WRONG = [
    ("call", "timestamp", GONE), ("call", "timestamp", "2026-11-22T01:15:57.123456Z"),
    ("call", "timestamp", "2026-11-22T01:15:57.123+0000"), ("call", "event_type", GONE),
    ("call", "event_type", "message"), ("call", "src_ip", GONE), ("call", "src_ip", "host.example"),
    ("call", "src_ip", "10.0.0.256"), ("call", "src_ip", "fd66:0::1"), ("call", "src_port", "856"),
    ("call", "dest_port", 65536), ("call", "proto", "udp"), ("call", "vlan", []),
    ("call", "tunnel", None), ("call", "tunnel", "l2tp"), ("stats", "tunnel", "gre"),
    ("call", "vlan", [4096]), ("call", "flow_id", 0), ("call", "flow_id", 2**51),
    ("call", "flow_id", GONE), ("call", "community_id", "LQU9qZlK+B5F3KDmev6m5PMibrg="),
    ("call", "in_iface", "eth0"), ("call", "unknown", 1), ("call", "alert", ALERT),
    ("call", "tcp", {"handshake": True, "midstream": False}), ("call", "pcap_cnt", 0),
    ("call", "rpc", GONE), ("call", "rpc.type", "CALL"), ("call", "rpc.xid", -1),
    ("call", "rpc.xid", 2**32), ("call", "rpc.program", GONE), ("call", "rpc.rpc_version", 2),
    ("call", "rpc.reply_stat", "accepted"), ("call", "rpc.status", "success"),
    ("call", "rpc.source", "user"), ("call", "rpc.length", 20), ("call", "rpc.truncated", False),
    ("call", "rpc.auth.flavor", 0), ("call", "rpc.auth.flavor", "6"),
    ("call", "rpc.auth.uid", 0), ("call", "rpc.auth.unknown", 0), ("call", "rpc.unknown", 0),
    ("call", "portmap.prog", 1), ("call", "portmap.version", GONE), ("call", "portmap.reply", {}),
    ("call", "portmap.port", True),
    ("reply", "rpc.reply_stat", GONE), ("reply", "rpc.accept_stat", "0"),
    ("reply", "rpc.accept_stat", "prog_mismatch"), ("reply", "rpc.accept_stat", "6"),
    ("reply", "rpc.reject_stat", "auth_error"),
    ("reply", "rpc.auth", {"flavor": "AUTH_NONE"}), ("reply", "rpc.program", 100000),
    ("reply", "rpc.truncated", True), ("reply", "portmap.mappings.0.port", GONE),
    ("reply", "portmap.mappings.0.netid", "tcp"), ("reply", "portmap.mappings", [MAPPING] * 257),
    ("transaction", "rpc.status", GONE), ("transaction", "rpc.status", "ok"),
    ("transaction", "rpc.status", "timeout"), ("transaction", "rpc.type", "reply"),
    ("transaction", "rpc.retransmissions", GONE), ("transaction", "event_type", "rpc_call"),
    ("transaction", "rpc.program", 100003), ("transaction", "proto", "TCP"),
    ("transaction", "portmap.reply.reply", {}),
    ("alert", "alert", GONE), ("alert", "alert.gid", 1), ("alert", "alert.severity", 0),
    ("alert", "alert.severity", 5), ("alert", "alert.category", "Other"),
    ("alert", "alert.outcome", "failed"), ("alert", "alert.id", "1234"),
    ("alert", "alert.count", 0), ("alert", "alert.evidence", ["caf\u00e9"]),
    ("alert", "alert.evidence", "text"), ("alert", "alert.update", False),
    ("alert", "alert.typo", 1), ("alert", "rpc.type", "reply"),
    ("update", "alert.update", GONE), ("update", "event_type", "portmap"),
    ("stats", "stats", GONE), ("stats", "stats.kernel.records_lost", GONE),
    ("stats", "stats.kernel.packets", -1), ("stats", "stats.agent.calls", "1"),
    ("stats", "stats.capture.kernel_drops", GONE), ("stats", "stats.uptime", 1.5),
    ("stats", "src_ip", "10.0.0.1"), ("stats", "stats.unknown", {}),
    ("new server", "services.port", 2049), ("new server", "services.server", "host"),
    ("new server", "src_ip", GONE), ("new server", "services", GONE),
    ("changed", "services.old_port", GONE), ("changed", "services.change", "removed"),
    ("changed", "services.port", 0), ("changed", "services.port", 65536),
    ("changed", "services.netid", "local"), ("changed", "services.program", GONE),
    ("changed", "services.learned_from", "guess"), ("changed", "services.first_seen", 5),
    ("changed", "services.unknown", 1), ("changed", "rpc", CALL),
]
RAW = {
    "cut line": b'{"timestamp":\n', "no newline": json.dumps(RIGHT["call"]).encode(),
    "a key twice": b'{"event_type":"stats",' + json.dumps(RIGHT["stats"]).encode()[1:] + b"\n",
    "raw UTF-8": json.dumps({**RIGHT["call"], "sensor": "caf\u00e9"},
                            ensure_ascii=False).encode() + b"\n",
    "raw escape": b'{"a":"\x1b[2J"}\n', "empty line": b"\n",
}


def changed(line, path, value):
    line = copy.deepcopy(line)
    at, parts = line, path.split(".")
    for part in parts[:-1]:
        at = at[int(part)] if isinstance(at, list) else at[part]
    if value is GONE:
        del at[parts[-1]]
    else:
        at[parts[-1]] = value
    return line


def status(raw):
    done = subprocess.run([VALIDATOR], input=raw, capture_output=True, check=False)
    return done.returncode


def refused_lines(lines):
    """Which of the lines the validator names; nine at a time, since it stops after ten."""
    refused = set()
    for first in range(0, len(lines), 9):
        raw = b"".join(json.dumps(line).encode() + b"\n" for line in lines[first:first + 9])
        done = subprocess.run([VALIDATOR], input=raw, capture_output=True, check=False)
        for text in done.stderr.decode().splitlines():
            if text.startswith("-:"):
                refused.add(first + int(text.split(":")[1]) - 1)
    return refused


def main():
    if status(b"") == 2:
        print("1..0 # SKIP the validator cannot run here: no python3-jsonschema")
        return 0
    results = []
    refused = refused_lines(list(RIGHT.values()))
    results += [(f"takes a right {name}", i not in refused) for i, name in enumerate(RIGHT)]
    refused = refused_lines([changed(RIGHT[name], path, value) for name, path, value in WRONG])
    for i, (name, path, value) in enumerate(WRONG):
        what = "gone" if value is GONE else repr(value)[:40]
        results.append((f"refuses {name} {path}: {what}", i in refused))
    results += [(f"refuses {name}", status(raw) == 1) for name, raw in RAW.items()]
    print(f"1..{len(results)}")
    for number, (name, good) in enumerate(results, 1):
        print(f"{'ok' if good else 'not ok'} {number} - {name.replace('#', '')}")
    return 0 if all(good for _, good in results) else 1


if __name__ == "__main__":
    sys.exit(main())
