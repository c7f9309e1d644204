// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Explanations: changing and abusing the portmapper (1110005 to 1110010). */
#include "families.h"

const struct rpcs_explanation rpcs_explain_set_remote = {
	.what = "Somebody tried over the network to register an RPC program in a portmapper. "
		"Programs register themselves on their own host; there is no remote use.",
	.fires = "A SET call of version 2, 3 or 4 in a packet that was on a wire, or one that "
		 "a portmapper is asked to forward to itself (CALLIT). Packets of a "
		 "loopback interface do not fire it, whatever their address. The update tells "
		 "whether the server said TRUE (success), refused, or was silent.",
	.why = "Whoever registers a port for nfs or ypserv gets the calls that clients meant for "
	       "the real service. Old portmappers believed a forged source of 127.0.0.1 "
	       "(CVE-1999-0195).",
	.false_positives = "Hardly any. A host that reaches its own portmapper through its "
			   "external address and a mirror port; security scanners that test for "
			   "this on purpose.",
	.next = "`success` is an emergency: list the server's mappings on the host itself "
		"(rpcinfo -p), compare the port with what listens there, delete what is wrong "
		"(rpcinfo -d PROGRAM VERSION) and restart the service. `denied` with AUTH_ERROR "
		"5 is rpcbind doing its work; find out who tried.",
	.allow = "Only a rule that names SET itself silences this:\n"
		 "  allow:\n"
		 "    - name: our-scanner-sets\n"
		 "      calls: SET\n"
		 "      clients: [10.9.9.9]\n",
};

const struct rpcs_explanation rpcs_explain_unset_remote = {
	.what = "Somebody tried over the network to delete the registration of an RPC program.",
	.fires = "An UNSET call of version 2, 3 or 4 in a packet that was on a wire, or one "
		 "that a portmapper is asked to forward to itself (CALLIT). Packets of "
		 "a loopback interface do not fire it. The update tells whether the server said "
		 "TRUE (success), refused, or was silent.",
	.why = "A deleted mapping stops the service for every new client; followed by a SET, it "
	       "moves the service to a port of the attacker's choice. Portmappers that judge by "
	       "source address alone fall for a forged one (CVE-1999-0195).",
	.false_positives = "Hardly any; see portmap-set-remote. `unset()` lines of a host's own "
			   "log that come from loopback are local processes and never on a wire.",
	.next = "Compare rpcinfo -p on the server with what should run there; restart the "
		"service to register it again. Look for a SET from the same source, and for a "
		"forged source (portmap-spoofed-local).",
	.allow = "Only a rule that names UNSET itself silences this:\n"
		 "  allow:\n"
		 "    - name: our-scanner-unsets\n"
		 "      calls: UNSET\n"
		 "      clients: [10.9.9.9]\n",
};

const struct rpcs_explanation rpcs_explain_callit = {
	.what = "A client asked the portmapper to call another program on its behalf and to send "
		"the answer back. The evidence names that inner program and procedure.",
	.fires = "CALLIT (version 2 and 3), BCAST or INDIRECT (version 4) to one host that no "
		 "allow rule permits. Broadcast and multicast calls do not fire it. A directed "
		 "broadcast such as 10.2.255.255 counts as one host unless an allow rule's "
		 "servers name it.",
	.why = "The forwarded call comes from the server's own address, and that passes checks "
	       "by address: NFS exports were mounted in this way (CVE-1999-0168). The code behind "
	       "it broke as well (CVE-2003-0028, CVE-2015-7236), and it hides who asked.",
	.false_positives = "NIS clients and rpcinfo -b broadcast such calls to find servers; "
			   "with directed broadcasts they show up here.",
	.next = "Which inner program? Portmappers answer only when the forwarded call worked, so "
		"`success` means that the inner procedure ran. Linux rpcbind forwards only when "
		"started with -r; leave that off. `timeout` is its silent refusal.",
	.allow = "CALLIT must be named; programs are the inner ones:\n"
		 "  allow:\n"
		 "    - name: nis-broadcast\n"
		 "      calls: CALLIT\n"
		 "      servers: [224.0.2.2, 255.255.255.255, 10.2.255.255]\n"
		 "      programs: [ypserv]\n",
};

const struct rpcs_explanation rpcs_explain_forbidden_target = {
	.what = "A client asked the portmapper to call, on its behalf, a procedure that rpcbind "
		"itself refuses to relay, because the relayed call would come from the server's "
		"own address and be believed.",
	.fires = "CALLIT, BCAST or INDIRECT to one host whose inner program is the portmapper "
		 "(100000); a procedure other than 0 of nfs, ypbind, yppasswdd, rquotad or "
		 "ypxfrd; MNT or UMNT of mountd; a procedure other than 0, 1 and 2 of ypserv. It "
		 "comes beside portmap-callit. An inner SET or UNSET also fires "
		 "portmap-set-remote or portmap-unset-remote.",
	.why = "Relayed calls mounted exports that were meant for the server itself, read NIS maps "
	       "and changed registrations (CVE-1999-0168, CVE-1999-0195). Linux and BSD rpcbind "
	       "and Wietse Venema's portmap have refused these targets ever since; old ones and "
	       "appliances may not.",
	.false_positives = "Security scanners that test for this on purpose. Nothing else asks for "
			   "these targets.",
	.next = "`success` means that the inner procedure ran: the server's portmapper relays "
		"what it must not. Replace it, or run rpcbind without -r. `denied` with "
		"AUTH_ERROR 5 and `timeout` are refusals; find out who tried.",
	.allow = "A rule that permits the forwarded call; it does not cover an inner SET or "
		 "UNSET:\n"
		 "  allow:\n"
		 "    - name: our-scanner-forwards\n"
		 "      calls: CALLIT\n"
		 "      clients: [10.9.9.9]\n",
};

const struct rpcs_explanation rpcs_explain_spoofed_local = {
	.what = "A call to a portmapper came in over a wire with a source address that only the "
		"host itself can have. It is forged.",
	.fires = "Any RPC call to a portmapper port, in a packet that was not on a loopback "
		 "interface, whose source is in 127.0.0.0/8, ::1, 0.0.0.0, :: or equal to its "
		 "destination.",
	.why = "Portmappers let local callers register and delete programs. Those that tell "
	       "local by the source address obey a forged one (CVE-1999-0195). The forger gets "
	       "no reply and needs none: SET and UNSET work blind, over UDP.",
	.false_positives = "A mirror port that copies a host's own loopback traffic as Ethernet; "
			   "hosts that bring traffic to their own address out and back (some load "
			   "balancers and container networks).",
	.next = "Look at the procedure: SET or UNSET is an attack, and the mappings of the "
		"server need a look now (rpcinfo -p on the host). Find the way in by the interface "
		"and VLAN of the alert, and drop such sources at the border (BCP 38; rp_filter "
		"on Linux).",
	.allow = "Allow rules do not silence this detection. Where it can't be avoided:\n"
		 "  detections:\n"
		 "    portmap-spoofed-local: {enabled: false}\n",
};
