// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Explanations: what calls to services carry (1110034 to 1110036). */
#include "families.h"

const struct rpcs_explanation rpcs_explain_oversized_args = {
	.what = "A call to an old RPC service carries a string, or arguments in all, that are "
		"longer than such services ever had room for. This is what a buffer overflow "
		"looks like on the wire.",
	.fires = "A string over 1023 bytes in MNT or UMNT of mountd, 512 in amd, 100 in a name of "
		 "statd, 128 in ttdbserverd or rquotad, 256 in yppasswdd, 1024 in snmpXdmid; or "
		 "arguments of more than 512 bytes in all for sadmind, 1000 for cmsd. From "
		 "anywhere, to any port; allow rules do not silence it. A length that the "
		 "message has no bytes for is xdr-length-bomb.",
	.why = "mountd (CVE-1999-0002), amd (CVE-1999-0704), statd (CVE-1999-0018, CVE-2000-0666), "
	       "ttdbserverd (CVE-1999-0003), sadmind (CVE-1999-0977), cmsd (CVE-1999-0696), "
	       "snmpXdmid (CVE-2001-0236), yppasswdd (CVE-2001-0779) and rquotad were broken in "
	       "this way, and each gave root.",
	.false_positives = "Paths and host names of such lengths hardly exist. A large entry in "
			   "a cmsd calendar, or sadmind in real use by an administrator, can "
			   "exceed the whole-argument limits.",
	.next = "Is the service there, and of that age? Look at the host's logs for a crash of "
		"the daemon, and at connections that the host opened right after. Keep the "
		"packets if you have them. No reply (timeout) after such a call often means that "
		"the daemon died.",
	.allow = "Allow rules do not silence this detection. Where old tools do it in earnest:\n"
		 "  detections:\n"
		 "    rpc-oversized-args: {enabled: false}\n",
};

const struct rpcs_explanation rpcs_explain_nfs_mount = {
	.what = "An external client asked mountd for a file system. Severity 1: it got it.",
	.fires = "MNT of mountd (program 100005, procedure 1) from outside networks.home that no "
		 "allow rule permits, whether the client asked a portmapper before or not. "
		 "Severity 2, and 1 once mountd answers with status 0 and a file handle. A "
		 "status other than 0 is told as denied, with its number. NFSv4 needs no mountd: "
		 "its mounts do not show here.",
	.why = "With the file handle the client can read, and often write, what is exported; NFS "
	       "with AUTH_SYS believes whatever user the client claims to be. Exports to "
	       "everyone are found by Internet-wide surveys.",
	.false_positives = "Partners who mount over the Internet on purpose, and a networks.home "
			   "that lacks some of your own prefixes.",
	.next = "`success`: exportfs -v and showmount -a on the server, then restrict the export "
		"to named clients; look for the client's traffic to port 2049. `denied`: the "
		"exports did their work; see which paths it tried.",
	.allow = "Add the client's network to networks.home if it is yours, or permit it:\n"
		 "  allow:\n"
		 "    - name: partner-mounts\n"
		 "      calls: [GETPORT, DIRECT]\n"
		 "      clients: [203.0.113.0/24]\n"
		 "      servers: [10.2.0.10]\n"
		 "      programs: [mountd, nfs]\n",
};

const struct rpcs_explanation rpcs_explain_forged_root = {
	.what = "An external client claims in its credential to be root, in a way that exploit "
		"code does: on a machine named localhost, or with a stamp of 0.",
	.fires = "A call from outside networks.home with an AUTH_SYS credential of uid 0 whose "
		 "machine name is \"localhost\" or whose stamp is 0, to any program, that no "
		 "allow rule permits.",
	.why = "AUTH_SYS proves nothing: the server believes it. sadmind ran commands for whoever "
	       "wrote root@localhost into it (CVE-2003-0722), and the attack tools of 2000 and "
	       "Metasploit's RPC code write just that, with a stamp that they do not bother to "
	       "set.",
	.false_positives = "NFS clients of Linux 5.1 and later always send stamp 0, so each of "
			   "them that works as root from outside home shows up here. Machines "
			   "that never got a name call themselves localhost.",
	.next = "Which program and procedure? Root at sadmind, cmsd or ttdbserverd from outside is "
		"an attack. Root at nfs, mountd or nlockmgr with a real machine name is likely a "
		"Linux client: is it one of yours?",
	.allow = "Permit the NFS clients that you know, or add their network to networks.home:\n"
		 "  allow:\n"
		 "    - name: partner-nfs\n"
		 "      calls: [NULL, GETPORT, DIRECT]\n"
		 "      clients: [203.0.113.0/24]\n"
		 "      servers: [10.2.0.10]\n"
		 "      programs: [nfs, nfs_acl, mountd, nlockmgr, status]\n",
};
