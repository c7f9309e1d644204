# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A second machine at the far end of run_sandbox's veth pair, for real TCP between two stacks."""
import socket
import struct
import subprocess
import sys
import threading

import run_sandbox as box

CLIENT = "10.77.0.2"
LAST = 0x80000000
NFS, WRITE, NULL = 100003, 7, 0


def call(xid, program=100000, version=2, procedure=box.GETPORT, arguments=None):
    """An RPC call without credential (RFC 5531 section 9); GETPORT of NFS unless told."""
    if arguments is None:
        arguments = struct.pack(">4I", NFS, 3, 17, 0)
    return struct.pack(">10I", xid, 0, 2, program, version, procedure, 0, 0, 0, 0) + arguments


def record(message):
    return struct.pack(">I", LAST | len(message)) + message


class Machine:
    """A network namespace that lives as long as `with`; the veth pair's far end moves there."""

    def __init__(self, *, mtu=1500, moves=box.PEER, address=CLIENT):
        self.mtu, self.moves, self.address = mtu, moves, address
        self.child = None

    def __enter__(self):
        self.child = subprocess.Popen(["unshare", "--net", "sleep", "infinity"],
                                      stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            self._furnish()
        except Exception:
            self.__exit__()
            raise
        return self

    def _furnish(self):
        mine = box.sh("readlink", "/proc/self/ns/net").stdout
        path = f"/proc/{self.child.pid}/ns/net"
        box.until(lambda: box.sh("readlink", path, check=False).stdout not in ("", mine))
        if self.moves:
            box.sh("ip", "link", "set", self.moves, "netns", str(self.child.pid))
            self.run("ip", "link", "set", "lo", "up")
            self.run("ip", "addr", "add", self.address + "/24", "dev", self.moves)
            self.run("ip", "link", "set", self.moves, "mtu", str(self.mtu), "up")
            box.sh("ip", "link", "set", box.WATCHED, "mtu", str(self.mtu))

    def __exit__(self, *_):
        self.child.kill()
        self.child.wait()

    def run(self, *command, **options):
        return box.sh("nsenter", f"--net=/proc/{self.child.pid}/ns/net", "--", *command, **options)

    def python(self, text, *arguments, **options):
        """Runs a Python program there, and waits for its end."""
        return self.run(sys.executable, "-c", text, *map(str, arguments), **options)


class Discard:
    """A TCP listener that takes all and answers nothing; counts the bytes it got."""

    def __init__(self, port, address=box.SERVER):
        self.socket = socket.create_server((address, port))
        self.got = 0
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            with peer:
                while chunk := peer.recv(1 << 20):
                    self.got += len(chunk)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join(10)


SEND = """
import socket, sys
with open(sys.argv[1], 'rb') as file:
    data = file.read()
with socket.create_connection((sys.argv[2], int(sys.argv[3])), timeout=20) as peer:
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
    peer.sendall(data)
    peer.shutdown(socket.SHUT_WR)
    peer.recv(1)
"""


def send_stream(machine, directory, data, port, address=box.SERVER):
    """Sends all of `data` on one connection, in one write; returns when the listener has it all."""
    path = f"{directory}/stream"
    with open(path, "wb") as out:
        out.write(data)
    machine.python(SEND, path, address, port)
