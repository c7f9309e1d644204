# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The ordinary life of a site with NFS and NIS, as captures."""
from scene import Scene, fr, udp_frame
from talk import (CALLIT, DUMP, GSS, MOUNTD, NFS, NULL, SET, TCP, UDP, UNSET, auth, auth_sys, call,
                  lookup, opaque, record, reply, services, words)

SERVER, CLIENT, ADMIN, MONITOR = "10.2.0.10", "10.1.1.7", "10.1.9.9", "10.1.9.8"
PARTNER = "198.51.100.9"  # a server of somebody else's
STATUS, NLM, YPSERV, NFS_CALLBACK = 100024, 100021, 100004, 0x40000000
MNT, UMNT, GETATTR, READ, WRITE = 1, 3, 1, 6, 7
LOCK, GRANTED, NOTIFY, GETADDR, GETSTAT = 2, 5, 6, 3, 12
PROG_MISMATCH = 2
PORTS = {MOUNTD: 20048, NFS: 2049, NLM: 40001, STATUS: 40002}
ROOT = auth_sys(b"client7", stamp=0)  # as Linux' kernel has it
USER = auth_sys(b"client7", 5, 1000, 0x5e3f1a2b)
HANDLE = opaque(bytes(range(32)))


def find(made, client, program, server=SERVER, version=3, protocol=UDP, port=None):
    """A lookup over UDP, answered."""
    xid = made.number()
    made.ask(client, 40000 + xid % 9999, server, lookup(xid, program, version, protocol),
             reply(xid, words(PORTS[program] if port is None else port)))


def find_tcp(made, client, program, server=SERVER):
    xid = made.number()
    talk = made.open(client, 600 + xid % 400, server)
    talk.ask(lookup(xid, program, 3, TCP), reply(xid, words(PORTS[program])))
    talk.close()


def say(made, talk, program, procedure, arguments=b"", results=b"", version=3, credential=USER):
    """A call over a connection, answered."""
    xid = made.number()
    return talk.ask(call(xid, program, version, procedure, arguments, credential),
                    reply(xid, results))


def ask(made, client, program, procedure, arguments=b"", results=b"", version=3, credential=ROOT,
        server=SERVER, port=None):  # pylint: disable=too-many-arguments
    """The same over UDP."""
    xid = made.number()
    return made.ask(client, 800, server, call(xid, program, version, procedure, arguments,
                                              credential), reply(xid, results),
                    PORTS[program] if port is None else port)


def mount(made, client, server=SERVER):
    find(made, client, MOUNTD, server)
    ask(made, client, MOUNTD, NULL, credential=auth(), server=server)
    ask(made, client, MOUNTD, MNT, opaque(b"/srv/export"), words(0) + HANDLE + words(1, 1),
        server=server)
    find_tcp(made, client, NFS, server)


def work(made, talk, records=20):
    """Attributes, reads, and writes of many segments."""
    say(made, talk, NFS, NULL, credential=auth())
    for _ in range(records):
        say(made, talk, NFS, GETATTR, HANDLE, words(0) + bytes(84))
    xid = made.number()
    data = record(call(xid, NFS, 3, WRITE, HANDLE + bytes(16) + opaque(bytes(100000)), USER), 60000)
    for at in range(0, len(data), 1448):
        talk.say(data[at:at + 1448])
    talk.say(record(reply(xid, words(0) + bytes(100))), True)
    xids = [made.number() for _ in range(70)]
    talk.say(b"".join(record(call(xid, NFS, 3, READ, HANDLE + words(0, 0, 4096), USER))
                      for xid in xids))
    for xid in xids:
        data = record(reply(xid, words(0) + bytes(4096)))
        for at in range(0, len(data), 1448):
            talk.say(data[at:at + 1448], True)


def locks(made, talk, client, server=SERVER):
    """A lock that has to wait, and the server's callback, which asks the client's portmapper."""
    find(made, client, STATUS, server)
    find(made, client, NLM, server, 4)
    say(made, talk, NLM, LOCK, bytes(120), opaque(b"cook") + words(3), 4)
    find(made, server, NLM, client, 4, port=45000)
    ask(made, server, NLM, GRANTED, bytes(100), opaque(b"cook") + words(0), 4, server=client,
        port=45000)


