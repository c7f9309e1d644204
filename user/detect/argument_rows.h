/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Arguments by program, versions and procedure, from their protocols' .x files, up to the last
 * string or opaque. A letter for each item: u number, h hyper, s string, o opaque, f NFS
 * version 2's handle of 32 bytes, a NFS version 3's sattr3.
 *
 * rpcs_rpc_body_may_be_cut() has the same programs: stage 3 sends their arguments whole.
 */
#ifndef RPCSENTRY_DETECT_ARGUMENT_ROWS_H
#define RPCSENTRY_DETECT_ARGUMENT_ROWS_H

/* X(program, first version, last version, first procedure, last procedure, layout) */
/* clang-format off */
#define RPCS_ARGUMENT_ROWS(X) \
	/* NFS version 2 (RFC 1094) */ \
	X(100003, 2, 2, 4, 4, "fs")	/* LOOKUP */ \
	X(100003, 2, 2, 8, 8, "fuuuo")	/* WRITE */ \
	X(100003, 2, 2, 9, 10, "fs")	/* CREATE, REMOVE */ \
	X(100003, 2, 2, 11, 11, "fsfs") /* RENAME */ \
	X(100003, 2, 2, 12, 12, "ffs")	/* LINK */ \
	X(100003, 2, 2, 13, 13, "fss")	/* SYMLINK */ \
	X(100003, 2, 2, 14, 15, "fs")	/* MKDIR, RMDIR */ \
	/* NFS version 3 (RFC 1813) */ \
	X(100003, 3, 3, 1, 2, "o")	/* GETATTR, SETATTR */ \
	X(100003, 3, 3, 3, 3, "os")	/* LOOKUP */ \
	X(100003, 3, 3, 4, 6, "o")	/* ACCESS, READLINK, READ */ \
	X(100003, 3, 3, 7, 7, "ohuuo")	/* WRITE */ \
	X(100003, 3, 3, 8, 9, "os")	/* CREATE, MKDIR */ \
	X(100003, 3, 3, 10, 10, "osas") /* SYMLINK */ \
	X(100003, 3, 3, 11, 13, "os")	/* MKNOD, REMOVE, RMDIR */ \
	X(100003, 3, 3, 14, 14, "osos") /* RENAME */ \
	X(100003, 3, 3, 15, 15, "oos")	/* LINK */ \
	X(100003, 3, 3, 16, 21, "o")	/* READDIR to COMMIT */ \
	X(100003, 4, 4, 1, 1, "s")	/* COMPOUND: its tag (RFC 7530 16.2) */ \
	/* ypserv (yp.x) */ \
	X(100004, 1, 2, 1, 2, "s")	/* DOMAIN, DOMAIN_NONACK */ \
	X(100004, 2, 2, 3, 3, "sso")	/* MATCH */ \
	X(100004, 2, 2, 4, 4, "ss")	/* FIRST */ \
	X(100004, 2, 2, 5, 5, "sso")	/* NEXT */ \
	X(100004, 2, 2, 6, 6, "ssus")	/* XFR */ \
	X(100004, 2, 2, 8, 10, "ss")	/* ALL, MASTER, ORDER */ \
	X(100004, 2, 2, 11, 11, "s")	/* MAPLIST */ \
	/* mountd (RFC 1813 5.2) */ \
	X(100005, 1, 3, 1, 1, "s")	/* MNT */ \
	X(100005, 1, 3, 3, 3, "s")	/* UMNT */ \
	X(100005, 2, 2, 7, 7, "s")	/* PATHCONF */ \
	/* ypbind (yp.x) */ \
	X(100007, 1, 2, 1, 2, "s")	/* DOMAIN, SETDOM */ \
	/* rwalld */ \
	X(100008, 1, 1, 2, 2, "s")	/* WALL */ \
	/* yppasswdd (yppasswd.x): the old password, then a struct passwd */ \
	X(100009, 1, 1, 1, 1, "sssuusss") \
	/* rquotad (rquota.x) */ \
	X(100011, 1, 2, 1, 4, "s") \
	/* nlockmgr (nlm_prot.x, nlm4) */ \
	X(100021, 1, 4, 1, 1, "ousoo")	/* TEST */ \
	X(100021, 1, 4, 2, 3, "ouusoo") /* LOCK, CANCEL */ \
	X(100021, 1, 4, 4, 4, "osoo")	/* UNLOCK */ \
	X(100021, 1, 4, 5, 6, "ousoo")	/* GRANTED, TEST_MSG */ \
	X(100021, 1, 4, 7, 8, "ouusoo") /* LOCK_MSG, CANCEL_MSG */ \
	X(100021, 1, 4, 9, 9, "osoo")	/* UNLOCK_MSG */ \
	X(100021, 1, 4, 10, 10, "ousoo") /* GRANTED_MSG */ \
	X(100021, 1, 4, 11, 15, "o")	/* the answers of these */ \
	X(100021, 3, 4, 20, 21, "osoo") /* SHARE, UNSHARE */ \
	X(100021, 3, 4, 22, 22, "ouusoo") /* NM_LOCK */ \
	X(100021, 3, 4, 23, 23, "s")	/* FREE_ALL */ \
	/* status (sm_inter.x) */ \
	X(100024, 1, 1, 1, 1, "s")	/* STAT */ \
	X(100024, 1, 1, 2, 3, "ss")	/* MON, UNMON */ \
	X(100024, 1, 1, 4, 4, "s")	/* UNMON_ALL */ \
	X(100024, 1, 1, 6, 6, "s")	/* NOTIFY */ \
	/* bootparam (bootparam_prot.x) */ \
	X(100026, 1, 1, 2, 2, "ss")	/* GETFILE */ \
	/* ypupdated (ypupdate_prot.x) */ \
	X(100028, 1, 1, 1, 2, "soo")	/* CHANGE, INSERT */ \
	X(100028, 1, 1, 3, 3, "so")	/* DELETE */ \
	X(100028, 1, 1, 4, 4, "soo")	/* STORE */ \
	/* ttdbserverd: _tt_iserase, the way in of CVE-1999-0003 */ \
	X(100083, 1, 1, 7, 7, "s") \
	/* autofs (autofs_prot.x) */ \
	X(100099, 1, 1, 1, 1, "ssss")	/* MOUNT */ \
	/* pcnfsd (pcnfsd.x) */ \
	X(150001, 1, 1, 1, 2, "ss")	/* AUTH, PR_INIT */ \
	X(150001, 1, 1, 3, 3, "sssss")	/* PR_START */ \
	X(150001, 2, 2, 1, 1, "ss")	/* INFO */ \
	X(150001, 2, 2, 2, 2, "sss")	/* PR_INIT */ \
	X(150001, 2, 2, 3, 3, "sssss")	/* PR_START */ \
	X(150001, 2, 2, 13, 13, "ssss") /* AUTH */ \
	/* amd (amq.x) */ \
	X(300019, 1, 1, 1, 2, "s")	/* MNTTREE, UMNT */ \
	X(300019, 1, 1, 5, 5, "us")	/* SETOPT */ \
	X(300019, 1, 1, 7, 7, "s")	/* MOUNT */
/* clang-format on */

#endif
