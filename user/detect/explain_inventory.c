// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Explanations: servers, their mappings, and who asks about them (1110009, 11 to 13, 73). */
#include "families.h"

const struct rpcs_explanation rpcs_explain_getstat = {
	.what = "An external client asked a portmapper for its own figures: how often each "
		"procedure was called, which programs were looked up and registered, and for "
		"which programs calls were forwarded.",
	.fires = "A GETSTAT call (version 4, procedure 12; `rpcinfo -m`) from a client outside "
		 "networks.home that no allow rule permits.",
	.why = "The answer says which services are in use, and by how much, to somebody who has "
	       "not looked any of them up. It is larger than the question, and stands among the "
	       "three calls that scanners for amplifiers send.",
	.false_positives = "An administrator's rpcinfo -m from outside; a networks.home that "
			   "lacks some of your own prefixes.",
	.next = "`success` means that the figures have left. Look for what else the source did: "
		"journalctl -t rpcsentry RPCS_SRC_IP=ADDRESS. Close port 111 at the border if "
		"nobody outside needs it.",
	.allow = "Permit the clients that need it:\n"
		 "  allow:\n"
		 "    - name: remote-monitoring\n"
		 "      calls: GETSTAT\n"
		 "      clients: [203.0.113.7]\n",
};

const struct rpcs_explanation rpcs_explain_new_server = {
	.what = "A host that has not been known as a portmapper server has answered a call to "
		"its portmapper.",
	.fires = "The first successful reply of a portmapper whose address is not in the "
		 "inventory, once the inventory has been learning for *learn* (24h). Before "
		 "that, servers are recorded without an alert; so they are by `read` without "
		 "--state. Addresses in networks.servers are never new.",
	.why = "Most hosts need no portmapper. A new one is often a package that came with "
	       "something else and listens to everybody, a machine that nobody planned, or a "
	       "service that an intruder set up to be found by NIS or NFS clients.",
	.false_positives =
		"A server that was installed on purpose, got another address, or is "
		"used so rarely that the inventory had not met it; an inventory that "
		"was lost or is young; a client at home that calls many servers outside.",
	.next = "`rpcsentry services --server ADDRESS` shows what it has registered. Find its "
		"owner; ask whether it needs rpcbind at all, and who must reach it. Events of "
		"type `services` show what it told since.",
	.allow = "Name the servers that you know, before they answer for the first time:\n"
		 "  networks:\n"
		 "    servers: [10.2.0.10, 10.2.0.11]\n"
		 "Let it learn for longer where servers are used rarely:\n"
		 "  detections:\n"
		 "    portmap-new-server: {learn: 168h}\n",
};

const struct rpcs_explanation rpcs_explain_mapping_changed = {
	.what = "A portmapper gave a program another port than it had before. That is daily life "
		"where services are restarted, and what a hijacked mapping looks like as well.",
	.fires = "A reply (or a SET that returned true) that maps the same server, program, "
		 "version and transport to another port than learned; one alert for all that a "
		 "reply changes. Severity 4; 3 when the new port is under 1024 and the old one "
		 "was not, or the program is sensitive; 1 when a SET or UNSET for the program "
		 "came from the network within 10 minutes. A mapping that goes back to one of "
		 "its last four ports fires only in that last case: two hosts behind one "
		 "address answer in turns. The same move is told once in alerts.repeat.",
	.why = "Whoever moves the port of nfs, mountd or ypserv gets the calls that clients meant "
	       "for the real service. An UNSET and a SET over the network, or a forged local "
	       "one, do just that (CVE-1999-0195).",
	.false_positives = "Restarted services that take any free port (mountd, status and "
			   "nlockmgr without a fixed one), rebooted servers, failover of a "
			   "cluster's address.",
	.next = "Was the service or the host restarted at that time? Compare rpcinfo -p on the "
		"server with what listens there (ss -tulpn). With severity 1 look at "
		"portmap-set-remote and portmap-unset-remote first. Fix the ports of mountd, "
		"status and nlockmgr (nfs.conf), and a change means something.",
	.allow = "Allow rules do not silence this detection. Where it is only noise:\n"
		 "  detections:\n"
		 "    portmap-mapping-changed: {enabled: false}\n",
};

const struct rpcs_explanation rpcs_explain_outbound = {
	.what = "A client of the site called a portmapper outside of it.",
	.fires = "A call to program 100000 or to a portmapper port, from an address in "
		 "networks.home to one outside. Broadcast, multicast and local packets do not "
		 "fire it.",
	.why = "Hardly anything needs RPC over the Internet. A host at home that asks outside "
	       "portmappers scans on behalf of somebody, takes part in a flood, or mounts a "
	       "share with which data can leave.",
	.false_positives = "NFS mounts of partners and clouds, a networks.home that lacks some "
			   "of your own prefixes, and administrators with rpcinfo or nmap.",
	.next = "One server or many? Many are a scan (portmap-sweep) from a host of yours: look "
		"for the process there. Otherwise see who mounts what from it. Close port 111 "
		"outwards at the border.",
	.allow = "Allow rules do not silence this detection. Name the partner's network as "
		 "your own, or switch it off:\n"
		 "  networks:\n"
		 "    home: [10.0.0.0/8, 203.0.113.0/24]\n"
		 "  detections:\n"
		 "    portmap-outbound: {enabled: false}\n",
};

const struct rpcs_explanation rpcs_explain_local_change = {
	.what = "A process on the portmapper's own host registered or deleted an RPC program. "
		"This is how services start and stop.",
	.fires = "A SET or UNSET in a packet that never was on a wire: of a loopback interface or "
		 "its link type, or with two Ethernet addresses of zero. The same from a wire is "
		 "portmap-set-remote, portmap-unset-remote or portmap-spoofed-local.",
	.why = "It dates the changes of a host's services, so that a service that appears "
	       "without a reason, or goes and comes back elsewhere, can be told from a restart.",
	.false_positives = "Every start and stop of an RPC service: it is informational. Hosts "
			   "whose services register through a Unix socket (Linux rpcbind) show "
			   "few of them.",
	.next = "Does it belong to a start, stop or upgrade of that service (journalctl -u)? If "
		"not, see which process listens on the port (ss -tulpn) and who started it.",
	.allow = "Allow rules do not silence this detection. Where it is only noise:\n"
		 "  detections:\n"
		 "    host-local-change: {enabled: false}\n",
};
