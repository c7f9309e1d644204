# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What several machines say to each other, as a capture; and what `rpcsentry read` tells of it."""
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests"))
import frames as fr  # noqa: E402
from talk import record  # noqa: E402

BINARY = os.path.join(TOP, os.environ.get("BUILD") or "build", "rpcsentry")
VALIDATE = os.path.join(TOP, "scripts", "validate-eve.py")
SHARED = os.path.join(os.path.dirname(TOP), "shared", "captures")
OURS = os.path.join(TOP, "tests", "captures")
START_NS, MS_NS = 1795310157 * 10**9, 10**6
# Lookups from home are permitted, and NULL calls.
POLICY = """networks: {home: [10.0.0.0/8]}
allow: [{calls: NULL}, {calls: GETPORT, clients: home}]
"""
OUTSIDE, SERVER, CLIENT = "172.20.20.1", "10.1.86.0", "10.1.1.7"
SENSITIVE, LINK, FINGERPRINT = "portmap-getport-sensitive", "lookup-then-call", "tool-fingerprint"
FIN, RST = 1, 4
TTL = 64


def mac_of(address):
    """Each machine's own; the group's for a group."""
    packed = socket.inet_aton(address)
    if address == "255.255.255.255":
        return b"\xff" * 6
    if 224 <= packed[0] < 240:
        return b"\1\0\x5e" + bytes([packed[1] & 0x7f]) + packed[2:]
    return b"\2\0" + packed


def is_local(source, to):
    return source.startswith("127.") and to.startswith("127.")


def ip4(source, to, protocol, payload, ttl=TTL, ident=1):
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 0, 0, 0, ttl, protocol, 0,
                       socket.inet_aton(source), socket.inet_aton(to))
    macs = bytes(12) if is_local(source, to) else mac_of(to) + mac_of(source)
    return (macs + struct.pack(">H", fr.IPV4)
            + fr.ip4_head(head, 20 + len(payload), ident, 0) + payload)


def udp_frame(source, sport, to, dport, payload=b""):
    return ip4(source, to, fr.UDP, struct.pack(">4H", sport, dport, 8 + len(payload), 0) + payload)


def tcp_frame(source, sport, to, dport, flags=fr.SYN, payload=b"", seq=100, ack=0):
    head = struct.pack(">2H2I2B3H", sport, dport, seq & 0xffffffff, ack & 0xffffffff, 5 << 4, flags,
                       16060, 0, 0)
    return ip4(source, to, fr.TCP, head + payload)


def host(number, network="10.1.86."):
    return f"{network}{number}"


class Connection:
    """A TCP connection from its handshake on."""

    def __init__(self, scene, client, sport, server, port=111):
        self.scene, self.ends = scene, (client, sport, server, port)
        number = scene.number()
        self.next = {False: number * 64007, True: number * 128021}
        self._segment(b"", fr.SYN, False)
        self.next[False] += 1
        self._segment(b"", fr.SYN | fr.ACK, True)
        self.next[True] += 1
        self._segment(b"", fr.ACK, False)

    def _segment(self, data, flags, back, seq=None):
        client, sport, server, port = self.ends
        ends = (server, port, client, sport) if back else self.ends
        self.scene.send(tcp_frame(*ends, flags, data, self.next[back] if seq is None else seq,
                                  self.next[not back] if flags & fr.ACK else 0))

    def say(self, data, back=False):
        self._segment(data, fr.PSH | fr.ACK, back)
        self.next[back] += len(data)
        return self

    def again(self, data, before, back=False):
        """Bytes that lie `before` the next one."""
        self._segment(data, fr.PSH | fr.ACK, back, self.next[back] - before)
        return self

    def ask(self, message, answer=None):
        self.say(record(message))
        return self if answer is None else self.say(record(answer), True)

    def close(self):
        """The client first, as rpcinfo does."""
        for back in (False, True):
            self._segment(b"", FIN | fr.ACK, back)
            self.next[back] += 1
            self._segment(b"", fr.ACK, not back)

    def reset(self, back=False):
        self._segment(b"", RST | fr.ACK, back)


class Scene:
    """Frames a millisecond apart, but for what wait() puts between them."""

    def __init__(self):
        self.now_ns, self.frames, self.times, self.xid = START_NS, [], [], 0
        self.snap = 0x40000  # bytes that are captured of a frame

    def wait(self, seconds):
        self.now_ns += int(seconds * 1000) * MS_NS
        return self

    def send(self, frame):
        self.frames.append(frame)
        self.times.append(self.now_ns)
        self.now_ns += MS_NS
        return self

    def number(self):
        """A transaction id that nobody has used."""
        self.xid += 1
        return self.xid + 0x5c000000

    def udp(self, source, sport, to, dport, payload=b""):
        return self.send(udp_frame(source, sport, to, dport, payload))

    def ask(self, client, sport, server, message, answer=None, port=111):
        """A call over UDP, and the reply unless None."""
        self.udp(client, sport, server, port, message)
        return self if answer is None else self.udp(server, port, client, sport, answer)

    def syn(self, source, sport, to, port=111):
        return self.send(tcp_frame(source, sport, to, port))

    def open(self, client, sport, server, port=111):
        return Connection(self, client, sport, server, port)

    def events(self, policy, *flags):
        """The lines that `read` tells of the capture."""
        with tempfile.TemporaryDirectory() as directory:
            path = f"{directory}/scene.pcap"
            fr.write_capture(path, self.frames, self.times, self.snap)
            return read(path, policy, *flags)


lines = []  # of all that was read, to be held against the schema


def read(path, policy, *flags):
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(policy)
        file.flush()
        done = subprocess.run([BINARY, "read", path, "-c", file.name, "--eve", "-", *flags],
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=120,
                              check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.decode(errors="replace"))
    lines.append(done.stdout)
    return [json.loads(line) for line in done.stdout.splitlines()]


def alert_lines(events):
    return [e for e in events if e["event_type"] in ("alert", "alert_update")]


def told(events):
    """{id: its lines} in the order of the first ones."""
    found = {}
    for event in alert_lines(events):
        found.setdefault(event["alert"]["id"], []).append(event)
    return found


def summary(events):
    """(name, severity, last outcome, last count) of each alert, sorted; "2>1" was raised later."""
    rows = []
    for said in told(events).values():
        first, last = said[0]["alert"], said[-1]["alert"]
        raised = f">{last['severity']}" if last["severity"] != first["severity"] else ""
        rows.append((first["name"], f"{first['severity']}{raised}", last["outcome"],
                     last["count"]))
    return sorted(rows)


def evidence(events):
    return [text for e in alert_lines(events) for text in e["alert"]["evidence"]]


def check_schema(tap):
    right = subprocess.run([VALIDATE], input=b"".join(lines), capture_output=True, check=False)
    tap.check("every line keeps to schema/eve.json", right.returncode != 1,
              right.stderr.decode(errors="replace"))


def engines(tap):
    """native, and the loaded BPF programs where they can be loaded."""
    if os.geteuid() == 0:
        return ["native", "kernel"]
    tap.skip("the kernel engine", "it needs root")
    return ["native"]


def expect(tap, what, made, alerts, says=(), policy=POLICY, flags=()):
    """These alerts, as summary() has them, and no others, of both engines; and evidence of each."""
    for engine in ("native", "kernel") if os.geteuid() == 0 else ("native",):
        events = made.events(policy, "--engine", engine, *flags)
        tap.equal(f"{what}, {engine}", summary(events), sorted(alerts))
        texts = evidence(events)
        for text in says:
            tap.check(f"{what}, {engine}: says {text}", any(text in line for line in texts), texts)
