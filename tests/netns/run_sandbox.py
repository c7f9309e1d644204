# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A place of its own for tests of `rpcsentry run`: network, mounts and pins.

enter() starts the test again inside new namespaces, with a veth pair whose end `rs-run0` is to be
watched; frames are written on the other end. All of it goes with the last process.
"""
import ctypes
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.path.join(TOP, os.environ.get("BUILD") or "build", "rpcsentry")
WATCHED, PEER = "rs-run0", "rs-run1"
SERVER = "10.77.0.1"
INSIDE = "RPCSENTRY_TEST_INSIDE"
GETPORT, DUMP = 3, 4
PR_SET_CHILD_SUBREAPER = 36


def enter():
    """Returns inside the namespaces only."""
    if os.environ.get(INSIDE):
        # The inventory's place: nothing of the host is touched.
        sh("mount", "-t", "tmpfs", "tmpfs", "/var/lib")
        return
    for good, reason in ((os.geteuid() == 0, "namespaces and BPF programs need root"),
                         (os.path.exists(BINARY), f"{BINARY} is not built"),
                         (shutil.which("unshare"), "unshare is not installed")):
        if not good:
            print(f"1..0 # SKIP {reason}")
            sys.exit(0)
    os.environ[INSIDE] = "1"
    os.execvp("unshare", ["unshare", "--net", "--mount", "--propagation", "private",
                          sys.executable, "-u", os.path.abspath(sys.argv[0]), *sys.argv[1:]])


def sh(*command, check=True):
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=check,
                          stdin=subprocess.DEVNULL)


def add_veth():
    sh("ip", "link", "add", WATCHED, "type", "veth", "peer", "name", PEER)
    sh("ip", "addr", "add", SERVER + "/24", "dev", WATCHED)
    for name in (WATCHED, PEER):
        sh("ip", "link", "set", name, "up")


def prepare():
    """The BPF file system is empty; orphans become ours, so that we see them end."""
    sh("mount", "-t", "bpf", "bpf", "/sys/fs/bpf")
    sh("ip", "link", "set", "lo", "up")
    add_veth()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    directory = tempfile.mkdtemp(prefix="rs-run-")
    os.chmod(directory, 0o755)
    os.environ["RPCSENTRY_RUN_DIR"] = directory
    return directory


def until(condition, seconds=10):
    """Waits for the condition's truth; what it last gave."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > deadline:
            return value
        time.sleep(0.02)


def checksum(data):
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def call_frame(client, xid, procedure=DUMP, arguments=b"", port=900):
    """An Ethernet frame with a portmapper version 2 call over UDP (RFC 5531 section 9)."""
    rpc = struct.pack(">10I", xid, 0, 2, 100000, 2, procedure, 0, 0, 0, 0) + arguments
    udp = struct.pack(">4H", port, 111, 8 + len(rpc), 0) + rpc
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), xid & 0xffff, 0, 64, 17, 0,
                       socket.inet_aton(client), socket.inet_aton(SERVER))
    head = head[:10] + struct.pack(">H", checksum(head)) + head[12:]
    return b"\xff" * 6 + b"\x02\0\0\0\0\x01" + b"\x08\0" + head + udp


class Wire:
    """The far end of the veth pair."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.socket.bind((PEER, 0))
        self.xid = 1000

    def dump(self, client):
        self.xid += 1
        self.socket.send(call_frame(client, self.xid))

    def getport(self, client, program):
        self.xid += 1
        self.mapping(client, GETPORT, program)

    def mapping(self, client, procedure, program):
        """A call about a mapping, with the XID of the one before."""
        self.socket.send(call_frame(client, self.xid, procedure,
                                    struct.pack(">4I", program, 3, 17, 0)))


def children_of(pid):
    """Process ids by name."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        pids = file.read().split()
    found = {}
    for child in pids:
        with open(f"/proc/{child}/comm", encoding="ascii") as file:
            found[file.read().strip()] = int(child)
    return found


def alive(pid):
    """Is it there, and no zombie? Takes the zombies off that are ours."""
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def descriptors(pid):
    """What each descriptor of a process is."""
    folder, found = f"/proc/{pid}/fd", {}
    for name in os.listdir(folder):
        try:
            found[int(name)] = os.readlink(f"{folder}/{name}")
        except FileNotFoundError:
            pass
    return found


def maps_of(pid, held):
    """The names of the BPF maps among a process's descriptors."""
    names, found = {m["id"]: m["name"] for m in json.loads(sh("bpftool", "-j", "map").stdout)}, []
    for fd, what in held.items():
        if "bpf-map" in what:
            with open(f"/proc/{pid}/fdinfo/{fd}", encoding="ascii") as file:
                number = int(re.search(r"^map_id:\s*(\d+)", file.read(), re.M).group(1))
            found.append(names[number])
    return sorted(found)


def mapped_maps(pid):
    """(rights, bytes) of the BPF maps in a process's memory."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as file:
        lines = [line.split() for line in file if "bpf-map" in line]
    ends = [[int(end, 16) for end in line[0].split("-")] for line in lines]
    return [(line[1], end - start) for line, (start, end) in zip(lines, ends)]


def programs_of(pid):
    """Ids of the BPF programs that a process holds, or has linked."""
    ids = set()
    for fd in descriptors(pid):
        try:
            with open(f"/proc/{pid}/fdinfo/{fd}", encoding="ascii") as file:
                ids.update(int(n) for n in re.findall(r"^prog_id:\s*(\d+)", file.read(), re.M))
        except FileNotFoundError:
            pass
    return ids


def programs_left(ids):
    """Those that the kernel still has; freed ones go a moment after their last user."""
    listed = json.loads(sh("bpftool", "-j", "prog", "show").stdout)
    return ids & {program["id"] for program in listed}


def lines_of(path):
    """Events so far; a line is there once it is whole."""
    try:
        with open(path, encoding="ascii") as file:
            text = file.read()
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in text.split("\n")[:-1]]


def alerts_of(path, name="portmap-dump"):
    return [e for e in lines_of(path) if e["event_type"] == "alert" and e["alert"]["name"] == name]


class Run:
    """A `rpcsentry run`. `log` is its standard error, `out` its standard output."""

    def __init__(self, directory, name, *arguments, wait=True, **popen):
        self.log_path, self.out_path = f"{directory}/{name}.log", f"{directory}/{name}.out"
        with open(self.log_path, "wb") as log, open(self.out_path, "wb") as out:
            self.process = subprocess.Popen([BINARY, "run", *arguments], stdin=subprocess.DEVNULL,
                                            stdout=out, stderr=log, **popen)
        self.pid = self.process.pid
        if wait and not until(lambda: "watching" in self.log or self.process.poll() is not None):
            raise RuntimeError(f"does not start: {self.log}")
        if wait and self.process.poll() is not None:
            raise RuntimeError(f"ended with {self.process.returncode}: {self.log}")

    @staticmethod
    def _text(path):
        with open(path, encoding="utf-8") as file:
            return file.read()

    @property
    def log(self):
        return self._text(self.log_path)

    @property
    def out(self):
        return self._text(self.out_path)

    def end(self, number=signal.SIGTERM, seconds=10):
        """(exit status, seconds it took); None when it had to be killed."""
        start = time.monotonic()
        self.process.send_signal(number)
        try:
            return self.process.wait(seconds), time.monotonic() - start
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return None, time.monotonic() - start

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
