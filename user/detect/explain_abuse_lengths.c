// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Explanations: lengths that are larger than they can be (1110040, 1110041, 1110058). */
#include "abuse.h"

const struct rpcs_explanation rpcs_explain_length_bomb = {
	.what = "A message says of a string or opaque in it that it is longer than the rest of "
		"the message. Nobody's library writes that; it is made by hand.",
	.fires = "A length in portmapper arguments or results of any version, or in the arguments "
		 "of a service whose layout is known (mountd, nfs 2 and 3, nlockmgr, status, "
		 "ypserv, ypbind, yppasswdd, ypupdated, rquotad, rwalld, bootparam, autofs, "
		 "ttdbserverd, pcnfsd, amd; also inside of CALLIT), that exceeds what is left of "
		 "the message as it was on the wire (RFC 4506 4.10, 4.11). Never for a message "
		 "that the capture cut, and not for RPCSEC_GSS, which hides the arguments.",
	.why = "CVE-2017-8779, rpcbomb: 60 bytes of UDP make an unpatched rpcbind or libtirpc "
	       "allocate as many bytes as the length says, up to 4 GB, and never free them. A few "
	       "packets stop the host. Older XDR decoders copied by such lengths and could be "
	       "taken over.",
	.false_positives = "Programs under test (fuzzers), and a private protocol that took the "
			   "program number of another one.",
	.next = "Is rpcbind newer than 0.2.4 there, and libtirpc than 1.0.2-rc3? Look at its "
		"memory: ps -o rss,vsz -C rpcbind. Over UDP the source may be forged. Close port "
		"111 to the outside; restart rpcbind (with -w, where it was built with that, it "
		"keeps the registrations).",
	.allow = "Allow rules do not silence this detection. For a tester of your own:\n"
		 "  detections:\n"
		 "    xdr-length-bomb: {severity: 4}\n",
};

const struct rpcs_explanation rpcs_explain_oversized_credential = {
	.what = "The credential or verifier in the header of a call or reply is larger than the "
		"protocol allows, or than the message that it is in.",
	.fires = "A credential or verifier over 400 bytes (RFC 5531 8.2), an AUTH_SYS machine name "
		 "over 255 or more than 16 groups (RFC 5531 appendix A), or one of these with a "
		 "length beyond the message. On portmapper ports and wherever RPC is spoken, and "
		 "there also for calls that `any_port: first` would not report again.",
	.why = "Servers copied the credential into a buffer of 400 bytes: kernels and daemons "
	       "crashed or were taken over before they had even looked at the procedure. It is "
	       "also a way past a sensor that looks for the arguments at a fixed offset.",
	.false_positives = "Servers with the extension for more than 16 groups of some Unix "
			   "systems. RPCSEC_GSS tickets stay under 400 bytes in a call's header.",
	.next = "The evidence has which length it was. Look for a crash of the called service on "
		"the host, and for what this source sent before and after.",
	.allow = "Allow rules do not silence this detection. Where a client of yours sends more "
		 "groups:\n"
		 "  detections:\n"
		 "    rpc-oversized-credential: {severity: 4}\n",
};

const struct rpcs_explanation rpcs_explain_callit_overlong = {
	.what = "A client asked the portmapper to pass on a call whose arguments are far longer "
		"than any that clients pass on.",
	.fires = "CALLIT (version 2 and 3), BCAST or INDIRECT (version 4) with a length of the "
		 "inner arguments over 2048 bytes, whether they are there or not (RFC 1833 2.1, "
		 "3.1). Broadcast calls too.",
	.why = "CVE-2003-0028: an integer overflow in XDR's memory streams, of glibc, Solaris, the "
	       "BSDs and many others, let such a length overwrite the portmapper's memory. It "
	       "runs as root on old systems.",
	.false_positives = "None known: NIS clients and rpcinfo -b pass on a few dozen bytes.",
	.next = "The evidence has the inner program. A timeout may mean that the portmapper died: "
		"does it still answer (rpcinfo -p on the host)? See portmap-callit for what "
		"forwarded calls are used for, and leave forwarding off (rpcbind without -r).",
	.allow = "Allow rules do not silence this detection. For a tester of your own:\n"
		 "  detections:\n"
		 "    portmap-callit-overlong: {severity: 4}\n",
};
