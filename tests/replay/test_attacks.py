#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""`rpcsentry read` over attacks: each gives exactly the alerts that it should, with severities,
outcomes and counts, and none besides. Those of 1999 are in test_attacks_1999.py."""
import sys

import scene as sc
from scene import CLIENT, FINGERPRINT, OUTSIDE, SENSITIVE, SERVER, Scene, host
from tap import Tap
from talk import (CALLIT, DUMP, GETPORT, GETVERSADDR, GSS, MOUNTD, NFS, SET, TCP, UDP, UNSET, auth,
                  auth_sys, call, denied, lookup, opaque, record, reply, services, words)

SADMIND, STATUS, NLM = 100232, 100024, 100021
GETSTAT, GETADDR, MNT = 12, GETPORT, 1
TOO_WEAK, REJECTED = 5, 2
LIST = services((100000, 111), (MOUNTD, 635), (NFS, 2049), (STATUS, 32772))
tap = Tap()


def expect(what, made, alerts, says=()):
    sc.expect(tap, what, made, alerts, says)

# --------------------------------------------------------------------- the portmapper's own


def hijack():
    """mountd's port is taken over: UNSET, SET to the attacker's, and a client that asks."""
    made = Scene()
    for port in (635, 31337):
        if port == 31337:
            for procedure, mapping in ((UNSET, words(MOUNTD, 3, 0, 0)),
                                       (SET, words(MOUNTD, 3, UDP, port))):
                xid = made.wait(1).number()
                made.ask(OUTSIDE, 700, SERVER, call(xid, procedure=procedure, arguments=mapping),
                         reply(xid, words(1)))
        xid = made.wait(1).number()
        made.ask(CLIENT, 800, SERVER, lookup(xid, MOUNTD, 3), reply(xid, words(port)))
    expect("a hijack by UNSET and SET", made, [("portmap-unset-remote", "1", "success", 1),
                                              ("portmap-set-remote", "1", "success", 1),
                                              ("portmap-mapping-changed", "1", "success", 1)],
           ["port 635 -> 31337", "a SET or UNSET for it came from the network"])
    made = Scene()
    for procedure in (UNSET, SET):
        xid = made.number()
        made.ask(OUTSIDE, 700, SERVER, call(xid, procedure=procedure, arguments=words(
            MOUNTD, 3, UDP, 31337)), denied(xid, TOO_WEAK))
    expect("the same, refused by rpcbind", made, [("portmap-unset-remote", "1", "denied", 1),
                                              ("portmap-set-remote", "1", "denied", 1)],
           ["AUTH_ERROR 5 (too weak): as Linux"])


def forged_local():
    """rpcbind trusts loopback: a source that no wire has."""
    made = Scene()
    for source in ("127.0.0.1", "0.0.0.0", SERVER):
        made.ask(source, 700, SERVER, call(made.number(), procedure=UNSET, arguments=words(
            MOUNTD, 3, 0, 0)))
    expect("an UNSET from three forged addresses", made, [
        ("portmap-spoofed-local", "1", "attempt", 1),
        ("portmap-unset-remote", "1", "attempt", 1)] * 3,
           ["127.0.0.1 is a loopback address", "0.0.0.0 is the unspecified address",
            "10.1.86.0 is the destination's own address"])


def callit_mount():
    made = Scene()
    for number, client in enumerate((OUTSIDE, CLIENT)):
        made.ask(client, 700, SERVER, call(number + 1, procedure=CALLIT, arguments=words(
            MOUNTD, 3, MNT, 12) + opaque(b"/export/")))
    xid = made.number()
    made.ask(OUTSIDE, 701, SERVER, call(xid, procedure=CALLIT, arguments=words(100002, 2, 1, 0)),
             reply(xid, words(1023, 4, 0)))
    made.wait(30).ask(CLIENT, 700, SERVER, call(9), reply(9))
    expect("mounts through the portmapper", made, [
        ("portmap-callit", "1", "timeout", 1),
        ("portmap-callit-forbidden-target", "1", "timeout", 1)] * 2 + [
            ("portmap-callit", "1", "success", 1)], ["forwarded: port 1023 answered with 4 bytes"])


def alt_port():
    """Sun's bulletin 142: the portmapper answers at a high port too, past every filter of 111."""
    made = Scene()
    xid = made.number()
    made.ask(OUTSIDE, 700, SERVER, call(xid, procedure=DUMP), reply(xid, LIST), 32771)
    expect("a DUMP at port 32771", made, [
        ("portmap-alt-port", "1", "success", 1), ("portmap-dump", "2", "success", 1),
        ("portmap-dump-exposed", "1", "success", 1), ("rpc-direct", "2", "success", 1),
        ("rpc-port-touch", "4", "success", 1)])


# --------------------------------------------------------------------- tools


