// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Explanations: volume (1110060 to 1110064). */
#include "families.h"

const struct rpcs_explanation rpcs_explain_amplification = {
	.what = "A portmapper sends far more bytes than it gets: it is being used as an amplifier, "
		"to flood an address that somebody forges.",
	.fires = "UDP payload bytes out of a portmapper port, to one client or to all of them "
		 "together, are 7 times those in or more, and at least 100000, in 10 s; the "
		 "policy's ratio, bytes and window change that. Or replies to DUMP and GETSTAT are "
		 "over 1 MB and 3 times their calls. Where no reply of the server is seen, the "
		 "bytes out are estimated from the procedures, and the evidence says so. Once for "
		 "server and client, or server, in alerts.repeat.",
	.why = "A call of 40 bytes brings a DUMP reply of 148 (version 2) or 684 bytes (3 and 4) "
	       "from an idle Linux host, and thousands from a busy one: 7 to 28 times as much "
	       "(US-CERT alert TA14-017A). Floods of this kind have been seen since August 2015.",
	.false_positives =
		"Monitoring that lists the services of one host again and again over UDP. "
		"If replies are missed by the sensor, an estimate is all there is: the "
		"server may have dropped the calls.",
	.next = "The client of the alert is the victim. Close UDP port 111 at the border, or start "
		"rpcbind without UDP to the outside; the victim's network will want to know. Who "
		"forges the address can only be found hop by hop, by the interface and VLAN.",
	.allow = "Allow rules do not silence this detection. Move the thresholds:\n"
		 "  detections:\n"
		 "    portmap-amplification: {ratio: 10, window: 10s, bytes: 1000000}\n",
};

const struct rpcs_explanation rpcs_explain_victim = {
	.what = "Replies of portmappers come to an address that did not ask: it is being flooded "
		"by "
		"way of them.",
	.fires = "50 replies or more in a second, by UDP from a portmapper port to one address, to "
		 "which no call was seen; the policy's rate changes that. Answers to a broadcast "
		 "belong to its call and do not count. Once an address in alerts.repeat.",
	.why = "This is a reflection attack seen from the other end: somebody sends calls with "
	       "this "
	       "address as their source to open portmappers all over the world (US-CERT alert "
	       "TA14-017A).",
	.false_positives = "A sensor that sees replies but not the calls (asymmetric routes, "
			   "--no-egress) on a busy network; a capture that begins amid traffic.",
	.next = "Filter UDP from source port 111 to that address as far upstream as you can. If "
		"the servers are yours and the address is not, see portmap-amplification: your "
		"hosts are the weapon.",
	.allow = "Allow rules do not silence this detection. Move the threshold:\n"
		 "  detections:\n"
		 "    portmap-reflection-victim: {rate: 500}\n",
};

const struct rpcs_explanation rpcs_explain_flood = {
	.what = "One source calls portmappers far more often than any client needs to.",
	.fires = "Over 1000 calls in a second from one source to portmapper ports, or over 10 DUMP "
		 "calls; the policy's calls and dumps change that. Repeated calls count. Once a "
		 "source and kind in alerts.repeat. Calls over limits.per_source_records in a "
		 "second are counted in the kernel; once such are known, each minute, and when no "
		 "more come the alert is updated with their exact number. The evidence says "
		 "spoofable where the calls "
		 "came by UDP and nothing was seen to be answered: the source may be forged then.",
	.why = "A portmapper serves one call after the other: while it is kept busy, no NFS client "
	       "can mount. Ten DUMP calls a second are the mark of an amplification attack "
	       "(Snort rules 45165 and 45166).",
	.false_positives = "Boot storms behind one NAT address, load tests, monitoring gone wild.",
	.next = "Spoofable or not? A source that is answered can be blocked. One that is forged "
		"cannot: look at portmap-amplification, and limit the rate of UDP to port 111 on "
		"the host or at the border.",
	.allow = "Allow rules do not silence this detection. Move the thresholds:\n"
		 "  detections:\n"
		 "    portmap-flood: {calls: 5000, dumps: 50}\n",
};

const struct rpcs_explanation rpcs_explain_idle = {
	.what = "Many TCP connections to a portmapper are open and nobody says anything on them: "
		"they use up its descriptors.",
	.fires = "64 established connections of one source to portmapper ports, or 256 of one "
		 "server "
		 "over all its clients, have been without data for 30 s; the policy's connections "
		 "and idle change that. A connection counts from its handshake's third step on, so "
		 "half-open ones do not, nor do those that were there before the sensor. Once a "
		 "source or server in alerts.repeat.",
	.why = "rpcbind with libtirpc before 1.3.3 does not close idle connections once it has run "
	       "out of descriptors, and spins (CVE-2021-46828; of the same kind CVE-2018-14621). "
	       "As many connections as it has descriptors, often 1024, take the host's NFS off "
	       "the net.",
	.false_positives =
		"A load balancer or monitoring that keeps connections in store; a sensor "
		"that lost packets and so did not see connections end.",
	.next = "On the server: ss -tn state established sport = :111. Kill them (ss -K), block "
		"the "
		"source, update libtirpc. A handshake was completed, so the address is real.",
	.allow = "Allow rules do not silence this detection. Move the thresholds:\n"
		 "  detections:\n"
		 "    portmap-idle-connections: {connections: 256, idle: 60s}\n",
};

const struct rpcs_explanation rpcs_explain_pipeline_flood = {
	.what = "A client sends call upon call on one connection to a portmapper and does not wait "
		"for replies.",
	.fires =
		"64 calls or more of one flow to a portmapper port have no reply, of those not "
		"older than timeouts.call; the policy's pending changes that. Repeated calls count "
		"once. Not on TCP flows of which only the client's side passes the sensor. Once "
		"for source and server in alerts.repeat.",
	.why = "Clients ask one question at a time. Thousands at once fill a server's tables "
	       "(rpcbind "
	       "forwards at most 64 CALLITs) and those of sensors: one that clears its list of "
	       "pending calls when it is full, as Zeek does at 1000, can be made to forget the "
	       "call that matters.",
	.false_positives = "A server that hangs, or replies that take another way than past the "
			   "sensor: then every busy client looks so.",
	.next = "Is the server alive? rpcinfo -T tcp SERVER portmapper. If it is, look at the "
		"calls: "
		"one that does not look like the others is what the rest is to hide.",
	.allow = "Allow rules do not silence this detection. Move the threshold:\n"
		 "  detections:\n"
		 "    rpc-pipeline-flood: {pending: 256}\n",
};
