// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Explanations: reconnaissance (1110020 to 1110024, 1110026 to 1110028). */
#include "families.h"

const struct rpcs_explanation rpcs_explain_sweep = {
	.what = "One source went from host to host and knocked at their portmapper ports: a "
		"search for hosts that run RPC services.",
	.fires = "One source sends a TCP SYN or an RPC call to a portmapper port of 16 hosts in "
		 "60 s, or of 64 hosts in an hour; the policy's hosts, window, slow_hosts and "
		 "slow_window change that. A source fires once in alerts.repeat. Allowed calls do "
		 "not count, nor does the SYN before one. The alert shows the last touch; the "
		 "evidence has the first and the last target and tells whether the addresses are "
		 "consecutive.",
	.why = "This is how the target list of an attack is made. Consecutive addresses mean a "
	       "plain scan of your range; scattered ones mean a list that was bought or made "
	       "before, and that somebody has come back.",
	.false_positives = "Your own scanners and inventories, management stations, a NAT gateway "
			   "or proxy with many clients behind it. UDP sources can be forged.",
	.next = "Which of the targets answered? journalctl -t rpcsentry RPCS_SRC_IP=ADDRESS shows "
		"what followed. Watch for the same source, or its neighbours, coming back to the "
		"hosts that answered.",
	.allow = "Permit a scanner of your own, or move the thresholds:\n"
		 "  allow:\n"
		 "    - name: our-scanner\n"
		 "      clients: [10.9.9.9]\n"
		 "      calls: all\n"
		 "  detections:\n"
		 "    portmap-sweep: {hosts: 32, window: 60s}\n",
};

const struct rpcs_explanation rpcs_explain_fanout = {
	.what = "One client's questions to portmappers go wide: for many programs of one server, "
		"or for one program on many servers. That is no client of a service, but somebody "
		"who looks for what is there.",
	.fires =
		"GETPORT, GETADDR and GETVERSADDR calls that no allow rule permits, of one source: "
		"for 5 programs of one server or for one program on 5 servers in 60 s, or 8 of "
		"either in 30 min; the policy's programs, servers, window, slow and slow_window "
		"change that. Once in alerts.repeat for source and server, or for the source. The "
		"evidence lists the programs, or the first and last server and whether their "
		"addresses are consecutive.",
	.why = "The attack on Solaris hosts that was recorded as LLDOS 1.0 (2000) began so: one "
	       "source asked 13 hosts for sadmind (CVE-1999-0977), then went to those that had it. "
	       "Scripts of that time asked one host for ttdbserverd, status, autofs, nisd, mountd "
	       "and pcnfsd in a row, to use what answered.",
	.false_positives = "Management stations and inventories; an NFS client without an allow "
			   "rule that mounts with nfs, mountd, nlockmgr, status and rquotad; "
			   "automounters with many servers.",
	.next = "Which lookups were answered with a port? Look at what the source sent there "
		"afterwards: journalctl -t rpcsentry RPCS_SRC_IP=ADDRESS. One sensitive program "
		"on many servers means that an exploit for it is at hand: see to it that none of "
		"them runs it.",
	.allow = "Permit what is right at your site, or move the thresholds:\n"
		 "  allow:\n"
		 "    - name: nfs-clients\n"
		 "      calls: GETPORT\n"
		 "      clients: home\n"
		 "      programs: [nfs, mountd, nlockmgr, status, rquotad]\n"
		 "  detections:\n"
		 "    portmap-fanout: {programs: 8, servers: 8}\n",
};

const struct rpcs_explanation rpcs_explain_port_scan = {
	.what = "One source tried ports of one host on which RPC services lie: a search for them "
		"without asking the portmapper, or an old kind of UDP port scan.",
	.fires = "One source sends one host TCP SYNs to 8 of the ports 111, 2049, 4045 and 32768 "
		 "to 32810 in 60 s; or UDP datagrams without bytes, all from one source port, to 8 "
		 "different ports of any number. The policy's ports and window change that. Once "
		 "for source and host in alerts.repeat. The evidence lists the ports in the order "
		 "in which they were tried. With any_port: off only the portmapper's ports are "
		 "seen, so this cannot fire.",
	.why = "Who filters port 111 only is not safe: the services behind it lie on ports that "
	       "scanners know, on Solaris and Linux of old from 32768 on. Datagrams without "
	       "bytes are what nmap's UDP scan sent in 1999: a closed port betrays itself by an "
	       "ICMP error.",
	.false_positives =
		"Vulnerability scanners of your own. A client that opens connections to "
		"8 services between 32768 and 32810 of one host in a minute; some "
		"traceroutes and keep-alives send datagrams without bytes, but hardly to "
		"8 ports.",
	.next = "Which ports answered with SYN and ACK? Look for RPC calls of the source there, "
		"and "
		"for rpc-grind, which is how nmap finds out what listens.",
	.allow = "Allow rules do not silence this detection. Move the thresholds:\n"
		 "  detections:\n"
		 "    rpc-port-scan: {ports: 16, window: 60s}\n",
};

const struct rpcs_explanation rpcs_explain_grind = {
	.what = "A client asked a port for program after program, with a version that none of them "
		"has: each refusal says whether the program is there and which versions it has. "
		"nmap -sV and its script rpc-grind do this.",
	.fires =
		"NULL calls with a version over 1000, but not 4294967295: for 4 programs with one "
		"and the same version on one flow, or for 8 programs with such versions from one "
		"source to one server and port, in 60 s. The policy's programs (of the first kind) "
		"and window change that. On every port that any_port lets the sensor see. Once for "
		"source and server in alerts.repeat.",
	.why = "This finds RPC services without a word to the portmapper: the way around filters "
	       "of port 111, and around whoever watches that port alone. No RPC client does it.",
	.false_positives = "Your own vulnerability scanners, nearly never anything else: versions "
			   "of real programs are small numbers.",
	.next = "A refusal with a range of versions (prog_mismatch) in the rpc_call events means "
		"that the source now knows the program. Treat the port as found, and watch it for "
		"calls with real versions.",
	.allow = "Allow rules do not silence this detection. For a scanner of your own, raise the "
		 "threshold while it runs, or:\n"
		 "  detections:\n"
		 "    rpc-grind: {severity: 4}\n",
};

