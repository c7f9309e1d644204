// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Explanations: calls that no client makes (1110051 to 1110053, 1110056, 1110057). */
#include "abuse.h"

const struct rpcs_explanation rpcs_explain_role = {
	.what = "A message went the wrong way: the side with the portmapper's port sent a call, or "
		"the other side a reply.",
	.fires = "A call from a portmapper port to another port, or a reply from another port to a "
		 "portmapper port. Which side serves is told by the port alone; messages between "
		 "two portmapper ports do not fire.",
	.why = "A sensor that takes the first message of a flow for the client's can be turned "
	       "around by it. Replies sent to port 111 look for portmappers that believe them, and "
	       "calls from port 111 pass filters that let answers from there through.",
	.false_positives = "A client that happens to use 111 as its reserved source port.",
	.next = "See what the host on port 111 is, and whether it should call anybody. With UDP, "
		"think of a forged source.",
	.allow = "Allow rules do not silence this detection. Where clients use that port:\n"
		 "  detections:\n"
		 "    rpc-role: {severity: 4}\n",
};

const struct rpcs_explanation rpcs_explain_wrong_program = {
	.what = "Somebody called another RPC program than the portmapper on its port.",
	.fires = "A call to a portmapper port with a program number other than 100000 in its "
		 "header. What the client asks the portmapper for does not matter here.",
	.why = "Scanners that find out what listens on a port try one program after the other "
	       "(nmap's rpc-grind). It can also be a service that was put on port 111 to hide, or "
	       "that an attacker hopes to find there.",
	.false_positives = "nmap -sV of your own; clients that were told a wrong port.",
	.next = "Look at the outcome: prog_unavail is what a portmapper says; success means that "
		"another program is served there, and that the host needs a look.",
	.allow = "Allow rules do not silence this detection. Where scanners of your own run:\n"
		 "  detections:\n"
		 "    portmap-wrong-program: {severity: 4}\n",
};

const struct rpcs_explanation rpcs_explain_unknown_procedure = {
	.what = "A call to the portmapper with a version or procedure that it does not have.",
	.fires = "A call to program 100000, on any port, with a version other than 2, 3 and 4, or "
		 "with a procedure above 5 in version 2, 8 in version 3, 12 in version 4 (RFC "
		 "1833).",
	.why = "Nobody needs it for work. Scanners tell implementations apart by the answer, and "
	       "fuzzers look for the one that does not check.",
	.false_positives = "rpcinfo and nmap ask with impossible versions to learn which there "
			   "are: see tool-fingerprint and rpc-grind.",
	.next = "The outcome should be prog_mismatch or proc_unavail. Any other answer is odd for "
		"a portmapper. See what else the source sent.",
	.allow = "Allow rules do not silence this detection. Where tools of your own do it:\n"
		 "  detections:\n"
		 "    portmap-unknown-procedure: {severity: 4}\n",
};

const struct rpcs_explanation rpcs_explain_gss_verifier = {
	.what = "A call to the portmapper with a verifier, or with RPCSEC_GSS: clients of the "
		"portmapper authenticate themselves with nothing of the kind.",
	.fires = "A call to program 100000, on any port, whose verifier has any bytes, or whose "
		 "credential or verifier is of flavor RPCSEC_GSS (RFC 5531 8.2, RFC 2203). A "
		 "repetition with one counts as well.",
	.why = "CVE-2022-24491 and CVE-2022-24497: Windows' portmapper handled such calls wrongly, "
	       "and anybody who reached port 111 could run code on the host. The attacks keep to "
	       "the 400 bytes that are allowed, so only that there is a verifier "
	       "gives them away.",
	.false_positives = "AUTH_DH clients of very old Solaris. None on other networks.",
	.next = "Is the server a Windows host with the NFS role, and without the updates of April "
		"2022? Look at the outcome, at portmap-set-dump-pair, and at crashes of its "
		"services. Arguments under RPCSEC_GSS can't be read.",
	.allow = "Allow rules do not silence this detection. For a tester of your own:\n"
		 "  detections:\n"
		 "    portmap-gss-verifier: {severity: 4}\n",
};

const struct rpcs_explanation rpcs_explain_set_dump_pair = {
	.what = "One source asked a portmapper both to register a program and to list what is "
		"registered.",
	.fires = "SET and DUMP of any version, neither of them in a local packet, from one address "
		 "to one server, in whatever order, within 3 minutes. The alert is about the later "
		 "one, and the outcome is that of it.",
	.why = "Exploits for CVE-2022-24491 send the two in turn: what SET has put into the "
	       "server's memory is read back by DUMP. By hand it is somebody who tries whether "
	       "the registration worked.",
	.false_positives = "Security scanners that test for remote registration and look at the "
			   "result.",
	.next = "See portmap-set-remote for the SET and whether it succeeded, and "
		"portmap-gss-verifier. List the mappings on the host itself (rpcinfo -p).",
	.allow = "Allow rules do not silence this detection. For a tester of your own:\n"
		 "  detections:\n"
		 "    portmap-set-dump-pair: {severity: 4}\n",
};
