#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""`rpcsentry read` over protocol abuse: each detection at both sides of its edge, with both
engines; and over the shared captures, what each must fire and must not."""
import json
import os
import struct
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests"))
import frames  # noqa: E402
import talk  # noqa: E402
from tap import Tap  # noqa: E402
from talk import (CALLIT, DUMP, GETPORT, GETVERSADDR, GSS, MOUNTD, MOUNTD_PORT,  # noqa: E402
                  NFS, NFS_PORT, PRIVATE, SET, Stream, auth, auth_sys, call, getport, opaque, record,
                  reply, udp, words)

BINARY = os.path.join(TOP, os.environ.get("BUILD") or "build", "rpcsentry")
VALIDATE = os.path.join(TOP, "scripts", "validate-eve.py")
SHARED = os.path.join(os.path.dirname(TOP), "shared", "captures")
ABUSE = range(1110040, 1110059)
# Nothing that an allow rule could silence may be in the way, and these none can. Each alert for itself.
UNFOLDED = "alerts: {repeat: 0s}\n"
POLICY = "allow: [{calls: all}]\nnetworks: {home: [10.0.0.0/8]}\n" + UNFOLDED
HUGE = (4 << 20) + (1 << 16)
PROC_UNAVAIL, GARBAGE_ARGS, PROG_MISMATCH = 3, 4, 2
tap = Tap()
lines = []  # of all runs, to be held against the schema


def read(path, engine, policy=POLICY, any_port="first"):
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(policy)
        file.flush()
        done = subprocess.run([BINARY, "read", path, "-c", file.name, "--eve", "-", "--engine",
                               engine, "--any-port", any_port], stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=120, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.decode(errors="replace"))
    lines.append(done.stdout)
    return [json.loads(line) for line in done.stdout.splitlines()]


def read_frames(made, engine, cut=0, **options):
    """One a second; `cut` bytes of each are missing from the capture."""
    with tempfile.NamedTemporaryFile(suffix=".pcap") as file:
        file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, frames.ETHERNET))
        for number, data in enumerate(made):
            file.write(struct.pack("<4I", 1795310157 + number, 0, len(data) - cut, len(data)))
            file.write(data[:len(data) - cut])
        file.flush()
        return read(file.name, engine, **options)


def alerts(events, kind="alert"):
    return [e for e in events
            if e["event_type"] == kind and e["alert"]["signature_id"] in ABUSE]


def told(events):
    return [(e["alert"]["name"], e["pcap_cnt"], e["alert"]["severity"]) for e in alerts(events)]


def case(what, engine, made, expected, says="", **options):
    """These alerts and no others of abuse, client to server, and one that says so."""
    made = made.frames if isinstance(made, Stream) else made
    events = read_frames(made, engine, **options)
    tap.equal(f"{engine}, {what}", told(events), expected)
    evidence = [text for e in alerts(events) for text in e["alert"]["evidence"]]
    if says:
        tap.check(f"{engine}, {what}: the evidence", any(says in text for text in evidence), evidence)
    tap.check(f"{engine}, {what}: client to server", all(
        (e["src_ip"], e["dest_ip"]) == (talk.CLIENT, talk.SERVER) for e in alerts(events)), events)
    return events


def rpcb(*texts):
    return words(390109, 1) + b"".join(texts)


def bombs(engine):
    name = "xdr-length-bomb"
    netid, fits = opaque(b"udp"), opaque(b"abcd")
    bomb = call(1, version=4, procedure=GETVERSADDR, arguments=rpcb(netid, opaque(b"", 1000000)))
    events = case("rpcbomb", engine, [udp(bomb), udp(reply(1, stat=GARBAGE_ARGS), back=True)],
                  [(name, 1, 1)], "length 1000000 of a string, at offset 16 of the arguments; the "
                  "message on the wire has 0 bytes left")
    tap.equal(f"{engine}, rpcbomb: its outcome", [e["alert"]["outcome"] for e in alerts(
        events, "alert_update")], ["garbage_args"])
    case("over TCP", engine, Stream().say(record(bomb)), [(name, 4, 1)])
    for more in (0, 1):
        last = rpcb(netid, fits, opaque(b"owner..", 8 + more))
        case(f"{more} beyond the message", engine, [udp(call(2, version=3, procedure=SET,
                                                             arguments=last))],
             [(name, 1, 1)] * more + [("portmap-bad-port", 1, 2)])
    case("cut by the capture", engine, [udp(bomb)], [], cut=4)
    # A service, seen before: its arguments are looked at each time.
    mount = [udp(call(xid, MOUNTD, 3, 1, opaque(b"/export/some/where", length)), MOUNTD_PORT)
             for xid, length in ((1, 18), (2, 20), (3, 21))]
    case("mountd", engine, mount, [(name, 3, 1)], "mountd (100005) version 3")
    handle = opaque(bytes(32))
    lookup = [call(xid, NFS, 3, procedure, handle + opaque(b"name", length))
              for xid, procedure, length in ((1, 3, 4), (2, 12, 5))]
    case("an NFS name", engine, Stream(NFS_PORT).say(record(lookup[0])).say(record(lookup[1])),
         [(name, 5, 1)], "at offset 36")
    inner = words(MOUNTD, 3, 1, 8) + opaque(b"abcd", 5)
    case("inside of CALLIT", engine, [udp(call(3, procedure=CALLIT, arguments=inner))],
         [(name, 1, 1)], "at offset 16")
    case("in a result", engine, [udp(call(4, version=3, procedure=GETPORT,
                                          arguments=rpcb(netid, fits, fits))),
                                 udp(reply(4, opaque(b"", 9)), back=True)],
         [(name, 2, 1)], "of the results")


def credentials(engine):
    name = "rpc-oversized-credential"
    case("at their limits", engine, [udp(call(1, credential=auth(2, bytes(400)))),
                                     udp(call(2, credential=auth_sys(b"m" * 255, 16)))], [])
    case("over their limits", engine, [udp(call(1, credential=auth(2, bytes(401)))),
                                       udp(call(2, credential=auth_sys(b"m" * 256))),
                                       udp(call(3, credential=auth_sys(groups=17)))],
         [(name, 1, 1), (name, 2, 1), (name, 3, 1)], "17 groups; at most 16")
    # On another port, of a kind that any_port: first has seen.
    plain = call(1, PRIVATE, 1, 1)
    odd = call(2, PRIVATE, 1, 1, credential=auth_sys(groups=17))
    case("a repeated call over UDP", engine, [udp(plain, 5000), udp(odd, 5000), udp(plain, 5000)],
         [(name, 2, 1)])
    case("a repeated call over TCP", engine,
         Stream(5000).say(record(plain)).say(record(odd)).say(record(plain)), [(name, 5, 1)])
    case("in IP fragments", engine, [udp(plain, 5000), *frames.ip_fragments(
        udp(call(3, PRIVATE, 1, 1, credential=auth(2, bytes(404))), 5000), 9, 296)], [(name, 3, 1)])


def marks(engine):
    fragmented, tiny = "rpc-fragmented-record", "rpc-tiny-fragment"
    lookup = getport(7)
    case("one fragment", engine, Stream().say(record(lookup)), [])
    case("24 bytes", engine, Stream().say(record(lookup, 24)), [(fragmented, 4, 2)],
         "a call of 56 bytes in 2 record fragments")
    case("23 bytes", engine, Stream().say(record(lookup, 23)), [(tiny, 4, 1), (fragmented, 4, 2)])
    stream = Stream()
    evasive = record(lookup, *range(1, 50, 2))
    for at in range(0, len(evasive), 7):
        stream.say(evasive[at:at + 7])
    events = case("fragments of two bytes over many segments", engine, stream,
                  [(tiny, 4, 1), (fragmented, len(stream.frames), 2)])
    tap.equal(f"{engine}, fragments of two bytes: the call is told", [
        e["portmap"]["program"] for e in events if e["event_type"] == "portmap"], [NFS])
    write = call(1, NFS, 3, 7, opaque(bytes(32)) + bytes(100000))
    stream = Stream(NFS_PORT).say(record(call(9, NFS, 3, 0)))
    for at in range(0, len(write), 20000):
        stream.say(record(write, 30000, 60000)[at:at + 20000])
    case("a large write of NFS in fragments", engine, stream.say(record(call(2, NFS, 3, 3, opaque(
        bytes(32)) + opaque(b"name")))), [])
    case("a tiny one on another port", engine, Stream(NFS_PORT).say(record(call(1, NFS, 3, 0), 3)),
         [(tiny, 4, 1)])
    zero = words(1 << 31)
    case("nothing in a fragment", engine, Stream().say(zero * 50 + record(lookup)),
         [("rpc-zero-fragment", 4, 1)])
    case("nothing in a fragment on another port", engine, Stream(NFS_PORT).say(
        record(call(1, NFS, 3, 0))).say(zero), [("rpc-zero-fragment", 5, 4)])
    case("another protocol's zeros", engine, Stream(NFS_PORT).say(bytes(40)), [])


def sizes(engine):
    name, lookup = "rpc-huge-record", getport(7)
    for length, expected in ((65536, []), (65537, [(name, 4, 1)]), (0x7fffffff, [(name, 4, 1)])):
        case(f"{length} bytes", engine, Stream().say(words(length | 1 << 31) + lookup), expected)
    write = call(2, NFS, 3, 7, opaque(bytes(32)) + bytes(800))
    for length, expected in ((HUGE, []), (HUGE + 1, [(name, 5, 1)]), (0x7fffffff, [(name, 5, 1)])):
        case(f"{length} bytes on another port", engine, Stream(NFS_PORT).say(record(write)).say(
            words(length | 1 << 31) + write), expected)


def overlaps(engine):
    name, messages = "tcp-inconsistent-overlap", [call(xid, NFS, 3, xid) for xid in range(1, 4)]
    records = [record(message) for message in messages]
    other = record(call(2, NFS, 3, 8))

    def stream():
        return Stream(NFS_PORT).say(records[0]).say(records[1]).say(records[2])

    size = len(records[0])
    case("repeated alike on another port", engine, stream().again(records[1], 2 * size).again(
        records[0], 3 * size), [])
    case("repeated otherwise on another port", engine, stream().again(other, 2 * size),
         [(name, 7, 1)], "1 byte differs")
    case("the procedure alone", engine, stream().again(other[24:28], 2 * size - 24), [(name, 7, 1)])
    case("a keep-alive", engine, stream().again(b"x", 1), [])
    case("and what follows it is read", engine,
         stream().again(other, 2 * size).say(record(call(4, NFS, 3, 1, credential=auth(2, bytes(
             404))))), [(name, 7, 1), ("rpc-oversized-credential", 8, 1)])


def identities(engine):
    def callit(xid, last):
        return udp(call(xid, procedure=CALLIT, arguments=words(MOUNTD, 3, 5, 40) + bytes(36)
                        + words(last)))

    case("CALLIT's inner arguments repeated", engine, [callit(1, 0), callit(1, 0)], [])
    case("CALLIT's inner arguments changed", engine, [callit(1, 0), callit(1, 1)],
         [("xid-conflict", 2, 2)])
    case("another program's arguments", engine, [udp(call(1, MOUNTD, 3, 2, bytes(36) + words(
        last))) for last in (0, 1)], [("portmap-wrong-program", 1, 2), ("portmap-wrong-program", 2,
                                                                         2), ("xid-conflict", 2, 2)])


def forms(engine):
    name = "rpc-junk"
    case("another RPC version", engine, [udp(call(1, rpc=3))], [(name, 1, 3)], "RPC version 3")
    case("41 bytes", engine, [udp(call(1) + b"x")], [(name, 1, 3)], "units of four")
    case("neither call nor reply", engine, [udp(words(1, 2) + bytes(32))], [(name, 1, 3)])
    case("text", engine, Stream().say(b"GET / HTTP/1.0\r\n\r\n").say(b"GET / HTTP/1.0\r\n\r\n"),
         [(name, 4, 3)], "record mark")
    case("text in the middle", engine, Stream().say(b"GET / HTTP/1.0\r\n\r\n").frames[3:], [])
    case("a role", engine, [udp(call(1), back=True), udp(reply(2))],
         [("rpc-role", 1, 3), ("rpc-role", 2, 3)])
    case("another program", engine, [udp(call(1, NFS, 3))], [("portmap-wrong-program", 1, 2)])
    case("procedures", engine, [udp(call(v * 16 + p, version=v, procedure=p)) for v, p in (
        (2, 6), (3, 9), (4, 13), (5, 0))],
         [("portmap-unknown-procedure", frame, 3) for frame in range(1, 5)])
    case("a verifier", engine, [udp(call(1, procedure=DUMP, verifier=auth(GSS, bytes(400)))),
                                udp(call(2, credential=auth(GSS, bytes(24))))],
         [("portmap-gss-verifier", 1, 1), ("portmap-gss-verifier", 2, 1)], "CVE-2022-24497")
    pair = [udp(call(1, procedure=SET, arguments=words(390109, 1, 17, 9))),
            udp(call(2, procedure=DUMP))]
    for what, made in (("SET and DUMP", pair), ("DUMP and SET", pair[::-1])):
        case(what, engine, made, [("portmap-set-dump-pair", 2, 1)])
    for length, expected in ((2048, []), (2049, [("portmap-callit-overlong", 1, 1)])):
        case(f"CALLIT with {length} bytes", engine, [udp(call(1, procedure=CALLIT, arguments=words(
            PRIVATE, 1, 1, length) + bytes(2052)))], expected)
    held = "allow: [{calls: all, outcome: answered}]\n" + UNFOLDED
    case("before a held call's outcome", engine, [udp(call(1, version=9)), udp(reply(
        1, words(2, 4), PROG_MISMATCH), back=True)], [("portmap-unknown-procedure", 1, 3)],
         policy=held)


def answers(engine):
    def asked(results, version=2, **what):
        arguments = words(NFS, 3, 17, 0) if version == 2 else rpcb(*[opaque(b"udp")] * 3)
        return [udp(call(1, version=version, procedure=GETPORT, arguments=arguments)),
                udp(reply(1, results, **what), back=True)]

    case("port 65535", engine, asked(words(65535)), [])
    case("port 65536", engine, asked(words(65536)), [("portmap-bad-port", 2, 2)])
    case("an address", engine, asked(opaque(b"10.1.1.2.8.1"), 4), [])
    case("no address", engine, asked(opaque(b"10.1.1.2.8"), 4), [("portmap-bad-port", 2, 2)])
    padded = b"2001:0db8:0000:0000:0000:0000:0000:0001%" + b"e" * 50
    case("96 bytes", engine, asked(opaque(padded + b".8.111"), 4), [])
    case("97 bytes", engine, asked(opaque(padded + b"e.8.111"), 4),
         [("portmap-long-address", 2, 1)])
    for low, high, expected in ((0, 1000, []), (0, 1001, [("rpc-mismatch-range", 2, 2)]),
                                (4, 3, [("rpc-mismatch-range", 2, 2)])):
        case(f"versions {low} to {high}", engine,
             [udp(call(1, NFS, 9), NFS_PORT), udp(reply(1, words(low, high), PROG_MISMATCH),
                                                  NFS_PORT, back=True)], expected)


# What the shared captures hold of it: (name, frames).
CAPTURES = {
    "synth/xdr_bombs.pcap": {"xdr-length-bomb": [*range(1, 7), *range(10, 16)],
                             "portmap-callit-overlong": [4, 6, 13, 15]},
    # Of the first the length is right, and what AUTH_SYS has in it is not.
    "synth/cred_lengths.pcap": {"rpc-oversized-credential": [1, 2, 3, 4, 5, 6, 8],
                                "portmap-gss-verifier": [8]},
    "synth/garbage_procs.pcap": {"portmap-unknown-procedure": [*range(1, 10)],
                                 "rpc-junk": [10, 12, 14, 16]},
    "synth/bad_ports.pcap": {"portmap-bad-port": [6, 8, 10, 14, 16, 18, 22, 24, 26, 28, 30],
                             "portmap-long-address": [26]},
    "synth/all_statuses.pcap": {},
    "synth/tcp_overlap_conflict.pcap": {"tcp-inconsistent-overlap": [5]},
    "live/default_rpcbind_set_refused.pcap": {"portmap-set-dump-pair": [7, 15]},
    "real/tcpdump_nfs-cannot-pad-32-bit.pcap": {"xdr-length-bomb": [1]},
}
# Scanners do call other programs and versions, and a client made for it errs on purpose.
ODD_PROGRAMS = ("portmap-wrong-program", "portmap-unknown-procedure", "rpc-junk")


def shared(engine):
    for folder in ("synth", "live", "derived", "real"):
        for file in sorted(os.listdir(os.path.join(SHARED, folder))):
            name = f"{folder}/{file}"
            if file.endswith((".jsonl", ".json", ".gz")) or file.startswith("not_rpc"):
                continue
            if folder == "synth" and name not in CAPTURES:
                continue
            got = {}
            for event in alerts(read(os.path.join(SHARED, name), engine, any_port="all")):
                got.setdefault(event["alert"]["name"], []).append(event["pcap_cnt"])
            if "nmap" in file or file == "raw_errors.pcap":
                got = {alert: at for alert, at in got.items() if alert not in ODD_PROGRAMS}
            tap.equal(f"{engine}, {name}", got, CAPTURES.get(name, {}))
    got = alerts(read(os.path.join(SHARED, "synth/not_rpc.pcap"), engine))
    tap.check(f"{engine}, synth/not_rpc.pcap: junk, and no huge record",
              "rpc-junk" in {e["alert"]["name"] for e in got}
              and "rpc-huge-record" not in {e["alert"]["name"] for e in got}, got)


def main():
    engines = ["native"]
    if os.geteuid() == 0:
        engines.append("kernel")
    else:
        tap.skip("the kernel engine", "it needs root")
    groups = [bombs, credentials, marks, sizes, overlaps, identities, forms, answers]
    if os.path.isdir(SHARED):
        groups.append(shared)
    else:
        tap.skip("the captures of ../shared", "../shared/captures is not there")
    for engine in engines:
        for group in groups:
            tap.guard(f"{group.__name__}, {engine}", group, engine)
    right = subprocess.run([VALIDATE], input=b"".join(lines), capture_output=True, check=False)
    tap.check("every line keeps to schema/eve.json", right.returncode != 1, right.stderr.decode())
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
