// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Explanations: evasion (1110046 to 1110048). */
#include "families.h"

const struct rpcs_explanation rpcs_explain_inconsistent_overlap = {
	.what = "A TCP segment repeated bytes that had been sent before, and they were not the "
		"same: the stream has two readings.",
	.fires = "A retransmitted or overlapping segment of a portmapper flow, or of another flow "
		 "on which RPC was seen, with bytes that differ from the first ones. An honest "
		 "retransmission has the same bytes and does not fire. The evidence has how many "
		 "differ, where, and the first of both readings. Once a flow in alerts.repeat.",
	.why = "A server keeps one reading, and which one depends on its system. A sensor that "
	       "keeps the other sees a harmless lookup where the server saw another: an old way "
	       "around intrusion detection (Ptacek and Newsham, 1998). rpcsentry keeps the bytes "
	       "that came first, as Linux does.",
	.false_positives = "Middleboxes that rewrite streams; broken offload engines or memory; "
			   "a capture that joins two connections with the same ports.",
	.next = "Compare the two readings in the evidence with what the server's log says was "
		"asked. Look at everything this source did: nobody makes such segments by "
		"accident.",
	.allow = "Allow rules do not silence this detection. Where a middlebox can't be mended:\n"
		 "  detections:\n"
		 "    tcp-inconsistent-overlap: {enabled: false}\n",
};

const struct rpcs_explanation rpcs_explain_fragment_overlap = {
	.what = "IP fragments of a packet to or from a portmapper contradict each other, or are so "
		"small that no link can have made them.",
	.fires = "Fragments of IPv4 or IPv6 whose first one names a portmapper port, and of which "
		 "one says of a byte something else than an earlier one. Or a fragment under 256 "
		 "bytes that is not the last, in a packet of at most 1280 bytes, which every link "
		 "carries whole (evidence: needless). Exact duplicates do not fire. Once a flow "
		 "and kind in alerts.repeat.",
	.why = "Hosts differ in which fragment they believe, so a sensor can be shown another call "
	       "than the server gets; tiny fragments split the RPC header over several packets, "
	       "past filters that look at the first only (RFC 1858, RFC 3128). IPv6 forbids "
	       "overlaps (RFC 5722), and Linux drops a packet that has one.",
	.false_positives = "Two packets of one host with the same identification, when one lost a "
			   "fragment; tunnels with a very small MTU in front of the sensor.",
	.next = "See whether a call came of it: the portmap event of the same addresses and "
		"ports. Fragments towards port 111 have no use for clients; a filter may drop "
		"them.",
	.allow = "Allow rules do not silence this detection. Where such fragments are normal:\n"
		 "  detections:\n"
		 "    ip-fragment-overlap: {enabled: false}\n",
};

const struct rpcs_explanation rpcs_explain_xid_conflict = {
	.what = "A client used the number of a call that was still unanswered (its XID) for "
		"another call. The alert is about the second; both are reported.",
	.fires = "On a portmapper port, a call with the flow and XID of a pending one, and another "
		 "program, version, procedure or other arguments. A repeated call is the same in "
		 "these and does not fire, whatever its credential. Not for RPCSEC_GSS, which "
		 "hides its arguments. The evidence has what differs.",
	.why = "A sensor, and a server's cache of replies, tell calls apart by this number: one "
	       "that takes the second for a repetition of the first never sees it. And a reply "
	       "can't be told to belong to one of them.",
	.false_positives = "Scanners and home-made clients that never change the XID; a client "
			   "that was started again with the same port and number.",
	.next = "Read both calls, and take neither for answered by the reply that came first. A "
		"harmless call followed by SET, UNSET, DUMP or CALLIT with the same XID is an "
		"attempt to hide it.",
	.allow = "Allow rules do not silence this detection. Where a tool of your own does it:\n"
		 "  detections:\n"
		 "    xid-conflict: {severity: 4}\n",
};
