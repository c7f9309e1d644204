#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""`rpcsentry read` over scans and floods (1110020 to 1110028, 1110060 to 1110064): made captures on
both sides of each threshold, and what real programs and other people's captures must and must not
give."""
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests"))
import frames  # noqa: E402
from tap import Tap  # noqa: E402

BINARY = os.path.join(TOP, os.environ.get("BUILD") or "build", "rpcsentry")
VALIDATE = os.path.join(TOP, "scripts", "validate-eve.py")
SHARED = os.path.join(os.path.dirname(TOP), "shared", "captures")
OURS = os.path.join(TOP, "tests", "captures")
START = 1795310157 * 10**9
MS, SEC = 10**6, 10**9
UNFOLDED = "alerts: {repeat: 0s}\n"
OUTSIDE, SERVER = "192.0.2.66", "10.1.86.0"
SYN, ACK, FIN, PUSH = 2, 16, 1, 8
RPC_PORTS = [111, 2049, 4045, *range(32768, 32811)]
NAMES = {"portmap-sweep", "portmap-fanout", "rpc-port-scan", "rpc-grind", "tool-fingerprint",
         "portmap-empty-datagram", "rpc-sweep", "rpc-port-touch", "portmap-amplification",
         "portmap-reflection-victim", "portmap-flood", "portmap-idle-connections",
         "rpc-pipeline-flood"}
tap = Tap()


def ip4(payload, source, to, protocol):
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 1, 0, 64, protocol, 0,
                       socket.inet_aton(source), socket.inet_aton(to))
    return b"\2\0\0\0\0\2\2\0\0\0\0\1\x08\0" + head + payload


def udp(payload=b"", source=OUTSIDE, to=SERVER, sport=1763, dport=111):
    return ip4(struct.pack(">4H", sport, dport, 8 + len(payload), 0) + payload, source, to,
               frames.UDP)


def tcp(flags=SYN, payload=b"", source=OUTSIDE, to=SERVER, sport=1763, dport=111, seq=100, ack=0):
    head = struct.pack(">2H2I2BHHH", sport, dport, seq, ack, 5 << 4, flags, 1000, 0, 0)
    return ip4(head + payload, source, to, frames.TCP)


def call(xid, version=2, procedure=0, program=100000, args=b""):
    return struct.pack(">10I", xid, 0, 2, program, version, procedure, 0, 0, 0, 0) + args


def reply(xid, results=b""):
    return struct.pack(">6I", xid, 1, 0, 0, 0, 0) + results


def record(message):
    return struct.pack(">I", 1 << 31 | len(message)) + message


def host(number, network="10.1.86."):
    return f"{network}{number}"


def apart(packets, step):
    return [(START + number * step, packet) for number, packet in enumerate(packets)]


class Bench:
    """Captures are made and read with one engine."""

    def __init__(self, directory, engine):
        self.directory, self.engine, self.lines = directory, engine, b""

    def read_file(self, path, *flags):
        done = subprocess.run([BINARY, "read", path, "--eve", "-", "--engine", self.engine, *flags],
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=120,
                              check=False)
        if done.returncode:
            raise RuntimeError(done.stderr.decode(errors="replace"))
        self.lines += done.stdout
        events = [json.loads(line) for line in done.stdout.splitlines()]
        return [e for e in events if e["event_type"] == "alert" and e["alert"]["name"] in NAMES
                and not e["alert"].get("update")]

    def validate(self):
        """All that was read so far keeps to schema/eve.json."""
        right = subprocess.run([VALIDATE], input=self.lines, capture_output=True, check=False)
        tap.check(f"{self.engine}: every line keeps to the schema", right.returncode != 1,
                  right.stderr.decode(errors="replace"))

    def read(self, timed, *flags, policy="allow: []\n"):
        path, rules = f"{self.directory}/made.pcap", f"{self.directory}/policy.yaml"
        frames.write_capture(path, [packet for _, packet in timed], [time for time, _ in timed])
        with open(rules, "w", encoding="ascii") as out:
            out.write(policy)
        return self.read_file(path, "-c", rules, *flags)

    def expect(self, what, timed, names, *flags, policy="allow: []\n", says=()):
        alerts = self.read(timed, *flags, policy=policy)
        what = f"{self.engine}, {what}"
        tap.equal(what, sorted(e["alert"]["name"] for e in alerts), sorted(names))
        texts = [text for e in alerts for text in e["alert"]["evidence"]]
        for wanted in says:
            tap.check(f"{what}: says {wanted}", any(wanted in text for text in texts), texts)


def sweeps(bench):
    for count in (15, 16):
        bench.expect(f"SYN to {count} portmappers",
                     apart([tcp(to=host(n)) for n in range(count)], SEC),
                     ["portmap-sweep"] * (count == 16),
                     says=["addresses consecutive, from 10.1.86.0 to 10.1.86.15"] * (count == 16))
    bench.expect("16 portmappers in more than a minute",
                 apart([tcp(to=host(n)) for n in range(16)], 4001 * MS), [])
    allowed = [packet for n in range(30) for packet in (
        tcp(to=host(n)), tcp(SYN | ACK, source=host(n), to=OUTSIDE, sport=111, dport=1763, seq=7,
                             ack=101),
        tcp(PUSH | ACK, record(call(n)), to=host(n), seq=101, ack=8))]
    bench.expect("30 portmappers, by calls that are allowed", apart(allowed, MS), [],
                 policy="allow: [{calls: NULL}]\n")
    mixed = apart([tcp(to=host(n)) for n in range(16)], SEC)
    mixed = mixed[::2] + mixed[1::2]
    bench.expect("two captures, one behind the other", mixed, ["portmap-sweep"])
    for port in (2049, 4045, *range(32771, 32777)):
        made = apart([tcp(to=host(n), source="10.9.9.9", dport=port) for n in range(16)], SEC)
        for mode in ("first", "all"):
            bench.expect(f"SYN to port {port} of 15 hosts, {mode}", made[:15], [], "--any-port",
                         mode)
            bench.expect(f"SYN to port {port} of 16 hosts, {mode}", made, ["rpc-sweep"],
                         "--any-port", mode)
        bench.expect(f"SYN to port {port} of 16 hosts, off: not seen", made, [], "--any-port", "off")
    calls = [udp(call(n, 3, 0, 100003), to=host(n), source="10.9.9.9", dport=2049)
             for n in range(16)]
    bench.expect("RPC calls to nfs on 16 hosts", apart(calls, SEC), ["rpc-sweep"])
    looked_up = [packet for n in range(16) for packet in (
        udp(call(100 + n, 2, 3, args=struct.pack(">4I", 100003, 3, 17, 0)), to=host(n),
            source="10.9.9.9"), calls[n])]
    bench.expect("the same after lookups", apart(looked_up, MS), [],
                 policy="allow: [{calls: GETPORT}]\n")


def port_scans(bench):
    made = apart([tcp(source="10.9.9.9", dport=port) for port in RPC_PORTS], MS)
    every = f"detections: {{rpc-port-scan: {{ports: {len(RPC_PORTS)}}}}}\n"
    for mode in ("first", "all"):
        bench.expect(f"SYN to all {len(RPC_PORTS)} RPC ports, {mode}", made, ["rpc-port-scan"],
                     "--any-port", mode, policy=every)
        bench.expect(f"all of them but one, {mode}", made[1:], [], "--any-port", mode, policy=every)
    bench.expect("SYN to all RPC ports, off: only the portmapper's is seen", made, [], "--any-port",
                 "off")
    for count in (7, 8):
        bench.expect(f"SYN to {count} RPC ports", made[:count], ["rpc-port-scan"] * (count == 8))
        empty = [udp(source="10.9.9.9", dport=7 + n * 9000) for n in range(count)]
        for mode in ("first", "all"):
            bench.expect(f"empty datagrams to {count} ports, {mode}", apart(empty, MS),
                         ["rpc-port-scan"] * (count == 8), "--any-port", mode)
        bench.expect(f"empty datagrams to {count} ports, off: not seen", apart(empty, MS), [],
                     "--any-port", "off")
    padded = [udp(source="10.9.9.9", dport=7 + n * 9000) + bytes(18) for n in range(8)]
    bench.expect("empty datagrams in frames with padding", apart(padded, MS), ["rpc-port-scan"])
    bench.expect("an empty datagram to a portmapper", apart([udp()], MS), ["portmap-empty-datagram"],
                 "--any-port", "off", says=["from source port 1763"])
    bench.expect("one byte to a portmapper", apart([udp(b"\0")], MS), [])
    touches = [tcp(dport=port) for port in range(32770, 32776)]
    bench.expect("SYN from outside to 32770 to 32775", apart(touches, MS), ["rpc-port-touch"] * 4,
                 policy=UNFOLDED)
    bench.expect("the same, folded", apart(touches, MS), ["rpc-port-touch"])
    bench.expect("a call from outside to 32772", apart([udp(call(1, 1, 0, 100232), dport=32772)], MS),
                 ["rpc-port-touch"], says=["RPC call to port 32772: NULL of sadmind (100232)"])
    bench.expect("the same from a home address", apart([tcp(source="10.9.9.9", dport=32771)], MS), [])


def tools(bench):
    grind = [udp(call(n, 5555, 0, 100001 + n), source="10.9.9.9", dport=32790) for n in range(4)]
    bench.expect("three programs with one version", apart(grind[:3], SEC), [])
    bench.expect("four programs with one version", apart(grind, SEC), ["rpc-grind"])
    amp = [udp(call(12345678 + n, version, procedure), source="10.9.9.9")
           for n, (version, procedure) in enumerate([(3, 4), (2, 4), (4, 12)])]
    bench.expect("the amplification scanner", apart(amp, 100 * MS), ["tool-fingerprint"],
                 says=["portmap_amp"])
    bench.expect("the same, more slowly", apart(amp, 600 * MS), [])
    probe = [udp(call(n, version, 0, 100024), source="10.9.9.9", dport=700)
             for n, version in enumerate((0, 2**32 - 1))]
    bench.expect("rpcinfo's pair", apart(probe, SEC), ["tool-fingerprint"], says=["rpcinfo"])
    bench.expect("one of the pair", apart(probe[1:], SEC), [])
    lookups = [udp(call(n, 2, 3, args=struct.pack(">4I", 100232, 10, 17, 0)), source="10.9.9.9",
                   to=host(n)) for n in range(13)]
    bench.expect("one program on 13 servers", apart(lookups, SEC // 3), ["portmap-fanout"],
                 says=["servers for sadmind (100232)", "GETPORT of sadmind (100232) version 10"])
    bench.expect("the same, allowed", apart(lookups, SEC // 3), [],
                 policy="allow: [{calls: GETPORT}]\n")


def volume(bench):
    size, home = 1000, "10.9.9.9"
    asked = [packet for n in range(100) for packet in (
        udp(call(n, 3, 0), source=home),
        udp(reply(n, bytes(size - 24)), source=SERVER, to=home, sport=111, dport=1763))]
    bench.expect("99,000 bytes for 3,960", apart(asked[:198], MS), [])
    bench.expect("100,000 bytes for 4,000", apart(asked, MS), ["portmap-amplification"],
                 says=["100000 bytes out for 4000 bytes in, in 10 s: ratio 25.0"])
    dumps = [udp(call(n, 3, 4), source=home, sport=1000 + n) for n in range(147)]
    bench.expect("DUMP calls without replies", apart(dumps, 200 * MS), [])
    bench.expect("the same faster, estimated", apart(dumps, 60 * MS),
                 ["portmap-amplification", "portmap-flood"], says=["(estimated)", "spoofable"])
    stray = [udp(reply(n, bytes(600)), source=host(n % 9), to=home, sport=111, dport=500 + n)
             for n in range(50)]
    bench.expect("49 replies unasked", apart(stray[:49], MS), [])
    bench.expect("50 replies unasked", apart(stray, MS), ["portmap-reflection-victim"])
    broadcast = [udp(call(7, 2, 5, args=struct.pack(">4I", 100004, 2, 0, 0)), source=home,
                     to="255.255.255.255")]
    broadcast += [udp(reply(7, struct.pack(">2I", 600, 0)), source=host(n), to=home, sport=111,
                      dport=1763) for n in range(80)]
    bench.expect("80 answers to a broadcast", apart(broadcast, MS), [])
    calls = [udp(call(n), source=home, sport=500 + n) for n in range(1001)]
    for count in (1000, 1001):
        bench.expect(f"{count} calls in a second", apart(calls[:count], SEC // 1002),
                     ["portmap-flood"] * (count > 1000), policy="allow: [{calls: NULL}]\n")


def connection(sport, seq=100):
    """The three steps of a handshake, from outside."""
    return [tcp(SYN, sport=sport, seq=seq),
            tcp(SYN | ACK, source=SERVER, to=OUTSIDE, sport=111, dport=sport, seq=700, ack=seq + 1),
            tcp(ACK, sport=sport, seq=seq + 1, ack=701)]


def connections(bench):
    later = (START + 40 * SEC, udp(call(1), source="10.9.9.9"))
    silent = [connection(1000 + n) for n in range(64)]
    opened = apart([packet for three in silent for packet in three], MS)
    bench.expect("64 silent connections", [*opened, later], ["portmap-idle-connections"],
                 says=["64 established connections of this source"])
    bench.expect("63 silent connections", [*opened[:-3], later], [])
    bench.expect("63, and one half-open", [*opened[:-1], later], [])
    end = (START + SEC, tcp(FIN | ACK, sport=1000, seq=101, ack=701))
    bench.expect("63, and one that ended", [*opened, end, later], [])
    # Two bytes of a record mark: no message, but not silent.
    word = (START + 20 * SEC, tcp(PUSH | ACK, b"\x80\0", sport=1000, seq=101, ack=701))
    bench.expect("63, and one with half a mark", [*opened, word, later], [])
    cut_off = (START + 29 * SEC, udp(call(1), source="10.9.9.9"))
    bench.expect("64, not yet silent for long enough", [*opened, cut_off], [])

    stream = b"".join(record(call(n)) for n in range(64))
    for count in (63, 64):
        data = tcp(PUSH | ACK, stream[:count * 44], sport=900, seq=101, ack=701)
        bench.expect(f"{count} calls at once on one connection",
                     apart([*connection(900), data], MS), ["rpc-pipeline-flood"] * (count == 64),
                     policy="allow: [{calls: NULL}]\n")


# What must come of a capture, folded as by default, of all these detections; from tests/captures or ../shared/captures.
CAPTURES = {
    "live/default_rpcbind_nmap.pcap": {"tool-fingerprint": 2},
    "live/nmap6_sU_rpcinfo.pcap": {"tool-fingerprint": 2},
    "live/nmap_rpcgrind_tcp_cli.pcap": {"tool-fingerprint": 1, "rpc-grind": 1},
    "live/nmap_sU_sV_111_cli.pcap": {"tool-fingerprint": 2},
    "live/nmap_sV_tcp111_cli.pcap": {"tool-fingerprint": 1},
    "live/nmap_udp_rpcinfo_large.pcap": {"tool-fingerprint": 2},
    # Four and six portmappers, of one; nobody comes to 16.
    "live/nmap_sT_sweep.pcap": {}, "live/nmap_sweep_sS_111.pcap": {}, "live/hping_syn_111.pcap": {},
    "live/nmap_sS_111_cli.pcap": {}, "live/nmap_script_rpcinfo_tcp.pcap": {},
    # rpcinfo goes on with version 1 where 0 is refused.
    "live/rpcinfo_u_status.pcap": {}, "live/rpcinfo_t_status.pcap": {},
    "live/raw_tcp_pipeline.pcap": {}, "live/load_small.pcap": {}, "live/lossy_mixed_cli.pcap": {},
    "live/libnfs_ls.pcap": {}, "live/mount_nfs3.pcap": {}, "live/rusers_broadcast.pcap": {},
    "live/dump_tcp_large.pcap": {}, "live/raw_seed1999.pcap": {},
    # SYN to 30 portmappers by one source; UDP DUMP to ten by each of three.
    "synth/sweeps.pcap": {"portmap-sweep": 1},
    "synth/dump_large.pcap": {"portmap-flood": 1},
    "synth/not_rpc.pcap": {"portmap-empty-datagram": 1},
    "synth/seed_1999.pcap": {"portmap-fanout": 1},
    "synth/tcp_many_records.pcap": {"portmap-fanout": 1},
    "synth/callit_broadcast.pcap": {}, "synth/udp_retransmit.pcap": {}, "synth/all_statuses.pcap": {},
    "real/chrissanders_synscan.pcapng": {"rpc-port-scan": 1}, "real/ndpi_synscan.pcap": {
        "rpc-port-scan": 1},
    "real/malcolm_bro-simple-scan_port_scan.pcap": {}, "real/markofu_ppa_portscan.pcap": {},
    "real/ndpi_nfsv2.pcap": {}, "real/ndpi_nfsv3.pcap": {}, "real/suricata-verify_nfs4-01.pcap": {},
    "real/wireshark-samples_getsetacl.cap": {}, "real/pcapplusplus_ip4_fragments.pcap": {},
}


def captures(bench):
    for name, expected in CAPTURES.items():
        ours, shared = os.path.join(OURS, os.path.basename(name)), os.path.join(SHARED, name)
        path = ours if os.path.exists(ours) else shared
        if not os.path.exists(path):
            tap.skip(name, "../shared/captures is not there")
            continue
        found = {}
        for event in bench.read_file(path):
            found[event["alert"]["name"]] = found.get(event["alert"]["name"], 0) + 1
        tap.equal(f"{bench.engine}, {name}", found, expected)


def main():
    engines = ["native"]
    if os.geteuid() == 0:
        engines.append("kernel")
    else:
        tap.skip("the kernel engine", "it needs root")
    with tempfile.TemporaryDirectory() as directory:
        for engine in engines:
            bench = Bench(directory, engine)
            groups = [port_scans, connections]
            # What stage 9 does is the same for both; the kernel has to report what it needs.
            if engine == "native":
                groups += [sweeps, tools, volume, captures]
            for group in groups:
                tap.guard(f"{group.__name__}, {engine}", group, bench)
            bench.validate()
    return tap.done()


sys.exit(main())