def zmap():
    made = Scene()
    for number in range(20):
        probe = call(0x1aa9ffe1, procedure=DUMP)
        made.wait(0.15).ask(OUTSIDE, 40000, host(number), probe, reply(0x1aa9ffe1, LIST)
                            if number % 10 == 3 else None)
    made.wait(60).ask(CLIENT, 700, SERVER, call(1), reply(1))
    expect("zmap", made, [
        (name, severity, outcome, 1) for name, severity in (("portmap-dump", "2"),
                                                            ("tool-fingerprint", "3"))
        for outcome in ["timeout"] * 18 + ["success"] * 2] + [
            ("portmap-dump-exposed", "1", "success", 1)] * 2 + [
                ("portmap-sweep", "2", "attempt", 1)],
           ["zmap"])


def portmap_amp():
    """Metasploit's scanner for amplifiers: three calls, and what they would bring."""
    made = Scene()
    for number, (version, procedure) in enumerate(((3, DUMP), (2, DUMP), (4, GETSTAT))):
        xid = 12345678 + number
        answer = LIST if procedure == DUMP and version == 2 else b""
        made.ask(OUTSIDE, 5000, SERVER, call(xid, version=version, procedure=procedure),
                 reply(xid, answer, 0 if answer else 2))
    expect("portmap_amp", made, [
        ("portmap-dump", "2", "success", 2), ("portmap-dump-exposed", "1", "success", 1),
        ("portmap-getstat", "2", "prog_mismatch", 1), ("tool-fingerprint", "3", "attempt", 1)],
           ["portmap_amp"])


def grind():
    """nmap: one version, one connection, one program after the other."""
    made = Scene()
    talk = made.open(OUTSIDE, 800, SERVER, 32790)
    for number in range(20):
        xid = 4711 + number
        talk.ask(call(xid, 100000 + number, 104316 + 5, 0), reply(xid, stat=1))
    expect("rpc-grind", made, [("rpc-grind", "1", "attempt", 1)] + [
        ("rpc-direct", "2", "prog_unavail", 1)] * 10 + [
            ("rpc-direct-sensitive", "1", "prog_unavail", 1)] * 10 + [
                ("portmap-alt-port", "1", "prog_unavail", 1),
                ("portmap-unknown-procedure", "3", "prog_unavail", 1)])


def fragments():
    """Metasploit's evasion: a lookup in record fragments of one to three bytes."""
    made = Scene()
    xid = made.number()
    wanted = lookup(xid, SADMIND, 10, TCP, credential=auth_sys(b"", stamp=0))
    talk = made.open(OUTSIDE, 700, SERVER).say(record(wanted, *range(2, len(wanted), 3)))
    talk.say(record(reply(xid, words(32773))), True)
    expect("a lookup in tiny fragments", made, [
        (SENSITIVE, "2>1", "success", 1), ("rpc-tiny-fragment", "1", "attempt", 1),
        ("rpc-fragmented-record", "2", "attempt", 1), ("rpc-forged-root", "2", "success", 1)])


# --------------------------------------------------------------------- by their CVE


def rpcbomb():
    """CVE-2017-8779: 60 bytes that cost the server a million."""
    made = Scene()
    for number in range(3):
        made.udp(OUTSIDE, 5000 + number, SERVER, 111, call(0, version=4, procedure=GETVERSADDR,
                                                           arguments=words(0, 0, 4, 0, 1000000)))
    made.wait(30).ask(CLIENT, 700, SERVER, call(9), reply(9))
    expect("rpcbomb", made, [
        ("xdr-length-bomb", "1", "timeout", 3), ("portmap-getport", "3", "timeout", 3),
        ("portmap-unknown-program", "3", "timeout", 3)], ["length 1000000 of a string"])


def windows_nlm():
    """CVE-2022-26937: a lock makes the server ask the attacker's portmapper, which overflows it."""
    made = Scene()
    xid = made.number()
    made.open(OUTSIDE, 900, SERVER, 2050).ask(call(xid, NLM, 4, 7, bytes(80)), reply(xid, bytes(8)))
    talk = made.open(SERVER, 1020, OUTSIDE)
    xid = made.number()
    talk.ask(lookup(xid, NLM, 4, TCP), reply(xid, words(0)))
    xid = made.number()
    talk.ask(call(xid, version=4, procedure=GETADDR, arguments=words(NLM, 4) + opaque(b"tcp6")
                  + opaque(b"") + opaque(b"")), reply(xid, opaque(b"A" * 2048)))
    expect("an address of 2048 bytes for Windows", made, [
        ("portmap-long-address", "1", "success", 1), ("portmap-bad-port", "2", "success", 1),
        ("portmap-outbound", "3", "success", 2), ("rpc-direct-sensitive", "1", "success", 1)],
           ["a universal address of 2048 bytes in the reply"])


