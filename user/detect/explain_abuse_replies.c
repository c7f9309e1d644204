// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Explanations: what servers say, and could not (1110050, 1110054, 1110055). */
#include "abuse.h"

const struct rpcs_explanation rpcs_explain_bad_port = {
	.what = "A portmapper was told of, or told its client of, a port or address that cannot "
		"be one.",
	.fires =
		"A port over 65,535 in a SET or UNSET, in the reply to GETPORT or CALLIT or in an "
		"entry of a DUMP (the first 256 are looked at); or a universal address of an IP "
		"transport (RFC 5665 5.2.3) that does not parse, in a SET or UNSET of version 3 or "
		"4 or in a reply. An empty address means `not registered` and does not fire, nor "
		"do the paths and names of local transports.",
	.why = "Clients cut the number to 16 bits and connect somewhere else, or parse the address "
	       "carelessly. Zeek reports it as pm_bad_port. It comes from forged replies, from "
	       "attacks on the client, and from somebody who tries out what the server stores.",
	.false_positives = "Portmappers of small devices that swap bytes or add a name instead of "
			   "an address.",
	.next = "In a reply: is that server what it claims to be, and does rpcinfo -p on it show "
		"the same? In a SET: see portmap-set-remote.",
	.allow = "Allow rules do not silence this detection. Where a device can't be mended:\n"
		 "  detections:\n"
		 "    portmap-bad-port: {severity: 4}\n",
};

const struct rpcs_explanation rpcs_explain_long_address = {
	.what = "A server answered a lookup with a universal address that is much longer than any "
		"address: an attack on the client that asked.",
	.fires = "A reply to GETADDR, GETVERSADDR, TADDR2UADDR, CALLIT, DUMP or GETADDRLIST, of a "
		 "server inside or outside, with an address of more than 96 bytes. The longest "
		 "valid one of IPv6 has 53.",
	.why = "CVE-2022-26937: Windows' NFS server asks the portmapper of a client that sent it "
	       "a lock call, and copied the address from the reply into a buffer of fixed size. So "
	       "the attacker calls NLM first, waits for the victim to ask, and runs code on it.",
	.false_positives = "None known.",
	.next = "The victim is the client of this alert. Is it a Windows server without the "
		"updates of May 2022? Look for NLM calls (100021) from this server to it just "
		"before, and for crashes of its NFS service. Block outgoing port 111.",
	.allow = "Allow rules do not silence this detection. For a tester of your own:\n"
		 "  detections:\n"
		 "    portmap-long-address: {severity: 4}\n",
};

const struct rpcs_explanation rpcs_explain_mismatch_range = {
	.what = "A server answered that it has other versions of a program, and gave a range that "
		"no program has.",
	.fires = "A reply PROG_MISMATCH (RFC 5531 9) whose lowest version is above its highest, or "
		 "whose highest is over 1,000 above its lowest, on any port where the call was "
		 "seen.",
	.why = "Clients such as rpcinfo -u try every version of the range: with 0 to 4294967295 "
	       "they loop for days. It is a trap for scanners, and a way to keep an "
	       "administrator's "
	       "tools busy.",
	.false_positives = "Home-made servers that leave the range unset.",
	.next = "What runs on that port of the server? Compare with rpcinfo -p on it. Tarpits and "
		"honeypots answer so on purpose.",
	.allow = "Allow rules do not silence this detection. Where a server can't be mended:\n"
		 "  detections:\n"
		 "    rpc-mismatch-range: {severity: 4}\n",
};