const struct rpcs_explanation rpcs_explain_tool = {
	.what = "A call has numbers that one particular tool puts there. The evidence names the "
		"tool.",
	.fires =
		"Any of: XID 0x72FE1D13 with version 104316 (nmap's probe RPCCheck); XID "
		"0x3EECE3CA "
		"for program 12345678 (nmap's ONCRPC_CALL); XID 0x1AA9FFE1 (zmap's packet for port "
		"111); DUMP of versions 3 and 2 and GETSTAT by UDP from one source within 1 s, "
		"with "
		"XIDs under 100000000 (Metasploit's portmap_amp), once a source in alerts.repeat; "
		"NULL with version 0, then with 4294967295, for the same program (rpcinfo without "
		"a "
		"version, where the first is not refused). Not for calls that an allow rule "
		"permits.",
	.why = "Who scans the Internet for port 111 mostly uses zmap, who looks at one host nmap; "
	       "portmap_amp is of use only to who wants to flood somebody (TA14-017A). The tool "
	       "tells what comes next.",
	.false_positives =
		"Surveys that report open portmappers to their owners use zmap's packet. "
		"rpcinfo is an administrator's tool as well. A random XID hits one of "
		"these once in four thousand million calls.",
	.next = "Look at the outcome, and at everything else of the source: journalctl -t "
		"rpcsentry "
		"RPCS_SRC_IP=ADDRESS. nmap goes on with DUMP and rpc-grind where it is answered.",
	.allow = "Permit the source, or switch the detection off:\n"
		 "  allow:\n"
		 "    - name: our-scanner\n"
		 "      clients: [10.9.9.9]\n"
		 "      calls: all\n"
		 "  detections:\n"
		 "    tool-fingerprint: {enabled: false}\n",
};

const struct rpcs_explanation rpcs_explain_empty_datagram = {
	.what = "A UDP datagram without any bytes came to a portmapper port.",
	.fires = "Any UDP datagram to a portmapper port whose UDP length is 8: the header alone.",
	.why = "No RPC client sends one. A port that is closed answers with an ICMP error and an "
	       "open one stays silent, which is all that a port scan wants to know; nmap sent such "
	       "datagrams at the end of 1999, when port 111 was swept all over the world.",
	.false_positives = "Keep-alives of NAT devices and monitoring that only wants to know "
			   "whether the host is up.",
	.next = "Many hosts or ports? See rpc-port-scan, and what else the source did: journalctl "
		"-t "
		"rpcsentry RPCS_SRC_IP=ADDRESS.",
	.allow = "Allow rules do not silence this detection. Where a device does it:\n"
		 "  detections:\n"
		 "    portmap-empty-datagram: {severity: 4}\n",
};

const struct rpcs_explanation rpcs_explain_rpc_sweep = {
	.what = "One source went from host to host and tried ports of RPC services themselves: "
		"nfs, "
		"the lock manager, or where Solaris put its services. It did not ask the "
		"portmapper first.",
	.fires = "One source sends a TCP SYN or an RPC call by UDP to port 2049, 4045 or 32771 to "
		 "32776 of 16 hosts in 60 s; the policy's hosts and window change that. A host "
		 "whose portmapper the source asked within an hour does not count, nor does an "
		 "older TCP connection. Once a source in alerts.repeat. Needs any_port to be first "
		 "or all.",
	.why = "Who has an exploit for one service knows where it lies, and need not ask: on "
	       "Solaris the first services came to 32771 and up, and LLDOS 1.0 broke into sadmind "
	       "on "
	       "32773 and 32774. Watching the portmapper alone would miss that.",
	.false_positives = "NFS version 4 needs no portmapper: a client of 16 servers that starts, "
			   "or a proxy or NAT gateway with such clients. Your own scanners.",
	.next = "Which hosts answered with SYN and ACK? Look for RPC calls there. 2049 alone is a "
		"search for open file servers: try showmount -e on those that answered.",
	.allow = "Allow rules do not silence this detection. Move the thresholds:\n"
		 "  detections:\n"
		 "    rpc-sweep: {hosts: 64, window: 60s}\n",
};

const struct rpcs_explanation rpcs_explain_port_touch = {
	.what = "Somebody outside tried one of the ports 32771 to 32774 of a host.",
	.fires = "A TCP SYN or an RPC call from outside networks.home to one of these ports. Needs "
		 "any_port to be first or all.",
	.why = "Solaris' rpcbind listened on a second port from 32771 on, behind filters of port "
	       "111 (CVE-1999-0189, Sun bulletin 142), and its first services lay next to it. "
	       "portsentry watches these ports.",
	.false_positives =
		"They lie in the range from which many systems take ports of clients: a "
		"peer-to-peer program or FTP data connection may get one. So this is for "
		"the record; by itself it means little.",
	.next = "Is there a service on that port? Then look for RPC calls of the source, and for "
		"the same source at other hosts (rpc-sweep).",
	.allow = "Allow rules do not silence this detection. Where it only makes noise:\n"
		 "  detections:\n"
		 "    rpc-port-touch: {enabled: false}\n",
};