def nfs3_tcp():
    made = Scene()
    mount(made, CLIENT)
    talk = made.open(CLIENT, 870, SERVER, PORTS[NFS])
    work(made, talk)
    locks(made, made.open(CLIENT, 871, SERVER, PORTS[NLM]), CLIENT)
    ask(made, CLIENT, MOUNTD, UMNT, opaque(b"/srv/export"))
    talk.close()
    return made


def nfs3_udp():
    """Reads of 8 KiB come in IP fragments."""
    made = Scene()
    mount(made, CLIENT)
    for number in range(30):
        xid = made.number()
        made.udp(CLIENT, 871, SERVER, 2049, call(xid, NFS, 3, READ, HANDLE + words(0, 0, 8192),
                                                 USER))
        answer = udp_frame(SERVER, 2049, CLIENT, 871, reply(xid, words(0) + bytes(8192)))
        for piece in fr.ip_fragments(answer, 100 + number, 1480):
            made.send(piece)
    locks(made, made.open(CLIENT, 871, SERVER, PORTS[NLM]), CLIENT)
    return made


def nfs4():
    """No lookups; root of home; Kerberos; callbacks of 4.0, and those of 4.1 on the client's own
    connection."""
    made = Scene()
    for server in (SERVER, PARTNER):
        talk = made.open(CLIENT, 900, server, 2049)
        say(made, talk, NFS, NULL, version=4, credential=auth())
        say(made, talk, NFS, NULL, opaque(bytes(900)), bytes(200), 4,
            auth(GSS, words(1, 1, 0, 1, 0)))
        for _ in range(10):
            say(made, talk, NFS, 1, bytes(200), bytes(300), 4, ROOT)
        for number in range(2):
            talk.say(record(call(77 + number, NFS_CALLBACK, 1, number, bytes(40), ROOT)), True)
            talk.say(record(reply(77 + number, bytes(30))))
        back = made.open(server, 1011, CLIENT, 38001)
        say(made, back, NFS_CALLBACK, NULL, version=1, credential=auth())
        say(made, back, NFS_CALLBACK, 1, bytes(60), bytes(40), 1, auth_sys(b"server", stamp=1))
    return made


def nis():
    """ypbind looks for its server, by broadcast and by multicast; each of three answers."""
    made = Scene()
    for _ in range(3):
        for group in ("255.255.255.255", "224.0.2.2", "10.1.255.255"):
            xid = made.number()
            made.udp(CLIENT, 700, group, 111, call(xid, procedure=CALLIT, arguments=words(
                YPSERV, 2, 2, 12) + opaque(b"example.")))
            for number in range(3):
                made.udp(f"10.2.0.{10 + number}", 111, CLIENT, 700, reply(xid, words(834, 4, 1)))
        made.wait(20)
    find(made, CLIENT, NFS)
    return made


def automounter():
    """A session that touches many file servers: lookups, mounts, connections, later their end."""
    made, talks = Scene(), []
    for number in range(12):
        server = f"10.2.0.{20 + number}"
        mount(made, CLIENT, server)
        talks.append(made.open(CLIENT, 700 + number, server, 2049))
        work(made, talks[-1], 3)
        made.wait(1)
    for talk in talks:
        talk.close()
    return made


def monitoring():
    """NULL calls to all servers, over UDP and TCP, every minute; `rpcinfo -u` asks for versions."""
    made = Scene()
    for _ in range(5):
        for number in range(40):
            server = f"10.2.1.{number}"
            xid = made.number()
            made.ask(MONITOR, 5000 + number, server, call(xid), reply(xid))
            xid = made.number()
            made.open(MONITOR, 6000 + number, server).ask(call(xid), reply(xid)).close()
        made.wait(50)
    find(made, MONITOR, NFS)
    for version in (0, 2**32 - 1):
        xid = made.number()
        made.ask(MONITOR, 7000, SERVER, call(xid, NFS, version), reply(
            xid, words(3, 4), PROG_MISMATCH), 2049)
    return made


def windows():
    """Always asks port 111 over TCP, keeps that connection for a while, and has user -2."""
    made, user = Scene(), auth_sys(b"DESKTOP-7", uid=0xfffffffe, stamp=0)
    talk = made.open(CLIENT, 1001, SERVER)
    for program, version in ((100000, 2), (MOUNTD, 3), (NFS, 3), (NLM, 4), (STATUS, 1)):
        xid = made.number()
        talk.ask(call(xid, credential=user), reply(xid))
        xid = made.number()
        talk.ask(lookup(xid, program, version, TCP, credential=user),
                 reply(xid, words(PORTS.get(program, 111))))
    share = made.open(CLIENT, 1002, SERVER, PORTS[MOUNTD])
    say(made, share, MOUNTD, MNT, opaque(b"/srv/export"), words(0) + HANDLE + words(1, 1),
        credential=user)
    work(made, made.open(CLIENT, 1003, SERVER, 2049))
    made.wait(60)
    talk.close()
    return made


