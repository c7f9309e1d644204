// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Explanations: record marks and bytes that no client sends (1110042 to 1110045, 1110049). */
#include "abuse.h"

const struct rpcs_explanation rpcs_explain_tiny_fragment = {
	.what = "A message over TCP was cut into record fragments so small that not even the "
		"header of a call fits in one.",
	.fires = "A record fragment (RFC 5531 11) that is not its record's last and has under 24 "
		 "bytes, on a portmapper port or a flow on which RPC was read. Once for a record.",
	.why = "It is done to be overlooked: signatures look for program and procedure at fixed "
	       "offsets, and fragments of 1 to 3 bytes put record marks in between. Metasploit's "
	       "SunRPC mixin has an option for it. Servers join the fragments without a word.",
	.false_positives = "None known. Libraries send a fragment when their buffer is full, and "
			   "that has thousands of bytes. Small TCP segments are something else, "
			   "and do not fire this.",
	.next = "rpcsentry has put the record together: see the portmap or rpc_call event of the "
		"same flow for what was asked. Whoever takes such trouble wants something; look "
		"at all that this source did.",
	.allow = "Allow rules do not silence this detection. For a tester of your own:\n"
		 "  detections:\n"
		 "    rpc-tiny-fragment: {severity: 4}\n",
};

const struct rpcs_explanation rpcs_explain_fragmented_record = {
	.what = "A call to a portmapper came in more than one record fragment.",
	.fires = "On a portmapper port, a call whose record has two or more fragments (RFC 5531 "
		 "11), of whatever size. Not on other ports: NFS sends large writes so.",
	.why = "A portmapper call has 40 to some 200 bytes, and every client sends it in one "
	       "fragment. More of them hide it from what looks at fixed offsets (Snort's "
	       "rpc_decode warns of them).",
	.false_positives = "RPC libraries of your own making that write the header and the "
			   "arguments as fragments of their own.",
	.next = "See the portmap event of the same flow for what was asked: rpcsentry has put the "
		"record together. With rpc-tiny-fragment there is no honest explanation left.",
	.allow = "Allow rules do not silence this detection. Where a client of yours does it:\n"
		 "  detections:\n"
		 "    rpc-fragmented-record: {severity: 4}\n",
};

const struct rpcs_explanation rpcs_explain_zero_fragment = {
	.what = "A record fragment without any bytes in it.",
	.fires = "A record mark of length 0 (RFC 5531 11): severity 1 on a portmapper port, 4 on "
		 "another flow on which RPC was read. Once for a record; any number of empty "
		 "records in a row counts once. With severity set in the policy file it is that.",
	.why = "Legal, and useless to a sender. Servers that waited for the rest of the record "
	       "went into an endless loop or hung, some NFS daemons among them (Snort 106:5).",
	.false_positives = "On other ports, libraries that end a record with an empty last "
			   "fragment; hence the low severity there.",
	.next = "Does the service still answer others, and is it busy without calls? Look at what "
		"else this source sent on the flow.",
	.allow = "Allow rules do not silence this detection. Where a library does it:\n"
		 "  detections:\n"
		 "    rpc-zero-fragment: {severity: 4}\n",
};

const struct rpcs_explanation rpcs_explain_huge_record = {
	.what = "A record mark announced far more bytes than any message has.",
	.fires = "By its marks (RFC 5531 11), a record of more than 65,536 bytes on a portmapper "
		 "port, or of more than 4 MiB and 64 KiB on another flow on which RPC was read, "
		 "whether the bytes come or not. Once for a record.",
	.why = "Servers that reserve memory by the mark, or wait for all of it, can be filled up "
	       "or blocked with 4 bytes; a sensor that waits with them sees nothing of what "
	       "follows. rpcbind's own limit is 65,536, and the largest NFS transfer 1 MiB on "
	       "Linux.",
	.false_positives = "A DUMP reply of thousands of mappings; file systems with transfers "
			   "over 4 MiB on other ports.",
	.next = "Look at the server's memory and whether it still answers. rpcsentry goes on "
		"behind the record, or at the next header: see whether calls follow.",
	.allow = "Allow rules do not silence this detection. Where such records are normal:\n"
		 "  detections:\n"
		 "    rpc-huge-record: {severity: 4}\n",
};

const struct rpcs_explanation rpcs_explain_junk = {
	.what = "Something spoke to a portmapper port, or from it, that is no ONC RPC.",
	.fires = "On a portmapper port: bytes whose message type is neither call nor reply, that "
		 "are too short for a header, or that are no record mark where one is due; an RPC "
		 "version other than 2; a message whose length is no multiple of four (RFC 5531 9 "
		 "and 11, RFC 4506 3). Not on a TCP flow of which the sensor has not found a "
		 "record yet.",
	.why = "Service scanners send the greetings of many protocols to each port. Junk is also "
	       "how portmap 4 was made to hang, and how old XDR code was tried out before exploits "
	       "were written.",
	.false_positives = "nmap -sV and inventory scanners of your own, load balancers that test "
			   "a port, and another service on port 111.",
	.next = "The evidence says what it is instead. A source that sends much of it to many "
		"hosts is a scanner; much of it to one host is somebody who wants to break it.",
	.allow = "Allow rules do not silence this detection. Where scanners of your own run:\n"
		 "  detections:\n"
		 "    rpc-junk: {severity: 4}\n",
};
