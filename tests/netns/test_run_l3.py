#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""`rpcsentry run` on a device without an Ethernet header: a tun device to another machine."""
import fcntl
import os
import select
import shutil
import socket
import struct
import sys
import threading

import run_sandbox as box
from two_machines import Machine, call, record

sys.path.insert(0, os.path.join(box.TOP, "tests"))
from tap import Tap  # noqa: E402

HERE, THERE = "rs-tun0", "rs-tun1"
SERVER, CLIENT, SERVER6, CLIENT6 = "10.88.0.1", "10.88.0.2", "fd88::1", "fd88::2"
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454ca, 0x0001, 0x1000
NFS_PORT = 2049
tap = Tap()


def make_tun(name):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return fd


def join(first, second):
    """What leaves by one tun device comes in by the other; no header in between."""
    def carry():
        while True:
            for fd in select.select([first, second], [], [])[0]:
                try:
                    os.write(second if fd == first else first, os.read(fd, 65536))
                except OSError:
                    pass

    threading.Thread(target=carry, daemon=True).start()


def answer(message):
    return message[:4] + struct.pack(">6I", 1, 0, 0, 0, 0, NFS_PORT)


def serve_udp():
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as server:
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        server.bind(("::", 111))
        while True:
            message, peer = server.recvfrom(4096)
            server.sendto(answer(message), peer)


def serve_tcp():
    with socket.create_server(("::", 111), family=socket.AF_INET6, dualstack_ipv6=True) as server:
        while True:
            peer, _ = server.accept()
            with peer:
                message = peer.recv(4096)
                peer.sendall(record(answer(message[4:])))
                peer.recv(1)


ASK = """
import socket, sys
kind, server, message = sys.argv[1], sys.argv[2], bytes.fromhex(sys.argv[3])
family = socket.AF_INET6 if ":" in server else socket.AF_INET
with socket.socket(family, socket.SOCK_STREAM if kind == "TCP" else socket.SOCK_DGRAM) as peer:
    peer.settimeout(10)
    peer.connect((server, 111))
    peer.send(message)
    print(peer.recv(4096)[-4:].hex())
"""


def furnish(machine):
    fds = make_tun(HERE), make_tun(THERE)
    box.sh("ip", "link", "set", THERE, "netns", str(machine.child.pid))
    for run, name, addresses in ((box.sh, HERE, (SERVER, SERVER6)),
                                 (machine.run, THERE, (CLIENT, CLIENT6))):
        run("ip", "addr", "add", addresses[0] + "/24", "dev", name)
        run("ip", "addr", "add", addresses[1] + "/64", "dev", name, "nodad")
        run("ip", "link", "set", name, "up")
    join(*fds)
    for serve in (serve_udp, serve_tcp):
        threading.Thread(target=serve, daemon=True).start()


def test_each(machine, eve):
    """(protocol, server) by XID; every one asked and answered once."""
    asked = {}
    for kind in ("UDP", "TCP"):
        for server in (SERVER, SERVER6):
            xid = 8000 + len(asked)
            asked[xid] = kind, server
            message = call(xid) if kind == "UDP" else record(call(xid))
            done = machine.python(ASK, kind, server, message.hex(), check=False)
            tap.equal(f"{kind} to {server}: the answer passes", done.stdout.strip(),
                      f"{NFS_PORT:08x}")
    told = box.until(lambda: [e for e in box.lines_of(eve) if e["event_type"] == "portmap"
                              and len(asked) <= sum(x["event_type"] == "portmap"
                                                    for x in box.lines_of(eve))]) or []
    for event in told:
        kind, server = asked[event["rpc"]["xid"]]
        tap.equal(f"{kind} to {server}: who asked whom for what, and the answer",
                  [event["proto"], event["src_ip"], event["dest_ip"], event["in_iface"],
                   event["rpc"]["procedure_name"], event["rpc"]["status"],
                   event["portmap"]["program_name"], event["portmap"]["reply"]["port"]],
                  [kind, CLIENT if server == SERVER else CLIENT6, server, HERE, "GETPORT",
                   "success", "nfs", NFS_PORT])
    tap.equal("each is told once", sorted(e["rpc"]["xid"] for e in told), sorted(asked))


def test_run(directory, machine):
    eve = f"{directory}/tun.json"
    with box.Run(directory, "tun", "-i", HERE, "--no-journal", "--eve", eve) as run:
        tap.check("TC is chosen, and it says why", f"{HERE}: mode tc, it has no Ethernet header" in
                  run.log and "egress watched" in run.log, run.log)
        test_each(machine, eve)
        tap.equal("it ends with status 0", run.end()[0], 0)
    kernel = box.lines_of(eve)[-1]["stats"]["kernel"]
    tap.equal("calls and replies count once each, calls coming in and replies leaving",
              [kernel["calls"], kernel["replies"], kernel["fallbacks"]], [4, 4, 0])
    tap.equal("no packet was misread", [kernel["packet_ip_bad"], kernel["packet_link_short"],
                                        kernel["records_lost"]], [0, 0, 0])


def test_no_xdp(directory):
    for mode in ("native", "generic"):
        run = box.Run(directory, mode, "-i", HERE, "-m", mode, "--no-journal", wait=False)
        status = run.process.wait(60)
        tap.check(f"-m {mode} is refused with one line", status == 1 and run.log.count("\n") == 1
                  and "use -m tc" in run.log, f"{status}: {run.log}")


def main():
    box.enter()
    directory = box.prepare()
    try:
        make_probe = make_tun("rs-tun9")
        os.close(make_probe)
    except OSError as error:
        tap.skip("a device without an Ethernet header", f"no tun device can be made: {error}")
        return tap.done()
    try:
        with Machine(moves=None) as machine:
            furnish(machine)
            tap.guard("run", test_run, directory, machine)
            tap.guard("no XDP", test_no_xdp, directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
