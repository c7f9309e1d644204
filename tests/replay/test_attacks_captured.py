#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""`rpcsentry read` over captures of real scanners and of hostile traffic: each gives exactly these
alerts, and none besides."""
import sys

import scene as sc
from scene import FINGERPRINT, SENSITIVE
from tap import Tap

HOME = "10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 'fd00::/8'"
tap = Tap()
WRONG, PROCEDURE = "portmap-wrong-program", "portmap-unknown-procedure"
# The clients of most are home; to those that list services nothing is permitted but lookups.
CAPTURES = {
    "default_rpcbind_nmap": [("portmap-dump", "2", "success", 1),
                             (PROCEDURE, "3", "prog_mismatch", 5),
                             (WRONG, "2", "prog_unavail", 1),
                             *[(WRONG, "2", "prog_unavail", 2)] * 3,
                             (FINGERPRINT, "3", "prog_mismatch", 3),
                             (FINGERPRINT, "3", "prog_unavail", 1)],
    "default_rpcbind_set_refused": [("portmap-dump", "2", "success", 1),
                                    ("portmap-set-dump-pair", "1", "success", 2),
                                    *[("portmap-set-remote", "1", "denied", 1)] * 4,
                                    *[("portmap-unset-remote", "1", "denied", 1)] * 5],
    "hping_syn_111": [], "nmap_sS_111_cli": [], "nmap_sT_sweep": [], "nmap_sweep_sS_111": [],
    "nmap_rpcgrind_tcp_cli": [("rpc-grind", "1", "attempt", 1), (PROCEDURE, "3", "prog_unavail", 2),
                              ("portmap-alt-port", "1", "prog_unavail", 2),
                              (FINGERPRINT, "3", "prog_unavail", 1)],
    "nmap_sU_sV_111_cli": [("portmap-dump", "2", "success", 1),
                           (PROCEDURE, "3", "prog_mismatch", 3),
                           *[(WRONG, "2", "prog_unavail", 1)] * 4,
                           (FINGERPRINT, "3", "prog_mismatch", 2),
                           (FINGERPRINT, "3", "prog_unavail", 1)],
    "nmap_sV_tcp111_cli": [("portmap-dump", "2", "success", 1),
                           (PROCEDURE, "3", "prog_mismatch", 2),
                           *[(WRONG, "2", "prog_unavail", 1)] * 3,
                           (FINGERPRINT, "3", "prog_mismatch", 1)],
    "nmap_script_rpcinfo_tcp": [("portmap-dump", "2", "success", 1)],
    "raw_callit_cli": [*[("portmap-callit", "1", "attempt", 1)] * 6,
                       ("portmap-callit-forbidden-target", "1", "attempt", 1)],
    "raw_seed1999": [("portmap-dump", "2", "success", 1), ("portmap-callit", "1", "attempt", 1)],
    "rpcinfo_p_cli": [("portmap-dump", "2", "success", 1)],
    "rpcinfo_l_nfs": [("portmap-dump", "2", "success", 1)],
    "sweeps": [("portmap-sweep", "2", "attempt", 1), ("portmap-dump", "2", "attempt", 10),
               *[("portmap-dump", "2", "attempt", 1)] * 20],
    "tcp_overlap_conflict": [("tcp-inconsistent-overlap", "1", "attempt", 1),
                             (SENSITIVE, "2", "attempt", 1)],
    "udp_frag_tiny_first": [("ip-fragment-overlap", "1", "attempt", 1),
                            ("portmap-callit", "1", "attempt", 1)],
    "not_rpc": [("portmap-empty-datagram", "3", "attempt", 1), ("rpc-junk", "3", "attempt", 12),
                ("rpc-tiny-fragment", "1", "attempt", 1), ("rpc-zero-fragment", "1", "attempt", 1)],
}


def main():
    policy = sc.POLICY.replace("10.0.0.0/8", HOME)
    for engine in sc.engines(tap):
        for name, alerts in CAPTURES.items():
            events = sc.read(f"{sc.OURS}/{name}.pcap", policy, "--engine", engine)
            tap.equal(f"{name}.pcap, {engine}", sc.summary(events), sorted(alerts))
    sc.check_schema(tap)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
