// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Explanations: reading from the portmapper (1110001 to 1110004, 1110025). */
#include "families.h"

const struct rpcs_explanation rpcs_explain_dump = {
	.what = "A client asked a portmapper (rpcbind) for all it knows: every registered RPC "
		"program with its version, protocol and port. `rpcinfo -p` does this, and so does "
		"nearly every RPC scanner as its first step.",
	.fires = "A DUMP call of portmapper version 2, 3 or 4, or a GETADDRLIST call, that no "
		 "allow rule permits. The alert leaves with the call; an update with the same id "
		 "tells the outcome: success with the number of mappings, empty, denied, timeout.",
	.why = "One packet of 40 bytes returns a map of what can be attacked on the host. Over "
	       "UDP the answer is 4 to 28 times as large as the question, which makes an open "
	       "portmapper an amplifier for floods against a forged source (US-CERT alert "
	       "TA14-017A). Scans of this kind against port 111 went ahead of the attacks on "
	       "Solaris RPC services around the year 2000, and they still never stop.",
	.false_positives = "An administrator's rpcinfo, showmount, monitoring plug-ins, "
			   "vulnerability scanners of your own, and Internet surveys that report "
			   "open portmappers to their owners.",
	.next = "Look at the outcome first. `success` to an external client: see "
		"portmap-dump-exposed. `empty` is how Wietse Venema's and BSD portmap refuse; "
		"`denied` names the software that refuses so. Then see what else the source did: "
		"journalctl -t rpcsentry RPCS_SRC_IP=ADDRESS. If nobody outside needs the "
		"service, close UDP and TCP port 111 at the border.",
	.allow = "Permit the pairs of client and server that need it:\n"
		 "  allow:\n"
		 "    - name: monitoring-dump\n"
		 "      calls: DUMP\n"
		 "      clients: [10.1.2.3]\n"
		 "      servers: [10.2.0.0/16]\n",
};

const struct rpcs_explanation rpcs_explain_dump_exposed = {
	.what = "The service list of a host has left the site: a portmapper answered an external "
		"client's DUMP or GETADDRLIST with at least one mapping.",
	.fires = "A successful reply that holds a mapping, to a client outside networks.home, "
		 "where no allow rule permits the call. Once for a server and client in "
		 "alerts.repeat (1h unless set).",
	.why = "portmap-dump says that somebody asked; this one says that it worked. The client "
	       "now has the port of every RPC service and needs the portmapper no more, and "
	       "anybody can use the host as an amplifier. National CERTs report such hosts to "
	       "their owners as open portmappers.",
	.false_positives = "Sites that serve NFS to partners over the Internet on purpose, and "
			   "a networks.home that lacks some of your own prefixes. Over UDP the "
			   "client's address may be forged: then it is a victim, not the asker.",
	.next = "Verify from outside: rpcinfo -T udp -p SERVER. Filter port 111 at the border or "
		"on the host, or stop rpcbind where nothing needs it (NFSv4 alone does not). "
		"Then look for direct calls of this client to the ports that the list named.",
	.allow = "Add the client's network to networks.home if it is yours, or permit it:\n"
		 "  allow:\n"
		 "    - name: partner-dump\n"
		 "      calls: DUMP\n"
		 "      clients: [203.0.113.0/24]\n"
		 "      servers: [10.2.0.10]\n",
};

const struct rpcs_explanation rpcs_explain_getport = {
	.what = "A client asked a portmapper where one RPC program listens. This is the ordinary "
		"step before every call to an RPC service, by a client that the policy does not "
		"know.",
	.fires = "GETPORT (version 2), GETADDR (3 and 4) or GETVERSADDR (4) that no allow rule "
		 "permits, for a program outside the sensitive set. The update tells the "
		 "answer: the port, not_registered, denied, or timeout.",
	.why = "The portmapper's traffic shows who is interested in which service before that "
	       "service is touched. Worms and exploit scripts ask for exactly the program they "
	       "can break.",
	.false_positives = "New legitimate clients: automounters, NIS, backup software, licence "
			   "managers. Expect many of these until the allow rules describe your "
			   "site.",
	.next = "Is the program one that this server should offer to this client? A client that "
		"asks for several programs or several servers is looking around. On `success`, "
		"watch for its connection to the port that was returned.",
	.allow = "Permit the programs that the site uses:\n"
		 "  programs:\n"
		 "    nfs_services: [mountd, nfs, nlockmgr, rquotad, status]\n"
		 "  allow:\n"
		 "    - name: nfs-clients\n"
		 "      calls: GETPORT\n"
		 "      clients: home\n"
		 "      servers: [10.2.0.0/16]\n"
		 "      programs: nfs_services\n",
};

const struct rpcs_explanation rpcs_explain_getport_sensitive = {
	.what = "A client asked a portmapper for a program with a history of break-ins, such as "
		"mountd, status, ttdbserverd, sadmind, cmsd or ypserv.",
	.fires = "As portmap-getport, for a program of the sensitive set, and instead of it. "
		 "Severity 2; 1 once the reply holds a port or an address. With severity set in "
		 "the policy file it stays what you set.",
	.why = "These lookups are the first packet of well-known attacks: statd (CVE-2000-0666), "
	       "sadmind (CVE-1999-0977, CVE-2003-0722), ttdbserverd (CVE-1999-0003), cmsd "
	       "(CVE-1999-0696), snmpXdmid (CVE-2001-0236), ypserv and others. Scripts of that "
	       "time asked for 100083, 100024, 100099, 100300, 100005 and 150001 in a row. NFS "
	       "programs are in the set because a mount that is not yours starts with them.",
	.false_positives = "NFS clients without an allow rule: mounting asks for nfs, mountd, "
			   "nlockmgr and status.",
	.next = "Is the service needed? Old ones (ttdbserverd, cmsd, sadmind, rexd) should be "
		"switched off. With an answer (severity 1), look at what the client sent to that "
		"port, and at the host's logs for a crash of that daemon.",
	.allow = "Permit what is right at your site, or take a program out of the set:\n"
		 "  sensitive:\n"
		 "    remove: [nfs]\n"
		 "  allow:\n"
		 "    - name: nfs-clients\n"
		 "      calls: GETPORT\n"
		 "      clients: home\n"
		 "      programs: [nfs, mountd, nlockmgr, status, rquotad]\n",
};

const struct rpcs_explanation rpcs_explain_unknown_program = {
	.what = "A client asked a portmapper for a program number that nobody has registered.",
	.fires = "GETPORT, GETADDR or GETVERSADDR, not permitted by an allow rule, for a number "
		 "that is in no registry (IANA's, /etc/rpc, old vendors'), that the policy file "
		 "does not name, and that is not between 0x20000000 and 0x5fffffff, where users "
		 "and transient programs take their numbers.",
	.why = "Backdoors and bugs ask for such numbers, and so do scanners that count through "
	       "them and old exploit scripts whose text was sent as a number. In December 1999 "
	       "sites all over the world saw lookups of 1000, and logs had bytes instead of "
	       "numbers.",
	.false_positives = "Software of your own, or of a vendor who took a number without asking "
			   "for it.",
	.next = "Is it registered (outcome success)? Then find the process on the server: rpcinfo "
		"-p, ss -lntup. If not, see what else the source asks for.",
	.allow = "Give the number a name; lookups of it are then judged as any other:\n"
		 "  programs:\n"
		 "    our_software: [395900]\n",
};