def windows_portmap():
    """CVE-2022-24491 and CVE-2022-24497: verifiers that the portmapper of Windows copies."""
    made = Scene()
    gss = auth(GSS, bytes(24))
    xid = 0x41424344
    made.ask(OUTSIDE, 700, SERVER, call(xid, procedure=DUMP, credential=gss, verifier=auth(
        GSS, bytes(16))), reply(xid, LIST))
    for _ in range(3):
        made.ask(OUTSIDE, 700, SERVER, call(xid, procedure=SET, arguments=words(
            100005, 3, UDP, 9), credential=gss), denied(xid, REJECTED) + words(0))
        made.ask(OUTSIDE, 700, SERVER, call(xid, procedure=DUMP, credential=gss, verifier=auth(
            GSS, bytes(392))), reply(xid, LIST, verifier=auth(GSS, bytes(392))))
    expect("SET and DUMP with RPCSEC_GSS", made, [
        ("portmap-dump", "2", "success", 4), ("portmap-set-remote", "1", "denied", 3),
        ("portmap-gss-verifier", "1", "success", 7), ("portmap-set-dump-pair", "1", "success", 6)],
           ["as the portmapper of Windows Server for NFS refuses"])
    made = Scene()
    xid = made.number()
    talk = made.open(OUTSIDE, 685, SERVER).ask(lookup(xid, MOUNTD, 3, TCP), reply(xid, words(635)))
    xid = made.number()
    talk.ask(call(xid, procedure=DUMP, verifier=auth(GSS, bytes(400))), reply(xid, LIST))
    expect("DUMP with a verifier of 400 bytes", made, [
        (SENSITIVE, "2>1", "success", 1), ("portmap-gss-verifier", "1", "success", 1),
        ("portmap-dump", "2", "success", 1), ("portmap-dump-exposed", "1", "success", 1)],
           ["a verifier of flavor RPCSEC_GSS, 400 bytes"])


def statd_format():
    """CVE-2000-0666, past the portmapper: a name of format directives."""
    made = Scene()
    xid = made.number()
    name = b"\x18\xf7\xff\xbf" + b"%8x" * 9 + b"%n" + b"\x90" * 900
    made.ask(OUTSIDE, 900, SERVER, call(xid, STATUS, 1, 1, opaque(name)), reply(xid, words(1, 3)),
             32772)
    expect("statd's format string", made, [
        ("rpc-direct-sensitive", "1", "success", 1), ("rpc-oversized-args", "1", "success", 1),
        ("rpc-port-touch", "4", "success", 1)], ["%8x%n"])


def idle():
    """CVE-2021-46828: connections, and nothing on them."""
    made = Scene()
    for number in range(80):
        made.open(OUTSIDE, 10000 + number, SERVER)
    made.wait(40).ask(CLIENT, 700, SERVER, call(9), reply(9))
    expect("idle connections", made, [("portmap-idle-connections", "2", "attempt", 1)])


def junk():
    """What portmap 4.0 died of: random bytes."""
    made = Scene()
    talk = made.open(OUTSIDE, 10000, SERVER)
    for number in range(5):
        talk.say(bytes((7 * byte + number + 3) % 128 for byte in range(61)))
    expect("junk", made, [("rpc-junk", "3", "attempt", 1)])


# --------------------------------------------------------------------- volume


def amplified():
    """A victim's address on calls that it never sent: an open portmapper answers it."""
    made = Scene()
    long_list = services(*((100000 + number, 111) for number in range(60)))
    for number in range(300):
        made.wait(0.02).ask("203.0.113.9", 1024 + number, SERVER, call(number, procedure=DUMP),
                            reply(number, long_list))
    expect("a spoofed victim", made, [
        ("portmap-amplification", "1", "attempt", 1), ("portmap-flood", "2", "attempt", 1),
        ("portmap-dump", "2", "success", 300), ("portmap-dump-exposed", "1", "success", 300)],
           ["it is the victim then", "most bytes by DUMP of version 2"])


def victim():
    """The other end: answers to calls that nobody here sent."""
    made = Scene()
    for number in range(200):
        made.udp(f"198.51.100.{number}", 111, CLIENT, 80, reply(number, LIST))
    expect("a victim at home", made, [("portmap-reflection-victim", "1", "attempt", 1)],
           ["the victim is this alert's client, one of your own hosts"])


def rexmit():
    """What Zeek reported as a NULL call: a DUMP under the same transaction id."""
    made = Scene()
    made.ask(OUTSIDE, 700, SERVER, call(7))
    made.ask(OUTSIDE, 700, SERVER, call(7, procedure=DUMP), reply(7, LIST))
    expect("a DUMP behind a NULL", made, [
        ("xid-conflict", "2", "success", 1), ("portmap-dump", "2", "success", 1),
        ("portmap-dump-exposed", "1", "success", 1)], ["procedure: NULL -> DUMP"])


GROUPS = [hijack, forged_local, callit_mount, alt_port, zmap, portmap_amp, grind, fragments,
          rpcbomb, windows_nlm, windows_portmap, statd_format, idle, junk, amplified, victim,
          rexmit]


def main():
    for group in GROUPS:
        tap.guard(group.__name__, group)
    sc.check_schema(tap)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
