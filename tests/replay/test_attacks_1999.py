#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""`rpcsentry read` over what networks saw in December 1999 ("The trouble with RPCs"), and LLDOS
1.0: each gives exactly the alerts that it should, with severities, outcomes and counts."""
import sys

import scene as sc
from scene import CLIENT, FINGERPRINT, LINK, OUTSIDE, SENSITIVE, SERVER, Scene, host
from tap import Tap
from talk import (CALLIT, DUMP, MOUNTD, UDP, auth_sys, call, denied, lookup, reply, words)

PROBER = "192.168.42.6"
AUTOFSD, SADMIND, STATUS, NSRSTAT = 100099, 100232, 100024, 390109
FAILED = 7
tap = Tap()


def expect(what, made, alerts, says=()):
    sc.expect(tap, what, made, alerts, says)

def two_syns():
    """What was seen of a sweep: source ports and addresses one after the other."""
    made = Scene()
    for number in range(2):
        made.syn(PROBER, 1763 + number, host(number))
    expect("two SYNs of a sweep", made, [])


def sweep_1999():
    made = Scene()
    for number in range(254):
        made.syn(PROBER, 1763 + number, host(number))
    expect("the sweep whole", made, [("portmap-sweep", "2", "attempt", 1)],
           ["addresses consecutive, from 10.1.86.0 to 10.1.86.15", "16 by SYN alone"])


def rpcinfo_refused():
    """44 bytes, and 32 in answer: an empty list."""
    made = Scene()
    xid = made.number()
    talk = made.open(OUTSIDE, 856, SERVER)
    talk.ask(call(xid, procedure=DUMP), reply(xid, words(0))).close()
    expect("rpcinfo -p, refused by Wietse Venema's portmap", made,
           [("portmap-dump", "2", "empty", 1)],
           ["as Wietse Venema's and BSD portmap refuse", "source port 856 is reserved"])
    made = Scene()
    for seconds in (0, 15, 3):
        xid = made.wait(seconds).number()
        made.open(OUTSIDE, 856 + seconds, SERVER).ask(call(xid, procedure=DUMP),
                                                      denied(xid, FAILED)).close()
    expect("rpcinfo -p three times, refused by Solaris", made, [("portmap-dump", "2", "denied", 3)],
           ["AUTH_ERROR 7 (failed): as Solaris"])


def getport_refused():
    made = Scene()
    for server in ("10.1.3.5", "10.1.4.8", "10.1.3.5"):
        xid = made.wait(4).number()
        made.ask(OUTSIDE, 900, server, lookup(xid, AUTOFSD, 1), denied(xid, FAILED))
    expect("lookups of autofsd, refused", made,
           [(SENSITIVE, "2", "denied", 2), (SENSITIVE, "2", "denied", 1)], ["autofs (100099)"])
    made = Scene()
    xid = made.number()
    made.ask("172.20.20.14", 900, SERVER, lookup(xid, 1000, 1), denied(xid, FAILED))
    expect("a lookup of program 1000", made,
           [("portmap-getport", "3", "denied", 1), ("portmap-unknown-program", "3", "denied", 1)],
           ["program 1000 (0x000003e8) is in no registry"])


def callit_nsrstat():
    made = Scene()
    for seconds in (0, 3):
        made.wait(seconds)
        made.ask("172.20.20.32", 700, SERVER, call(made.number(), procedure=CALLIT, arguments=words(
            NSRSTAT, 1, 0, 0)))
    made.wait(30).ask(CLIENT, 700, SERVER, call(1), reply(1))
    expect("callit(nsrstat), not forwarded", made, [("portmap-callit", "1", "timeout", 2)],
           ["call nsrstat (390109) version 1 procedure 0 in its own name"])


def target_list():
    """The script's programs, asked of one server one after the other."""
    made = Scene()
    for program in (100083, STATUS, AUTOFSD, 100300, MOUNTD, 150001):
        xid = made.number()
        made.ask(OUTSIDE, 901, SERVER, lookup(xid, program, 1),
                 reply(xid, words(32772 if program == STATUS else 0)))
    expect("the list of an exploit script", made, [(SENSITIVE, "2>1", "success", 1)]
           + [(SENSITIVE, "2", "not_registered", 1)] * 5 + [("portmap-fanout", "2", "attempt", 1)])


def nmap_1999():
    """UDP without bytes from one port; SYNs to a closed and to an open port of the RPC range."""
    made = Scene()
    for port in (936, 937, 327, 635, 554, 321, 1600, 111):
        made.udp("192.168.8.9", 47862, SERVER, port)
    expect("nmap 2.3 over UDP", made, [
        ("portmap-empty-datagram", "3", "attempt", 1), ("rpc-port-scan", "2", "attempt", 1)],
           ["936, 937, 327, 635, 554, 321, 1600, 111", "all from source port 47862"])
    made = Scene()
    made.syn(PROBER, 61345, SERVER, 32771)
    made.send(sc.tcp_frame(SERVER, 32771, PROBER, 61345, sc.RST | 16, b"", 0, 101))
    made.open(PROBER, 61721, SERVER, 32776).reset()
    made.open(PROBER, 61722, SERVER, 32772).reset()
    expect("nmap 2.3 over TCP, and the Sun locator", made, [("rpc-port-touch", "4", "attempt", 2)])


def lldos():
    """LLDOS 1.0, phase 2: who has sadmind, and a ping of those that do; and then the exploit."""
    made = Scene()
    for number in range(13):
        xid = 0x39c00000 + number
        port = (32773, 0, 32774)[number % 3]
        made.wait(1).ask(OUTSIDE, 33000 + number, host(number), lookup(xid, SADMIND, 10),
                         reply(xid, words(port)) if number < 7 else None)
    root = auth_sys(b"localhost", stamp=0x38c51b56)
    for number, port in ((0, 32773), (2, 32774)):
        xid = made.number()
        made.ask(OUTSIDE, 34000, host(number), call(xid, SADMIND, 10, 0, credential=root),
                 reply(xid), port)
        xid = made.number()
        made.ask(OUTSIDE, 34000, host(number), call(xid, SADMIND, 10, 1, bytes(1340), root), None,
                 port)
    made.wait(60).ask(CLIENT, 700, SERVER, call(1), reply(1))
    expect("LLDOS phase 2", made, [(SENSITIVE, "2>1", "success", 1)] * 5
           + [(SENSITIVE, "2", "not_registered", 1)] * 2 + [(SENSITIVE, "2", "timeout", 1)] * 6
           + [("portmap-fanout", "2", "attempt", 1)]
           + [(LINK, "4", "success", 1), ("rpc-port-touch", "4", "success", 2),
              ("rpc-forged-root", "2", "success", 2),
              ("rpc-oversized-args", "1", "timeout", 1)] * 2,
           ["arguments of 1340 bytes", "root on \"localhost\"", "servers for sadmind (100232)"])


GROUPS = [two_syns, sweep_1999, rpcinfo_refused, getport_refused, callit_nsrstat, target_list,
          nmap_1999, lldos]


def main():
    for group in GROUPS:
        tap.guard(group.__name__, group)
    sc.check_schema(tap)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
