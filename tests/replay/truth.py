# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Compares the `rpc` events of a capture with its truth lines (tests/captures/README.md)."""
import collections
import json

PORTMAPPER = 100000
REPLY = ("accepted", "denied")
ACCEPT = ("success", "prog_unavail", "prog_mismatch", "proc_unavail", "garbage_args", "system_err")
REJECT = ("rpc_mismatch", "auth_error")
RENAMED = {"prog": "program", "vers": "version", "proto": "protocol", "proc": "procedure",
           "addr": "address", "args_len": "args_length"}


def load(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def of_portmapper(truth):
    return 111 in (truth["sport"], truth["dport"])


def number(value):
    return int(value, 0) if isinstance(value, str) else value


def key_of_truth(truth):
    return (truth["msgtype"], number(truth["xid"]), truth["src"], truth["sport"], truth["dst"],
            truth["dport"])


def key_of_event(event):
    return (event["rpc"]["type"], event["rpc"]["xid"], event["src_ip"], event["src_port"],
            event["dest_ip"], event["dest_port"])


def word(names, value):
    """The name of a number, or its digits where RFC 5531 has none; None stays None."""
    return names[value] if value is not None and value < len(names) else value and str(value)


def expected(truth):
    """What the truth demands, as {path: value}: `rpc.program`, `portmap.port`."""
    want = {"pcap_cnt": truth["frame"], "rpc.program": truth.get("prog"),
            "rpc.program_version": truth.get("vers"), "rpc.procedure": truth.get("proc")}
    if truth.get("vlan"):
        want["vlan"] = truth["vlan"]
    if truth.get("tunnel"):
        want["tunnel"] = truth["tunnel"]
    if truth["msgtype"] == "reply":
        denied = truth.get("reply_stat") == 1
        want["rpc.reply_stat"] = word(REPLY, truth.get("reply_stat"))
        stat = truth.get("reject_stat" if denied else "accept_stat")
        names = REJECT if denied else ACCEPT
        want["rpc.reject_stat" if denied else "rpc.accept_stat"] = word(names, stat)
    if truth.get("malformed") or truth.get("prog") != PORTMAPPER:
        return want
    for group in ("pmap_args", "rpcb_args", "callit_args"):
        for name, value in (truth.get(group) or {}).items():
            if value not in (None, ""):
                want["portmap." + RENAMED.get(name, name)] = value
    for name, path in (("port", "port"), ("uaddr", "address"), ("entries", "mappings_count")):
        if truth.get(name) not in (None, ""):
            want["portmap." + path] = truth[name]
    if truth.get("bool") is not None:
        want["portmap.result"] = bool(truth["bool"])
    return want


def at(event, path):
    for name in path.split("."):
        event = event.get(name) if isinstance(event, dict) else None
    return event


def compare(truths, events):
    """The differences as short texts; none when they agree."""
    told = collections.defaultdict(list)
    for event in events:
        told[key_of_event(event)].append(event)
    faults = []
    for truth in truths:
        candidates = told[key_of_truth(truth)]
        if not candidates:
            if not truth.get("optional"):
                faults.append(f"frame {truth['frame']}: missed {key_of_truth(truth)}")
            continue
        # A retransmission has the same key: the one of the same frame, else the first.
        event = next((e for e in candidates if e["pcap_cnt"] == truth["frame"]), candidates[0])
        candidates.remove(event)
        if truth.get("ambiguous"):
            continue
        for path, value in expected(truth).items():
            if value is not None and at(event, path) != value:
                faults.append(f"frame {truth['frame']}: {path}: {at(event, path)!r}, "
                              f"the truth is {value!r}")
    for left in told.values():
        faults += [f"frame {event['pcap_cnt']}: invented {key_of_event(event)}" for event in left]
    return faults
