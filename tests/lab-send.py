#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Sends what no ordinary tool sends.

usage: lab-send.py set PROGRAM VERSION udp|tcp PORT
           registers a program with the portmapper of this machine, over loopback
       lab-send.py call SERVER PROCEDURE [PROGRAM VERSION udp|tcp|NUMBER PORT]
           one portmapper version 2 call over UDP, and whether an answer came; for CALLIT, NUMBER
           is the inner procedure, and PORT the length of its arguments
       lab-send.py spoof IFACE GATEWAY SOURCE SERVER PROGRAM
           an UNSET with a false source address, in a frame to the gateway
"""
import os
import re
import socket
import struct
import subprocess
import sys

PORTMAPPER, UNSET, SET = 100000, 2, 1
PROTOCOLS = {"udp": 17, "tcp": 6}


def call(procedure, arguments):
    """An RPC call to portmapper version 2 without credentials (RFC 5531 section 9)."""
    xid = int.from_bytes(os.urandom(4), "big")
    return struct.pack(">10I", xid, 0, 2, PORTMAPPER, 2, procedure, 0, 0, 0, 0) + arguments


def number_of(protocol):
    return PROTOCOLS[protocol] if protocol in PROTOCOLS else int(protocol)


def mapping(program, version, protocol, port):
    return struct.pack(">4I", int(program), int(version), number_of(protocol), int(port))


def ask(server, message):
    """Sends from a reserved port, as the portmapper demands for SET; the answer or None."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for port in range(1023, 600, -1):
            try:
                sock.bind(("", port))
                break
            except OSError:
                continue
        sock.settimeout(3)
        sock.sendto(message, (server, 111))
        try:
            return sock.recv(65536)
        except OSError:
            return None


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def spoof(iface, gateway, source, server, program):
    subprocess.run(["ip", "neigh", "flush", "dev", iface], check=False)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"", (gateway, 9))  # has the kernel ask for the gateway's hardware address
    shown = ""
    for _ in range(100):
        shown = subprocess.run(["ip", "neigh", "show", "dev", iface, gateway], check=True,
                               capture_output=True, text=True).stdout
        if "lladdr" in shown:
            break
        subprocess.run(["sleep", "0.02"], check=True)
    there = bytes.fromhex(re.search(r"lladdr (\S+)", shown).group(1).replace(":", ""))

    payload = call(UNSET, mapping(program, 3, "udp", 0))
    udp = struct.pack(">4H", 600, 111, 8 + len(payload), 0) + payload
    fields = (0x45, 0, 20 + len(udp), 0x1234, 0, 64, 17)
    ends = socket.inet_aton(source) + socket.inet_aton(server)
    ip = struct.pack(">BBHHHBBH", *fields, checksum(struct.pack(">BBHHHBBH", *fields, 0) + ends)) + ends
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
        sock.bind((iface, 0))
        here = sock.getsockname()[4]
        sock.send(there + here + b"\x08\x00" + ip + udp)


def main(argv):
    if len(argv) == 6 and argv[1] == "set":
        reply = ask("127.0.0.1", call(SET, mapping(*argv[2:])))
        if reply is None or reply[-4:] != b"\0\0\0\1":
            sys.exit("lab-send: the portmapper did not take the registration")
    elif len(argv) in (4, 8) and argv[1] == "call":
        arguments = mapping(*argv[4:]) if len(argv) == 8 else b""
        print("answered" if ask(argv[2], call(int(argv[3]), arguments)) else "no answer")
    elif len(argv) == 7 and argv[1] == "spoof":
        spoof(*argv[2:])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv)
