# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Namespaces for a bench: networks, mounts and pins of its own, which go with its first process."""
import os
import signal
import socket
import subprocess
import sys
import time

from rows import BUILD

BINARY = os.path.join(BUILD, "rpcsentry")
INSIDE = "RPCSENTRY_BENCH_INSIDE"


def enter():
    """Returns inside only. A bench that cannot measure has failed."""
    if os.geteuid():
        sys.exit("bench: not root; namespaces and BPF programs need root")
    if not os.path.exists(BINARY):
        sys.exit(f"bench: {BINARY} is not built; `make` builds it")
    if os.environ.get(INSIDE):
        # The host's inventory, pins and names of networks are none of ours.
        for kind, where in (("tmpfs", "/var/lib"), ("tmpfs", "/run"), ("bpf", "/sys/fs/bpf")):
            sh("mount", "-t", kind, kind, where)
        os.makedirs("/run/netns")
        sh("ip", "link", "set", "lo", "up")
        return
    os.environ[INSIDE] = "1"
    # Whoever dies first takes all others along.
    os.execvp("setpriv", ["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "--mount", "--pid", "--ipc",
                          "--fork", "--kill-child", "--mount-proc", sys.executable, "-u",
                          os.path.abspath(sys.argv[0]), *sys.argv[1:]])


def sh(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False,
                          stdin=subprocess.DEVNULL)
    if done.returncode:
        sys.exit(f"bench: {' '.join(command)}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def inside(machine, *command):
    """The command as it runs on a machine of this place."""
    return ["nsenter", f"--net=/run/netns/{machine}", "--", *command]


class Sensor:
    """A `rpcsentry run` that is ready; `start_s` is what it took until it said so."""

    def __init__(self, *arguments):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        path = f"/run/bench-{os.getpid()}-{time.monotonic_ns()}"
        self.socket.bind(path)
        self.socket.settimeout(30)
        env = dict(os.environ, NOTIFY_SOCKET=path)
        start = time.monotonic()
        self.process = subprocess.Popen([BINARY, "run", "--no-journal", *arguments], env=env,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE)
        try:
            while b"READY=1" not in self.socket.recv(4096):
                pass
        except TimeoutError:
            self.process.kill()
            said = self.process.communicate()[1].decode(errors="replace")
            sys.exit(f"bench: the sensor is not ready after 30 s: {said.strip()}")
        self.start_s = time.monotonic() - start

    def end(self):
        """Seconds of CPU that it and its processes took in all."""
        self.socket.close()
        self.process.send_signal(signal.SIGTERM)
        said = self.process.stderr.read().decode(errors="replace")
        _, status, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        if self.process.returncode:
            sys.exit(f"bench: the sensor ended with {self.process.returncode}: {said.strip()}")
        return usage.ru_utime + usage.ru_stime
