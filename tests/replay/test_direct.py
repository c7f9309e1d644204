#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""`rpcsentry read` over services called directly, after lookups and through the portmapper; and over
the ordinary life of NFS, which raises nothing but links. Each over UDP and TCP, with both engines.
"""
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests"))
import frames as shaping  # noqa: E402
from tap import Tap  # noqa: E402

BINARY = os.path.join(TOP, os.environ.get("BUILD") or "build", "rpcsentry")
VALIDATE = os.path.join(TOP, "scripts", "validate-eve.py")
# For `read`, home is 10.0.0.0/8.
OUTSIDE, CLIENT, SERVER, PARTNER = "203.0.113.5", "10.1.1.1", "10.1.1.2", "198.51.100.9"
PORTMAPPER, NFS, MOUNTD, STATUS, NLM = 100000, 100003, 100005, 100024, 100021
NFS_CALLBACK, NSRSTAT, SADMIND = 0x40000000, 390109, 100232
UDP, TCP = 17, 6
GETPORT, DUMP, CALLIT, MNT, EXPORT = 3, 4, 5, 1, 5
SECOND, START = 10**9, 1795310157 * 10**9
# Messages are not cut: frames.records() makes TCP of the same ones, each a record.
WHOLE = 1 << 20
LINK = "lookup-then-call"
LOOKUPS = "allow: [{calls: [NULL, GETPORT]}]\n"
tap = Tap()


def xdr_string(text):
    return struct.pack(">I", len(text)) + text + bytes(-len(text) % 4)


def auth_sys(machine, uid=0, stamp=0):
    body = struct.pack(">I", stamp) + xdr_string(machine) + struct.pack(">3I", uid, uid, 0)
    return struct.pack(">2I", 1, len(body)) + body


class Talk:
    """Messages between two machines, a frame each; xids count up."""

    def __init__(self, client=OUTSIDE, server=SERVER, transport=UDP):
        self.client, self.server, self.transport = client, server, transport
        self.sport, self.xid, self.frames, self.gaps, self.cut = 700, 0, [], {}, WHOLE

    def _add(self, payload, ends):
        source, sport, target, port = ends
        udp = struct.pack(">4H", sport, port, 8 + len(payload), 0) + payload
        head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), len(self.frames), 0, 64, UDP, 0,
                           socket.inet_aton(source), socket.inet_aton(target))
        self.frames.append(b"\2\0\0\0\0\2\2\0\0\0\0\1\x08\0" + head + udp)

    def wait(self, seconds):
        self.gaps[len(self.frames)] = seconds

    def capture(self):
        """(frame, time) of each; over TCP a message may be two frames."""
        made = []
        for count in range(1, len(self.frames) + 1):
            whole = self.frames[:count]
            if self.transport == TCP:
                whole = shaping.each(shaping.records(whole, WHOLE), shaping.tcp_segments, self.cut)
            at = (made[-1][1] if made else START) + self.gaps.get(count - 1, 0) * SECOND
            made += [(frame, at + SECOND // 100) for frame in whole[len(made):]]
        return zip(*made)

    def call(self, port, program, procedure, args=b"", version=3, auth=b"\0" * 8, back=False):
        """From client to server; `back` is the other way."""
        self.xid += 1
        ends = (self.client, self.sport, self.server, port)
        if back:
            ends = (self.server, self.sport, self.client, port)
        self.ends = ends
        self._add(struct.pack(">6I", self.xid, 0, 2, program, version, procedure) + auth + bytes(8)
                  + args, ends)
        return self

    def reply(self, results=b"", stat=0):
        source, sport, target, port = self.ends
        self._add(struct.pack(">6I", self.xid, 1, 0, 0, 0, stat) + results,
                  (target, port, source, sport))
        return self

    def lookup(self, program, port):
        self.call(111, PORTMAPPER, GETPORT, struct.pack(">4I", program, 3, self.transport, 0), 2)
        return self.reply(struct.pack(">I", port))

    def callit(self, program, procedure, args=b""):
        return self.call(111, PORTMAPPER, CALLIT,
                         struct.pack(">4I", program, 2, procedure, len(args)) + args, 2)


class Reader:
    def __init__(self, directory, engine):
        self.directory, self.engine = directory, engine

    def alerts(self, talk, policy=""):
        """(name, severity, outcome) of each alert line and update, and all of the evidence."""
        path = f"{self.directory}/capture.pcap"
        shaping.write_capture(path, *talk.capture())
        with open(f"{self.directory}/policy.yaml", "w", encoding="ascii") as out:
            out.write(policy)
        arguments = ["-c", f"{self.directory}/policy.yaml"] if policy else []
        done = subprocess.run([BINARY, "read", path, *arguments, "--eve", "-", "--engine",
                               self.engine], stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=60, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr.decode(errors="replace"))
        right = subprocess.run([VALIDATE], input=done.stdout, capture_output=True, check=False)
        if right.returncode == 1:
            raise RuntimeError(right.stderr.decode(errors="replace"))
        found = [event["alert"] for event in map(json.loads, done.stdout.splitlines())
                 if event["event_type"] in ("alert", "alert_update")]
        return ([(a["name"], a["severity"], a["outcome"]) for a in found],
                [text for a in found for text in a["evidence"]])


class Group:
    """The cases of one transport and engine."""

    def __init__(self, reader, transport):
        self.reader, self.transport = reader, transport
        self.where = f"{reader.engine}, {'UDP' if transport == UDP else 'TCP'}"

    def talk(self, client=OUTSIDE, server=SERVER):
        return Talk(client, server, self.transport)

    def expect(self, what, talk, expected, says=(), policy=""):
        found, evidence = self.reader.alerts(talk, policy)
        tap.equal(f"{self.where}: {what}", found, expected)
        for text in says:
            tap.check(f"{self.where}: {what}: says \"{text}\"",
                      any(text in line for line in evidence), evidence)


def twice(name, severity, outcome="success"):
    """The alert, and what became of it."""
    return [(name, severity, "attempt"), (name, severity, outcome)]


def direct(group):
    group.expect("a service that nobody asked for",
                 group.talk().call(7938, NSRSTAT, 1).reply(), twice("rpc-direct", 2),
                 ["called nsrstat (390109) version 3 procedure 1 at",
                  "no portmapper was seen to tell the client this port"])
    group.expect("a sensitive one", group.talk().call(20048, MOUNTD, EXPORT).reply(),
                 twice("rpc-direct-sensitive", 1), ["external"])
    for what, talk in (("nfs at its port", group.talk().call(2049, NFS, 1).reply()),
                       ("nfs_acl at its port", group.talk().call(2049, 100227, 1).reply()),
                       ("from home", group.talk(CLIENT).call(20048, MOUNTD, EXPORT).reply())):
        group.expect(f"{what}: no alert", talk, [])
    group.expect("who is permitted: no alert", group.talk().call(7938, NSRSTAT, 1).reply(), [],
                 policy=f"allow: [{{calls: DIRECT, clients: {OUTSIDE}, programs: [nsrstat]}}]\n")


def told(group):
    talk = group.talk().lookup(NSRSTAT, 7938).call(7938, NSRSTAT, 1).reply()
    group.expect("after a lookup, a link alone", talk, twice(LINK, 4),
                 ["told it this port for nsrstat (390109) (XID 0x00000001)"], LOOKUPS)
    talk = group.talk().lookup(NSRSTAT, 7938)
    talk.wait(130)
    group.expect("long after a lookup, nothing", talk.call(7938, NSRSTAT, 1).reply(), [],
                 policy=LOOKUPS)
    talk = group.talk().lookup(NSRSTAT, 7938).call(7939, NSRSTAT, 1).reply()
    group.expect("at another port than it was told", talk, twice("rpc-direct", 2), policy=LOOKUPS)
    talk = group.talk().call(111, PORTMAPPER, DUMP, version=2)
    talk.reply(struct.pack(">6I", 1, NSRSTAT, 3, group.transport, 7938, 0))
    group.expect("after a DUMP, nothing more", talk.call(7938, NSRSTAT, 1).reply(), [],
                 policy="allow: [{calls: DUMP}]\n")


def ordinary(group):
    """Clients of home: mount, work, locks and the callbacks of both; servers outside as well."""
    args = struct.pack(">I", 0)
    talk = group.talk(CLIENT).lookup(MOUNTD, 20048)
    talk.call(20048, MOUNTD, 0).reply()
    talk.call(20048, MOUNTD, MNT, xdr_string(b"/srv/export"), auth=auth_sys(b"client7")).reply(
        struct.pack(">2I", 0, 28) + bytes(32))
    talk.call(2049, NFS, 0).reply()
    talk.call(2049, NFS, 1, bytes(32), auth=auth_sys(b"client7")).reply(bytes(88))
    talk.lookup(NLM, 4045).call(4045, NLM, 2, bytes(64), version=4).reply(args)
    talk.call(4045, NLM, 10, bytes(64), version=4, back=True).reply(args)
    group.expect("an NFS client of home: links alone", talk, twice(LINK, 4) * 2)
    talk = group.talk(CLIENT, PARTNER).call(2049, NFS, 1, bytes(32)).reply(bytes(88))
    talk.call(4045, NLM, 10, bytes(64), version=4, back=True).reply(args)
    talk.call(800, NFS_CALLBACK, 1, version=1, back=True).reply()
    group.expect("callbacks of a server outside: no alert", talk, [])
    talk = group.talk(CLIENT, PARTNER).call(20048, MOUNTD, 0).reply()
    talk.call(4045, NLM, 10, bytes(64), version=4, back=True).reply(args)
    group.expect("a callback of whom nobody called", talk, twice("rpc-direct-sensitive", 1))


def mounts(group):
    policy = LOOKUPS + "detections: {lookup-then-call: {enabled: false}}\n"
    name, path = "nfs-mount-external", xdr_string(b"/srv/export/of/some/length")
    talk = group.talk().lookup(MOUNTD, 20048).call(20048, MOUNTD, MNT, path)
    talk.reply(struct.pack(">2I", 0, 28) + bytes(32))
    group.expect("a mount from outside that works", talk,
                 [(name, 2, "attempt"), (name, 1, "success")],
                 ["asked to mount \"/srv/export/of/some/length\""], policy)
    talk = group.talk().lookup(MOUNTD, 20048).call(20048, MOUNTD, MNT, path)
    group.expect("one that is refused", talk.reply(struct.pack(">I", 13)),
                 twice(name, 2, "denied"), ["status 13 (not exported to this client)"], policy)
    talk = group.talk().lookup(MOUNTD, 20048).call(20048, MOUNTD, EXPORT).reply(bytes(4))
    group.expect("a look at the exports: no alert", talk, [], policy=policy)


def oversized(group):
    name = "rpc-oversized-args"
    mon = xdr_string(b"host") + xdr_string(b"m" * 101) + bytes(28)
    talk = group.talk(CLIENT).call(32770, STATUS, 2, mon, version=1).reply(bytes(8))
    group.expect("statd's second name", talk, twice(name, 1),
                 ["caller's name of 101 bytes; old servers had room for 100"])
    talk = group.talk(CLIENT).call(20048, MOUNTD, MNT, xdr_string(b"/" * 1024)).reply(bytes(4))
    group.expect("a path", talk, twice(name, 1), ["path of 1024 bytes"])
    talk.cut = 300
    group.expect("a path in several segments", talk, twice(name, 1), ["path of 1024 bytes"])
    talk = group.talk(CLIENT).call(32773, SADMIND, 1, bytes(1340), version=10).reply()
    group.expect("whole arguments", talk, twice(name, 1), ["arguments of 1340 bytes"])
    mon = xdr_string(b"h" * 100) + xdr_string(b"m" * 100) + bytes(28)
    talk = group.talk(CLIENT).call(32770, STATUS, 2, mon, version=1).reply(bytes(8))
    talk.call(20048, MOUNTD, MNT, xdr_string(b"/" * 1023)).reply(bytes(4))
    talk.call(32773, SADMIND, 1, bytes(512), version=10).reply()
    group.expect("at the limit: no alert", talk, [])


def forged(group):
    name = "rpc-forged-root"
    for what, credential, says in (
            ("root on localhost", auth_sys(b"localhost", stamp=0x38C51B56), "root on \"localhost\""),
            ("root with stamp 0", auth_sys(b"client7"), "root with stamp 0"),
            ("the same with a long name", auth_sys(b"n" * 70), "root with stamp 0")):
        group.expect(what, group.talk().call(2049, NFS, 1, auth=credential).reply(), twice(name, 2),
                     [says])
    for what, client, credential in (
            ("root with a stamp", OUTSIDE, auth_sys(b"client7", stamp=1)),
            ("a user on localhost", OUTSIDE, auth_sys(b"localhost", uid=1000)),
            ("from home", CLIENT, auth_sys(b"localhost"))):
        group.expect(f"{what}: no alert",
                     group.talk(client).call(2049, NFS, 1, auth=credential).reply(), [])


def portmapper(group):
    talk = group.talk(CLIENT).call(32771, PORTMAPPER, 0, version=2).reply()
    group.expect("the portmapper at another port", talk, twice("portmap-alt-port", 1),
                 ["called portmapper (100000) version 2 NULL at", "none of the portmapper ports"])
    group.expect("the same where the policy knows the port: no alert", talk, [],
                 policy="sensor: {ports: [111, 32771]}\nallow: [{calls: NULL}]\n")
    group.expect("a program in no registry", group.talk().lookup(1000, 0),
                 [("portmap-getport", 3, "attempt"), ("portmap-unknown-program", 3, "attempt"),
                  ("portmap-getport", 3, "not_registered"),
                  ("portmap-unknown-program", 3, "not_registered")],
                 ["program 1000 (0x000003e8) is in no registry"])
    group.expect("a transient one", group.talk().lookup(0x40000001, 0),
                 twice("portmap-getport", 3, "not_registered"))


def forwarded(group):
    """rpcbind relays over UDP only."""
    if group.transport == TCP:
        return
    callit, target = "portmap-callit", "portmap-callit-forbidden-target"
    group.expect("a SET that the portmapper is to relay to itself",
                 group.talk(CLIENT).callit(PORTMAPPER, 1, struct.pack(">4I", NFS, 3, 17, 1023)),
                 [(name, 1, "attempt") for name in ("portmap-set-remote", callit, target)],
                 ["portmapper (100000) version 2 procedure 1 (SET) in its own name"])
    group.expect("a mount", group.talk(CLIENT).callit(MOUNTD, MNT, xdr_string(b"/export")),
                 [(callit, 1, "attempt"), (target, 1, "attempt")])
    group.expect("a target that is relayed", group.talk(CLIENT).callit(100002, 2),
                 [(callit, 1, "attempt")])


def main():
    engines = ["native"]
    if os.geteuid() == 0:
        engines.append("kernel")
    else:
        tap.skip("the kernel engine", "it needs root")
    with tempfile.TemporaryDirectory() as directory:
        for engine in engines:
            for transport in (UDP, TCP):
                group = Group(Reader(directory, engine), transport)
                for cases in (direct, told, ordinary, mounts, oversized, forged, portmapper,
                              forwarded):
                    tap.guard(f"{group.where}: {cases.__name__}", cases, group)
    return tap.done()


sys.exit(main())