def administrator():
    """rpcinfo, rpcinfo -p, -m and -T by one who may; the newest version first."""
    made = Scene()
    for version in (4, 3, 2):
        xid = made.number()
        talk = made.open(ADMIN, 38000 + version, SERVER)
        talk.ask(call(xid, version=version, procedure=DUMP), reply(
            xid, services((100000, 111), (NFS, 2049)) if version == 2 else words(2, 2),
            0 if version == 2 else PROG_MISMATCH)).close()
    xid = made.number()
    made.ask(ADMIN, 39000, SERVER, call(xid, version=4, procedure=GETSTAT), reply(xid, bytes(204)))
    xid = made.number()
    made.ask(ADMIN, 39001, SERVER, call(xid, version=4, procedure=GETADDR, arguments=words(
        NFS, 4) + opaque(b"udp") + opaque(b"10.2.0.10.0.111") + opaque(b"rpcinfo")), reply(
            xid, opaque(b"10.2.0.10.8.1")))
    ask(made, ADMIN, NFS, NULL, version=0, credential=auth())
    return made


def restart():
    """A server's daemons come back at other ports; its clients are told, and reclaim locks."""
    made = nfs3_tcp()
    made.wait(100)
    xid = made.number()
    for procedure in (UNSET, SET):
        made.ask("127.0.0.1", 700, "127.0.0.1", call(xid + procedure, procedure=procedure,
                                                      arguments=words(MOUNTD, 3, UDP, 20049)),
                 reply(xid + procedure, words(1)))
    find(made, SERVER, STATUS, CLIENT, 1, port=45001)
    ask(made, SERVER, STATUS, NOTIFY, opaque(b"server") + words(7), version=1, server=CLIENT,
        port=45001)
    find(made, CLIENT, MOUNTD, port=20049)
    find(made, CLIENT, NLM, version=4, port=40011)
    talk = made.open(CLIENT, 870, SERVER, 2049)
    work(made, talk, 2)
    return made


def retransmissions():
    """Calls come again, answers twice and late; TCP repeats segments, and asks after life."""
    made = Scene()
    for number in range(5):
        xid = made.number()
        for _ in range(3):
            made.udp(CLIENT, 860, SERVER, 111, lookup(xid, NFS)).wait(1)
        for _ in range(2 + number):
            made.udp(SERVER, 111, CLIENT, 860, reply(xid, words(2049)))
    made.wait(30).udp(SERVER, 111, CLIENT, 860, reply(xid, words(2049)))
    talk = made.open(CLIENT, 861, SERVER)
    for number in range(10):
        xid = made.number()
        asked, answer = record(lookup(xid, NFS)), record(reply(xid, words(2049)))
        talk.say(asked).again(asked, len(asked)).say(answer, True).again(answer, len(answer), True)
        made.wait(20)
        talk.again(b"\0", 1)
    talk.close()
    mount(made, CLIENT)
    talk = made.open(CLIENT, 862, SERVER, 2049)
    for _ in range(30):
        xid = made.number()
        asked = record(call(xid, NFS, 3, GETATTR, HANDLE, USER))
        talk.say(asked).again(asked[-40:], 40).again(asked, len(asked))
        talk.say(record(reply(xid, words(0) + bytes(84))), True)
    return made


def partner():
    """A client outside that the policy permits, with locks; the server asks its portmapper."""
    made = Scene()
    mount(made, PARTNER)
    work(made, made.open(PARTNER, 870, SERVER, 2049))
    locks(made, made.open(PARTNER, 871, SERVER, PORTS[NLM]), PARTNER)
    return made


def one_socket():
    """A daemon that looks up again and again, from one port for hours."""
    made = Scene()
    for number in range(200):
        xid = made.wait(10).number()
        made.ask(CLIENT, 5000, SERVER, lookup(xid, (NFS, MOUNTD)[number % 2]), reply(xid, words(
            (2049, 20048)[number % 2])))
    return made
