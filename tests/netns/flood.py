# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""More packets than a queue takes, onto the sandbox's link, and the kernel's own count of them."""
import json
import socket

import run_sandbox as box
from run_sandbox import until

BATCH = 200  # the veth pair's queues hold more


def prepare_link(mtu=None):
    """Neither end has an address: nobody answers, and nobody else speaks."""
    for name in (box.WATCHED, box.PEER):
        box.sh("ip", "addr", "flush", "dev", name)
        if mtu:
            box.sh("ip", "link", "set", name, "mtu", str(mtu))
        with open(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6", "w", encoding="ascii") as out:
            out.write("1")


def counters():
    """The pinned map: needs no sensor that runs."""
    done = box.sh(box.BINARY, "stats", "--json", "--all", "--interval", "0")
    return json.loads(done.stdout)["counters"]


def is_exact(kernel):
    return kernel["rpc_seen"] == (kernel["records_sent"] + kernel["records_suppressed"]
                                  + kernel["records_lost"])


class Sender:
    """Sends frames in batches, so that no queue before the programs loses any."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self.socket.bind((box.PEER, 0))
        self.xid = 0

    def close(self):
        self.socket.close()

    def send(self, frames):
        """False when the programs did not see every frame."""
        for first in range(0, len(frames), BATCH):
            batch = frames[first:first + BATCH]
            wanted = counters()["packets"] + len(batch)
            for frame in batch:
                self.socket.send(frame)
            if not until(lambda want=wanted: counters()["packets"] >= want):
                return False
        return True
