// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Explanations: services called directly, or after a lookup (1110030 to 1110033). */
#include "families.h"

const struct rpcs_explanation rpcs_explain_direct = {
	.what = "An external client called an RPC service at its port without asking a portmapper "
		"for it first. It knew the port, or found it by a scan.",
	.fires = "An RPC call from outside networks.home to a port that is no portmapper's, where "
		 "no reply of a portmapper in the last 24 hours told that client that port of "
		 "that server, no allow rule permits it, and the program is not sensitive. "
		 "Programs whose port never changes stand in ok: nfs and nfs_acl at 2049. A "
		 "server may call back whoever was its client for NFS, locks or status in the "
		 "last hour. A live sensor is silent for its first hour (learn), since it does "
		 "not know whom the portmappers told before.",
	.why = "Whoever watches port 111 alone, or filters it, sees nothing of this: RPC services "
	       "listen at ports of their own, and a scan of those finds them as well. Closing "
	       "the portmapper to the outside does not close the services.",
	.false_positives = "A client that asked over a way past this sensor, asked another "
			   "address of the server, or asked more than 24 hours ago and was idle "
			   "since; services at fixed ports that clients are configured with; a "
			   "networks.home that lacks some of your own prefixes.",
	.next = "Does this server mean to offer this program to the outside? Look for what else "
		"the client did: several ports or programs within minutes are a scan "
		"(rpc-grind, rpc-sweep). The update tells whether the server answered. Filter "
		"the service's port, not only port 111.",
	.allow = "Permit the clients, or name a port that is always the same:\n"
		 "  allow:\n"
		 "    - name: partner-licences\n"
		 "      calls: DIRECT\n"
		 "      clients: [203.0.113.0/24]\n"
		 "      programs: [390109]\n"
		 "  detections:\n"
		 "    rpc-direct:\n"
		 "      ok:\n"
		 "        - {program: nfs, port: 2049}\n"
		 "        - {program: nfs_acl, port: 2049}\n"
		 "        - {program: 390109, port: 7938}\n",
};

const struct rpcs_explanation rpcs_explain_direct_sensitive = {
	.what = "An external client called a program with a history of break-ins, such as mountd, "
		"status, ttdbserverd, sadmind or cmsd, at its port and without asking a "
		"portmapper for it.",
	.fires = "As rpc-direct, for a program of the sensitive set, and instead of it. Its ok and "
		 "learn hold here too.",
	.why = "Exploits of RPC services take the target's port as an argument, so that a filtered "
	       "portmapper does not stop them: statd (CVE-2000-0666), sadmind (CVE-1999-0977, "
	       "CVE-2003-0722), ttdbserverd (CVE-1999-0003), cmsd (CVE-1999-0696), snmpXdmid "
	       "(CVE-2001-0236), amd (CVE-1999-0704).",
	.false_positives = "As rpc-direct. Lock and status daemons are called by servers that "
			   "looked them up long before; a mountd at a fixed port may be called by "
			   "clients that have it in their mount options.",
	.next = "Look at the answer, at the host's logs for a crash of that daemon, and at what "
		"the host sent out afterwards. rpc-oversized-args or rpc-forged-root from the "
		"same source make it an attack. Old services should be switched off, the others "
		"be filtered by port.",
	.allow = "Permit what is right at your site, or take a program out of the set:\n"
		 "  sensitive:\n"
		 "    remove: [nfs]\n"
		 "  allow:\n"
		 "    - name: partner-mounts\n"
		 "      calls: [GETPORT, DIRECT]\n"
		 "      clients: [203.0.113.0/24]\n"
		 "      servers: [10.2.0.10]\n"
		 "      programs: [mountd, nfs, nlockmgr, status]\n",
};

const struct rpcs_explanation rpcs_explain_alt_port = {
	.what = "Somebody called the portmapper's program, 100000, at a port that is none of the "
		"portmapper ports.",
	.fires = "Any call to program 100000 at a port that is not in sensor.ports, from inside or "
		 "outside. Allow rules do not silence it.",
	.why = "Solaris 2.x answered portmapper calls at a UDP port above 32770 as well "
	       "(CVE-1999-0189; Sun's bulletin 142 of 1997), so a filter of port 111 was no "
	       "filter. Scanners still try 32771. A second portmapper may also be a backdoor or "
	       "one that a user runs.",
	.false_positives = "Sites that run a portmapper at another port on purpose, such as "
			   "tests, containers with a mapped port, or a proxy.",
	.next = "Did it answer (outcome success)? Then find the process at that port on the "
		"server: ss -lntup. Filter the port at the border.",
	.allow = "Tell the sensor that a portmapper is there; it is then watched as one:\n"
		 "  sensor:\n"
		 "    ports: [111, 1111]\n",
};

const struct rpcs_explanation rpcs_explain_lookup_then_call = {
	.what = "A client asked a portmapper for a program's port, was told it, and then called "
		"that port. This links the two for you; it is no accusation.",
	.fires = "The first call of the client to that port of that server, with the transport "
		 "that it asked for, within window (120s) of the answer to its GETPORT, GETADDR "
		 "or GETVERSADDR. Once for each lookup. Allow rules do not silence it.",
	.why = "The lookup says what somebody was after; the call says that they went on, and "
	       "with which procedure. Attack scripts do both within a second.",
	.false_positives = "Every ordinary NFS mount and NIS lookup does this, which is why the "
			   "severity is 4.",
	.next = "Look up the alert of the lookup by its XID, and the call's outcome in this "
		"alert's update. A call for another program than the one asked for is odd.",
	.allow = "Switch it off where the links are of no use, or shorten the window:\n"
		 "  detections:\n"
		 "    lookup-then-call: {enabled: false}\n",
};
