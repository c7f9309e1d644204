#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""`rpcsentry read` over the ordinary life of a site whose policy permits it: nothing that an
operator would have to look at. What is informational is listed, and so known to be meant."""
import os
import random
import sys

import scene as sc
from ordinary import (administrator, automounter, monitoring, nfs3_tcp, nfs3_udp, nfs4, nis,
                      one_socket, partner, restart, retransmissions, windows)
from scene import LINK, Scene
from tap import Tap

POLICY = """networks: {home: [10.0.0.0/8, 127.0.0.0/8], admins: [10.1.9.9]}
programs: {nis: [ypserv, ypbind]}
allow:
  - {calls: NULL}
  - {calls: GETPORT, clients: home}
  - {calls: [DUMP, GETSTAT, GETTIME], clients: admins}
  - calls: CALLIT
    clients: home
    servers: [255.255.255.255, 224.0.2.2, 10.1.255.255]
    programs: nis
  - {calls: [GETPORT, DIRECT], clients: 198.51.100.9}
"""
AGAIN_NS = 20 * sc.MS_NS
tap = Tap()


def lossy(made):
    """8 in 100 are lost before the sensor and sent again, 8 behind it, and 8 overtake others. What
    the two machines say next comes after that."""
    chance, behind, kept = random.Random(7), {}, []
    for time, frame in zip(made.times, made.frames):
        ends, fate = frozenset((frame[26:30], frame[30:34])), chance.random()
        behind.setdefault(ends, 0)
        if fate < 0.08:
            behind[ends] += AGAIN_NS
        kept.append((time + behind[ends], frame))
        if 0.08 <= fate < 0.16:
            behind[ends] += AGAIN_NS
            kept.append((time + behind[ends], frame))
        elif fate >= 0.92 and len(kept) > 1:
            kept[-1], kept[-2] = (kept[-2][0], frame), (kept[-1][0], kept[-2][1])
    return remade(sorted(kept, key=lambda pair: pair[0]))


def gaps(made):
    """The sensor itself misses 8 in 100."""
    chance = random.Random(7)
    return remade([pair for pair in zip(made.times, made.frames) if chance.random() > 0.08])


def late(made):
    """The sensor comes in the middle."""
    half = len(made.frames) // 2
    return remade(list(zip(made.times, made.frames))[half:])


def cut(made):
    """96 bytes of each frame."""
    made = remade(list(zip(made.times, made.frames)))
    made.snap = 96
    return made


def of_servers(frame):
    ours, theirs = bytes([10, 2]), bytes([198, 51])
    return frame[26:28] == ours or frame[26:28] == theirs and frame[30:32] != ours


def calls_only(made):
    """What clients send, as behind a tap of one direction."""
    return remade([pair for pair in zip(made.times, made.frames) if not of_servers(pair[1])])


def answers_only(made):
    return remade([pair for pair in zip(made.times, made.frames) if of_servers(pair[1])])


def remade(timed):
    made = Scene()
    made.times, made.frames = map(list, zip(*timed))
    return made


CHANGED, LOCAL = "portmap-mapping-changed", "host-local-change"
# Of each: how many lookups are followed by their call (severity 4, a link for an analyst), and what
# else there is to say, none of it above severity 3.
SCENES = {
    nfs3_tcp: (3, []), nfs3_udp: (2, []), nfs4: (0, []), nis: (0, []), automounter: (24, []),
    monitoring: (1, []), windows: (2, []), administrator: (1, []), retransmissions: (2, []),
    one_socket: (0, []),
    # It calls back, as NLM does: its portmapper is one outside.
    partner: (3, [("portmap-outbound", "3", "success", 1)]),
    # mountd and nlockmgr have moved, and both are wanted by attackers; mountd said so on its host.
    restart: (4, [(CHANGED, "3", "success", 1), (CHANGED, "3", "success", 1),
                  (LOCAL, "4", "success", 2)]),
}
VIEWS = [lossy, gaps, late, cut, calls_only, answers_only]
SITE = """networks:
  home: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 127.0.0.0/8, "fc00::/7", "fe80::/10",
         130.57.0.0/16, 139.25.0.0/16, 131.151.0.0/16]
allow:
  - {calls: NULL}
  - {calls: [GETPORT, DUMP, GETSTAT, GETTIME, TADDR2UADDR, UADDR2TADDR], clients: home}
  - {calls: CALLIT, clients: home, servers: [255.255.255.255, 192.168.77.255]}
"""
# Real programs at work.
CAPTURES = [
    "any_sll_showmount", "dump_tcp_large", "libnfs_ls", "lo_rpcinfo_p", "lossy_mixed_cli",
    "mtu296_showmount", "qinq_rpcinfo6_p", "raw_tcp_split_mark", "rpcinfo6_T_tcp6_status",
    "rpcinfo_T_tcp_status_cli", "rpcinfo_b_rusersd_cli", "rpcinfo_l_nfs", "rpcinfo_p_cli",
    "rpcinfo_s", "rpcinfo_u_status", "rusers_broadcast", "showmount_a", "showmount_e_cli",
    "snap96_rpcinfo_p", "vlan100_rpcinfo_p"]
# Those of others are not ours to keep.
SHARED = [
    "live/any_sll2_rpcinfo_p", "live/blackhole_showmount", "live/default_rpcbind_mount_attempt",
    "live/default_rpcbind_showmount", "live/load_small", "live/mount_nfs3", "live/rpcinfo6_p",
    "live/rpcinfo_p_srv", "live/rpcinfo_T_tcp_status_srv", "live/rpcinfo_T_udp_notregistered",
    "live/rpcinfo_t_status", "live/rpcinfo_v34_dump_cli", "live/rup_direct",
    "live/showmount_e_noserver_cli", "live/showmount_e_srv", "real/ndpi_nfsv2", "real/ndpi_nfsv3",
    "real/suricata-verify_nfs3-readdirplus", "real/suricata-verify_nfs4-01",
    "real/wireshark-samples_getsetacl.cap", "real/pcapplusplus_ip4_fragments"]


def besides(events):
    """All alerts but the links."""
    return [row for row in sc.summary(events) if row[0] != LINK]


def made_ones(engine):
    for scene, (links, rest) in SCENES.items():
        made = scene()
        events = made.events(POLICY, "--engine", engine)
        tap.equal(f"{scene.__name__}, {engine}", besides(events), sorted(rest))
        tap.equal(f"{scene.__name__}, {engine}: lookups that were used",
                  len(sc.summary(events)) - len(rest), links)
        for view in VIEWS:
            found = besides(view(made).events(POLICY, "--engine", engine))
            tap.check(f"{scene.__name__}, {view.__name__}, {engine}",
                      {row[:2] for row in found} <= {row[:2] for row in rest}, found)


def captured():
    paths = {name: f"{sc.OURS}/{name}.pcap" for name in CAPTURES}
    for name in SHARED:
        paths[name] = f"{sc.SHARED}/{name}" + ("" if name.endswith(".cap") else ".pcap")
    for name, path in paths.items():
        if not os.path.exists(path):
            tap.skip(name, "../shared/captures is not there")
            continue
        for any_port in ("first", "all"):
            events = sc.read(path, SITE, "--any-port", any_port)
            tap.equal(f"{name}, any_port: {any_port}", besides(events), [])


def main():
    for engine in sc.engines(tap):
        tap.guard(engine, made_ones, engine)
    tap.guard("captures", captured)
    sc.check_schema(tap)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
